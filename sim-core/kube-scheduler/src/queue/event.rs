//! Changes of the cluster that can help pods that found no node (scheduler.md 6.6).
//!
//! Source: `pkg/scheduler/framework/events.go`, `staging/src/k8s.io/kube-scheduler/framework/types.go`, v1.36.2.

use api::node::Node;
use api::pod::Pod;
use component_helpers::effective_request;
use std::sync::Arc;

/// What happened to an object, as a set: plugins register several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Action(u32);

impl Action {
    /// It was added.
    pub const ADD: Self = Self(1);
    /// It was deleted.
    pub const DELETE: Self = Self(1 << 1);
    /// A node has more or less for pods.
    pub const UPDATE_NODE_ALLOCATABLE: Self = Self(1 << 2);
    /// A node's labels changed.
    pub const UPDATE_NODE_LABEL: Self = Self(1 << 3);
    /// A node's taints changed, or it was uncordoned.
    pub const UPDATE_NODE_TAINT: Self = Self(1 << 4);
    /// A node's conditions changed.
    pub const UPDATE_NODE_CONDITION: Self = Self(1 << 5);
    /// A node's annotations changed.
    pub const UPDATE_NODE_ANNOTATION: Self = Self(1 << 6);
    /// A pod's labels changed.
    pub const UPDATE_POD_LABEL: Self = Self(1 << 7);
    /// A pod asks for less.
    pub const UPDATE_POD_SCALE_DOWN: Self = Self(1 << 8);
    /// A pod tolerates more.
    pub const UPDATE_POD_TOLERATION: Self = Self(1 << 9);
    /// The last of a pod's scheduling gates is gone.
    pub const UPDATE_POD_GATES_ELIMINATED: Self = Self(1 << 10);
    /// Something else of it changed. No plugin here registers that.
    pub const UPDATE: Self = Self(1 << 11);

    /// Both.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// Whether they have something in common.
    pub const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Whose change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// A node.
    Node,
    /// A pod that has a node, or (in a registration) any pod.
    Pod,
    /// A pod that has none.
    UnscheduledPod,
}

/// Kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKind {
    /// Whose change.
    pub resource: Resource,
    /// Which changes.
    pub action: Action,
}

impl EventKind {
    /// Changes of nodes.
    pub const fn node(action: Action) -> Self {
        Self { resource: Resource::Node, action }
    }
    /// Changes of pods.
    pub const fn pod(action: Action) -> Self {
        Self { resource: Resource::Pod, action }
    }
    /// Whether what was registered covers what happened.
    pub fn covers(self, event: Self) -> bool {
        let resource = self.resource == event.resource
            || (self.resource == Resource::Pod && event.resource == Resource::UnscheduledPod);
        resource && self.action.overlaps(event.action)
    }
}

/// What changed.
#[derive(Clone, Debug)]
pub enum ClusterEvent {
    /// A node: before and after.
    Node(Action, Option<Arc<Node>>, Option<Arc<Node>>),
    /// A pod with a node: before and after.
    AssignedPod(Action, Option<Arc<Pod>>, Option<Arc<Pod>>),
    /// A pod without: before and after.
    UnscheduledPod(Action, Arc<Pod>, Arc<Pod>),
    /// Anything may have changed.
    Wildcard,
}

impl ClusterEvent {
    /// Its kind; `None` of the wildcard.
    pub fn kind(&self) -> Option<EventKind> {
        Some(match self {
            Self::Node(action, ..) => EventKind::node(*action),
            Self::AssignedPod(action, ..) => EventKind::pod(*action),
            Self::UnscheduledPod(action, ..) => {
                EventKind { resource: Resource::UnscheduledPod, action: *action }
            }
            Self::Wildcard => return None,
        })
    }
    /// The node before and after.
    pub fn node(&self) -> (Option<&Arc<Node>>, Option<&Arc<Node>>) {
        match self {
            Self::Node(_, old, new) => (old.as_ref(), new.as_ref()),
            _ => (None, None),
        }
    }
    /// The pod before and after.
    pub fn pod(&self) -> (Option<&Arc<Pod>>, Option<&Arc<Pod>>) {
        match self {
            Self::AssignedPod(_, old, new) => (old.as_ref(), new.as_ref()),
            Self::UnscheduledPod(_, old, new) => (Some(old), Some(new)),
            _ => (None, None),
        }
    }
    /// Whether it is about this very pod.
    pub fn is_about(&self, pod: &Pod) -> bool {
        let (old, new) = self.pod();
        new.or(old).is_some_and(|other| {
            other.meta.uid == pod.meta.uid
                && other.meta.name == pod.meta.name
                && other.meta.namespace == pod.meta.namespace
        })
    }
}

/// What an update of a node means, in upstream's order.
pub fn node_update_actions(old: &Node, new: &Node) -> Vec<Action> {
    let conditions = |node: &Node| -> Vec<_> {
        node.status.conditions.iter().map(|c| (c.kind.clone(), c.status)).collect()
    };
    let mut actions = Vec::new();
    let mut add_if = |changed: bool, action| {
        if changed {
            actions.push(action);
        }
    };
    add_if(old.spec.unschedulable && !new.spec.unschedulable, Action::UPDATE_NODE_TAINT);
    add_if(old.status.allocatable != new.status.allocatable, Action::UPDATE_NODE_ALLOCATABLE);
    add_if(old.meta.labels != new.meta.labels, Action::UPDATE_NODE_LABEL);
    add_if(old.spec.taints != new.spec.taints, Action::UPDATE_NODE_TAINT);
    add_if(conditions(old) != conditions(new), Action::UPDATE_NODE_CONDITION);
    add_if(old.meta.annotations != new.meta.annotations, Action::UPDATE_NODE_ANNOTATION);
    actions
}

/// What an update of a pod means, in upstream's order.
pub fn pod_update_actions(old: &Pod, new: &Pod) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut add_if = |changed: bool, action| {
        if changed {
            actions.push(action);
        }
    };
    add_if(old.meta.labels != new.meta.labels, Action::UPDATE_POD_LABEL);
    if !Arc::ptr_eq(&old.spec, &new.spec) {
        add_if(asks_for_less(old, new), Action::UPDATE_POD_SCALE_DOWN);
        let gates = (&old.spec.scheduling_gates, &new.spec.scheduling_gates);
        add_if(!gates.0.is_empty() && gates.1.is_empty(), Action::UPDATE_POD_GATES_ELIMINATED);
        add_if(old.spec.tolerations.len() != new.spec.tolerations.len(), Action::UPDATE_POD_TOLERATION);
    }
    if actions.is_empty() {
        actions.push(Action::UPDATE);
    }
    actions
}

fn asks_for_less(old: &Pod, new: &Pod) -> bool {
    let (old, new) = (effective_request(&old.spec), effective_request(&new.spec));
    old.milli_cpu > new.milli_cpu
        || old.memory > new.memory
        || old.ephemeral_storage > new.ephemeral_storage
        || old.scalars.iter().any(|(name, amount)| *amount > new.scalar(name))
}
