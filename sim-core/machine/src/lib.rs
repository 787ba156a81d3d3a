//! What is physically true on one node: processes, images, sandboxes, addresses; and the container runtime with its latencies.
//!
//! A machine answers [`cri::Request`]s, at once or by its timers, and notes what happens to processes and images.
//! What a process does is data ([`Behavior`]), resolved by whoever carries the request.
//! Upstream: none; the runtime's manners are those of containerd behind the CRI (kubelet.md 6.7, 11.2; profiles.md).
//! Timers: one per operation under way, see [`MachineTimer`].
//! DIFFERENCE: one operation of a pod does not wait for another's beyond `runtime.crowding`; who saturates a real
//! runtime can tell. Images are never removed and have all the same size; who fills a disk can tell. Usage of CPU and
//! memory is not modelled yet.
//! Validated by the tests beside it and by the timelines of `kubelet`.

mod addresses;
mod behavior;
mod containers;
mod images;
mod latencies;
mod note;
mod operations;
mod probes;
mod timer;

#[cfg(test)]
mod tests;

pub use addresses::pod_cidr;
pub use behavior::{Behavior, Exit, HealthResult, Stop, Window};
pub use latencies::Latencies;
pub use note::{Note, NoteKind};
pub use timer::MachineTimer;

use addresses::Addresses;
use containers::Process;
use cri::{Answer, PodAnswer, PodStatus, Request};
use random::Seed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use units::SimTime;

/// What a machine leaves to be done.
#[derive(Clone, Debug, Default)]
pub struct MachineOutput {
    /// Wake-ups.
    pub timers: Vec<(SimTime, MachineTimer)>,
    /// For the kubelet of the node, now.
    pub answers: Vec<Answer>,
    /// What happened, now.
    pub notes: Vec<Note>,
}

/// All that a machine may touch.
pub struct MachineContext<'a> {
    /// The time.
    pub now: SimTime,
    /// The run's seed.
    pub seed: Seed,
    /// Number that the record of the first note in `out.notes` will have; `None` = notes become no records.
    pub next_record: Option<u64>,
    /// What it leaves to be done, in order.
    pub out: &'a mut MachineOutput,
}

impl MachineContext<'_> {
    fn timer(&mut self, at: SimTime, timer: MachineTimer) {
        self.out.timers.push((at, timer));
    }
    fn answer(&mut self, serial: u32, answer: PodAnswer) {
        self.out.answers.push(Answer::Pod { serial, answer });
    }
    /// Notes what happened and returns the number that its record will have.
    fn note(&mut self, note: Note) -> Option<u64> {
        let place = u64::try_from(self.out.notes.len()).unwrap_or(u64::MAX);
        self.out.notes.push(note);
        self.next_record.map(|first| first.saturating_add(place))
    }
}

/// A pod on the machine.
#[derive(Clone, Debug)]
struct Pod {
    pod: Arc<cri::Pod>,
    status: Arc<PodStatus>,
    /// Revision of the last change of `status`.
    changed: u64,
    /// Containers that are created or run.
    processes: Vec<Process>,
    /// The sandbox's host number in the node's network.
    address: Option<u8>,
    /// When the sandbox was up.
    sandbox_up_at: SimTime,
}

/// One node's machine.
#[derive(Clone, Debug)]
pub struct Machine {
    latencies: Arc<Latencies>,
    pods: BTreeMap<u32, Pod>,
    images: BTreeMap<cri::Name, i64>,
    addresses: Addresses,
    /// How often any pod's status has changed.
    revision: u64,
    /// Pods with a sandbox, create or start operation under way.
    starting: u32,
}

/// What a machine is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Number of the node; decides the pods' addresses.
    pub node: u32,
    /// How long things take.
    pub latencies: Arc<Latencies>,
}

impl Machine {
    /// A machine without images and pods.
    pub fn new(config: Config) -> Self {
        Self {
            latencies: config.latencies,
            pods: BTreeMap::new(),
            images: BTreeMap::new(),
            addresses: Addresses::of_node(config.node),
            revision: 0,
            starting: 0,
        }
    }

    /// Takes a request. `behavior` is that of the container it concerns ([`Request::container`]).
    pub fn request(&mut self, request: Request, behavior: &Arc<Behavior>, context: &mut MachineContext<'_>) {
        match request {
            Request::List { since } => {
                let pods = self.changed_since(since);
                context.out.answers.push(Answer::List { revision: self.revision, pods });
            }
            Request::ListImages => context.out.answers.push(Answer::Images(self.image_list())),
            Request::Pod(pod, request) => self.pod_request(&pod, request, behavior, context),
        }
    }

    /// How often anything changed that [`Request::List`] can show.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether a container's process serves: it runs and its `start` is over.
    pub fn serves(&self, serial: u32, container: &str, now: SimTime) -> bool {
        let process = self.pods.get(&serial).and_then(|pod| pod.running_by_name(container));
        process.is_some_and(|(started_at, behavior)| now - started_at >= behavior.start)
    }

    fn changed_since(&self, since: u64) -> Vec<(u32, Arc<PodStatus>)> {
        if since == self.revision {
            return Vec::new();
        }
        let changed = self.pods.iter().filter(|(_, pod)| pod.changed > since);
        changed.map(|(serial, pod)| (*serial, pod.status.clone())).collect()
    }

    /// Changes a pod's status and counts that.
    fn change(&mut self, serial: u32, change: impl FnOnce(&mut PodStatus)) {
        if let Some(pod) = self.pods.get_mut(&serial) {
            self.revision += 1;
            pod.changed = self.revision;
            change(Arc::make_mut(&mut pod.status));
        }
    }
}
