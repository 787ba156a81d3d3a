//! The basin that the tests run in: carries calls (10 ms for a pod's status, no time for others), answers of the
//! runtime and watch events (no delay but what a test asks for), and writes down what was seen.

use crate::{Config, Kubelet, Started, Timer};
use api::condition::Condition;
use api::node::Node;
use api::pod::{ContainerState, Pod};
use api::{ApiError, ConditionStatus, Kind, Object, Resource, Uid};
use client::{
    Agent, Call, Change, Class, Context, Cursors, Input, Output, Reply, Response, Tables, Tag, Timer as _,
    View,
};
use journal::{Body, Causes, ChangeType, RecordId, What};
use machine::{Behavior, Latencies, Machine, MachineContext, MachineOutput, MachineTimer};
use random::Seed;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use units::{Clock, SimDuration, SimTime, Timestamp};

#[derive(Clone, Debug)]
pub enum Event {
    Kubelet(Timer),
    Machine(MachineTimer),
    Call { call: Box<Call>, tag: Tag },
    Watch(Box<Change>),
}

type Key = (SimTime, Class, u32, u32);

pub struct Basin {
    pub kubelet: Kubelet,
    pub machine: Machine,
    pub now: SimTime,
    pub seed: Seed,
    pub pods: BTreeMap<u32, Arc<Pod>>,
    pub node: Option<Arc<Node>>,
    /// Behaviours by container name.
    pub behaviors: BTreeMap<String, Arc<Behavior>>,
    /// What was seen, with the time in milliseconds.
    pub log: Vec<(i64, String)>,
    /// Calls that are to fail, by verb.
    pub refuses: Option<&'static str>,
    queue: BTreeMap<Key, Event>,
    arrivals: u32,
    commits: u64,
    records: u64,
}

pub fn millis(at: i64) -> SimTime {
    SimTime::from_millis(at)
}

impl Basin {
    pub fn new(config: Config, latencies: Latencies, started: Started) -> Self {
        let mut basin = Self {
            kubelet: Kubelet::new(Arc::new(config), 0, "node-0".into()),
            machine: Machine::new(machine::Config { node: 0, latencies: Arc::new(latencies) }),
            now: SimTime::ZERO,
            seed: Seed(1),
            pods: BTreeMap::new(),
            node: None,
            behaviors: BTreeMap::new(),
            log: Vec::new(),
            refuses: None,
            queue: BTreeMap::new(),
            arrivals: 0,
            commits: 0,
            records: 0,
        };
        basin.with_kubelet(|kubelet, context| kubelet.start(started, context));
        basin
    }

    /// Profile `reference`, the kubelet up for long, all images there.
    pub fn reference() -> Self {
        let mut basin = Self::new(Config::reference(), Latencies::reference(), Started::Before);
        basin.machine.preload("i:v1".into());
        basin
    }

    pub fn behave(&mut self, container: &str, behavior: Behavior) {
        self.behaviors.insert(container.to_owned(), Arc::new(behavior));
    }

    /// A pod that is bound now and seen by the kubelet `delay` ms later.
    pub fn create(&mut self, serial: u32, name: &str, spec: Value, delay: i64) {
        let object = serde_json::json!({"metadata": {"name": name, "namespace": "default"}, "spec": spec,
            "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "True"}]}});
        let object = Object::from_json(Kind::Pod, &object).unwrap();
        let mut pod = (**object.as_pod().unwrap()).clone();
        let mut pod_spec = (*pod.spec).clone();
        pod_spec.token_volume = true;
        pod.spec = Arc::new(pod_spec);
        pod.meta.uid = Uid(u128::from(serial) + 77);
        pod.meta.generation = 1;
        pod.node_name = "node-0".into();
        self.commit(serial, Some(pod), ChangeType::Added, delay);
    }

    /// Deletes with a grace, as the API server does.
    pub fn delete(&mut self, serial: u32, grace: i64, delay: i64) {
        let Some(mut pod) = self.pods.get(&serial).map(|pod| (**pod).clone()) else { return };
        let timestamp = Timestamp(Clock::default().timestamp(self.now).0 + grace);
        pod.meta.deletion = Some(api::meta::Deletion { timestamp, grace_seconds: Some(grace) });
        pod.meta.generation += 1;
        self.note("deleting");
        self.commit(serial, Some(pod), ChangeType::Modified, delay);
        if grace == 0 {
            self.note("gone");
            self.commit(serial, None, ChangeType::Deleted, delay);
        }
    }

    /// Someone else writes a pod's status.
    pub fn patch(&mut self, serial: u32, pod: Pod) {
        self.commit(serial, Some(pod), ChangeType::Modified, 0);
    }

    pub fn set_node(&mut self, node: Node) {
        let kind = if self.node.is_some() { ChangeType::Modified } else { ChangeType::Added };
        self.node = Some(Arc::new(node.clone()));
        let object = Object::Node(Arc::new(node));
        self.deliver(Change { kind, old: None, object, record: None, serial: 0, version: 0 }, 0);
    }

    /// Runs until this time in milliseconds, included.
    pub fn run(&mut self, until: i64) {
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > millis(until) {
                break;
            }
            let (key, event) = entry.remove_entry();
            assert!(key.0 >= self.now, "{event:?} lies in the past");
            self.now = key.0;
            self.handle(event);
        }
        self.now = millis(until);
    }

    /// What was seen in these milliseconds, `0.025 text` each.
    pub fn seen(&self, from: i64, to: i64) -> Vec<String> {
        let within = self.log.iter().filter(|(at, _)| (from..=to).contains(at));
        within.map(|(at, text)| format!("{}.{:03} {text}", at / 1000, at % 1000)).collect()
    }

    pub fn note(&mut self, text: impl Into<String>) {
        self.log.push((self.now.as_nanos() / 1_000_000, text.into()));
    }

    pub fn handle(&mut self, event: Event) {
        match event {
            Event::Kubelet(timer) => self.input(Input::Timer(timer)),
            Event::Machine(timer) => self.with_machine(|machine, context| machine.on_timer(timer, context)),
            Event::Watch(change) => self.input(Input::Watch(*change)),
            Event::Call { call, tag } => {
                let reply = self.serve(*call);
                self.input(Input::Reply { tag, reply, causes: Causes::none() });
            }
        }
    }

    pub fn input(&mut self, input: Input<Timer, cri::Answer>) {
        self.with_kubelet(|kubelet, context| kubelet.on_input(input, context));
    }

    fn with_kubelet(&mut self, act: impl FnOnce(&mut Kubelet, &mut crate::Context<'_>)) {
        let (tables, cursors) = (Tables::default(), Cursors::default());
        let mut out = Vec::new();
        let view = View::new(&tables, &cursors);
        let mut context = Context {
            now: self.now,
            clock: Clock::default(),
            seed: self.seed,
            view,
            next_record: journal::RecordId(0),
            out: &mut out,
        };
        act(&mut self.kubelet, &mut context);
        let mut outputs: VecDeque<_> = out.into();
        while let Some(output) = outputs.pop_front() {
            self.output(output);
        }
    }

    fn output(&mut self, output: Output<Timer, cri::Request>) {
        match output {
            Output::Call { call, tag, at, .. } => {
                let takes = if matches!(*call, Call::PatchPodStatus { .. }) { 10 } else { 0 };
                self.arrivals += 1;
                let key = (at + SimDuration::from_millis(takes), Class::Request, self.arrivals, 0);
                self.push(key, Event::Call { call, tag });
            }
            Output::Timer { at, timer } => {
                let key = timer.key();
                self.push((at, key.class, key.entity, key.timer), Event::Kubelet(timer));
            }
            Output::Record { body: Body::Occurrence(occurrence), .. } => {
                self.records += 1;
                match &occurrence.what {
                    What::ProbePassed(probe) => self.note(format!("{probe:?} passed")),
                    What::ProbeFailed { probe, threshold } => {
                        self.note(format!("{probe:?} failed{}", if *threshold { "!" } else { "" }));
                    }
                    other => self.note(format!("{other:?}")),
                }
            }
            Output::Record { .. } => {}
            Output::Runtime(request) => {
                let name = request.container().map(|(_, container)| container.name.to_string());
                let behavior = name.and_then(|name| self.behaviors.get(&name).cloned()).unwrap_or_default();
                self.with_machine(|machine, context| machine.request(request, &behavior, context));
            }
        }
    }

    fn with_machine(&mut self, act: impl FnOnce(&mut Machine, &mut MachineContext<'_>)) {
        let mut out = MachineOutput::default();
        let next_record = Some(self.records);
        act(
            &mut self.machine,
            &mut MachineContext { now: self.now, seed: self.seed, next_record, out: &mut out },
        );
        for note in out.notes {
            self.records += 1;
            self.note(format!("{:?}", note.kind));
        }
        for (at, timer) in out.timers {
            let (entity, number) = timer.key();
            self.push((at, Class::Runtime, entity, number), Event::Machine(timer));
        }
        for answer in out.answers {
            self.input(Input::Runtime(answer));
        }
    }

    fn push(&mut self, key: Key, event: Event) {
        if let Some(other) = self.queue.insert(key, event) {
            panic!("two events have the key {key:?}; one is {other:?}");
        }
    }

    fn deliver(&mut self, change: Change, delay: i64) {
        self.arrivals += 1;
        let key = (self.now + SimDuration::from_millis(delay), Class::Delivery, self.arrivals, 0);
        self.push(key, Event::Watch(Box::new(change)));
    }

    fn commit(&mut self, serial: u32, pod: Option<Pod>, kind: ChangeType, delay: i64) {
        self.commits += 1;
        self.records += 1;
        let old = self.pods.remove(&serial);
        let object = match pod {
            Some(mut pod) => {
                pod.meta.resource_version = self.commits;
                let pod = Arc::new(pod);
                self.pods.insert(serial, pod.clone());
                pod
            }
            None => old.clone().unwrap(),
        };
        let old = old.map(Object::Pod);
        let record = Some(RecordId(self.records));
        self.deliver(Change { kind, old, object: Object::Pod(object), record, serial, version: 0 }, delay);
    }

    fn serve(&mut self, call: Call) -> Reply {
        if self.refuses == Some(call.verb()) {
            return Err(ApiError::new(api::Reason::ServiceUnavailable, "gone fishing"));
        }
        match call {
            Call::PatchPodStatus { uid, mut status, .. } => {
                let serial = self.by_uid(uid)?;
                let mut pod = (*self.pods[&serial]).clone();
                status.nominated_node_name = pod.status.nominated_node_name.clone();
                if pod.status != *status {
                    pod.status = *status;
                    self.note(show(&pod));
                    self.commit(serial, Some(pod), ChangeType::Modified, 0);
                }
                Ok(Response::Object(Object::Pod(self.pods[&serial].clone())))
            }
            Call::Delete { options, .. } => {
                let serial = self.by_uid(options.preconditions.uid.unwrap())?;
                self.delete(serial, 0, 0);
                Ok(Response::Done)
            }
            Call::RecordEvent(event) => {
                let part = event.field_path.trim_start_matches("spec.containers");
                self.note(format!("{} {}: {} ×{}", event.reason, part, event.message, event.count()));
                Ok(Response::Done)
            }
            Call::PatchNodeStatus { status, .. } => {
                self.note("node status");
                let mut node = (**self.node.as_ref().unwrap()).clone();
                node.status = *status;
                self.set_node(node);
                Ok(Response::Done)
            }
            Call::RenewLease { key, .. } => {
                self.note(format!("lease {key}"));
                Ok(Response::Done)
            }
            other => {
                self.note(format!("{} {}", other.verb(), other.about().1));
                if let Call::Create(Object::Node(node)) = other {
                    self.set_node((*node).clone());
                }
                Ok(Response::Done)
            }
        }
    }

    fn by_uid(&self, uid: Uid) -> Result<u32, ApiError> {
        let found = self.pods.iter().find(|(_, pod)| pod.meta().uid == uid).map(|(serial, _)| *serial);
        found.ok_or_else(|| ApiError::not_found(Kind::Pod, "it"))
    }
}

/// `Running ip 0SRP · a running started ready`: phase, address, conditions by initial (lower case = False).
pub fn show(pod: &Pod) -> String {
    let initial = |c: &Condition| {
        let letter = match c.kind.as_str() {
            "PodReadyToStartContainers" => "t",
            "Initialized" => "i",
            "Ready" => "r",
            "ContainersReady" => "c",
            "PodScheduled" => "s",
            _ => "x",
        };
        if c.status == ConditionStatus::True { letter.to_uppercase() } else { letter.to_owned() }
    };
    let conditions: String = pod.status.conditions.iter().map(initial).collect();
    let ip = if pod.status.pod_ip.is_some() { " ip" } else { "" };
    let reason = if pod.status.reason.is_empty() { String::new() } else { format!(" {}", pod.status.reason) };
    let containers = pod.status.container_statuses.iter().map(|c| {
        let state = match &c.state {
            ContainerState::Waiting { reason, .. } => reason.to_string(),
            ContainerState::Running { .. } => "running".to_owned(),
            ContainerState::Terminated(ended) => format!("{} {}", ended.reason, ended.exit_code),
        };
        let ready = if c.ready { " ready" } else { "" };
        format!(" · {} {state}{ready}", c.name)
    });
    format!("API {}{reason} {conditions}{ip}{}", pod.status.phase.as_str(), containers.collect::<String>())
}
