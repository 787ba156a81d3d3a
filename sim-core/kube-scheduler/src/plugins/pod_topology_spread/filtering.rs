//! Hard constraints: `DoNotSchedule`.

use super::{Constraint, PodTopologySpread, own_constraints};
use crate::cache::{Cache, MISSING_VALUE, NodeIx, NodeView};
use crate::framework::{
    Cycle, CycleState, FilterPlugin, Incoming, PreFilter, PreFilterPlugin, Reason, Rejection,
};
use api::pod::WhenUnsatisfiable;

/// A domain that no eligible node makes.
const ABSENT: i64 = i64::MIN;
/// The smallest count where there is no domain.
const NO_DOMAIN: i64 = i32::MAX as i64;

/// The hard constraints of a pod and what they count.
#[derive(Clone, Debug)]
pub struct HardSpread(Vec<Counted>);

#[derive(Clone, Debug)]
struct Counted {
    constraint: Constraint,
    /// By value of the topology's label.
    counts: Vec<i64>,
    domains: usize,
    smallest: i64,
    self_match: i64,
}

impl PreFilterPlugin for PodTopologySpread {
    fn pre_filter(&self, incoming: &Incoming, state: &mut CycleState, cache: &mut Cache) -> PreFilter {
        let hard: Vec<Constraint> = own_constraints(incoming, WhenUnsatisfiable::DoNotSchedule)
            .map(|constraint| Constraint::of(&incoming.pod, constraint, cache))
            .collect();
        if hard.is_empty() {
            return PreFilter::Skip;
        }
        let nodes: Vec<NodeIx> = cache
            .nodes()
            .iter()
            .copied()
            .filter(|ix| hard.iter().all(|constraint| constraint.has_label(cache, *ix)))
            .collect();
        let counted = hard.into_iter().map(|constraint| Counted::new(constraint, incoming, cache, &nodes));
        state.hard_spread = Some(HardSpread(counted.collect()));
        PreFilter::Success
    }
}

impl Counted {
    /// Counts over the nodes that have all labels: each makes its domain, even with nothing in it.
    fn new(constraint: Constraint, incoming: &Incoming, cache: &mut Cache, nodes: &[NodeIx]) -> Self {
        let pod = &incoming.pod;
        let matching = constraint.count(cache, &pod.meta.namespace);
        let topology = cache.topology_values(constraint.topology);
        let mut counts = vec![ABSENT; topology.values()];
        let mut eligible = vec![false; cache.indices()];
        for ix in nodes.iter().filter(|ix| constraint.counts_on(pod, cache.view(**ix))) {
            eligible[ix.at()] = true;
            let count = &mut counts[topology.value(*ix) as usize];
            *count = (*count).max(0);
        }
        for (ix, number) in matching.into_iter().filter(|(ix, _)| eligible[ix.at()]) {
            counts[topology.value(ix) as usize] += i64::from(number);
        }
        let present = || counts.iter().copied().filter(|count| *count != ABSENT);
        let selected = constraint.selector.as_ref().is_some_and(|s| s.matches(&pod.meta.labels));
        Self {
            domains: present().count(),
            smallest: present().min().unwrap_or(NO_DOMAIN),
            self_match: i64::from(selected),
            constraint,
            counts,
        }
    }

    fn check(&self, cache: &Cache, node: NodeIx) -> Result<(), Rejection> {
        let value = cache.topology_values(self.constraint.topology).value(node);
        if value == MISSING_VALUE {
            return Err(Rejection::unresolvable(Reason::SpreadMissingLabel));
        }
        let smallest = if self.domains < self.constraint.min_domains { 0 } else { self.smallest };
        let count = self.counts.get(value as usize).copied().unwrap_or(ABSENT).max(0);
        if count + self.self_match - smallest > self.constraint.max_skew {
            return Err(Rejection::unschedulable(Reason::Spread));
        }
        Ok(())
    }
}

impl FilterPlugin for PodTopologySpread {
    fn filter(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> Result<(), Rejection> {
        let Some(HardSpread(counted)) = &cycle.state.hard_spread else { return Ok(()) };
        counted.iter().try_for_each(|constraint| constraint.check(cycle.cache, node.ix))
    }
}
