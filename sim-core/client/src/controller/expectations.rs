//! Expectations: what a controller has asked for and not yet seen in its cache.
//!
//! Source: `pkg/controller/controller_utils.go`, v1.36.2 (controllers.md 1.6).

use api::ObjectKey;
use std::collections::{BTreeMap, BTreeSet};
use units::{SimDuration, SimTime};

/// After so long an expectation counts as met (`ExpectationsTimeout`).
const TIMEOUT: SimDuration = SimDuration::from_secs(300);

/// Creations and deletions that are on their way, per key. Deletions are counted, or tracked by pod.
#[derive(Clone, Debug, Default)]
pub struct Expectations<K: Ord> {
    expected: BTreeMap<K, Expected>,
}

#[derive(Clone, Debug)]
struct Expected {
    creations: i64,
    deletions: i64,
    /// The pods whose deletion is expected, if they are tracked.
    pods: BTreeSet<ObjectKey>,
    since: SimTime,
}

impl<K: Ord + Clone> Expectations<K> {
    /// Replaces a key's record by so many creations and deletions.
    pub fn set(&mut self, key: &K, creations: usize, deletions: usize, now: SimTime) {
        self.put(key, creations, deletions, BTreeSet::new(), now);
    }
    /// Replaces a key's record by so many creations.
    pub fn expect_creations(&mut self, key: &K, creations: usize, now: SimTime) {
        self.set(key, creations, 0, now);
    }
    /// Replaces a key's record by so many deletions.
    pub fn expect_deletions(&mut self, key: &K, deletions: usize, now: SimTime) {
        self.set(key, 0, deletions, now);
    }
    /// Replaces a key's record by the deletions of these pods.
    pub fn expect_deletions_of(&mut self, key: &K, pods: BTreeSet<ObjectKey>, now: SimTime) {
        self.put(key, 0, pods.len(), pods, now);
    }
    fn put(
        &mut self,
        key: &K,
        creations: usize,
        deletions: usize,
        pods: BTreeSet<ObjectKey>,
        since: SimTime,
    ) {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let (creations, deletions) = (count(creations), count(deletions));
        self.expected.insert(key.clone(), Expected { creations, deletions, pods, since });
    }

    /// Adds to a key's record.
    pub fn raise(&mut self, key: &K, creations: i64, deletions: i64) {
        if let Some(expected) = self.expected.get_mut(key) {
            expected.creations += creations;
            expected.deletions += deletions;
        }
    }
    /// A creation was seen, or failed, or was never tried.
    pub fn creation_observed(&mut self, key: &K) {
        self.raise(key, -1, 0);
    }
    /// A deletion was seen, or failed; counted plainly.
    pub fn deletion_observed(&mut self, key: &K) {
        self.raise(key, 0, -1);
    }
    /// The deletion of a tracked pod was seen, or failed; the second time does not count.
    pub fn deletion_of_observed(&mut self, key: &K, pod: &ObjectKey) {
        if let Some(expected) = self.expected.get_mut(key)
            && expected.pods.remove(pod)
        {
            expected.deletions -= 1;
        }
    }

    /// Whether a key may act: nothing is expected, everything was seen, or it has waited for too long.
    pub fn satisfied(&self, key: &K, now: SimTime) -> bool {
        self.expected.get(key).is_none_or(|expected| {
            (expected.creations <= 0 && expected.deletions <= 0) || now - expected.since > TIMEOUT
        })
    }
    /// Drops a key's record.
    pub fn forget(&mut self, key: &K) {
        self.expected.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SimTime = SimTime::ZERO;

    #[test]
    fn creations_and_deletions_must_be_seen() {
        let mut expectations = Expectations::default();
        assert!(expectations.satisfied(&"web", NOW));
        expectations.expect_creations(&"web", 2, NOW);
        expectations.creation_observed(&"web");
        assert!(!expectations.satisfied(&"web", NOW));
        expectations.creation_observed(&"web");
        assert!(expectations.satisfied(&"web", NOW));
        expectations.expect_deletions(&"web", 1, NOW);
        expectations.creation_observed(&"web");
        assert!(!expectations.satisfied(&"web", NOW));
        expectations.deletion_observed(&"web");
        assert!(expectations.satisfied(&"web", NOW));
    }

    #[test]
    fn a_tracked_pod_counts_once() {
        let pod = |name: &str| ObjectKey::new("default", name);
        let mut expectations = Expectations::default();
        expectations.expect_deletions_of(&"web", [pod("a"), pod("b")].into(), NOW);
        for name in ["a", "a", "x"] {
            expectations.deletion_of_observed(&"web", &pod(name));
        }
        assert!(!expectations.satisfied(&"web", NOW));
        expectations.deletion_of_observed(&"web", &pod("b"));
        assert!(expectations.satisfied(&"web", NOW));
    }

    #[test]
    fn after_five_minutes_nobody_waits_any_more() {
        let mut expectations = Expectations::default();
        expectations.set(&"web", 3, 0, NOW);
        assert!(!expectations.satisfied(&"web", SimTime::from_secs(300)));
        assert!(expectations.satisfied(&"web", SimTime::from_millis(300_001)));
        expectations.set(&"web", 3, 0, NOW);
        expectations.forget(&"web");
        assert!(expectations.satisfied(&"web", NOW));
    }

    #[test]
    fn a_new_record_replaces_the_old_one() {
        let mut expectations = Expectations::default();
        expectations.expect_creations(&"web", 5, NOW);
        expectations.expect_creations(&"web", 1, NOW);
        expectations.creation_observed(&"web");
        assert!(expectations.satisfied(&"web", NOW));
    }
}
