//! Folds of a journal: timelines, traces, recordings and their comparison.

pub mod recording;
pub mod summary;
pub mod timeline;
pub mod trace;
pub mod watch_recording;

mod brief;
mod time;
mod workload;

#[cfg(test)]
#[path = "../../sim-core/journal/tests/fixture/mod.rs"]
mod fixture;
