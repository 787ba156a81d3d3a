//! The shapes of records.

use crate::{Causes, RecordId};
use api::{ApiError, Name, Object, ObjectRef};
use serde::{Deserialize, Serialize};
use units::SimTime;

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its place in the journal.
    pub id: RecordId,
    /// When it happened.
    pub time: SimTime,
    /// Why: the triggers that were merged, and those that the decision names.
    pub causes: Causes,
    /// What happened.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// An object was written.
    Commit(Box<Commit>),
    /// A call was refused.
    Refusal(Box<Refusal>),
    /// The scheduler looked at a pod.
    Attempt(Box<Attempt>),
    /// A component or a machine changed its state.
    Occurrence(Box<Occurrence>),
    /// A kubectl line ended.
    Kubectl(Box<KubectlLine>),
}

/// How an object changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ChangeType {
    /// It was created.
    Added,
    /// It was changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// An object was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// How it changed.
    pub change: ChangeType,
    /// The new version; of a deletion the last one, with the resourceVersion of the deletion.
    pub object: Object,
    /// Who wrote it: `replicaset-controller`, `kubelet/node-1`, `kubectl`, …
    pub by: Name,
}

/// A call was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// What the call was about.
    pub about: ObjectRef,
    /// The verb: `create`, `update`, `patch`, `delete`, `bind`, …
    pub verb: Name,
    /// Who called.
    pub by: Name,
    /// Why not.
    pub error: ApiError,
}

/// The scheduler looked at a pod. The full matrix is recomputed when asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The pod.
    pub pod: ObjectRef,
    /// How many nodes there were.
    pub nodes: u32,
    /// How many of them were filtered.
    pub visited: u32,
    /// How many passed.
    pub feasible: u32,
    /// Per rejecting plugin and reason: how many nodes, and up to ten of them.
    pub rejected: Vec<RejectedNodes>,
    /// The chosen node and the next three, best first.
    pub scores: Vec<ScoredNode>,
    /// What came of it.
    pub outcome: AttemptOutcome,
}

/// Nodes that one plugin rejected for one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RejectedNodes {
    /// The plugin.
    pub plugin: Name,
    /// Its reason.
    pub reason: Name,
    /// How many nodes.
    pub count: u32,
    /// Up to ten of them.
    pub examples: Vec<Name>,
}

/// A node and its total score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoredNode {
    /// The node.
    pub node: Name,
    /// Its weighted total.
    pub score: i64,
}

/// What came of a scheduling attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AttemptOutcome {
    /// A node was chosen; the binding follows.
    Chosen(Name),
    /// Nothing fits; the message of the event and the condition.
    Unschedulable(String),
    /// An internal failure.
    Error(String),
}

/// A component or a machine changed its state.
#[derive(Clone, Debug, PartialEq)]
pub struct Occurrence {
    /// What it happened to: a pod, a node.
    pub about: ObjectRef,
    /// The container, if it is about one; empty otherwise.
    pub container: Name,
    /// What it was.
    pub what: What,
}

/// What an occurrence was. The detail is data, not prose: a reader makes the sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// A process was started in a container.
    ProcessStarted,
    /// A process ended with this exit code.
    ProcessEnded {
        /// Exit code.
        code: i32,
    },
    /// A process was told to end and has so many seconds for it.
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
    /// A probe passed after its success threshold.
    ProbePassed(ProbeKind),
    /// An attempt of a probe failed; `threshold` says whether that made its result Failure.
    ProbeFailed {
        /// Which probe.
        probe: ProbeKind,
        /// Whether its failure threshold was reached.
        threshold: bool,
    },
    /// A machine came up.
    MachineStarted,
    /// A machine went down or was taken away.
    MachineStopped,
    /// A kubelet rejected a pod at its door.
    PodRejected {
        /// `OutOfcpu`, `NodeAffinity`, …
        reason: Name,
    },
}

/// The three kinds of probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProbeKind {
    /// Is it still alive?
    Liveness,
    /// Can it take traffic?
    Readiness,
    /// Has it come up?
    Startup,
}

/// A kubectl line ended.
#[derive(Clone, Debug, PartialEq)]
pub struct KubectlLine {
    /// The arguments, as they were written.
    pub line: String,
    /// What it printed to standard output.
    pub stdout: String,
    /// What it printed to standard error.
    pub stderr: String,
    /// Its exit status.
    pub status: i32,
}
