//! The EndpointSlice controller: tells in slices of a Service which addresses its pods have and which of them take
//! traffic.
//!
//! Upstream: `pkg/controller/endpointslice/`, `staging/src/k8s.io/endpointslice/`, v1.36.2 (controllers.md 13.1).
//! Watches Services, pods, nodes and slices → creates, updates and deletes slices; events.
//! Timers: the queue's, and one second after a slice was changed by somebody else.
//! DIFFERENCE: no topology hints: slices never say which zones should use an endpoint, and `trafficDistribution` is not
//! looked at. Who routes by zone can tell.
//! DIFFERENCE: pods wake Services at once, not through a queue of their own; it takes no time.
//! Validation: tables beside the code; recordings deployment-create, readiness-flap.

mod endpoint;
mod pack;
#[cfg(test)]
mod tests;
mod trigger_time;

use crate::Indexer;
use api::core::Service;
use api::discovery::EndpointSlice;
use api::event::EventType;
use api::pod::Pod;
use api::{Kind, Name, Object, ObjectKey, ObjectRef, Uid};
use client::controller::{Controller, Limiter, QueueConfig, Step, SyncContext};
use client::{Call, Change, DeleteOptions, NewEvent, Reply, Response};
use journal::ChangeType;
use pack::{Plan, Write};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use trigger_time::TriggerTimes;
use units::SimDuration;

const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpointslice-controller.k8s.io";
/// How long a change of a slice by somebody else waits (`endpointSliceChangeMinSyncDelay`).
const SLICE_CHANGE_DELAY: SimDuration = SimDuration::from_secs(1);

type Context<'a> = SyncContext<'a, EndpointSliceController>;

/// The EndpointSlice controller.
#[derive(Clone, Debug, Default)]
pub struct EndpointSliceController {
    /// Pods that each Service selects, by name.
    pods: BTreeMap<ObjectKey, BTreeSet<Name>>,
    /// Slices of each Service, by name.
    slices: BTreeMap<ObjectKey, BTreeMap<Name, Arc<EndpointSlice>>>,
    written: BTreeMap<ObjectKey, BTreeMap<Uid, Written>>,
    trigger_times: BTreeMap<ObjectKey, TriggerTimes>,
}

/// What the controller last did to a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// It wrote this version.
    Version(u64),
    /// It deleted it.
    Deleted,
}

/// Writes that are still to be made, one after another.
#[derive(Clone, Debug)]
pub struct Sync {
    service: Arc<Service>,
    current: Write,
    remaining: VecDeque<Write>,
    /// Some pod's node is missing: the sync fails though everything could be written.
    incomplete: bool,
}

impl Controller for EndpointSliceController {
    type Key = ObjectKey;
    type Sync = Sync;
    type Indexer = Indexer;
    const QUEUES: &'static [QueueConfig] =
        &[QueueConfig::new(5).limited_by(Limiter::ENDPOINT_SLICE).giving_up_after(15)];

    fn on_change(&mut self, change: &Change, context: &mut Context<'_>) {
        match &change.object {
            Object::Service(service) => self.on_service(change, service, context),
            Object::Pod(pod) => self.on_pod(change, pod, context),
            Object::EndpointSlice(slice) => self.on_slice(change, slice, context),
            _ => {}
        }
    }

    fn sync(&mut self, key: &ObjectKey, context: &mut Context<'_>) -> Step<Sync> {
        let Some(service) = context.view.service(key) else {
            self.trigger_times.remove(key);
            self.written.remove(key);
            return Step::Done;
        };
        if selector(service).is_none() {
            return Step::Done;
        }
        if self.is_stale(key) {
            return Step::Retry;
        }
        let (writes, incomplete) = self.plan(key, service, context);
        go_on(Arc::clone(service), writes, incomplete)
    }

    fn resume(
        &mut self,
        key: &ObjectKey,
        sync: Sync,
        replies: Vec<Reply>,
        context: &mut Context<'_>,
    ) -> Step<Sync> {
        match replies.into_iter().next() {
            Some(Ok(response)) => {
                self.remember(key, &sync.current, &response);
                go_on(sync.service, sync.remaining, sync.incomplete)
            }
            Some(Err(error)) if error.cause == "NamespaceTerminating" => Step::Done,
            Some(Err(error)) if is_harmless(&sync.current, &error) => {
                go_on(sync.service, sync.remaining, sync.incomplete)
            }
            Some(Err(error)) => {
                let message = format!("Error updating Endpoint Slices for Service {key}: {error}");
                context.event(NewEvent {
                    about: ObjectRef::new(Kind::Service, &sync.service.meta),
                    field_path: Name::default(),
                    kind: EventType::Warning,
                    reason: Name::new_static("FailedToUpdateEndpointSlices"),
                    message: message.into(),
                });
                Step::Retry
            }
            None => Step::Retry,
        }
    }
}

/// A slice that was to be deleted and is gone.
fn is_harmless(write: &Write, error: &api::ApiError) -> bool {
    matches!(write, Write::Delete(_)) && error.reason == api::Reason::NotFound
}

fn go_on(service: Arc<Service>, mut remaining: VecDeque<Write>, incomplete: bool) -> Step<Sync> {
    let Some(current) = remaining.pop_front() else {
        return if incomplete { Step::Retry } else { Step::Done };
    };
    let call = match &current {
        Write::Create(slice) => Call::Create(Object::EndpointSlice(Arc::clone(slice))),
        Write::Update(slice) => Call::Update(Object::EndpointSlice(Arc::clone(slice))),
        Write::Delete(slice) => Call::Delete {
            kind: Kind::EndpointSlice,
            key: slice.meta.key(),
            options: DeleteOptions::default(),
        },
    };
    Step::Calls(vec![call], Sync { service, current, remaining, incomplete })
}

/// The selector of a Service whose slices are kept here.
fn selector(service: &Service) -> Option<&api::StringMap> {
    let selector = service.spec.selector.as_ref().filter(|selector| !selector.is_empty());
    selector.filter(|_| service.spec.kind != "ExternalName")
}

fn selects(service: &Service, pod: &Pod) -> bool {
    selector(service).is_some_and(|selector| pod.meta.labels.contains_all(selector))
}

impl EndpointSliceController {
    fn on_service(&mut self, change: &Change, service: &Service, context: &mut Context<'_>) {
        let key = service.meta.key();
        let old = change.old.as_ref().and_then(Object::as_service);
        if change.kind == ChangeType::Deleted {
            self.pods.remove(&key);
        } else if old.is_none_or(|old| selector(old) != selector(service)) {
            let pods = context.view.pods_in(&key.namespace).filter(|pod| selects(service, pod));
            self.pods.insert(key.clone(), pods.map(|pod| pod.meta.name.clone()).collect());
        }
        context.add(key);
    }

    fn on_pod(&mut self, change: &Change, pod: &Pod, context: &mut Context<'_>) {
        let old =
            change.old.as_ref().and_then(Object::as_pod).filter(|_| change.kind == ChangeType::Modified);
        let relabelled = old.is_none_or(|old| old.meta.labels != pod.meta.labels);
        if !relabelled && !old.is_some_and(|old| endpoint::has_changed(old, pod)) {
            return;
        }
        let deleted = change.kind == ChangeType::Deleted;
        for service in context.view.services_in(&pod.meta.namespace) {
            let (is, was) = (selects(service, pod), old.is_some_and(|old| selects(service, old)));
            if !is && !was {
                continue;
            }
            let key = service.meta.key();
            let pods = self.pods.entry(key.clone()).or_default();
            if is && !deleted {
                pods.insert(pod.meta.name.clone());
            } else {
                pods.remove(&pod.meta.name);
            }
            context.add(key);
        }
    }

    fn on_slice(&mut self, change: &Change, slice: &Arc<EndpointSlice>, context: &mut Context<'_>) {
        let old = change.old.as_ref().and_then(Object::as_endpoint_slice).and_then(|old| managed(old));
        let new = managed(slice);
        if let Some(key) =
            old.as_ref().filter(|old| change.kind == ChangeType::Deleted || new.as_ref() != Some(old))
        {
            self.forget_slice(key, slice);
        }
        match (change.kind, new) {
            (ChangeType::Deleted, Some(key)) => {
                let written = self.written.get_mut(&key).and_then(|w| w.remove(&slice.meta.uid));
                if matches!(written, Some(Written::Version(_))) {
                    context.add_after(key, SLICE_CHANGE_DELAY);
                }
            }
            (_, Some(key)) => {
                let of_service = self.slices.entry(key.clone()).or_default();
                of_service.insert(slice.meta.name.clone(), Arc::clone(slice));
                let moved = change.kind == ChangeType::Modified && old.as_ref() != Some(&key);
                if moved || self.is_foreign(&key, slice) {
                    context.add_after(key, SLICE_CHANGE_DELAY);
                }
            }
            (_, None) => {}
        }
        if let Some(key) =
            old.filter(|key| change.kind == ChangeType::Modified && managed(slice).as_ref() != Some(key))
        {
            context.add_after(key, SLICE_CHANGE_DELAY);
        }
    }

    fn forget_slice(&mut self, key: &ObjectKey, slice: &EndpointSlice) {
        if let Some(slices) = self.slices.get_mut(key) {
            slices.remove(&slice.meta.name);
            if slices.is_empty() {
                self.slices.remove(key);
            }
        }
    }

    /// Whether a version of a slice is not the controller's own.
    fn is_foreign(&self, key: &ObjectKey, slice: &EndpointSlice) -> bool {
        match self.written.get(key).and_then(|written| written.get(&slice.meta.uid)) {
            Some(Written::Version(version)) => slice.meta.resource_version > *version,
            Some(Written::Deleted) => false,
            None => true,
        }
    }

    /// Whether the cache has not yet seen the controller's own writes.
    fn is_stale(&self, key: &ObjectKey) -> bool {
        let version_of = |uid: &Uid| {
            let mut slices = self.slices.get(key).into_iter().flat_map(BTreeMap::values);
            slices.find(|slice| slice.meta.uid == *uid).map(|slice| slice.meta.resource_version)
        };
        self.written.get(key).into_iter().flatten().any(|(uid, written)| match written {
            Written::Version(version) => version_of(uid).is_none_or(|seen| seen < *version),
            Written::Deleted => version_of(uid).is_some(),
        })
    }

    fn remember(&mut self, key: &ObjectKey, write: &Write, response: &Response) {
        let written = self.written.entry(key.clone()).or_default();
        match (write, response.object()) {
            (Write::Delete(slice), _) => {
                written.insert(slice.meta.uid, Written::Deleted);
            }
            (_, Some(object)) => {
                let meta = object.meta();
                written.insert(meta.uid, Written::Version(meta.resource_version));
            }
            _ => {}
        }
    }

    /// The writes that bring a Service's slices up to date, and whether a pod had to be left out.
    fn plan(
        &mut self,
        key: &ObjectKey,
        service: &Arc<Service>,
        context: &Context<'_>,
    ) -> (VecDeque<Write>, bool) {
        let names = self.pods.get(key).into_iter().flatten();
        let pod_key = |name: &Name| ObjectKey { namespace: key.namespace.clone(), name: name.clone() };
        let pods: Vec<&Arc<Pod>> = names.filter_map(|name| context.view.pod(&pod_key(name))).collect();
        let trigger = self.trigger_times.entry(key.clone()).or_default().advance(service, &pods);
        let slices: Vec<_> = self.slices.get(key).into_iter().flat_map(BTreeMap::values).cloned().collect();
        let families = endpoint::families(service);
        let (mut plan, mut incomplete) = (Plan::new(service, trigger), false);
        for family in &families {
            let desired = endpoint::desired(service, *family, &pods, &context.view);
            incomplete |= desired.incomplete;
            let of_family = slices.iter().filter(|slice| slice.address_type == family.as_str());
            plan.add(*family, desired.endpoints, of_family.cloned().collect());
        }
        let is_wanted = |slice: &EndpointSlice| families.iter().any(|f| slice.address_type == f.as_str());
        plan.drop_all(slices.iter().filter(|slice| !is_wanted(slice)));
        (plan.writes(), incomplete)
    }
}

/// The Service of a slice that this controller manages.
fn managed(slice: &EndpointSlice) -> Option<ObjectKey> {
    let labels = &slice.meta.labels;
    labels.get(MANAGED_BY).filter(|by| *by == CONTROLLER)?;
    let name = labels.get(SERVICE_NAME)?.clone();
    Some(ObjectKey { namespace: slice.meta.namespace.clone(), name })
}
