//! The key that an event waits under.

use serde::{Deserialize, Serialize};
use std::fmt;
use units::SimTime;

const CLASS_BITS: u32 = 6;
const ENTITY_BITS: u32 = 27;
const TIMER_BITS: u32 = 31;

/// (time, class, entity, timer), in this order of comparison. Each part is a function of what the event is: its class
/// in the order of things at one instant, whose it is, which timer or message of its owner. 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    time: SimTime,
    /// Class, entity and timer, from the highest bit down.
    rest: u64,
}

impl Key {
    /// The largest class.
    pub const MAX_CLASS: u8 = (1 << CLASS_BITS) - 1;
    /// The largest entity.
    pub const MAX_ENTITY: u32 = (1 << ENTITY_BITS) - 1;
    /// The largest timer.
    pub const MAX_TIMER: u32 = (1 << TIMER_BITS) - 1;

    /// Packs the parts.
    ///
    /// # Panics
    /// If a part is beyond [`Key::MAX_CLASS`], [`Key::MAX_ENTITY`] or [`Key::MAX_TIMER`]: a bug of the caller.
    pub fn new(time: SimTime, class: u8, entity: u32, timer: u32) -> Self {
        let fits = class <= Self::MAX_CLASS && entity <= Self::MAX_ENTITY && timer <= Self::MAX_TIMER;
        assert!(
            fits,
            "a key does not fit: class {class}, entity {entity}, timer {timer} at {} ns",
            time.as_nanos()
        );
        let rest = u64::from(class) << (ENTITY_BITS + TIMER_BITS)
            | u64::from(entity) << TIMER_BITS
            | u64::from(timer);
        Self { time, rest }
    }

    pub(crate) const fn from_parts(time: SimTime, rest: u64) -> Self {
        Self { time, rest }
    }

    /// When it is due.
    pub const fn time(self) -> SimTime {
        self.time
    }

    /// Class, entity and timer in one number that orders as they do.
    pub const fn rest(self) -> u64 {
        self.rest
    }

    /// The class.
    #[allow(clippy::cast_possible_truncation)] // 6 bits are left
    pub const fn class(self) -> u8 {
        (self.rest >> (ENTITY_BITS + TIMER_BITS)) as u8
    }

    /// The entity.
    #[allow(clippy::cast_possible_truncation)] // masked
    pub const fn entity(self) -> u32 {
        (self.rest >> TIMER_BITS) as u32 & Self::MAX_ENTITY
    }

    /// The timer.
    #[allow(clippy::cast_possible_truncation)] // masked
    pub const fn timer(self) -> u32 {
        self.rest as u32 & Self::MAX_TIMER
    }

    /// Class and entity alone, for counting.
    pub(crate) const fn owner(self) -> u64 {
        self.rest >> TIMER_BITS
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.time.as_nanos();
        write!(f, "class {}, entity {}, timer {} at {nanos} ns", self.class(), self.entity(), self.timer())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_its_parts() {
        let key = Key::new(SimTime::from_millis(1), 3, 70_000, 9);
        assert_eq!(key.to_string(), "class 3, entity 70000, timer 9 at 1000000 ns");
    }

    #[test]
    #[should_panic(expected = "a key does not fit: class 1, entity 134217728, timer 2 at 0 ns")]
    fn an_overflow_is_named() {
        let _ = Key::new(SimTime::ZERO, 1, Key::MAX_ENTITY + 1, 2);
    }

    #[test]
    #[should_panic(expected = "class 64")]
    fn a_class_too_many_is_named() {
        let _ = Key::new(SimTime::ZERO, Key::MAX_CLASS + 1, 0, 0);
    }

    #[test]
    #[should_panic(expected = "timer 2147483648")]
    fn a_timer_too_many_is_named() {
        let _ = Key::new(SimTime::ZERO, 0, 0, Key::MAX_TIMER + 1);
    }

    fn parts() -> impl Strategy<Value = (i64, u8, u32, u32)> {
        let few = || prop_oneof![0..3_u32, Just(Key::MAX_ENTITY)];
        (-2..3_i64, 0..=Key::MAX_CLASS, few(), prop_oneof![few(), Just(Key::MAX_TIMER)])
    }

    proptest! {
        #[test]
        fn orders_as_its_parts_do(a in parts(), b in parts()) {
            let key = |p: (i64, u8, u32, u32)| Key::new(SimTime::from_nanos(p.0), p.1, p.2, p.3);
            prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
            let back = (key(a).time().as_nanos(), key(a).class(), key(a).entity(), key(a).timer());
            prop_assert_eq!(back, a);
        }
    }
}
