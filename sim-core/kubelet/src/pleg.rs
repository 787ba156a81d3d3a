//! PLEG: what the runtime shows becomes snapshots and sync requests (kubelet.md 1.2).
//!
//! Source: `pkg/kubelet/pleg/generic.go`, `pkg/kubelet/container/cache.go`, v1.36.2.
//! DIFFERENCE: on-demand relists of several pods do not wait for each other, and their queue does not overflow; who
//! starts hundreds of pods on one node at one instant can tell, by milliseconds.

use crate::pod::PodEntry;
use crate::pod_workers::StatusFor;
use crate::{Context, Kubelet, Timer};
use cri::{PodRequest, PodStatus, Request};
use journal::RecordId;
use std::collections::BTreeSet;
use std::sync::Arc;
use units::SimTime;

/// PLEG's state.
#[derive(Clone, Debug)]
pub(crate) struct Pleg {
    /// Start of the latest global relist.
    pub global: SimTime,
    /// Revision that it saw.
    revision: u64,
    /// Pods whose workers wait for a newer snapshot.
    pub waiting: BTreeSet<u32>,
}

impl Pleg {
    pub const fn new() -> Self {
        Self { global: SimTime::from_nanos(i64::MIN), revision: 0, waiting: BTreeSet::new() }
    }
}

impl Kubelet {
    /// The global relist; its answer comes at once.
    pub(crate) fn relist(&mut self, context: &mut Context<'_>) {
        context.runtime(Request::List { since: self.pleg.revision });
    }

    /// The answer to the global relist.
    pub(crate) fn relisted(
        &mut self,
        revision: u64,
        pods: Vec<(u32, Arc<PodStatus>)>,
        context: &mut Context<'_>,
    ) {
        (self.pleg.global, self.pleg.revision) = (context.now, revision);
        let waiting = std::mem::take(&mut self.pleg.waiting);
        for (serial, status) in pods {
            let Some(entry) = self.pods.get_mut(&serial) else { continue };
            if entry.refresh(status, context.now) {
                self.request_sync(serial, context);
            }
        }
        for serial in waiting {
            self.start_waiting(serial, context);
        }
    }

    /// Asks for a relist of one pod, which comes a little later.
    pub(crate) fn ask_relist(&mut self, serial: u32, context: &mut Context<'_>) {
        let latency = self.config.on_demand_relist;
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        if entry.worker.relist_asked_at.replace(context.now).is_some() {
            return;
        }
        let delay = if latency.sigma > 0.0 {
            let stream = context.seed.stream("kubelet.relist", &entry.owner());
            latency.draw(&mut stream.at(context.now.as_nanos().cast_unsigned()))
        } else {
            latency.median
        };
        context.timer(context.now + delay, Timer::OnDemandRelist { pod: serial });
    }

    /// The relist of one pod is due; a global one that began after the request has served it.
    pub(crate) fn on_demand_relist(&mut self, serial: u32, context: &mut Context<'_>) {
        let global = self.pleg.global;
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let Some(asked_at) = entry.worker.relist_asked_at.take() else { return };
        if asked_at >= global {
            entry.worker.status_for = Some(StatusFor::Relist);
            context.runtime(Request::Pod(entry.runtime.clone(), PodRequest::PodStatus));
        }
    }

    /// The answer to a question about one pod.
    pub(crate) fn runtime_status(&mut self, serial: u32, status: Arc<PodStatus>, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        match entry.worker.status_for.take() {
            Some(StatusFor::Relist) => {
                entry.refresh(status, context.now);
                entry.observed = context.now;
                let was_waiting = self.pleg.waiting.remove(&serial);
                self.request_sync(serial, context);
                if was_waiting {
                    self.start_waiting(serial, context);
                }
            }
            Some(StatusFor::Termination) => {
                entry.take_snapshot(status);
                self.containers_ended(serial, context);
            }
            None => {}
        }
    }
}

impl PodEntry {
    /// Compares with the last snapshot and keeps the new one; whether something started or ended.
    fn refresh(&mut self, status: Arc<PodStatus>, now: SimTime) -> bool {
        if self.snapshot == status {
            return false;
        }
        let is_event = has_events(&self.snapshot, &status);
        self.take_snapshot(status);
        self.modified = now;
        is_event
    }

    /// Keeps a new snapshot; the records of what it shows are causes of the next status.
    fn take_snapshot(&mut self, status: Arc<PodStatus>) {
        let sandboxes = status.sandboxes.iter().map(|s| s.record);
        let containers = status.containers.iter().map(|c| c.record);
        for record in sandboxes.chain(containers).flatten() {
            if !is_known(&self.snapshot, record) {
                self.causes.add(RecordId(record));
            }
        }
        self.snapshot = status;
    }
}

fn is_known(status: &PodStatus, record: u64) -> bool {
    let sandboxes = status.sandboxes.iter().map(|s| s.record);
    sandboxes.chain(status.containers.iter().map(|c| c.record)).any(|known| known == Some(record))
}

/// Whether a sandbox or container has started or ended (or vanished before its end was seen) since `old`.
fn has_events(old: &PodStatus, new: &PodStatus) -> bool {
    let sandbox_changed = new.sandboxes.iter().any(|s| {
        let before = old.sandboxes.iter().find(|o| o.attempt == s.attempt);
        before.is_none_or(|before| before.ready != s.ready)
    });
    let changed = |c: &cri::ContainerStatus| {
        let before = old.containers.iter().find(|o| o.container.id == c.container.id);
        c.state != cri::ContainerState::Created && before.is_none_or(|before| before.state != c.state)
    };
    let vanished = |o: &cri::ContainerStatus| {
        o.state.is_running() && new.containers.iter().all(|c| c.container.id != o.container.id)
    };
    sandbox_changed || new.containers.iter().any(changed) || old.containers.iter().any(vanished)
}
