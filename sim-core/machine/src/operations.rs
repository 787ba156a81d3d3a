//! Requests for one pod, and what becomes of them when their time is over.

use crate::containers::Process;
use crate::note::{Note, NoteKind};
use crate::timer::{Due, MachineTimer, Run};
use crate::{Behavior, Machine, MachineContext, Pod};
use cri::{ContainerState, ContainerStatus, PodAnswer, PodRequest, PodStatus, SandboxStatus};
use random::Latency;
use std::sync::Arc;
use units::{SimDuration, SimTime};

impl Machine {
    pub(crate) fn pod_request(
        &mut self,
        pod: &Arc<cri::Pod>,
        request: PodRequest,
        behavior: &Arc<Behavior>,
        context: &mut MachineContext<'_>,
    ) {
        match request {
            PodRequest::RunPodSandbox { attempt, host_network } => {
                self.run_sandbox(pod, attempt, host_network, context);
            }
            PodRequest::StopPodSandbox => self.stop_sandbox(pod, context),
            PodRequest::RemovePodSandbox => self.remove(pod.serial),
            PodRequest::PodStatus => {
                let status = self.pods.get(&pod.serial).map(|p| p.status.clone()).unwrap_or_default();
                context.answer(pod.serial, PodAnswer::Status(status));
            }
            PodRequest::ImageStatus { container } => self.check_image(pod, &container, context),
            PodRequest::PullImage { container } => self.pull(pod, &container, behavior, context),
            PodRequest::CreateContainer { container } => self.create(pod, &container, behavior, context),
            PodRequest::StartContainer { container } => self.start(pod, &container, context),
            PodRequest::StopContainer { container, grace } => self.stop(pod, &container, grace, context),
            PodRequest::ExecHook { container, command } => self.exec_hook(pod, &container, &command, context),
            PodRequest::Probe { container, role, way, timeout } => {
                self.probe(pod, &container, role, way, timeout, context);
            }
        }
    }

    /// Takes one of its timers; one that finds nothing to do does nothing.
    pub fn on_timer(&mut self, timer: MachineTimer, context: &mut MachineContext<'_>) {
        let serial = timer.serial;
        match timer.what {
            Due::SandboxUp { attempt, host_network } => {
                self.sandbox_up(serial, attempt, host_network, context);
            }
            Due::SandboxDown => self.sandbox_down(serial, context),
            Due::ImageChecked { index } => {
                context.answer(serial, PodAnswer::ImageStatus { index, present: true });
            }
            Due::Pulled { index, image, took } => self.pulled(serial, index, &image, took, context),
            Due::Created { run } => self.created(serial, run, context),
            Due::Started { run } => self.started(serial, run, context),
            Due::Ended { run, how } => self.ended(serial, run, how, context),
            Due::Stopped { run } => context.answer(serial, PodAnswer::Stopped { id: run.id }),
            Due::Hook { run } => self.hook_over(serial, run, true, context),
            Due::Probed { run, role, outcome } => {
                context.answer(serial, PodAnswer::Probed { id: run.id, role, outcome });
            }
        }
    }

    /// How long something that a pod does once takes; the luck is the pod's, the `nth` of that kind.
    fn time(
        &self,
        latency: &Latency,
        purpose: &str,
        owner: &str,
        nth: u32,
        c: &MachineContext<'_>,
    ) -> SimDuration {
        if latency.sigma > 0.0 {
            latency.draw(&mut c.seed.stream(purpose, owner).at(u64::from(nth)))
        } else {
            latency.median
        }
    }

    /// What it takes while other pods start on the node, too.
    fn crowded(&self, time: SimDuration) -> SimDuration {
        let percent = 100 + self.latencies.crowding_percent.saturating_mul(i64::from(self.starting));
        let nanos = i128::from(time.as_nanos()) * i128::from(percent) / 100;
        SimDuration::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// Sets the timer that ends an operation; what takes no time ends now.
    pub(crate) fn after(
        &mut self,
        serial: u32,
        time: SimDuration,
        what: Due,
        context: &mut MachineContext<'_>,
    ) {
        let timer = MachineTimer { serial, what };
        if time > SimDuration::ZERO {
            context.timer(context.now + time, timer);
        } else {
            self.on_timer(timer, context);
        }
    }

    fn run_sandbox(
        &mut self,
        pod: &Arc<cri::Pod>,
        attempt: u32,
        host_network: bool,
        context: &mut MachineContext<'_>,
    ) {
        let time = self.time(&self.latencies.sandbox, "runtime.sandbox", &owner(pod), attempt, context);
        let time = self.crowded(time);
        self.starting += 1;
        self.pods.entry(pod.serial).or_insert_with(|| Pod {
            pod: pod.clone(),
            status: Arc::default(),
            changed: 0,
            processes: Vec::new(),
            address: None,
            sandbox_up_at: SimTime::ZERO,
        });
        self.after(pod.serial, time, Due::SandboxUp { attempt, host_network }, context);
    }

    fn sandbox_up(
        &mut self,
        serial: u32,
        attempt: u32,
        host_network: bool,
        context: &mut MachineContext<'_>,
    ) {
        self.starting = self.starting.saturating_sub(1);
        let Some(pod) = self.pods.get_mut(&serial) else { return };
        let host = if host_network { None } else { self.addresses.take() };
        if host.is_none() && !host_network {
            let message = self.addresses.exhausted().into();
            context.answer(serial, PodAnswer::SandboxFailed { message });
            return;
        }
        pod.address = host;
        pod.sandbox_up_at = context.now;
        let ip = host.map(|host| self.addresses.address(host));
        let note = Note { pod: pod.pod.clone(), container: None, kind: NoteKind::SandboxStarted };
        let record = context.note(note);
        let sandbox = SandboxStatus { attempt, ready: true, ip, record };
        self.change(serial, |status| status.sandboxes.insert(0, sandbox));
        context.answer(serial, PodAnswer::SandboxStarted);
    }

    fn stop_sandbox(&mut self, pod: &Arc<cri::Pod>, context: &mut MachineContext<'_>) {
        let time = self.time(&self.latencies.stop_sandbox, "runtime.stopSandbox", &owner(pod), 0, context);
        self.after(pod.serial, time, Due::SandboxDown, context);
    }

    fn sandbox_down(&mut self, serial: u32, context: &mut MachineContext<'_>) {
        if let Some(pod) = self.pods.get_mut(&serial) {
            if let Some(host) = pod.address.take() {
                self.addresses.give_back(host);
            }
            if pod.status.sandboxes.iter().any(|s| s.ready) {
                let note = Note { pod: pod.pod.clone(), container: None, kind: NoteKind::SandboxStopped };
                let record = context.note(note);
                self.change(serial, |status| stop_all(status, record));
            }
        }
        context.answer(serial, PodAnswer::SandboxStopped);
    }

    /// Forgets an ended pod. What still runs in it (nothing should) is gone without a trace.
    fn remove(&mut self, serial: u32) {
        if let Some(pod) = self.pods.remove(&serial)
            && let Some(host) = pod.address
        {
            self.addresses.give_back(host);
        }
    }

    fn create(
        &mut self,
        pod: &Arc<cri::Pod>,
        container: &Arc<cri::Container>,
        behavior: &Arc<Behavior>,
        context: &mut MachineContext<'_>,
    ) {
        let nth = container.run;
        let time = self.time(&self.latencies.create, "runtime.create", &part(pod, container), nth, context);
        let time = self.crowded(time) + self.first_container_wait(pod.serial, context.now);
        self.starting += 1;
        if let Some(known) = self.pods.get_mut(&pod.serial) {
            known.processes.retain(|p| p.container.id != container.id);
            known.processes.push(Process::new(container.clone(), behavior.clone()));
        }
        self.after(pod.serial, time, Due::Created { run: Run::of(container) }, context);
    }

    fn first_container_wait(&self, serial: u32, now: SimTime) -> SimDuration {
        let first = self.pods.get(&serial).filter(|pod| pod.status.containers.is_empty());
        let ready_at = first.map_or(now, |pod| pod.sandbox_up_at + self.latencies.first_container);
        (ready_at - now).at_least(SimDuration::ZERO)
    }

    fn created(&mut self, serial: u32, run: Run, context: &mut MachineContext<'_>) {
        self.starting = self.starting.saturating_sub(1);
        let Some(pod) = self.pods.get(&serial) else { return };
        let Some(process) = pod.process(run.id) else { return };
        let state = ContainerState::Created;
        let status = ContainerStatus { container: process.container.clone(), state, record: None };
        self.change(serial, |pod| add_container(pod, status));
        context.answer(serial, PodAnswer::Created { index: run.index });
    }

    fn start(
        &mut self,
        pod: &Arc<cri::Pod>,
        container: &Arc<cri::Container>,
        context: &mut MachineContext<'_>,
    ) {
        let nth = container.run;
        let time = self.time(&self.latencies.start, "runtime.start", &part(pod, container), nth, context);
        let time = self.crowded(time);
        self.starting += 1;
        self.after(pod.serial, time, Due::Started { run: Run::of(container) }, context);
    }

    fn started(&mut self, serial: u32, run: Run, context: &mut MachineContext<'_>) {
        self.starting = self.starting.saturating_sub(1);
        self.process_starts(serial, run, context);
        context.answer(serial, PodAnswer::Started { index: run.index });
    }

    /// Time from a process' end to the answer of StopContainer.
    pub(crate) fn stop_time(
        &self,
        pod: &cri::Pod,
        container: &cri::Container,
        c: &MachineContext<'_>,
    ) -> SimDuration {
        self.time(&self.latencies.stop, "runtime.stop", &part(pod, container), container.run, c)
    }

    /// Time of an image operation for a container.
    pub(crate) fn image_time(
        &self,
        latency: &Latency,
        purpose: &str,
        pod: &cri::Pod,
        container: &cri::Container,
        c: &MachineContext<'_>,
    ) -> SimDuration {
        self.time(latency, purpose, &part(pod, container), container.run, c)
    }
}

/// Whose luck a pod's latencies are.
pub(crate) fn owner(pod: &cri::Pod) -> String {
    format!("{}/{}", pod.namespace, pod.name)
}

/// Whose luck a container's latencies are.
pub(crate) fn part(pod: &cri::Pod, container: &cri::Container) -> String {
    format!("{}/{}/{}", pod.namespace, pod.name, container.name)
}

fn stop_all(status: &mut PodStatus, record: Option<u64>) {
    for sandbox in status.sandboxes.iter_mut().filter(|s| s.ready) {
        sandbox.ready = false;
        sandbox.record = record;
    }
}

/// Puts the newest run first and keeps one more of the same container.
fn add_container(pod: &mut PodStatus, status: ContainerStatus) {
    let index = status.container.index;
    pod.containers.insert(0, status);
    let mut runs = 0;
    pod.containers.retain(|c| {
        runs += usize::from(c.container.index == index);
        c.container.index != index || runs <= 2
    });
}
