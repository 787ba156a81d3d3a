//! The API server: defaulting, admission, storage with optimistic concurrency, and one change log per kind.
//!
//! Models what a call does to the stored objects and what is answered; latency, faults and watch delivery are the
//! facade's. Upstream: `staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go`, `pkg/registry/*`,
//! `plugin/pkg/admission/*`, v1.36.2.
//!
//! A commit that is worth a record takes the next revision, which is the object's resourceVersion. A *quiet* commit — the
//! renewal of a lease, a node report that changes nothing but heartbeat times — takes none and is no record.
//!
//! DIFFERENCE: quiet commits leave the resourceVersion alone; a client that compares the versions of Leases, or of
//! Nodes between two heartbeats, can tell.
//! DIFFERENCE: LimitRanger, ResourceQuota, RuntimeClass, PodSecurity and webhooks are not run yet; who creates such objects can tell.
//! DIFFERENCE: every namespace has its `default` account at once and without an object; `kubectl get serviceaccounts` can tell.
//! DIFFERENCE: Events vanish an hour after their last write without a watch event; `kubectl get events -w` can tell.

mod admission;
mod conditions;
mod create;
mod delete;
mod events;
mod names;
mod services;
mod status;
mod update;
pub mod validation;

use api::{ApiError, Kind, Object, ObjectKey};
use client::{Call, Cursor, Reply, Response, Tables};
use journal::{ChangeType, RecordId};
use random::Seed;
use units::{Clock, SimTime, Timestamp};

/// The API server and what it stores.
#[derive(Clone, Debug)]
pub struct ApiServer {
    tables: Tables,
    clock: Clock,
    seed: Seed,
    /// The newest revision.
    revision: u64,
    admission: admission::Admission,
    names: names::Names,
    services: services::Allocators,
    events: events::Expiry,
}

/// One commit, to be recorded and delivered.
#[derive(Clone, Debug)]
pub struct Write {
    /// Added, Modified or Deleted.
    pub change: ChangeType,
    /// The new version; of a deletion the last one, with the revision of the deletion.
    pub object: Object,
    /// Where it is in its kind's log.
    pub cursor: Cursor,
    /// Its record; `None` if it is quiet.
    pub record: Option<RecordId>,
}

/// What a call came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The answer.
    pub reply: Reply,
    /// The commits, in order.
    pub writes: Vec<Write>,
}

/// A call being served: the time, and the numbers that its commits take.
struct Serving {
    now: SimTime,
    stamp: Timestamp,
    /// The number that the next record will have; `None` before t = 0, when nothing is recorded.
    next_record: Option<RecordId>,
    writes: Vec<Write>,
}

/// A result of serving a call.
type Served<T> = Result<T, ApiError>;

impl ApiServer {
    /// A server with nothing in it.
    pub fn new(clock: Clock, seed: Seed) -> Self {
        Self {
            tables: Tables::default(),
            clock,
            seed,
            revision: 0,
            admission: admission::Admission::default(),
            names: names::Names::default(),
            services: services::Allocators::default(),
            events: events::Expiry::default(),
        }
    }

    /// What is stored.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The newest revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Forgets versions and changes of a kind that every view has seen.
    pub fn trim(&mut self, kind: Kind, slowest: Cursor) {
        self.tables.trim(kind, slowest);
    }

    /// Puts an object in as it is, before t = 0: no admission, no record. Missing uid and times are filled in.
    pub fn put_existing(&mut self, mut object: Object, created: Timestamp) -> Write {
        let mut serving = self.serving(SimTime::from_nanos(-1), None);
        let uid = self.names.uid(self.seed, object.kind(), &object.key(), SimTime::ZERO);
        let meta = object.meta_mut();
        if meta.uid == api::Uid::default() {
            meta.uid = uid;
        }
        if meta.creation == Timestamp::default() {
            meta.creation = created;
        }
        self.services.take_existing(&object);
        self.commit(&mut serving, object, false);
        serving.writes.remove(0)
    }

    /// Serves a call. Its commits take record numbers from `next_record` on.
    pub fn handle(&mut self, call: Call, now: SimTime, next_record: Option<RecordId>) -> Outcome {
        let mut serving = self.serving(now, next_record);
        let reply = self.serve(&mut serving, call);
        Outcome { reply, writes: serving.writes }
    }

    fn serving(&self, now: SimTime, next_record: Option<RecordId>) -> Serving {
        Serving { now, stamp: self.clock.timestamp(now), next_record, writes: Vec::new() }
    }

    fn serve(&mut self, s: &mut Serving, call: Call) -> Reply {
        match call {
            Call::Get { kind, key } => self.stored(kind, &key).map(Response::Object),
            Call::List { kind, namespace, labels, fields } => {
                Ok(Response::List(self.list(kind, namespace.as_deref(), &labels, &fields)))
            }
            Call::Create(object) => self.create(s, object).map(Response::Object),
            Call::CreateManifest { kind, object } => {
                self.create_manifest(s, kind, *object).map(Response::Object)
            }
            Call::Update(object) => self.update(s, object).map(Response::Object),
            Call::UpdateStatus(object) => self.update_status(s, object).map(Response::Object),
            Call::UpdateDeploymentStatus(object) => {
                self.update_status(s, (*object).into()).map(Response::Object)
            }
            Call::UpdateReplicaSet(object) => self.update(s, (*object).into()).map(Response::Object),
            Call::Patch { kind, key, patch, subresource } => {
                self.patch(s, kind, &key, patch, subresource).map(Response::Object)
            }
            Call::Scale { kind, key, replicas, resource_version } => {
                self.scale(s, kind, &key, replicas, resource_version).map(Response::Object)
            }
            Call::Bind { pod, uid, node } => self.bind(s, &pod, uid, node).map(|()| Response::Done),
            Call::PatchPodStatus { pod, uid, status } => {
                self.patch_pod_status(s, &pod, uid, *status).map(Response::Object)
            }
            Call::PatchPodCondition { pod, uid, condition, nominated_node_name } => {
                self.patch_pod_condition(s, &pod, uid, condition, nominated_node_name).map(Response::Object)
            }
            Call::PatchNodeStatus { node, status } => {
                self.patch_node_status(s, node, *status).map(Response::Object)
            }
            Call::RenewLease { key, holder } => self.renew_lease(s, &key, holder).map(Response::Object),
            Call::Delete { kind, key, options } => self.delete(s, kind, &key, &options).map(Response::Object),
            Call::RecordEvent(event) => self.record_event(s, *event).map(|()| Response::Done),
        }
    }

    /// The newest version, or 404.
    fn stored(&self, kind: Kind, key: &ObjectKey) -> Served<Object> {
        self.tables.get(kind, key).ok_or_else(|| ApiError::not_found(kind, &key.name))
    }

    fn list(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        labels: &api::Selector,
        fields: &api::selector::FieldSelector,
    ) -> Vec<Object> {
        let mut objects = self.tables.list(kind, namespace);
        objects.retain(|o| labels.matches(&o.meta().labels) && fields.matches(|field| field_of(o, field)));
        objects
    }

    /// Stores a version under the next revision.
    fn commit(&mut self, s: &mut Serving, mut object: Object, deleted: bool) -> Object {
        self.revision += 1;
        object.meta_mut().resource_version = self.revision;
        let record = s.next_record;
        s.next_record = record.map(|id| RecordId(id.0 + 1));
        self.store(s, object.clone(), deleted, record);
        object
    }

    /// Stores a version that is no record and leaves the resourceVersion alone.
    fn commit_quietly(&mut self, s: &mut Serving, object: Object) -> Object {
        self.store(s, object.clone(), false, None);
        object
    }

    fn store(&mut self, s: &mut Serving, object: Object, deleted: bool, record: Option<RecordId>) {
        let existed = self.tables.get(object.kind(), &object.key()).is_some();
        let change = match (existed, deleted) {
            (false, _) => ChangeType::Added,
            (true, false) => ChangeType::Modified,
            (true, true) => ChangeType::Deleted,
        };
        let cursor = self.tables.commit(object.clone(), deleted, record);
        s.writes.push(Write { change, object, cursor, record });
    }
}

/// The fields that selectors can name: metadata of every kind, and a few of pods.
fn field_of(object: &Object, field: &str) -> api::Name {
    match (field, object) {
        ("metadata.name", o) => o.meta().name.clone(),
        ("metadata.namespace", o) => o.meta().namespace.clone(),
        ("spec.nodeName", Object::Pod(pod)) => pod.node_name.clone(),
        ("status.phase", Object::Pod(pod)) => pod.status.phase.as_str().into(),
        ("spec.unschedulable", Object::Node(node)) => node.spec.unschedulable.to_string().into(),
        ("involvedObject.name", Object::Event(event)) => event.involved.key.name.clone(),
        ("involvedObject.kind", Object::Event(event)) => event.involved.kind.info().kind.into(),
        ("reason", Object::Event(event)) => event.reason.clone(),
        ("type", Object::Event(event)) => event.kind.as_str().into(),
        _ => api::Name::default(),
    }
}

#[cfg(test)]
mod tests;
