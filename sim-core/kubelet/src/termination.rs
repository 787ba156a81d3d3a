//! The end of a pod: hooks and signals, the sandbox, the terminal phase, and what is removed afterwards.
//!
//! Source: `pkg/kubelet/kubelet.go` (SyncTerminatingPod, SyncTerminatedPod),
//! `pkg/kubelet/kuberuntime/kuberuntime_container.go` (killContainer), v1.36.2 (kubelet.md 6.2, 6.3).
//! DIFFERENCE: HTTP hooks take no time and always succeed; sidecars are no special case, as they are not run yet.

use crate::pod_workers::{End, Phase, StatusFor, Step};
use crate::status;
use crate::{Context, Kubelet, Timer};
use api::event::EventType;
use api::pod::Handler;
use cri::{Container, ContainerId, PodRequest, ProbeRole, Request};
use std::sync::Arc;
use units::{SimDuration, SimTime};

/// Least seconds between SIGTERM and SIGKILL (`minimumGracePeriodInSeconds`).
const LEAST_GRACE: i64 = 2;

/// A container that is being stopped.
#[derive(Clone, Debug)]
pub(crate) struct Kill {
    container: Arc<Container>,
    /// Seconds that were left at the beginning.
    grace: i64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its preStop hook runs.
    Hook { since: SimTime },
    /// Its process was told to end.
    Stopping,
    /// It has ended.
    Ended,
}

impl Kubelet {
    pub(crate) fn sync_terminating(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get(&serial) else { return };
        let status = self.generate_status(entry, false, context);
        self.set_pod_status(serial, status, false, context);
        // A status is generated here as in any sync (kubelet.md 5.6).
        self.trigger_readiness(serial, context);
        self.stop_probes(serial, |role| role != ProbeRole::Readiness);
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let grace = entry.worker.grace.unwrap_or(entry.spec.termination_grace_period_seconds.max(1));
        let running = entry.snapshot.containers.iter().filter(|c| c.state.is_running());
        let mut running: Vec<Arc<Container>> = running.map(|c| c.container.clone()).collect();
        running.sort_by_key(|container| container.index);
        let stage = Stage::Hook { since: context.now };
        let kills = running.iter().map(|c| Kill { container: c.clone(), grace, stage });
        entry.worker.step = Step::Killing(kills.collect());
        for container in &running {
            let text = format!("Stopping container {}", container.name);
            self.container_event(serial, container, "Killing", text, context);
            self.begin_kill(serial, container, grace, context);
        }
        self.stop_sandbox_if_ended(serial, context);
    }

    fn begin_kill(&mut self, serial: u32, container: &Arc<Container>, grace: i64, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get(&serial) else { return };
        let hook = entry.container(container.index).and_then(|c| c.pre_stop.clone());
        let limit = context.now + SimDuration::from_secs(grace);
        let at = match hook {
            Some(Handler::Exec(command)) => {
                let request = PodRequest::ExecHook { container: container.clone(), command: command.into() };
                context.runtime(Request::Pod(entry.runtime.clone(), request));
                limit
            }
            Some(Handler::Sleep(seconds)) => limit.min(context.now + SimDuration::from_secs(seconds.max(0))),
            _ => return self.send_sigterm(serial, container.id, context),
        };
        context.timer(at, Timer::Hook { pod: serial, container: container.index });
    }

    /// A hook's pause or its time is over.
    pub(crate) fn hook_due(&mut self, serial: u32, index: u8, context: &mut Context<'_>) {
        let kill = self.kill(serial, |kill| kill.container.index == index);
        if let Some(id) = kill.map(|kill| kill.container.id) {
            self.send_sigterm(serial, id, context);
        }
    }

    /// A hook's command has ended, perhaps with the process in which it ran.
    pub(crate) fn hook_ended(
        &mut self,
        serial: u32,
        id: ContainerId,
        succeeded: bool,
        context: &mut Context<'_>,
    ) {
        let Some(kill) = self.kill(serial, |kill| kill.container.id == id) else { return };
        let name = kill.container.name.clone();
        if !succeeded {
            self.hook_warning(serial, &name, context);
        }
        self.send_sigterm(serial, id, context);
    }

    fn hook_warning(&mut self, serial: u32, container: &str, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get(&serial) else { return };
        let causes = entry.event_causes();
        let what = (EventType::Warning, "FailedPreStopHook");
        self.events.container(&entry.pod, container, what, "PreStopHook failed", causes, context);
    }

    fn kill(&mut self, serial: u32, is_it: impl Fn(&Kill) -> bool) -> Option<&mut Kill> {
        match &mut self.pods.get_mut(&serial)?.worker.step {
            Step::Killing(kills) => kills.iter_mut().find(|kill| is_it(kill)),
            _ => None,
        }
    }

    /// Stops a container whose hook is over. Whole seconds of the hook count against the grace.
    fn send_sigterm(&mut self, serial: u32, id: ContainerId, context: &mut Context<'_>) {
        let Some(kill) = self.kill(serial, |kill| kill.container.id == id) else { return };
        let Stage::Hook { since } = kill.stage else { return };
        kill.stage = Stage::Stopping;
        let left = (kill.grace - (context.now - since).as_secs()).max(LEAST_GRACE);
        let container = kill.container.clone();
        let Some(entry) = self.pods.get(&serial) else { return };
        let request = PodRequest::StopContainer { container, grace: SimDuration::from_secs(left) };
        context.runtime(Request::Pod(entry.runtime.clone(), request));
    }

    /// A container's process has ended.
    pub(crate) fn container_stopped(&mut self, serial: u32, id: ContainerId, context: &mut Context<'_>) {
        if let Some(kill) = self.kill(serial, |kill| kill.container.id == id) {
            kill.stage = Stage::Ended;
            self.stop_sandbox_if_ended(serial, context);
        }
    }

    fn stop_sandbox_if_ended(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let Step::Killing(kills) = &entry.worker.step else { return };
        if kills.iter().any(|kill| kill.stage != Stage::Ended) {
            return;
        }
        entry.worker.step = Step::StoppingSandbox;
        if entry.snapshot.sandboxes.iter().any(|s| s.ready) {
            context.runtime(Request::Pod(entry.runtime.clone(), PodRequest::StopPodSandbox));
        } else {
            self.sandbox_stopped(serial, context);
        }
    }

    /// The sandbox is stopped: what the runtime shows now goes into the final status.
    pub(crate) fn sandbox_stopped(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        if matches!(entry.worker.step, Step::StoppingSandbox) {
            entry.worker.status_for = Some(StatusFor::Termination);
            context.runtime(Request::Pod(entry.runtime.clone(), PodRequest::PodStatus));
        }
    }

    /// All containers have ended: the terminal phase may be shown.
    pub(crate) fn containers_ended(&mut self, serial: u32, context: &mut Context<'_>) {
        self.stop_probes(serial, |_| true);
        let Some(entry) = self.pods.get(&serial) else { return };
        let status = self.generate_status(entry, true, context);
        self.set_pod_status(serial, status, false, context);
        self.complete(serial, End::Transition(Phase::Terminated), context);
    }

    pub(crate) fn sync_terminated(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get(&serial) else { return };
        let owner = entry.owner();
        let status = self.generate_status(entry, true, context);
        self.set_pod_status(serial, status, false, context);
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        entry.worker.step = Step::Cleanup;
        let time = self.config.cleanup.draw(&mut context.seed.stream("kubelet.cleanup", &owner).at(0));
        context.timer(context.now + time, Timer::Cleanup { pod: serial });
    }

    /// Volumes and cgroup are gone: the final status, behind which the object is deleted.
    pub(crate) fn cleaned_up(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get(&serial) else { return };
        if !matches!(entry.worker.step, Step::Cleanup) {
            return;
        }
        let mut status = entry.status().clone();
        status::terminate(&mut status);
        self.set_pod_status(serial, status, true, context);
        self.complete(serial, End::Transition(Phase::Finished), context);
        if self.pods.get(&serial).is_some_and(|entry| entry.is_gone) {
            self.forget(serial, context);
        }
    }
}
