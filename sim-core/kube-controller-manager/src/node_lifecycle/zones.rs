//! Zones: how many of their nodes are lost, and how fast the others may be tainted (controllers.md 10.3 and 10.4).

use super::taints;
use api::node::Node;
use api::{ConditionStatus, Name};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use units::{SimDuration, SimTime};

/// Between two NoExecute taints of a zone: 0.1 a second (`--node-eviction-rate`).
const PERIOD: SimDuration = SimDuration::from_secs(10);
/// The same in a large zone that is partly lost: 0.01 a second (`--secondary-node-eviction-rate`).
const SECONDARY_PERIOD: SimDuration = SimDuration::from_secs(100);
/// A zone of more nodes is large (`--large-cluster-size-threshold`).
const LARGE: usize = 50;
/// Percentage of lost nodes from which on a zone is partly lost (`--unhealthy-zone-threshold`).
const PARTIAL_PERCENT: usize = 55;
/// A node without Ready condition is looked at again after this time.
const POSTPONED: SimDuration = SimDuration::from_millis(50);

/// Region and zone of a node; both may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ZoneKey {
    region: Name,
    zone: Name,
}

impl ZoneKey {
    /// The zone of a node, by its old labels if they are there.
    pub fn of(node: &Node) -> Self {
        let label = |old: &str, new: &str| {
            let labels = &node.meta.labels;
            labels.get(old).or_else(|| labels.get(new)).cloned().unwrap_or_default()
        };
        Self {
            region: label("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
            zone: label("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
        }
    }
}

/// How much of a zone is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Initial,
    Normal,
    Partial,
    Full,
}

impl State {
    fn of(conditions: &[Option<ConditionStatus>]) -> Self {
        let ready = conditions.iter().filter(|ready| **ready == Some(ConditionStatus::True)).count();
        let lost = conditions.len() - ready;
        match () {
            () if ready == 0 && lost > 0 => Self::Full,
            () if lost > 2 && 100 * lost >= PARTIAL_PERCENT * conditions.len() => Self::Partial,
            () => Self::Normal,
        }
    }
    fn period(self, nodes: usize) -> Option<SimDuration> {
        match self {
            Self::Initial | Self::Normal | Self::Full => Some(PERIOD),
            Self::Partial if nodes > LARGE => Some(SECONDARY_PERIOD),
            Self::Partial => None,
        }
    }
}

/// What the end of a pass has found about the cluster as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing that concerns all nodes.
    None,
    /// All zones are lost: nothing is evicted any more.
    AllLost,
    /// They were, and some are not any more.
    SomeBack,
}

/// All zones.
#[derive(Clone, Debug, Default)]
pub struct Zones {
    queues: BTreeMap<ZoneKey, Queue>,
    states: BTreeMap<ZoneKey, State>,
}

/// A zone's nodes that wait to be tainted, and a bucket of one token.
#[derive(Clone, Debug)]
struct Queue {
    waiting: VecDeque<(Name, SimTime)>,
    /// Nodes that were queued and not taken out since, tainted ones too.
    queued: BTreeSet<Name>,
    period: Option<SimDuration>,
    /// When there is a token; counts only if there is a period.
    token: SimTime,
}

impl Default for Queue {
    fn default() -> Self {
        let (waiting, queued) = (VecDeque::new(), BTreeSet::new());
        Self { waiting, queued, period: Some(PERIOD), token: SimTime::from_nanos(i64::MIN) }
    }
}

impl Queue {
    fn remove(&mut self, node: &Name) {
        self.queued.remove(node);
        self.waiting.retain(|(name, _)| name != node);
    }
    /// Another rate: the new bucket is full if the old one was, else empty. Without a rate there is no token.
    fn set_period(&mut self, period: Option<SimDuration>, now: SimTime) {
        let was_full = self.period.is_some() && self.token <= now;
        if self.period != period {
            self.period = period;
            self.token = if was_full { now } else { now + period.unwrap_or_default() };
        }
    }
    fn next_due(&self) -> Option<SimTime> {
        let (_, due) = self.waiting.front()?;
        self.period.map(|_| self.token.max(*due))
    }
}

impl Zones {
    /// A node is there: its zone has a queue.
    pub fn meet(&mut self, node: &Node) {
        self.queues.entry(ZoneKey::of(node)).or_default();
    }

    /// Queues an unhealthy node; one that is not tainted yet goes to the end. A healthy one is taken out.
    pub fn queue(&mut self, node: &Node, ready: Option<ConditionStatus>, now: SimTime) {
        let name = &node.meta.name;
        let queue = self.queues.entry(ZoneKey::of(node)).or_default();
        match ready {
            Some(ConditionStatus::True) => queue.remove(name),
            Some(ready) if !taints::is_swapped(node, ready) => {
                if !taints::is_tainted(node, ready) {
                    queue.remove(name);
                }
                if queue.queued.insert(name.clone()) {
                    queue.waiting.push_back((name.clone(), now));
                }
            }
            _ => {}
        }
    }

    /// Takes a node out of its queue.
    pub fn drop_node(&mut self, node: &Node) {
        if let Some(queue) = self.queues.get_mut(&ZoneKey::of(node)) {
            queue.remove(&node.meta.name);
        }
    }

    /// When the next node may be tainted.
    pub fn next_due(&self) -> Option<SimTime> {
        self.queues.values().filter_map(Queue::next_due).min()
    }

    /// Takes a token of the first zone that has one and a node that is due; the node stays at the head.
    pub fn take(&mut self, now: SimTime) -> Option<Name> {
        let mut due = self.queues.values_mut().filter(|queue| queue.next_due().is_some_and(|at| at <= now));
        let queue = due.next()?;
        queue.token = now + queue.period.unwrap_or_default();
        queue.waiting.front().map(|(name, _)| name.clone())
    }

    /// The node that was taken is dealt with.
    pub fn done(&mut self, node: &Name) {
        self.queues.values_mut().for_each(|queue| queue.waiting.retain(|(name, _)| name != node));
    }

    /// The node that was taken has no Ready condition: it is looked at again.
    pub fn postpone(&mut self, node: &Name, now: SimTime) {
        let all = self.queues.values_mut().flat_map(|queue| &mut queue.waiting);
        all.filter(|(name, _)| name == node).for_each(|(_, due)| *due = now + POSTPONED);
    }

    /// Judges the zones by the Ready conditions that a pass has seen, and sets their rates.
    pub fn end_pass(&mut self, seen: &BTreeMap<ZoneKey, Vec<Option<ConditionStatus>>>, now: SimTime) -> Turn {
        for zone in seen.keys() {
            self.states.entry(zone.clone()).or_default();
        }
        self.states.retain(|zone, _| seen.contains_key(zone));
        let new: BTreeMap<ZoneKey, State> =
            seen.iter().map(|(zone, conditions)| (zone.clone(), State::of(conditions))).collect();
        let all_lost = new.values().all(|state| *state == State::Full);
        let all_were_lost = self.states.values().all(|state| *state == State::Full);
        match (all_lost, all_were_lost) {
            (true, true) => return Turn::None,
            (true, false) => {
                for zone in new.keys() {
                    self.queues.entry(zone.clone()).or_default().set_period(None, now);
                }
                self.states = new;
                return Turn::AllLost;
            }
            (false, _) => {}
        }
        for (zone, state) in &new {
            if all_were_lost || self.states.get(zone) != Some(state) {
                let period = state.period(seen.get(zone).map_or(0, Vec::len));
                self.queues.entry(zone.clone()).or_default().set_period(period, now);
            }
        }
        self.states = new;
        if all_were_lost { Turn::SomeBack } else { Turn::None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node;
    use ConditionStatus::{False, True, Unknown};

    fn at(seconds: i64) -> SimTime {
        SimTime::from_secs(seconds)
    }
    fn in_zone(name: &str, zone: &str) -> Node {
        node(name, &[("topology.kubernetes.io/zone", zone)])
    }
    fn seen(zones: &[(&str, usize, usize)]) -> BTreeMap<ZoneKey, Vec<Option<ConditionStatus>>> {
        let conditions = |ready: usize, lost: usize| {
            let mut conditions = vec![Some(True); ready];
            conditions.extend(vec![Some(Unknown); lost]);
            conditions
        };
        let zone = |zone: &str| ZoneKey { region: "".into(), zone: zone.into() };
        zones.iter().map(|(name, ready, lost)| (zone(name), conditions(*ready, *lost))).collect()
    }

    #[test]
    fn states_of_a_zone() {
        let check = |ready: usize, lost: usize, expect| {
            let zones = seen(&[("a", ready, lost)]);
            assert_eq!(State::of(zones.values().next().unwrap()), expect, "{ready} ready, {lost} lost");
        };
        check(3, 0, State::Normal);
        check(0, 0, State::Normal);
        check(0, 1, State::Full);
        check(1, 2, State::Normal);
        check(2, 3, State::Partial);
        check(9, 11, State::Partial);
        check(5, 6, State::Normal);
        assert_eq!(State::of(&[Some(True), None, Some(False), None]), State::Partial);
    }

    #[test]
    fn a_zone_gets_a_taint_each_ten_seconds() {
        let mut zones = Zones::default();
        for name in ["a", "b", "c"] {
            zones.queue(&in_zone(name, "z"), Some(Unknown), at(0));
        }
        zones.queue(&in_zone("x", "y"), Some(Unknown), at(0));
        let mut taken = Vec::new();
        for now in 0..25 {
            while let Some(name) = zones.take(at(now)) {
                zones.done(&name);
                taken.push((now, name.to_string()));
            }
        }
        let expect = [(0, "x"), (0, "a"), (10, "b"), (20, "c")];
        assert_eq!(taken, expect.map(|(now, name)| (now, name.to_owned())));
        assert_eq!(zones.next_due(), None);
    }

    #[test]
    fn an_untainted_node_goes_to_the_end_and_a_ready_one_out() {
        let mut zones = Zones::default();
        let nodes = [in_zone("a", "z"), in_zone("b", "z"), in_zone("c", "z")];
        nodes.iter().for_each(|node| zones.queue(node, Some(False), at(0)));
        zones.queue(&nodes[0], Some(False), at(5));
        zones.queue(&nodes[1], Some(True), at(5));
        assert_eq!(zones.take(at(5)).as_deref(), Some("c"));
        zones.postpone(&"c".into(), at(15));
        assert_eq!(zones.take(at(15)), None);
        assert_eq!(zones.take(at(16)).as_deref(), Some("c"));
        zones.done(&"c".into());
        assert_eq!(zones.take(at(26)).as_deref(), Some("a"));
    }

    #[test]
    fn when_all_zones_are_lost_nothing_is_tainted() {
        let mut zones = Zones::default();
        zones.queue(&in_zone("a", "z"), Some(Unknown), at(0));
        assert_eq!(zones.end_pass(&seen(&[("z", 3, 0), ("y", 1, 0)]), at(0)), Turn::None);
        assert_eq!(zones.end_pass(&seen(&[("z", 0, 3), ("y", 1, 0)]), at(5)), Turn::None);
        assert!(zones.next_due().is_some(), "one zone alone is tainted at its usual rate");
        assert_eq!(zones.end_pass(&seen(&[("z", 0, 3), ("y", 0, 1)]), at(10)), Turn::AllLost);
        assert_eq!((zones.next_due(), zones.take(at(100))), (None, None));
        assert_eq!(zones.end_pass(&seen(&[("z", 0, 3), ("y", 0, 1)]), at(15)), Turn::None);
        assert_eq!(zones.end_pass(&seen(&[("z", 2, 1), ("y", 0, 1)]), at(20)), Turn::SomeBack);
        assert_eq!(zones.next_due(), Some(at(30)), "a whole interval after the stop");
    }

    /// partial-outage: 3 of 5 nodes are lost, one is tainted, then the zone stops until a node is back.
    #[test]
    fn a_small_zone_that_is_partly_lost_stops() {
        let mut zones = Zones::default();
        zones.end_pass(&seen(&[("z", 5, 0)]), at(0));
        for name in ["a", "b", "c"] {
            zones.queue(&in_zone(name, "z"), Some(Unknown), at(50));
        }
        assert_eq!(zones.take(at(50)).as_deref(), Some("a"));
        zones.done(&"a".into());
        zones.end_pass(&seen(&[("z", 2, 3)]), at(50));
        assert_eq!(zones.next_due(), None);
        zones.end_pass(&seen(&[("z", 3, 2)]), at(393));
        assert_eq!(zones.next_due(), Some(at(403)));
    }

    #[test]
    fn a_large_zone_that_is_partly_lost_slows_down() {
        let mut zones = Zones::default();
        zones.queue(&in_zone("a", "z"), Some(Unknown), at(0));
        zones.queue(&in_zone("b", "z"), Some(Unknown), at(0));
        zones.end_pass(&seen(&[("z", 20, 31)]), at(0));
        let first = zones.take(at(0)).unwrap();
        zones.done(&first);
        assert_eq!(zones.next_due(), Some(at(100)));
    }
}
