//! PodTopologySpread: pods of a kind are spread over zones and nodes (scheduler.md 7.16).
//!
//! Source: `pkg/scheduler/framework/plugins/podtopologyspread/{plugin,common,filtering,scoring}.go`, v1.36.2. Pods are
//! counted through the cache's label sets, so a cycle costs what matches and not what runs.
//! DIFFERENCE: default constraints are the system's; who configures others can tell.

mod filtering;
mod hints;
mod scoring;

pub use filtering::HardSpread;
pub use scoring::SoftSpread;

use crate::cache::{Cache, NodeIx, NodeView, TopologyIx};
use crate::framework::Incoming;
use api::pod::{Pod, TopologySpreadConstraint, WhenUnsatisfiable};
use api::selector::{Operator, Requirement};
use api::{LabelSelector, Name};
use component_helpers::{find_untolerated, forbids_scheduling, matches_required};

const HOSTNAME: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodTopologySpread;

/// A constraint, ready to be counted.
#[derive(Clone, Debug)]
struct Constraint {
    topology: TopologyIx,
    is_hostname: bool,
    max_skew: i64,
    min_domains: usize,
    selector: Option<LabelSelector>,
    honor_affinity: bool,
    honor_taints: bool,
}

impl Constraint {
    fn of(pod: &Pod, constraint: &TopologySpreadConstraint, cache: &mut Cache) -> Self {
        Self {
            topology: cache.topology(&constraint.topology_key),
            is_hostname: constraint.topology_key == HOSTNAME,
            max_skew: i64::from(constraint.max_skew),
            min_domains: usize::try_from(constraint.min_domains.unwrap_or(1)).unwrap_or(1),
            selector: merged_selector(pod, constraint),
            honor_affinity: constraint.honor_node_affinity,
            honor_taints: constraint.honor_node_taints,
        }
    }

    /// One of the system's default constraints.
    fn default(key: &str, max_skew: i64, selector: &LabelSelector, cache: &mut Cache) -> Self {
        Self {
            topology: cache.topology(key),
            is_hostname: key == HOSTNAME,
            max_skew,
            min_domains: 1,
            selector: Some(selector.clone()),
            honor_affinity: true,
            honor_taints: false,
        }
    }

    /// Whether the pods of a node count.
    fn counts_on(&self, pod: &Pod, node: NodeView<'_>) -> bool {
        let Some(object) = &node.info.node else { return false };
        let affinity = !self.honor_affinity || matches_required(&pod.spec, object);
        let taints = || find_untolerated(&object.spec.taints, &pod.spec.tolerations, forbids_scheduling);
        affinity && (!self.honor_taints || !node.row.has_hard_taints || taints().is_none())
    }

    fn has_label(&self, cache: &Cache, ix: NodeIx) -> bool {
        cache.topology_values(self.topology).has(ix)
    }

    /// Matching pods per node; an empty selector counts none of those that run.
    fn count(&self, cache: &mut Cache, namespace: &str) -> Vec<(NodeIx, u32)> {
        match &self.selector {
            Some(selector) if !selector.is_empty() => cache.count_pods(namespace, selector),
            _ => Vec::new(),
        }
    }
}

/// The constraint's selector with the labels that it takes from the pod.
fn merged_selector(pod: &Pod, constraint: &TopologySpreadConstraint) -> Option<LabelSelector> {
    let mut selector = constraint.label_selector.clone()?;
    for key in &constraint.match_label_keys {
        if let Some(value) = pod.meta.labels.get(key) {
            selector.match_expressions.push(equals(key, value));
        }
    }
    Some(selector)
}

/// `key = value` as a requirement.
pub fn equals(key: &Name, value: &Name) -> Requirement {
    Requirement { key: key.clone(), operator: Operator::In, values: vec![value.clone()] }
}

fn own_constraints(
    incoming: &Incoming,
    when: WhenUnsatisfiable,
) -> impl Iterator<Item = &TopologySpreadConstraint> {
    let all = incoming.pod.spec.topology_spread_constraints.iter();
    all.filter(move |constraint| constraint.when_unsatisfiable == when)
}
