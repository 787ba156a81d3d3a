//! The guard against caches that have not yet seen a controller's own writes.
//!
//! Source: `pkg/controller/util/consistency/`, gates `StaleControllerConsistency…`, v1.36.2 (controllers.md 1.6).

use api::Kind;
use std::collections::BTreeMap;

/// The highest resourceVersion of the own writes per key and kind.
#[derive(Clone, Debug, Default)]
pub struct ReadYourWrites<K: Ord> {
    written: BTreeMap<K, BTreeMap<Kind, u64>>,
}

impl<K: Ord + Clone> ReadYourWrites<K> {
    /// A write for a key returned an object of this kind and version.
    pub fn wrote(&mut self, key: &K, kind: Kind, resource_version: u64) {
        let highest = self.written.entry(key.clone()).or_default().entry(kind).or_default();
        *highest = (*highest).max(resource_version);
    }
    /// Whether the caches have reached all own writes of a key; its record is then dropped.
    pub fn caught_up(&mut self, key: &K, reached: impl Fn(Kind) -> u64) -> bool {
        let Some(written) = self.written.get(key) else { return true };
        let caught_up = written.iter().all(|(kind, version)| reached(*kind) >= *version);
        if caught_up {
            self.written.remove(key);
        }
        caught_up
    }
    /// Drops a key's record.
    pub fn forget(&mut self, key: &K) {
        self.written.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_must_be_reached() {
        let mut guard = ReadYourWrites::default();
        guard.wrote(&"web", Kind::Pod, 7);
        guard.wrote(&"web", Kind::Pod, 5);
        guard.wrote(&"web", Kind::ReplicaSet, 8);
        let reached = |pod, set| move |kind| if kind == Kind::Pod { pod } else { set };
        assert!(!guard.caught_up(&"web", reached(6, 8)));
        assert!(!guard.caught_up(&"web", reached(9, 7)));
        assert!(guard.caught_up(&"api", reached(0, 0)));
        assert!(guard.caught_up(&"web", reached(7, 8)));
        assert!(guard.caught_up(&"web", reached(0, 0)), "the record is dropped once it was reached");
    }
}
