//! Which pods go first when there are too many.
//!
//! Source: `ActivePodsWithRanks` of `pkg/controller/controller_utils.go`, v1.36.2 (controllers.md 2.3).
//! The relation is not transitive, so that the order of ties depends on the algorithm: here the list comes by name and
//! is merged, left part first.

use api::Name;
use api::pod::{Phase, Pod};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use units::{Clock, SimDuration, SimTime, Timestamp};

/// Orders pods so that the first is deleted first. `on_node` counts the related pods on each node.
pub fn order(
    pods: Vec<Arc<Pod>>,
    on_node: &BTreeMap<Name, u32>,
    now: SimTime,
    clock: Clock,
) -> Vec<Arc<Pod>> {
    let ranked = pods.into_iter().map(|pod| Ranked::new(pod, on_node, now, clock)).collect();
    merge_sort(ranked).into_iter().map(|ranked| ranked.pod).collect()
}

/// A pod and what it is compared by.
struct Ranked {
    pod: Arc<Pod>,
    phase: u8,
    cost: i32,
    related: u32,
    ready: Option<(Timestamp, i32)>,
    restarts: (i32, i32),
    created: i32,
}

impl Ranked {
    fn new(pod: Arc<Pod>, on_node: &BTreeMap<Name, u32>, now: SimTime, clock: Clock) -> Self {
        let age = |since: Timestamp| bucket(now - clock.instant(since));
        let since = pod.ready_condition().and_then(|c| c.last_transition).unwrap_or_default();
        Self {
            phase: match pod.status.phase {
                Phase::Pending => 0,
                Phase::Unknown => 1,
                _ => 2,
            },
            cost: deletion_cost(&pod),
            related: on_node.get(&pod.node_name).copied().unwrap_or_default(),
            ready: pod.is_ready().then(|| (since, age(since))),
            restarts: restarts(&pod),
            created: age(pod.meta.creation),
            pod,
        }
    }

    /// Less = deleted first.
    fn compare(&self, other: &Self) -> Ordering {
        let (a, b) = (self, other);
        let uid = || a.pod.meta.uid.cmp(&b.pod.meta.uid);
        let plain = a
            .pod
            .is_bound()
            .cmp(&b.pod.is_bound())
            .then(a.phase.cmp(&b.phase))
            .then(a.ready.is_some().cmp(&b.ready.is_some()))
            .then(a.cost.cmp(&b.cost))
            .then(b.related.cmp(&a.related));
        if plain.is_ne() {
            return plain;
        }
        if let (Some((since_a, bucket_a)), Some((since_b, bucket_b))) = (a.ready, b.ready)
            && since_a != since_b
        {
            return bucket_a.cmp(&bucket_b).then_with(uid);
        }
        let restarts = b.restarts.cmp(&a.restarts);
        if restarts.is_ne() || a.pod.meta.creation == b.pod.meta.creation {
            return restarts;
        }
        a.created.cmp(&b.created).then_with(uid)
    }
}

/// ⌊log₂⌋ of the nanoseconds; −1 for what is not past.
fn bucket(elapsed: SimDuration) -> i32 {
    match u64::try_from(elapsed.as_nanos()) {
        Ok(nanos) if nanos > 0 => i32::try_from(nanos.ilog2()).unwrap_or(i32::MAX),
        _ => -1,
    }
}

/// Annotation `controller.kubernetes.io/pod-deletion-cost`; what is no plain 32-bit integer counts as 0.
fn deletion_cost(pod: &Pod) -> i32 {
    let text = pod.meta.annotations.get("controller.kubernetes.io/pod-deletion-cost");
    let plain = |text: &&Name| !text.starts_with('+') && (text.len() == 1 || !text.starts_with('0'));
    text.filter(plain).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The most restarts of a regular container, and of a sidecar.
fn restarts(pod: &Pod) -> (i32, i32) {
    let most = |statuses: &mut dyn Iterator<Item = i32>| statuses.max().unwrap_or_default();
    let is_sidecar =
        |name: &Name| pod.spec.init_containers.iter().any(|c| c.name == *name && c.restart_policy.is_some());
    let sidecars = pod.status.init_container_statuses.iter().filter(|s| is_sidecar(&s.name));
    (
        most(&mut pod.status.container_statuses.iter().map(|s| s.restart_count)),
        most(&mut sidecars.map(|s| s.restart_count)),
    )
}

fn merge_sort(mut left: Vec<Ranked>) -> Vec<Ranked> {
    if left.len() < 2 {
        return left;
    }
    let right = merge_sort(left.split_off(left.len() / 2));
    let left = merge_sort(left);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if b.compare(a).is_lt() { right.next() } else { left.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{pod, ready, restarted};
    use api::Uid;

    const NOW: SimTime = SimTime::from_secs(1000);

    fn at(seconds: i64) -> Timestamp {
        Clock::default().timestamp(SimTime::from_secs(seconds))
    }
    fn running(name: &str) -> Pod {
        let mut pod = pod(name);
        pod.node_name = "n1".into();
        pod.status.phase = Phase::Running;
        pod.meta.creation = at(0);
        pod
    }
    fn ready_since(name: &str, seconds: i64) -> Pod {
        let mut pod = running(name);
        ready(&mut pod, at(seconds));
        pod
    }
    fn with_uid(mut pod: Pod, uid: u128) -> Pod {
        pod.meta.uid = Uid(uid);
        pod
    }
    fn with_cost(mut pod: Pod, cost: &str) -> Pod {
        pod.meta.annotations = pod.meta.annotations.with("controller.kubernetes.io/pod-deletion-cost", cost);
        pod
    }
    fn names(pods: Vec<Pod>, on_node: &[(&str, u32)]) -> Vec<String> {
        let on_node = on_node.iter().map(|(node, count)| (Name::new(node), *count)).collect();
        let ordered = order(pods.into_iter().map(Arc::new).collect(), &on_node, NOW, Clock::default());
        ordered.iter().map(|pod| pod.meta.name.to_string()).collect()
    }
    /// The second pod goes first, whichever comes first in the list.
    fn check(later: Pod, first: Pod, on_node: &[(&str, u32)]) {
        for pods in [vec![later.clone(), first.clone()], vec![first.clone(), later.clone()]] {
            assert_eq!(names(pods, on_node), [&*first.meta.name, &*later.meta.name]);
        }
    }

    #[test]
    fn each_criterion_decides() {
        let mut unbound = pod("b");
        unbound.meta.creation = at(0);
        check(running("a"), unbound, &[]);
        let phase = |phase| {
            let mut pod = running("b");
            pod.status.phase = phase;
            pod
        };
        check(running("a"), phase(Phase::Pending), &[]);
        check(running("a"), phase(Phase::Unknown), &[]);
        check(ready_since("a", 1), with_cost(running("b"), "50"), &[]);
        check(with_cost(running("a"), "3"), with_cost(running("b"), "-5"), &[]);
        let mut crowded = running("b");
        crowded.node_name = "n2".into();
        check(running("a"), crowded, &[("n1", 1), ("n2", 2)]);
        check(ready_since("a", 900), ready_since("b", 990), &[]);
        check(running("a"), restarted(running("b"), 1), &[]);
        let mut young = running("b");
        young.meta.creation = at(990);
        check(running("a"), young, &[]);
    }

    #[test]
    fn in_one_bucket_the_uid_decides_and_nothing_after_it() {
        // 64 s and 40 s lie between 2³⁵ and 2³⁶ ns.
        let older = with_uid(restarted(ready_since("a", 936), 9), 2);
        check(older, with_uid(ready_since("b", 960), 1), &[]);
        let created = |name: &str, uid, seconds| {
            let mut pod = with_uid(running(name), uid);
            pod.meta.creation = at(seconds);
            pod
        };
        check(created("a", 2, 960), created("b", 1, 936), &[]);
    }

    #[test]
    fn equal_ready_times_leave_the_decision_to_restarts() {
        check(with_uid(ready_since("a", 5), 1), with_uid(restarted(ready_since("b", 5), 1), 2), &[]);
    }

    #[test]
    fn complete_ties_go_by_name() {
        let pods: Vec<Pod> =
            (0..40).map(|i| with_uid(ready_since(&format!("p{i:02}"), 5), 100 - i)).collect();
        let expect: Vec<String> = pods.iter().map(|p| p.meta.name.to_string()).collect();
        assert_eq!(names(pods, &[]), expect);
    }

    #[test]
    fn costs_that_are_no_plain_integers_are_zero() {
        for (text, cost) in
            [("7", 7), ("-7", -7), ("0", 0), ("07", 0), ("+7", 0), ("x", 0), ("2147483648", 0), ("", 0)]
        {
            assert_eq!(deletion_cost(&with_cost(running("a"), text)), cost, "{text}");
        }
    }

    #[test]
    fn buckets() {
        for (nanos, expect) in [(-5, -1), (0, -1), (1, 0), (1 << 30, 30), ((1 << 31) - 1, 30), (1 << 31, 31)]
        {
            assert_eq!(bucket(SimDuration::from_nanos(nanos)), expect);
        }
    }

    /// The recorded order of "scale-down-victims": a bare ReplicaSet scaled down by one each 10 s.
    #[test]
    fn the_recorded_order() {
        let mut waiting = pod("a");
        waiting.meta.creation = at(10);
        let mut unready = with_cost(running("b"), "50");
        unready.meta.creation = at(10);
        let pods = vec![
            waiting,
            unready,
            with_cost(ready_since("c", 16), "-5"),
            with_uid(ready_since("d", 16), 4),
            with_uid(ready_since("e", 16), 2),
            with_uid(ready_since("f", 16), 3),
            with_uid(restarted(ready_since("g", 21), 1), 9),
            with_cost(ready_since("h", 16), "100"),
        ];
        let ordered = |pods: &[Pod], now| {
            let pods = pods.iter().cloned().map(Arc::new).collect();
            let ordered = order(pods, &BTreeMap::new(), SimTime::from_secs(now), Clock::default());
            ordered[0].meta.name.to_string()
        };
        let mut left = pods;
        let mut gone = Vec::new();
        // 76 s after the start the restarted pod (55 s) is in one bucket with the others (60 s), later it is not.
        for now in [46, 56, 66, 76, 86, 96, 106, 116] {
            let name = ordered(&left, now);
            left.retain(|pod| pod.meta.name != name);
            gone.push(name);
        }
        assert_eq!(gone.concat(), "abcdgefh");
    }
}
