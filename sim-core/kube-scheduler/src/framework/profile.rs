//! Profiles: which plugins run, in which order and with which weight (scheduler.md 3).
//!
//! Source: `pkg/scheduler/apis/config/v1/default_plugins.go`, v1.36.2.
//! DIFFERENCE: only the default profile exists yet; who configures the scheduler can tell. What it lacks is listed in
//! `plugin.rs`; a plugin that is missing gives every node the same score that the real one gives to pods that do not
//! concern it, so totals are equal.

use super::plugin::Plugin;
use crate::plugins::{
    DefaultBinder, DefaultPreemption, DynamicResources, ImageLocality, NodeAffinity, NodeName, NodePorts,
    NodeResourcesBalancedAllocation, NodeResourcesFit, NodeUnschedulable, PodTopologySpread, PrioritySort,
    SchedulingGates, TaintToleration,
};
use api::Name;

/// A plugin and the weight of its score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighted {
    /// The plugin.
    pub plugin: Plugin,
    /// The weight.
    pub weight: i64,
}

/// The plugins of one scheduler name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// `schedulerName`
    pub name: Name,
    /// The plugins in the order of MultiPoint; every extension point keeps it.
    pub plugins: Vec<Weighted>,
    /// Share of the nodes that is enough to find; 0 = by the number of nodes.
    pub percentage_of_nodes_to_score: u32,
}

impl Default for Profile {
    fn default() -> Self {
        let plugins = [
            (Plugin::SchedulingGates(SchedulingGates), 1),
            (Plugin::PrioritySort(PrioritySort), 1),
            (Plugin::NodeUnschedulable(NodeUnschedulable), 1),
            (Plugin::NodeName(NodeName), 1),
            (Plugin::TaintToleration(TaintToleration), 3),
            (Plugin::NodeAffinity(NodeAffinity), 2),
            (Plugin::NodePorts(NodePorts), 1),
            (Plugin::NodeResourcesFit(NodeResourcesFit::default()), 1),
            (Plugin::PodTopologySpread(PodTopologySpread), 2),
            (Plugin::DynamicResources(DynamicResources), 2),
            (Plugin::DefaultPreemption(DefaultPreemption), 1),
            (Plugin::NodeResourcesBalancedAllocation(NodeResourcesBalancedAllocation), 1),
            (Plugin::ImageLocality(ImageLocality), 1),
            (Plugin::DefaultBinder(DefaultBinder), 1),
        ];
        Self {
            name: Name::new_static("default-scheduler"),
            plugins: plugins.into_iter().map(|(plugin, weight)| Weighted { plugin, weight }).collect(),
            percentage_of_nodes_to_score: 0,
        }
    }
}
