//! NodePorts: a host port can be taken once on a node (scheduler.md 7.8).
//!
//! Source: `pkg/scheduler/framework/plugins/nodeports/node_ports.go`, v1.36.2.

use crate::cache::{Cache, NodeView};
use crate::framework::{
    Cycle, CycleState, EnqueueExtensions, FilterPlugin, Incoming, PreFilter, PreFilterPlugin, Reason,
    Rejection,
};
use crate::queue::{Action, ClusterEvent, EventKind};
use component_helpers::{HostPortSet, host_ports};

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodePorts;

impl PreFilterPlugin for NodePorts {
    fn pre_filter(&self, incoming: &Incoming, _: &mut CycleState, _: &mut Cache) -> PreFilter {
        if incoming.facts.ports.is_empty() { PreFilter::Skip } else { PreFilter::Success }
    }
}

impl FilterPlugin for NodePorts {
    fn filter(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> Result<(), Rejection> {
        if conflicts(cycle.incoming, &node.info.ports) {
            return Err(Rejection::unschedulable(Reason::Ports));
        }
        Ok(())
    }
}

impl EnqueueExtensions for NodePorts {
    fn events_to_register(&self) -> &'static [EventKind] {
        const { &[EventKind::node(Action::ADD), EventKind::pod(Action::DELETE)] }
    }
    fn queueing_hint(&self, incoming: &Incoming, event: &ClusterEvent) -> bool {
        match event {
            ClusterEvent::Node(..) => true,
            ClusterEvent::AssignedPod(_, Some(gone), _) => {
                let taken = gone.is_bound() || !gone.status.nominated_node_name.is_empty();
                taken && conflicts(incoming, &host_ports(&gone.spec).into_iter().collect())
            }
            _ => false,
        }
    }
}

fn conflicts(incoming: &Incoming, used: &HostPortSet) -> bool {
    incoming.facts.ports.iter().any(|port| used.conflicts(port))
}
