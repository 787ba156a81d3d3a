//! What a journal begins with.

use crate::{JournalHash, RecordId};
use serde::{Deserialize, Serialize};
use units::Clock;

/// What a journal begins with: which run it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the program that wrote it; it does not count for the hash.
    pub program: String,
    /// Name of the scenario.
    pub scenario: String,
    /// The run's seed.
    pub seed: u64,
    /// The cluster's wall clock.
    pub clock: Clock,
    /// Of a fork: where it left its parent.
    pub parent: Option<Parent>,
}

/// Where a fork left its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The parent's hash at that moment.
    pub hash: JournalHash,
    /// The number of the fork's first record.
    pub next: RecordId,
}

impl Header {
    /// The header of a run from the beginning.
    pub fn new(seed: u64, clock: Clock, scenario: &str) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Self { program, scenario: scenario.to_owned(), seed, clock, parent: None }
    }

    /// The number of the journal's first record.
    pub fn first_record(&self) -> RecordId {
        self.parent.map_or(RecordId(0), |parent| parent.next)
    }
}
