//! Token buckets: client-side request limits and the spam filter of events.
//!
//! Source: `golang.org/x/time/rate` as `staging/src/k8s.io/client-go/util/flowcontrol/throttle.go` uses it, v1.36.2.

use serde::{Deserialize, Serialize};
use units::{SimDuration, SimTime};

/// A bucket that is full at the beginning and gains a token each `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenBucket {
    /// Time for one token.
    period: SimDuration,
    /// How many it holds.
    burst: i64,
    /// The moment at which it would have been empty if all its tokens had come one by one: the present level is
    /// (now − empty_at) ÷ period, at most `burst`.
    empty_at: Option<SimTime>,
}

impl TokenBucket {
    /// A bucket of `burst` tokens that gains one each `period`. A zero period means no limit.
    pub const fn new(period: SimDuration, burst: i64) -> Self {
        Self { period, burst, empty_at: None }
    }

    /// A bucket of `burst` tokens that gains `qps` a second.
    pub const fn per_second(qps: i64, burst: i64) -> Self {
        Self::new(SimDuration::from_nanos(1_000_000_000 / qps), burst)
    }

    /// Takes a token that may lie in the future, and says when it is there. Callers are served in order.
    pub fn reserve(&mut self, now: SimTime) -> SimTime {
        let taken_at = self.level_from(now) + self.period;
        self.empty_at = Some(taken_at);
        taken_at.max(now)
    }

    /// Takes a token if there is one now.
    pub fn try_take(&mut self, now: SimTime) -> bool {
        let taken_at = self.level_from(now) + self.period;
        let there = taken_at <= now;
        if there {
            self.empty_at = Some(taken_at);
        }
        there
    }

    fn level_from(&self, now: SimTime) -> SimTime {
        let full = now - self.period.times(self.burst);
        self.empty_at.map_or(full, |empty| empty.max(full))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_rest_is_paced() {
        let mut bucket = TokenBucket::per_second(20, 30);
        let now = SimTime::from_secs(100);
        let times: Vec<i64> = (0..33).map(|_| (bucket.reserve(now) - now).as_millis()).collect();
        assert!(times[..30].iter().all(|wait| *wait == 0));
        assert_eq!(times[30..], [50, 100, 150]);
    }

    #[test]
    fn an_idle_bucket_fills_up_to_its_burst_and_no_further() {
        let mut bucket = TokenBucket::new(SimDuration::from_secs(300), 2);
        let at = SimTime::from_secs;
        assert!(bucket.try_take(at(0)) && bucket.try_take(at(0)) && !bucket.try_take(at(299)));
        assert!(bucket.try_take(at(300)) && !bucket.try_take(at(300)));
        assert!(
            bucket.try_take(at(100_000)) && bucket.try_take(at(100_000)) && !bucket.try_take(at(100_000))
        );
    }
}
