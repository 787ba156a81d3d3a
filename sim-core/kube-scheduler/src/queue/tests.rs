use super::*;
use crate::framework::{PluginName, Profile};
use crate::testing::{asking, node, on, pod};
use api::node::Node;
use serde_json::{Value, json};
use units::Clock;

struct Fixture(SchedulingQueue);

fn at(millis: i64) -> Moment {
    Moment { time: SimTime::from_millis(millis), clock: Clock::default() }
}

fn facts(pod: &Arc<Pod>) -> Arc<PodFacts> {
    Arc::new(PodFacts::of(&pod.spec))
}

fn rejectors(names: &[PluginName]) -> PluginSet {
    names.iter().copied().collect()
}

impl Fixture {
    fn new() -> Self {
        Self(SchedulingQueue::new(&Profile::default()))
    }
    fn add(&mut self, pod: &Arc<Pod>, millis: i64) {
        self.0.add(pod, facts(pod), Causes::none(), at(millis).time);
    }
    fn pop(&mut self) -> Option<String> {
        let entry = self.0.pop()?;
        self.0.done(&entry.incoming.pod);
        Some(entry.incoming.pod.meta.name.to_string())
    }
    fn fail(&mut self, plugins: &[PluginName], millis: i64) {
        let entry = self.0.pop().unwrap();
        self.0.add_unschedulable(entry, rejectors(plugins), at(millis));
    }
    fn happens(&mut self, event: &ClusterEvent, millis: i64) {
        self.0.move_all(event, None, &Causes::none(), at(millis));
    }
}

fn with_priority(name: &str, priority: i32) -> Arc<Pod> {
    pod(name, &json!({"spec": {"priority": priority}}))
}

#[test]
fn higher_priority_first_then_the_older() {
    let mut queue = Fixture::new();
    for (name, priority, millis) in [("a", 0, 2), ("b", 0, 1), ("c", 5, 3), ("d", 0, 1)] {
        queue.add(&with_priority(name, priority), millis);
    }
    let order: Vec<String> = std::iter::from_fn(|| queue.pop()).collect();
    assert_eq!(order, ["c", "b", "d", "a"]);
}

#[test]
fn errors_back_off_until_the_tick_after_their_second() {
    // scheduler.md 16, item 5 (with the error queue, which is never popped early).
    let check = |failures: usize, failed_at: i64, released_at: i64| {
        let mut queue = Fixture::new();
        queue.add(&pod("p", &json!({})), 0);
        for _ in 1..failures {
            queue.fail(&[], -100_000);
            queue.0.flush_backoff(at(-50_000));
        }
        queue.fail(&[], failed_at);
        let second = queue.0.next_release().unwrap();
        assert_eq!(second_after(Clock::default(), second), SimTime::from_secs(released_at));
        queue.0.flush_backoff(at(released_at * 1000 - 1));
        assert_eq!(queue.pop(), None);
        queue.0.flush_backoff(at(released_at * 1000));
        assert_eq!(queue.pop().as_deref(), Some("p"));
    };
    check(1, 0, 2);
    check(1, 10_300, 12);
    check(2, 10_300, 13);
    check(3, 10_300, 15);
    check(4, 0, 9);
    check(5, 0, 11);
    check(9, 500, 11);
}

#[test]
fn an_idle_queue_does_not_wait_for_a_backoff() {
    let mut queue = Fixture::new();
    queue.add(&asking("p", "1", "1Gi"), 0);
    queue.fail(&[PluginName::NodeResourcesFit], 0);
    assert_eq!((queue.pop(), queue.0.lengths()), (None, (0, 0, 1)));
    let gone = on("n", &asking("other", "1", "1Gi"));
    queue.happens(&ClusterEvent::AssignedPod(Action::DELETE, Some(gone), None), 10);
    assert_eq!(queue.0.lengths(), (0, 1, 0));
    queue.add(&pod("young", &json!({})), 20);
    assert_eq!(queue.pop().as_deref(), Some("young"));
    assert_eq!(queue.pop().as_deref(), Some("p"));
}

#[test]
fn after_its_backoff_a_pod_goes_straight_to_the_front() {
    let mut queue = Fixture::new();
    queue.add(&asking("p", "1", "1Gi"), 0);
    queue.fail(&[PluginName::NodeResourcesFit], 0);
    queue.add(&pod("young", &json!({})), 5000);
    queue.happens(&ClusterEvent::Node(Action::ADD, None, Some(node("n", &json!({})))), 6000);
    assert_eq!(queue.0.lengths(), (2, 0, 0));
    assert_eq!(queue.pop().as_deref(), Some("p"), "its timestamp is that of its failure");
}

#[test]
fn what_happens_during_an_attempt_is_not_lost() {
    let mut queue = Fixture::new();
    queue.add(&asking("p", "1", "1Gi"), 0);
    let entry = queue.0.pop().unwrap();
    queue.happens(&ClusterEvent::Node(Action::ADD, None, Some(node("n", &json!({})))), 1);
    queue.0.add_unschedulable(entry, rejectors(&[PluginName::NodeResourcesFit]), at(2));
    assert_eq!(queue.0.lengths(), (0, 1, 0));
}

/// A binding fails while the next pod is being decided.
#[test]
fn a_pod_that_comes_back_late_leaves_the_one_in_flight_alone() {
    let later = |pod: &Arc<Pod>| {
        let mut later = Pod::clone(pod);
        later.meta.labels = [("version", "2")].into_iter().collect();
        Arc::new(later)
    };
    let mut queue = Fixture::new();
    queue.add(&asking("unbound", "1", "1Gi"), 0);
    let unbound = queue.0.pop().unwrap();
    queue.0.done(&unbound.incoming.pod);
    let deciding = asking("deciding", "1", "1Gi");
    queue.add(&deciding, 1);
    let entry = queue.0.pop().unwrap();
    queue.happens(&ClusterEvent::Node(Action::ADD, None, Some(node("n", &json!({})))), 2);
    queue.0.done(&unbound.incoming.pod);
    queue.0.add_unschedulable(unbound, PluginSet::default(), at(3));
    // A new version of the pod in flight makes no second entry, and what it has missed brings it back.
    queue.0.update(&deciding, &later(&deciding), facts(&deciding), &Causes::none(), at(4));
    assert_eq!(queue.0.lengths(), (0, 1, 0));
    queue.0.add_unschedulable(entry, rejectors(&[PluginName::NodeResourcesFit]), at(5));
    assert_eq!(queue.0.lengths(), (0, 2, 0));
}

#[test]
fn after_five_minutes_pods_are_tried_without_a_reason() {
    let mut queue = Fixture::new();
    queue.add(&asking("p", "1", "1Gi"), 0);
    queue.fail(&[PluginName::NodeResourcesFit], 0);
    queue.0.flush_unschedulable(at(300_000));
    assert_eq!(queue.0.lengths(), (0, 0, 1));
    queue.0.flush_unschedulable(at(300_001));
    assert_eq!(queue.0.lengths(), (1, 0, 0));
}

#[test]
fn gates_hold_a_pod_back_until_the_last_is_gone() {
    let gated = |names: &[&str]| {
        let gates: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        pod("p", &json!({"spec": {"schedulingGates": gates}}))
    };
    let mut queue = Fixture::new();
    let (two, one, none) = (gated(&["a", "b"]), gated(&["b"]), gated(&[]));
    queue.add(&two, 0);
    queue.0.flush_unschedulable(at(1_000_000));
    queue.happens(&ClusterEvent::Node(Action::ADD, None, Some(node("n", &json!({})))), 1);
    assert_eq!((queue.pop(), queue.0.waits_since()), (None, None));
    queue.0.update(&two, &one, facts(&one), &Causes::none(), at(2));
    assert_eq!(queue.pop(), None);
    queue.0.update(&one, &none, facts(&none), &Causes::none(), at(3));
    assert_eq!(queue.pop().as_deref(), Some("p"));
}

#[test]
fn deleted_pods_are_forgotten_wherever_they_are() {
    let mut queue = Fixture::new();
    for (name, plugins) in [("a", None), ("b", Some(&[][..])), ("c", Some(&[PluginName::NodeName][..]))] {
        let pod = pod(name, &json!({}));
        queue.add(&pod, 0);
        if let Some(plugins) = plugins {
            while queue.0.lengths().0 > 1 {
                queue.pop();
            }
            queue.fail(plugins, 0);
        }
        queue.0.delete(&pod.meta.key());
        assert_eq!((queue.0.lengths(), queue.0.contains(&pod.meta.key())), ((0, 0, 0), false), "{name}");
    }
}

/// Whether an event brings back a pod that this plugin rejected.
fn helps(plugin: PluginName, waiting: &Arc<Pod>, event: &ClusterEvent) -> bool {
    let mut queue = Fixture::new();
    queue.add(waiting, 0);
    queue.fail(&[plugin], 0);
    queue.happens(event, 100_000);
    queue.0.lengths().0 == 1
}

fn added(new: Arc<Node>) -> ClusterEvent {
    ClusterEvent::Node(Action::ADD, None, Some(new))
}

fn updated(action: Action, old: &Value, new: &Value) -> ClusterEvent {
    ClusterEvent::Node(action, Some(node("n", old)), Some(node("n", new)))
}

#[test]
fn hints_about_nodes() {
    use PluginName::{
        NodeAffinity, NodeName, NodePorts, NodeResourcesFit, NodeUnschedulable, PodTopologySpread,
        TaintToleration,
    };
    let plain = || json!({});
    let cordoned = || json!({"spec": {"unschedulable": true}});
    let tainted = || json!({"spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}});
    let zone = |value: &str| json!({"metadata": {"labels": {"zone": value}}});
    let larger = || json!({"status": {"allocatable": {"cpu": "9"}}});
    let (label, taint, room) =
        (Action::UPDATE_NODE_LABEL, Action::UPDATE_NODE_TAINT, Action::UPDATE_NODE_ALLOCATABLE);
    let any = pod("p", &plain());
    let picky = pod("p", &json!({"spec": {"nodeSelector": {"zone": "a"}}}));
    let constraint = json!({"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"});
    let spread = pod("p", &json!({"spec": {"topologySpreadConstraints": [constraint]}}));
    let six = asking("p", "6", "1Gi");
    let one = asking("p", "1", "1Gi");
    let cases = [
        (NodeUnschedulable, &any, added(node("n", &plain())), true),
        (NodeUnschedulable, &any, added(node("n", &cordoned())), false),
        (NodeUnschedulable, &any, updated(taint, &cordoned(), &plain()), true),
        (NodeUnschedulable, &any, updated(taint, &plain(), &plain()), false),
        (NodeUnschedulable, &any, updated(label, &cordoned(), &plain()), false),
        (NodeName, &any, added(node("n", &plain())), true),
        (NodeName, &any, updated(taint, &tainted(), &plain()), true),
        (NodeName, &any, updated(label, &plain(), &zone("a")), false),
        (TaintToleration, &any, added(node("n", &tainted())), false),
        (TaintToleration, &any, added(node("n", &plain())), true),
        (TaintToleration, &any, updated(taint, &tainted(), &plain()), true),
        (TaintToleration, &any, updated(taint, &plain(), &plain()), false),
        (NodeAffinity, &picky, added(node("n", &zone("a"))), true),
        (NodeAffinity, &picky, added(node("n", &zone("b"))), false),
        (NodeAffinity, &picky, updated(label, &zone("b"), &zone("a")), true),
        (NodeAffinity, &picky, updated(label, &zone("a"), &zone("a")), false),
        (NodeAffinity, &picky, updated(taint, &zone("b"), &zone("b")), true),
        (NodePorts, &any, added(node("n", &plain())), true),
        (NodePorts, &any, updated(taint, &plain(), &plain()), true),
        (NodeResourcesFit, &six, added(node("n", &plain())), false),
        (NodeResourcesFit, &six, added(node("n", &larger())), true),
        (NodeResourcesFit, &six, updated(room, &plain(), &larger()), true),
        (NodeResourcesFit, &one, updated(room, &larger(), &plain()), false),
        (NodeResourcesFit, &six, updated(taint, &plain(), &plain()), true),
        (NodeResourcesFit, &six, updated(label, &plain(), &larger()), false),
        (PodTopologySpread, &spread, added(node("n", &zone("a"))), true),
        (PodTopologySpread, &spread, added(node("n", &plain())), false),
        (PodTopologySpread, &spread, updated(label, &zone("a"), &zone("b")), true),
        (PodTopologySpread, &spread, updated(label, &zone("a"), &plain()), true),
        (PodTopologySpread, &spread, updated(label, &zone("a"), &zone("a")), false),
        (
            PodTopologySpread,
            &spread,
            ClusterEvent::Node(Action::DELETE, Some(node("n", &zone("a"))), None),
            true,
        ),
    ];
    for (plugin, waiting, event, expect) in cases {
        assert_eq!(helps(plugin, waiting, &event), expect, "{plugin:?} {event:?}");
    }
}

#[test]
fn hints_about_pods() {
    use PluginName::{NodePorts, NodeResourcesFit, PodTopologySpread, TaintToleration};
    let port = |port: i32| {
        let container = json!({"name": "c", "image": "i", "ports": [{"containerPort": 1, "hostPort": port}]});
        pod("other", &json!({"spec": {"containers": [container]}}))
    };
    let waiting_port = Arc::new(Pod { meta: pod("p", &json!({})).meta.clone(), ..(*port(80)).clone() });
    let constraint = json!({
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "a"}},
    });
    let spread = pod("p", &json!({"spec": {"topologySpreadConstraints": [constraint]}}));
    let labelled = |app: &str| pod("other", &json!({"metadata": {"labels": {"app": app}}}));
    let elsewhere = pod("other", &json!({"metadata": {"namespace": "x", "labels": {"app": "a"}}}));
    let gone = |pod: &Arc<Pod>| ClusterEvent::AssignedPod(Action::DELETE, Some(on("n", pod)), None);
    let came = |pod: &Arc<Pod>| ClusterEvent::AssignedPod(Action::ADD, None, Some(on("n", pod)));
    let changed = |action, old: &Arc<Pod>, new: &Arc<Pod>| {
        ClusterEvent::AssignedPod(action, Some(on("n", old)), Some(on("n", new)))
    };
    let one = asking("p", "1", "1Gi");
    let (big, small) = (asking("other", "3", "1Gi"), asking("other", "2", "1Gi"));
    let own_update =
        ClusterEvent::UnscheduledPod(Action::UPDATE_POD_TOLERATION, Arc::clone(&one), Arc::clone(&one));
    let cases = [
        (NodePorts, &waiting_port, gone(&port(80)), true),
        (NodePorts, &waiting_port, gone(&port(81)), false),
        (NodeResourcesFit, &one, gone(&big), true),
        (NodeResourcesFit, &one, came(&big), false),
        (NodeResourcesFit, &one, changed(Action::UPDATE_POD_SCALE_DOWN, &big, &small), true),
        (NodeResourcesFit, &one, changed(Action::UPDATE_POD_SCALE_DOWN, &small, &small), false),
        (TaintToleration, &one, own_update, true),
        (TaintToleration, &one, gone(&big), false),
        (PodTopologySpread, &spread, came(&labelled("a")), true),
        (PodTopologySpread, &spread, came(&labelled("b")), false),
        (PodTopologySpread, &spread, came(&elsewhere), false),
        (PodTopologySpread, &spread, gone(&labelled("a")), true),
        (PodTopologySpread, &spread, changed(Action::UPDATE_POD_LABEL, &labelled("a"), &labelled("b")), true),
        (
            PodTopologySpread,
            &spread,
            changed(Action::UPDATE_POD_LABEL, &labelled("b"), &labelled("c")),
            false,
        ),
    ];
    for (plugin, waiting, event, expect) in cases {
        assert_eq!(helps(plugin, waiting, &event), expect, "{plugin:?} {event:?}");
    }
}
