//! The status of one container (kubelet.md 2.1, 2.2).
//!
//! Source: `pkg/kubelet/kubelet_pods.go` (convertToAPIContainerStatuses), `pkg/kubelet/prober/prober_manager.go`
//! (UpdatePodStatus), v1.36.2.

use crate::pod::StartFailure;
use crate::prober::{ProbeWorker, Verdict};
use api::Name;
use api::pod::{Container, ContainerId, ContainerState, ContainerStatus, Terminated};
use cri::ProbeRole;
use units::Clock;

/// Where the kubelet saw the container last, and what the runtime and its own memory say now.
pub(crate) struct Sources<'a> {
    pub container: &'a Container,
    pub index: u8,
    pub previous: Option<&'a ContainerStatus>,
    pub runtime: &'a cri::PodStatus,
    pub probes: &'a [ProbeWorker],
    pub failure: Option<&'a StartFailure>,
    pub is_deleting: bool,
    pub clock: Clock,
}

/// The container's status.
pub(crate) fn container_status(s: &Sources<'_>) -> ContainerStatus {
    let mut status = match s.runtime.newest(s.index) {
        Some(newest) => recorded(s, newest),
        None => unrecorded(s),
    };
    if let Some(failure) = s.failure {
        let waiting =
            ContainerState::Waiting { reason: failure.reason.into(), message: failure.message.clone() };
        if let ContainerState::Terminated(ended) = std::mem::replace(&mut status.state, waiting) {
            status.last_termination = Some(ended);
        }
    }
    set_started_and_ready(s, &mut status);
    status
}

/// A container of which the runtime knows nothing.
fn unrecorded(s: &Sources<'_>) -> ContainerStatus {
    if let Some(previous) = s.previous.filter(|p| matches!(p.state, ContainerState::Terminated(_))) {
        return previous.clone();
    }
    let previous = |read: fn(&ContainerStatus) -> i32| s.previous.map_or(0, read);
    let mut status = ContainerStatus {
        name: s.container.name.clone(),
        state: ContainerState::Waiting {
            reason: Name::new_static("ContainerCreating"),
            message: Name::default(),
        },
        last_termination: s.previous.and_then(|p| p.last_termination.clone()),
        ready: false,
        started: false,
        restart_count: previous(|p| p.restart_count),
        image: s.container.image.clone(),
        image_known: false,
        container_id: None,
    };
    let was_running = s.previous.is_some_and(|p| matches!(p.state, ContainerState::Running { .. }));
    if was_running && status.last_termination.is_none() {
        status.last_termination = Some(lost(
            "The container could not be located when the pod was deleted.  The container used to be Running",
        ));
        status.restart_count += i32::from(!s.is_deleting);
    }
    status
}

/// The end of a container that nobody has seen end.
pub(crate) fn lost(message: &'static str) -> Box<Terminated> {
    Box::new(Terminated {
        exit_code: 137,
        reason: Name::new_static("ContainerStatusUnknown"),
        message: message.into(),
        started_at: None,
        finished_at: None,
        container_id: None,
    })
}

/// A container of which the runtime knows a run.
fn recorded(s: &Sources<'_>, newest: &cri::ContainerStatus) -> ContainerStatus {
    let id = ContainerId(newest.container.id.0);
    let runs = i32::try_from(newest.container.run.saturating_sub(1)).unwrap_or(i32::MAX);
    let before = s.runtime.before(s.index).and_then(|before| ended(before, s.clock));
    ContainerStatus {
        name: s.container.name.clone(),
        state: state(newest, s.clock),
        last_termination: before.or_else(|| last_of_previous(s.previous, id)),
        ready: false,
        started: false,
        restart_count: s.previous.map_or(runs, |p| p.restart_count.max(runs)),
        image: newest.container.image.clone(),
        image_known: true,
        container_id: Some(id),
    }
}

fn last_of_previous(previous: Option<&ContainerStatus>, id: ContainerId) -> Option<Box<Terminated>> {
    let previous = previous?;
    match &previous.state {
        ContainerState::Terminated(ended) if previous.container_id != Some(id) => Some(ended.clone()),
        _ => previous.last_termination.clone(),
    }
}

fn state(run: &cri::ContainerStatus, clock: Clock) -> ContainerState {
    match &run.state {
        cri::ContainerState::Created => {
            ContainerState::Waiting { reason: Name::default(), message: Name::default() }
        }
        cri::ContainerState::Running { started_at } => {
            ContainerState::Running { started_at: clock.timestamp(*started_at) }
        }
        cri::ContainerState::Exited { .. } => match ended(run, clock) {
            Some(ended) => ContainerState::Terminated(ended),
            None => ContainerState::Waiting { reason: Name::default(), message: Name::default() },
        },
    }
}

fn ended(run: &cri::ContainerStatus, clock: Clock) -> Option<Box<Terminated>> {
    let cri::ContainerState::Exited { started_at, finished_at, code, reason } = &run.state else {
        return None;
    };
    Some(Box::new(Terminated {
        exit_code: *code,
        reason: reason.clone(),
        message: Name::default(),
        started_at: Some(clock.timestamp(*started_at)),
        finished_at: Some(clock.timestamp(*finished_at)),
        container_id: Some(ContainerId(run.container.id.0)),
    }))
}

fn set_started_and_ready(s: &Sources<'_>, status: &mut ContainerStatus) {
    let is_running = matches!(status.state, ContainerState::Running { .. });
    let id = status.container_id.map(|id| cri::ContainerId(id.0));
    let worker = |role| s.probes.iter().find(|w| w.is(s.index, role));
    let result = |role| worker(role).and_then(|w| w.result_for(id));
    let was_started =
        s.previous.is_some_and(|p| p.started && matches!(p.state, ContainerState::Running { .. }));
    status.started = is_running
        && match result(ProbeRole::Startup) {
            Some(verdict) => verdict == Verdict::Success,
            None => was_started || worker(ProbeRole::Startup).is_none(),
        };
    status.ready = status.started
        && match result(ProbeRole::Readiness) {
            Some(verdict) => verdict == Verdict::Success,
            None => worker(ProbeRole::Readiness).is_none(),
        };
}
