//! Events of `events.k8s.io`, as the scheduler writes them (scheduler.md 9.4).
//!
//! Source: `staging/src/k8s.io/client-go/tools/events/{event_recorder,event_broadcaster}.go`, v1.36.2.
//! Writes → Event objects; repetitions of the same event about the same version of a pod are a series.
//! DIFFERENCE: a series is not written: its Event object keeps saying that it happened once. Who looks at `series` of
//! an Event can tell; `kubectl get events` counts core events alone.

use api::event::{Action, Event, EventForm, EventType};
use api::pod::Pod;
use api::{Kind, Name, ObjectMeta, ObjectRef};
use client::{Call, Context, Lane, Tag, Timer, TokenBucket};
use journal::Causes;
use std::collections::BTreeMap;
use units::{SimDuration, SimTime};

/// A series is over when it has been quiet for so long; that is looked at as often.
const SERIES_QUIET: SimDuration = SimDuration::from_secs(360);
/// Longer notes are cut.
const MAX_NOTE: usize = 1024;

/// What makes two events the same. The note is not part of it, the pod's version is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SeriesKey {
    about: ObjectRef,
    resource_version: u64,
    kind: EventType,
    reason: Name,
    action: Action,
}

/// Something to tell about a pod.
#[derive(Clone, Debug)]
pub struct Note {
    /// Normal or Warning.
    pub kind: EventType,
    /// One word.
    pub reason: &'static str,
    /// What was being done.
    pub action: Action,
    /// A sentence.
    pub text: String,
}

/// The recorder.
#[derive(Clone, Debug)]
pub struct Recorder {
    controller: Name,
    instance: Name,
    limit: TokenBucket,
    series: BTreeMap<SeriesKey, SimTime>,
    /// When the series were last looked through.
    last_look: SimTime,
    last_name_nanos: i64,
}

impl Recorder {
    /// Tag of its calls. Nothing is done with their replies.
    pub const TAG: Tag = Tag::MAX;

    /// A recorder of a profile on a host.
    pub fn new(scheduler_name: &Name, hostname: &Name) -> Self {
        Self {
            controller: scheduler_name.clone(),
            instance: format!("{scheduler_name}-{hostname}").into(),
            // The client that writes events has a limit of its own.
            limit: TokenBucket::per_second(50, 100),
            series: BTreeMap::new(),
            last_look: SimTime::from_nanos(i64::MIN),
            last_name_nanos: i64::MIN,
        }
    }

    /// Writes an event, unless it continues a series.
    pub fn record<T: Timer, Q>(
        &mut self,
        pod: &Pod,
        note: &Note,
        causes: Causes,
        context: &mut Context<'_, T, Q>,
    ) {
        if self.continues_series(pod, note, context.now) {
            return;
        }
        let event = self.event(pod, note, context);
        let at = self.limit.reserve(context.now);
        context.call_at(at, Call::RecordEvent(Box::new(event)), Lane::Events, Self::TAG, causes);
    }

    fn continues_series(&mut self, pod: &Pod, note: &Note, now: SimTime) -> bool {
        let quiet = SERIES_QUIET.as_nanos();
        let look = SimTime::from_nanos(now.as_nanos().div_euclid(quiet) * quiet);
        if self.last_look != look {
            self.last_look = look;
            self.series.retain(|_, last| look - *last <= SERIES_QUIET);
        }
        let key = SeriesKey {
            about: ObjectRef::new(Kind::Pod, &pod.meta),
            resource_version: pod.meta.resource_version,
            kind: note.kind,
            reason: Name::new_static(note.reason),
            action: note.action,
        };
        self.series.insert(key, now).is_some()
    }

    fn event<T, Q>(&mut self, pod: &Pod, note: &Note, context: &Context<'_, T, Q>) -> Event {
        let nanos = context.clock.unix_nanos(context.now);
        self.last_name_nanos = nanos.max(self.last_name_nanos.saturating_add(1));
        let name = format!("{}.{:x}", pod.meta.name, self.last_name_nanos);
        Event {
            meta: ObjectMeta::named(pod.meta.namespace.clone(), name),
            involved: ObjectRef::new(Kind::Pod, &pod.meta),
            field_path: Name::default(),
            reason: Name::new_static(note.reason),
            message: cut(&note.text),
            kind: note.kind,
            component: self.controller.clone(),
            host: self.instance.clone(),
            form: EventForm::New { time: context.clock.micro_time(context.now), action: note.action },
        }
    }
}

fn cut(text: &str) -> Name {
    const ELLIPSIS: &str = " ...";
    if text.len() <= MAX_NOTE {
        return text.into();
    }
    let end = text.floor_char_boundary(MAX_NOTE - ELLIPSIS.len());
    format!("{}{ELLIPSIS}", &text[..end]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_notes_are_cut() {
        assert_eq!(cut(&"x".repeat(1024)).len(), 1024);
        let long = cut(&"x".repeat(1025));
        assert_eq!((long.len(), long.ends_with("x ...")), (1024, true));
        assert!(cut(&"é".repeat(1000)).len() <= 1024);
    }
}
