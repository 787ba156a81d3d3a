//! One node and what is on it.

use super::image_states::NodeImageState;
use api::node::{Node, TaintEffect};
use api::pod::{Pod, PodSpec};
use api::{Name, ObjectKey};
use component_helpers::{
    HostPort, HostPortSet, Resource, effective_request, forbids_scheduling, host_ports, non_zero_request,
};
use std::sync::Arc;
use units::{Bytes, MilliCpu};

/// Place of a node in the tables of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIx(u32);

impl NodeIx {
    pub(super) fn new(at: usize) -> Self {
        Self(u32::try_from(at).unwrap_or(u32::MAX))
    }
    /// As a place in a table.
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

/// What filters and scores read of a node in their inner loops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// CPU for pods.
    pub allocatable_cpu: MilliCpu,
    /// Memory for pods.
    pub allocatable_memory: Bytes,
    /// Local storage for pods.
    pub allocatable_storage: Bytes,
    /// How many pods there may be.
    pub allowed_pods: i64,
    /// CPU that its pods ask for.
    pub requested_cpu: MilliCpu,
    /// Memory that its pods ask for.
    pub requested_memory: Bytes,
    /// Local storage that its pods ask for.
    pub requested_storage: Bytes,
    /// CPU of its pods, none of them counted as nothing.
    pub non_zero_cpu: MilliCpu,
    /// Memory of its pods, none of them counted as nothing.
    pub non_zero_memory: Bytes,
    /// How many pods there are.
    pub pods: i64,
    /// Cordoned.
    pub unschedulable: bool,
    /// Has a taint NoSchedule or NoExecute.
    pub has_hard_taints: bool,
    /// Has a taint PreferNoSchedule.
    pub has_soft_taints: bool,
    /// Has an image.
    pub has_images: bool,
}

/// An extended resource (or another scalar) of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// Its name.
    pub name: Name,
    /// What pods may have; `None` if the node does not name it.
    pub allocatable: Option<i64>,
    /// What its pods ask for.
    pub requested: i64,
}

/// The rest of what is known of a node.
#[derive(Clone, Debug, Default)]
pub struct NodeInfo {
    /// Its name.
    pub name: Name,
    /// The node; `None` of one that is gone and still has pods, or that never was.
    pub node: Option<Arc<Node>>,
    /// Its pods, in upstream's order: a removed one is replaced by the last.
    pub pods: Vec<ObjectKey>,
    /// Host ports that are taken.
    pub ports: HostPortSet,
    /// Scalars that the node has or its pods ask for, by name.
    pub scalars: Vec<Scalar>,
    /// Its images, as they were when it last changed before a cycle.
    pub images: Vec<NodeImageState>,
    pub(super) is_marked: bool,
}

/// A node, as plugins are given it.
#[derive(Clone, Copy, Debug)]
pub struct NodeView<'a> {
    /// Its index.
    pub ix: NodeIx,
    /// What inner loops read.
    pub row: &'a Row,
    /// The rest.
    pub info: &'a NodeInfo,
}

/// What a pod asks for, computed once for all replicas.
#[derive(Clone, Debug)]
pub struct PodFacts {
    spec: Arc<PodSpec>,
    /// Its effective request.
    pub request: Resource,
    /// The same, nothing counted as nothing.
    pub non_zero: (MilliCpu, Bytes),
    /// What the score of NodeResourcesFit counts it for.
    pub scoring: Resource,
    /// Host ports.
    pub ports: Vec<HostPort>,
}

impl PodFacts {
    /// Computes them.
    pub fn of(spec: &Arc<PodSpec>) -> Self {
        Self {
            spec: Arc::clone(spec),
            request: effective_request(spec),
            non_zero: non_zero_request(spec),
            scoring: Resource::for_scoring(spec),
            ports: host_ports(spec),
        }
    }
    /// Whether they are this pod's.
    pub fn is_of(&self, pod: &Pod) -> bool {
        Arc::ptr_eq(&self.spec, &pod.spec)
    }
}

impl NodeInfo {
    pub(super) fn named(name: Name) -> Self {
        Self { name, ..Self::default() }
    }

    /// What the node has of a scalar.
    pub fn scalar(&self, name: &str) -> Option<&Scalar> {
        self.place(name).ok().map(|at| &self.scalars[at])
    }

    pub(super) fn set_allocatable(&mut self, row: &mut Row, node: &Node) {
        let allocatable = Resource::from_list(&node.status.allocatable);
        row.allocatable_cpu = allocatable.milli_cpu;
        row.allocatable_memory = allocatable.memory;
        row.allocatable_storage = allocatable.ephemeral_storage;
        row.allowed_pods = node.status.allocatable.get("pods").unwrap_or_default().value();
        row.unschedulable = node.spec.unschedulable;
        row.has_hard_taints = node.spec.taints.iter().any(|taint| forbids_scheduling(taint.effect));
        row.has_soft_taints =
            node.spec.taints.iter().any(|taint| taint.effect == TaintEffect::PreferNoSchedule);
        self.scalars.iter_mut().for_each(|scalar| scalar.allocatable = None);
        for (name, amount) in &allocatable.scalars {
            self.scalar_mut(name).allocatable = Some(*amount);
        }
        self.drop_empty_scalars();
    }

    pub(super) fn clear_allocatable(&mut self, row: &mut Row) {
        *row = Row {
            requested_cpu: row.requested_cpu,
            requested_memory: row.requested_memory,
            requested_storage: row.requested_storage,
            non_zero_cpu: row.non_zero_cpu,
            non_zero_memory: row.non_zero_memory,
            pods: row.pods,
            ..Row::default()
        };
        self.images.clear();
        self.scalars.iter_mut().for_each(|scalar| scalar.allocatable = None);
        self.drop_empty_scalars();
    }

    pub(super) fn add_pod(&mut self, row: &mut Row, key: ObjectKey, facts: &PodFacts) {
        self.pods.push(key);
        row.pods += 1;
        row.requested_cpu += facts.request.milli_cpu;
        row.requested_memory += facts.request.memory;
        row.requested_storage += facts.request.ephemeral_storage;
        row.non_zero_cpu += facts.non_zero.0;
        row.non_zero_memory += facts.non_zero.1;
        for (name, amount) in &facts.request.scalars {
            let scalar = self.scalar_mut(name);
            scalar.requested = scalar.requested.saturating_add(*amount);
        }
        facts.ports.iter().for_each(|port| self.ports.insert(port.clone()));
    }

    pub(super) fn remove_pod(&mut self, row: &mut Row, key: &ObjectKey, facts: &PodFacts) {
        let Some(at) = self.pods.iter().position(|pod| pod == key) else { return };
        self.pods.swap_remove(at);
        row.pods -= 1;
        row.requested_cpu -= facts.request.milli_cpu;
        row.requested_memory -= facts.request.memory;
        row.requested_storage -= facts.request.ephemeral_storage;
        row.non_zero_cpu -= facts.non_zero.0;
        row.non_zero_memory -= facts.non_zero.1;
        for (name, amount) in &facts.request.scalars {
            let scalar = self.scalar_mut(name);
            scalar.requested = scalar.requested.saturating_sub(*amount);
        }
        self.drop_empty_scalars();
        facts.ports.iter().for_each(|port| self.ports.remove(port));
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.scalars.binary_search_by(|scalar| scalar.name.as_str().cmp(name))
    }

    fn scalar_mut(&mut self, name: &Name) -> &mut Scalar {
        let at = self.place(name).unwrap_or_else(|at| {
            self.scalars.insert(at, Scalar { name: name.clone(), allocatable: None, requested: 0 });
            at
        });
        &mut self.scalars[at]
    }

    fn drop_empty_scalars(&mut self) {
        self.scalars.retain(|scalar| scalar.allocatable.is_some() || scalar.requested != 0);
    }
}
