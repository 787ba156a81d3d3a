//! Writing a journal: what a record costs, and how many bytes it takes; and finding an object of a moment.

#[path = "../../sim-core/journal/tests/fixture/mod.rs"]
mod fixture;

use api::{Kind, Object, ObjectKey};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use journal::{Archive, Header, Reader, Record, Writer};
use std::hint::black_box;
use std::io::Cursor;
use units::{Clock, SimTime};

/// Pods of the rollout: about 14 records each.
const PODS: u32 = 10_000;

fn begun(objects: &[Object]) -> Writer {
    let mut writer = Writer::new(Header::new(1, Clock::default(), "bench"));
    writer.snapshot(SimTime::ZERO, objects.iter());
    writer
}

fn write_all(objects: &[Object], records: &[Record], discards: bool) -> Writer {
    let mut writer = begun(objects);
    if discards {
        writer.discard_chunks();
    }
    records.iter().for_each(|record| writer.append(record));
    writer
}

fn append(criterion: &mut Criterion) {
    let (objects, records) = fixture::rollout(PODS);
    let stored: usize = write_all(&objects, &records, false).finish().iter().map(|c| c.bytes.len()).sum();
    println!("{} records, {} bytes each, snapshots included", records.len(), stored / records.len());
    let mut group = criterion.benchmark_group("journal");
    group.throughput(Throughput::Elements(records.len() as u64)).sample_size(10);
    group.bench_function("append", |b| b.iter(|| black_box(write_all(&objects, &records, false).hash())));
    group.bench_function("hash_only", |b| b.iter(|| black_box(write_all(&objects, &records, true).hash())));
    group.finish();
}

fn read(criterion: &mut Criterion) {
    let (objects, records) = fixture::rollout(PODS);
    let mut writer = write_all(&objects, &records, false);
    let archive = Archive::create(Vec::new(), writer.header()).expect("memory takes everything");
    let bytes = archive.finish(&mut writer).expect("memory takes everything");
    let (key, last) = (ObjectKey::new("default", "web"), records.last().map_or(SimTime::ZERO, |r| r.time));
    let mut group = criterion.benchmark_group("journal");
    group.sample_size(10);
    group.bench_function("object_at", |b| {
        b.iter(|| {
            let mut reader = Reader::open(Cursor::new(bytes.as_slice())).expect("it is whole");
            black_box(reader.object_at(Kind::Deployment, &key, last).expect("it is whole"))
        });
    });
    group.finish();
}

criterion_group!(benches, append, read);
criterion_main!(benches);
