//! NodeName: a pod that names its node goes nowhere else (scheduler.md 7.3).
//!
//! Source: `pkg/scheduler/framework/plugins/nodename/node_name.go`, v1.36.2.

use crate::cache::NodeView;
use crate::framework::{Cycle, EnqueueExtensions, FilterPlugin, Incoming, Reason, Rejection};
use crate::queue::{Action, ClusterEvent, EventKind};

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeName;

impl FilterPlugin for NodeName {
    fn filter(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> Result<(), Rejection> {
        let wanted = &cycle.incoming.pod.node_name;
        if wanted.is_empty() || *wanted == node.info.name {
            Ok(())
        } else {
            Err(Rejection::unresolvable(Reason::NodeName))
        }
    }
}

impl EnqueueExtensions for NodeName {
    fn events_to_register(&self) -> &'static [EventKind] {
        const { &[EventKind::node(Action::ADD)] }
    }
    fn queueing_hint(&self, _: &Incoming, _: &ClusterEvent) -> bool {
        true
    }
}
