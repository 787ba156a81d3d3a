//! NodeAffinity: node selectors, required and preferred node affinity (scheduler.md 7.7).
//!
//! Source: `pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go`, v1.36.2.
//! DIFFERENCE: `addedAffinity` of the configuration does not exist yet; who configures the scheduler can tell.

use crate::cache::{Cache, NodeIx, NodeView};
use crate::framework::{
    Cycle, CycleState, EnqueueExtensions, FilterPlugin, Incoming, PreFilter, PreFilterPlugin, PreScore,
    PreScorePlugin, Reason, Rejection, ScorePlugin, default_normalize,
};
use crate::queue::{Action, ClusterEvent, EventKind};
use api::Name;
use api::pod::{NodeSelectorTerm, PodSpec, PreferredTerm};
use api::selector::Operator;
use component_helpers::{matches_required, matches_term};
use std::collections::BTreeSet;

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeAffinity;

impl PreFilterPlugin for NodeAffinity {
    fn pre_filter(&self, incoming: &Incoming, _: &mut CycleState, _: &mut Cache) -> PreFilter {
        let spec = &incoming.pod.spec;
        match required(spec) {
            None if spec.node_selector.is_empty() => PreFilter::Skip,
            None => PreFilter::Success,
            Some(terms) => match named_nodes(terms) {
                None => PreFilter::Success,
                Some(names) if names.is_empty() => {
                    PreFilter::Rejected(Rejection::unresolvable(Reason::ConflictingTerms))
                }
                Some(names) => PreFilter::Narrowed(names.into_iter().collect()),
            },
        }
    }
}

impl FilterPlugin for NodeAffinity {
    fn filter(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> Result<(), Rejection> {
        match &node.info.node {
            Some(node) if matches_required(&cycle.incoming.pod.spec, node) => Ok(()),
            _ => Err(Rejection::unresolvable(Reason::NodeAffinity)),
        }
    }
}

impl PreScorePlugin for NodeAffinity {
    fn pre_score(&self, incoming: &Incoming, _: &mut CycleState, _: &mut Cache, _: &[NodeIx]) -> PreScore {
        if preferred(&incoming.pod.spec).is_empty() { PreScore::Skip } else { PreScore::Success }
    }
}

impl ScorePlugin for NodeAffinity {
    /// The sum of the weights of the preferred terms that the node meets.
    fn score(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> i64 {
        let Some(node) = &node.info.node else { return 0 };
        let terms = preferred(&cycle.incoming.pod.spec).iter();
        terms.filter(|preferred| matches_term(&preferred.term, node)).map(|p| i64::from(p.weight)).sum()
    }
    fn normalize(&self, _: Cycle<'_>, _: &[NodeIx], scores: &mut [i64]) {
        default_normalize(scores, false);
    }
}

impl EnqueueExtensions for NodeAffinity {
    fn events_to_register(&self) -> &'static [EventKind] {
        const { &[EventKind::node(Action::ADD.or(Action::UPDATE_NODE_LABEL))] }
    }
    fn queueing_hint(&self, incoming: &Incoming, event: &ClusterEvent) -> bool {
        let spec = &incoming.pod.spec;
        match event.node() {
            (old, Some(new)) => {
                matches_required(spec, new) && !old.is_some_and(|old| matches_required(spec, old))
            }
            _ => false,
        }
    }
}

fn required(spec: &PodSpec) -> Option<&[NodeSelectorTerm]> {
    spec.affinity.node.as_ref()?.required.as_deref()
}

fn preferred(spec: &PodSpec) -> &[PreferredTerm] {
    spec.affinity.node.as_ref().map(|affinity| affinity.preferred.as_slice()).unwrap_or_default()
}

/// The nodes that the terms name; `None` if one of them names none.
fn named_nodes(terms: &[NodeSelectorTerm]) -> Option<BTreeSet<Name>> {
    if terms.is_empty() {
        return None;
    }
    let mut names = BTreeSet::new();
    for term in terms {
        names.append(&mut names_of_term(term)?);
    }
    Some(names)
}

fn names_of_term(term: &NodeSelectorTerm) -> Option<BTreeSet<Name>> {
    let fields = term.match_fields.iter();
    let lists = fields.filter(|f| f.key == "metadata.name" && f.operator == Operator::In);
    lists
        .map(|field| field.values.iter().cloned().collect::<BTreeSet<Name>>())
        .reduce(|a, b| a.intersection(&b).cloned().collect())
}
