//! A tiny cluster for runs of the whole manager: an API server that carries calls out after a constant latency, watches
//! that see commits after another one, and pods that are bound, run and end by the clock.

use crate::{ControllerManager, Timer};
use api::meta::Deletion;
use api::pod::{Phase, Pod};
use api::{ApiError, Condition, Kind, Object, ObjectKey, Uid, condition};
use client::{
    Agent, Call, Context, Cursor, Cursors, Input, Output, Patch, Reply, Response, Tables, Tag, View,
};
use journal::{Causes, RecordId};
use random::Seed;
use std::collections::BTreeMap;
use units::{Clock, SimDuration, SimTime};

/// What happens at a moment, in this order.
#[derive(Clone)]
enum Happening {
    Call(Box<Call>, Tag, Causes),
    Delivery(Kind),
    Bound(ObjectKey),
    Ready(ObjectKey),
    Ended(ObjectKey),
    Timer(Timer),
}

/// Everything that was done to the cluster, as `<seconds> <what>`.
pub struct Cluster {
    manager: ControllerManager,
    pub tables: Tables,
    cursors: Cursors,
    queue: BTreeMap<(SimTime, u64), Happening>,
    sequence: u64,
    pub now: SimTime,
    commits: u64,
    /// From a commit to the watchers.
    pub watch: SimDuration,
    /// From a binding to Ready; `None` = never.
    pub ready_after: Option<SimDuration>,
    /// From a deletion to the end of a pod.
    pub stop_after: SimDuration,
    /// Calls that are refused: (verb, kind, error).
    pub refuse: Vec<(&'static str, Kind, ApiError)>,
    /// Messages of events as they were written.
    pub events: Vec<String>,
    /// Verbs and objects of the other calls, with their moments and the outcome.
    pub calls: Vec<(SimTime, String)>,
}

const LATENCY: SimDuration = SimDuration::from_millis(2);

impl Cluster {
    pub fn new() -> Self {
        Self {
            manager: ControllerManager::new(),
            tables: Tables::default(),
            cursors: Cursors::default(),
            queue: BTreeMap::new(),
            sequence: 0,
            now: SimTime::ZERO,
            commits: 0,
            watch: SimDuration::from_millis(1),
            ready_after: Some(SimDuration::from_secs(5)),
            stop_after: SimDuration::from_secs(1),
            refuse: Vec::new(),
            events: Vec::new(),
            calls: Vec::new(),
        }
    }

    fn at(&mut self, at: SimTime, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), happening);
    }

    /// Puts an object in, as a user does: a new one, or another version.
    pub fn apply(&mut self, object: impl Into<Object>) -> Object {
        let mut object: Object = object.into();
        let old = self.tables.get(object.kind(), &object.key());
        let meta = object.meta_mut();
        match &old {
            None => {
                (meta.uid, meta.generation) = (Uid(u128::from(self.commits) + 1000), 1);
                meta.creation = Clock::default().timestamp(self.now);
            }
            Some(old) => meta.generation = old.meta().generation + 1,
        }
        self.commit(object, false)
    }

    fn commit(&mut self, mut object: Object, deleted: bool) -> Object {
        self.commits += 1;
        object.meta_mut().resource_version = self.commits;
        let kind = object.kind();
        self.tables.commit(object.clone(), deleted, Some(RecordId(self.commits)));
        self.at(self.now + self.watch, Happening::Delivery(kind));
        object
    }

    /// Takes an object out, as a user does.
    pub fn remove(&mut self, object: Object) {
        self.commit(object, true);
    }

    /// Lets time pass.
    pub fn run_until(&mut self, end: SimTime) {
        while let Some((&(at, sequence), _)) = self.queue.first_key_value() {
            if at > end {
                break;
            }
            let Some(happening) = self.queue.remove(&(at, sequence)) else { break };
            self.now = at;
            self.happen(happening);
        }
        self.now = end;
    }
    pub fn run_for(&mut self, seconds: i64) {
        self.run_until(self.now + SimDuration::from_secs(seconds));
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Call(call, tag, mut causes) => {
                let what = format!("{} {} {}", call.verb(), call.about().0, call.about().1.name);
                let is_event = matches!(*call, Call::RecordEvent(_));
                let reply = self.serve(*call);
                causes.add(RecordId(self.commits));
                if !is_event {
                    let outcome =
                        reply.as_ref().err().map(|e| format!(" {:?}", e.reason)).unwrap_or_default();
                    self.calls.push((self.now, format!("{what}{outcome}")));
                }
                self.input(Input::Reply { tag, reply, causes });
            }
            Happening::Delivery(kind) => self.deliver(kind),
            Happening::Bound(key) => self.change_pod(&key, |pod, _| pod.node_name = "node-1".into()),
            Happening::Ready(key) => self.change_pod(&key, |pod, now| {
                pod.status.phase = Phase::Running;
                pod.status.pod_ip = format!("10.0.0.{}", pod.meta.uid.0 % 250).parse().ok();
                pod.status.conditions = vec![Condition::new("Ready", true, now)];
            }),
            Happening::Ended(key) => self.end_pod(&key),
            Happening::Timer(timer) => self.input(Input::Timer(timer)),
        }
    }

    fn deliver(&mut self, kind: Kind) {
        let cursor = self.cursors.get(kind);
        let Some(change) = self.tables.change(kind, cursor) else { return };
        self.cursors.advance(kind, Cursor(cursor.0 + 1));
        if ControllerManager::WATCHES.contains(&kind) {
            self.input(Input::Watch(change));
        }
    }

    fn input(&mut self, input: Input<Timer, ()>) {
        let mut out = Vec::new();
        let view = View::new(&self.tables, &self.cursors);
        let (now, clock, seed) = (self.now, Clock::default(), Seed(7));
        self.manager.on_input(
            input,
            &mut Context { now, clock, seed, view, next_record: journal::RecordId(0), out: &mut out },
        );
        for output in out {
            match output {
                Output::Call { call, tag, at, causes, .. } => {
                    self.at(at + LATENCY, Happening::Call(call, tag, causes));
                }
                Output::Timer { at, timer } => self.at(at, Happening::Timer(timer)),
                Output::Record { .. } | Output::Runtime(()) => {}
            }
        }
    }

    /// Changes a pod, as its kubelet or the scheduler does.
    pub fn change_pod(&mut self, key: &ObjectKey, change: impl FnOnce(&mut Pod, units::Timestamp)) {
        let Some(mut pod) = self.tables.pods.get(key).map(|pod| Pod::clone(pod)) else { return };
        if pod.meta.is_deleting() {
            return;
        }
        change(&mut pod, Clock::default().timestamp(self.now));
        self.commit(pod.into(), false);
    }

    fn end_pod(&mut self, key: &ObjectKey) {
        if let Some(pod) = self.tables.pods.get(key).map(|pod| Pod::clone(pod)) {
            self.commit(pod.into(), true);
        }
    }

    fn serve(&mut self, call: Call) -> Reply {
        let (kind, key) = call.about();
        let refused = self.refuse.iter().find(|(verb, of, _)| *verb == call.verb() && *of == kind);
        if let Some((_, _, error)) = refused {
            return Err(error.clone());
        }
        let stored = self.tables.get(kind, &key);
        match call {
            Call::RecordEvent(event) => {
                self.events.push(event.message.to_string());
                return Ok(Response::Done);
            }
            Call::Create(object) => return self.create(object, stored),
            _ => {}
        }
        let stored = stored.ok_or_else(|| ApiError::not_found(kind, &key.name))?;
        match call {
            Call::Get { .. } => Ok(Response::Object(stored)),
            Call::Delete { .. } => Ok(self.delete(stored)),
            Call::UpdateReplicaSet(set) => self.update(stored, (*set).into(), false),
            Call::Update(object) => self.update(stored, object, false),
            Call::UpdateStatus(object) => self.update(stored, object, true),
            Call::UpdateDeploymentStatus(object) => self.update(stored, (*object).into(), true),
            other => self.patch(stored, other),
        }
    }

    fn create(&mut self, mut object: Object, stored: Option<Object>) -> Reply {
        let number = self.commits;
        let meta = object.meta_mut();
        if meta.name.is_empty() {
            meta.name = format!("{}{number:05}", meta.generate_name).into();
        } else if stored.is_some() {
            return Err(ApiError::already_exists(object.kind(), &object.meta().name));
        }
        let created = self.apply(object);
        if let (Kind::Pod, Some(ready)) = (created.kind(), self.ready_after) {
            self.at(self.now + SimDuration::from_millis(50), Happening::Bound(created.key()));
            self.at(self.now + ready, Happening::Ready(created.key()));
        }
        Ok(Response::Object(created))
    }

    fn update(&mut self, stored: Object, new: Object, is_status: bool) -> Reply {
        let (have, want) = (new.meta().resource_version, stored.meta().resource_version);
        if have != 0 && have != want {
            return Err(ApiError::conflict(stored.kind(), &stored.meta().name));
        }
        let mut new = new;
        let changes = |a: &Object, b: &Object| match (a, b) {
            (Object::ReplicaSet(a), Object::ReplicaSet(b)) => a.spec != b.spec,
            (Object::Deployment(a), Object::Deployment(b)) => a.spec != b.spec,
            _ => false,
        };
        let raise = i64::from(!is_status && changes(&stored, &new));
        new.meta_mut().generation = stored.meta().generation + raise;
        Ok(Response::Object(self.commit(new, false)))
    }

    fn delete(&mut self, stored: Object) -> Response {
        let Object::Pod(pod) = &stored else { return Response::Object(self.commit(stored, true)) };
        let mut pod = Pod::clone(pod);
        if !pod.is_bound() {
            return Response::Object(self.commit(pod.into(), true));
        }
        let timestamp = Clock::default().timestamp(self.now);
        pod.meta.deletion = Some(Deletion { timestamp, grace_seconds: Some(30) });
        let deleting = self.commit(pod.into(), false);
        self.at(self.now + self.stop_after, Happening::Ended(deleting.key()));
        Response::Object(deleting)
    }

    fn patch(&mut self, stored: Object, call: Call) -> Reply {
        let mut new = stored;
        match (&mut new, call) {
            (object, Call::Patch { patch: Patch::AddOwner { owner, .. }, .. }) => {
                let owners = object.meta().owners.iter().cloned().chain([owner]).collect::<Vec<_>>();
                object.meta_mut().owners = owners.into();
            }
            (object, Call::Patch { patch: Patch::RemoveOwner { owner, .. }, .. }) => {
                let owners = object.meta().owners.iter().filter(|o| o.uid != owner).cloned();
                object.meta_mut().owners = owners.collect::<Vec<_>>().into();
            }
            (Object::Node(node), Call::PatchNodeStatus { status, .. }) => {
                std::sync::Arc::make_mut(node).status = *status;
            }
            (Object::Pod(pod), Call::PatchPodCondition { condition, .. }) => {
                let pod = std::sync::Arc::make_mut(pod);
                pod.status.conditions.retain(|c| c.kind != condition.kind);
                pod.status.conditions.push(condition);
            }
            (object, _) => {
                return Err(ApiError::bad_request(format!("unexpected call for {}", object.key())));
            }
        }
        Ok(Response::Object(self.commit(new, false)))
    }

    /// The Deployment of that name in `default`.
    pub fn deployment(&self, name: &str) -> api::apps::Deployment {
        let key = ObjectKey::new("default", name);
        self.tables.deployments.get(&key).map(|d| api::apps::Deployment::clone(d)).unwrap()
    }
    /// Changes the Deployment of that name, as a user does.
    pub fn change_deployment(&mut self, name: &str, change: impl FnOnce(&mut api::apps::DeploymentSpec)) {
        let mut deployment = self.deployment(name);
        change(std::sync::Arc::make_mut(&mut deployment.spec));
        self.apply(deployment);
    }
    /// Status and reason of a Deployment's condition.
    pub fn condition(&self, name: &str, kind: &str) -> String {
        let deployment = self.deployment(name);
        let condition = condition::find(&deployment.status.conditions, kind);
        condition.map(|c| format!("{}/{}", c.status, c.reason)).unwrap_or_default()
    }
    /// Desired sizes of the ReplicaSets, oldest first.
    pub fn sizes(&self) -> Vec<i32> {
        let mut sets: Vec<_> = self.tables.replica_sets.iter().collect();
        sets.sort_by_key(|set| (set.meta.creation, set.meta.uid));
        sets.iter().map(|set| set.spec.replicas).collect()
    }
    /// How many pods are active.
    pub fn active(&self) -> usize {
        self.tables.pods.iter().filter(|pod| pod.is_active()).count()
    }
    /// How many calls of this kind have been made.
    pub fn count(&self, what: &str) -> usize {
        self.calls.iter().filter(|(_, call)| call.starts_with(what)).count()
    }
}
