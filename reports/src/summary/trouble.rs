//! What is not as it should be, and how bad that is.

use super::{About, Trouble};
use crate::workload::Workload;
use api::apps::Deployment;
use api::event::{Event, EventForm, EventType};
use api::node::Node;
use api::pod::{ContainerState, ContainerStatus, Phase, Pod};
use api::{Kind, condition};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How bad something is: the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    NodeNotReady,
    Failing,
    Unschedulable,
    Missing,
    NotReady,
}

/// Pods of one workload with one trouble.
#[derive(Clone, Debug)]
struct Group {
    count: usize,
    /// One of them, whose messages are shown.
    example: About,
    /// What its own status says.
    why: String,
}

/// Everything that is not as it should be.
#[derive(Clone, Debug, Default)]
pub(super) struct Troubles {
    groups: BTreeMap<(Severity, Workload, String), Group>,
    pods: BTreeMap<Workload, usize>,
    /// The newest Warning about an object, with its time in microseconds.
    warnings: BTreeMap<About, (i64, String)>,
}

impl Troubles {
    pub(super) fn event(&mut self, event: &Event) {
        if event.kind != EventType::Warning {
            return;
        }
        let time = match event.form {
            EventForm::Core { last, .. } => last.0.saturating_mul(1_000_000),
            EventForm::New { time, .. } => time.0,
        };
        let words = format!("{}: {}", event.reason, first_line(&event.message));
        let newest = self.warnings.entry((event.involved.kind, event.involved.key.clone())).or_default();
        if newest.1.is_empty() || time >= newest.0 {
            *newest = (time, words);
        }
    }

    pub(super) fn node(&mut self, node: &Node) {
        if !node.is_ready() {
            let ready = condition::find(&node.status.conditions, "Ready");
            let why = ready.map(|c| first_line(&c.message)).unwrap_or_default();
            let workload = Workload::itself(Kind::Node, &node.meta);
            let about = (Kind::Node, node.meta.key());
            self.add(Severity::NodeNotReady, workload, "NotReady", about, why);
        }
    }

    pub(super) fn deployment(&mut self, deployment: &Deployment) {
        let conditions = &deployment.status.conditions;
        let stuck =
            conditions.iter().find(|c| c.reason == "ProgressDeadlineExceeded" || c.kind == "ReplicaFailure");
        if let Some(condition) = stuck {
            let workload = Workload::itself(Kind::Deployment, &deployment.meta);
            let about = (Kind::Deployment, deployment.meta.key());
            self.add(Severity::Missing, workload, &condition.reason, about, first_line(&condition.message));
        }
    }

    pub(super) fn pod(&mut self, workload: &Workload, pod: &Pod) {
        *self.pods.entry(workload.clone()).or_default() += 1;
        if pod.meta.is_deleting() || pod.status.phase == Phase::Succeeded {
            return;
        }
        let Some((severity, what, why)) = trouble_of(pod) else { return };
        self.add(severity, workload.clone(), &what, (Kind::Pod, pod.meta.key()), why);
    }

    fn add(&mut self, severity: Severity, workload: Workload, what: &str, example: About, why: String) {
        let group = self.groups.entry((severity, workload, what.to_owned()));
        group.or_insert(Group { count: 0, example, why }).count += 1;
    }

    /// The worst, at most `most`; of several equally bad ones those with most pods. Where there are more, objects of
    /// one kind and namespace that have the same trouble are one.
    pub(super) fn worst(self, most: usize) -> Vec<Trouble> {
        let mut found: Vec<Found<'_>> =
            self.groups.iter().map(|(key, group)| Found { key, group, like: 0 }).collect();
        if found.len() > most {
            found = self.merged(found);
        }
        found.sort_by_key(|found| (found.key.0, Reverse(found.group.count + found.like)));
        found.iter().take(most).map(|found| self.tell(found)).collect()
    }

    /// Objects that have the same trouble as another one before them are counted there.
    fn merged<'a>(&self, all: Vec<Found<'a>>) -> Vec<Found<'a>> {
        let mut merged: Vec<Found<'a>> = Vec::new();
        let mut first = BTreeMap::new();
        for found in all {
            let (severity, workload, what) = found.key;
            let common = (*severity, &workload.namespace, &workload.kind, what);
            match first.get(&common) {
                Some(&at) if found.is_itself() => {
                    let first: &mut Found<'_> = &mut merged[at];
                    first.like += 1;
                }
                _ => {
                    if found.is_itself() {
                        first.insert(common, merged.len());
                    }
                    merged.push(found);
                }
            }
        }
        merged
    }

    fn tell(&self, found: &Found<'_>) -> Trouble {
        let ((_, workload, what), group) = (found.key, found.group);
        let said = self.warnings.get(&group.example).map(|(_, words)| words.clone());
        let pods = self.pods.get(workload).copied().unwrap_or_default();
        let what = match (found.is_itself(), found.like) {
            (false, _) => format!("{} of {pods} pods {what}", group.count),
            (true, 0) => what.clone(),
            (true, more) => format!("{what} (and {more} more like it)"),
        };
        Trouble { name: workload.to_string(), what, why: said.unwrap_or_else(|| group.why.clone()) }
    }
}

/// A trouble, and how many other objects have the same.
struct Found<'a> {
    key: &'a (Severity, Workload, String),
    group: &'a Group,
    like: usize,
}

impl Found<'_> {
    /// Whether it is an object's own, and not one of a workload's pods.
    fn is_itself(&self) -> bool {
        let ((_, workload, _), (kind, key)) = (self.key, &self.group.example);
        workload.kind == kind.info().singular && workload.name == key.name
    }
}

fn trouble_of(pod: &Pod) -> Option<(Severity, String, String)> {
    let status = &pod.status;
    let of_condition = |kind: &str| {
        condition::find(&status.conditions, kind).map(|c| first_line(&c.message)).unwrap_or_default()
    };
    if status.phase == Phase::Failed {
        return Some((Severity::Failing, with_reason("Failed", &status.reason), first_line(&status.message)));
    }
    let all = status.init_container_statuses.iter().chain(&status.container_statuses);
    if let Some((reason, why)) = all.filter_map(held_back).next() {
        return Some((Severity::Failing, reason, why));
    }
    if !pod.is_bound() {
        return Some((Severity::Unschedulable, "Pending".to_owned(), of_condition("PodScheduled")));
    }
    (!pod.is_ready()).then(|| (Severity::NotReady, "not Ready".to_owned(), of_condition("Ready")))
}

/// A container that waits for something other than its first start.
fn held_back(status: &ContainerStatus) -> Option<(String, String)> {
    match &status.state {
        ContainerState::Waiting { reason, message }
            if !matches!(reason.as_str(), "" | "ContainerCreating" | "PodInitializing") =>
        {
            Some((reason.to_string(), first_line(message)))
        }
        _ => None,
    }
}

fn with_reason(what: &str, reason: &str) -> String {
    if reason.is_empty() { what.to_owned() } else { format!("{what} ({reason})") }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end().to_owned()
}
