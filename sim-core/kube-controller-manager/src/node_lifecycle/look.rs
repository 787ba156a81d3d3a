//! One node's part in a monitor pass: its status when it is overdue, its taints, the readiness of its pods
//! (controllers.md 10.2).

use super::health::READY;
use super::taints::Swap;
use api::event::EventType;
use api::node::{Node, NodeStatus};
use api::pod::Pod;
use api::{Condition, ConditionStatus, Kind, Name, ObjectRef, Reason, condition};
use client::controller::{Script, Stop};
use client::{Call, NewEvent};
use random::Seed;
use std::sync::Arc;
use units::{Clock, SimDuration};

/// How often a status write is tried (`retrySleepTime`, `nodeStatusUpdateRetry`), and the pause between.
const STATUS_TRIES: usize = 5;
const STATUS_PAUSE: SimDuration = SimDuration::from_millis(20);

/// What a pass has to do for one node.
#[derive(Clone, Debug)]
pub struct Look {
    /// The node as it was when the pass began.
    pub(super) node: Arc<Node>,
    /// Its Ready condition before the pass.
    pub(super) observed: Option<ConditionStatus>,
    /// Its status when it is overdue.
    pub(super) overdue: Option<NodeStatus>,
    /// The Ready condition after the pass.
    pub(super) current: Option<ConditionStatus>,
    /// Its NoExecute taints.
    pub(super) swap: Swap,
    /// Its pods that are to be marked.
    pub(super) pods: Vec<Marking>,
}

/// What came of a node's part in a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    /// Its status could not be written: it counts nowhere.
    Failed,
    /// All is done.
    Done,
    /// Some pods could not be marked.
    PodsLeft,
}

/// A pod that is to be marked not ready.
#[derive(Clone, Debug)]
pub struct Marking {
    pod: ObjectRef,
    ready: Condition,
}

impl Look {
    /// Writes the status, then the taints, tells, and marks the pods.
    pub(super) fn carry_out(
        &self,
        script: &mut Script<'_>,
        clock: Clock,
        seed: Seed,
    ) -> Result<Looked, Stop> {
        if let Some(status) = &self.overdue
            && !write_status(script, &self.node, status)?
        {
            return Ok(Looked::Failed);
        }
        self.swap.carry_out(script, clock, seed)?;
        if self.observed == Some(ConditionStatus::True) && self.current != self.observed {
            let name = &self.node.meta.name;
            script.event(NewEvent {
                about: ObjectRef::new(Kind::Node, &self.node.meta),
                field_path: Name::default(),
                kind: EventType::Normal,
                reason: "NodeNotReady".into(),
                message: format!("Node {name} status is now: NodeNotReady").into(),
            });
        }
        Ok(if mark(script, &self.pods, clock)? { Looked::Done } else { Looked::PodsLeft })
    }
}

/// Writes a node's status; whether one of the tries succeeded.
fn write_status(script: &mut Script<'_>, node: &Node, status: &NodeStatus) -> Result<bool, Stop> {
    for time in 0..STATUS_TRIES {
        if time > 0 {
            script.pause(STATUS_PAUSE)?;
        }
        let call = Call::PatchNodeStatus { node: node.meta.name.clone(), status: Box::new(status.clone()) };
        if script.attempt(call)?.is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A pod that counts as Ready.
pub(super) fn marking(pod: &Arc<Pod>) -> Option<Marking> {
    let ready = condition::find(&pod.status.conditions, READY)?;
    let is_ready = ready.status == ConditionStatus::True;
    is_ready.then(|| Marking { pod: ObjectRef::new(Kind::Pod, &pod.meta), ready: ready.clone() })
}

/// Marks pods not ready, one after the other; whether all could be.
pub(super) fn mark(script: &mut Script<'_>, pods: &[Marking], clock: Clock) -> Result<bool, Stop> {
    let mut all = true;
    for Marking { pod, ready } in pods {
        let condition = Condition {
            status: ConditionStatus::False,
            last_transition: Some(clock.timestamp(script.now)),
            ..ready.clone()
        };
        let call = Call::PatchPodCondition {
            pod: pod.key.clone(),
            uid: pod.uid,
            condition,
            nominated_node_name: None,
        };
        match script.attempt(call)? {
            Ok(_) => script.event(NewEvent {
                about: pod.clone(),
                field_path: Name::default(),
                kind: EventType::Warning,
                reason: "NodeNotReady".into(),
                message: "Node is not ready".into(),
            }),
            Err(error) => all &= error.reason == Reason::NotFound,
        }
    }
    Ok(all)
}
