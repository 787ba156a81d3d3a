//! The status manager: caches each pod's status and sends what changed, one pod after another.
//!
//! Source: `pkg/kubelet/status/status_manager.go`, v1.36.2 (kubelet.md 2.5).
//! DIFFERENCE: pods of one batch go in the order of their creation (the real order is random). A status that would
//! undo a container's end is not refused, as nothing here produces one.

use crate::pod::{PodEntry, is_same_by_kubelet};
use crate::pod_workers::Phase;
use crate::status::refresh_readiness;
use crate::{Context, Kubelet, Timer};
use api::pod::{Pod, PodStatus};
use api::{Kind, Reason, condition};
use client::{Call, DeleteOptions, Lane, Preconditions, Reply, Tag, TokenBucket};
use cri::ContainerId;
use journal::Causes;
use std::collections::{BTreeSet, VecDeque};

/// Tags of the calls; the lower half is the pod's serial.
const PATCH: Tag = 1 << 32;
const DELETE: Tag = 2 << 32;

/// What is still to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Statuses {
    /// Pods with a status that has not been sent.
    dirty: BTreeSet<u32>,
    /// Pods whose call failed; they go out with the next batch.
    failed: BTreeSet<u32>,
    /// The batch under way: statuses as they were when it began.
    batch: VecDeque<(u32, Box<PodStatus>)>,
    /// Whether a call is under way.
    is_busy: bool,
    /// Whether the sender's timer is set.
    is_scheduled: bool,
    /// The client of pods and statuses: 50 calls a second, 100 at once.
    limit: TokenBucket,
}

impl Statuses {
    pub fn new() -> Self {
        Self {
            dirty: BTreeSet::new(),
            failed: BTreeSet::new(),
            batch: VecDeque::new(),
            is_busy: false,
            is_scheduled: false,
            limit: TokenBucket::per_second(50, 100),
        }
    }
    pub fn forget(&mut self, serial: u32) {
        self.dirty.remove(&serial);
        self.failed.remove(&serial);
    }
}

impl Kubelet {
    /// Stores a pod's status and has it sent if it is news, if the pod is being deleted, or by force.
    pub(crate) fn set_pod_status(
        &mut self,
        serial: u32,
        status: PodStatus,
        is_forced: bool,
        context: &mut Context<'_>,
    ) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let is_news = !is_same_by_kubelet(entry.status(), &status);
        if is_news || is_forced || entry.pod.meta.is_deleting() {
            entry.set_status(status);
            self.mark_dirty(serial, context);
        }
    }

    /// A readiness result: the container's `ready` and the two conditions.
    pub(crate) fn set_container_readiness(
        &mut self,
        serial: u32,
        index: u8,
        id: Option<ContainerId>,
        ready: bool,
        context: &mut Context<'_>,
    ) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let Some(place) = place_of(entry, index, id) else { return };
        if entry.status().container_statuses[place].ready == ready {
            return;
        }
        let spec = entry.spec.clone();
        let status = entry.status_mut();
        status.container_statuses[place].ready = ready;
        refresh_readiness(status, &spec, context.timestamp());
        self.mark_dirty(serial, context);
    }

    /// A startup result: the container's `started` alone.
    pub(crate) fn set_container_startup(
        &mut self,
        serial: u32,
        index: u8,
        id: Option<ContainerId>,
        started: bool,
        context: &mut Context<'_>,
    ) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let Some(place) = place_of(entry, index, id) else { return };
        if entry.status().container_statuses[place].started != started {
            entry.status_mut().container_statuses[place].started = started;
            self.mark_dirty(serial, context);
        }
    }

    /// `PodReadyToStartContainers`, alone and at once.
    pub(crate) fn set_ready_to_start_containers(&mut self, serial: u32, context: &mut Context<'_>) {
        const CONDITION: &str = "PodReadyToStartContainers";
        let now = context.timestamp();
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        if condition::is_true(&entry.status().conditions, CONDITION) {
            return;
        }
        let status = entry.status_mut();
        if let Some(condition) = status.conditions.iter_mut().find(|c| c.kind == CONDITION) {
            condition.status = api::ConditionStatus::True;
            condition.last_transition = Some(now);
            self.mark_dirty(serial, context);
        }
    }

    pub(crate) fn mark_dirty(&mut self, serial: u32, context: &mut Context<'_>) {
        self.statuses.dirty.insert(serial);
        self.schedule_sender(context);
    }

    fn schedule_sender(&mut self, context: &mut Context<'_>) {
        let s = &mut self.statuses;
        if !s.is_busy && !s.is_scheduled && !s.dirty.is_empty() {
            s.is_scheduled = true;
            context.timer(context.now, Timer::SendStatus { node: self.number });
        }
    }

    /// The sender takes a copy of all that changed.
    pub(crate) fn send_statuses(&mut self, context: &mut Context<'_>) {
        self.statuses.is_scheduled = false;
        if self.statuses.is_busy {
            return;
        }
        let mut due = std::mem::take(&mut self.statuses.dirty);
        due.append(&mut self.statuses.failed);
        let statuses = due.into_iter().filter_map(|serial| {
            let entry = self.pods.get(&serial).filter(|entry| !entry.is_gone)?;
            Some((serial, Box::new(entry.status().clone())))
        });
        self.statuses.batch = statuses.collect();
        self.send_next(context);
    }

    /// The full pass: what the API shows differently, what failed, what waits for its deletion.
    pub(crate) fn status_pass(&mut self, context: &mut Context<'_>) {
        let is_owed = |entry: &PodEntry| {
            !entry.is_gone && (entry.differs_from_api() || may_be_deleted(entry, &entry.pod))
        };
        let owed = self.pods.iter().filter(|(_, entry)| is_owed(entry)).map(|(serial, _)| *serial);
        self.statuses.dirty.extend(owed);
        let mut failed = std::mem::take(&mut self.statuses.failed);
        self.statuses.dirty.append(&mut failed);
        self.schedule_sender(context);
    }

    fn send_next(&mut self, context: &mut Context<'_>) {
        while let Some((serial, mut status)) = self.statuses.batch.pop_front() {
            let Some(entry) = self.pods.get_mut(&serial).filter(|entry| !entry.is_gone) else { continue };
            merge(entry, &mut status, context);
            let causes = entry.causes.take();
            let (pod, uid) = (entry.pod.meta.key(), entry.pod.meta.uid);
            // One token for the GET, one for the PATCH.
            self.statuses.limit.reserve(context.now);
            let at = self.statuses.limit.reserve(context.now);
            self.statuses.is_busy = true;
            let call = Call::PatchPodStatus { pod, uid, status };
            context.call_at(at, call, Lane::PodStatus, PATCH | Tag::from(serial), causes);
            return;
        }
        self.schedule_sender(context);
    }

    /// Takes the reply to one of the sender's calls; false if it is none.
    pub(crate) fn status_reply(
        &mut self,
        tag: Tag,
        reply: &Reply,
        causes: Causes,
        context: &mut Context<'_>,
    ) -> bool {
        let Ok(serial) = u32::try_from(tag & (PATCH - 1)) else { return false };
        match tag & !(PATCH - 1) {
            PATCH => self.patched(serial, reply, causes, context),
            DELETE => self.deleted(serial, reply, context),
            _ => return false,
        }
        true
    }

    fn patched(&mut self, serial: u32, reply: &Reply, causes: Causes, context: &mut Context<'_>) {
        self.statuses.is_busy = false;
        match (reply, self.pods.get(&serial)) {
            (Ok(response), Some(entry)) => {
                let object = response.object().and_then(|object| object.as_pod());
                if may_be_deleted(entry, object.unwrap_or(&entry.pod)) {
                    self.delete(serial, causes, context);
                    return;
                }
            }
            (Err(error), Some(_)) if is_worth_repeating(error.reason) => {
                self.statuses.failed.insert(serial);
            }
            _ => {}
        }
        self.send_next(context);
    }

    /// The final DELETE: grace 0, and only this very pod.
    fn delete(&mut self, serial: u32, causes: Causes, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get(&serial) else { return };
        let preconditions = Preconditions { uid: Some(entry.pod.meta.uid), resource_version: None };
        let options = DeleteOptions { grace_seconds: Some(0), preconditions, propagation: None };
        let call = Call::Delete { kind: Kind::Pod, key: entry.pod.meta.key(), options };
        let at = self.statuses.limit.reserve(context.now);
        self.statuses.is_busy = true;
        context.call_at(at, call, Lane::PodStatus, DELETE | Tag::from(serial), causes);
    }

    fn deleted(&mut self, serial: u32, reply: &Reply, context: &mut Context<'_>) {
        self.statuses.is_busy = false;
        if reply.as_ref().is_err_and(|error| is_worth_repeating(error.reason))
            && self.pods.contains_key(&serial)
        {
            self.statuses.failed.insert(serial);
        }
        self.send_next(context);
    }
}

/// Whether a refusal may be over next time: not if the pod is gone or another one has its name.
const fn is_worth_repeating(reason: Reason) -> bool {
    !matches!(reason, Reason::NotFound | Reason::Conflict)
}

fn place_of(entry: &PodEntry, index: u8, id: Option<ContainerId>) -> Option<usize> {
    let name = &entry.container(index)?.name;
    let statuses = &entry.status().container_statuses;
    let id = id.map(|id| api::pod::ContainerId(id.0));
    statuses.iter().position(|s| s.name == *name && s.container_id == id)
}

/// Whether nothing is left but the object: it is to be deleted, and the API shows its terminal phase.
fn may_be_deleted(entry: &PodEntry, object: &Pod) -> bool {
    entry.worker.phase == Phase::Finished && object.meta.is_deleting() && object.status.phase.is_terminal()
}

/// What of a status may be shown: a terminal phase not before the containers have ended, and with it no readiness.
fn merge(entry: &PodEntry, status: &mut PodStatus, context: &Context<'_>) {
    let shown = &entry.pod.status;
    if shown.phase.is_terminal() && !status.phase.is_terminal() {
        show_phase_of(shown, status);
    }
    if !status.phase.is_terminal() {
        return;
    }
    let is_true = |kind| condition::is_true(&status.conditions, kind);
    if is_true("Ready") || is_true("ContainersReady") {
        refresh_readiness(status, &entry.spec, context.timestamp());
    }
    if entry.worker.phase < Phase::Terminated {
        show_phase_of(shown, status);
    }
}

fn show_phase_of(shown: &PodStatus, status: &mut PodStatus) {
    status.phase = shown.phase;
    status.reason = shown.reason.clone();
    status.message = shown.message.clone();
}
