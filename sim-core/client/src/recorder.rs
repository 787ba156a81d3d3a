//! The event recorder: what a component tells users about objects, aggregated, counted and thinned out.
//!
//! Source: `staging/src/k8s.io/client-go/tools/record/{event,events_cache}.go`, v1.36.2 (controllers.md 1.12).
//! Events wait in a queue of 1,000 and are correlated and written one after another.
//! DIFFERENCE: a write that fails is not tried again; the real one repeats it after transport errors alone.

use crate::{Call, Context, Lane, Tag, Timer, TokenBucket};
use api::event::{Event, EventForm, EventType};
use api::{Name, ObjectMeta, ObjectRef};
use journal::Causes;
use random::Stream;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use units::{SimDuration, SimTime, Timestamp};

/// Buffer of events that wait to be written (`maxQueuedEvents`).
const QUEUE: usize = 1000;
/// Different messages from which on similar events are combined (`defaultAggregateMaxEvents`).
const AGGREGATE_FROM: usize = 10;
/// Similar events belong together unless so much time lies between them (`defaultAggregateIntervalInSeconds`).
const AGGREGATE_WITHIN: SimDuration = SimDuration::from_secs(600);
/// Spam filter: so many events of one object and type at once (`defaultSpamBurst`), then one each 300 s (`defaultSpamQPS`).
const SPAM: TokenBucket = TokenBucket::new(SimDuration::from_secs(300), 25);
/// Entries of each memory (`maxLruCacheEntries`).
const MEMORY: usize = 4096;

/// Something to tell about an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewEvent {
    /// The object.
    pub about: ObjectRef,
    /// Part of the object, such as `spec.containers{web}`; empty if none.
    pub field_path: Name,
    /// Normal or Warning.
    pub kind: EventType,
    /// One word.
    pub reason: Name,
    /// A sentence.
    pub message: Name,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    about: ObjectRef,
    kind: EventType,
    reason: Name,
}

/// What an event is counted under: itself, or its group once that is combined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CountedAs {
    Single(NewEvent),
    Combined(Group),
}

#[derive(Clone, Debug)]
struct Similar {
    messages: Vec<Name>,
    last: SimTime,
    forgotten: u64,
}

#[derive(Clone, Debug)]
struct Seen {
    name: Name,
    first: Timestamp,
    count: i32,
}

#[derive(Clone, Debug)]
struct Waiting {
    event: NewEvent,
    at: SimTime,
    causes: Causes,
}

/// A component's event recorder.
#[derive(Clone, Debug)]
pub struct Recorder {
    component: Name,
    host: Name,
    waiting: VecDeque<Waiting>,
    is_writing: bool,
    similar: Memory<Group, Similar>,
    seen: Memory<CountedAs, Seen>,
    spam: Memory<(ObjectRef, EventType), TokenBucket>,
    last_name_nanos: i64,
    tag: Tag,
}

impl Recorder {
    /// Tag of its calls, unless it was given another one; no component may use it for its own.
    pub const TAG: Tag = Tag::MAX;

    /// A recorder of a component (`kubelet`) on a host (a node's name; empty for the control plane).
    pub fn new(component: impl Into<Name>, host: impl Into<Name>) -> Self {
        Self {
            component: component.into(),
            host: host.into(),
            waiting: VecDeque::new(),
            is_writing: false,
            similar: Memory::new(),
            seen: Memory::new(),
            spam: Memory::new(),
            last_name_nanos: i64::MIN,
            tag: Self::TAG,
        }
    }

    /// The same with another tag, for components with several recorders.
    pub fn tagged(self, tag: Tag) -> Self {
        Self { tag, ..self }
    }

    /// Takes an event. `limit` is the bucket of the client that writes it.
    pub fn event<T: Timer, Q>(
        &mut self,
        event: NewEvent,
        causes: Causes,
        limit: &mut TokenBucket,
        context: &mut Context<'_, T, Q>,
    ) {
        if self.waiting.len() < QUEUE {
            self.waiting.push_back(Waiting { event, at: context.now, causes });
        }
        self.write_next(limit, context);
    }

    /// Takes the reply to its call (known by its tag) and goes on with the next event.
    pub fn on_reply<T: Timer, Q>(&mut self, limit: &mut TokenBucket, context: &mut Context<'_, T, Q>) {
        self.is_writing = false;
        self.write_next(limit, context);
    }

    fn write_next<T: Timer, Q>(&mut self, limit: &mut TokenBucket, context: &mut Context<'_, T, Q>) {
        while !self.is_writing {
            let Some(next) = self.waiting.pop_front() else { return };
            let stream = context.seed.stream("events", &format!("{}/{}", self.component, self.host));
            let Some(event) = self.correlate(&next, context.now, context.clock, stream) else { continue };
            let at = limit.reserve(context.now);
            context.call_at(at, Call::RecordEvent(Box::new(event)), Lane::Events, self.tag, next.causes);
            self.is_writing = true;
        }
    }

    /// Aggregates, counts, filters: the Event object to be written, or nothing.
    fn correlate(
        &mut self,
        waiting: &Waiting,
        now: SimTime,
        clock: units::Clock,
        stream: Stream,
    ) -> Option<Event> {
        let (counted_as, message) = self.aggregate(&waiting.event, now, stream);
        let stamp = clock.timestamp(waiting.at);
        let name = self.name_of(&waiting.event.about, clock.unix_nanos(waiting.at));
        let seen = match self.seen.get(&counted_as) {
            Some(seen) => Seen { count: seen.count.saturating_add(1), ..seen.clone() },
            None => Seen { name, first: stamp, count: 1 },
        };
        self.seen.put(counted_as, seen.clone());
        let object = (waiting.event.about.clone(), waiting.event.kind);
        let mut bucket = self.spam.get(&object).copied().unwrap_or(SPAM);
        let passes = bucket.try_take(now);
        self.spam.put(object, bucket);
        passes.then(|| self.object(&waiting.event, message, &seen, stamp))
    }

    fn aggregate(&mut self, event: &NewEvent, now: SimTime, stream: Stream) -> (CountedAs, Name) {
        let group = Group { about: event.about.clone(), kind: event.kind, reason: event.reason.clone() };
        let fresh = || Similar { messages: Vec::new(), last: now, forgotten: 0 };
        let mut similar = match self.similar.get(&group) {
            Some(similar) if now - similar.last <= AGGREGATE_WITHIN => similar.clone(),
            _ => fresh(),
        };
        similar.last = now;
        if !similar.messages.contains(&event.message) {
            similar.messages.push(event.message.clone());
        }
        let combined = similar.messages.len() >= AGGREGATE_FROM;
        if combined {
            // Go forgets an arbitrary entry of a set; here the run's luck says which.
            let owner = u64::try_from(event.about.uid.0 & u128::from(u64::MAX)).unwrap_or_default();
            let mut draw = stream.child(owner).at(similar.forgotten);
            let length = similar.messages.len() as u64;
            let at = usize::try_from(draw.below(length)).unwrap_or_default();
            similar.messages.swap_remove(at);
            similar.forgotten += 1;
        }
        self.similar.put(group.clone(), similar);
        if combined {
            let message = format!("(combined from similar events): {}", event.message);
            (CountedAs::Combined(group), message.into())
        } else {
            (CountedAs::Single(event.clone()), event.message.clone())
        }
    }

    /// `<object>.<hexadecimal nanoseconds>`; two events of one instant get different ones, as on a real clock.
    fn name_of(&mut self, about: &ObjectRef, nanos: i64) -> Name {
        self.last_name_nanos = nanos.max(self.last_name_nanos.saturating_add(1));
        format!("{}.{:x}", about.key.name, self.last_name_nanos).into()
    }

    fn object(&self, event: &NewEvent, message: Name, seen: &Seen, last: Timestamp) -> Event {
        let namespace = &event.about.key.namespace;
        let namespace = if namespace.is_empty() { Name::new_static("default") } else { namespace.clone() };
        Event {
            meta: ObjectMeta::named(namespace, seen.name.clone()),
            involved: event.about.clone(),
            field_path: event.field_path.clone(),
            reason: event.reason.clone(),
            message,
            kind: event.kind,
            component: self.component.clone(),
            host: self.host.clone(),
            form: EventForm::Core { first: seen.first, last, count: seen.count },
        }
    }
}

/// A memory of a bounded number of entries; the one that was not used for the longest time goes first.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Memory<K: Ord, V> {
    entries: BTreeMap<K, (u64, V)>,
    by_use: BTreeMap<u64, K>,
    uses: u64,
}

impl<K: Ord + Clone, V> Memory<K, V> {
    fn new() -> Self {
        Self { entries: BTreeMap::new(), by_use: BTreeMap::new(), uses: 0 }
    }
    fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }
    fn put(&mut self, key: K, value: V) {
        self.uses += 1;
        if let Some((used, _)) = self.entries.insert(key.clone(), (self.uses, value)) {
            self.by_use.remove(&used);
        }
        self.by_use.insert(self.uses, key);
        if self.entries.len() > MEMORY
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.entries.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cursors, Output, Tables, TimerKey, View};
    use api::{Kind, ObjectKey, Uid};
    use random::Seed;
    use units::Clock;

    #[derive(Clone)]
    struct NoTimer;
    impl Timer for NoTimer {
        fn key(&self) -> TimerKey {
            TimerKey { class: crate::Class::Recorder, entity: 0, timer: 0 }
        }
    }

    /// Records events with these messages `apart` from each other, each written before the next, and returns what was written.
    fn record(messages: impl Iterator<Item = String>, apart: SimDuration) -> Vec<(String, i32)> {
        let (tables, cursors) = (Tables::default(), Cursors::default());
        let mut recorder = Recorder::new("replicaset-controller", "");
        let mut limit = TokenBucket::per_second(1000, 1000);
        let (mut out, mut now) = (Vec::<Output<NoTimer, ()>>::new(), SimTime::ZERO);
        for message in messages {
            let about =
                ObjectRef { kind: Kind::ReplicaSet, key: ObjectKey::new("default", "web"), uid: Uid(1) };
            let event = NewEvent {
                about,
                field_path: Name::default(),
                kind: EventType::Normal,
                reason: "SuccessfulCreate".into(),
                message: message.into(),
            };
            let view = View::new(&tables, &cursors);
            let mut context = Context {
                now,
                clock: Clock::default(),
                seed: Seed(1),
                view,
                next_record: journal::RecordId(0),
                out: &mut out,
            };
            recorder.event(event, Causes::none(), &mut limit, &mut context);
            recorder.on_reply(&mut limit, &mut context);
            now += apart;
        }
        let written = out.into_iter().filter_map(|output| match output {
            Output::Call { call, .. } => match *call {
                Call::RecordEvent(event) => Some((event.message.to_string(), event.count())),
                _ => None,
            },
            _ => None,
        });
        written.collect()
    }

    #[test]
    fn the_tenth_different_message_is_combined() {
        let written = record((0..12).map(|i| format!("Created pod: web-{i}")), SimDuration::from_millis(1));
        assert_eq!(written[8], ("Created pod: web-8".to_owned(), 1));
        let combined =
            |i: i32, count| (format!("(combined from similar events): Created pod: web-{i}"), count);
        assert_eq!(written[9..], [combined(9, 1), combined(10, 2), combined(11, 3)]);
    }

    #[test]
    fn equal_events_are_counted() {
        let written = record((0..3).map(|_| "Back-off".to_owned()), SimDuration::from_secs(1));
        assert_eq!(written.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn the_spam_filter_lets_25_pass_and_counts_the_rest() {
        let written = record((0..301).map(|_| "Unhealthy".to_owned()), SimDuration::from_secs(1));
        let counts: Vec<i32> = written.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts.len(), 26);
        assert_eq!(counts[24..], [25, 301]);
    }

    #[test]
    fn similar_events_long_after_each_other_stay_single() {
        let written = record((0..12).map(|i| format!("m{i}")), SimDuration::from_secs(601));
        assert!(written.iter().all(|(message, count)| !message.starts_with('(') && *count == 1));
    }
}
