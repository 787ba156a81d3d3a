//! Probe workers: one per container and probe, with its own ticker, counters and result (kubelet.md 5).
//!
//! Source: `pkg/kubelet/prober/{worker,prober_manager,prober}.go`, v1.36.2.
//! DIFFERENCE: a failing liveness or startup probe changes its result and is on hold, and kills nothing yet; whoever
//! waits for the restart can tell. What 7.3 says of containers that are older than their kubelet is not done.

use crate::pod::PodEntry;
use crate::probe_output::output;
use crate::{Context, Kubelet, Timer};
use api::event::EventType;
use api::pod::{Container, ContainerState, Handler, Probe};
use api::{Kind, ObjectRef};
use cri::{ContainerId, PodRequest, ProbeFailure, ProbeOutcome, ProbeRole, ProbeWay, Request};
use journal::{Body, Causes, Occurrence, ProbeKind, RecordId, What};
use units::{SimDuration, SimTime};

/// A stored result of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Success,
    Failure,
    /// The startup probe's initial value.
    Unknown,
}

/// A probe worker.
#[derive(Clone, Debug)]
pub(crate) struct ProbeWorker {
    /// Next tick of its ticker.
    tick: SimTime,
    /// The run of the container that it has seen.
    container: Option<ContainerId>,
    /// The stored result for that run.
    result: Option<Verdict>,
    /// Last outcome and how many of them in a row; kept over restarts.
    last: Option<Verdict>,
    run: i32,
    /// The container's place.
    index: u8,
    role: ProbeRole,
    /// Whether an attempt is under way.
    is_probing: bool,
    /// Whether a tick came while one was.
    is_tick_due: bool,
    /// Whether it was told to probe and has not yet.
    is_triggered: bool,
    /// Whether the timer of that is pending.
    is_trigger_set: bool,
    is_on_hold: bool,
    is_stopped: bool,
}

impl ProbeWorker {
    /// Whether it is the working one for this container and probe.
    pub fn is(&self, index: u8, role: ProbeRole) -> bool {
        self.index == index && self.role == role && !self.is_stopped
    }
    /// The result for a run of the container.
    pub fn result_for(&self, id: Option<ContainerId>) -> Option<Verdict> {
        self.result.filter(|_| id.is_some() && self.container == id)
    }
    fn set_trigger(&mut self, pod: u32, worker: u16, context: &mut Context<'_>) {
        if !std::mem::replace(&mut self.is_trigger_set, true) {
            context.timer(context.now, Timer::ProbeTrigger { pod, worker });
        }
    }
    const fn initial(&self) -> Verdict {
        match self.role {
            ProbeRole::Liveness => Verdict::Success,
            ProbeRole::Readiness => Verdict::Failure,
            ProbeRole::Startup => Verdict::Unknown,
        }
    }
    /// Counts an outcome; the verdict if its threshold is reached.
    fn count(&mut self, outcome: Verdict, probe: &Probe) -> Option<Verdict> {
        self.run = if self.last == Some(outcome) { self.run.saturating_add(1) } else { 1 };
        self.last = Some(outcome);
        let threshold = match outcome {
            Verdict::Success => probe.success_threshold,
            Verdict::Failure | Verdict::Unknown => probe.failure_threshold,
        };
        (self.run >= threshold).then_some(outcome)
    }
}

/// The probe of a container for a purpose.
fn probe_of(container: &Container, role: ProbeRole) -> Option<&Probe> {
    match role {
        ProbeRole::Startup => container.startup_probe.as_ref(),
        ProbeRole::Readiness => container.readiness_probe.as_ref(),
        ProbeRole::Liveness => container.liveness_probe.as_ref(),
    }
}

const fn kind(role: ProbeRole) -> ProbeKind {
    match role {
        ProbeRole::Startup => ProbeKind::Startup,
        ProbeRole::Readiness => ProbeKind::Readiness,
        ProbeRole::Liveness => ProbeKind::Liveness,
    }
}

fn seconds(seconds: i32) -> SimDuration {
    SimDuration::from_secs(i64::from(seconds.max(1)))
}

impl Kubelet {
    /// Starts the workers of a pod, once: before any of its containers exists.
    pub(crate) fn start_probes(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get(&serial).filter(|e| e.probes.is_empty()) else { return };
        let uptime = context.now - self.started_at;
        let mut workers = Vec::new();
        for (place, container) in entry.spec.all_containers().enumerate().skip(entry.first_regular()) {
            let Ok(index) = u8::try_from(place) else { break };
            for role in ProbeRole::ALL {
                if let Some(probe) = probe_of(container, role) {
                    let delay =
                        self.spread(entry, index, role, seconds(probe.period_seconds), uptime, context);
                    workers.push(ProbeWorker::new(index, role, context.now + delay));
                }
            }
        }
        for (at, worker) in (0_u16..).zip(&workers) {
            context.timer(worker.tick, Timer::Probe { pod: serial, worker: at });
        }
        if let Some(entry) = self.pods.get_mut(&serial) {
            entry.probes = workers;
        }
    }

    /// A young kubelet spreads the beginnings of its workers over their period.
    fn spread(
        &self,
        entry: &PodEntry,
        index: u8,
        role: ProbeRole,
        period: SimDuration,
        uptime: SimDuration,
        context: &Context<'_>,
    ) -> SimDuration {
        if uptime >= period || !self.config.jitter {
            return SimDuration::ZERO;
        }
        let stream = context.seed.stream("kubelet.probeSpread", &entry.owner());
        stream.child(u64::from(index)).at(role as u64).duration_below(period)
    }

    /// A worker's tick.
    pub(crate) fn probe_tick(&mut self, serial: u32, worker: u16, context: &mut Context<'_>) {
        let Some((entry, at)) = self.worker(serial, worker) else { return };
        let Some(period) = period(entry, at) else { return };
        let w = &mut entry.probes[at];
        let is_due = context.now >= w.tick;
        if is_due {
            w.tick = context.now + period;
        }
        context.timer(w.tick, Timer::Probe { pod: serial, worker });
        if is_due {
            self.attempt_or_wait(serial, at, context);
        }
    }

    /// A worker was told to probe: it does so now, and its ticker begins anew.
    pub(crate) fn probe_trigger(&mut self, serial: u32, worker: u16, context: &mut Context<'_>) {
        let Some((entry, at)) = self.worker(serial, worker) else { return };
        entry.probes[at].is_trigger_set = false;
        if entry.probes[at].is_triggered && !entry.probes[at].is_probing {
            self.take_trigger(serial, at, context);
        }
    }

    fn take_trigger(&mut self, serial: u32, at: usize, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let Some(period) = period(entry, at) else { return };
        let w = &mut entry.probes[at];
        w.is_triggered = false;
        // A tick that waits is lost with that; the pending timer comes earlier and sets itself anew.
        w.is_tick_due = false;
        w.tick = context.now + period;
        self.attempt(serial, at, context);
    }

    fn attempt_or_wait(&mut self, serial: u32, at: usize, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        if entry.probes[at].is_probing {
            entry.probes[at].is_tick_due = true;
        } else {
            self.attempt(serial, at, context);
        }
    }

    /// The worker at a place, if it still works.
    fn worker(&mut self, serial: u32, worker: u16) -> Option<(&mut PodEntry, usize)> {
        let entry = self.pods.get_mut(&serial)?;
        let at = usize::from(worker);
        let works = entry.probes.get(at).is_some_and(|w| !w.is_stopped);
        works.then_some((&mut **entry, at))
    }

    /// Tells the readiness workers of containers that are started and not ready to probe at once (kubelet.md 5.6).
    pub(crate) fn trigger_readiness(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        for (worker, at) in (0_u16..).zip(0..entry.probes.len()) {
            let w = &entry.probes[at];
            let waits = w.role == ProbeRole::Readiness && !w.is_stopped && !w.is_triggered;
            if waits && is_unready(entry, w.index) {
                let w = &mut entry.probes[at];
                w.is_triggered = true;
                if !w.is_probing {
                    w.set_trigger(serial, worker, context);
                }
            }
        }
    }

    /// One attempt, in the order of kubelet.md 5.4.
    fn attempt(&mut self, serial: u32, at: usize, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        if entry.status().phase.is_terminal() {
            entry.probes[at].is_stopped = true;
            return;
        }
        let Some(seen) = Seen::of(entry, entry.probes[at].index) else { return };
        if entry.probes[at].container != Some(seen.id) {
            self.see_new_run(serial, at, seen.id, context);
        }
        let Some(entry) = self.pods.get(&serial) else { return };
        if entry.probes[at].is_on_hold {
            return;
        }
        match seen.running {
            None => self.not_running(serial, at, &seen, context),
            Some(started_at) if self.is_eligible(serial, at, &seen, started_at, context) => {
                self.ask_runtime(serial, at, context);
            }
            Some(_) => {}
        }
    }

    fn see_new_run(&mut self, serial: u32, at: usize, id: ContainerId, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let w = &mut entry.probes[at];
        (w.container, w.result, w.is_on_hold) = (Some(id), None, false);
        let initial = w.initial();
        self.store(serial, at, initial, context);
    }

    /// The container does not run: that counts as a failure where it is news.
    fn not_running(&mut self, serial: u32, at: usize, seen: &Seen, context: &mut Context<'_>) {
        self.store(serial, at, Verdict::Failure, context);
        if let Some(entry) = self.pods.get_mut(&serial)
            && seen.is_over
        {
            entry.probes[at].is_stopped = true;
        }
    }

    /// Whether an attempt is due: steps 7 to 9.
    fn is_eligible(
        &mut self,
        serial: u32,
        at: usize,
        seen: &Seen,
        started_at: units::Timestamp,
        context: &Context<'_>,
    ) -> bool {
        let Some(entry) = self.pods.get(&serial) else { return false };
        let role = entry.probes[at].role;
        let container = entry.container(entry.probes[at].index);
        let Some(probe) = container.and_then(|c| probe_of(c, role)) else { return false };
        let age = (context.now - context.clock.instant(started_at)).as_secs();
        let is_gated = if role == ProbeRole::Startup { seen.started } else { !seen.started };
        age >= i64::from(probe.initial_delay_seconds) && !is_gated
    }

    fn ask_runtime(&mut self, serial: u32, at: usize, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let (index, role) = (entry.probes[at].index, entry.probes[at].role);
        let Some(probe) = entry.container(index).and_then(|c| probe_of(c, role)) else { return };
        let timeout = seconds(probe.timeout_seconds);
        let way = if matches!(probe.handler, Handler::Exec(_)) { ProbeWay::Exec } else { ProbeWay::Net };
        let (seen, runs) = (entry.probes[at].container, &entry.snapshot.containers);
        let Some(run) = runs.iter().find(|run| Some(run.container.id) == seen) else { return };
        let container = run.container.clone();
        entry.probes[at].is_probing = true;
        let request = PodRequest::Probe { container, role, way, timeout };
        context.runtime(Request::Pod(entry.runtime.clone(), request));
    }

    /// The end of an attempt.
    pub(crate) fn probed(
        &mut self,
        serial: u32,
        id: ContainerId,
        role: ProbeRole,
        outcome: ProbeOutcome,
        context: &mut Context<'_>,
    ) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let is_it = |w: &ProbeWorker| w.role == role && w.container == Some(id) && w.is_probing;
        let Some(at) = entry.probes.iter().position(is_it) else { return };
        entry.probes[at].is_probing = false;
        if entry.probes[at].is_stopped {
            return;
        }
        self.judge(serial, at, outcome, context);
        self.after_attempt(serial, at, context);
    }

    /// What came meanwhile: a trigger or a tick.
    fn after_attempt(&mut self, serial: u32, at: usize, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let w = &mut entry.probes[at];
        if w.is_triggered {
            w.set_trigger(serial, u16::try_from(at).unwrap_or(u16::MAX), context);
        } else if w.is_tick_due {
            w.is_tick_due = false;
            self.attempt(serial, at, context);
        }
    }

    /// Steps 11 to 14, with events and records.
    fn judge(&mut self, serial: u32, at: usize, outcome: ProbeOutcome, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let (index, role) = (entry.probes[at].index, entry.probes[at].role);
        let (pod, spec) = (entry.pod.clone(), entry.spec.clone());
        let Some(container) = spec.all_containers().nth(usize::from(index)) else { return };
        let Some(probe) = probe_of(container, role) else { return };
        let (outcome, failure) = match outcome {
            ProbeOutcome::Success => (Verdict::Success, None),
            ProbeOutcome::Failure(failure) => (Verdict::Failure, Some(failure)),
        };
        let reached = entry.probes[at].count(outcome, probe);
        let is_news = reached.is_some() && entry.probes[at].result != reached;
        if let Some(failure) = failure {
            let threshold = reached.is_some();
            let what = What::ProbeFailed { probe: kind(role), threshold };
            let failed = record(&pod, container, what, context);
            self.tell_failure(serial, container, (role, probe), (failure, failed), context);
            self.because(serial, failed, is_news);
        } else if is_news {
            let passed = record(&pod, container, What::ProbePassed(kind(role)), context);
            self.because(serial, passed, true);
        }
        if let Some(verdict) = reached {
            self.store(serial, at, verdict, context);
            self.hold(serial, at, verdict);
        }
    }

    /// The next status of the pod is caused by this record, too, if it is news.
    fn because(&mut self, serial: u32, record: RecordId, is_news: bool) {
        if let Some(entry) = self.pods.get_mut(&serial).filter(|_| is_news) {
            entry.causes.add(record);
        }
    }

    /// A liveness failure and any startup result end the probing of this run.
    fn hold(&mut self, serial: u32, at: usize, verdict: Verdict) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let w = &mut entry.probes[at];
        let ends = match w.role {
            ProbeRole::Startup => true,
            ProbeRole::Liveness => verdict == Verdict::Failure,
            ProbeRole::Readiness => false,
        };
        if ends {
            (w.is_on_hold, w.run) = (true, 0);
        }
    }

    fn tell_failure(
        &mut self,
        serial: u32,
        container: &Container,
        (role, probe): (ProbeRole, &Probe),
        (failure, failed): (ProbeFailure, RecordId),
        context: &mut Context<'_>,
    ) {
        let Some(entry) = self.pods.get(&serial) else { return };
        let what = match role {
            ProbeRole::Startup => "Startup",
            ProbeRole::Readiness => "Readiness",
            ProbeRole::Liveness => "Liveness",
        };
        let text = output(probe, container, entry.status().pod_ip, failure);
        let message = format!("{what} probe failed: {text}");
        let event = (EventType::Warning, "Unhealthy");
        self.events.container(&entry.pod, &container.name, event, message, failed.into(), context);
    }

    /// Stores a result; what it changes is patched into the cached status at once.
    fn store(&mut self, serial: u32, at: usize, verdict: Verdict, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let w = &mut entry.probes[at];
        if w.result == Some(verdict) {
            return;
        }
        w.result = Some(verdict);
        let (index, role, id) = (w.index, w.role, w.container);
        let holds = verdict == Verdict::Success;
        match role {
            ProbeRole::Readiness => self.set_container_readiness(serial, index, id, holds, context),
            ProbeRole::Startup => self.set_container_startup(serial, index, id, holds, context),
            ProbeRole::Liveness if holds => return,
            ProbeRole::Liveness => {}
        }
        self.request_sync(serial, context);
    }

    /// Stops the workers for which `ends` holds.
    pub(crate) fn stop_probes(&mut self, serial: u32, ends: impl Fn(ProbeRole) -> bool) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        for worker in entry.probes.iter_mut().filter(|w| ends(w.role)) {
            worker.is_stopped = true;
        }
    }
}

impl ProbeWorker {
    const fn new(index: u8, role: ProbeRole, tick: SimTime) -> Self {
        Self {
            tick,
            container: None,
            result: None,
            last: None,
            run: 0,
            index,
            role,
            is_probing: false,
            is_tick_due: false,
            is_triggered: false,
            is_trigger_set: false,
            is_on_hold: false,
            is_stopped: false,
        }
    }
}

/// A container as the cached status shows it.
struct Seen {
    id: ContainerId,
    started: bool,
    running: Option<units::Timestamp>,
    /// Whether it has ended and will not be started again.
    is_over: bool,
}

impl Seen {
    fn of(entry: &PodEntry, index: u8) -> Option<Self> {
        let container = entry.container(index)?;
        let status = entry.status().container_statuses.iter().find(|s| s.name == container.name)?;
        let id = ContainerId(status.container_id?.0);
        let (running, is_over) = match &status.state {
            ContainerState::Running { started_at } => (Some(*started_at), false),
            ContainerState::Terminated(ended) => {
                (None, !crate::status::should_restart(container, &entry.spec, ended.exit_code))
            }
            ContainerState::Waiting { .. } => (None, false),
        };
        Some(Self { id, started: status.started, running, is_over })
    }
}

fn is_unready(entry: &PodEntry, index: u8) -> bool {
    let Some(container) = entry.container(index) else { return false };
    let status = entry.status().container_statuses.iter().find(|s| s.name == container.name);
    status.is_some_and(|s| s.started && !s.ready && matches!(s.state, ContainerState::Running { .. }))
}

fn period(entry: &PodEntry, at: usize) -> Option<SimDuration> {
    let w = entry.probes.get(at)?;
    probe_of(entry.container(w.index)?, w.role).map(|probe| seconds(probe.period_seconds))
}

fn record(pod: &api::pod::Pod, container: &Container, what: What, context: &mut Context<'_>) -> RecordId {
    let about = ObjectRef::new(Kind::Pod, &pod.meta);
    let occurrence = Occurrence { about, container: container.name.clone(), what };
    context.record(Body::Occurrence(Box::new(occurrence)), Causes::none())
}
