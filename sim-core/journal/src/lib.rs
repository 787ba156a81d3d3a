//! What happened, when, to what, and because of which records: the one output of a run.
//!
//! A [`Record`] is a commit, a refused call, a scheduling attempt, a change of state of a component or a machine, a
//! fault, a kubectl line; nothing else: a tick that changes nothing is none. `get --at`, timelines, traces and watch
//! recordings are folds over the journal.
//!
//! A [`Writer`] takes records and hands out sealed [`Chunk`]s, an [`Archive`] puts these into a file, and a [`Reader`]
//! gives them back, or the objects of any moment.

mod archive;
mod cause;
mod chunk;
mod error;
mod hash;
mod header;
mod reader;
mod record;
mod replay;
mod wire;
mod writer;

pub use archive::Archive;
pub use cause::{Causes, RecordId};
pub use chunk::{Chunk, ChunkKind};
pub use error::ReadError;
pub use hash::JournalHash;
pub use header::{Header, Parent};
pub use reader::{Reader, Records, State};
pub use record::{
    Attempt, AttemptOutcome, Body, ChangeType, Commit, KubectlLine, Occurrence, ProbeKind, Record, Refusal,
    RejectedNodes, ScoredNode, What,
};
pub use writer::Writer;
