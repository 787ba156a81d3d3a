//! The guard against a clock that no longer moves.

use crate::Key;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use units::SimTime;

/// More events than this of one entity at one instant are a loop.
const MOST: u32 = 1_000_000;
/// The first events of an instant are not counted by entity: nearly every instant has fewer.
const UNCOUNTED: u32 = 4_096;

/// Counts the events of the present instant.
///
/// It never accuses an entity that has had no more than [`MOST`]; it may notice up to [`UNCOUNTED`] events late.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Guard {
    instant: SimTime,
    events: u32,
    /// By class and entity.
    counts: BTreeMap<u64, u32>,
}

impl Guard {
    /// Counts an event that is about to be handed out.
    ///
    /// # Panics
    /// If its entity goes round in a loop: a bug, or two components that answer each other at once.
    pub(crate) fn count(&mut self, key: Key) {
        if key.time() != self.instant {
            self.instant = key.time();
            self.events = 0;
            self.counts.clear();
        }
        self.events = self.events.saturating_add(1);
        if self.events > UNCOUNTED {
            self.count_by_entity(key);
        }
    }

    #[cold]
    fn count_by_entity(&mut self, key: Key) {
        let count = self.counts.entry(key.owner()).or_insert(0);
        *count += 1;
        assert!(*count <= MOST, "more than {MOST} events of one entity at one instant: {key}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(nanos: i64, entity: u32, timer: u32) -> Key {
        Key::new(SimTime::from_nanos(nanos), 2, entity, timer)
    }

    #[test]
    #[should_panic(expected = "more than 1000000 events of one entity at one instant: class 2, entity 5,")]
    fn names_the_entity_that_loops() {
        let mut guard = Guard::default();
        for timer in 0..MOST + UNCOUNTED {
            guard.count(key(3, 4, timer));
            guard.count(key(3, 5, timer));
            guard.count(key(3, 5, timer));
        }
    }

    #[test]
    fn many_entities_and_many_instants_are_no_loop() {
        let mut guard = Guard::default();
        for n in 0..MOST + 2 * UNCOUNTED {
            guard.count(key(0, n, 0));
        }
        for n in 0..MOST {
            guard.count(key(1, 5, n));
        }
        for n in 0..MOST {
            guard.count(key(2, 5, n));
        }
    }
}
