//! When a key that failed comes again.
//!
//! Source: `staging/src/k8s.io/client-go/util/workqueue/default_rate_limiters.go` and each controller's constructor,
//! v1.36.2 (controllers.md 1.2).

use crate::TokenBucket;
use std::collections::BTreeMap;
use units::{SimDuration, SimTime};

/// How long a key waits after its n-th failure: the longer of an exponential term and a shared bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limiter {
    /// After the first failure.
    pub base: SimDuration,
    /// At most.
    pub cap: SimDuration,
    /// Tokens a second and burst of the bucket that all keys share; `None` = no bucket.
    pub bucket: Option<(i64, i64)>,
}

impl Limiter {
    /// `DefaultTypedControllerRateLimiter`: 5 ms · 2ⁿ up to 1000 s, and 10 a second with a burst of 100.
    pub const DEFAULT: Self = Self::exponential(5, 1_000_000);
    /// The service queue of the EndpointSlice controller.
    pub const ENDPOINT_SLICE: Self = Self::exponential(1_000, 1_000_000);
    /// The EndpointSlice mirroring controller.
    pub const ENDPOINT_SLICE_MIRRORING: Self = Self::exponential(1_000, 100_000);
    /// The Job controller: no bucket.
    pub const JOB: Self = Self { bucket: None, ..Self::exponential(1_000, 60_000) };
    /// The namespace controller.
    pub const NAMESPACE: Self = Self::exponential(5, 60_000);
    /// The service (load balancer) controller and its node queue: no bucket.
    pub const SERVICE: Self = Self { bucket: None, ..Self::exponential(5_000, 300_000) };
    /// The horizontal pod autoscaler: the same time after each run.
    pub const HPA: Self = Self { bucket: None, ..Self::exponential(15_000, 15_000) };

    /// Exponential between two numbers of milliseconds, with the default bucket.
    pub const fn exponential(base_millis: i64, cap_millis: i64) -> Self {
        Self {
            base: SimDuration::from_millis(base_millis),
            cap: SimDuration::from_millis(cap_millis),
            bucket: Some((10, 100)),
        }
    }

    fn after(&self, failures: u32) -> SimDuration {
        let factor = 1_i64.checked_shl(failures.min(62)).unwrap_or(i64::MAX);
        self.base.times(factor).min(self.cap)
    }
}

/// A queue of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueConfig {
    /// How many keys are synced at once (controllers.md 1.4).
    pub workers: usize,
    /// When a failed key comes again.
    pub limiter: Limiter,
    /// After so many retries a key is dropped until its next event; `None` = never.
    pub retries: Option<u32>,
}

impl QueueConfig {
    /// A queue with the default limiter that never gives up.
    pub const fn new(workers: usize) -> Self {
        Self { workers, limiter: Limiter::DEFAULT, retries: None }
    }
    /// The same with another limiter.
    pub const fn limited_by(self, limiter: Limiter) -> Self {
        Self { limiter, ..self }
    }
    /// The same, giving up after so many retries.
    pub const fn giving_up_after(self, retries: u32) -> Self {
        Self { retries: Some(retries), ..self }
    }
}

/// The failures of a queue's keys.
#[derive(Clone, Debug)]
pub struct RateLimiter<K> {
    limiter: Limiter,
    failures: BTreeMap<K, u32>,
    bucket: Option<TokenBucket>,
}

impl<K: Ord + Clone> RateLimiter<K> {
    /// A limiter without failures.
    pub fn new(limiter: Limiter) -> Self {
        let bucket = limiter.bucket.map(|(qps, burst)| TokenBucket::per_second(qps, burst));
        Self { limiter, failures: BTreeMap::new(), bucket }
    }
    /// Counts a failure of a key and says after which time it comes again. Takes a token in any case.
    pub fn when(&mut self, key: &K, now: SimTime) -> SimDuration {
        let failures = self.failures.entry(key.clone()).or_default();
        let exponential = self.limiter.after(*failures);
        *failures = failures.saturating_add(1);
        let wait = self.bucket.as_mut().map_or(SimDuration::ZERO, |bucket| bucket.reserve(now) - now);
        exponential.at_least(wait)
    }
    /// How often a key has failed.
    pub fn failures(&self, key: &K) -> u32 {
        self.failures.get(key).copied().unwrap_or_default()
    }
    /// Forgets a key's failures.
    pub fn forget(&mut self, key: &K) {
        self.failures.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(limiter: Limiter, apart: SimDuration, n: i64) -> Vec<i64> {
        let mut limiter = RateLimiter::new(limiter);
        (0..n).map(|i| limiter.when(&(), SimTime::ZERO + apart.times(i)).as_millis()).collect()
    }

    #[test]
    fn delays_double_up_to_the_cap() {
        let check = |limiter, expect: &[i64]| {
            let n = i64::try_from(expect.len()).unwrap();
            assert_eq!(delays(limiter, SimDuration::from_secs(2000), n), expect);
        };
        let default = [
            5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240, 20_480, 40_960, 81_920, 163_840,
            327_680, 655_360, 1_000_000, 1_000_000,
        ];
        check(Limiter::DEFAULT, &default);
        check(Limiter::JOB, &[1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
        check(Limiter::ENDPOINT_SLICE, &[1000, 2000, 4000]);
        check(Limiter::SERVICE, &[5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
        check(Limiter::HPA, &[15_000, 15_000, 15_000]);
        assert_eq!(Limiter::NAMESPACE.after(400), SimDuration::from_secs(60));
    }

    #[test]
    fn the_shared_bucket_slows_many_keys_down() {
        let mut limiter = RateLimiter::new(Limiter::DEFAULT);
        let delays: Vec<i64> = (0..103).map(|key| limiter.when(&key, SimTime::ZERO).as_millis()).collect();
        assert_eq!(delays[99], 5);
        assert_eq!(delays[100..], [100, 200, 300]);
    }

    #[test]
    fn success_forgets() {
        let mut limiter = RateLimiter::new(Limiter::DEFAULT);
        for _ in 0..4 {
            limiter.when(&"a", SimTime::ZERO);
        }
        limiter.forget(&"a");
        assert_eq!(limiter.failures(&"a"), 0);
        assert_eq!(limiter.when(&"a", SimTime::ZERO).as_millis(), 5);
    }
}
