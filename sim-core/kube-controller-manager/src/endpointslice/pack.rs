//! How endpoints are packed into slices (controllers.md 13.1, steps 1 to 5).
//!
//! Source: `staging/src/k8s.io/endpointslice/{reconciler,utils}.go`, v1.36.2.

use super::endpoint::{Endpoints, Family, Ports};
use super::{CONTROLLER, MANAGED_BY, SERVICE_NAME};
use api::core::Service;
use api::discovery::{Endpoint, EndpointSlice};
use api::{Kind, Name, ObjectMeta, OwnerReference, StringMap};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use units::Timestamp;

/// So many endpoints a slice holds at most (`--max-endpoints-per-slice`).
const MAX_ENDPOINTS: usize = 100;
const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";
const HEADLESS: &str = "service.kubernetes.io/headless";

/// One write of a slice.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    Create(Arc<EndpointSlice>),
    Update(Arc<EndpointSlice>),
    Delete(Arc<EndpointSlice>),
}

/// What is to be done to the slices of a Service.
pub struct Plan<'a> {
    service: &'a Arc<Service>,
    trigger: Option<Timestamp>,
    labels: StringMap,
    create: Vec<EndpointSlice>,
    update: Vec<EndpointSlice>,
    delete: Vec<Arc<EndpointSlice>>,
}

impl<'a> Plan<'a> {
    /// Nothing to do yet. `trigger` goes into the annotation of what is written.
    pub fn new(service: &'a Arc<Service>, trigger: Option<Timestamp>) -> Self {
        let labels = labels(service);
        Self { service, trigger, labels, create: Vec::new(), update: Vec::new(), delete: Vec::new() }
    }

    /// Slices of families that the Service does not have.
    pub fn drop_all<'s>(&mut self, slices: impl Iterator<Item = &'s Arc<EndpointSlice>>) {
        self.delete.extend(slices.cloned());
    }

    /// Packs the endpoints of a family into its slices.
    pub fn add(&mut self, family: Family, desired: Endpoints, slices: Vec<Arc<EndpointSlice>>) {
        let existing = slices.len();
        let (owned, mut delete) = slices.into_iter().partition::<Vec<_>, _>(|slice| self.owns(slice));
        let mut by_ports: BTreeMap<Ports, Vec<Arc<EndpointSlice>>> = BTreeMap::new();
        for slice in owned {
            by_ports.entry(Arc::clone(&slice.ports)).or_default().push(slice);
        }
        let mut create = Vec::new();
        for (ports, endpoints) in desired {
            let slices = by_ports.remove(&ports).unwrap_or_default();
            let empty = EndpointSlice { ports, ..self.empty(family) };
            self.pack(endpoints, slices, &empty, &mut create, &mut delete);
        }
        delete.extend(by_ports.into_values().flatten());
        if existing == delete.len() && create.is_empty() {
            let placeholder = self.empty(family);
            match delete.as_slice() {
                [only] if self.is_same(only, &placeholder) => delete.clear(),
                _ => create.push(placeholder),
            }
        }
        self.reuse(create, delete);
    }

    /// Packs the endpoints of one set of ports.
    fn pack(
        &mut self,
        mut desired: BTreeMap<Name, Arc<Endpoint>>,
        slices: Vec<Arc<EndpointSlice>>,
        empty: &EndpointSlice,
        create: &mut Vec<EndpointSlice>,
        delete: &mut Vec<Arc<EndpointSlice>>,
    ) {
        let (mut update, mut unchanged) = (Vec::new(), Vec::new());
        for slice in slices {
            match self.keep(&slice, &mut desired) {
                Kept::All => unchanged.push(slice),
                Kept::Some(changed) => update.push(*changed),
                Kept::None => delete.push(slice),
            }
        }
        // The fullest of those that are written anyway come first.
        update.sort_by_key(|slice| std::cmp::Reverse(slice.endpoints.len()));
        update.iter_mut().for_each(|slice| fill(slice, &mut desired));
        while !desired.is_empty() {
            let best = if desired.len() < MAX_ENDPOINTS { best_fit(&unchanged, desired.len()) } else { None };
            match best {
                Some(at) => {
                    let mut slice = EndpointSlice::clone(&unchanged.remove(at));
                    fill(&mut slice, &mut desired);
                    update.push(slice);
                }
                None => {
                    let mut slice = empty.clone();
                    fill(&mut slice, &mut desired);
                    create.push(slice);
                }
            }
        }
        self.update.append(&mut update);
    }

    /// What a slice keeps of its endpoints, which are then no longer wanted elsewhere.
    fn keep(&self, slice: &EndpointSlice, desired: &mut BTreeMap<Name, Arc<Endpoint>>) -> Kept {
        let mut changed = false;
        let mut kept = Vec::with_capacity(slice.endpoints.len());
        for endpoint in &slice.endpoints {
            let name = endpoint.target.as_ref().map(|target| &target.key.name);
            let wanted = name.and_then(|name| Some((name, desired.get(name)?)));
            let Some((name, wanted)) = wanted.filter(|(_, wanted)| is_same_endpoint(wanted, endpoint)) else {
                changed = true;
                continue;
            };
            if wanted == endpoint {
                // The old version stays shared.
                kept.push(Arc::clone(endpoint));
            } else {
                changed = true;
                kept.push(Arc::clone(wanted));
            }
            desired.remove(name);
        }
        if !changed && slice.meta.labels == self.labels {
            return Kept::All;
        }
        if changed && kept.is_empty() {
            return Kept::None;
        }
        let mut slice = EndpointSlice { endpoints: kept, ..slice.clone() };
        slice.meta.labels = self.labels.clone();
        Kept::Some(Box::new(slice))
    }

    fn owns(&self, slice: &EndpointSlice) -> bool {
        slice.meta.owners.iter().any(|owner| owner.uid == self.service.meta.uid)
    }

    /// Whether a slice differs from another in its name at most.
    fn is_same(&self, slice: &EndpointSlice, other: &EndpointSlice) -> bool {
        self.owns(slice)
            && slice.meta.labels == other.meta.labels
            && slice.endpoints.is_empty()
            && slice.ports == other.ports
    }

    fn empty(&self, family: Family) -> EndpointSlice {
        let meta = &self.service.meta;
        EndpointSlice {
            meta: ObjectMeta {
                generate_name: format!("{}-", meta.name).into(),
                labels: self.labels.clone(),
                owners: vec![OwnerReference::controller(Kind::Service, &meta.name, meta.uid)].into(),
                ..ObjectMeta::named(meta.namespace.clone(), "")
            },
            address_type: Name::new_static(family.as_str()),
            ports: Ports::from([]),
            endpoints: Vec::new(),
        }
    }

    /// A slice that is to be deleted takes the place of one that is to be created.
    fn reuse(&mut self, mut create: Vec<EndpointSlice>, delete: Vec<Arc<EndpointSlice>>) {
        for slice in delete {
            match create.pop() {
                Some(mut new) if self.owns(&slice) => {
                    new.meta =
                        ObjectMeta { labels: new.meta.labels, resource_version: 0, ..slice.meta.clone() };
                    self.update.push(new);
                }
                left => {
                    create.extend(left);
                    self.delete.push(slice);
                }
            }
        }
        self.create.append(&mut create);
    }

    /// All writes: creations (none for a Service that is being deleted), updates, deletions.
    pub fn writes(self) -> VecDeque<Write> {
        let trigger = self.trigger;
        let stamped = |mut slice: EndpointSlice| {
            let annotations = &slice.meta.annotations;
            slice.meta.annotations = match trigger {
                Some(at) => annotations.with(TRIGGER_TIME, at.to_string()),
                None => annotations.without(TRIGGER_TIME),
            };
            Arc::new(slice)
        };
        let may_create = !self.service.meta.is_deleting();
        let create =
            self.create.into_iter().filter(|_| may_create).map(|slice| Write::Create(stamped(slice)));
        let update = self.update.into_iter().map(|slice| Write::Update(stamped(slice)));
        create.chain(update).chain(self.delete.into_iter().map(Write::Delete)).collect()
    }
}

/// What a slice keeps of its endpoints.
enum Kept {
    /// All, as they were.
    All,
    /// Some, or some in another version, or its labels change.
    Some(Box<EndpointSlice>),
    /// None.
    None,
}

/// Whether two versions of an endpoint are of the same one.
fn is_same_endpoint(a: &Endpoint, b: &Endpoint) -> bool {
    a.target == b.target && a.address == b.address && a.hostname == b.hostname
}

/// Appends endpoints, by the names of their pods, as long as there is room.
fn fill(slice: &mut EndpointSlice, desired: &mut BTreeMap<Name, Arc<Endpoint>>) {
    while slice.endpoints.len() < MAX_ENDPOINTS {
        let Some((_, endpoint)) = desired.pop_first() else { return };
        slice.endpoints.push(endpoint);
    }
}

/// The slice in which so many more endpoints fit with the least room left.
fn best_fit(slices: &[Arc<EndpointSlice>], more: usize) -> Option<usize> {
    let fits = |(_, slice): &(usize, &Arc<EndpointSlice>)| slice.endpoints.len() + more <= MAX_ENDPOINTS;
    let candidates = slices.iter().enumerate().filter(fits);
    candidates.max_by_key(|(at, slice)| (slice.endpoints.len(), std::cmp::Reverse(*at))).map(|(at, _)| at)
}

/// Labels of a Service's slices: its own, and those that tell whose they are.
fn labels(service: &Service) -> StringMap {
    let reserved = [HEADLESS, SERVICE_NAME, MANAGED_BY];
    let own = service.meta.labels.iter().filter(|(key, _)| !reserved.contains(&key.as_str()));
    let own = own.map(|(key, value)| (key.clone(), value.clone()));
    let is_headless = matches!(service.spec.cluster_ip.as_str(), "" | "None");
    let headless = is_headless.then(|| (Name::new_static(HEADLESS), Name::default()));
    let names = [
        (Name::new_static(SERVICE_NAME), service.meta.name.clone()),
        (Name::new_static(MANAGED_BY), Name::new_static(CONTROLLER)),
    ];
    own.chain(headless).chain(names).collect()
}
