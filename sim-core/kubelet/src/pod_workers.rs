//! Pod workers: one sync of a pod at a time, at most one request pending, syncing → terminating → terminated.
//!
//! Source: `pkg/kubelet/pod_workers.go`, v1.36.2 (kubelet.md 1.2, 1.3, 1.5).

use crate::pod::PodEntry;
use crate::sync::Start;
use crate::termination::Kill;
use crate::{Context, Kubelet, Timer};
use cri::PodRequest;
use units::{SimDuration, SimTime};

/// Time until a pod is synced again after a success, before jitter.
const RESYNC: SimDuration = SimDuration::from_secs(60);
/// Time until a pod is synced again after an error, before jitter.
const RETRY: SimDuration = SimDuration::from_secs(10);
/// Both are at most this much longer.
const JITTER: f64 = 0.5;

/// Where a worker is in the life of its pod; never backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Its containers are kept running.
    #[default]
    Syncing,
    /// Its containers are being stopped.
    Terminating,
    /// They have ended; volumes and cgroup are being removed.
    Terminated,
    /// There is nothing left to do.
    Finished,
}

/// What the running sync waits for.
#[derive(Clone, Debug, Default)]
pub(crate) enum Step {
    /// No sync runs.
    #[default]
    Idle,
    /// Volumes.
    Volumes,
    /// The sandbox.
    Sandbox,
    /// A container's start.
    Starting(Box<Start>),
    /// The ends of containers.
    Killing(Vec<Kill>),
    /// The sandbox's end.
    StoppingSandbox,
    /// Unmount and removal of the cgroup.
    Cleanup,
}

/// What the runtime's answer about a pod's status is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusFor {
    /// An on-demand relist.
    Relist,
    /// The final status of a terminating pod.
    Termination,
}

/// A pod worker.
#[derive(Clone, Debug, Default)]
pub(crate) struct Worker {
    /// Where in the pod's life.
    pub phase: Phase,
    /// What the running sync waits for.
    pub step: Step,
    /// Whether a sync is asked for.
    pub is_pending: bool,
    /// Whether its timer is set.
    pub is_scheduled: bool,
    /// When its last sync ended; `None` before the first.
    pub last_end: Option<SimTime>,
    /// Whether the running sync has started or stopped something.
    pub has_acted: bool,
    /// Whether something has failed in the running sync.
    pub has_failed: bool,
    /// Whether the pod's volumes are there.
    pub has_volumes: bool,
    /// When the work queue gives it out.
    pub requeue_at: Option<SimTime>,
    /// When an on-demand relist was asked for that is still to come.
    pub relist_asked_at: Option<SimTime>,
    /// Smallest grace in seconds that was asked for.
    pub grace: Option<i64>,
    /// What the runtime was asked about the pod's status for.
    pub status_for: Option<StatusFor>,
}

impl Worker {
    /// Whether no sync runs.
    pub const fn is_idle(&self) -> bool {
        matches!(self.step, Step::Idle)
    }
}

/// How a sync ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Without error.
    Done,
    /// With an error that carries no time of its own.
    Failed,
    /// The worker goes on to its next phase.
    Transition(Phase),
}

impl Kubelet {
    /// Asks for a sync of a pod.
    pub(crate) fn request_sync(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        if entry.worker.phase != Phase::Finished {
            entry.worker.is_pending = true;
            self.try_start(serial, context);
        }
    }

    /// Begins the pending sync if none runs and the snapshot is new enough; otherwise a relist or the end of the
    /// running one comes back here.
    pub(crate) fn try_start(&mut self, serial: u32, context: &mut Context<'_>) {
        let global = self.pleg.global;
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let w = &entry.worker;
        if !w.is_pending || !w.is_idle() || w.is_scheduled {
            return;
        }
        if is_fresh(entry, global) {
            entry.worker.is_scheduled = true;
            context.timer(context.now, Timer::Worker { pod: serial });
        } else {
            self.pleg.waiting.insert(serial);
        }
    }

    /// A relist has come that a waiting worker takes, even if its last sync ended at this very instant.
    pub(crate) fn start_waiting(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let w = &mut entry.worker;
        if w.is_pending && w.is_idle() && !w.is_scheduled {
            w.is_scheduled = true;
            context.timer(context.now, Timer::Worker { pod: serial });
        }
    }

    /// A worker begins a sync.
    pub(crate) fn begin_sync(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let w = &mut entry.worker;
        w.is_scheduled = false;
        if !w.is_pending || !w.is_idle() {
            return;
        }
        (w.is_pending, w.has_acted, w.has_failed) = (false, false, false);
        if entry.pod.status.phase.is_terminal() {
            // Someone else has ended it in the API.
            w.phase = w.phase.max(Phase::Terminating);
        }
        match w.phase {
            Phase::Syncing => self.sync_pod(serial, context),
            Phase::Terminating => self.sync_terminating(serial, context),
            Phase::Terminated => self.sync_terminated(serial, context),
            Phase::Finished => {}
        }
    }

    /// A sync has ended.
    pub(crate) fn complete(&mut self, serial: u32, end: End, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let has_acted = entry.worker.has_acted;
        entry.worker.step = Step::Idle;
        entry.worker.last_end = Some(context.now);
        match end {
            Done if has_acted => {
                self.requeue(serial, RESYNC, context);
                self.ask_relist(serial, context);
            }
            Done => self.requeue(serial, RESYNC, context),
            Failed => self.requeue(serial, RETRY, context),
            Transition(phase) => {
                entry.worker.phase = entry.worker.phase.max(phase);
                entry.worker.is_pending = phase != Phase::Finished;
            }
        }
        self.try_start(serial, context);
    }

    /// Tells a worker that its pod must end.
    pub(crate) fn terminate(&mut self, serial: u32, grace: Option<i64>, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let w = &mut entry.worker;
        if let Some(grace) = grace {
            let grace = grace.max(1);
            w.grace = Some(w.grace.map_or(grace, |had| had.min(grace)));
        }
        w.phase = w.phase.max(Phase::Terminating);
        let waits_for_volumes = matches!(w.step, Step::Volumes);
        w.is_pending |= w.phase != Phase::Finished;
        if waits_for_volumes {
            self.complete(serial, End::Failed, context);
        } else {
            self.try_start(serial, context);
        }
    }

    /// Puts a pod into the work queue. The draw is a function of the pod and the time.
    fn requeue(&mut self, serial: u32, delay: SimDuration, context: &Context<'_>) {
        let jitter = self.config.jitter;
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let delay = if jitter {
            let stream = context.seed.stream("kubelet.requeue", &entry.owner());
            stream.at(context.now.as_nanos().cast_unsigned()).jitter(delay, JITTER)
        } else {
            delay
        };
        let due = context.now + delay;
        if let Some(old) = entry.worker.requeue_at.replace(due) {
            self.work_queue.remove(&(old, serial));
        }
        self.work_queue.insert((due, serial));
    }

    /// The sync ticker: gives out what was due before now.
    pub(crate) fn sync_tick(&mut self, context: &mut Context<'_>) {
        while let Some(&(due, serial)) = self.work_queue.first() {
            if due >= context.now {
                return;
            }
            self.work_queue.remove(&(due, serial));
            if let Some(entry) = self.pods.get_mut(&serial) {
                entry.worker.requeue_at = None;
            }
            self.request_sync(serial, context);
        }
    }

    /// Drops a pod: its object and all that was of it are gone.
    pub(crate) fn forget(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.remove(&serial) else { return };
        if let Some(due) = entry.worker.requeue_at {
            self.work_queue.remove(&(due, serial));
        }
        self.pleg.waiting.remove(&serial);
        self.statuses.forget(serial);
        context.runtime(cri::Request::Pod(entry.runtime, PodRequest::RemovePodSandbox));
    }
}

use End::{Done, Failed, Transition};

/// Whether the snapshot is newer than the end of the last sync (kubelet.md 1.2).
fn is_fresh(entry: &PodEntry, global: SimTime) -> bool {
    let Some(end) = entry.worker.last_end else { return true };
    let newest = entry.modified.max(entry.observed);
    global > end || (!entry.snapshot.is_empty() && newest > end)
}
