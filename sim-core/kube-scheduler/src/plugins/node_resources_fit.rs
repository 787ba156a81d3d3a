//! NodeResourcesFit: is there room, and how much is left (scheduler.md 7.9)?
//!
//! Source: `pkg/scheduler/framework/plugins/noderesources/{fit,least_allocated,most_allocated,
//! requested_to_capacity_ratio,resource_allocation}.go`, v1.36.2.
//! DIFFERENCE: no extended resource is backed by a DeviceClass; who uses dynamic resource allocation can tell.
//! DIFFERENCE: `ignoredResources` and `ignoredResourceGroups` do not exist yet; who configures the scheduler can tell.

use crate::cache::Cache;
use crate::cache::{NodeView, Row};
use crate::framework::CycleState;
use crate::framework::{
    Cycle, EnqueueExtensions, FilterPlugin, Incoming, Insufficient, MAX_NODE_SCORE, PreFilter,
    PreFilterPlugin, Reason, Rejection, ScorePlugin,
};
use crate::queue::{Action, ClusterEvent, EventKind};
use api::Name;
use api::node::Node;
use api::pod::Pod;
use component_helpers::{Resource, effective_request};

/// A resource that counts for the score, with its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoredResource {
    /// Its name.
    pub name: Name,
    /// Its weight.
    pub weight: i64,
}

/// A point of a shape: at this utilization (0 to 100) this score (0 to 100).
pub type Shape = Vec<(i64, i64)>;

/// How room that is left is rated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScoringStrategy {
    /// More is better (the default).
    LeastAllocated,
    /// Less is better.
    MostAllocated,
    /// By a shape over the utilization.
    RequestedToCapacityRatio(Shape),
}

/// The plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeResourcesFit {
    /// The strategy.
    pub strategy: ScoringStrategy,
    /// What it looks at.
    pub resources: Vec<ScoredResource>,
}

impl Default for NodeResourcesFit {
    fn default() -> Self {
        let resource = |name| ScoredResource { name: Name::new_static(name), weight: 1 };
        Self {
            strategy: ScoringStrategy::LeastAllocated,
            resources: vec![resource("cpu"), resource("memory")],
        }
    }
}

impl PreFilterPlugin for NodeResourcesFit {
    fn pre_filter(&self, _: &Incoming, _: &mut CycleState, _: &mut Cache) -> PreFilter {
        PreFilter::Success
    }
}

impl FilterPlugin for NodeResourcesFit {
    fn filter(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> Result<(), Rejection> {
        let (row, request) = (node.row, &cycle.incoming.facts.request);
        let mut missing = Insufficient::default();
        missing.add_if(row.pods.saturating_add(1) > row.allowed_pods, Insufficient::TOO_MANY_PODS);
        let mut hopeless = false;
        for (wanted, allocatable, requested, what) in columns(row, request) {
            if wanted > 0 && wanted > allocatable.saturating_sub(requested) {
                missing.add_if(true, what);
                hopeless |= wanted > allocatable;
            }
        }
        for (at, (name, wanted)) in request.scalars.iter().enumerate().filter(|(_, (_, wanted))| *wanted != 0)
        {
            let scalar = node.info.scalar(name);
            let allocatable = scalar.and_then(|s| s.allocatable).unwrap_or_default();
            let requested = scalar.map_or(0, |s| s.requested);
            if *wanted > allocatable.saturating_sub(requested) {
                missing.add_if(true, Insufficient::scalar(at));
                hopeless |= *wanted > allocatable;
            }
        }
        match (missing.is_empty(), hopeless) {
            (true, _) => Ok(()),
            (false, false) => Err(Rejection::unschedulable(Reason::Resources(missing))),
            (false, true) => Err(Rejection::unresolvable(Reason::Resources(missing))),
        }
    }
}

/// Wanted, allocatable, requested, and what is missing if they do not fit.
fn columns(row: &Row, request: &Resource) -> [(i64, i64, i64, Insufficient); 3] {
    [
        (request.milli_cpu.0, row.allocatable_cpu.0, row.requested_cpu.0, Insufficient::CPU),
        (request.memory.0, row.allocatable_memory.0, row.requested_memory.0, Insufficient::MEMORY),
        (
            request.ephemeral_storage.0,
            row.allocatable_storage.0,
            row.requested_storage.0,
            Insufficient::EPHEMERAL_STORAGE,
        ),
    ]
}

impl ScorePlugin for NodeResourcesFit {
    fn score(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> i64 {
        let (mut sum, mut weights) = (0_i64, 0_i64);
        for resource in &self.resources {
            let Some((used, allocatable)) = used_of(&resource.name, &cycle.incoming.facts.scoring, node)
            else {
                continue;
            };
            let score = self.strategy.rate(used, allocatable);
            if matches!(self.strategy, ScoringStrategy::RequestedToCapacityRatio(_)) && score <= 0 {
                continue;
            }
            sum = sum.saturating_add(score.saturating_mul(resource.weight));
            weights = weights.saturating_add(resource.weight);
        }
        self.strategy.average(sum, weights)
    }
}

/// What is used of a resource with the pod on the node, and what there is; `None` if the resource does not count.
fn used_of(name: &str, pod: &Resource, node: NodeView<'_>) -> Option<(i64, i64)> {
    let row = node.row;
    let (pod, requested, allocatable) = match name {
        "cpu" => (pod.milli_cpu.0, row.non_zero_cpu.0, row.allocatable_cpu.0),
        "memory" => (pod.memory.0, row.non_zero_memory.0, row.allocatable_memory.0),
        "ephemeral-storage" => (pod.ephemeral_storage.0, row.requested_storage.0, row.allocatable_storage.0),
        other => {
            let scalar = node.info.scalar(other).filter(|_| pod.scalar(other) != 0)?;
            (pod.scalar(other), scalar.requested, scalar.allocatable.unwrap_or_default())
        }
    };
    (allocatable != 0).then(|| (requested.saturating_add(pod), allocatable))
}

impl ScoringStrategy {
    fn rate(&self, used: i64, allocatable: i64) -> i64 {
        let share = |amount: i64| amount.saturating_mul(MAX_NODE_SCORE).saturating_div(allocatable);
        match self {
            Self::LeastAllocated if used > allocatable => 0,
            Self::LeastAllocated => share(allocatable.saturating_sub(used)),
            Self::MostAllocated => share(used.min(allocatable)),
            Self::RequestedToCapacityRatio(shape) if used > allocatable => on_shape(shape, 100),
            Self::RequestedToCapacityRatio(shape) => on_shape(shape, share(used)),
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // upstream's own conversions
    fn average(&self, sum: i64, weights: i64) -> i64 {
        match self {
            _ if weights == 0 => 0,
            Self::RequestedToCapacityRatio(_) => (sum as f64 / weights as f64).round() as i64,
            Self::LeastAllocated | Self::MostAllocated => sum / weights,
        }
    }
}

/// The score of a utilization: linear between the points of the shape, constant outside.
fn on_shape(shape: &[(i64, i64)], utilization: i64) -> i64 {
    let next = shape.iter().position(|(at, _)| utilization <= *at);
    match next {
        Some(0) => shape[0].1,
        Some(next) => {
            let ((u0, s0), (u1, s1)) = (shape[next - 1], shape[next]);
            s0 + (s1 - s0) * (utilization - u0) / (u1 - u0)
        }
        None => shape.last().map_or(0, |(_, score)| *score),
    }
}

impl EnqueueExtensions for NodeResourcesFit {
    fn events_to_register(&self) -> &'static [EventKind] {
        const {
            &[
                EventKind::node(Action::ADD.or(Action::UPDATE_NODE_ALLOCATABLE)),
                EventKind::pod(Action::DELETE.or(Action::UPDATE_POD_SCALE_DOWN)),
            ]
        }
    }
    fn queueing_hint(&self, incoming: &Incoming, event: &ClusterEvent) -> bool {
        match event {
            ClusterEvent::Node(_, old, Some(new)) => node_helps(&incoming.facts.request, old.as_deref(), new),
            ClusterEvent::AssignedPod(_, Some(gone), None) => {
                gone.is_bound() || !gone.status.nominated_node_name.is_empty()
            }
            ClusterEvent::AssignedPod(_, Some(old), Some(new)) => shrank(&incoming.facts.request, old, new),
            ClusterEvent::UnscheduledPod(..) => event.is_about(&incoming.pod),
            _ => false,
        }
    }
}

/// Whether the pod fits the node when it is empty and, on an update, the node has more of something that it asks for.
fn node_helps(request: &Resource, old: Option<&Node>, new: &Node) -> bool {
    let of = |node: &Node| Resource::from_list(&node.status.allocatable);
    let pods = |node: &Node| node.status.allocatable.get("pods").unwrap_or_default().value();
    let have = of(new);
    let fits = pods(new) >= 1
        && request.milli_cpu <= have.milli_cpu
        && request.memory <= have.memory
        && request.ephemeral_storage <= have.ephemeral_storage
        && request.scalars.iter().all(|(name, wanted)| *wanted <= have.scalar(name));
    fits && old.is_none_or(|old| pods(old) < pods(new) || is_less(request, &of(old), &have))
}

/// Whether an assigned pod asks for less of something that the waiting pod asks for.
fn shrank(request: &Resource, old: &Pod, new: &Pod) -> bool {
    new.is_bound() && is_less(request, &effective_request(&new.spec), &effective_request(&old.spec))
}

/// Whether `a` is less than `b` in a resource that is asked for.
fn is_less(request: &Resource, a: &Resource, b: &Resource) -> bool {
    (request.milli_cpu.0 > 0 && a.milli_cpu < b.milli_cpu)
        || (request.memory.0 > 0 && a.memory < b.memory)
        || (request.ephemeral_storage.0 > 0 && a.ephemeral_storage < b.ephemeral_storage)
        || request.scalars.iter().any(|(name, wanted)| *wanted > 0 && a.scalar(name) < b.scalar(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USED: [(i64, i64); 2] = [(1600, 4000), (6_966_738_944, 34_359_738_368)];

    fn score(strategy: &ScoringStrategy, used: &[(i64, i64)]) -> i64 {
        let keep =
            |score: &i64| *score > 0 || !matches!(strategy, ScoringStrategy::RequestedToCapacityRatio(_));
        let scores: Vec<i64> = used.iter().map(|(u, a)| strategy.rate(*u, *a)).filter(keep).collect();
        strategy.average(scores.iter().sum(), i64::try_from(scores.len()).unwrap())
    }

    #[test]
    fn worked_examples() {
        // scheduler.md 7.9.
        use ScoringStrategy::{LeastAllocated, MostAllocated, RequestedToCapacityRatio};
        assert_eq!(score(&LeastAllocated, &USED), 69);
        assert_eq!(score(&MostAllocated, &USED), 30);
        assert_eq!(score(&RequestedToCapacityRatio(vec![(0, 0), (100, 100)]), &USED), 30);
        let falling = RequestedToCapacityRatio(vec![(0, 100), (100, 0)]);
        assert_eq!(score(&falling, &[(75, 100), (50, 100)]), 38);
        assert_eq!(score(&LeastAllocated, &[(150, 100), (20, 100)]), 40);
        assert_eq!(score(&LeastAllocated, &[(100, 4000), (200 << 20, 32 << 30)]), 98);
        // Sums saturate.
        assert_eq!(score(&LeastAllocated, &[(i64::MIN, i64::MAX)]), 1);
        assert_eq!(score(&MostAllocated, &[(i64::MIN, -1)]), i64::MAX);
    }

    #[test]
    fn shapes() {
        let shape = [(0, 0), (30, 80), (100, 100)];
        for (utilization, expect) in [(10, 26), (29, 77), (31, 80), (65, 90), (0, 0), (100, 100)] {
            assert_eq!(on_shape(&shape, utilization), expect, "{utilization}");
        }
        assert_eq!(on_shape(&[(10, 70), (20, 90)], 5), 70);
        assert_eq!(on_shape(&[(10, 70), (20, 90)], 50), 90);
        assert_eq!(on_shape(&[], 50), 0);
    }
}
