//! What happened on a machine, as plain data for whoever keeps the journal.

use cri::{Container, Name, Pod};
use std::sync::Arc;

/// Something that happened to a pod on a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// The pod.
    pub pod: Arc<Pod>,
    /// The run of a container, if it is about one.
    pub container: Option<Arc<Container>>,
    /// What.
    pub kind: NoteKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// A process was started.
    ProcessStarted,
    /// A process ended.
    ProcessEnded {
        /// Exit code.
        code: i32,
    },
    /// A process was told to end.
    ProcessSignalled {
        /// Seconds until SIGKILL.
        grace_seconds: i64,
    },
    /// A sandbox was started.
    SandboxStarted,
    /// A sandbox was stopped.
    SandboxStopped,
    /// The pull of an image began.
    PullStarted {
        /// The image.
        image: Name,
    },
    /// The pull of an image ended.
    ImagePulled {
        /// The image.
        image: Name,
    },
}
