//! The scheduler: queue, framework, and one file per plugin.
//!
//! Source: `pkg/scheduler` of Kubernetes v1.36.2, as scheduler.md describes it. [`Scheduler`] is the component of a
//! running cluster; [`schedule_all`] is a pass without time; [`framework::Framework`] is what both decide with.

pub mod cache;
mod default_selector;
pub mod framework;
mod lookup;
mod placement;
pub mod plugins;
pub mod queue;
mod recorder;
mod scheduler;
#[cfg(test)]
mod testing;

pub use placement::{Explanation, NodeScores, Options, Order, Placement, Verdict, schedule_all};
pub use scheduler::{Config, Scheduler, SchedulerTimer};
