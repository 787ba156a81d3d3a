//! What a kubelet keeps of a pod.
//!
//! A healthy running pod must stay small: its status is not kept twice while the API shows the same.

use crate::images::ImageBackOff;
use crate::pod_workers::Worker;
use crate::prober::ProbeWorker;
use crate::status::OWNED;
use api::pod::{Container, Pod, PodSpec, PodStatus};
use api::{Condition, Name};
use journal::{Causes, RecordId};
use std::sync::Arc;
use units::SimTime;

/// A pod of this node.
#[derive(Clone, Debug)]
pub(crate) struct PodEntry {
    /// The API object as it was last seen.
    pub pod: Arc<Pod>,
    /// Its spec as far as it is acted upon: without init containers.
    pub spec: Arc<PodSpec>,
    /// What the runtime calls it.
    pub runtime: Arc<cri::Pod>,
    /// The status manager's cached status; `None` while the API object shows the same.
    own: Option<Box<PodStatus>>,
    /// PLEG's snapshot of what the runtime has.
    pub snapshot: Arc<cri::PodStatus>,
    /// Start of the listing that last changed the snapshot.
    pub modified: SimTime,
    /// Start of the last on-demand listing.
    pub observed: SimTime,
    /// What happens to it.
    pub worker: Worker,
    /// Its probe workers; empty before its volumes are there.
    pub probes: Vec<ProbeWorker>,
    /// The reason cache: why the last start of a container failed (kubelet.md 2.1).
    pub reasons: Vec<StartFailure>,
    /// Images whose pull is held back.
    pub back_offs: Vec<ImageBackOff>,
    /// What the next status is caused by.
    pub causes: Causes,
    /// The last change of the object that mattered.
    pub record: Option<RecordId>,
    /// Whether the API object is gone.
    pub is_gone: bool,
}

/// Why the last start of a container failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartFailure {
    /// The container's place.
    pub index: u8,
    /// `ErrImagePull`, …
    pub reason: &'static str,
    /// Message.
    pub message: Name,
}

impl PodEntry {
    pub fn new(pod: Arc<Pod>, serial: u32) -> Self {
        let runtime = Arc::new(cri::Pod {
            namespace: pod.meta.namespace.clone(),
            name: pod.meta.name.clone(),
            uid: pod.meta.uid.0,
            serial,
        });
        Self {
            spec: acted_upon(&pod.spec),
            pod,
            runtime,
            own: None,
            snapshot: Arc::default(),
            modified: SimTime::from_nanos(i64::MIN),
            observed: SimTime::from_nanos(i64::MIN),
            worker: Worker::default(),
            probes: Vec::new(),
            reasons: Vec::new(),
            back_offs: Vec::new(),
            causes: Causes::none(),
            record: None,
            is_gone: false,
        }
    }

    /// The cached status: the kubelet's own, else the API's.
    pub fn status(&self) -> &PodStatus {
        self.own.as_deref().unwrap_or(&self.pod.status)
    }
    /// The cached status, to be changed.
    pub fn status_mut(&mut self) -> &mut PodStatus {
        self.own.get_or_insert_with(|| Box::new(self.pod.status.clone()))
    }
    /// Replaces the cached status.
    pub fn set_status(&mut self, status: PodStatus) {
        self.own = (!is_same_by_kubelet(&status, &self.pod.status)).then(|| Box::new(status));
    }
    /// Whether the API shows another status.
    pub fn differs_from_api(&self) -> bool {
        self.own.is_some()
    }
    /// Takes a new version of the object. What the kubelet thinks of the pod does not change by that.
    pub fn see(&mut self, pod: Arc<Pod>) {
        let cached = self
            .own
            .take()
            .map_or_else(|| (pod.status != self.pod.status).then(|| Box::new(self.pod.status.clone())), Some);
        self.own = cached.filter(|cached| **cached != pod.status);
        if !Arc::ptr_eq(&self.pod.spec, &pod.spec) {
            self.spec = acted_upon(&pod.spec);
        }
        self.pod = pod;
    }

    /// Place of the first regular container among all of the spec.
    pub fn first_regular(&self) -> usize {
        self.spec.init_containers.len()
    }
    /// The container at a place.
    pub fn container(&self, index: u8) -> Option<&Container> {
        self.spec.all_containers().nth(usize::from(index))
    }
    /// What the pod's own events are caused by.
    pub fn event_causes(&self) -> Causes {
        self.record.map(Causes::from).unwrap_or_default()
    }
    /// Whose luck its draws are.
    pub fn owner(&self) -> String {
        format!("{}/{}", self.pod.meta.namespace, self.pod.meta.name)
    }
}

/// DIFFERENCE: init containers and sidecars are not run yet: a pod starts as if it had none, and shows no status of
/// them; whoever waits for one can tell.
fn acted_upon(spec: &Arc<PodSpec>) -> Arc<PodSpec> {
    if spec.init_containers.is_empty() {
        return spec.clone();
    }
    let mut rest = (**spec).clone();
    rest.init_containers.clear();
    rest.into()
}

/// Whether two statuses agree in what a kubelet writes: conditions of others and the scheduler's field play no part.
pub(crate) fn is_same_by_kubelet(a: &PodStatus, b: &PodStatus) -> bool {
    let is_owned = |c: &&Condition| OWNED.contains(&c.kind.as_str());
    a.conditions.iter().filter(is_owned).eq(b.conditions.iter().filter(is_owned))
        && a.observed_generation == b.observed_generation
        && a.phase == b.phase
        && (&a.reason, &a.message) == (&b.reason, &b.message)
        && (a.host_ip, a.pod_ip, a.start_time) == (b.host_ip, b.pod_ip, b.start_time)
        && a.resources_reported == b.resources_reported
        && a.init_container_statuses == b.init_container_statuses
        && a.container_statuses == b.container_statuses
}
