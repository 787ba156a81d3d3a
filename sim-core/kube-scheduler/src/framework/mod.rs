//! The framework: runs the plugins of a profile over the nodes and chooses one.
//!
//! Source: `pkg/scheduler/schedule_one.go`, `pkg/scheduler/framework/runtime/framework.go`, v1.36.2 (scheduler.md 4).
//! It knows no time: [`Framework::schedule`] is a function of the cache, the pod and where the last search ended.

mod decide;
pub mod fit_error;
mod host;
mod interface;
mod plugin;
mod profile;
mod search;
mod status;
#[cfg(test)]
mod tests;

pub use decide::{Decision, Framework, PluginScores};
pub use fit_error::{Diagnosis, FitError};
pub use host::HostChoice;
pub use interface::{
    BindPlugin, Cycle, CycleState, EnqueueExtensions, FilterPlugin, Incoming, MAX_NODE_SCORE, PermitPlugin,
    PostFilterPlugin, PreBindPlugin, PreEnqueuePlugin, PreFilter, PreFilterPlugin, PreScore, PreScorePlugin,
    QueueSortPlugin, ReservePlugin, ScorePlugin, SortKey, default_normalize,
};
pub use plugin::{Plugin, PluginName, PluginSet};
pub use profile::{Profile, Weighted};
pub use search::nodes_to_find;
pub use status::{Code, Insufficient, Reason, Rejection};
