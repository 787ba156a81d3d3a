//! What the controller knows of a node's health: when it last gave a sign (controllers.md 10.2, steps 2 and 3).

use api::node::{Node, NodeStatus};
use api::{Condition, ConditionStatus, condition};
use units::{Clock, MicroTime, SimDuration, SimTime, Timestamp};

/// How long a node may be silent (`--node-monitor-grace-period`).
const GRACE: SimDuration = SimDuration::from_secs(50);
/// How long a node may take before its first status (`--node-startup-grace-period`).
const STARTUP_GRACE: SimDuration = SimDuration::from_secs(60);

pub const READY: &str = "Ready";
/// Conditions that become Unknown with a node.
const KINDS: [&str; 4] = [READY, "MemoryPressure", "DiskPressure", "PIDPressure"];

/// A node's health. Times of the kubelet are never compared with the controller's clock, only with each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// When a pass last saw a new sign; `None` before the first.
    probe: Option<SimTime>,
    /// The Ready condition's heartbeat as it was last seen; `None` without the condition.
    heartbeat: Option<Option<Timestamp>>,
    /// When the lease was renewed, as it was last seen.
    renewed: Option<MicroTime>,
    ready: Option<ConditionStatus>,
}

impl Health {
    /// A pass sees the node and the time at which its lease was renewed.
    pub fn observe(&mut self, node: &Node, renewed: Option<MicroTime>, now: SimTime, clock: Clock) {
        let heartbeat = condition::find(&node.status.conditions, READY).map(|ready| ready.last_update);
        let first = if heartbeat.is_some() { now } else { clock.instant(node.meta.creation) };
        let has_changed = self.probe.is_some() && heartbeat != self.heartbeat;
        let probe = self.probe.get_or_insert(first);
        if has_changed {
            *probe = now;
        }
        if renewed > self.renewed {
            (*probe, self.renewed) = (now, renewed);
        }
        (self.heartbeat, self.ready) = (heartbeat, ready_status(&node.status));
    }

    /// Whether it has been silent for too long. The recommended reading of a near-tie: the very moment counts.
    pub fn is_overdue(&self, now: SimTime) -> bool {
        let grace = if self.heartbeat.is_some() { GRACE } else { STARTUP_GRACE };
        self.probe.is_some_and(|probe| now >= probe + grace)
    }
    /// Whether its Ready condition is there and not True.
    pub fn is_unhealthy(&self) -> bool {
        self.ready.is_some_and(|ready| ready != ConditionStatus::True)
    }
    /// Its Ready condition was written; whether that changes it.
    pub fn set_ready(&mut self, ready: Option<ConditionStatus>) -> bool {
        std::mem::replace(&mut self.ready, ready) != ready
    }
    /// All signs count as if they had come now.
    pub fn start_anew(&mut self, now: SimTime) {
        self.probe = Some(now);
    }
}

/// Status of the Ready condition; `None` without it.
pub fn ready_status(status: &NodeStatus) -> Option<ConditionStatus> {
    condition::find(&status.conditions, READY).map(|ready| ready.status)
}

/// The status of a node that has been silent for too long; `None` if its Ready condition stays as it is.
pub fn unknown_status(node: &Node, now: Timestamp) -> Option<NodeStatus> {
    if ready_status(&node.status) == Some(ConditionStatus::Unknown) {
        return None;
    }
    let mut status = node.status.clone();
    for kind in KINDS {
        match status.conditions.iter_mut().find(|c| c.kind == kind) {
            None => {
                let never = Condition::new(kind, ConditionStatus::Unknown, now)
                    .because("NodeStatusNeverUpdated", "Kubelet never posted node status.");
                status.conditions.push(Condition { last_update: Some(node.meta.creation), ..never });
            }
            Some(condition) if condition.status != ConditionStatus::Unknown => {
                condition.status = ConditionStatus::Unknown;
                condition.reason = "NodeStatusUnknown".into();
                condition.message = "Kubelet stopped posting node status.".into();
                condition.last_transition = Some(now);
            }
            Some(_) => {}
        }
    }
    Some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node;

    const CLOCK: fn() -> Clock = Clock::default;

    fn with_heartbeat(heartbeat: Option<i64>) -> Node {
        let mut node = node("n", &[]);
        node.meta.creation = CLOCK().timestamp(SimTime::ZERO);
        node.status.conditions.clear();
        if let Some(heartbeat) = heartbeat {
            let ready = Condition::new(READY, true, Timestamp(0));
            node.status.conditions.push(Condition { last_update: Some(Timestamp(heartbeat)), ..ready });
        }
        node
    }

    /// When the node is overdue, seen each 5 s with these heartbeats and lease renewals (by seconds).
    fn overdue_at(
        heartbeat: impl Fn(i64) -> Option<i64>,
        renewed: impl Fn(i64) -> Option<i64>,
    ) -> Option<i64> {
        let mut health = Health::default();
        (0..40).map(|k| 2 + 5 * k).find(|&now| {
            let at = SimTime::from_secs(now);
            health.observe(&with_heartbeat(heartbeat(now)), renewed(now).map(MicroTime), at, CLOCK());
            health.is_overdue(at)
        })
    }

    #[test]
    fn a_silent_node_is_overdue_at_the_tenth_pass_after_its_last_sign_was_seen() {
        assert_eq!(overdue_at(|_| Some(1), |_| Some(1)), Some(52));
        // The lease was last renewed at 20 s, which the pass at 22 s saw.
        assert_eq!(overdue_at(|_| Some(1), |now| Some(10 * (now / 10).min(2))), Some(72));
        // Another heartbeat was seen at 42 s.
        assert_eq!(overdue_at(|now| Some(now / 40), |_| None), None);
        assert_eq!(overdue_at(|now| Some((now / 40).min(1)), |_| None), Some(92));
    }

    #[test]
    fn a_node_without_a_status_has_60_s_from_its_creation() {
        assert_eq!(overdue_at(|_| None, |_| None), Some(62));
        assert_eq!(overdue_at(|now| (now > 30).then_some(1), |_| None), Some(82));
    }

    #[test]
    fn silence_makes_conditions_unknown() {
        let status = unknown_status(&with_heartbeat(Some(7)), Timestamp(90)).unwrap();
        let of = |kind: &str| condition::find(&status.conditions, kind).cloned().unwrap();
        let ready = of(READY);
        assert_eq!((ready.status, ready.reason.as_str()), (ConditionStatus::Unknown, "NodeStatusUnknown"));
        assert_eq!((ready.last_update, ready.last_transition), (Some(Timestamp(7)), Some(Timestamp(90))));
        assert_eq!(of("PIDPressure").reason, "NodeStatusNeverUpdated");
        let mut node = with_heartbeat(Some(7));
        node.status = status;
        assert_eq!(unknown_status(&node, Timestamp(95)), None);
    }
}
