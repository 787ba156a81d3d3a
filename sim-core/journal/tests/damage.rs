//! A damaged journal is an error, or reads as something else; it is never a panic.

mod fixture;

use journal::{Archive, Header, ReadError, Reader, Writer};
use proptest::prelude::*;
use std::io::Cursor;
use std::ops::Range;
use std::sync::LazyLock;
use units::{Clock, SimTime};
use xxhash_rust::xxh3::xxh3_64;

/// A small journal with two snapshots.
static JOURNAL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (objects, records) = fixture::rollout(6);
    let mut parent = Writer::new(Header::new(1, Clock::default(), "damage"));
    parent.snapshot(SimTime::ZERO, objects.iter());
    let (before, after) = records.split_at(30);
    before.iter().for_each(|record| parent.append(record));
    let mut writer = parent.fork("fork");
    let mut archive = Archive::create(Vec::new(), writer.header()).unwrap();
    archive.add(&writer.sealed()).unwrap();
    after.iter().for_each(|record| writer.append(record));
    archive.finish(&mut writer).unwrap()
});

/// Does everything that a reader can do.
fn read_all(bytes: &[u8]) -> Result<(), ReadError> {
    let mut reader = Reader::open(Cursor::new(bytes))?;
    let records = reader.records().try_fold(0_u32, |count, record| record.map(|_| count + 1));
    let states =
        [SimTime::ZERO, SimTime::from_secs(5), SimTime::MAX].map(|time| reader.state_at(time).map(drop));
    let hash = reader.verify();
    records?;
    states.into_iter().collect::<Result<(), _>>()?;
    if hash? == reader.hash() { Ok(()) } else { Err(ReadError::Corrupt("another hash")) }
}

/// Where the contents of the frames lie.
fn frames(bytes: &[u8]) -> Vec<Range<usize>> {
    let (mut found, mut at) = (Vec::new(), 12);
    while at + 12 < bytes.len() - 16 {
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let start = at + 12;
        at = start + usize::try_from(length).unwrap();
        found.push(start..at);
    }
    found
}

#[test]
fn the_whole_one_is_read() {
    read_all(&JOURNAL).unwrap();
    assert_eq!(frames(&JOURNAL).len(), 4, "header, snapshot, records, index");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_changed_byte_is_noticed(place in any::<prop::sample::Index>(), flip in 1_u8..) {
        let mut bytes = JOURNAL.clone();
        bytes[place.index(JOURNAL.len())] ^= flip;
        prop_assert!(read_all(&bytes).is_err());
    }

    #[test]
    fn a_shorter_one_is_noticed(end in any::<prop::sample::Index>()) {
        prop_assert!(read_all(&JOURNAL[..end.index(JOURNAL.len())]).is_err());
    }

    /// Who damages it and makes the checksums right again may be believed, but nothing panics.
    #[test]
    fn a_forged_one_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = JOURNAL.clone();
        let frames = frames(&bytes);
        for (frame, place, value) in changes {
            let frame = frames[frame.index(frames.len())].clone();
            bytes[frame.start + place.index(frame.len())] = value;
            let checksum = xxh3_64(&bytes[frame.clone()]).to_le_bytes();
            bytes[frame.start - 8..frame.start].copy_from_slice(&checksum);
        }
        drop(read_all(&bytes));
    }
}
