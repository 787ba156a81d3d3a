//! The pending-event set and the clock; knows no Kubernetes.
//!
//! An event waits under a [`Key`] that says what it is, never when it was put in; a [`Queue`] gives events back in
//! the exact order of their keys and carries the clock; an [`EventHash`] chains what was processed, so that two runs
//! can be compared event by event.

mod event_hash;
mod guard;
mod key;
mod queue;
mod wheel;

pub use event_hash::EventHash;
pub use key::Key;
pub use queue::{Handle, Queue};
