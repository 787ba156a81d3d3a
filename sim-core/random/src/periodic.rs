//! The instants of a periodic loop, each computable without those before it (architecture.md "Determinism").
//!
//! DIFFERENCE: a real loop that waits a jittered period *after* each round slides: its phase is a random walk. Here the
//! k-th round lies within one bounded draw of `start + k × mean`. Who averages over many rounds sees the same rate;
//! who compares the gaps of successive rounds sees them vary by up to one draw in both directions.

use crate::Stream;
use serde::{Deserialize, Serialize};
use units::{SimDuration, SimTime};

/// A loop: its k-th instant is `start + k × mean + U × jitter`. Strictly increasing, as the draw stays below the mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Periodic {
    /// Whose luck the draws are.
    pub stream: Stream,
    /// Where round 0 would be without its draw.
    pub start: SimTime,
    /// From one round to the next, on average; at least a nanosecond.
    pub mean: SimDuration,
    /// What a draw stays below; no more than the mean counts, and what is not positive means none.
    pub jitter: SimDuration,
}

impl Periodic {
    /// The instant of round `k`; `SimTime::MAX` for rounds beyond the end of time.
    pub fn at(&self, k: u64) -> SimTime {
        let bound = self.jitter.min(self.mean());
        let drawn = if bound > SimDuration::ZERO {
            self.stream.at(k).duration_below(bound)
        } else {
            SimDuration::ZERO
        };
        let nanos = i128::from(self.start.as_nanos())
            + i128::from(k) * i128::from(self.mean().as_nanos())
            + i128::from(drawn.as_nanos());
        SimTime::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// The first round after `t`, and its instant.
    pub fn next_after(&self, t: SimTime) -> (u64, SimTime) {
        let since = i128::from(t.as_nanos()) - i128::from(self.start.as_nanos());
        if since < 0 {
            return (0, self.at(0));
        }
        // Round k lies in [start + k·mean, start + (k + 1)·mean): it is this one or the next.
        let k = u64::try_from(since / i128::from(self.mean().as_nanos())).unwrap_or(u64::MAX);
        match self.at(k) {
            at if at > t => (k, at),
            _ => (k.saturating_add(1), self.at(k.saturating_add(1))),
        }
    }

    fn mean(&self) -> SimDuration {
        self.mean.at_least(SimDuration::from_nanos(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use proptest::prelude::*;

    fn periodic(start: i64, mean: i64, jitter: i64) -> Periodic {
        Periodic {
            stream: Seed(3).stream("loop", "node-1"),
            start: SimTime::from_nanos(start),
            mean: SimDuration::from_nanos(mean),
            jitter: SimDuration::from_nanos(jitter),
        }
    }

    #[test]
    fn without_jitter_it_is_a_grid() {
        let grid = periodic(5, 10, 0);
        assert_eq!((0..3).map(|k| grid.at(k).as_nanos()).collect::<Vec<_>>(), [5, 15, 25]);
        let check = |t: i64, k: u64, at: i64| {
            assert_eq!(grid.next_after(SimTime::from_nanos(t)), (k, SimTime::from_nanos(at)), "{t}");
        };
        check(-100, 0, 5);
        check(4, 0, 5);
        check(5, 1, 15);
        check(14, 1, 15);
        check(15, 2, 25);
    }

    #[test]
    fn the_draws_differ_and_stay_in_their_bounds() {
        let jittered = periodic(0, 1000, 300);
        let draws: Vec<i64> = (0..100).map(|k| jittered.at(k).as_nanos() % 1000).collect();
        assert!(draws.iter().all(|d| *d < 300));
        assert!(draws.iter().max().unwrap() - draws.iter().min().unwrap() > 200);
    }

    #[test]
    fn the_end_of_time_and_senseless_periods() {
        assert_eq!(periodic(0, i64::MAX, 0).at(2), SimTime::MAX);
        assert_eq!(periodic(0, 0, -7).at(3), SimTime::from_nanos(3));
        assert_eq!(periodic(i64::MIN, 1, 5).next_after(SimTime::MAX).1, SimTime::MAX);
    }

    proptest! {
        #[test]
        fn strictly_increasing(start in -1000_i64..1000, mean in 1_i64..50, jitter in 0_i64..100, k in 0_u64..1_000_000) {
            let periodic = periodic(start, mean, jitter);
            prop_assert!(periodic.at(k) < periodic.at(k + 1));
        }

        #[test]
        fn next_after_is_the_first_after(start in -1000_i64..1000, mean in 1_i64..50, jitter in 0_i64..100, t in -2000_i64..2000) {
            let periodic = periodic(start, mean, jitter);
            let t = SimTime::from_nanos(t);
            let first = (0..).find(|k| periodic.at(*k) > t).unwrap();
            prop_assert_eq!(periodic.next_after(t), (first, periodic.at(first)));
        }
    }
}
