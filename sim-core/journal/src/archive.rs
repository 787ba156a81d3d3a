//! A journal as a file.
//!
//! ```text
//! "wavetank", format (u32)         both little-endian, as all integers of the frame
//! frame: header
//! frame: chunk                     as many as there are
//! frame: index                     where each chunk lies, how many records, the hash
//! offset of the index (u64), "journal."
//! ```
//! A frame is its length (u32), its checksum (xxh3, 64 bit) and its bytes. A file without the last line was not
//! finished.

use crate::chunk::{Chunk, ChunkKind};
use crate::wire::FORMAT;
use crate::{Header, JournalHash, RecordId, Writer};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use units::SimTime;
use xxhash_rust::xxh3::xxh3_64;

pub(crate) const MAGIC: &[u8; 8] = b"wavetank";
pub(crate) const END_MAGIC: &[u8; 8] = b"journal.";
/// Length and checksum.
pub(crate) const FRAME_HEAD: usize = 12;
/// Offset of the index and the magic of the end.
pub(crate) const TRAILER: usize = 16;

/// Where a chunk lies, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexEntry {
    pub offset: u64,
    pub kind: ChunkKind,
    pub first_record: RecordId,
    pub first_time: SimTime,
    pub entries: u64,
}

/// What the end of a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    pub chunks: Vec<IndexEntry>,
    pub next: RecordId,
    pub hash: JournalHash,
}

/// A file being written, into whatever takes bytes.
#[derive(Debug)]
pub struct Archive<W> {
    out: W,
    offset: u64,
    index: Index,
}

impl<W: Write> Archive<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// What `out` says.
    pub fn create(out: W, header: &Header) -> io::Result<Self> {
        let mut archive = Self { out, offset: 0, index: Index::default() };
        archive.write(MAGIC)?;
        archive.write(&FORMAT.to_le_bytes())?;
        archive.frame(&encoded(header)?)?;
        Ok(archive)
    }

    /// Appends chunks.
    ///
    /// # Errors
    /// What the sink says, or that a chunk is larger than 4 GiB.
    pub fn add(&mut self, chunks: &[Chunk]) -> io::Result<()> {
        for chunk in chunks {
            let Chunk { kind, first_record, first_time, entries, bytes } = chunk;
            self.index.chunks.push(IndexEntry {
                offset: self.offset,
                kind: *kind,
                first_record: *first_record,
                first_time: *first_time,
                entries: *entries,
            });
            self.frame(bytes)?;
        }
        Ok(())
    }

    /// Appends what the writer still has, and the end. Returns the sink.
    ///
    /// # Errors
    /// What the sink says.
    pub fn finish(mut self, writer: &mut Writer) -> io::Result<W> {
        self.add(&writer.finish())?;
        (self.index.next, self.index.hash) = (writer.next_id(), writer.hash());
        let offset = self.offset;
        self.frame(&encoded(&self.index)?)?;
        self.write(&offset.to_le_bytes())?;
        self.write(END_MAGIC)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn frame(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.write(&length.to_le_bytes())?;
        self.write(&xxh3_64(bytes).to_le_bytes())?;
        self.write(bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.offset += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

fn encoded<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(io::Error::other)
}
