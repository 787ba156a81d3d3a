//! The closed set of plugins, and who takes part in what.
//!
//! DIFFERENCE: VolumeRestrictions, NodeVolumeLimits, VolumeBinding, VolumeZone, InterPodAffinity and
//! NodeDeclaredFeatures do not exist yet. Pods with volumes of their own, with pod affinity or anti-affinity (or placed
//! beside pods that have it), or with declared features can tell.

use super::interface::{
    BindPlugin, EnqueueExtensions, FilterPlugin, PermitPlugin, PostFilterPlugin, PreBindPlugin,
    PreEnqueuePlugin, PreFilterPlugin, PreScorePlugin, QueueSortPlugin, ReservePlugin, ScorePlugin,
};
use crate::plugins;

/// Declares the plugins and their names.
macro_rules! plugins {
    ($($plugin:ident)+) => {
        /// The name of a plugin, as it is registered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum PluginName { $(#[doc = stringify!($plugin)] $plugin),+ }

        impl PluginName {
            /// Every plugin.
            pub const ALL: &'static [Self] = &[$(Self::$plugin),+];
            /// The registered name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$plugin => stringify!($plugin)),+ }
            }
        }

        /// A plugin with its arguments.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Plugin { $(#[doc = stringify!($plugin)] $plugin(plugins::$plugin)),+ }

        impl Plugin {
            /// Its name.
            pub const fn name(&self) -> PluginName {
                match self { $(Self::$plugin(_) => PluginName::$plugin),+ }
            }
        }
    };
}

plugins! {
    SchedulingGates PrioritySort NodeUnschedulable NodeName TaintToleration NodeAffinity NodePorts NodeResourcesFit
    PodTopologySpread DynamicResources DefaultPreemption NodeResourcesBalancedAllocation ImageLocality DefaultBinder
}

/// Says for one extension point which plugins take part.
macro_rules! extension_points {
    ($($(#[$doc:meta])* $point:ident: $role:ident { $($plugin:ident)* })+) => {
        impl Plugin {
            $(
                $(#[$doc])*
                #[allow(unreachable_patterns, clippy::match_single_binding)] // no plugin takes part in some points yet
                pub fn $point(&self) -> Option<&dyn $role> {
                    match self {
                        $(Self::$plugin(plugin) => Some(plugin),)*
                        _ => None,
                    }
                }
            )+
        }
    };
}

extension_points! {
    /// PreEnqueue.
    pre_enqueue: PreEnqueuePlugin { SchedulingGates }
    /// QueueSort.
    queue_sort: QueueSortPlugin { PrioritySort }
    /// PreFilter.
    pre_filter: PreFilterPlugin { NodeAffinity NodePorts NodeResourcesFit PodTopologySpread }
    /// Filter.
    filter: FilterPlugin {
        NodeUnschedulable NodeName TaintToleration NodeAffinity NodePorts NodeResourcesFit PodTopologySpread
    }
    /// PostFilter.
    post_filter: PostFilterPlugin { DynamicResources DefaultPreemption }
    /// PreScore.
    pre_score: PreScorePlugin { TaintToleration NodeAffinity PodTopologySpread NodeResourcesBalancedAllocation }
    /// Score.
    score: ScorePlugin {
        TaintToleration NodeAffinity NodeResourcesFit PodTopologySpread NodeResourcesBalancedAllocation ImageLocality
    }
    /// Reserve.
    reserve: ReservePlugin {}
    /// Permit.
    permit: PermitPlugin {}
    /// PreBind.
    pre_bind: PreBindPlugin {}
    /// Bind.
    bind: BindPlugin { DefaultBinder }
    /// Events and hints.
    enqueue: EnqueueExtensions {
        SchedulingGates NodeUnschedulable NodeName TaintToleration NodeAffinity NodePorts NodeResourcesFit
        PodTopologySpread
    }
}

/// A set of plugins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PluginSet(u32);

impl PluginSet {
    /// Adds a plugin.
    pub fn insert(&mut self, plugin: PluginName) {
        self.0 |= 1 << plugin as u32;
    }
    /// Whether a plugin is in it.
    pub fn contains(self, plugin: PluginName) -> bool {
        self.0 & 1 << plugin as u32 != 0
    }
    /// Whether they have a plugin in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
    /// Whether none is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<PluginName> for PluginSet {
    fn from_iter<I: IntoIterator<Item = PluginName>>(plugins: I) -> Self {
        let mut set = Self::default();
        plugins.into_iter().for_each(|plugin| set.insert(plugin));
        set
    }
}
