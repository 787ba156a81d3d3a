//! Reading what a writer wrote, entry by entry: the same state, step by step.

use crate::error::{Read, ReadError};
use crate::record::{Body, Commit, Record};
use crate::wire::{Pools, Source, Wire, take_object, take_object_change};
use crate::writer::{ATTEMPT, CHANGED, COMMIT, KUBECTL, OCCURRENCE, REFUSAL, WHOLE};
use crate::{Causes, ChangeType, RecordId};
use api::{Name, Object};
use std::collections::BTreeMap;
use units::SimTime;

/// The state of a reader: what the numbers stand for, and where it is.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    pools: Pools,
    /// By the number that their writer gave them.
    objects: BTreeMap<u64, Object>,
    /// The number of the snapshot's last object.
    last: u64,
    pub next: RecordId,
    time: SimTime,
    base: i64,
}

impl Replay {
    /// Before anything has been read. Timestamps are counted from `base`, seconds since the epoch.
    pub(crate) fn new(next: RecordId, base: i64) -> Self {
        Self { next, base, ..Self::default() }
    }

    /// A snapshot begins: whatever was before is no longer needed.
    pub(crate) fn restart(&mut self, next: RecordId, time: SimTime) {
        (self.pools, self.objects, self.last) = (Pools::default(), BTreeMap::new(), 0);
        (self.next, self.time) = (next, time);
    }

    /// The objects there are now.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values()
    }

    /// Reads one entry with `read`, from the bytes that are left; returns how many it took.
    pub(crate) fn entry<T>(
        &mut self,
        bytes: &[u8],
        read: impl FnOnce(&mut Self, &mut Source<'_>) -> Read<T>,
    ) -> Read<(T, usize)> {
        let mut pools = std::mem::take(&mut self.pools);
        let mut source = Source::new(bytes, &mut pools, self.base);
        let value = read(self, &mut source);
        let taken = bytes.len() - source.left();
        self.pools = pools;
        Ok((value?, taken))
    }

    /// Reads an object of a snapshot.
    pub(crate) fn object(&mut self, from: &mut Source<'_>) -> Read<Object> {
        self.last = self.last.wrapping_add(from.varint()?);
        let object = take_object(from)?;
        self.objects.insert(self.last, object.clone());
        Ok(object)
    }

    /// Reads when the next record happened, and changes nothing.
    pub(crate) fn peek_time(&self, bytes: &[u8]) -> Read<SimTime> {
        let mut pools = Pools::default();
        let delta = Source::new(bytes, &mut pools, self.base).signed()?;
        Ok(SimTime::from_nanos(self.time.as_nanos().wrapping_add(delta)))
    }

    /// Reads a record, and does what it says.
    pub(crate) fn record(&mut self, from: &mut Source<'_>) -> Read<Record> {
        let (id, delta) = (self.next, from.signed()?);
        let time = SimTime::from_nanos(self.time.as_nanos().wrapping_add(delta));
        let causes = take_causes(id, from)?;
        let body = match from.byte()? {
            COMMIT => Body::Commit(Box::new(self.commit(from)?)),
            REFUSAL => Body::Refusal(Wire::take(from)?),
            ATTEMPT => Body::Attempt(Wire::take(from)?),
            OCCURRENCE => Body::Occurrence(Wire::take(from)?),
            KUBECTL => Body::Kubectl(Wire::take(from)?),
            _ => return Err(ReadError::Corrupt("no such type of record")),
        };
        (self.next, self.time) = (RecordId(id.0.wrapping_add(1)), time);
        Ok(Record { id, time, causes, body })
    }

    fn commit(&mut self, from: &mut Source<'_>) -> Read<Commit> {
        let (change, by) = (ChangeType::take(from)?, Name::take(from)?);
        let (form, number) = (from.byte()?, from.varint()?);
        let object = match form {
            CHANGED => take_object_change(self.objects.get(&number).ok_or(NO_OBJECT)?, from)?,
            WHOLE => take_object(from)?,
            _ => return Err(ReadError::Corrupt("no such form of an object")),
        };
        if change == ChangeType::Deleted {
            self.objects.remove(&number);
        } else {
            self.objects.insert(number, object.clone());
        }
        Ok(Commit { change, object, by })
    }
}

const NO_OBJECT: ReadError = ReadError::Corrupt("a change of an object that is not there");

fn take_causes(record: RecordId, from: &mut Source<'_>) -> Read<Causes> {
    let (mut causes, mut after) = (Causes::none(), record.0);
    for _ in 0..from.length()? {
        let last = after.wrapping_sub(from.signed()?.cast_unsigned());
        let first = last.wrapping_sub(from.varint()?);
        if first > last {
            return Err(ReadError::Corrupt("a range of causes ends before it begins"));
        }
        causes.add_range(first, last);
        after = first;
    }
    Ok(causes)
}
