//! What all components share: views of the cluster, calls to the API server, timers, and what they hand in.
//!
//! A component performs nothing. It is given an input and a [`Context`] — the time, its view, its random streams — and
//! leaves [`Output`]s: calls to make, timers to set, records to write. `sim-core` carries them out.

mod agent;
mod call;
mod change;
mod class;
pub mod controller;
mod recorder;
mod table;
mod token_bucket;
mod view;

pub use agent::{Agent, Context, Input, Lane, Output, Tag};
pub use call::{Call, DeleteOptions, Patch, Preconditions, Propagation, Reply, Response, Subresource};
pub use change::Change;
pub use class::{Class, Timer, TimerKey};
pub use recorder::{NewEvent, Recorder};
pub use table::{Cursor, Table};
pub use token_bucket::TokenBucket;
pub use view::{Cursors, Tables, View};
