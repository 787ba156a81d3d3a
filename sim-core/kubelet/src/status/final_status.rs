//! The final status of a pod whose termination is over (kubelet.md 2.5, "Final status").
//!
//! Source: `pkg/kubelet/status/status_manager.go` (TerminatePod), v1.36.2.

use super::containers::lost;
use api::pod::{ContainerState, Phase, PodStatus};

/// Gives every container an end and the pod a terminal phase.
pub(crate) fn terminate(status: &mut PodStatus) {
    for container in &mut status.container_statuses {
        if !matches!(container.state, ContainerState::Terminated(_)) {
            let end = lost("The container could not be located when the pod was terminated");
            container.state = ContainerState::Terminated(end);
            container.ready = false;
            container.started = false;
        }
    }
    if !status.phase.is_terminal() {
        status.phase = Phase::Failed;
    }
}
