//! Writing a journal: a value without a sink. Sealed chunks are for whoever drives the run to take.
//!
//! The writer keeps the last version of every object, so that of a changed one only the difference is written, and so
//! that snapshots are its own business: one is due when the records since the last outweigh it.
//! DIFFERENCE: commits that have no record (renewed leases, heartbeats) are not in it; what a reader says of an
//! object is its last recorded version.

use crate::chunk::{CHUNK_BYTES, Chunk, ChunkKind};
use crate::hash::content_hash;
use crate::header::{Header, Parent};
use crate::record::{Body, Commit, Record};
use crate::wire::{Sink, Wire, put_object, put_object_change};
use crate::{Causes, ChangeType, JournalHash, RecordId};
use api::{Kind, Object, ObjectKey};
use rustc_hash::FxHashMap;
use units::SimTime;

/// No snapshot is due before so many bytes of records.
const SMALLEST_INTERVAL: usize = 256 * 1024;

/// How the object of a commit is written.
pub(crate) const CHANGED: u8 = 0;
pub(crate) const WHOLE: u8 = 1;

/// Numbers of the bodies.
pub(crate) const COMMIT: u8 = 0;
pub(crate) const REFUSAL: u8 = 1;
pub(crate) const ATTEMPT: u8 = 2;
pub(crate) const OCCURRENCE: u8 = 3;
pub(crate) const KUBECTL: u8 = 4;

/// A journal being written. Cloned, both go their ways.
#[derive(Clone, Debug)]
pub struct Writer {
    header: Header,
    hash: JournalHash,
    next: RecordId,
    /// Of the last record, or of the snapshot that the journal begins with.
    time: SimTime,
    sink: Sink,
    objects: Objects,
    open: Open,
    sealed: Vec<Chunk>,
    discards: bool,
    /// Bytes of the last snapshot, and of records since.
    weights: (usize, usize),
}

/// The chunk that is being filled.
#[derive(Clone, Debug)]
struct Open {
    kind: ChunkKind,
    first_record: RecordId,
    first_time: SimTime,
    entries: u64,
}

/// The last version of every object, by a number that it has while it lives.
#[derive(Clone, Debug, Default)]
struct Objects {
    slots: Vec<Option<Object>>,
    free: Vec<u32>,
    numbers: FxHashMap<(Kind, ObjectKey), u32>,
}

impl Objects {
    /// A number for an object that has none.
    fn admit(&mut self, key: (Kind, ObjectKey)) -> u32 {
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).unwrap_or_else(|_| panic!("more than 2^32 objects"))
        });
        self.numbers.insert(key, number);
        number
    }

    fn forget(&mut self, key: &(Kind, ObjectKey)) {
        if let Some(number) = self.numbers.remove(key) {
            self.slots[number as usize] = None;
            self.free.push(number);
        }
    }

    fn living(&self) -> impl Iterator<Item = (u32, &Object)> {
        (0..).zip(&self.slots).filter_map(|(number, slot)| slot.as_ref().map(|object| (number, object)))
    }
}

impl Writer {
    /// A journal that has only begun. [`Writer::snapshot`] says what there is, unless that is nothing.
    pub fn new(header: Header) -> Self {
        let sink = Sink::new(header.clock.timestamp(SimTime::ZERO).0);
        let next = header.first_record();
        let first_time = SimTime::ZERO;
        let open = Open { kind: ChunkKind::SnapshotStart, first_record: next, first_time, entries: 0 };
        let hash = header.parent.map_or_else(|| first_hash(&header), |parent| parent.hash);
        Self {
            header,
            hash,
            next,
            time: first_time,
            sink,
            objects: Objects::default(),
            open,
            sealed: Vec::new(),
            discards: false,
            weights: (0, 0),
        }
    }

    /// What the journal begins with. Its content counts for the hash; later snapshots, which the writer takes
    /// itself, do not.
    pub fn snapshot<'a>(&mut self, time: SimTime, objects: impl Iterator<Item = &'a Object>) {
        let objects: Vec<Object> = objects.cloned().collect();
        self.begin(time, &objects);
        for object in &objects {
            self.sink.content.clear();
            self.sink.content.extend_from_slice(&self.hash.0.to_le_bytes());
            let stored = self.sink.stored.len();
            put_object(object, &mut self.sink);
            self.sink.stored.truncate(stored);
            self.hash = JournalHash(content_hash(&self.sink.content));
        }
        // What was just written is in the chunk already; only its content was wanted here.
        self.sink.content.clear();
    }

    /// Begins with these objects, without a word in the hash.
    pub(crate) fn begin(&mut self, time: SimTime, objects: &[Object]) {
        self.sealed.clear();
        self.sink.stored.clear();
        self.open(ChunkKind::Records, time);
        self.time = time;
        self.objects = Objects::default();
        for object in objects {
            let number = self.objects.admit((object.kind(), object.key()));
            self.objects.slots[number as usize] = Some(object.clone());
        }
        self.write_snapshot();
    }

    /// A journal of its own that goes on from here, where its parent is left.
    pub fn fork(&self, scenario: &str) -> Self {
        let parent = Some(Parent { hash: self.hash, next: self.next });
        let mut fork = Self::new(Header { parent, scenario: scenario.to_owned(), ..self.header.clone() });
        let objects: Vec<Object> = self.objects.living().map(|(_, object)| object.clone()).collect();
        fork.begin(self.time, &objects);
        fork.discards = self.discards;
        fork
    }

    /// From now on chunks are thrown away: nobody wants more than the hash.
    pub fn discard_chunks(&mut self) {
        self.discards = true;
        self.sealed.clear();
    }

    /// What the journal begins with.
    pub fn header(&self) -> &Header {
        &self.header
    }
    /// The number of the next record.
    pub fn next_id(&self) -> RecordId {
        self.next
    }
    /// Hash of everything so far.
    pub fn hash(&self) -> JournalHash {
        self.hash
    }
    /// Hands out the chunks that have been sealed since the last call.
    pub fn sealed(&mut self) -> Vec<Chunk> {
        std::mem::take(&mut self.sealed)
    }
    /// Seals what is open and hands out what has not been. The journal may go on.
    pub fn finish(&mut self) -> Vec<Chunk> {
        self.seal();
        self.open(ChunkKind::Records, self.time);
        self.sealed()
    }

    /// Writes the next record.
    pub fn append(&mut self, record: &Record) {
        assert_eq!(record.id, self.next, "a record comes out of turn");
        let (snapshot, since) = self.weights;
        if since > snapshot.max(SMALLEST_INTERVAL) {
            self.write_snapshot();
        }
        if self.open.kind != ChunkKind::Records || self.sink.stored.len() >= CHUNK_BYTES {
            self.seal();
            self.open(ChunkKind::Records, record.time);
        }
        let before = self.sink.stored.len();
        self.sink.content.clear();
        self.sink.content.extend_from_slice(&self.hash.0.to_le_bytes());
        self.put(record);
        self.hash = JournalHash(content_hash(&self.sink.content));
        self.weights.1 += self.sink.stored.len() - before;
        self.open.entries += 1;
        self.next = RecordId(self.next.0 + 1);
        self.time = record.time;
    }

    fn put(&mut self, record: &Record) {
        self.sink.signed(record.time.as_nanos().wrapping_sub(self.time.as_nanos()));
        put_causes(&record.causes, record.id, &mut self.sink);
        match &record.body {
            Body::Commit(commit) => {
                self.sink.byte(COMMIT);
                self.put_commit(commit);
            }
            Body::Refusal(refusal) => put_body(REFUSAL, &**refusal, &mut self.sink),
            Body::Attempt(attempt) => put_body(ATTEMPT, &**attempt, &mut self.sink),
            Body::Occurrence(occurrence) => put_body(OCCURRENCE, &**occurrence, &mut self.sink),
            Body::Kubectl(line) => put_body(KUBECTL, &**line, &mut self.sink),
        }
    }

    fn put_commit(&mut self, commit: &Commit) {
        commit.change.put(&mut self.sink);
        commit.by.put(&mut self.sink);
        let key = (commit.object.kind(), commit.object.key());
        let number = self.objects.numbers.get(&key).copied();
        let old = number.and_then(|number| self.objects.slots[number as usize].as_ref());
        let number = match (number, old) {
            (Some(number), Some(old)) if commit.change != ChangeType::Added => {
                self.sink.byte(CHANGED);
                self.sink.stored_varint(number.into());
                put_identity(&key, &mut self.sink);
                put_object_change(&commit.object, old, &mut self.sink);
                number
            }
            _ => {
                let number = number.unwrap_or_else(|| self.objects.admit(key.clone()));
                self.sink.byte(WHOLE);
                self.sink.stored_varint(number.into());
                put_object(&commit.object, &mut self.sink);
                number
            }
        };
        if commit.change == ChangeType::Deleted {
            self.objects.forget(&key);
        } else {
            self.objects.slots[number as usize] = Some(commit.object.clone());
        }
    }

    /// Writes every object into chunks of their own; the numbers of shared values begin anew.
    fn write_snapshot(&mut self) {
        self.seal();
        self.sink.reset_pools();
        self.weights = (0, 0);
        if self.discards {
            return self.open(ChunkKind::Records, self.time);
        }
        self.open(ChunkKind::SnapshotStart, self.time);
        let objects = std::mem::take(&mut self.objects);
        let mut after = 0;
        for (number, object) in objects.living() {
            if self.sink.stored.len() >= CHUNK_BYTES {
                self.seal();
                self.open(ChunkKind::Snapshot, self.time);
            }
            let before = self.sink.stored.len();
            self.sink.content.clear();
            self.sink.stored_varint(u64::from(number - after));
            put_object(object, &mut self.sink);
            self.weights.0 += self.sink.stored.len() - before;
            self.open.entries += 1;
            after = number;
        }
        self.objects = objects;
    }

    fn open(&mut self, kind: ChunkKind, first_time: SimTime) {
        self.open = Open { kind, first_record: self.next, first_time, entries: 0 };
    }

    /// Closes the open chunk. An empty one is worth something only as the beginning of all.
    fn seal(&mut self) {
        let Open { kind, first_record, first_time, entries } = self.open;
        let bytes = std::mem::take(&mut self.sink.stored);
        if !self.discards && (entries > 0 || kind == ChunkKind::SnapshotStart) {
            self.sealed.push(Chunk {
                kind,
                first_record,
                first_time,
                entries,
                bytes: bytes.as_slice().into(),
            });
        }
        self.sink.stored = bytes;
        self.sink.stored.clear();
    }
}

/// What the chain begins with: the clock, which all timestamps are counted from.
fn first_hash(header: &Header) -> JournalHash {
    let start = header.clock.micro_time(SimTime::ZERO).0;
    JournalHash(content_hash(&start.to_le_bytes()))
}

fn put_body<T: Wire>(number: u8, body: &T, to: &mut Sink) {
    to.byte(number);
    body.put(to);
}

/// What the stored form's number stands for.
fn put_identity((kind, key): &(Kind, ObjectKey), to: &mut Sink) {
    let stored = to.stored.len();
    kind.put(to);
    to.stored.truncate(stored);
    for text in [&key.namespace, &key.name] {
        to.content.extend_from_slice(text.as_bytes());
        to.content.push(0);
    }
}

/// Ranges, each counted back from what comes after it.
fn put_causes(causes: &Causes, record: RecordId, to: &mut Sink) {
    to.length(causes.ranges().len());
    let mut after = record.0;
    for (first, last) in causes.ranges().rev() {
        to.signed(after.wrapping_sub(last.0).cast_signed());
        to.varint(last.0 - first.0);
        after = first.0;
    }
}
