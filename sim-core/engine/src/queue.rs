//! The pending events, and the clock that they move.

use crate::Key;
use crate::guard::Guard;
use crate::wheel::{Entry, Wheel};
use serde::{Deserialize, Serialize};
use units::SimTime;

/// So many cancelled entries may always lie in the wheel before it is swept.
const CANCELLED_AT_LEAST: usize = 1_024;

/// Names a pending event for as long as it is pending; afterwards it names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Handle {
    slot: u32,
    generation: u32,
}

/// Pending events in the exact order of their keys. As plain data it can be cloned and saved; handles stay valid.
///
/// No two pending events may have the same key: which comes first is then not said. Builds with debug assertions notice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Queue<E> {
    now: SimTime,
    pending: usize,
    wheel: Wheel,
    events: Vec<Slot<E>>,
    /// Slots without an event.
    free: Vec<u32>,
    /// Entries in the wheel whose event was cancelled.
    cancelled: usize,
    guard: Guard,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Slot<E> {
    /// Counts the events that have left; an entry or a handle with another number is of the past.
    generation: u32,
    event: Option<E>,
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self::starting_at(SimTime::ZERO)
    }
}

impl<E> Queue<E> {
    /// An empty queue whose clock stands at t = 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty queue whose clock stands at `now`.
    pub fn starting_at(now: SimTime) -> Self {
        Self {
            now,
            pending: 0,
            wheel: Wheel::new(to_wheel(now)),
            events: Vec::new(),
            free: Vec::new(),
            cancelled: 0,
            guard: Guard::default(),
        }
    }

    /// The time of the event that was popped last.
    pub const fn now(&self) -> SimTime {
        self.now
    }

    /// How many events are pending.
    pub const fn len(&self) -> usize {
        self.pending
    }

    /// Whether none is pending.
    pub const fn is_empty(&self) -> bool {
        self.pending == 0
    }

    /// Puts in an event. At the present instant it may have a smaller key than the event just popped: it comes next.
    ///
    /// # Panics
    /// If its time has passed: a bug of the caller.
    pub fn push(&mut self, key: Key, event: E) -> Handle {
        assert!(key.time() >= self.now, "an event for the past: {key}, now is {} ns", self.now.as_nanos());
        let handle = self.occupy(event);
        self.pending += 1;
        let (slot, generation) = (handle.slot, handle.generation);
        self.wheel.push(Entry { time: to_wheel(key.time()), rest: key.rest(), slot, generation });
        handle
    }

    fn occupy(&mut self, event: E) -> Handle {
        if let Some(slot) = self.free.pop() {
            let place = &mut self.events[slot as usize];
            place.event = Some(event);
            return Handle { slot, generation: place.generation };
        }
        // Beyond 2^32 pending events memory has long run out.
        let slot = u32::try_from(self.events.len()).expect("fewer than 2^32 events pending");
        self.events.push(Slot { generation: 0, event: Some(event) });
        Handle { slot, generation: 0 }
    }

    /// Takes out the first event, and sets the clock to its time.
    ///
    /// # Panics
    /// If more than 10⁶ events of one entity come at one instant; with debug assertions, if two keys are equal.
    pub fn pop(&mut self) -> Option<(Key, E)> {
        self.pop_until(SimTime::MAX)
    }

    /// As [`Queue::pop`], if the first event is due at `limit` or before.
    ///
    /// # Panics
    /// As [`Queue::pop`].
    pub fn pop_until(&mut self, limit: SimTime) -> Option<(Key, E)> {
        loop {
            let entry = self.wheel.pop_until(to_wheel(limit))?;
            let Some(event) = self.vacate(entry.slot, entry.generation) else {
                self.cancelled -= 1;
                continue;
            };
            let key = key_of(&entry);
            self.now = key.time();
            self.guard.count(key);
            debug_assert!(!self.is_next(key), "two pending events have one key: {key}");
            return Some((key, event));
        }
    }

    /// The key of the first event. Looking moves nothing; it can cost as much as a pop, so drive a run with
    /// [`Queue::pop_until`].
    pub fn peek_key(&self) -> Option<Key> {
        self.wheel.first(|entry| self.is_pending(entry)).as_ref().map(key_of)
    }

    /// Takes out the event that `handle` names, wherever it stands; `None` if it is no longer pending.
    pub fn cancel(&mut self, handle: Handle) -> Option<E> {
        let event = self.vacate(handle.slot, handle.generation)?;
        // Its entry stays until its turn comes, or until there are more such entries than others.
        self.cancelled += 1;
        if self.cancelled > self.pending + CANCELLED_AT_LEAST {
            let events = &self.events;
            self.wheel.retain(|entry| is_in(events, entry));
            self.cancelled = 0;
        }
        Some(event)
    }

    /// Takes the event out of its slot and frees the slot, if that generation is still there.
    fn vacate(&mut self, slot: u32, generation: u32) -> Option<E> {
        let place = self.events.get_mut(slot as usize).filter(|place| place.generation == generation)?;
        let event = place.event.take()?;
        // After 2^32 events in one slot a number comes again; no handle is kept for that long.
        place.generation = generation.wrapping_add(1);
        self.free.push(slot);
        self.pending -= 1;
        Some(event)
    }

    fn is_pending(&self, entry: &Entry) -> bool {
        is_in(&self.events, entry)
    }

    fn is_next(&self, key: Key) -> bool {
        self.wheel.next_due().is_some_and(|entry| key_of(entry) == key && self.is_pending(entry))
    }
}

fn is_in<E>(events: &[Slot<E>], entry: &Entry) -> bool {
    events.get(entry.slot as usize).is_some_and(|place| place.generation == entry.generation)
}

/// The wheel counts from the earliest time that there is.
const fn to_wheel(time: SimTime) -> u64 {
    time.as_nanos().cast_unsigned() ^ (1 << 63)
}

const fn key_of(entry: &Entry) -> Key {
    Key::from_parts(SimTime::from_nanos((entry.time ^ (1 << 63)).cast_signed()), entry.rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cmp::Reverse;
    use std::collections::btree_map::Entry;
    use std::collections::{BTreeMap, BinaryHeap};

    fn key(nanos: i64, entity: u32) -> Key {
        Key::new(SimTime::from_nanos(nanos), 1, entity, 0)
    }

    fn drain<E>(queue: &mut Queue<E>) -> Vec<(Key, E)> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn in_the_order_of_their_keys() {
        let keys = [key(7, 2), key(7, 1), key(i64::MAX, 0), key(0, 5), key(64, 0), key(63, 9), key(4096, 0)];
        let mut queue = Queue::new();
        for key in keys {
            queue.push(key, key.entity());
        }
        let mut sorted = keys;
        sorted.sort_unstable();
        assert_eq!(drain(&mut queue), sorted.map(|key| (key, key.entity())));
        assert_eq!(queue.now(), SimTime::MAX);
    }

    #[test]
    fn a_smaller_key_at_the_present_instant_comes_next() {
        let mut queue = Queue::new();
        queue.push(key(10, 5), ());
        queue.push(key(10, 6), ());
        assert_eq!(queue.pop(), Some((key(10, 5), ())));
        queue.push(key(10, 1), ());
        queue.push(key(10, 5), ());
        assert_eq!(drain(&mut queue), [(key(10, 1), ()), (key(10, 5), ()), (key(10, 6), ())]);
    }

    #[test]
    #[should_panic(expected = "an event for the past: class 1, entity 3, timer 0 at 9 ns, now is 10 ns")]
    fn an_event_for_the_past_is_named() {
        let mut queue = Queue::new();
        queue.push(key(10, 5), ());
        queue.pop();
        queue.push(key(9, 3), ());
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "two pending events have one key: class 1, entity 5, timer 0 at 10 ns")]
    fn two_equal_keys_are_noticed() {
        let mut queue = Queue::new();
        queue.push(key(10, 5), ());
        queue.push(key(10, 5), ());
        queue.pop();
    }

    #[test]
    #[should_panic(expected = "more than 1000000 events of one entity at one instant: class 1, entity 5")]
    fn a_clock_that_stands_still_is_noticed() {
        let mut queue = Queue::new();
        queue.push(key(10, 5), ());
        while queue.pop().is_some() {
            queue.push(key(10, 5), ());
        }
    }

    #[test]
    fn looking_does_not_move_the_clock() {
        let day = 86_400_000_000_000;
        let mut queue = Queue::new();
        queue.push(key(day, 0), ());
        assert_eq!(queue.peek_key(), Some(key(day, 0)));
        assert_eq!(queue.pop_until(SimTime::from_nanos(day - 1)), None);
        assert_eq!(queue.now(), SimTime::ZERO);
        queue.push(key(1, 0), ());
        assert_eq!(drain(&mut queue), [(key(1, 0), ()), (key(day, 0), ())]);
    }

    #[test]
    fn a_handle_names_its_event_only() {
        let mut queue = Queue::new();
        let first = queue.push(key(1, 0), "first");
        assert_eq!(queue.cancel(first), Some("first"));
        assert_eq!(queue.cancel(first), None);
        let second = queue.push(key(1, 0), "second");
        assert_eq!(queue.cancel(first), None);
        assert_eq!(queue.pop(), Some((key(1, 0), "second")));
        assert_eq!(queue.cancel(second), None);
        assert!(queue.is_empty());
    }

    #[test]
    fn timers_set_and_cancelled_leave_nothing_behind() {
        let mut queue = Queue::new();
        queue.push(key(i64::MAX, 0), ());
        for n in 0..100_000 {
            let timeout = queue.push(key(1_000_000 + n, 1), ());
            assert_eq!(queue.cancel(timeout), Some(()));
        }
        assert_eq!(queue.len(), 1);
        assert!(queue.wheel.len() <= CANCELLED_AT_LEAST + 2);
        assert_eq!(queue.events.len(), 2);
        assert_eq!(drain(&mut queue), [(key(i64::MAX, 0), ())]);
    }

    #[test]
    fn times_before_the_start() {
        let mut queue = Queue::starting_at(SimTime::from_nanos(i64::MIN));
        for nanos in [0, -1, 1, i64::MIN, i64::MAX] {
            queue.push(key(nanos, 0), ());
        }
        let times: Vec<i64> = drain(&mut queue).iter().map(|(key, ())| key.time().as_nanos()).collect();
        assert_eq!(times, [i64::MIN, -1, 0, 1, i64::MAX]);
    }

    /// What a driver may do.
    #[derive(Clone, Debug)]
    enum Operation {
        Push { after: i64, entity: u32 },
        Pop,
        PopUntil { after: i64 },
        Cancel { nth: usize },
        Peek,
        Fork,
        SaveAndLoad,
    }

    fn operation() -> impl Strategy<Value = Operation> {
        let span = prop_oneof![
            4 => Just(0_i64),
            4 => 0..4_i64,
            4 => 0..5_000_i64,
            4 => 0..100_000_000_000_i64,
            1 => 0..i64::MAX / 1_000,
        ];
        prop_oneof![
            8 => (span.clone(), 0..4_u32).prop_map(|(after, entity)| Operation::Push { after, entity }),
            6 => Just(Operation::Pop),
            2 => span.prop_map(|after| Operation::PopUntil { after }),
            3 => any::<usize>().prop_map(|nth| Operation::Cancel { nth }),
            1 => Just(Operation::Peek),
            1 => Just(Operation::Fork),
            1 => Just(Operation::SaveAndLoad),
        ]
    }

    /// The same, on a binary heap; what was cancelled is passed over when it comes up.
    #[derive(Default)]
    struct Reference {
        now: i64,
        heap: BinaryHeap<Reverse<Key>>,
        pending: BTreeMap<Key, (Handle, u64)>,
    }

    impl Reference {
        fn push(&mut self, key: Key, event: u64, push: impl FnOnce() -> Handle) {
            if let Entry::Vacant(free) = self.pending.entry(key) {
                free.insert((push(), event));
                self.heap.push(Reverse(key));
            }
        }
        fn peek(&mut self) -> Option<Key> {
            while self.heap.peek().is_some_and(|Reverse(key)| !self.pending.contains_key(key)) {
                self.heap.pop();
            }
            self.heap.peek().map(|Reverse(key)| *key)
        }
        fn pop_until(&mut self, limit: SimTime) -> Option<(Key, u64)> {
            let key = self.peek().filter(|key| key.time() <= limit)?;
            self.heap.pop();
            let (_, event) = self.pending.remove(&key)?;
            self.now = key.time().as_nanos();
            Some((key, event))
        }
    }

    fn apply(operation: &Operation, n: u64, queue: &mut Queue<u64>, reference: &mut Reference) {
        let later = |after: i64| SimTime::from_nanos(reference.now.saturating_add(after));
        match *operation {
            Operation::Push { after, entity } => {
                let key = Key::new(later(after), 1, entity, 0);
                reference.push(key, n, || queue.push(key, n));
            }
            Operation::Pop => assert_eq!(queue.pop(), reference.pop_until(SimTime::MAX)),
            Operation::PopUntil { after } => {
                let limit = later(after);
                assert_eq!(queue.pop_until(limit), reference.pop_until(limit));
            }
            Operation::Cancel { nth } => {
                let nth = nth.checked_rem(reference.pending.len()).unwrap_or(0);
                let chosen = reference.pending.iter().nth(nth).map(|(key, (handle, _))| (*key, *handle));
                if let Some((key, handle)) = chosen {
                    let event = reference.pending.remove(&key).map(|(_, event)| event);
                    assert_eq!(queue.cancel(handle), event);
                    assert_eq!(queue.cancel(handle), None);
                }
            }
            Operation::Peek => assert_eq!(queue.peek_key(), reference.peek()),
            Operation::Fork => *queue = queue.clone(),
            Operation::SaveAndLoad => {
                let saved = postcard::to_stdvec(queue).unwrap();
                *queue = postcard::from_bytes(&saved).unwrap();
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn pops_what_a_heap_pops(operations in prop::collection::vec(operation(), 0..300)) {
            let (mut queue, mut reference) = (Queue::new(), Reference::default());
            for (operation, n) in operations.iter().zip(0..) {
                apply(operation, n, &mut queue, &mut reference);
                prop_assert_eq!(queue.len(), reference.pending.len());
                prop_assert_eq!(queue.wheel.len(), queue.pending + queue.cancelled);
                prop_assert_eq!(queue.now().as_nanos(), reference.now);
            }
            while let Some(expect) = reference.pop_until(SimTime::MAX) {
                prop_assert_eq!(queue.pop(), Some(expect));
            }
            prop_assert_eq!(queue.pop(), None);
            prop_assert_eq!(queue.cancelled, 0);
        }
    }
}
