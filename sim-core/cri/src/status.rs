//! What a runtime knows of a pod.

use crate::{Container, Name};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;
use units::SimTime;

/// A pod's sandboxes and containers, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodStatus {
    /// Sandboxes.
    pub sandboxes: Vec<SandboxStatus>,
    /// Containers, of each name at most the two newest runs.
    pub containers: Vec<ContainerStatus>,
}

impl PodStatus {
    /// Whether the runtime has no record of the pod.
    pub fn is_empty(&self) -> bool {
        self.sandboxes.is_empty() && self.containers.is_empty()
    }
    /// The newest run of the container at that place.
    pub fn newest(&self, index: u8) -> Option<&ContainerStatus> {
        self.containers.iter().find(|c| c.container.index == index)
    }
    /// The run before the newest of the container at that place.
    pub fn before(&self, index: u8) -> Option<&ContainerStatus> {
        self.containers.iter().filter(|c| c.container.index == index).nth(1)
    }
    /// The one ready sandbox, if there is exactly one and it is the newest.
    pub fn ready_sandbox(&self) -> Option<&SandboxStatus> {
        let ready = self.sandboxes.iter().filter(|s| s.ready).count();
        self.sandboxes.first().filter(|newest| newest.ready && ready == 1)
    }
}

/// A sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxStatus {
    /// 0 for the first sandbox of the pod.
    pub attempt: u32,
    /// Whether it runs.
    pub ready: bool,
    /// Its address; `None` in the node's network.
    pub ip: Option<IpAddr>,
    /// Number of the record of its last change, if there is one.
    pub record: Option<u64>,
}

/// A run of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerStatus {
    /// Which one.
    pub container: Arc<Container>,
    /// Where it is.
    pub state: ContainerState,
    /// Number of the record of its last change, if there is one.
    pub record: Option<u64>,
}

/// Where a run of a container is. Times are exact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContainerState {
    /// Created and not started.
    Created,
    /// Its process runs.
    Running {
        /// Since when.
        started_at: SimTime,
    },
    /// Its process has ended.
    Exited {
        /// When it was started.
        started_at: SimTime,
        /// When it ended.
        finished_at: SimTime,
        /// Exit code.
        code: i32,
        /// `Completed`, `Error`, … (kubelet.md 6.7)
        reason: Name,
    },
}

impl ContainerState {
    /// Whether its process runs.
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }
}
