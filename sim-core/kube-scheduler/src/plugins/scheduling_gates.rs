//! SchedulingGates: a pod with gates stays out of the active queue (scheduler.md 6.2).
//!
//! Source: `pkg/scheduler/framework/plugins/schedulinggates/scheduling_gates.go`, v1.36.2.

use crate::framework::{EnqueueExtensions, Incoming, PreEnqueuePlugin};
use crate::queue::{Action, ClusterEvent, EventKind};
use api::pod::Pod;

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedulingGates;

impl PreEnqueuePlugin for SchedulingGates {
    fn pre_enqueue(&self, pod: &Pod) -> bool {
        pod.spec.scheduling_gates.is_empty()
    }
}

impl EnqueueExtensions for SchedulingGates {
    fn events_to_register(&self) -> &'static [EventKind] {
        const { &[EventKind::pod(Action::UPDATE_POD_GATES_ELIMINATED)] }
    }
    fn queueing_hint(&self, incoming: &Incoming, event: &ClusterEvent) -> bool {
        event.is_about(&incoming.pod)
    }
}
