//! Watch recordings: what one shows, and how far two are apart.
//!
//! A recording is a file of watch events, one JSON object a line (scenario.md, "Watch recordings"). [`observe`] reduces it
//! to [`Observables`] that do not depend on random names; [`Reference::merge`] keeps what the repeats of one scenario agree
//! on; [`compare`] says for each observable of a [`Reference`] whether other runs show the same sequence of values, and at
//! the same times. It is the same reduction, and the same verdict, as that of the tools `observe.py` and `compare.py` which
//! come with the recordings of real clusters, so that either may judge a run.
//!
//! Canonical names: the ReplicaSets of a Deployment are `web#1`, `web#2` … in order of creation, the Jobs of a CronJob
//! likewise. Pods with a random name are counted in groups (their workload); pods with a name of their own (bare ones, those
//! of a StatefulSet), pods of a DaemonSet (`agent@node-0`) and of an Indexed Job (`work[1]`) are followed one by one over
//! all their incarnations.
//!
//! Times are `f64` seconds here, not integers as elsewhere: that is what a recording says, and bursts are told apart by
//! differences of them. Nothing of this flows back into a simulation.
//!
//! DIFFERENCE: where the tools stop with a traceback because a field is missing, it reads as empty here; only `t`, `type`,
//! `kind`, `uid` and, but for an Event, `name` and `creationTimestamp` must be there. Of several conditions of one
//! type the last counts. A count of seconds that the tools write as `0` is written as `0.0`, and the keys of a map are
//! sorted. Nobody can tell from the recording of an API server, or from a verdict.

mod compare;
mod containers;
mod entry;
mod events;
mod json;
mod message;
mod names;
mod observable;
mod observe;
mod pods;
mod reference;
mod settle;
mod show;
mod steps;
mod value;
mod view;

pub use compare::{Comparison, Row, Summary, Verdict, compare, compare_where};
pub use entry::RecordingError;
pub use observable::{Course, Observable, Observables, Point, Run, Step};
pub use observe::{observe, observe_file, observe_values};
pub use reference::{Expected, ReadError, Reference};
pub use settle::settle;
