//! Reading a journal: its records one after the other, or the objects of a moment.

use crate::archive::{END_MAGIC, FRAME_HEAD, Index, IndexEntry, MAGIC, TRAILER};
use crate::chunk::ChunkKind;
use crate::error::{Read, ReadError};
use crate::replay::Replay;
use crate::wire::FORMAT;
use crate::{Header, JournalHash, Record, RecordId, Writer};
use api::{Kind, Object, ObjectKey};
use std::collections::BTreeMap;
use std::io::{self, Seek, SeekFrom};
use units::SimTime;
use xxhash_rust::xxh3::xxh3_64;

/// A finished journal, in whatever can be read at any place.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    length: u64,
    header: Header,
    index: Index,
}

/// Everything that there was at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The objects, by kind, namespace and name.
    pub objects: BTreeMap<(Kind, ObjectKey), Object>,
    /// The number of the next record.
    pub next: RecordId,
}

impl<R: io::Read + Seek> Reader<R> {
    /// Opens a journal: reads its beginning and its end.
    ///
    /// # Errors
    /// It cannot be read, is none, is of another format, is unfinished or damaged.
    pub fn open(mut source: R) -> Read<Self> {
        let length = source.seek(SeekFrom::End(0))?;
        let mut head = [0; 12];
        source.seek(SeekFrom::Start(0))?;
        if length < 12 {
            return Err(ReadError::NotAJournal);
        }
        source.read_exact(&mut head)?;
        let (magic, format) = head.split_at(8);
        if magic != MAGIC {
            return Err(ReadError::NotAJournal);
        }
        let format = u32::from_le_bytes([format[0], format[1], format[2], format[3]]);
        if format != FORMAT {
            return Err(ReadError::Version(format));
        }
        let header = decoded(&frame(&mut source, length, 12)?)?;
        let index = index(&mut source, length)?;
        Ok(Self { source, length, header, index })
    }

    /// What the journal begins with.
    pub fn header(&self) -> &Header {
        &self.header
    }
    /// Hash of everything, as its writer gave it. [`Reader::verify`] computes it anew.
    pub fn hash(&self) -> JournalHash {
        self.index.hash
    }
    /// The number that the next record would have.
    pub fn next_id(&self) -> RecordId {
        self.index.next
    }

    /// All records, in order.
    pub fn records(&mut self) -> Records<'_, R> {
        Records(Walk::new(self, 0))
    }

    /// The objects at `time`: every record up to and including that moment has happened.
    ///
    /// # Errors
    /// The journal is damaged or cannot be read.
    pub fn state_at(&mut self, time: SimTime) -> Read<State> {
        let replay = self.replay_to(time)?;
        let objects = replay.objects().map(|o| ((o.kind(), o.key()), o.clone())).collect();
        Ok(State { objects, next: replay.next })
    }

    /// One object at `time`; `None` if it was not there.
    ///
    /// # Errors
    /// The journal is damaged or cannot be read.
    pub fn object_at(&mut self, kind: Kind, key: &ObjectKey, time: SimTime) -> Read<Option<Object>> {
        let is_meant = |o: &&Object| {
            let meta = o.meta();
            meta.name == key.name && meta.namespace == key.namespace && o.kind() == kind
        };
        Ok(self.replay_to(time)?.objects().find(is_meant).cloned())
    }

    /// Computes the hash from the records.
    ///
    /// # Errors
    /// The journal is damaged or cannot be read.
    pub fn verify(&mut self) -> Read<JournalHash> {
        let mut writer = Writer::new(self.header.clone());
        writer.discard_chunks();
        let (start, is_fork) = (self.start_time(), self.header.parent.is_some());
        let (mut walk, mut objects) = (Walk::new(self, 0), Vec::new());
        let mut begun = false;
        while let Some(entry) = walk.next()? {
            match entry {
                Entry::Object(object) if !begun => objects.push(object),
                Entry::Object(_) => {}
                Entry::Record(record) => {
                    if !begun {
                        begin(&mut writer, start, &objects, is_fork);
                        begun = true;
                    }
                    if record.id != writer.next_id() {
                        return Err(OUT_OF_TURN);
                    }
                    writer.append(&record);
                }
            }
        }
        if !begun {
            begin(&mut writer, start, &objects, is_fork);
        }
        Ok(writer.hash())
    }

    fn start_time(&self) -> SimTime {
        self.index.chunks.first().map(|chunk| chunk.first_time).unwrap_or_default()
    }

    /// Goes from the nearest snapshot to `time`.
    fn replay_to(&mut self, time: SimTime) -> Read<Replay> {
        let is_before =
            |chunk: &IndexEntry| chunk.kind == ChunkKind::SnapshotStart && chunk.first_time <= time;
        let Some(from) = self.index.chunks.iter().rposition(is_before) else {
            return Ok(Replay::new(self.header.first_record(), 0));
        };
        let mut walk = Walk::new(self, from);
        while !walk.is_beyond(time)? && walk.next()?.is_some() {}
        Ok(walk.replay)
    }
}

fn begin(writer: &mut Writer, time: SimTime, objects: &[Object], is_fork: bool) {
    if is_fork {
        writer.begin(time, objects);
    } else {
        writer.snapshot(time, objects.iter());
    }
}

fn decoded<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Read<T> {
    postcard::from_bytes(bytes).map_err(|_| ReadError::Corrupt("its header or index cannot be decoded"))
}

/// Reads the frame that lies at `offset`.
fn frame<R: io::Read + Seek>(source: &mut R, length: u64, offset: u64) -> Read<Vec<u8>> {
    let mut head = [0; FRAME_HEAD];
    source.seek(SeekFrom::Start(offset))?;
    let after_head = offset.checked_add(FRAME_HEAD as u64).filter(|end| *end <= length).ok_or(CUT_OFF)?;
    source.read_exact(&mut head)?;
    let (count, checksum) = head.split_at(4);
    let count = u32::from_le_bytes([count[0], count[1], count[2], count[3]]);
    if u64::from(count) > length - after_head {
        return Err(CUT_OFF);
    }
    let mut bytes = vec![0; usize::try_from(count).map_err(|_| CUT_OFF)?];
    source.read_exact(&mut bytes)?;
    if checksum != xxh3_64(&bytes).to_le_bytes() {
        return Err(ReadError::Corrupt("a checksum is wrong"));
    }
    Ok(bytes)
}

const CUT_OFF: ReadError = ReadError::Corrupt("a part goes beyond its end");

fn index<R: io::Read + Seek>(source: &mut R, length: u64) -> Read<Index> {
    let at = length.checked_sub(TRAILER as u64).ok_or(ReadError::Unfinished)?;
    source.seek(SeekFrom::Start(at))?;
    let (mut offset, mut magic) = ([0; 8], [0; 8]);
    source.read_exact(&mut offset)?;
    source.read_exact(&mut magic)?;
    if &magic != END_MAGIC {
        return Err(ReadError::Unfinished);
    }
    let index: Index = decoded(&frame(source, length, u64::from_le_bytes(offset))?)?;
    match index.chunks.first() {
        None => Ok(index),
        Some(first) if first.kind == ChunkKind::SnapshotStart => Ok(index),
        Some(_) => Err(ReadError::Corrupt("it does not begin with a snapshot")),
    }
}

const OUT_OF_TURN: ReadError = ReadError::Corrupt("records are missing");

/// What a chunk holds, one after the other.
enum Entry {
    Object(Object),
    Record(Record),
}

/// Goes through the chunks from a snapshot on.
#[derive(Debug)]
struct Walk<'r, R> {
    reader: &'r mut Reader<R>,
    next_chunk: usize,
    begun: bool,
    kind: ChunkKind,
    bytes: Vec<u8>,
    at: usize,
    left: u64,
    replay: Replay,
}

impl<'r, R: io::Read + Seek> Walk<'r, R> {
    fn new(reader: &'r mut Reader<R>, next_chunk: usize) -> Self {
        let base = reader.header.clock.timestamp(SimTime::ZERO).0;
        let replay = Replay::new(reader.header.first_record(), base);
        Self {
            reader,
            next_chunk,
            begun: false,
            kind: ChunkKind::Records,
            bytes: Vec::new(),
            at: 0,
            left: 0,
            replay,
        }
    }

    /// Opens chunks until there is an entry; false at the end.
    fn fill(&mut self) -> Read<bool> {
        while self.left == 0 {
            if self.at != self.bytes.len() {
                return Err(ReadError::Corrupt("a chunk holds more than its entries"));
            }
            let Some(&chunk) = self.reader.index.chunks.get(self.next_chunk) else { return Ok(false) };
            self.next_chunk += 1;
            self.bytes = frame(&mut self.reader.source, self.reader.length, chunk.offset)?;
            (self.kind, self.at, self.left) = (chunk.kind, 0, chunk.entries);
            if self.begun && chunk.first_record != self.replay.next {
                return Err(OUT_OF_TURN);
            }
            self.begun = true;
            if chunk.kind == ChunkKind::SnapshotStart {
                self.replay.restart(chunk.first_record, chunk.first_time);
            }
        }
        Ok(true)
    }

    fn next(&mut self) -> Read<Option<Entry>> {
        if !self.fill()? {
            return Ok(None);
        }
        let rest = &self.bytes[self.at..];
        let (entry, taken) = match self.kind {
            ChunkKind::Records => {
                let (record, taken) = self.replay.entry(rest, Replay::record)?;
                (Entry::Record(record), taken)
            }
            ChunkKind::SnapshotStart | ChunkKind::Snapshot => {
                let (object, taken) = self.replay.entry(rest, Replay::object)?;
                (Entry::Object(object), taken)
            }
        };
        self.at += taken;
        self.left -= 1;
        Ok(Some(entry))
    }

    /// Whether the next entry lies behind `time`.
    fn is_beyond(&mut self, time: SimTime) -> Read<bool> {
        if !self.fill()? {
            return Ok(true);
        }
        Ok(self.kind == ChunkKind::Records && self.replay.peek_time(&self.bytes[self.at..])? > time)
    }
}

/// The records of a journal. After an error there is nothing more.
#[derive(Debug)]
pub struct Records<'r, R>(Walk<'r, R>);

impl<R: io::Read + Seek> Iterator for Records<'_, R> {
    type Item = Read<Record>;

    fn next(&mut self) -> Option<Read<Record>> {
        loop {
            match self.0.next() {
                Ok(Some(Entry::Record(record))) => return Some(Ok(record)),
                Ok(Some(Entry::Object(_))) => {}
                Ok(None) => return None,
                Err(error) => {
                    self.0.stop();
                    return Some(Err(error));
                }
            }
        }
    }
}

impl<R> Walk<'_, R> {
    fn stop(&mut self) {
        (self.next_chunk, self.left) = (usize::MAX, 0);
        (self.bytes, self.at) = (Vec::new(), 0);
    }
}
