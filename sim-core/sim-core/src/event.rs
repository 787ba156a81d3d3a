//! What can be pending: the closed enum of queue events.

use client::{Call, Change, Cursor, Lane, Tag};
use journal::Causes;
use machine::MachineTimer;

/// A pending event. Its key says when it comes, and in which order at one instant.
#[derive(Clone, Debug)]
pub enum Event {
    /// A kubectl line of the timeline begins.
    Timeline {
        /// Which one.
        line: u32,
    },
    /// A call reaches the API server, which commits or refuses it and answers in the same instant.
    Request(Box<Request>),
    /// A watcher of the control plane sees a change.
    Delivery {
        /// Who.
        to: Watcher,
        /// Of which kind.
        kind: api::Kind,
        /// Which change in that kind's log.
        cursor: Cursor,
    },
    /// A kubelet sees a change of one of its pods or of its node.
    KubeletDelivery {
        /// Which node.
        node: u32,
        /// The change.
        change: Box<Change>,
    },
    /// A kubectl line that waits for an object sees it change.
    KubectlDelivery {
        /// Which line.
        line: u32,
        /// The change.
        change: Box<Change>,
    },
    /// A machine's own timer: a process ends, a pull is through.
    Machine {
        /// Which node.
        node: u32,
        /// Which timer.
        timer: MachineTimer,
    },
    /// A kubelet's timer.
    Kubelet {
        /// Which node.
        node: u32,
        /// Which timer.
        timer: kubelet::Timer,
    },
    /// A timer of the controller manager.
    ControllerManager(kube_controller_manager::Timer),
    /// A timer of the scheduler.
    Scheduler(kube_scheduler::SchedulerTimer),
    /// A timer of a kubectl line.
    Kubectl {
        /// Which line.
        line: u32,
        /// Which timer.
        timer: kubectl::Timer,
    },
}

/// A call on its way.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose it is.
    pub from: Caller,
    /// Which of its sequences it belongs to.
    pub lane: Lane,
    /// Comes back with the answer.
    pub tag: Tag,
    /// The call.
    pub call: Call,
    /// Why it is made.
    pub causes: Causes,
}

/// Who makes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The controller manager.
    ControllerManager,
    /// The scheduler.
    Scheduler,
    /// The kubelet of a node.
    Kubelet(u32),
    /// A kubectl line.
    Kubectl(u32),
}

/// Who watches whole kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watcher {
    /// The controller manager.
    ControllerManager,
    /// The scheduler.
    Scheduler,
}

impl Event {
    /// A number of its variant, for the hash of processed events.
    pub fn discriminant(&self) -> u8 {
        match self {
            Self::Timeline { .. } => 0,
            Self::Request(_) => 1,
            Self::Delivery { .. } => 2,
            Self::KubeletDelivery { .. } => 3,
            Self::Machine { .. } => 4,
            Self::Kubelet { .. } => 5,
            Self::ControllerManager(_) => 6,
            Self::Scheduler(_) => 7,
            Self::Kubectl { .. } => 8,
            Self::KubectlDelivery { .. } => 9,
        }
    }
}
