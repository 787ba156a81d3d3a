//! How long a pod waits after a failure (scheduler.md 6.4).
//!
//! Source: `pkg/scheduler/backend/queue/backoff_queue.go`, v1.36.2.

use units::{Clock, SimDuration, SimTime, Timestamp};

/// `podInitialBackoffSeconds`
const INITIAL: SimDuration = SimDuration::from_secs(1);
/// `podMaxBackoffSeconds`
const MAX: SimDuration = SimDuration::from_secs(10);

/// A moment and the wall clock that backoffs are aligned to.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time.
    pub time: SimTime,
    /// The wall clock.
    pub clock: Clock,
}

impl Moment {
    /// The second of the wall clock, cut off.
    pub fn second(self) -> i64 {
        self.clock.timestamp(self.time).0
    }
}

/// 1 s after the first failure, twice as long after each further one, at most 10 s; 0 without failures.
fn backoff(failures: u32) -> SimDuration {
    let Some(doublings) = failures.checked_sub(1) else { return SimDuration::ZERO };
    let longest_before = MAX.as_nanos().checked_shr(doublings).unwrap_or(0);
    if INITIAL.as_nanos() > longest_before {
        return MAX;
    }
    SimDuration::from_nanos(INITIAL.as_nanos() << doublings)
}

/// The last second of the wall clock at which the pod is still backing off.
pub fn expiry(failed: SimTime, failures: u32, clock: Clock) -> i64 {
    match backoff(failures) {
        // Nothing to wait for.
        SimDuration::ZERO => i64::MIN,
        span => clock.timestamp(failed + span).0,
    }
}

/// The moment at which a second of the wall clock begins.
pub fn second_after(clock: Clock, second: i64) -> SimTime {
    clock.instant(Timestamp(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubling_up_to_ten_seconds() {
        for (failures, seconds) in
            [(0, 0), (1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (6, 10), (100, 10), (u32::MAX, 10)]
        {
            assert_eq!(backoff(failures), SimDuration::from_secs(seconds), "{failures}");
        }
    }
}
