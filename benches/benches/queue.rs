//! The pending-event set under the HOLD model: take the first event out, put it back at an exponentially
//! distributed later time, so that the number pending stays. Our queue beside the standard library's heap; and the
//! hash that each processed event is fed to.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use engine::{EventHash, Key, Queue};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use units::SimTime;

/// Pending events.
const SIZES: [u32; 3] = [1_000, 100_000, 1_000_000];
/// Mean time from one hold to the next of the same event, in nanoseconds: a second.
const MEAN: f64 = 1e9;

/// Waiting times, drawn beforehand so that the draw is not measured.
struct Waits {
    nanos: Vec<i64>,
    next: usize,
}

impl Waits {
    fn new() -> Self {
        // SplitMix64 is enough here, and free of state that would disturb the cache.
        let mut state = 42_u64;
        let nanos = (0..1 << 16).map(|_| wait(&mut state)).collect();
        Self { nanos, next: 0 }
    }

    fn next(&mut self) -> i64 {
        self.next = (self.next + 1) % self.nanos.len();
        self.nanos[self.next]
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // a few seconds at most
fn wait(state: &mut u64) -> i64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let uniform = ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
    (-(1.0 - uniform).ln() * MEAN) as i64
}

fn key(nanos: i64, entity: u32) -> Key {
    Key::new(SimTime::from_nanos(nanos), 1, entity, 0)
}

fn hold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hold");
    group.throughput(Throughput::Elements(1));
    for size in SIZES {
        group.bench_function(BenchmarkId::new("queue", size), |bencher| {
            let (mut queue, mut waits) = (Queue::new(), Waits::new());
            for entity in 0..size {
                queue.push(key(waits.next(), entity), entity);
            }
            bencher.iter(|| {
                if let Some((first, event)) = queue.pop() {
                    queue.push(key(first.time().as_nanos() + waits.next(), event), black_box(event));
                }
            });
        });
        group.bench_function(BenchmarkId::new("binary_heap", size), |bencher| {
            let (mut heap, mut waits) = (BinaryHeap::new(), Waits::new());
            for entity in 0..size {
                heap.push(Reverse((key(waits.next(), entity), entity)));
            }
            bencher.iter(|| {
                if let Some(Reverse((first, event))) = heap.pop() {
                    heap.push(Reverse((
                        key(first.time().as_nanos() + waits.next(), event),
                        black_box(event),
                    )));
                }
            });
        });
    }
    group.finish();
}

fn event_hash(criterion: &mut Criterion) {
    let mut hash = EventHash::default();
    criterion.bench_function("event_hash/24", |bencher| {
        bencher.iter(|| hash.feed(black_box(key(5, 7)), black_box(&[1; 24])));
    });
}

criterion_group!(benches, hold, event_hash);
criterion_main!(benches);
