//! What a kubelet asks for.

use crate::Name;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use units::SimDuration;

/// A pod, as far as a runtime needs to know it (`PodSandboxConfig`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// Namespace.
    pub namespace: Name,
    /// Name.
    pub name: Name,
    /// Uid.
    pub uid: u128,
    /// Dense number of the pod among all that ever were; below 2²⁷.
    pub serial: u32,
}

/// A container's id: 128 bits, drawn from the pod's uid, the container's place and its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContainerId(pub u128);

/// One run of a container (`ContainerConfig`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Name.
    pub name: Name,
    /// Image, as the spec writes it.
    pub image: Name,
    /// Its place: init containers in the order of the spec, then containers in the order of the spec.
    pub index: u8,
    /// Which start of the container this is; 1 is the first.
    pub run: u32,
    /// Its id.
    pub id: ContainerId,
}

/// What a probe is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProbeRole {
    /// Has it come up?
    Startup,
    /// Can it take traffic?
    Readiness,
    /// Is it still alive?
    Liveness,
}

impl ProbeRole {
    /// In the order in which a kubelet starts their workers.
    pub const ALL: [Self; 3] = [Self::Startup, Self::Readiness, Self::Liveness];
}

/// How a probe reaches its container; decides how long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProbeWay {
    /// A command in the container.
    Exec,
    /// HTTP, TCP or gRPC.
    Net,
}

/// A request to the runtime of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// All pods that changed since `since` (`ListPodSandbox` and `ListContainers`); answered at once.
    List {
        /// A revision that an earlier answer gave; 0 = everything.
        since: u64,
    },
    /// The images on the node; answered at once.
    ListImages,
    /// Something for one pod.
    Pod(Arc<Pod>, PodRequest),
}

/// A request for one pod.
#[derive(Clone, Debug, PartialEq)]
pub enum PodRequest {
    /// Starts the pod's sandbox, network included.
    RunPodSandbox {
        /// 0 for the first sandbox of the pod.
        attempt: u32,
        /// Whether it shares the node's network (no address of its own).
        host_network: bool,
    },
    /// Stops the pod's sandboxes.
    StopPodSandbox,
    /// Forgets what is left of an ended pod.
    RemovePodSandbox,
    /// The pod's sandboxes and containers; answered at once.
    PodStatus,
    /// Whether the container's image is on the node.
    ImageStatus {
        /// The container that needs it.
        container: Arc<Container>,
    },
    /// Fetches the container's image.
    PullImage {
        /// The container that needs it.
        container: Arc<Container>,
    },
    /// Creates a container.
    CreateContainer {
        /// The container.
        container: Arc<Container>,
    },
    /// Starts a created container.
    StartContainer {
        /// The container.
        container: Arc<Container>,
    },
    /// Sends SIGTERM, and SIGKILL after the grace.
    StopContainer {
        /// The container.
        container: Arc<Container>,
        /// Time between the two signals.
        grace: SimDuration,
    },
    /// Runs a hook's command in a container.
    ExecHook {
        /// The container.
        container: Arc<Container>,
        /// The command.
        command: Arc<[Name]>,
    },
    /// Makes one attempt of a probe.
    Probe {
        /// The container.
        container: Arc<Container>,
        /// What the probe is for.
        role: ProbeRole,
        /// How it reaches the container.
        way: ProbeWay,
        /// After this time it has failed.
        timeout: SimDuration,
    },
}

impl PodRequest {
    /// The container that it concerns, if any: whose behaviour decides what happens.
    pub fn container(&self) -> Option<&Arc<Container>> {
        match self {
            Self::RunPodSandbox { .. } | Self::StopPodSandbox | Self::RemovePodSandbox | Self::PodStatus => {
                None
            }
            Self::ImageStatus { container }
            | Self::PullImage { container }
            | Self::CreateContainer { container }
            | Self::StartContainer { container }
            | Self::StopContainer { container, .. }
            | Self::ExecHook { container, .. }
            | Self::Probe { container, .. } => Some(container),
        }
    }
}

impl Request {
    /// Pod and container that it concerns, if it concerns a container.
    pub fn container(&self) -> Option<(&Arc<Pod>, &Arc<Container>)> {
        match self {
            Self::Pod(pod, request) => request.container().map(|container| (pod, container)),
            Self::List { .. } | Self::ListImages => None,
        }
    }
}
