//! The scenario file, its checks, and the library of scenarios.
//!
//! A scenario is everything that a run needs in one YAML document: a cluster, real manifests, `kubectl` lines and a
//! few words for what the containers do. [`load`] makes plain data of it, or says all that is wrong with it at once,
//! each with file, line and column. Nothing here touches a file system: files come through [`files::Files`].
//!
//! DIFFERENCE: some fields of the scenario file have nothing behind them yet. They are refused by name, with what they
//! will be (the tables `LATER` in the modules), and never silently ignored.

mod behaviors;
mod check;
mod cluster;
pub mod files;
mod library;
mod load;
pub mod manifests;
mod model;
mod owners;
mod set;
mod setup;
mod timeline;
mod words;

pub use library::library;
pub use load::{from_manifests, load};
pub use sim_core::ProfileName;

pub use model::{
    BehaviorRule, Health, HealthResult, Manifest, Pool, Position, ProbeRole, Scenario, Step, Stop,
};
