//! A kubelet's timers and their keys.

use client::{Class, TimerKey};
use serde::{Deserialize, Serialize};

/// A kubelet's timers. Those of a pod are named by its serial, those of a node by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Timer {
    /// PLEG looks at all pods.
    Relist {
        /// The node's number.
        node: u32,
    },
    /// PLEG looks at one pod.
    OnDemandRelist {
        /// The pod's serial.
        pod: u32,
    },
    /// The sync loop takes due pods from the work queue.
    SyncTick {
        /// The node's number.
        node: u32,
    },
    /// A pod worker begins a sync.
    Worker {
        /// The pod's serial.
        pod: u32,
    },
    /// A pod's volumes are mounted.
    Volumes {
        /// The pod's serial.
        pod: u32,
    },
    /// A pod's volumes are unmounted and its cgroup is gone.
    Cleanup {
        /// The pod's serial.
        pod: u32,
    },
    /// A preStop hook has paused long enough, or has used up the grace.
    Hook {
        /// The pod's serial.
        pod: u32,
        /// The container's place.
        container: u8,
    },
    /// A probe worker's tick.
    Probe {
        /// The pod's serial.
        pod: u32,
        /// The worker's place among those of the pod.
        worker: u16,
    },
    /// A probe worker is told to probe now.
    ProbeTrigger {
        /// The pod's serial.
        pod: u32,
        /// The worker's place among those of the pod.
        worker: u16,
    },
    /// The status manager sends.
    SendStatus {
        /// The node's number.
        node: u32,
    },
    /// The status manager's full pass.
    StatusPass {
        /// The node's number.
        node: u32,
    },
    /// The node's lease is renewed.
    Lease {
        /// The node's number.
        node: u32,
    },
    /// The node's status is computed.
    NodeStatus {
        /// The node's number.
        node: u32,
    },
    /// The list of images is refreshed.
    Images {
        /// The node's number.
        node: u32,
    },
    /// A kubelet that has just started registers its node.
    Register {
        /// The node's number.
        node: u32,
    },
}

impl client::Timer for Timer {
    fn key(&self) -> TimerKey {
        let (class, entity, timer) = match *self {
            Self::Relist { node } => (Class::Relist, node, 0),
            Self::OnDemandRelist { pod } => (Class::OnDemandRelist, pod, 0),
            Self::SyncTick { node } => (Class::KubeletTick, node, 0),
            Self::Worker { pod } => (Class::PodWorker, pod, 0),
            Self::Volumes { pod } => (Class::PodWorker, pod, 1),
            Self::Cleanup { pod } => (Class::PodWorker, pod, 2),
            Self::Hook { pod, container } => (Class::PodWorker, pod, 0x100 | u32::from(container)),
            Self::Probe { pod, worker } => (Class::ProbeTick, pod, u32::from(worker)),
            Self::ProbeTrigger { pod, worker } => (Class::ProbeTick, pod, 0x1_0000 | u32::from(worker)),
            Self::SendStatus { node } => (Class::StatusSender, node, 0),
            Self::StatusPass { node } => (Class::StatusSender, node, 1),
            Self::Lease { node } => (Class::Heartbeat, node, 0),
            Self::Images { node } => (Class::Heartbeat, node, 1),
            Self::NodeStatus { node } => (Class::Heartbeat, node, 2),
            Self::Register { node } => (Class::Heartbeat, node, 3),
        };
        TimerKey { class, entity, timer }
    }
}
