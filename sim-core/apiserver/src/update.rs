//! Updates and patches, of objects and of their subresources.

use crate::{ApiServer, Served, Serving, validation};
use api::meta::Owners;
use api::{ApiError, Kind, Object, ObjectKey, OwnerReference, Uid};
use client::{Patch, Subresource};
use serde_json::Value;
use std::sync::Arc;

impl ApiServer {
    /// Replaces everything but the status.
    pub(crate) fn update(&mut self, s: &mut Serving, new: Object) -> Served<Object> {
        let old = self.stored(new.kind(), &new.key())?;
        check_version(&old, &new)?;
        self.replace(s, old, new)
    }

    fn replace(&mut self, s: &mut Serving, old: Object, mut new: Object) -> Served<Object> {
        keep_server_fields(&old, &mut new);
        keep_status(&old, &mut new);
        new.meta_mut().generation = next_generation(&old, &new);
        validation::object(&new)?;
        validation::update(&old, &new)?;
        Ok(self.commit_if_changed(s, &old, new))
    }

    /// Replaces the status (and, as the API does for the kinds of `apps`, takes over the annotations).
    pub(crate) fn update_status(&mut self, s: &mut Serving, new: Object) -> Served<Object> {
        let old = self.stored(new.kind(), &new.key())?;
        check_version(&old, &new)?;
        let mut next = old.clone();
        match (&mut next, new) {
            (Object::Deployment(next), Object::Deployment(new)) => {
                let next = Arc::make_mut(next);
                next.status = new.status.clone();
                next.meta.annotations = new.meta.annotations.clone();
            }
            (Object::ReplicaSet(next), Object::ReplicaSet(new)) => {
                Arc::make_mut(next).status = new.status.clone()
            }
            (Object::Pod(next), Object::Pod(new)) => Arc::make_mut(next).status = new.status.clone(),
            (Object::Node(next), Object::Node(new)) => Arc::make_mut(next).status = new.status.clone(),
            (Object::Service(next), Object::Service(new)) => {
                Arc::make_mut(next).status = Arc::clone(&new.status)
            }
            (_, new) => return self.update(s, new),
        }
        Ok(self.commit_if_changed(s, &old, next))
    }

    /// Changes part of an object.
    pub(crate) fn patch(
        &mut self,
        s: &mut Serving,
        kind: Kind,
        key: &ObjectKey,
        patch: Patch,
        subresource: Subresource,
    ) -> Served<Object> {
        let old = self.stored(kind, key)?;
        let patched = match patch {
            Patch::AddOwner { uid, owner } => {
                return self.patch_owners(s, &old, uid, |owners| add_owner(owners, owner));
            }
            Patch::RemoveOwner { uid, owner } => {
                return self.patch_owners(s, &old, uid, |owners| owners.retain(|o| o.uid != owner));
            }
            Patch::Json(operations) => api::patch::json_patch(&old.to_json(), &operations),
            Patch::Merge(patch) => Ok(api::patch::json_merge_patch(&old.to_json(), &patch)),
            Patch::Strategic(patch) => {
                let schema = api::schema::Schema::builtin().kind(&kind.api_version(), kind.info().kind);
                api::patch::strategic_merge_patch(schema, &old.to_json(), &patch)
            }
        };
        let mut patched = patched.map_err(|e| ApiError::bad_request(e.to_string()))?;
        api::defaults::apply(kind, &mut patched);
        let new = parse_patched(kind, key, &patched)?;
        if new.meta().resource_version != old.meta().resource_version {
            return Err(ApiError::conflict(kind, &key.name));
        }
        match subresource {
            Subresource::Main | Subresource::Scale => self.replace(s, old, new),
            Subresource::Status => self.update_status(s, new),
        }
    }

    fn patch_owners(
        &mut self,
        s: &mut Serving,
        old: &Object,
        uid: Uid,
        change: impl FnOnce(&mut Vec<OwnerReference>),
    ) -> Served<Object> {
        if old.meta().uid != uid {
            return Err(ApiError::uid_conflict(old.kind(), &old.meta().name, uid, old.meta().uid));
        }
        let mut owners = old.meta().owners.to_vec();
        change(&mut owners);
        let mut new = old.clone();
        new.meta_mut().owners = Owners::from(owners);
        Ok(self.commit_if_changed(s, old, new))
    }

    /// Sets `spec.replicas`.
    pub(crate) fn scale(
        &mut self,
        s: &mut Serving,
        kind: Kind,
        key: &ObjectKey,
        replicas: i32,
        version: Option<u64>,
    ) -> Served<Object> {
        let old = self.stored(kind, key)?;
        if version.is_some_and(|version| version != old.meta().resource_version) {
            return Err(ApiError::conflict(kind, &key.name));
        }
        let mut new = old.clone();
        match &mut new {
            Object::Deployment(deployment) => {
                let deployment = Arc::make_mut(deployment);
                Arc::make_mut(&mut deployment.spec).replicas = replicas;
            }
            Object::ReplicaSet(replica_set) => Arc::make_mut(replica_set).spec.replicas = replicas,
            _ => {
                return Err(ApiError::new(
                    api::Reason::NotFound,
                    "the server could not find the requested resource",
                ));
            }
        }
        self.replace(s, old, new)
    }

    /// Stores `new` unless nothing has changed: then no revision is taken and nobody is told.
    pub(crate) fn commit_if_changed(&mut self, s: &mut Serving, old: &Object, new: Object) -> Object {
        if *old == new {
            return new;
        }
        let object = self.commit(s, new, false);
        self.finish_deletion(s, object)
    }
}

fn add_owner(owners: &mut Vec<OwnerReference>, owner: OwnerReference) {
    owners.retain(|o| o.uid != owner.uid);
    owners.push(owner);
}

fn parse_patched(kind: Kind, key: &ObjectKey, patched: &Value) -> Served<Object> {
    let mut new =
        Object::from_json(kind, patched).map_err(|e| ApiError::invalid(kind, &key.name, &[e.to_string()]))?;
    if let Object::Pod(pod) = &mut new {
        // What admission set beside the JSON stays set.
        let pod = Arc::make_mut(pod);
        if pod.spec.json.get("automountServiceAccountToken") != Some(&Value::Bool(false)) {
            take_token_volume_out(pod);
        }
    }
    Ok(new)
}

/// `to_json` has put the token volume into the spec; the stored form keeps it as a mark.
fn take_token_volume_out(pod: &mut api::pod::Pod) {
    let name = api::pod::token_volume_name(pod.meta.uid);
    let mut json = pod.spec.json.clone();
    let without = |list: &mut Value| {
        if let Some(items) = list.as_array_mut() {
            items.retain(|item| item.get("name").and_then(Value::as_str) != Some(name.as_str()));
        }
    };
    drop_from(&mut json, "volumes", without);
    for list in ["initContainers", "containers"] {
        for container in json.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(container) = container.as_object_mut() {
                drop_from(container, "volumeMounts", without);
            }
        }
    }
    if let Ok(mut spec) = api::pod::PodSpec::from_json(&Value::Object(json)) {
        spec.token_volume = true;
        pod.spec = Arc::new(spec);
    }
}

fn drop_from(object: &mut api::json::Object, field: &str, without: impl Fn(&mut Value)) {
    if let Some(list) = object.get_mut(field) {
        without(list);
        if list.as_array().is_some_and(Vec::is_empty) {
            object.remove(field);
        }
    }
}

/// Optimistic concurrency: a resourceVersion that is given must be the stored one.
fn check_version(old: &Object, new: &Object) -> Served<()> {
    let version = new.meta().resource_version;
    if new.meta().uid != Uid::default() && new.meta().uid != old.meta().uid {
        return Err(ApiError::uid_conflict(old.kind(), &old.meta().name, new.meta().uid, old.meta().uid));
    }
    if version != 0 && version != old.meta().resource_version {
        return Err(ApiError::conflict(old.kind(), &old.meta().name));
    }
    Ok(())
}

/// What a client cannot change.
fn keep_server_fields(old: &Object, new: &mut Object) {
    let (kept, meta) = (old.meta().clone(), new.meta_mut());
    meta.uid = kept.uid;
    meta.creation = kept.creation;
    meta.deletion = kept.deletion;
    meta.resource_version = kept.resource_version;
    meta.generate_name = kept.generate_name;
}

fn keep_status(old: &Object, new: &mut Object) {
    match (old, new) {
        (Object::Pod(old), Object::Pod(new)) => {
            let new = Arc::make_mut(new);
            new.status = old.status.clone();
            if new.spec == old.spec {
                new.spec = Arc::clone(&old.spec);
            }
        }
        (Object::Deployment(old), Object::Deployment(new)) => {
            let new = Arc::make_mut(new);
            new.status = old.status.clone();
            share_template(&old.spec.template, &mut Arc::make_mut(&mut new.spec).template);
        }
        (Object::ReplicaSet(old), Object::ReplicaSet(new)) => {
            let new = Arc::make_mut(new);
            new.status = old.status.clone();
            share_template(&old.spec.template, &mut new.spec.template);
        }
        (Object::Node(old), Object::Node(new)) => Arc::make_mut(new).status = old.status.clone(),
        (Object::Service(old), Object::Service(new)) => {
            let new = Arc::make_mut(new);
            new.status = Arc::clone(&old.status);
            // An update that leaves the addresses out keeps them.
            if new.spec.cluster_ip.is_empty() && !old.spec.cluster_ip.is_empty() {
                keep_addresses(&old.spec, &mut new.spec);
            }
        }
        _ => {}
    }
}

/// A template that has not changed stays the very same value: pods made before and after share their spec.
fn share_template(old: &Arc<api::pod::PodTemplate>, new: &mut Arc<api::pod::PodTemplate>) {
    if old == new {
        *new = Arc::clone(old);
    }
}

fn keep_addresses(old: &api::core::ServiceSpec, new: &mut Arc<api::core::ServiceSpec>) {
    let new = Arc::make_mut(new);
    new.cluster_ip = old.cluster_ip.clone();
    for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if let Some(value) = old.json.get(field) {
            new.json.insert(field.to_owned(), value.clone());
        }
    }
}

/// The generation counts changes of the desired state; of a Deployment also those of annotations (controllers.md 3.1).
fn next_generation(old: &Object, new: &Object) -> i64 {
    let changed = match (old, new) {
        (Object::Deployment(a), Object::Deployment(b)) => {
            a.spec != b.spec || a.meta.annotations != b.meta.annotations
        }
        (Object::ReplicaSet(a), Object::ReplicaSet(b)) => a.spec != b.spec,
        (Object::Pod(a), Object::Pod(b)) => a.spec != b.spec,
        (Object::EndpointSlice(a), Object::EndpointSlice(b)) => {
            a.endpoints != b.endpoints || a.ports != b.ports || a.meta.labels != b.meta.labels
        }
        (Object::Generic(a), Object::Generic(b)) => {
            old.meta().generation > 0 && a.body.get("spec") != b.body.get("spec")
        }
        _ => false,
    };
    old.meta().generation + i64::from(changed)
}
