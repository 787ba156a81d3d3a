//! Events, added up by object and reason.

use super::entry::{Entry, RecordingError};
use super::message::clean;
use super::names::Names;
use super::observable::{Observable, Observables};
use super::pods::Pods;
use super::value::hundredths;
use super::view::{EventView, SYSTEM_NAMESPACES};
use std::collections::BTreeMap;

/// So many different messages are kept.
const MESSAGES: usize = 4;
/// Later than any time of a recording; what tells nothing of a first time starts here.
const NEVER: f64 = 1e9;

/// The Event objects of a run, in order of their first sight.
#[derive(Default)]
pub(super) struct Events<'a> {
    by_uid: BTreeMap<&'a str, usize>,
    seen: Vec<Seen<'a>>,
}

struct Seen<'a> {
    first: f64,
    last: f64,
    event: &'a EventView,
}

impl<'a> Events<'a> {
    /// Takes in one version of an Event. Those from before t = 0 (`zero` is its Unix time) tell of another time.
    pub(super) fn see(
        &mut self,
        entry: &'a Entry,
        event: &'a EventView,
        zero: i64,
    ) -> Result<(), RecordingError> {
        let from_before = entry.is_initial() && entry.created()?.is_some_and(|created| created < zero - 1);
        if entry.gone() || from_before {
            return Ok(());
        }
        let next = self.seen.len();
        let n = *self.by_uid.entry(&entry.meta.uid).or_insert(next);
        match self.seen.get_mut(n) {
            Some(seen) => (seen.last, seen.event) = (entry.at, event),
            None => self.seen.push(Seen { first: entry.at, last: entry.at, event }),
        }
        Ok(())
    }

    /// Adds them up under the canonical names of their objects.
    pub(super) fn finish(self, names: &Names, pods: &Pods, into: &mut Observables) {
        let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
        for seen in &self.seen {
            let event = seen.event;
            let system = event.namespace.as_deref().is_some_and(|ns| SYSTEM_NAMESPACES.contains(&ns));
            if system || event.kind.as_deref() == Some("Lease") {
                continue;
            }
            let kind = event.kind.as_deref().unwrap_or("None");
            let name = format!("Event/{kind}/{}/{}", object_name(event, names, pods), event.reason);
            sums.entry(name).or_default().add(seen);
        }
        into.0.extend(sums.into_iter().map(|(name, sum)| (name, sum.finish())));
    }
}

struct Sum {
    count: i64,
    first: f64,
    last: f64,
    messages: Vec<String>,
}

impl Default for Sum {
    fn default() -> Self {
        Self { count: 0, first: NEVER, last: 0.0, messages: Vec::new() }
    }
}

impl Sum {
    fn add(&mut self, seen: &Seen<'_>) {
        self.count = self.count.saturating_add(seen.event.count);
        self.first = self.first.min(hundredths(seen.first));
        self.last = self.last.max(hundredths(seen.last));
        let message = clean(&seen.event.message);
        if self.messages.len() < MESSAGES && !self.messages.contains(&message) {
            self.messages.push(message);
        }
    }

    fn finish(mut self) -> Observable {
        self.messages.sort();
        Observable::Event { count: self.count, first: self.first, last: self.last, messages: self.messages }
    }
}

fn object_name(event: &EventView, names: &Names, pods: &Pods) -> String {
    let (uid, namespace, name) = (event.uid.as_deref(), event.namespace.as_deref(), event.name.as_str());
    match event.kind.as_deref() {
        Some("Pod") => pods
            .name_for_events(uid, namespace, name)
            .unwrap_or_else(|| format!("{}/{name}", namespace.unwrap_or_default())),
        Some("Node") => name.to_owned(),
        kind => uid
            .and_then(|uid| names.by_uid(uid))
            .or_else(|| names.by_name(kind?, namespace, name))
            .map_or_else(|| format!("{}/{name}", namespace.unwrap_or("None")), str::to_owned),
    }
}
