//! NodeUnschedulable: cordoned nodes take only pods that tolerate it (scheduler.md 7.2).
//!
//! Source: `pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go`, v1.36.2.

use crate::cache::NodeView;
use crate::framework::{Cycle, EnqueueExtensions, FilterPlugin, Incoming, Reason, Rejection};
use crate::queue::{Action, ClusterEvent, EventKind};
use api::Name;
use api::node::{Taint, TaintEffect};
use api::pod::Pod;
use component_helpers::is_tolerated;

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeUnschedulable;

impl FilterPlugin for NodeUnschedulable {
    fn filter(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> Result<(), Rejection> {
        if node.row.unschedulable && !tolerates_cordon(&cycle.incoming.pod) {
            return Err(Rejection::unresolvable(Reason::Unschedulable));
        }
        Ok(())
    }
}

impl EnqueueExtensions for NodeUnschedulable {
    fn events_to_register(&self) -> &'static [EventKind] {
        const {
            &[
                EventKind::node(Action::ADD.or(Action::UPDATE_NODE_TAINT)),
                EventKind::pod(Action::UPDATE_POD_TOLERATION),
            ]
        }
    }
    fn queueing_hint(&self, incoming: &Incoming, event: &ClusterEvent) -> bool {
        match event {
            ClusterEvent::Node(_, old, Some(new)) => {
                !new.spec.unschedulable && old.as_ref().is_none_or(|old| old.spec.unschedulable)
            }
            ClusterEvent::UnscheduledPod(_, _, new) => event.is_about(&incoming.pod) && tolerates_cordon(new),
            _ => false,
        }
    }
}

fn tolerates_cordon(pod: &Pod) -> bool {
    let taint = Taint {
        key: Name::new_static("node.kubernetes.io/unschedulable"),
        value: Name::default(),
        effect: TaintEffect::NoSchedule,
        time_added: None,
    };
    is_tolerated(&taint, &pod.spec.tolerations)
}
