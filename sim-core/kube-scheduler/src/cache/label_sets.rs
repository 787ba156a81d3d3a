//! Where the pods with the same labels are: what a selector counts is the sum over the few label sets that it matches.

use super::NodeIx;
use crate::lookup::LookupMap;
use api::pod::Pod;
use api::{LabelSelector, Name, StringMap};
use std::collections::BTreeMap;

/// So many selectors are remembered per namespace; then all are forgotten.
const MEMORY: usize = 4096;

/// The pods of all namespaces by their labels, terminating ones left out.
#[derive(Clone, Debug, Default)]
pub struct LabelSets {
    namespaces: BTreeMap<Name, Namespace>,
}

#[derive(Clone, Debug, Default)]
struct Namespace {
    numbers: LookupMap<StringMap, u64>,
    sets: BTreeMap<u64, LabelSet>,
    next: u64,
    matching: LookupMap<LabelSelector, Matching>,
}

#[derive(Clone, Debug)]
struct LabelSet {
    labels: StringMap,
    /// How many pods are on which nodes, by index. Read far more often than a node joins or leaves it.
    nodes: Vec<(NodeIx, u32)>,
}

/// The sets that a selector matches among those below `seen`. Numbers are never used again.
#[derive(Clone, Debug, Default)]
struct Matching {
    sets: Vec<u64>,
    seen: u64,
}

impl LabelSets {
    /// Counts a pod on a node.
    pub fn add(&mut self, pod: &Pod, node: NodeIx) {
        if !pod.meta.is_deleting() {
            let namespace = self.namespaces.entry(pod.meta.namespace.clone()).or_default();
            let nodes = &mut namespace.set_of(&pod.meta.labels).nodes;
            match nodes.binary_search_by_key(&node, |(ix, _)| *ix) {
                Ok(at) => nodes[at].1 += 1,
                Err(at) => nodes.insert(at, (node, 1)),
            }
        }
    }

    /// Counts a pod no more; it must be the version that was added.
    pub fn remove(&mut self, pod: &Pod, node: NodeIx) {
        if pod.meta.is_deleting() {
            return;
        }
        if let Some(namespace) = self.namespaces.get_mut(&pod.meta.namespace) {
            namespace.remove(&pod.meta.labels, node);
        }
    }

    /// How many pods the selector matches, for each node that has some (a node may come several times).
    pub fn count(&mut self, namespace: &str, selector: &LabelSelector) -> Vec<(NodeIx, u32)> {
        let Some(namespace) = self.namespaces.get_mut(namespace) else { return Vec::new() };
        namespace.learn(selector);
        let Some(matching) = namespace.matching.get(selector) else { return Vec::new() };
        let sets = matching.sets.iter().filter_map(|number| namespace.sets.get(number));
        sets.flat_map(|set| set.nodes.iter().copied()).collect()
    }
}

impl Namespace {
    fn set_of(&mut self, labels: &StringMap) -> &mut LabelSet {
        let next = &mut self.next;
        let number = self.numbers.get(labels).copied().unwrap_or_else(|| {
            *next += 1;
            *next - 1
        });
        self.sets.entry(number).or_insert_with(|| {
            self.numbers.insert(labels.clone(), number);
            LabelSet { labels: labels.clone(), nodes: Vec::new() }
        })
    }

    fn remove(&mut self, labels: &StringMap, node: NodeIx) {
        let Some(number) = self.numbers.get(labels).copied() else { return };
        let Some(set) = self.sets.get_mut(&number) else { return };
        if let Ok(at) = set.nodes.binary_search_by_key(&node, |(ix, _)| *ix) {
            set.nodes[at].1 = set.nodes[at].1.saturating_sub(1);
            if set.nodes[at].1 == 0 {
                set.nodes.remove(at);
            }
        }
        if set.nodes.is_empty() {
            self.sets.remove(&number);
            self.numbers.remove(labels);
        }
    }

    /// Brings what a selector matches up to date: sets that are gone go, those that came since are looked at.
    fn learn(&mut self, selector: &LabelSelector) {
        if !self.matching.contains(selector) {
            if self.matching.len() >= MEMORY {
                self.matching.clear();
            }
            self.matching.insert(selector.clone(), Matching::default());
        }
        let Some(matching) = self.matching.get_mut(selector) else { return };
        matching.sets.retain(|number| self.sets.contains_key(number));
        let new = self.sets.range(matching.seen..).filter(|(_, set)| selector.matches(&set.labels));
        matching.sets.extend(new.map(|(number, _)| *number));
        matching.seen = self.next;
    }
}
