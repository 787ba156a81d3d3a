//! What the scheduler knows of nodes and of the pods on them, kept up to date change by change.
//!
//! Source: `pkg/scheduler/backend/cache/{cache,node_tree,snapshot}.go` and
//! `staging/src/k8s.io/kube-scheduler/framework/types.go` (NodeInfo), v1.36.2 (scheduler.md 5).
//! What the inner loops read of a node lies in its [`Row`]; everything else in its [`NodeInfo`]. A node keeps its index
//! for ever, so indices mean the same in every table. A decision reads the cache of one instant, so no copy of it is
//! made: the snapshot is the list of nodes, and what of them is frozen at the beginning of a cycle.
//! Validated by a property test: after any changes it equals one that is built from what is left.

mod image_states;
mod label_sets;
mod node_info;
mod node_tree;
mod snapshot;
#[cfg(test)]
mod tests;
mod topology;

pub use image_states::{ImageIx, NodeImageState};
pub use label_sets::LabelSets;
pub use node_info::{NodeInfo, NodeIx, NodeView, PodFacts, Row, Scalar};
pub use topology::{EMPTY_VALUE, MISSING_VALUE, Topology, TopologyIx};

use crate::lookup::LookupMap;
use api::node::Node;
use api::pod::Pod;
use api::{Name, ObjectKey};
use image_states::ImageStates;
use node_tree::NodeTree;
use snapshot::Snapshot;
use std::sync::Arc;

/// A pod on a node.
#[derive(Clone, Debug)]
pub struct CachedPod {
    /// The pod; of an assumed one, with the node it is going to.
    pub pod: Arc<Pod>,
    /// What it takes.
    pub facts: Arc<PodFacts>,
    /// Where it is.
    pub node: NodeIx,
    /// Decided here, and not yet seen as bound.
    pub assumed: bool,
}

/// Nodes and the pods on them.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    rows: Vec<Row>,
    infos: Vec<NodeInfo>,
    by_name: LookupMap<Name, NodeIx>,
    tree: NodeTree,
    pods: LookupMap<ObjectKey, CachedPod>,
    images: ImageStates,
    topologies: Vec<Topology>,
    labels: LabelSets,
    snapshot: Snapshot,
    changed: Vec<NodeIx>,
    last_facts: Option<Arc<PodFacts>>,
}

impl Cache {
    /// Adds a node, or takes its new version.
    pub fn set_node(&mut self, node: &Arc<Node>) {
        let ix = self.index_of(&node.meta.name);
        let info = &mut self.infos[ix.at()];
        let old = info.node.replace(Arc::clone(node));
        info.set_allocatable(&mut self.rows[ix.at()], node);
        if let Some(old) = &old {
            self.images.remove(old);
        }
        self.images.add(node);
        self.tree.set(ix, old.as_deref(), node);
        self.topologies.iter_mut().for_each(|topology| topology.set(ix, node));
        self.mark(ix);
    }

    /// Forgets a node. Pods that are still on it stay, out of sight, until they are gone.
    pub fn remove_node(&mut self, name: &str) {
        let Some(ix) = self.find(name) else { return };
        let Some(old) = self.infos[ix.at()].node.take() else { return };
        self.infos[ix.at()].clear_allocatable(&mut self.rows[ix.at()]);
        self.images.remove(&old);
        self.tree.remove(ix, &old);
        self.topologies.iter_mut().for_each(|topology| topology.clear(ix));
        self.mark(ix);
    }

    /// Takes a bound pod, or its new version: it moves to the end of its node's list (scheduler.md 5.2).
    pub fn set_pod(&mut self, pod: &Arc<Pod>) {
        let old = self.remove_pod(&pod.meta.key()).map(|cached| cached.facts);
        let facts = old.filter(|facts| facts.is_of(pod)).unwrap_or_else(|| self.facts(pod));
        self.insert(pod, facts, false);
    }

    /// Counts a pod on the node that was chosen for it, before it is bound.
    pub fn assume(&mut self, pod: &Pod, node: &Name) {
        let assumed = Arc::new(Pod { node_name: node.clone(), ..pod.clone() });
        let facts = self.facts(pod);
        self.remove_pod(&pod.meta.key());
        self.insert(&assumed, facts, true);
    }

    /// Takes a pod away, assumed or not.
    pub fn remove_pod(&mut self, key: &ObjectKey) -> Option<CachedPod> {
        let cached = self.pods.remove(key)?;
        let ix = cached.node;
        self.infos[ix.at()].remove_pod(&mut self.rows[ix.at()], key, &cached.facts);
        self.labels.remove(&cached.pod, ix);
        self.mark(ix);
        Some(cached)
    }

    /// Whether a pod has been assumed and not yet been seen as bound.
    pub fn is_assumed(&self, key: &ObjectKey) -> bool {
        self.pods.get(key).is_some_and(|cached| cached.assumed)
    }

    /// A pod on a node.
    pub fn pod(&self, key: &ObjectKey) -> Option<&CachedPod> {
        self.pods.get(key)
    }

    /// What a pod asks for. Replicas that come one after another share the answer.
    pub fn facts(&mut self, pod: &Pod) -> Arc<PodFacts> {
        match &self.last_facts {
            Some(facts) if facts.is_of(pod) => Arc::clone(facts),
            _ => Arc::clone(self.last_facts.insert(Arc::new(PodFacts::of(&pod.spec)))),
        }
    }

    /// Begins a cycle: the list of nodes is renewed if it must be, and image counts of changed nodes are frozen.
    pub fn update_snapshot(&mut self) {
        let changed = std::mem::take(&mut self.changed);
        let mut new_name = false;
        for ix in &changed {
            let info = &mut self.infos[ix.at()];
            info.is_marked = false;
            if let Some(node) = &info.node {
                info.images = self.images.freeze(node);
                self.rows[ix.at()].has_images = !info.images.is_empty();
                new_name |= !self.snapshot.contains(*ix);
            }
        }
        if new_name || self.snapshot.list().len() > self.tree.len() {
            self.snapshot.rebuild(self.tree.list(), self.infos.len());
        }
    }

    /// The nodes of the current cycle, in their order.
    pub fn nodes(&self) -> &[NodeIx] {
        self.snapshot.list()
    }

    /// A node's place in the list of the current cycle.
    pub fn position(&self, ix: NodeIx) -> Option<usize> {
        self.snapshot.position(ix)
    }

    /// A node of that name that is in the list of the current cycle.
    pub fn node_in_snapshot(&self, name: &str) -> Option<NodeIx> {
        self.find(name).filter(|ix| self.snapshot.contains(*ix))
    }

    /// A node and what is on it.
    pub fn view(&self, ix: NodeIx) -> NodeView<'_> {
        NodeView { ix, row: &self.rows[ix.at()], info: &self.infos[ix.at()] }
    }

    /// A node's name.
    pub fn name(&self, ix: NodeIx) -> &Name {
        &self.infos[ix.at()].name
    }

    /// How many nodes ever were: the length of tables by index.
    pub fn indices(&self) -> usize {
        self.infos.len()
    }

    /// The values of a label on all nodes. Kept from the first time that somebody asks.
    pub fn topology(&mut self, key: &str) -> TopologyIx {
        if let Some(at) = self.topologies.iter().position(|topology| topology.key() == key) {
            return TopologyIx(at);
        }
        let nodes = self.infos.iter().map(|info| info.node.as_deref());
        self.topologies.push(Topology::new(key, nodes));
        TopologyIx(self.topologies.len() - 1)
    }

    /// The values of a label.
    pub fn topology_values(&self, ix: TopologyIx) -> &Topology {
        &self.topologies[ix.0]
    }

    /// Adds up, per node, the pods that a selector matches (terminating ones do not count).
    pub fn count_pods(&mut self, namespace: &str, selector: &api::LabelSelector) -> Vec<(NodeIx, u32)> {
        self.labels.count(namespace, selector)
    }

    /// The index of an image that some node has.
    pub fn image(&self, name: &str) -> Option<ImageIx> {
        self.images.find(name)
    }

    fn insert(&mut self, pod: &Arc<Pod>, facts: Arc<PodFacts>, assumed: bool) {
        let ix = self.index_of(&pod.node_name);
        let key = pod.meta.key();
        self.infos[ix.at()].add_pod(&mut self.rows[ix.at()], key.clone(), &facts);
        self.labels.add(pod, ix);
        self.mark(ix);
        self.pods.insert(key, CachedPod { pod: Arc::clone(pod), facts, node: ix, assumed });
    }

    fn find(&self, name: &str) -> Option<NodeIx> {
        self.by_name.get(name).copied()
    }

    fn index_of(&mut self, name: &Name) -> NodeIx {
        if let Some(ix) = self.find(name) {
            return ix;
        }
        let ix = NodeIx::new(self.infos.len());
        self.rows.push(Row::default());
        self.infos.push(NodeInfo::named(name.clone()));
        self.topologies.iter_mut().for_each(Topology::grow);
        self.by_name.insert(name.clone(), ix);
        ix
    }

    fn mark(&mut self, ix: NodeIx) {
        let info = &mut self.infos[ix.at()];
        if !info.is_marked {
            info.is_marked = true;
            self.changed.push(ix);
        }
    }
}
