//! The order of what happens at one instant.

use serde::{Deserialize, Serialize};

/// Classes of queue events, in the order in which they come at one instant (kubelet.md 14.2, rule 2: API deliveries and
/// process exits, global relist, on-demand relists, ticks, probe results, worker continuations, probe ticks, status
/// sender; around them what the kubelet knows nothing of).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Class {
    /// A step of the timeline.
    Timeline,
    /// A call reaches the API server.
    Request,
    /// A watcher sees a commit.
    Delivery,
    /// A watcher sees a commit that is no record (a lease's renewal, a heartbeat).
    QuietDelivery,
    /// A runtime answers, a process ends.
    Runtime,
    /// PLEG looks at all containers of a node.
    Relist,
    /// PLEG looks at one pod.
    OnDemandRelist,
    /// The kubelet's one-second tick and its housekeeping.
    KubeletTick,
    /// A probe's result reaches the kubelet's loop.
    ProbeResult,
    /// A pod worker goes on.
    PodWorker,
    /// A probe is made.
    ProbeTick,
    /// The kubelet's status manager sends.
    StatusSender,
    /// Leases and node reports.
    Heartbeat,
    /// A delayed key of a controller's queue, a token of its bucket.
    Controller,
    /// A periodic pass of a controller.
    ControllerPass,
    /// The scheduler goes on.
    Scheduler,
    /// An event recorder writes.
    Recorder,
    /// A kubectl line goes on.
    Kubectl,
}

/// What makes a timer's key: whose it is, and which one (of that class and entity).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TimerKey {
    /// Class.
    pub class: Class,
    /// Whose: a dense number below 2²⁷ (a node, a pod, a component instance), by class.
    pub entity: u32,
    /// Which timer, and the how-many-th: below 2³¹.
    pub timer: u32,
}

/// A component's own typed timer.
pub trait Timer: Clone {
    /// Its key, a function of what the timer is and never of when it was set. Two timers that can be pending for the
    /// same instant must have different keys.
    fn key(&self) -> TimerKey;
}
