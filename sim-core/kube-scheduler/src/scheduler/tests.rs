use super::*;
use crate::testing::{asking, node, on, pod};
use api::event::Event;
use api::node::Node;
use api::{ApiError, Object, Uid, condition};
use client::{Cursors, Output, Response, Tables, Timer, TimerKey, View};
use journal::RecordId;
use serde_json::{Value, json};
use units::Clock;

/// A cluster that answers each call after its latency and shows each change a little later.
struct Cluster {
    tables: Tables,
    cursors: Cursors,
    scheduler: Scheduler,
    now: SimTime,
    /// What is still to come, by time and then in the order of the promises.
    coming: BTreeMap<(SimTime, u64), Coming>,
    promised: u64,
    /// Everything that was written, for the tests.
    attempts: Vec<(i64, Attempt)>,
    events: Vec<(i64, Event)>,
    calls: Vec<(i64, Call)>,
    /// Refusals of the next bindings.
    refusals: Vec<ApiError>,
}

enum Coming {
    Watch,
    Timer(SchedulerTimer),
    Call { call: Box<Call>, tag: Tag },
    Set(Object),
    Delete(Object),
}

const LATENCY: SimDuration = SimDuration::from_millis(10);
const DELAY: SimDuration = SimDuration::from_millis(5);

fn no_time() -> Config {
    Config {
        decision: Latency::constant(SimDuration::ZERO),
        per_node: SimDuration::ZERO,
        ..Config::default()
    }
}

impl Cluster {
    fn new(config: Config, objects: Vec<Object>) -> Self {
        let mut cluster = Self {
            tables: Tables::default(),
            cursors: Cursors::default(),
            scheduler: Scheduler::new(config),
            now: SimTime::from_secs(-1),
            coming: BTreeMap::new(),
            promised: 0,
            attempts: Vec::new(),
            events: Vec::new(),
            calls: Vec::new(),
            refusals: Vec::new(),
        };
        objects.into_iter().for_each(|object| cluster.commit(object, false));
        cluster.run_until(0);
        cluster.with_context(|scheduler, context| scheduler.start(context));
        cluster
    }

    fn at(&mut self, millis: i64, coming: Coming) {
        self.promise(SimTime::from_millis(millis), coming);
    }

    fn promise(&mut self, at: SimTime, coming: Coming) {
        self.promised += 1;
        self.coming.insert((at, self.promised), coming);
    }

    fn commit(&mut self, mut object: Object, deleted: bool) {
        let kind = object.kind();
        object.meta_mut().resource_version = self.tables.head(kind).0 + 1;
        self.tables.commit(object, deleted, Some(RecordId(self.promised)));
        self.promise(self.now + DELAY, Coming::Watch);
    }

    fn run_until(&mut self, millis: i64) {
        let end = SimTime::from_millis(millis);
        while let Some(entry) = self.coming.first_entry().filter(|entry| entry.key().0 <= end) {
            self.now = entry.key().0;
            let coming = entry.remove();
            self.happen(coming);
        }
        self.now = end;
    }

    fn happen(&mut self, coming: Coming) {
        match coming {
            Coming::Watch => self.deliver(),
            Coming::Timer(timer) => self.give(Input::Timer(timer)),
            Coming::Call { call, tag } => {
                let reply = self.answer(&call);
                self.give(Input::Reply { tag, reply, causes: Causes::none() });
            }
            Coming::Set(object) => self.commit(object, false),
            Coming::Delete(object) => self.commit(object, true),
        }
    }

    /// Shows the scheduler the next change of a kind that has one.
    fn deliver(&mut self) {
        for kind in [Kind::Service, Kind::ReplicaSet, Kind::Node, Kind::Pod] {
            let cursor = self.cursors.get(kind);
            if let Some(change) = self.tables.change(kind, cursor) {
                self.cursors.advance(kind, Cursor(cursor.0 + 1));
                return self.give(Input::Watch(change));
            }
        }
    }

    fn give(&mut self, input: Input<SchedulerTimer, ()>) {
        self.with_context(|scheduler, context| scheduler.on_input(input, context));
    }

    fn with_context(&mut self, act: impl FnOnce(&mut Scheduler, &mut Context<'_, SchedulerTimer>)) {
        let mut out = Vec::new();
        let mut context = Context {
            now: self.now,
            clock: Clock::default(),
            seed: Seed(1),
            view: View::new(&self.tables, &self.cursors),
            next_record: journal::RecordId(0),
            out: &mut out,
        };
        act(&mut self.scheduler, &mut context);
        for output in out {
            self.take(output);
        }
    }

    fn take(&mut self, output: Output<SchedulerTimer, ()>) {
        let millis = self.now.as_nanos() / 1_000_000;
        match output {
            Output::Call { call, at, tag, .. } => match *call {
                Call::RecordEvent(event) => self.events.push((millis, *event)),
                call => {
                    self.calls.push((at.as_nanos() / 1_000_000, call.clone()));
                    self.promise(at + LATENCY, Coming::Call { call: Box::new(call), tag });
                }
            },
            Output::Timer { at, timer } => self.promise(at, Coming::Timer(timer)),
            Output::Record { body: Body::Attempt(attempt), .. } => self.attempts.push((millis, *attempt)),
            Output::Record { .. } | Output::Runtime(()) => {}
        }
    }

    fn answer(&mut self, call: &Call) -> Reply {
        let (Call::Bind { pod: key, .. } | Call::PatchPodCondition { pod: key, .. }) = call else {
            return Ok(Response::Done);
        };
        let stored = self.tables.pods.get(key).cloned();
        let mut pod = stored.ok_or_else(|| ApiError::not_found(Kind::Pod, &key.name))?.as_ref().clone();
        match call {
            Call::Bind { node, .. } => {
                if let Some(error) = self.refusals.pop() {
                    return Err(error);
                }
                pod.node_name = node.clone();
            }
            Call::PatchPodCondition { condition, .. } => {
                pod.status.conditions.retain(|c| c.kind != condition.kind);
                pod.status.conditions.push(condition.clone());
            }
            _ => {}
        }
        self.commit(Object::Pod(Arc::new(pod)), false);
        Ok(Response::Done)
    }

    fn stored(&self, name: &str) -> &Pod {
        self.tables.pods.get(&ObjectKey::new("default", name)).unwrap()
    }

    fn nodes_of(&self, names: &[&str]) -> Vec<String> {
        names.iter().map(|name| self.stored(name).node_name.to_string()).collect()
    }

    fn notes(&self) -> Vec<(i64, String, String)> {
        let note = |(at, event): &(i64, Event)| (*at, event.reason.to_string(), event.message.to_string());
        self.events.iter().map(note).collect()
    }
}

fn object(node: &Arc<Node>) -> Object {
    Object::Node(Arc::clone(node))
}

fn waiting(pod: &Arc<Pod>) -> Object {
    let mut pod = (**pod).clone();
    pod.meta.uid = Uid(pod.meta.name.bytes().map(u128::from).sum());
    Object::Pod(Arc::new(pod))
}

fn small_node(name: &str) -> Object {
    object(&node(name, &json!({"status": {"allocatable": {"cpu": "1"}}})))
}

#[test]
fn a_pod_is_bound() {
    let mut cluster = Cluster::new(no_time(), vec![object(&node("n", &json!({})))]);
    cluster.at(100, Coming::Set(waiting(&asking("p", "1", "1Gi"))));
    cluster.run_until(1000);
    assert_eq!(cluster.nodes_of(&["p"]), ["n"]);
    assert_eq!(cluster.notes(), [(115, "Scheduled".into(), "Successfully assigned default/p to n".into())]);
    let event = &cluster.events[0].1;
    assert_eq!(event.component, "default-scheduler");
    assert_eq!(event.host, "default-scheduler-control-plane");
    assert!(event.meta.name.starts_with("p."));
    let (at, attempt) = &cluster.attempts[0];
    assert_eq!((*at, attempt.nodes, attempt.visited, attempt.feasible), (105, 1, 1, 1));
    assert_eq!(attempt.outcome, AttemptOutcome::Chosen("n".into()));
    assert!(!cluster.scheduler.cache().is_assumed(&ObjectKey::new("default", "p")));
}

#[test]
fn decisions_take_their_time_one_after_another_and_bindings_overlap() {
    let config = Config {
        decision: Latency::constant(SimDuration::from_millis(3)),
        per_node: SimDuration::from_millis(1),
        ..Config::default()
    };
    let mut cluster =
        Cluster::new(config, vec![object(&node("a", &json!({}))), object(&node("b", &json!({})))]);
    for name in ["p", "q", "r"] {
        cluster.at(100, Coming::Set(waiting(&asking(name, "1", "1Gi"))));
    }
    cluster.run_until(1000);
    let binds: Vec<i64> = cluster.calls.iter().map(|(at, _)| *at).collect();
    assert_eq!(binds, [110, 115, 120]);
    // Assumed pods count: the second goes where the first did not.
    let mut nodes = cluster.nodes_of(&["p", "q"]);
    nodes.sort();
    assert_eq!(nodes, ["a", "b"]);
}

#[test]
fn an_unschedulable_pod_is_told_and_tried_again_when_a_node_comes() {
    let mut cluster = Cluster::new(no_time(), vec![small_node("small")]);
    cluster.at(100, Coming::Set(waiting(&asking("p", "2", "1Gi"))));
    cluster.run_until(20_000);
    let message = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are \
                   available: 1 Preemption is not helpful for scheduling.";
    assert_eq!(cluster.notes(), [(105, "FailedScheduling".into(), message.into())]);
    let condition = condition::find(&cluster.stored("p").status.conditions, "PodScheduled").unwrap();
    assert_eq!((condition.reason.as_str(), condition.message.as_str()), ("Unschedulable", message));
    let rejected = &cluster.attempts[0].1.rejected;
    assert_eq!((rejected.len(), rejected[0].count, rejected[0].plugin.as_str()), (1, 1, "NodeResourcesFit"));
    assert_eq!(rejected[0].examples, ["small"]);
    cluster.at(20_000, Coming::Set(object(&node("n", &json!({})))));
    cluster.run_until(21_000);
    assert_eq!(cluster.nodes_of(&["p"]), ["n"]);
    assert_eq!(cluster.attempts[1].0, 20_005);
}

#[test]
fn a_deleted_pod_makes_room() {
    let running = on("small", &asking("old", "1", "1Gi"));
    let mut cluster = Cluster::new(no_time(), vec![small_node("small"), waiting(&running)]);
    cluster.at(100, Coming::Set(waiting(&asking("p", "1", "1Gi"))));
    cluster.at(5_000, Coming::Delete(waiting(&running)));
    cluster.run_until(10_000);
    assert_eq!(cluster.nodes_of(&["p"]), ["small"]);
    assert_eq!(cluster.attempts.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [105, 5_005]);
}

#[test]
fn an_ended_pod_makes_room_too() {
    let running = on("small", &asking("old", "1", "1Gi"));
    let mut ended = (*running).clone();
    ended.status.phase = api::pod::Phase::Succeeded;
    let mut cluster = Cluster::new(no_time(), vec![small_node("small"), waiting(&running)]);
    cluster.at(100, Coming::Set(waiting(&asking("p", "1", "1Gi"))));
    cluster.at(5_000, Coming::Set(waiting(&Arc::new(ended))));
    cluster.run_until(10_000);
    assert_eq!(cluster.nodes_of(&["p"]), ["small"]);
}

#[test]
fn without_nodes_a_pod_backs_off() {
    let mut cluster = Cluster::new(no_time(), vec![]);
    cluster.at(0, Coming::Set(waiting(&asking("p", "1", "1Gi"))));
    cluster.run_until(20_000);
    // Failures at 0.005, 2, 5, 10, 19 s: 1, 2, 4, 8 s and then to the next whole second.
    assert_eq!(
        cluster.attempts.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
        [5, 2_000, 5_000, 10_000, 19_000]
    );
    assert_eq!(cluster.events[0].1.message, "no nodes available to schedule pods");
    // The second failure is about the version with the condition; those after it go on with that one's series.
    assert_eq!(cluster.events.len(), 2);
    assert_eq!(cluster.calls.len(), 1);
}

#[test]
fn a_refused_binding_is_tried_again_after_a_backoff() {
    let mut cluster = Cluster::new(no_time(), vec![object(&node("n", &json!({})))]);
    cluster.refusals.push(ApiError::conflict_because(Kind::Pod, "p", "the weather"));
    cluster.at(0, Coming::Set(waiting(&asking("p", "1", "1Gi"))));
    cluster.run_until(500);
    let condition = condition::find(&cluster.stored("p").status.conditions, "PodScheduled").unwrap();
    assert_eq!(condition.reason, "SchedulerError");
    assert!(
        condition.message.starts_with("running Bind plugin \"DefaultBinder\": "),
        "{}",
        condition.message
    );
    assert!(!cluster.scheduler.cache().is_assumed(&ObjectKey::new("default", "p")));
    cluster.run_until(10_000);
    assert_eq!(cluster.nodes_of(&["p"]), ["n"]);
    assert_eq!(cluster.attempts.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [5, 2_000]);
}

#[test]
fn a_pod_that_waits_in_vain_is_looked_at_each_five_minutes() {
    let mut cluster = Cluster::new(no_time(), vec![small_node("small")]);
    cluster.at(100, Coming::Set(waiting(&asking("p", "2", "1Gi"))));
    cluster.run_until(1_000_000);
    // The first look later than five minutes after the failure, on a grid of 30 s.
    assert_eq!(
        cluster.attempts.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
        [105, 330_000, 660_000, 990_000]
    );
}

#[test]
fn a_pod_that_is_being_deleted_is_skipped() {
    let mut cluster = Cluster::new(no_time(), vec![object(&node("n", &json!({})))]);
    let deleting = pod("p", &json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}));
    cluster.at(0, Coming::Set(waiting(&deleting)));
    cluster.run_until(100);
    assert_eq!(
        cluster.notes(),
        [(5, "FailedScheduling".into(), "skip schedule deleting pod: default/p".into())]
    );
    assert!(cluster.attempts.is_empty() && cluster.calls.is_empty());
}

#[test]
fn pods_of_other_schedulers_are_left_alone() {
    let mut cluster = Cluster::new(no_time(), vec![object(&node("n", &json!({})))]);
    cluster.at(0, Coming::Set(waiting(&pod("p", &json!({"spec": {"schedulerName": "mine"}})))));
    cluster.run_until(100);
    assert!(cluster.attempts.is_empty());
}

fn owned(name: &str, labels: &Value) -> Arc<Pod> {
    pod(name, &json!({"metadata": {"labels": labels}}))
}

#[test]
fn pods_of_a_service_are_spread() {
    let in_zone = |name: &str, zone: &str| {
        object(&node(name, &json!({"metadata": {"labels": {"topology.kubernetes.io/zone": zone}}})))
    };
    let service =
        json!({"metadata": {"name": "s", "namespace": "default"}, "spec": {"selector": {"app": "a"}}});
    let service = Object::from_json(Kind::Service, &service).unwrap();
    let running = on("a1", &owned("old", &json!({"app": "a"})));
    let nodes = vec![in_zone("a1", "a"), in_zone("a2", "a"), in_zone("b1", "b"), waiting(&running), service];
    let mut cluster = Cluster::new(no_time(), nodes);
    cluster.at(0, Coming::Set(waiting(&owned("p", &json!({"app": "a"})))));
    cluster.run_until(100);
    assert_eq!(cluster.nodes_of(&["p"]), ["b1"]);
}

#[test]
fn keys_of_timers_that_can_meet_differ() {
    let timers = [
        SchedulerTimer::Decided { instance: 0, number: 1 },
        SchedulerTimer::FlushBackoff { instance: 0, second: 1 },
        SchedulerTimer::FlushUnschedulable { instance: 0, number: 1 },
        SchedulerTimer::FlushBackoff { instance: 0, second: 1_767_225_600 },
        SchedulerTimer::FlushBackoff { instance: 0, second: -1 },
    ];
    let keys: BTreeSet<TimerKey> = timers.iter().map(Timer::key).collect();
    assert_eq!(keys.len(), timers.len());
    assert!(keys.iter().all(|key| key.timer < 1 << 31));
}
