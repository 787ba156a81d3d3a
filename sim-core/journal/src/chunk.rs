//! Chunks: how a journal is handed out and stored.

use crate::RecordId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use units::SimTime;

/// A chunk is sealed when it has so many bytes.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;

/// What a chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChunkKind {
    /// The first objects of a snapshot. Nothing before it is needed to read on from here.
    SnapshotStart,
    /// Further objects of the same snapshot.
    Snapshot,
    /// Records.
    Records,
}

/// A sealed part of a journal. It can be read after those before it, from the nearest start of a snapshot on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// What it holds.
    pub kind: ChunkKind,
    /// The number of its first record; of a snapshot, of the first record that is not in it.
    pub first_record: RecordId,
    /// The time of its first record; of a snapshot, that of the last record before it.
    pub first_time: SimTime,
    /// How many records or objects.
    pub entries: u64,
    /// Their stored form.
    pub bytes: Arc<[u8]>,
}
