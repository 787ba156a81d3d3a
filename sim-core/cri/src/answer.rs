//! What a runtime answers.

use crate::{ContainerId, Name, PodStatus, ProbeRole};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use units::SimDuration;

/// An answer of the runtime of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To [`crate::Request::List`].
    List {
        /// To be given as `since` next time.
        revision: u64,
        /// The pods that changed, by serial, in rising order. One of which nothing is left is empty.
        pods: Vec<(u32, Arc<PodStatus>)>,
    },
    /// To [`crate::Request::ListImages`], by name.
    Images(Arc<[Image]>),
    /// For one pod.
    Pod {
        /// Its serial.
        serial: u32,
        /// What.
        answer: PodAnswer,
    },
}

/// An image on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// As a spec names it.
    pub name: Name,
    /// Compressed size in bytes.
    pub size_bytes: i64,
}

/// An answer for one pod.
#[derive(Clone, Debug, PartialEq)]
pub enum PodAnswer {
    /// The sandbox runs.
    SandboxStarted,
    /// The sandbox could not be started.
    SandboxFailed {
        /// Why.
        message: Name,
    },
    /// The sandboxes are stopped.
    SandboxStopped,
    /// What the runtime knows of the pod.
    Status(Arc<PodStatus>),
    /// Whether the image is on the node.
    ImageStatus {
        /// The container that needs it.
        index: u8,
        /// Whether it is there.
        present: bool,
    },
    /// The image is on the node now.
    Pulled {
        /// The container that needs it.
        index: u8,
        /// How long it took, waiting not included.
        took: SimDuration,
        /// Compressed size in bytes.
        size_bytes: i64,
    },
    /// The container is created.
    Created {
        /// The container.
        index: u8,
    },
    /// The container's process runs.
    Started {
        /// The container.
        index: u8,
    },
    /// The container's process has ended (or ran no more when it was asked for).
    Stopped {
        /// Which run.
        id: ContainerId,
    },
    /// The hook's command has ended.
    HookEnded {
        /// Which run.
        id: ContainerId,
        /// Whether it did what it should.
        succeeded: bool,
    },
    /// An attempt of a probe has ended.
    Probed {
        /// Which run.
        id: ContainerId,
        /// What the probe is for.
        role: ProbeRole,
        /// What came out.
        outcome: ProbeOutcome,
    },
}

/// What came out of an attempt of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProbeOutcome {
    /// It passed.
    Success,
    /// It did not.
    Failure(ProbeFailure),
}

/// Why an attempt of a probe failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProbeFailure {
    /// The process does not serve yet.
    NotStarted,
    /// The process says that it is not well.
    Unhealthy,
    /// No answer within the time-out.
    Timeout,
    /// There is no process any more.
    NotRunning,
}

impl ProbeFailure {
    /// What a probing command prints.
    pub const fn output(self) -> &'static str {
        match self {
            Self::NotStarted => "not started",
            Self::Unhealthy => "unhealthy",
            Self::Timeout => "timed out",
            Self::NotRunning => "not running",
        }
    }
}
