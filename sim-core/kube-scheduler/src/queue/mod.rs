//! The scheduling queue: pods that wait for their turn, for their backoff, or for a change that can help.
//!
//! Source: `pkg/scheduler/backend/queue/{scheduling_queue,active_queue,backoff_queue}.go`, v1.36.2 (scheduler.md 6).
//! It is plain data and knows no timers: whoever drives it asks when the next flush is due.
//! DIFFERENCE: one pod at a time is in flight, since nothing waits on Permit; nominated pods are not kept (nothing is
//! preempted). Pods in unschedulablePods are looked at in the order in which they came there, not in that of a map.
//! Validated by the tables of `tests.rs` and by the self-checks of scheduler.md 16.

mod backoff;
mod event;
mod hints;
#[cfg(test)]
mod tests;

pub use event::{Action, ClusterEvent, EventKind, Resource, node_update_actions, pod_update_actions};

use crate::cache::PodFacts;
use crate::framework::{Incoming, PluginName, PluginSet, Profile, QueueSortPlugin, SortKey};
use crate::plugins::PrioritySort;
use api::pod::Pod;
use api::{ObjectKey, Uid};
use backoff::expiry;
use hints::Hints;
use journal::Causes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use units::{SimDuration, SimTime};

pub use backoff::{Moment, second_after};

/// So long a pod waits in unschedulablePods before it is tried without a reason.
pub const MAX_UNSCHEDULABLE: SimDuration = SimDuration::from_secs(300);

/// A pod in the queue.
#[derive(Clone, Debug)]
pub struct QueuedPod {
    /// The pod, and what plugins ask about it.
    pub incoming: Incoming,
    /// When the entry was made, or when the last attempt failed.
    pub timestamp: SimTime,
    /// How often it was tried.
    pub attempts: u32,
    /// Plugins that stood in the way in the last attempt, or that hold it back now.
    pub rejectors: PluginSet,
    /// Records of the pod's last change and of what brought it back.
    pub causes: Causes,
    origin: Causes,
    unschedulable_count: u32,
    consecutive_errors: u32,
    gated_by: Option<PluginName>,
    expiry: Option<i64>,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Active(SortKey, u64),
    Backoff(i64, SortKey, u64),
    ErrorBackoff(i64, u64),
    Unschedulable(u64),
    Nowhere,
}

/// What a failed attempt says about when the pod is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    Skip,
    AfterBackoff,
}

/// The pod that is being decided, and what has changed since it was popped.
#[derive(Clone, Debug)]
struct InFlight {
    key: ObjectKey,
    uid: Uid,
    seen: Vec<ClusterEvent>,
}

impl InFlight {
    fn is(&self, pod: &Pod) -> bool {
        self.uid == pod.meta.uid && self.key == pod.meta.key()
    }
}

/// The queue.
#[derive(Clone, Debug)]
pub struct SchedulingQueue {
    entries: BTreeMap<ObjectKey, QueuedPod>,
    active: BTreeMap<(SortKey, u64), ObjectKey>,
    backoff: BTreeMap<(i64, SortKey, u64), ObjectKey>,
    error_backoff: BTreeMap<(i64, u64), ObjectKey>,
    unschedulable: BTreeMap<u64, (ObjectKey, PluginSet)>,
    /// When each pod in unschedulablePods that no gate holds failed.
    waiting_since: BTreeSet<(SimTime, u64)>,
    in_flight: Option<InFlight>,
    next_number: u64,
    hints: Hints,
}

impl SchedulingQueue {
    /// An empty queue for pods of this profile.
    pub fn new(profile: &Profile) -> Self {
        Self {
            entries: BTreeMap::new(),
            active: BTreeMap::new(),
            backoff: BTreeMap::new(),
            error_backoff: BTreeMap::new(),
            unschedulable: BTreeMap::new(),
            waiting_since: BTreeSet::new(),
            in_flight: None,
            next_number: 0,
            hints: Hints::of(profile),
        }
    }

    /// Takes a new pod without a node.
    pub fn add(&mut self, pod: &Arc<Pod>, facts: Arc<PodFacts>, causes: Causes, now: SimTime) {
        let incoming = Incoming { pod: Arc::clone(pod), facts, default_selector: None };
        let entry = QueuedPod {
            incoming,
            timestamp: now,
            attempts: 0,
            rejectors: PluginSet::default(),
            causes: causes.clone(),
            origin: causes,
            unschedulable_count: 0,
            consecutive_errors: 0,
            gated_by: None,
            expiry: None,
            place: Place::Nowhere,
        };
        self.delete(&pod.meta.key());
        self.move_to_active(entry);
    }

    /// Takes a new version of a pod that still has no node.
    pub fn update(
        &mut self,
        old: &Arc<Pod>,
        new: &Arc<Pod>,
        facts: Arc<PodFacts>,
        causes: &Causes,
        now: Moment,
    ) {
        let key = new.meta.key();
        let events: Vec<ClusterEvent> = pod_update_actions(old, new)
            .into_iter()
            .map(|action| ClusterEvent::UnscheduledPod(action, Arc::clone(old), Arc::clone(new)))
            .collect();
        if let Some(in_flight) = self.in_flight.as_mut().filter(|in_flight| in_flight.is(new)) {
            in_flight.seen.extend(events);
            return;
        }
        let Some(mut entry) = self.take(&key) else { return self.add(new, facts, causes.clone(), now.time) };
        entry.incoming = Incoming { pod: Arc::clone(new), facts, default_selector: None };
        entry.origin.clone_from(causes);
        entry.causes.extend(causes);
        match entry.place {
            Place::Unschedulable(number) => {
                let helps = events.iter().any(|event| self.hints.is_worth_requeueing(&entry, event));
                if helps { self.requeue(entry, now) } else { self.wait(entry, Some(number)) }
            }
            Place::Backoff(expiry, ..) => self.wait_for_backoff(entry, expiry),
            Place::ErrorBackoff(expiry, _) => self.wait_for_backoff(entry, expiry),
            Place::Active(_, number) => self.activate(entry, Some(number)),
            Place::Nowhere => self.activate(entry, None),
        }
    }

    /// Forgets a pod. One in flight stays so until [`SchedulingQueue::done`].
    pub fn delete(&mut self, key: &ObjectKey) {
        self.take(key);
    }

    /// The next pod: the first active one, else the first of those that wait for their backoff, at once.
    pub fn pop(&mut self) -> Option<QueuedPod> {
        let first = self.active.values().next().or_else(|| self.backoff.values().next())?.clone();
        let mut entry = self.take(&first)?;
        entry.attempts = entry.attempts.saturating_add(1);
        entry.place = Place::Nowhere;
        self.in_flight = Some(InFlight { key: first, uid: entry.incoming.pod.meta.uid, seen: Vec::new() });
        Some(entry)
    }

    /// A pod is decided: changes are no longer kept for it. Another one may be in flight by then.
    pub fn done(&mut self, pod: &Pod) {
        self.in_flight.take_if(|in_flight| in_flight.is(pod));
    }

    /// Takes back a pod whose attempt failed, in its newest version (AddUnschedulableIfNotPresent).
    pub fn add_unschedulable(&mut self, mut entry: QueuedPod, rejectors: PluginSet, now: Moment) {
        let key = entry.incoming.pod.meta.key();
        // A pod that could not be bound comes back while another one is in flight.
        let in_flight = self.in_flight.take_if(|in_flight| in_flight.is(&entry.incoming.pod));
        if self.entries.contains_key(&key) {
            return;
        }
        let seen = in_flight.map(|in_flight| in_flight.seen).unwrap_or_default();
        entry.rejectors = rejectors;
        entry.gated_by = None;
        if rejectors.is_empty() {
            entry.consecutive_errors = entry.consecutive_errors.saturating_add(1);
        } else {
            entry.unschedulable_count = entry.unschedulable_count.saturating_add(1);
            entry.consecutive_errors = 0;
        }
        (entry.timestamp, entry.expiry) = (now.time, None);
        entry.causes.clone_from(&entry.origin);
        let helped = seen.iter().any(|event| self.hints.is_worth_requeueing(&entry, event));
        let strategy = if rejectors.is_empty() || helped { Strategy::AfterBackoff } else { Strategy::Skip };
        match strategy {
            Strategy::Skip => self.wait(entry, None),
            Strategy::AfterBackoff => self.requeue(entry, now),
        }
    }

    /// Brings back the pods that an event can help. `at_most` leaves out pods of a higher priority.
    pub fn move_all(&mut self, event: &ClusterEvent, at_most: Option<i32>, causes: &Causes, now: Moment) {
        if let Some(interested) = self.hints.interested(event) {
            if interested.is_empty() {
                return;
            }
            let waiting: Vec<u64> = self
                .unschedulable
                .iter()
                .filter(|(_, (_, rejectors))| rejectors.is_empty() || rejectors.overlaps(interested))
                .map(|(number, _)| *number)
                .collect();
            self.move_some(&waiting, event, at_most, causes, now);
        }
        if let Some(in_flight) = &mut self.in_flight {
            in_flight.seen.push(event.clone());
        }
    }

    fn move_some(
        &mut self,
        numbers: &[u64],
        event: &ClusterEvent,
        at_most: Option<i32>,
        causes: &Causes,
        now: Moment,
    ) {
        for number in numbers {
            let Some((key, _)) = self.unschedulable.get(number) else { continue };
            let key = key.clone();
            let Some(entry) = self.entries.get(&key) else { continue };
            let too_high = at_most.is_some_and(|most| entry.incoming.pod.spec.priority > most);
            if too_high || !self.hints.is_worth_requeueing(entry, event) {
                continue;
            }
            if let Some(mut entry) = self.take(&key) {
                entry.causes.extend(causes);
                self.requeue(entry, now);
            }
        }
    }

    /// Releases pods whose backoff is over: those that plugins rejected, then those with errors.
    pub fn flush_backoff(&mut self, now: Moment) {
        let second = now.second();
        while let Some((key, _)) = self.backoff.first_key_value().filter(|((expiry, ..), _)| *expiry < second)
        {
            let pod = self.backoff[key].clone();
            self.release(&pod);
        }
        while let Some((key, _)) =
            self.error_backoff.first_key_value().filter(|((expiry, _), _)| *expiry < second)
        {
            let pod = self.error_backoff[key].clone();
            self.release(&pod);
        }
    }

    fn release(&mut self, key: &ObjectKey) {
        if let Some(entry) = self.take(key) {
            self.activate(entry, None);
        }
    }

    /// Brings back pods that have waited for too long without an event.
    pub fn flush_unschedulable(&mut self, now: Moment) {
        let old = |(since, _): &&(SimTime, u64)| now.time - *since > MAX_UNSCHEDULABLE;
        let numbers: Vec<u64> =
            self.waiting_since.iter().take_while(old).map(|(_, number)| *number).collect();
        if numbers.is_empty() {
            return;
        }
        self.move_some(&numbers, &ClusterEvent::Wildcard, None, &Causes::none(), now);
        if let Some(in_flight) = &mut self.in_flight {
            in_flight.seen.push(ClusterEvent::Wildcard);
        }
    }

    /// The first second (of the wall clock) at which a backoff is over.
    pub fn next_release(&self) -> Option<i64> {
        let first = self.backoff.keys().next().map(|(expiry, ..)| *expiry);
        let error = self.error_backoff.keys().next().map(|(expiry, _)| *expiry);
        first.into_iter().chain(error).min().map(|expiry| expiry.saturating_add(1))
    }

    /// Since when the pod waits that has waited for the longest time without an event.
    pub fn waits_since(&self) -> Option<SimTime> {
        self.waiting_since.first().map(|(since, _)| *since)
    }

    /// Whether a pod is somewhere in the queue.
    pub fn contains(&self, key: &ObjectKey) -> bool {
        self.entries.contains_key(key)
    }

    /// How many pods are active, wait for their backoff (either kind), wait for an event.
    pub fn lengths(&self) -> (usize, usize, usize) {
        (self.active.len(), self.backoff.len() + self.error_backoff.len(), self.unschedulable.len())
    }

    /// Takes a pod out of wherever it is; its entry remembers where that was.
    fn take(&mut self, key: &ObjectKey) -> Option<QueuedPod> {
        let entry = self.entries.remove(key)?;
        match entry.place {
            Place::Active(sort, number) => drop(self.active.remove(&(sort, number))),
            Place::Backoff(expiry, sort, number) => drop(self.backoff.remove(&(expiry, sort, number))),
            Place::ErrorBackoff(expiry, number) => drop(self.error_backoff.remove(&(expiry, number))),
            Place::Unschedulable(number) => {
                self.unschedulable.remove(&number);
                self.waiting_since.remove(&(entry.timestamp, number));
            }
            Place::Nowhere => {}
        }
        Some(entry)
    }

    /// Applies *afterBackoff*: to a backoff queue while the pod is backing off, else to the active queue.
    fn requeue(&mut self, mut entry: QueuedPod, now: Moment) {
        let until = *entry.expiry.get_or_insert_with(|| {
            let errors = entry.consecutive_errors;
            let count = if errors > 0 { errors } else { entry.unschedulable_count };
            expiry(entry.timestamp, count, now.clock)
        });
        if until >= now.second() && !self.is_gated(&mut entry) {
            self.wait_for_backoff(entry, until);
        } else {
            self.move_to_active(entry);
        }
    }

    fn move_to_active(&mut self, mut entry: QueuedPod) {
        if self.is_gated(&mut entry) { self.wait(entry, None) } else { self.activate(entry, None) }
    }

    /// Runs PreEnqueue and remembers what holds the pod back.
    fn is_gated(&self, entry: &mut QueuedPod) -> bool {
        entry.gated_by = self.hints.gate(&entry.incoming.pod);
        if let Some(plugin) = entry.gated_by {
            entry.rejectors.insert(plugin);
        }
        entry.gated_by.is_some()
    }

    /// Puts a pod into the active queue, behind its equals or where it was.
    fn activate(&mut self, mut entry: QueuedPod, place: Option<u64>) {
        let key = entry.incoming.pod.meta.key();
        let number = place.unwrap_or_else(|| self.number());
        let sort = PrioritySort.sort_key(entry.incoming.pod.spec.priority, entry.timestamp);
        entry.place = Place::Active(sort, number);
        self.active.insert((sort, number), key.clone());
        self.entries.insert(key, entry);
    }

    fn wait_for_backoff(&mut self, mut entry: QueuedPod, expiry: i64) {
        let (key, number) = (entry.incoming.pod.meta.key(), self.number());
        if entry.rejectors.is_empty() {
            entry.place = Place::ErrorBackoff(expiry, number);
            self.error_backoff.insert((expiry, number), key.clone());
        } else {
            let sort = PrioritySort.sort_key(entry.incoming.pod.spec.priority, entry.timestamp);
            entry.place = Place::Backoff(expiry, sort, number);
            self.backoff.insert((expiry, sort, number), key.clone());
        }
        self.entries.insert(key, entry);
    }

    /// Puts a pod into unschedulablePods, at the end or where it was.
    fn wait(&mut self, mut entry: QueuedPod, place: Option<u64>) {
        let key = entry.incoming.pod.meta.key();
        let number = place.unwrap_or_else(|| self.number());
        entry.place = Place::Unschedulable(number);
        self.unschedulable.insert(number, (key.clone(), entry.rejectors));
        if entry.gated_by.is_none() {
            self.waiting_since.insert((entry.timestamp, number));
        }
        self.entries.insert(key, entry);
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }
}

impl QueuedPod {
    /// The plugin that holds the pod back before it is tried.
    pub fn gated_by(&self) -> Option<PluginName> {
        self.gated_by
    }
}
