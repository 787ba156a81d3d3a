//! The extension points: what a plugin can be asked, and when.
//!
//! Source: `staging/src/k8s.io/kube-scheduler/framework/interface.go`, v1.36.2. One trait per extension point; a
//! plugin implements those that it takes part in. Plugins keep nothing between cycles: what a cycle learns lies in its
//! [`CycleState`].
//! DIFFERENCE: plugins never fail with an internal error (code Error), because what they read lies in the cache; case E
//! of scheduler.md 4.9 cannot happen.

use super::status::Rejection;
use crate::cache::{Cache, NodeIx, NodeView, PodFacts};
use crate::plugins::pod_topology_spread::{HardSpread, SoftSpread};
use crate::queue::{ClusterEvent, EventKind};
use api::pod::Pod;
use api::{LabelSelector, Name};
use std::cmp::Reverse;
use std::sync::Arc;
use units::SimTime;

/// A pod that is looking for a node.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The pod.
    pub pod: Arc<Pod>,
    /// What it asks for.
    pub facts: Arc<PodFacts>,
    /// The pods it belongs with by its Services and its owner; `None` if there are none (scheduler.md 7.16).
    pub default_selector: Option<LabelSelector>,
}

/// What the plugins of one cycle tell themselves from one extension point to the next.
#[derive(Clone, Debug, Default)]
pub struct CycleState {
    /// PodTopologySpread: counts for its filter.
    pub hard_spread: Option<HardSpread>,
    /// PodTopologySpread: counts for its score.
    pub soft_spread: Option<SoftSpread>,
}

/// What filters and scores are asked about.
#[derive(Clone, Copy, Debug)]
pub struct Cycle<'a> {
    /// The pod.
    pub incoming: &'a Incoming,
    /// What was prepared.
    pub state: &'a CycleState,
    /// The cluster.
    pub cache: &'a Cache,
}

/// What PreFilter makes of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreFilter {
    /// Go on.
    Success,
    /// Go on without this plugin's filter.
    Skip,
    /// Go on with these nodes alone.
    Narrowed(Vec<Name>),
    /// No node will do.
    Rejected(Rejection),
}

/// What PreScore makes of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreScore {
    /// Go on.
    Success,
    /// Go on without this plugin's score.
    Skip,
}

/// May a pod enter the active queue?
pub trait PreEnqueuePlugin {
    /// Whether it may.
    fn pre_enqueue(&self, pod: &Pod) -> bool;
}

/// Which of two pods is taken first?
pub trait QueueSortPlugin {
    /// What pods are sorted by: made from the pod's priority and the time of its queue entry.
    fn sort_key(&self, priority: i32, timestamp: SimTime) -> SortKey;
}

/// Smaller ones are taken first.
pub type SortKey = (Reverse<i32>, SimTime);

/// Looks at the pod before any node is.
pub trait PreFilterPlugin {
    /// Prepares the filter. The cache may learn to count something that it was not asked for before.
    fn pre_filter(&self, incoming: &Incoming, state: &mut CycleState, cache: &mut Cache) -> PreFilter;
}

/// Can the pod run on this node?
pub trait FilterPlugin {
    /// Answers for one node.
    ///
    /// # Errors
    /// Why it cannot.
    fn filter(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> Result<(), Rejection>;
}

/// What a pod that found no node can do about it.
pub trait PostFilterPlugin {
    /// The text that the message of the failure ends with; `statuses` are those of the visited nodes.
    fn post_filter(&self, incoming: &Incoming, statuses: &[(NodeIx, Rejection)], all_nodes: usize) -> String;
}

/// Looks at the nodes that passed before they are scored.
pub trait PreScorePlugin {
    /// Prepares the score.
    fn pre_score(
        &self,
        incoming: &Incoming,
        state: &mut CycleState,
        cache: &mut Cache,
        nodes: &[NodeIx],
    ) -> PreScore;
}

/// How good is a node?
pub trait ScorePlugin {
    /// Scores one node; without [`ScorePlugin::normalize`] the score lies within 0 and [`MAX_NODE_SCORE`].
    fn score(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> i64;
    /// Brings the scores of all nodes into that range.
    fn normalize(&self, _cycle: Cycle<'_>, _nodes: &[NodeIx], _scores: &mut [i64]) {}
}

/// The best score.
pub const MAX_NODE_SCORE: i64 = 100;

/// Sets something aside on the chosen node.
pub trait ReservePlugin {
    /// Sets it aside.
    ///
    /// # Errors
    /// Why it cannot.
    fn reserve(&self, incoming: &Incoming, node: &Name) -> Result<(), Rejection>;
    /// Gives it back.
    fn unreserve(&self, incoming: &Incoming, node: &Name);
}

/// Holds a pod back before it is bound.
pub trait PermitPlugin {
    /// Lets it pass.
    ///
    /// # Errors
    /// Why not.
    fn permit(&self, incoming: &Incoming, node: &Name) -> Result<(), Rejection>;
}

/// Does what must be done before a pod is bound.
pub trait PreBindPlugin {
    /// Whether there is something to do for this pod.
    fn pre_bind(&self, incoming: &Incoming, node: &Name) -> bool;
}

/// Binds a pod.
pub trait BindPlugin {
    /// The call that binds it.
    fn bind(&self, pod: &Pod, node: &Name) -> client::Call;
}

/// Which changes of the cluster can help a pod that the plugin rejected (scheduler.md 6.6, 6.7)?
pub trait EnqueueExtensions {
    /// Kinds of events with which it may help to ask for a hint.
    fn events_to_register(&self) -> &'static [EventKind];
    /// Whether the pod should be tried again.
    fn queueing_hint(&self, incoming: &Incoming, event: &ClusterEvent) -> bool;
}

/// Upstream's `DefaultNormalizeScore`: the largest becomes 100; reversed, the largest becomes 0 (scheduler.md 7).
pub fn default_normalize(scores: &mut [i64], reverse: bool) {
    let largest = scores.iter().copied().max().unwrap_or_default();
    for score in scores {
        let share = if largest > 0 { MAX_NODE_SCORE * *score / largest } else { 0 };
        *score = if reverse { MAX_NODE_SCORE - share } else { share };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalizing() {
        let check = |mut scores: Vec<i64>, reverse, expect: &[i64]| {
            default_normalize(&mut scores, reverse);
            assert_eq!(scores, expect);
        };
        check(vec![0, 1, 2, 3], true, &[100, 67, 34, 0]);
        check(vec![1, 3], true, &[67, 0]);
        check(vec![0, 0], true, &[100, 100]);
        check(vec![0, 10, 50, 80], false, &[0, 12, 62, 100]);
        check(vec![0, 0], false, &[0, 0]);
        check(vec![], false, &[]);
    }
}
