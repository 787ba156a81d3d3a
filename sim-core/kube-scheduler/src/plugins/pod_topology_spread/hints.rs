//! Which changes can help a pod that hard constraints kept out (scheduler.md 6.7).

use super::{PodTopologySpread, merged_selector, own_constraints};
use crate::framework::{EnqueueExtensions, Incoming};
use crate::queue::{Action, ClusterEvent, EventKind};
use api::node::Node;
use api::pod::{Pod, TopologySpreadConstraint, WhenUnsatisfiable};

impl EnqueueExtensions for PodTopologySpread {
    fn events_to_register(&self) -> &'static [EventKind] {
        const {
            &[
                EventKind::pod(
                    Action::ADD
                        .or(Action::UPDATE_POD_LABEL)
                        .or(Action::DELETE)
                        .or(Action::UPDATE_POD_TOLERATION),
                ),
                EventKind::node(
                    Action::ADD
                        .or(Action::DELETE)
                        .or(Action::UPDATE_NODE_LABEL)
                        .or(Action::UPDATE_NODE_TAINT),
                ),
            ]
        }
    }

    fn queueing_hint(&self, incoming: &Incoming, event: &ClusterEvent) -> bool {
        let hard: Vec<_> = own_constraints(incoming, WhenUnsatisfiable::DoNotSchedule).collect();
        match event {
            ClusterEvent::Node(_, old, new) => node_helps(&hard, old.as_deref(), new.as_deref()),
            _ => {
                let (old, new) = event.pod();
                let of_interest = |pod: &Pod| {
                    let placed = pod.is_bound() || !pod.status.nominated_node_name.is_empty();
                    event.is_about(&incoming.pod)
                        || placed && pod.meta.namespace == incoming.pod.meta.namespace
                };
                old.is_none_or(|pod| of_interest(pod))
                    && new.is_none_or(|pod| of_interest(pod))
                    && pod_helps(&hard, incoming, event, old.map(AsRef::as_ref), new.map(AsRef::as_ref))
            }
        }
    }
}

fn pod_helps(
    hard: &[&TopologySpreadConstraint],
    incoming: &Incoming,
    event: &ClusterEvent,
    old: Option<&Pod>,
    new: Option<&Pod>,
) -> bool {
    let matches = |constraint: &TopologySpreadConstraint, pod: &Pod| {
        merged_selector(&incoming.pod, constraint).is_some_and(|s| s.matches(&pod.meta.labels))
    };
    match (old, new) {
        (Some(old), Some(new)) => {
            let tolerates_more =
                event.is_about(&incoming.pod) && old.spec.tolerations != new.spec.tolerations;
            (tolerates_more && hard.iter().any(|c| c.honor_node_taints))
                || (old.meta.labels != new.meta.labels
                    && hard.iter().any(|c| matches(c, old) != matches(c, new)))
        }
        (Some(pod), None) | (None, Some(pod)) => hard.iter().any(|c| matches(c, pod)),
        (None, None) => false,
    }
}

fn node_helps(hard: &[&TopologySpreadConstraint], old: Option<&Node>, new: Option<&Node>) -> bool {
    let value = |node: &Node, constraint: &TopologySpreadConstraint| {
        node.meta.labels.get(&constraint.topology_key).cloned()
    };
    let has_all = |node: &Node| hard.iter().all(|c| value(node, c).is_some());
    match (old, new) {
        (Some(old), Some(new)) if has_all(old) == has_all(new) => {
            has_all(new)
                && (hard.iter().any(|c| value(old, c) != value(new, c)) || old.spec.taints != new.spec.taints)
        }
        (Some(_), Some(_)) => true,
        (Some(node), None) | (None, Some(node)) => has_all(node),
        (None, None) => false,
    }
}
