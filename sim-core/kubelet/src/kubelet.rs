//! The kubelet as an agent: where its inputs go.

use crate::config::{Config, IMAGES_PERIOD, RELIST_PERIOD, STATUS_PASS, SYNC_TICK};
use crate::events::Events;
use crate::images::ImagePuller;
use crate::lifecycle::Rejection;
use crate::node_status::NodeReporter;
use crate::pleg::Pleg;
use crate::pod::PodEntry;
use crate::pod_workers::Phase;
use crate::registration::node_ip;
use crate::status;
use crate::status_manager::Statuses;
use crate::{Context, Timer};
use api::node::Node;
use api::pod::{Phase as PodPhase, Pod, PodStatus};
use api::{Kind, Name, ObjectRef};
use client::{Agent, Change, Input, Recorder, Reply, Tag};
use cri::{Answer, PodAnswer};
use journal::{Body, Causes, Occurrence, What};
use random::{Periodic, Seed};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use units::SimTime;

/// Since when a kubelet has been up.
#[derive(Clone, Debug)]
pub enum Started {
    /// For long: its node is registered and Ready, nothing is to be reported.
    Before,
    /// It starts now: it completes the Node object that is there.
    Now {
        /// The Node that it creates if there is none.
        create: Option<Box<Node>>,
    },
}

/// A kubelet.
#[derive(Clone, Debug)]
pub struct Kubelet {
    pub(crate) config: Arc<Config>,
    pub(crate) number: u32,
    pub(crate) name: Name,
    pub(crate) host_ip: IpAddr,
    /// When it came up; long ago if it was up before the run.
    pub(crate) started_at: SimTime,
    pub(crate) pods: BTreeMap<u32, Box<PodEntry>>,
    pub(crate) pleg: Pleg,
    /// Pods that are synced again, by the time from which on.
    pub(crate) work_queue: BTreeSet<(SimTime, u32)>,
    pub(crate) puller: ImagePuller,
    pub(crate) statuses: Statuses,
    pub(crate) events: Events,
    pub(crate) node: NodeReporter,
    /// Its periodic loops, from its start on.
    loops: Option<Box<Loops>>,
}

/// The periodic loops of a kubelet.
#[derive(Clone, Debug)]
struct Loops {
    relist: Periodic,
    sync_tick: Periodic,
    status_pass: Periodic,
    images: Periodic,
    lease: Periodic,
    node_status: Periodic,
}

impl Loops {
    fn new(config: &Config, seed: Seed, node: &str) -> Self {
        Self {
            relist: config.grid(seed, "kubelet.relistPhase", node, RELIST_PERIOD),
            sync_tick: config.grid(seed, "kubelet.syncPhase", node, SYNC_TICK),
            status_pass: config.grid(seed, "kubelet.statusPass", node, STATUS_PASS),
            images: config.grid(seed, "kubelet.images", node, IMAGES_PERIOD),
            lease: config.heartbeat(seed, "kubelet.lease", node),
            node_status: config.heartbeat(seed, "kubelet.nodeStatus", node),
        }
    }

    /// The loop that a timer belongs to.
    const fn of(&self, timer: Timer) -> Option<Periodic> {
        Some(match timer {
            Timer::Relist { .. } => self.relist,
            Timer::SyncTick { .. } => self.sync_tick,
            Timer::StatusPass { .. } => self.status_pass,
            Timer::Images { .. } => self.images,
            Timer::Lease { .. } => self.lease,
            Timer::NodeStatus { .. } => self.node_status,
            _ => return None,
        })
    }
}

impl Kubelet {
    /// The kubelet of the node of this name and number.
    pub fn new(config: Arc<Config>, node_number: u32, node_name: Name) -> Self {
        Self {
            config,
            number: node_number,
            host_ip: node_ip(node_number),
            started_at: SimTime::from_nanos(i64::MIN),
            pods: BTreeMap::new(),
            pleg: Pleg::new(),
            work_queue: BTreeSet::new(),
            puller: ImagePuller::new(),
            statuses: Statuses::new(),
            events: Events::new(&node_name),
            node: NodeReporter::new(),
            name: node_name,
            loops: None,
        }
    }

    /// Its node's name.
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// Sets its first timers. Pods and the node that it sees beforehand or afterwards come as changes.
    pub fn start(&mut self, started: Started, context: &mut Context<'_>) {
        match started {
            Started::Before => self.node_was_registered(context),
            Started::Now { create } => {
                self.started_at = context.now;
                self.begin_registration(create.map(Arc::from), context);
            }
        }
        self.loops = Some(Box::new(Loops::new(&self.config, context.seed, &self.name)));
        let node = self.number;
        for timer in [
            Timer::Relist { node },
            Timer::SyncTick { node },
            Timer::StatusPass { node },
            Timer::Lease { node },
            Timer::NodeStatus { node },
            Timer::Images { node },
        ] {
            self.set_next(timer, context);
        }
    }

    fn set_next(&self, timer: Timer, context: &mut Context<'_>) {
        let periodic = self.loops.as_ref().and_then(|loops| loops.of(timer));
        if let Some(periodic) = periodic {
            let (_, at) = periodic.next_after(context.now);
            context.timer(at, timer);
        }
    }

    fn on_timer(&mut self, timer: Timer, context: &mut Context<'_>) {
        self.set_next(timer, context);
        match timer {
            Timer::Relist { .. } => self.relist(context),
            Timer::OnDemandRelist { pod } => self.on_demand_relist(pod, context),
            Timer::SyncTick { .. } => self.sync_tick(context),
            Timer::Worker { pod } => self.begin_sync(pod, context),
            Timer::Volumes { pod } => self.volumes_due(pod, context),
            Timer::Cleanup { pod } => self.cleaned_up(pod, context),
            Timer::Hook { pod, container } => self.hook_due(pod, container, context),
            Timer::Probe { pod, worker } => self.probe_tick(pod, worker, context),
            Timer::ProbeTrigger { pod, worker } => self.probe_trigger(pod, worker, context),
            Timer::SendStatus { .. } => self.send_statuses(context),
            Timer::StatusPass { .. } => self.status_pass(context),
            Timer::Lease { .. } => self.renew_lease(context),
            Timer::NodeStatus { .. } => self.node_status_round(context),
            Timer::Images { .. } => self.list_images(context),
            Timer::Register { .. } => self.register(context),
        }
    }

    fn on_runtime(&mut self, answer: Answer, context: &mut Context<'_>) {
        match answer {
            Answer::List { revision, pods } => self.relisted(revision, pods, context),
            Answer::Images(images) => self.images_listed(&images),
            Answer::Pod { serial, answer } => self.on_pod_answer(serial, answer, context),
        }
    }

    fn on_pod_answer(&mut self, serial: u32, answer: PodAnswer, context: &mut Context<'_>) {
        match answer {
            PodAnswer::SandboxStarted => self.sandbox_started(serial, context),
            PodAnswer::SandboxFailed { message } => self.sandbox_failed(serial, &message, context),
            PodAnswer::SandboxStopped => self.sandbox_stopped(serial, context),
            PodAnswer::Status(status) => self.runtime_status(serial, status, context),
            PodAnswer::ImageStatus { index, present } => self.image_status(serial, index, present, context),
            PodAnswer::Pulled { index, took, size_bytes } => {
                self.image_pulled(serial, index, took, size_bytes, context);
            }
            PodAnswer::Created { index } => self.container_created(serial, index, context),
            PodAnswer::Started { index } => self.container_started(serial, index, context),
            PodAnswer::Stopped { id } => self.container_stopped(serial, id, context),
            PodAnswer::HookEnded { id, succeeded } => self.hook_ended(serial, id, succeeded, context),
            PodAnswer::Probed { id, role, outcome } => self.probed(serial, id, role, outcome, context),
        }
    }

    fn on_reply(&mut self, tag: Tag, reply: &Reply, causes: Causes, context: &mut Context<'_>) {
        if tag == Recorder::TAG {
            self.events.on_reply(context);
        } else {
            // Refused leases and node reports are made good by the next round.
            self.status_reply(tag, reply, causes, context);
        }
    }

    fn on_watch(&mut self, change: &Change, context: &mut Context<'_>) {
        match change.object_kind() {
            Kind::Node if change.meta().name == self.name => {
                self.see_node(change.current().and_then(|object| object.as_node()).cloned());
            }
            Kind::Pod => self.on_pod(change, context),
            _ => {}
        }
    }

    fn on_pod(&mut self, change: &Change, context: &mut Context<'_>) {
        let serial = change.serial;
        match (change.current().and_then(|object| object.as_pod()), self.pods.contains_key(&serial)) {
            (Some(pod), false) => self.add_pod(serial, pod, change, context),
            (Some(pod), true) => self.update_pod(serial, pod, change, context),
            (None, true) => self.pod_gone(serial, change, context),
            (None, false) => {}
        }
    }

    fn add_pod(&mut self, serial: u32, pod: &Arc<Pod>, change: &Change, context: &mut Context<'_>) {
        if pod.node_name != self.name || pod.status.phase.is_terminal() {
            return;
        }
        let verdict = if pod.meta.is_deleting() { Ok(()) } else { self.admit(serial, pod) };
        let mut entry = PodEntry::new(pod.clone(), serial);
        entry.note_change(change);
        self.pods.insert(serial, Box::new(entry));
        match verdict {
            Ok(()) if pod.meta.is_deleting() => self.terminate(serial, grace_of(pod), context),
            Ok(()) => self.request_sync(serial, context),
            Err(rejection) => self.reject(serial, rejection, context),
        }
    }

    /// A refused pod fails without a worker; nothing of the kubelet's is in its status.
    fn reject(&mut self, serial: u32, rejection: Rejection, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        entry.worker.phase = Phase::Finished;
        let pod = entry.pod.clone();
        let causes = entry.event_causes();
        let status = rejected(&pod.status, &rejection, context.timestamp());
        let about = ObjectRef::new(Kind::Pod, &pod.meta);
        let what = What::PodRejected { reason: rejection.reason.clone() };
        let occurrence = Occurrence { about, container: Name::default(), what };
        context.record(Body::Occurrence(Box::new(occurrence)), causes.clone());
        self.events.rejection(&pod, rejection.reason, rejection.message, causes, context);
        self.set_pod_status(serial, status, true, context);
    }

    /// A change of a known pod. One of its status alone causes no sync, unless readiness gates weigh differently.
    fn update_pod(&mut self, serial: u32, pod: &Arc<Pod>, change: &Change, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let old = entry.pod.clone();
        entry.see(pod.clone());
        if entry.worker.phase == Phase::Finished {
            if pod.meta.is_deleting() && !old.meta.is_deleting() {
                self.mark_dirty(serial, context);
            }
            return;
        }
        let is_relevant = is_relevant(&old, pod);
        if is_relevant {
            entry.note_change(change);
        }
        let is_ended = pod.status.phase.is_terminal() && is_relevant;
        let gates = !pod.spec.readiness_gates.is_empty();
        let gates_changed = gates && !status::gates_hold(&pod.status, entry.status(), &entry.spec);
        if pod.meta.is_deleting() && is_relevant || is_ended {
            self.terminate(serial, grace_of(pod), context);
        } else if is_relevant || gates_changed {
            self.request_sync(serial, context);
        }
    }

    /// The object is gone: by the final DELETE, or by force before the containers have ended.
    fn pod_gone(&mut self, serial: u32, change: &Change, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        entry.is_gone = true;
        entry.note_change(change);
        if entry.worker.phase == Phase::Finished {
            self.forget(serial, context);
        } else {
            self.terminate(serial, Some(1), context);
        }
    }
}

impl PodEntry {
    fn note_change(&mut self, change: &Change) {
        if let Some(record) = change.record {
            self.causes.add(record);
            self.record = Some(record);
        }
    }
}

fn grace_of(pod: &Pod) -> Option<i64> {
    pod.meta.deletion.and_then(|deletion| deletion.grace_seconds)
}

/// Whether a change of a pod is more than one of its status (kubelet.md 1.1).
fn is_relevant(old: &Pod, new: &Pod) -> bool {
    let is_same_spec = Arc::ptr_eq(&old.spec, &new.spec) || old.spec == new.spec;
    !is_same_spec
        || old.meta.labels != new.meta.labels
        || old.meta.annotations != new.meta.annotations
        || old.meta.deletion != new.meta.deletion
}

fn rejected(api: &PodStatus, rejection: &Rejection, now: units::Timestamp) -> PodStatus {
    let is_owned = |kind: &str| status::OWNED.contains(&kind);
    PodStatus {
        phase: PodPhase::Failed,
        conditions: api.conditions.iter().filter(|c| !is_owned(&c.kind)).cloned().collect(),
        reason: rejection.reason.clone(),
        message: format!("Pod was rejected: {}", rejection.message).into(),
        start_time: Some(now),
        nominated_node_name: api.nominated_node_name.clone(),
        ..PodStatus::default()
    }
}

impl Agent for Kubelet {
    type Timer = Timer;
    type RuntimeInput = Answer;
    type RuntimeRequest = cri::Request;

    fn on_input(&mut self, input: Input<Timer, Answer>, context: &mut Context<'_>) {
        match input {
            Input::Watch(change) => self.on_watch(&change, context),
            Input::Timer(timer) => self.on_timer(timer, context),
            Input::Reply { tag, reply, causes } => self.on_reply(tag, &reply, causes, context),
            Input::Runtime(answer) => self.on_runtime(answer, context),
        }
    }
}
