//! Indexes over the informers' caches that several controllers share, kept as objects change.
//!
//! Source: the pod informer's `controllerUID` and `orphanPod` indexes of `pkg/controller/controller_utils.go`, v1.36.2.
//! The counts per owner are what this simulator adds, so that a sync costs what changed and not the number of replicas.

use api::apps::ReplicaSet;
use api::pod::Pod;
use api::{Kind, Name, ObjectKey, StringMap, Uid};
use client::Change;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use units::Timestamp;

/// Objects by their controller, and those without one by their namespace. Within each, by name.
#[derive(Clone, Debug)]
pub struct ByController<T> {
    owned: BTreeMap<Uid, BTreeMap<Name, Arc<T>>>,
    orphans: BTreeMap<Name, BTreeMap<Name, Arc<T>>>,
}

impl<T> Default for ByController<T> {
    fn default() -> Self {
        Self { owned: BTreeMap::new(), orphans: BTreeMap::new() }
    }
}

impl<T> ByController<T> {
    /// What a controller owns, by name.
    pub fn owned(&self, controller: Uid) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.owned.get(&controller).into_iter().flat_map(BTreeMap::values)
    }
    /// What nobody owns in a namespace, by name.
    pub fn orphans(&self, namespace: &str) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.orphans.get(namespace).into_iter().flat_map(BTreeMap::values)
    }

    fn home(&mut self, meta: &api::ObjectMeta) -> &mut BTreeMap<Name, Arc<T>> {
        match meta.controller() {
            Some(owner) => self.owned.entry(owner.uid).or_default(),
            None => self.orphans.entry(meta.namespace.clone()).or_default(),
        }
    }
    fn put(&mut self, meta: &api::ObjectMeta, object: Arc<T>) -> Option<Arc<T>> {
        self.home(meta).insert(meta.name.clone(), object)
    }
    fn remove(&mut self, meta: &api::ObjectMeta) -> Option<Arc<T>> {
        let home = self.home(meta);
        let removed = home.remove(&meta.name);
        if home.is_empty() {
            match meta.controller() {
                Some(owner) => drop(self.owned.remove(&owner.uid)),
                None => drop(self.orphans.remove(&meta.namespace)),
            }
        }
        removed
    }
}

/// Counts over a set of pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodCounts {
    /// Active pods by their labels.
    pub active: BTreeMap<StringMap, u32>,
    /// Ready ones of them, by the moment at which they turned Ready.
    pub ready_since: BTreeMap<Timestamp, u32>,
    /// Pods being deleted that have not ended, by their labels.
    pub terminating: BTreeMap<StringMap, u32>,
}

fn change<K: Ord + Clone>(counts: &mut BTreeMap<K, u32>, key: &K, add: bool) {
    if add {
        *counts.entry(key.clone()).or_default() += 1;
    } else if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl PodCounts {
    /// Counts a pod.
    pub fn add(&mut self, pod: &Pod) {
        self.change(pod, true);
    }
    fn change(&mut self, pod: &Pod, add: bool) {
        if pod.is_terminating() {
            change(&mut self.terminating, &pod.meta.labels, add);
        }
        if !pod.is_active() {
            return;
        }
        change(&mut self.active, &pod.meta.labels, add);
        if let Some(ready) = pod.ready_condition().filter(|_| pod.is_ready()) {
            change(&mut self.ready_since, &ready.last_transition.unwrap_or_default(), add);
        }
    }
}

/// The shared indexes.
#[derive(Clone, Debug, Default)]
pub struct Indexer {
    reached: BTreeMap<Kind, u64>,
    pods: ByController<Pod>,
    counts: BTreeMap<Uid, PodCounts>,
    on_node: BTreeMap<Name, BTreeSet<ObjectKey>>,
    replica_sets: ByController<ReplicaSet>,
}

impl Indexer {
    /// Takes a change over.
    pub fn on_change(&mut self, change: &Change) {
        let reached = self.reached.entry(change.object_kind()).or_default();
        *reached = (*reached).max(change.meta().resource_version);
        match change.object_kind() {
            Kind::Pod => {
                if let Some(old) = change.old.as_ref().and_then(|o| o.as_pod()) {
                    self.remove_pod(old);
                }
                if let Some(pod) = change.current().and_then(|o| o.as_pod()) {
                    self.add_pod(pod);
                }
            }
            Kind::ReplicaSet => {
                if let Some(old) = change.old.as_ref().and_then(|o| o.as_replica_set()) {
                    self.replica_sets.remove(&old.meta);
                }
                if let Some(set) = change.current().and_then(|o| o.as_replica_set()) {
                    self.replica_sets.put(&set.meta, Arc::clone(set));
                }
            }
            _ => {}
        }
    }

    fn add_pod(&mut self, pod: &Arc<Pod>) {
        // A pod that is delivered twice is counted once.
        self.remove_pod(pod);
        self.pods.put(&pod.meta, Arc::clone(pod));
        if let Some(owner) = pod.meta.controller() {
            self.counts.entry(owner.uid).or_default().add(pod);
        }
        if pod.is_bound() {
            self.on_node.entry(pod.node_name.clone()).or_default().insert(pod.meta.key());
        }
    }

    fn remove_pod(&mut self, pod: &Pod) {
        let Some(known) = self.pods.remove(&pod.meta) else { return };
        if let Some(owner) = known.meta.controller()
            && let Some(counts) = self.counts.get_mut(&owner.uid)
        {
            counts.change(&known, false);
            if *counts == PodCounts::default() && self.pods.owned(owner.uid).next().is_none() {
                self.counts.remove(&owner.uid);
            }
        }
        if let Some(on_node) = self.on_node.get_mut(&known.node_name) {
            on_node.remove(&known.meta.key());
            if on_node.is_empty() {
                self.on_node.remove(&known.node_name);
            }
        }
    }

    /// The resourceVersion that the cache of a kind has reached.
    pub fn reached(&self, kind: Kind) -> u64 {
        self.reached.get(&kind).copied().unwrap_or_default()
    }
    /// Pods by controller.
    pub fn pods(&self) -> &ByController<Pod> {
        &self.pods
    }
    /// Counts over a controller's pods.
    pub fn counts(&self, controller: Uid) -> Option<&PodCounts> {
        self.counts.get(&controller)
    }
    /// Keys of the pods that are bound to a node, in their order.
    pub fn pods_on(&self, node: &str) -> impl Iterator<Item = &ObjectKey> {
        self.on_node.get(node).into_iter().flatten()
    }
    /// ReplicaSets by controller.
    pub fn replica_sets(&self) -> &ByController<ReplicaSet> {
        &self.replica_sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{pod, ready};
    use api::{Object, OwnerReference};
    use journal::ChangeType;
    use proptest::prelude::*;

    fn change_of(kind: ChangeType, old: Option<Arc<Pod>>, new: Arc<Pod>) -> Change {
        Change {
            kind,
            old: old.map(Object::Pod),
            object: Object::Pod(new),
            record: None,
            serial: 0,
            version: 0,
        }
    }

    proptest! {
        /// Whatever happens to pods, the counts are those that a scan finds.
        #[test]
        fn counts_equal_a_scan(steps in prop::collection::vec((0_usize..4, 0_u8..6, 0_u128..3), 1..60)) {
            let mut indexer = Indexer::default();
            let mut pods: BTreeMap<String, Arc<Pod>> = BTreeMap::new();
            for (at, (name, what, owner)) in steps.into_iter().enumerate() {
                let name = format!("p{name}");
                let old = pods.remove(&name);
                if let (0, Some(old)) = (what, &old) {
                    indexer.on_change(&change_of(ChangeType::Deleted, Some(old.clone()), old.clone()));
                    continue;
                }
                let mut new = pod(&name);
                if owner > 0 {
                    let owner = OwnerReference::controller(Kind::ReplicaSet, &"web".into(), Uid(owner));
                    new.meta.owners = vec![owner].into();
                }
                match what {
                    1 => new.status.phase = api::pod::Phase::Failed,
                    2 => ready(&mut new, Timestamp(i64::try_from(at).unwrap_or_default())),
                    3 => new.meta.deletion = Some(api::meta::Deletion { timestamp: Timestamp(9), grace_seconds: None }),
                    4 => new.node_name = "n".into(),
                    _ => {}
                }
                let new = Arc::new(new);
                let kind = if old.is_some() { ChangeType::Modified } else { ChangeType::Added };
                indexer.on_change(&change_of(kind, old, new.clone()));
                pods.insert(name, new);
            }
            for uid in [Uid(1), Uid(2)] {
                let mut scanned = PodCounts::default();
                let of = |p: &&Arc<Pod>| p.meta.controller().is_some_and(|o| o.uid == uid);
                pods.values().filter(of).for_each(|p| scanned.add(p));
                prop_assert_eq!(indexer.counts(uid).cloned().unwrap_or_default(), scanned);
                prop_assert_eq!(indexer.pods().owned(uid).count(), pods.values().filter(of).count());
            }
            let bound = pods.values().filter(|p| p.is_bound()).count();
            prop_assert_eq!(indexer.pods_on("n").count(), bound);
            let orphans = pods.values().filter(|p| p.meta.owners.is_empty()).count();
            prop_assert_eq!(indexer.pods().orphans("default").count(), orphans);
        }
    }
}
