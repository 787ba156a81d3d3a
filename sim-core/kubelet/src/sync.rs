//! The sync of a pod that is kept running: status, volumes, probe workers, sandbox, containers one after another.
//!
//! Source: `pkg/kubelet/kubelet.go` (SyncPod), `pkg/kubelet/kuberuntime/{kuberuntime_manager,kuberuntime_container}.go`,
//! v1.36.2 (kubelet.md 4.2 to 4.6).
//! DIFFERENCE: a container that has ended is not started again yet, postStart hooks are not run, a sandbox that has
//! stopped is not replaced, and a changed image restarts nothing; whoever waits for one of these can tell. All volumes
//! are mounted after `kubelet.volumeWait`; who uses volumes that need a controller, or that do not exist, can tell. Of more than 256
//! containers in a pod only the first 256 are run.

use crate::pod::PodEntry;
use crate::pod_workers::{End, Phase, Step};
use crate::status::{self, generate};
use crate::{Context, Kubelet, Timer};
use api::event::EventType;
use cri::{Container, ContainerId, PodRequest, Request};
use random::Seed;
use std::sync::Arc;
use units::{SimDuration, SimTime};

/// A container's start under way.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// Which run.
    pub container: Arc<Container>,
    /// What it waits for.
    pub stage: Stage,
}

/// What a start waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Whether the image is there.
    Image,
    /// The image.
    Pull {
        /// Since when it is queued.
        queued_at: SimTime,
    },
    /// The container.
    Create,
    /// Its process.
    Start,
}

impl Kubelet {
    /// Computes the pod's status from its snapshot.
    pub(crate) fn generate_status(
        &self,
        entry: &PodEntry,
        is_terminal: bool,
        context: &Context<'_>,
    ) -> api::pod::PodStatus {
        let now = context.timestamp();
        let input = status::Input { clock: context.clock, now, host_ip: self.host_ip, is_terminal };
        generate(entry, &input)
    }

    pub(crate) fn sync_pod(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get(&serial) else { return };
        let status = self.generate_status(entry, false, context);
        let is_terminal = status.phase.is_terminal();
        self.set_pod_status(serial, status, false, context);
        if is_terminal {
            self.complete(serial, End::Transition(Phase::Terminating), context);
            return;
        }
        self.trigger_readiness(serial, context);
        self.wait_for_volumes(serial, context);
    }

    /// The first poll finds no volume mounted yet; the next one, `kubelet.volumeWait` later, finds all of them.
    fn wait_for_volumes(&mut self, serial: u32, context: &mut Context<'_>) {
        let wait = self.config.volume_wait;
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let has_some = entry.spec.token_volume || entry.spec.has_volumes;
        if has_some && !entry.worker.has_volumes && wait > SimDuration::ZERO {
            entry.worker.step = Step::Volumes;
            context.timer(context.now + wait, Timer::Volumes { pod: serial });
        } else {
            self.volumes_mounted(serial, context);
        }
    }

    /// The volumes' timer.
    pub(crate) fn volumes_due(&mut self, serial: u32, context: &mut Context<'_>) {
        let waits = self.pods.get(&serial).is_some_and(|e| matches!(e.worker.step, Step::Volumes));
        if waits {
            self.volumes_mounted(serial, context);
        }
    }

    fn volumes_mounted(&mut self, serial: u32, context: &mut Context<'_>) {
        self.start_probes(serial, context);
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        entry.worker.has_volumes = true;
        if entry.snapshot.sandboxes.is_empty() {
            entry.worker.step = Step::Sandbox;
            let host_network = entry.spec.host_network;
            let request = PodRequest::RunPodSandbox { attempt: 0, host_network };
            context.runtime(Request::Pod(entry.runtime.clone(), request));
        } else {
            let first = entry.first_regular();
            self.start_next(serial, first, context);
        }
    }

    /// The sandbox is up: that is reported at once, before any image is pulled (kubelet.md 2.4).
    pub(crate) fn sandbox_started(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        if !matches!(entry.worker.step, Step::Sandbox) {
            return;
        }
        entry.worker.has_acted = true;
        let first = entry.first_regular();
        self.set_ready_to_start_containers(serial, context);
        self.start_next(serial, first, context);
    }

    /// The sandbox did not come up.
    pub(crate) fn sandbox_failed(&mut self, serial: u32, message: &str, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        if !matches!(entry.worker.step, Step::Sandbox) {
            return;
        }
        let causes = entry.event_causes();
        if entry.worker.phase == Phase::Syncing {
            let text = format!("Failed to create pod sandbox: {message}");
            let event = (EventType::Warning, "FailedCreatePodSandBox");
            self.events.pod(&entry.pod.clone(), event, text, causes, context);
        }
        self.complete(serial, End::Failed, context);
    }

    /// Starts the next container that has no run yet, from this place on, or ends the sync.
    pub(crate) fn start_next(&mut self, serial: u32, from: usize, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let mut places = from..entry.spec.all_containers().count();
        let next =
            places.find_map(|at| u8::try_from(at).ok().filter(|i| entry.snapshot.newest(*i).is_none()));
        let Some(index) = next else {
            let end = if entry.worker.has_failed { End::Failed } else { End::Done };
            self.complete(serial, end, context);
            return;
        };
        let Some(container) = entry.first_run(index, context.seed) else { return };
        let start = Start { container: Arc::new(container), stage: Stage::Image };
        entry.worker.step = Step::Starting(Box::new(start));
        self.ensure_image(serial, context);
    }

    /// The container's image is there.
    pub(crate) fn create_container(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let runtime = entry.runtime.clone();
        let Step::Starting(start) = &mut entry.worker.step else { return };
        start.stage = Stage::Create;
        let container = start.container.clone();
        context.runtime(Request::Pod(runtime, PodRequest::CreateContainer { container }));
    }

    /// The runtime has created the container.
    pub(crate) fn container_created(&mut self, serial: u32, index: u8, context: &mut Context<'_>) {
        let Some(start) = self.start_at(serial, index, |stage| stage == Stage::Create) else { return };
        start.stage = Stage::Start;
        let container = start.container.clone();
        self.container_event(serial, &container, "Created", "Container created", context);
        let Some(entry) = self.pods.get(&serial) else { return };
        context.runtime(Request::Pod(entry.runtime.clone(), PodRequest::StartContainer { container }));
    }

    /// The container's process runs.
    pub(crate) fn container_started(&mut self, serial: u32, index: u8, context: &mut Context<'_>) {
        let Some(start) = self.start_at(serial, index, |stage| stage == Stage::Start) else { return };
        let container = start.container.clone();
        self.container_event(serial, &container, "Started", "Container started", context);
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        entry.worker.has_acted = true;
        entry.reasons.retain(|failure| failure.index != index);
        self.start_next(serial, usize::from(index) + 1, context);
    }

    /// The start under way of the container at a place, if it is at such a stage.
    pub(crate) fn start_at(
        &mut self,
        serial: u32,
        index: u8,
        is_it: impl Fn(Stage) -> bool,
    ) -> Option<&mut Start> {
        match &mut self.pods.get_mut(&serial)?.worker.step {
            Step::Starting(start) if start.container.index == index && is_it(start.stage) => Some(start),
            _ => None,
        }
    }

    /// A Normal event about a container.
    pub(crate) fn container_event(
        &mut self,
        serial: u32,
        container: &Container,
        reason: &'static str,
        message: impl Into<api::Name>,
        context: &mut Context<'_>,
    ) {
        let Some(entry) = self.pods.get(&serial) else { return };
        let causes = entry.event_causes();
        let what = (EventType::Normal, reason);
        self.events.container(&entry.pod, &container.name, what, message, causes, context);
    }
}

impl PodEntry {
    /// The first run of the container at a place.
    fn first_run(&self, index: u8, seed: Seed) -> Option<Container> {
        let spec = self.container(index)?;
        let run = 1;
        let id = container_id(seed, self.runtime.uid, index, run);
        Some(Container { name: spec.name.clone(), image: spec.image.clone(), index, run, id })
    }
}

/// The id of a run: drawn from the pod's uid, the container's place and the run.
#[allow(clippy::cast_possible_truncation)] // the lower half of random bits
fn container_id(seed: Seed, uid: u128, index: u8, run: u32) -> ContainerId {
    let stream = seed.numbered_stream("container-id", uid as u64).child(u64::from(index));
    let mut draw = stream.at(u64::from(run));
    ContainerId(u128::from(draw.u64()) << 64 | u128::from(draw.u64()))
}
