//! The queue of keys that wait for a worker, and of those that wait for their time.
//!
//! Source: `staging/src/k8s.io/client-go/util/workqueue/{queue,delaying_queue}.go`, v1.36.2 (controllers.md 1.2).
//! Each key carries the records that woke it; merged wake-ups merge their causes.

use journal::Causes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use units::SimTime;

/// A queue in which a key waits at most once and is never in two hands.
#[derive(Clone, Debug)]
pub struct Workqueue<K> {
    queue: VecDeque<K>,
    dirty: BTreeMap<K, Causes>,
    processing: BTreeSet<K>,
    waiting: BTreeMap<K, Delayed>,
    by_time: BTreeSet<(SimTime, u64, K)>,
    sequence: u64,
}

#[derive(Clone, Debug)]
struct Delayed {
    ready: SimTime,
    sequence: u64,
    causes: Causes,
}

impl<K> Default for Workqueue<K> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            dirty: BTreeMap::new(),
            processing: BTreeSet::new(),
            waiting: BTreeMap::new(),
            by_time: BTreeSet::new(),
            sequence: 0,
        }
    }
}

impl<K: Ord + Clone> Workqueue<K> {
    /// Adds a key; one that already waits stays where it is.
    pub fn add(&mut self, key: K, causes: &Causes) {
        if let Some(merged) = self.dirty.get_mut(&key) {
            merged.extend(causes);
            return;
        }
        self.dirty.insert(key.clone(), causes.clone());
        if !self.processing.contains(&key) {
            self.queue.push_back(key);
        }
    }

    /// Adds a key at a moment; of two moments the earlier counts.
    pub fn add_at(&mut self, key: K, at: SimTime, now: SimTime, causes: &Causes) {
        if at <= now {
            self.add(key, causes);
            return;
        }
        self.sequence += 1;
        let mut delayed = Delayed { ready: at, sequence: self.sequence, causes: causes.clone() };
        if let Some(before) = self.waiting.remove(&key) {
            self.by_time.remove(&(before.ready, before.sequence, key.clone()));
            if before.ready <= at {
                (delayed.ready, delayed.sequence) = (before.ready, before.sequence);
            }
            delayed.causes.extend(&before.causes);
        }
        self.by_time.insert((delayed.ready, delayed.sequence, key.clone()));
        self.waiting.insert(key, delayed);
    }

    /// The next moment at which a delayed key is due.
    pub fn next_due(&self) -> Option<SimTime> {
        self.by_time.first().map(|(at, _, _)| *at)
    }

    /// Adds the delayed keys that are due, in the order of their moments.
    pub fn add_due(&mut self, now: SimTime) {
        while self.by_time.first().is_some_and(|(at, _, _)| *at <= now) {
            let Some((_, _, key)) = self.by_time.pop_first() else { return };
            let causes = self.waiting.remove(&key).map(|delayed| delayed.causes).unwrap_or_default();
            self.add(key, &causes);
        }
    }

    /// Takes the next key into hand, with what woke it.
    pub fn get(&mut self) -> Option<(K, Causes)> {
        let key = self.queue.pop_front()?;
        let causes = self.dirty.remove(&key).unwrap_or_default();
        self.processing.insert(key.clone());
        Some((key, causes))
    }

    /// Puts a key out of hand; what was added meanwhile queues it again.
    pub fn done(&mut self, key: &K) {
        if self.processing.remove(key) && self.dirty.contains_key(key) {
            self.queue.push_back(key.clone());
        }
    }

    /// Whether a key is in hand.
    pub fn is_processing(&self, key: &K) -> bool {
        self.processing.contains(key)
    }
    /// Whether a key waits for a worker.
    pub fn is_dirty(&self, key: &K) -> bool {
        self.dirty.contains_key(key)
    }
    /// How many keys wait for a worker.
    pub fn len(&self) -> usize {
        self.queue.len()
    }
    /// Whether none waits for a worker.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use journal::RecordId;

    fn causes(record: u64) -> Causes {
        RecordId(record).into()
    }
    fn take(queue: &mut Workqueue<&'static str>) -> Option<&'static str> {
        queue.get().map(|(key, _)| key)
    }

    #[test]
    fn a_key_waits_once_and_keeps_its_place() {
        let mut queue = Workqueue::default();
        for (key, record) in [("a", 1), ("b", 2), ("a", 3)] {
            queue.add(key, &causes(record));
        }
        let (key, merged) = queue.get().unwrap();
        assert_eq!((key, merged.iter().map(|r| r.0).collect::<Vec<_>>()), ("a", vec![1, 3]));
        assert_eq!((take(&mut queue), take(&mut queue)), (Some("b"), None));
    }

    #[test]
    fn adds_while_in_hand_give_one_more_run_and_never_two_hands() {
        let mut queue = Workqueue::default();
        queue.add("a", &causes(1));
        assert_eq!(take(&mut queue), Some("a"));
        queue.add("a", &causes(2));
        queue.add("a", &causes(3));
        assert_eq!(take(&mut queue), None);
        queue.done(&"a");
        assert_eq!(queue.get().map(|(_, c)| c), Some([RecordId(2), RecordId(3)].into_iter().collect()));
        queue.done(&"a");
        assert_eq!(take(&mut queue), None);
    }

    #[test]
    fn a_delayed_key_keeps_the_earlier_moment_and_an_immediate_add_does_not_cancel_it() {
        let at = SimTime::from_secs;
        let mut queue = Workqueue::default();
        queue.add_at("a", at(10), at(0), &causes(1));
        queue.add_at("a", at(20), at(0), &causes(2));
        queue.add_at("b", at(5), at(0), &causes(3));
        assert_eq!(queue.next_due(), Some(at(5)));
        queue.add("a", &causes(4));
        assert_eq!(take(&mut queue), Some("a"));
        queue.done(&"a");
        queue.add_due(at(10));
        assert_eq!((take(&mut queue), take(&mut queue)), (Some("b"), Some("a")));
        assert_eq!(queue.next_due(), None);
        queue.add_at("c", at(10), at(10), &causes(5));
        assert_eq!(take(&mut queue), Some("c"));
    }

    #[test]
    fn a_later_add_may_bring_the_moment_forward() {
        let at = SimTime::from_secs;
        let mut queue = Workqueue::default();
        queue.add_at("a", at(10), at(0), &causes(1));
        queue.add_at("a", at(3), at(0), &causes(2));
        assert_eq!(queue.next_due(), Some(at(3)));
        queue.add_due(at(3));
        assert_eq!(queue.get().map(|(_, c)| c), Some([RecordId(1), RecordId(2)].into_iter().collect()));
    }
}
