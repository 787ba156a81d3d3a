//! The facade: what can be pending, who is wired to whom, and how long calls and deliveries take.
//!
//! A [`Simulation`] is a value made from a [`Setup`]. It owns no file, no thread and no sink: whoever drives it takes
//! records and sealed chunks of the journal from it.

mod client_state;
mod config;
mod event;
mod furnish;
mod host;
mod kubectl_line;
mod latency;
mod profile;
mod setup;
mod simulation;

pub use apiserver::validation::validate;
pub use event::Event;
pub use kube_scheduler::{Options as ScheduleOptions, Placement, schedule_all};
pub use profile::{Profile, ProfileName};
pub use setup::{BehaviorRule, NodeSetup, Setup};
pub use simulation::Simulation;
