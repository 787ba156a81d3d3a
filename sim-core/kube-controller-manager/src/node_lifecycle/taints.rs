//! Taints that follow from a node's conditions (controllers.md 10.3), and how they are written.

use api::node::{Node, Taint, TaintEffect};
use api::{ConditionStatus, Kind, Name, Object, ObjectKey, Reason};
use client::Call;
use client::controller::{Script, Stop};
use random::Seed;
use std::sync::Arc;
use units::{Clock, SimDuration, Timestamp};

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// Condition, its status, and the taint that follows from it.
const FROM_CONDITIONS: [(&str, ConditionStatus, &str); 6] = [
    ("Ready", ConditionStatus::False, NOT_READY),
    ("Ready", ConditionStatus::Unknown, UNREACHABLE),
    ("MemoryPressure", ConditionStatus::True, "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", ConditionStatus::True, "node.kubernetes.io/disk-pressure"),
    ("NetworkUnavailable", ConditionStatus::True, "node.kubernetes.io/network-unavailable"),
    ("PIDPressure", ConditionStatus::True, "node.kubernetes.io/pid-pressure"),
];
/// After a conflict a write is tried again, 5 times in all, 100 to 200 ms apart (`updateTaintBackoff`).
const TRIES: u64 = 5;
const PAUSE: SimDuration = SimDuration::from_millis(100);

type Mark = (&'static str, TaintEffect);

/// Taints that are to be added to a node, and then those that are to be removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swap {
    node: Name,
    add: Vec<Mark>,
    remove: Vec<Mark>,
}

fn has(node: &Node, mark: Mark) -> bool {
    node.spec.taints.iter().any(|taint| is(taint, mark))
}

fn is(taint: &Taint, (key, effect): Mark) -> bool {
    taint.key == key && taint.effect == effect
}

/// Whether the node carries one of the NoExecute taints of this controller.
pub fn has_no_execute(node: &Node) -> bool {
    has(node, (NOT_READY, TaintEffect::NoExecute)) || has(node, (UNREACHABLE, TaintEffect::NoExecute))
}

/// The NoSchedule taints that differ from what the conditions say.
pub fn no_schedule(node: &Node) -> Swap {
    let holds =
        |kind: &str, status| node.status.conditions.iter().any(|c| c.kind == kind && c.status == status);
    let wanted = FROM_CONDITIONS.iter().map(|(kind, status, key)| (*key, holds(kind, *status)));
    let wanted = wanted.chain([(UNSCHEDULABLE, node.spec.unschedulable)]);
    let mut swap = Swap { node: node.meta.name.clone(), ..Swap::default() };
    for (key, wanted) in wanted {
        let mark = (key, TaintEffect::NoSchedule);
        match (wanted, has(node, mark)) {
            (true, false) => swap.add.push(mark),
            (false, true) => swap.remove.push(mark),
            _ => {}
        }
    }
    swap
}

/// What a pass does at once: a node that is Ready, or new, loses both NoExecute taints; an opposite one is swapped.
pub fn no_execute(node: &Node, ready: Option<ConditionStatus>, is_new: bool) -> Swap {
    match ready.and_then(opposite) {
        _ if is_new => reachable(node),
        Some((add, remove)) if has(node, remove) => {
            Swap { node: node.meta.name.clone(), add: vec![add], remove: vec![remove] }
        }
        None if ready.is_some() => reachable(node),
        _ => Swap::default(),
    }
}

/// The taint of an unhealthy node, and the other one.
fn opposite(ready: ConditionStatus) -> Option<(Mark, Mark)> {
    let (not_ready, unreachable) =
        ((NOT_READY, TaintEffect::NoExecute), (UNREACHABLE, TaintEffect::NoExecute));
    match ready {
        ConditionStatus::True => None,
        ConditionStatus::False => Some((not_ready, unreachable)),
        ConditionStatus::Unknown => Some((unreachable, not_ready)),
    }
}

/// Whether a pass swaps the node's NoExecute taint, so that it need not be queued.
pub fn is_swapped(node: &Node, ready: ConditionStatus) -> bool {
    opposite(ready).is_some_and(|(_, other)| has(node, other))
}

/// Whether an unhealthy node carries the taint that it should.
pub fn is_tainted(node: &Node, ready: ConditionStatus) -> bool {
    opposite(ready).is_some_and(|(own, _)| has(node, own))
}

/// A node of a zone's queue gets its taint; a Ready one none.
pub fn queued(node: &Node, ready: Option<ConditionStatus>) -> Swap {
    let Some((add, remove)) = ready.and_then(opposite) else { return Swap::default() };
    let remove = if has(node, remove) { vec![remove] } else { Vec::new() };
    Swap { node: node.meta.name.clone(), add: vec![add], remove }
}

/// Both NoExecute taints go.
pub fn reachable(node: &Node) -> Swap {
    let marks = [(UNREACHABLE, TaintEffect::NoExecute), (NOT_READY, TaintEffect::NoExecute)];
    let remove = marks.into_iter().filter(|mark| has(node, *mark)).collect();
    Swap { node: node.meta.name.clone(), add: Vec::new(), remove }
}

impl Swap {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }

    /// Adds, then removes; whether both succeeded. Each is a read and a write.
    pub fn carry_out(&self, script: &mut Script<'_>, clock: Clock, seed: Seed) -> Result<bool, Stop> {
        if !self.add.is_empty() && !self.write(script, clock, seed, &self.add, &[])? {
            return Ok(false);
        }
        Ok(self.remove.is_empty() || self.write(script, clock, seed, &[], &self.remove)?)
    }

    fn write(
        &self,
        script: &mut Script<'_>,
        clock: Clock,
        seed: Seed,
        add: &[Mark],
        remove: &[Mark],
    ) -> Result<bool, Stop> {
        for time in 0..TRIES {
            let get = Call::Get { kind: Kind::Node, key: ObjectKey::cluster(self.node.clone()) };
            let found = script.attempt(get)?;
            let Some(node) = found.ok().as_ref().and_then(|r| r.object()).and_then(Object::as_node).cloned()
            else {
                return Ok(false);
            };
            let taints = changed(&node.spec.taints, add, remove, clock.timestamp(script.now));
            if taints == node.spec.taints {
                return Ok(true);
            }
            let mut node = Node::clone(&node);
            node.spec.taints = taints;
            // With the resourceVersion that was read: of two writers that have read the same version only one may win.
            match script.attempt(Call::Update(Object::Node(Arc::new(node))))? {
                Ok(_) => return Ok(true),
                Err(error) if error.reason == Reason::Conflict => {
                    let stream = seed.stream("node-taints", &self.node);
                    let salt = u64::try_from(script.now.as_nanos()).unwrap_or_default();
                    let jitter = stream.child(salt).at(time).duration_below(PAUSE);
                    script.pause(PAUSE + jitter)?;
                }
                Err(_) => return Ok(false),
            }
        }
        Ok(false)
    }
}

/// Taints with some added (an equal one is replaced in its place) and some removed.
fn changed(taints: &[Taint], add: &[Mark], remove: &[Mark], now: Timestamp) -> Vec<Taint> {
    let kept = taints.iter().filter(|taint| !remove.iter().any(|mark| is(taint, *mark)));
    let mut taints: Vec<Taint> = kept.cloned().collect();
    for (key, effect) in add {
        if !taints.iter().any(|taint| is(taint, (key, *effect))) {
            let (key, value) = (Name::new_static(key), Name::default());
            taints.push(Taint { key, value, effect: *effect, time_added: Some(now) });
        }
    }
    taints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{node, taint};
    use ConditionStatus::{False, True, Unknown};
    use TaintEffect::{NoExecute, NoSchedule};
    use api::Condition;

    fn with(conditions: &[(&'static str, ConditionStatus)], taints: &[Mark]) -> Node {
        let mut node = node("n", &[]);
        let condition =
            |(kind, status): &(&'static str, ConditionStatus)| Condition::new(*kind, *status, Timestamp(0));
        node.status.conditions = conditions.iter().map(condition).collect();
        node.spec.taints = taints.iter().map(|(key, effect)| taint(key, *effect)).collect();
        node
    }

    #[test]
    fn conditions_become_no_schedule_taints() {
        let check = |conditions: &[_], unschedulable, taints: &[Mark], add: &[&str], remove: &[&str]| {
            let mut node = with(conditions, taints);
            node.spec.unschedulable = unschedulable;
            let swap = no_schedule(&node);
            let keys = |marks: &[Mark]| marks.iter().map(|(key, _)| *key).collect::<Vec<_>>();
            assert_eq!(
                (keys(&swap.add), keys(&swap.remove)),
                (add.to_vec(), remove.to_vec()),
                "{conditions:?}"
            );
            assert!(swap.add.iter().chain(&swap.remove).all(|(_, effect)| *effect == NoSchedule));
        };
        check(&[("Ready", True)], false, &[(NOT_READY, NoSchedule)], &[], &[NOT_READY]);
        check(&[("Ready", False)], false, &[(NOT_READY, NoSchedule)], &[], &[]);
        check(&[("Ready", Unknown)], false, &[(NOT_READY, NoSchedule)], &[UNREACHABLE], &[NOT_READY]);
        check(&[("Ready", True)], true, &[(NOT_READY, NoExecute)], &[UNSCHEDULABLE], &[]);
        check(&[("Ready", True)], false, &[(UNSCHEDULABLE, NoSchedule)], &[], &[UNSCHEDULABLE]);
        let pressure = "node.kubernetes.io/disk-pressure";
        check(&[("DiskPressure", True), ("MemoryPressure", Unknown)], false, &[], &[pressure], &[]);
        check(&[], false, &[("example.com/mine", NoSchedule)], &[], &[]);
    }

    #[test]
    fn a_pass_swaps_or_removes_but_never_adds_alone() {
        let (unreachable, not_ready) = ((UNREACHABLE, NoExecute), (NOT_READY, NoExecute));
        let check = |ready, is_new, taints: &[Mark], add: &[Mark], remove: &[Mark]| {
            let swap = no_execute(&with(&[], taints), ready, is_new);
            assert_eq!((swap.add.as_slice(), swap.remove.as_slice()), (add, remove), "{ready:?} {taints:?}");
        };
        check(Some(True), false, &[unreachable, not_ready], &[], &[unreachable, not_ready]);
        check(Some(True), false, &[], &[], &[]);
        check(Some(False), false, &[unreachable], &[not_ready], &[unreachable]);
        check(Some(Unknown), false, &[not_ready], &[unreachable], &[not_ready]);
        check(Some(Unknown), false, &[unreachable], &[], &[]);
        check(Some(Unknown), false, &[], &[], &[]);
        check(None, false, &[unreachable], &[], &[]);
        check(None, true, &[unreachable], &[], &[unreachable]);
    }

    #[test]
    fn a_queued_node_gets_the_taint_of_its_state() {
        let node = with(&[], &[(NOT_READY, NoExecute)]);
        let swap = queued(&node, Some(Unknown));
        assert_eq!((swap.add, swap.remove), (vec![(UNREACHABLE, NoExecute)], vec![(NOT_READY, NoExecute)]));
        assert!(queued(&node, Some(True)).is_empty());
        assert_eq!(queued(&node, Some(False)).remove, []);
    }

    #[test]
    fn taints_keep_their_places() {
        let taints = [taint("a", NoSchedule), taint(NOT_READY, NoSchedule), taint(NOT_READY, NoExecute)];
        let after = changed(&taints, &[(UNREACHABLE, NoExecute)], &[(NOT_READY, NoSchedule)], Timestamp(3));
        let shown: Vec<_> = after.iter().map(|t| (t.key.as_str(), t.effect, t.time_added)).collect();
        assert_eq!(
            shown,
            [
                ("a", NoSchedule, None),
                (NOT_READY, NoExecute, None),
                (UNREACHABLE, NoExecute, Some(Timestamp(3)))
            ]
        );
        assert_eq!(changed(&after, &[(UNREACHABLE, NoExecute)], &[], Timestamp(9)), after);
    }
}
