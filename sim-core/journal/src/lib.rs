//! What happened, when, to what, and because of which records: the one output of a run.
//!
//! A [`Record`] is a commit, a refused call, a scheduling attempt, a change of state of a component or a machine, a
//! fault, a kubectl line; nothing else: a tick that changes nothing is none. `get --at`, timelines, traces and watch
//! recordings are folds over the journal.

mod cause;
mod record;

pub use cause::{Causes, RecordId};
pub use record::{
    Attempt, AttemptOutcome, Body, ChangeType, Commit, KubectlLine, Occurrence, ProbeKind, Record, Refusal,
    RejectedNodes, ScoredNode, What,
};
