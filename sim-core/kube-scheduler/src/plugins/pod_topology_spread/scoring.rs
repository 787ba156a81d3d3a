//! Soft constraints: `ScheduleAnyway`, and the system's defaults.

use super::{Constraint, HOSTNAME, PodTopologySpread, ZONE, own_constraints};
use crate::cache::{Cache, EMPTY_VALUE, MISSING_VALUE, NodeIx, NodeView};
use crate::framework::{Cycle, CycleState, Incoming, MAX_NODE_SCORE, PreScore, PreScorePlugin, ScorePlugin};
use api::pod::WhenUnsatisfiable;

/// The soft constraints of a pod and what they count.
#[derive(Clone, Debug)]
pub struct SoftSpread {
    constraints: Vec<Counted>,
    /// Nodes that lack a label and get nothing, by index.
    ignored: Vec<bool>,
}

#[derive(Clone, Debug)]
struct Counted {
    constraint: Constraint,
    counts: Counts,
    weight: f64,
}

#[derive(Clone, Debug)]
enum Counts {
    /// By node.
    Node(Vec<i64>),
    /// By value of the topology's label; `None` of values that no feasible node has.
    Domain(Vec<Option<i64>>),
}

impl PreScorePlugin for PodTopologySpread {
    fn pre_score(
        &self,
        incoming: &Incoming,
        state: &mut CycleState,
        cache: &mut Cache,
        nodes: &[NodeIx],
    ) -> PreScore {
        let soft = soft_constraints(incoming, cache);
        if soft.is_empty() {
            return PreScore::Skip;
        }
        state.soft_spread = Some(SoftSpread::new(soft, incoming, cache, nodes));
        PreScore::Success
    }
}

impl SoftSpread {
    fn new(soft: Vec<Constraint>, incoming: &Incoming, cache: &mut Cache, nodes: &[NodeIx]) -> Self {
        // With constraints of its own, only nodes that have all labels take part.
        let need_all = !incoming.pod.spec.topology_spread_constraints.is_empty();
        let lacks = |cache: &Cache, ix: NodeIx| need_all && soft.iter().any(|c| !c.has_label(cache, ix));
        let mut ignored = vec![false; cache.indices()];
        nodes.iter().for_each(|ix| ignored[ix.at()] = lacks(cache, *ix));
        let scored: Vec<NodeIx> = nodes.iter().copied().filter(|ix| !ignored[ix.at()]).collect();
        let mut counted = Vec::with_capacity(soft.len());
        for constraint in &soft {
            let matching = constraint.count(cache, &incoming.pod.meta.namespace);
            let seen =
                matching.into_iter().filter(|(ix, _)| cache.position(*ix).is_some() && !lacks(cache, *ix));
            let (counts, size) = constraint.spread(incoming, cache, &scored, seen);
            counted.push(Counted { constraint: constraint.clone(), counts, weight: weight(size) });
        }
        Self { constraints: counted, ignored }
    }
}

fn soft_constraints(incoming: &Incoming, cache: &mut Cache) -> Vec<Constraint> {
    let pod = &incoming.pod;
    if !pod.spec.topology_spread_constraints.is_empty() {
        let own = own_constraints(incoming, WhenUnsatisfiable::ScheduleAnyway);
        return own.map(|constraint| Constraint::of(pod, constraint, cache)).collect();
    }
    let Some(selector) = &incoming.default_selector else { return Vec::new() };
    [(HOSTNAME, 3), (ZONE, 5)]
        .into_iter()
        .map(|(key, max_skew)| Constraint::default(key, max_skew, selector, cache))
        .collect()
}

impl Constraint {
    /// Adds the matching pods up by domain, and says how many domains the scored nodes make.
    fn spread(
        &self,
        incoming: &Incoming,
        cache: &Cache,
        scored: &[NodeIx],
        matching: impl Iterator<Item = (NodeIx, u32)>,
    ) -> (Counts, usize) {
        if self.is_hostname {
            let mut by_node = vec![0; cache.indices()];
            matching.for_each(|(ix, count)| by_node[ix.at()] += i64::from(count));
            return (Counts::Node(by_node), scored.len());
        }
        let topology = cache.topology_values(self.topology);
        let place = |ix: NodeIx| {
            let value = topology.value(ix);
            if value == MISSING_VALUE { EMPTY_VALUE as usize } else { value as usize }
        };
        let mut domains = vec![None; topology.values()];
        scored.iter().for_each(|ix| domains[place(*ix)] = Some(0));
        let size = domains.iter().flatten().count();
        for (ix, count) in matching.filter(|(ix, _)| self.counts_on(&incoming.pod, cache.view(*ix))) {
            if let Some(sum) = &mut domains[place(ix)] {
                *sum += i64::from(count);
            }
        }
        (Counts::Domain(domains), size)
    }
}

/// The more domains, the more each counts. `libm`'s logarithm has the bits of Go's for 2 to 20,002.
#[allow(clippy::cast_precision_loss)] // as many nodes do not exist
fn weight(size: usize) -> f64 {
    libm::log((size + 2) as f64)
}

impl ScorePlugin for PodTopologySpread {
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // upstream's own conversions
    fn score(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> i64 {
        let Some(spread) = &cycle.state.soft_spread else { return 0 };
        if spread.ignored[node.ix.at()] {
            return 0;
        }
        let mut sum = 0.0;
        for Counted { constraint, counts, weight } in &spread.constraints {
            let value = cycle.cache.topology_values(constraint.topology).value(node.ix);
            if value == MISSING_VALUE {
                continue;
            }
            let count = match counts {
                Counts::Node(by_node) => by_node[node.ix.at()],
                Counts::Domain(domains) => domains.get(value as usize).copied().flatten().unwrap_or_default(),
            };
            sum += count as f64 * weight + (constraint.max_skew - 1) as f64;
        }
        sum.round() as i64
    }

    fn normalize(&self, cycle: Cycle<'_>, nodes: &[NodeIx], scores: &mut [i64]) {
        let Some(spread) = &cycle.state.soft_spread else { return };
        let is_ignored: Vec<bool> = nodes.iter().map(|ix| spread.ignored[ix.at()]).collect();
        normalize(&is_ignored, scores);
    }
}

/// The fewest become the best; ignored nodes get nothing.
fn normalize(is_ignored: &[bool], scores: &mut [i64]) {
    let taking_part = || scores.iter().zip(is_ignored).filter(|(_, ignored)| !**ignored).map(|(s, _)| *s);
    let smallest = taking_part().min().unwrap_or_default();
    let largest = taking_part().max().unwrap_or_default().max(0);
    for (score, ignored) in scores.iter_mut().zip(is_ignored) {
        *score = match (ignored, largest) {
            (true, _) => 0,
            (false, 0) => MAX_NODE_SCORE,
            (false, _) => MAX_NODE_SCORE * (largest + smallest - *score) / largest,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalizing() {
        // scheduler.md 7.16 and 7.20.
        let check = |mut scores: Vec<i64>, ignored: &[bool], expect: &[i64]| {
            normalize(ignored, &mut scores);
            assert_eq!(scores, expect);
        };
        check(vec![4, 2, 0, 5], &[false; 4], &[20, 60, 100, 0]);
        check(vec![5, 3, 1, 6], &[false; 4], &[33, 66, 100, 16]);
        check(vec![9, 7, 6, 4], &[false; 4], &[44, 66, 77, 100]);
        check(vec![13, 9, 10, 8, 6, 6], &[false; 6], &[46, 76, 69, 84, 100, 100]);
        check(vec![6, 6, 2], &[false; 3], &[33, 33, 100]);
        check(vec![0, 0], &[false; 2], &[100, 100]);
        check(vec![0, 4, 2], &[true, false, false], &[0, 50, 100]);
    }
}
