//! Creation: defaults, admission, strategy, validation, commit.

use crate::{ApiServer, Served, Serving, conditions, validation};
use api::apps::{DeploymentStatus, ReplicaSetStatus};
use api::pod::{Phase, Pod, PodStatus};
use api::{ApiError, ConditionStatus, Kind, Name, Object, ObjectKey};
use serde_json::Value;
use std::sync::Arc;

/// How often a generated name is tried (controllers.md 1.9).
const NAME_TRIES: usize = 8;

impl ApiServer {
    /// Creates an object that a client sent as JSON.
    pub(crate) fn create_manifest(
        &mut self,
        s: &mut Serving,
        kind: Kind,
        mut value: Value,
    ) -> Served<Object> {
        api::defaults::apply(kind, &mut value);
        let object = Object::from_json(kind, &value).map_err(|e| {
            ApiError::bad_request(format!(
                "{kind} in version \"{}\" cannot be handled as a {kind}: {e}",
                kind.info().version
            ))
        })?;
        self.create(s, object)
    }

    /// Creates an object.
    pub(crate) fn create(&mut self, s: &mut Serving, mut object: Object) -> Served<Object> {
        let kind = object.kind();
        self.name(&mut object)?;
        validation::name(kind, &object.meta().name)?;
        self.namespace_takes(&object)?;
        self.prepare(s, &mut object)?;
        validation::object(&object)?;
        let key = object.key();
        if self.tables.get(kind, &key).is_some() {
            return Err(ApiError::already_exists(kind, &key.name));
        }
        let uid = self.names.uid(self.seed, kind, &key, s.now);
        let meta = object.meta_mut();
        meta.uid = uid;
        meta.creation = s.stamp;
        meta.deletion = None;
        meta.generation = if has_generation(kind) { 1 } else { 0 };
        Ok(self.commit(s, object, false))
    }

    /// Makes a name up if only a base is given.
    fn name(&mut self, object: &mut Object) -> Served<()> {
        let kind = object.kind();
        let (namespace, base) = (object.meta().namespace.clone(), object.meta().generate_name.clone());
        if !object.meta().name.is_empty() {
            return Ok(());
        }
        if base.is_empty() {
            let cause = "metadata.name: Required value: name or generateName is required".to_owned();
            return Err(ApiError::invalid(kind, "", &[cause]));
        }
        for _ in 0..NAME_TRIES {
            let name = self.names.generate(self.seed, kind, &namespace, &base);
            if self.tables.get(kind, &ObjectKey::new(namespace.clone(), name.clone())).is_none() {
                object.meta_mut().name = name;
                return Ok(());
            }
        }
        Err(ApiError::already_exists(kind, &base))
    }

    /// NamespaceLifecycle: the namespace must be there, and not be going away.
    fn namespace_takes(&self, object: &Object) -> Served<()> {
        let (kind, meta) = (object.kind(), object.meta());
        if !kind.info().namespaced {
            return Ok(());
        }
        let namespace = self.tables.namespaces.get(&ObjectKey::cluster(meta.namespace.clone()));
        let Some(namespace) = namespace else {
            return Err(ApiError::not_found(Kind::Namespace, &meta.namespace));
        };
        if namespace.terminating {
            let because = format!(
                "unable to create new content in namespace {} because it is being terminated",
                meta.namespace
            );
            return Err(ApiError::forbidden(kind, &meta.name, &because).with_cause("NamespaceTerminating"));
        }
        Ok(())
    }

    /// Admission and the kind's create strategy.
    fn prepare(&mut self, s: &Serving, object: &mut Object) -> Served<()> {
        match object {
            Object::Pod(pod) => self.prepare_pod(s, Arc::make_mut(pod))?,
            Object::Deployment(d) => Arc::make_mut(d).status = DeploymentStatus::default(),
            Object::ReplicaSet(rs) => Arc::make_mut(rs).status = ReplicaSetStatus::default(),
            Object::Service(service) => self.services.allocate(Arc::make_mut(service), self.seed)?,
            Object::Node(node) => crate::admission::taint_new_node(Arc::make_mut(node)),
            Object::Namespace(namespace) => Arc::make_mut(namespace).terminating = false,
            Object::Event(_) | Object::EndpointSlice(_) | Object::Lease(_) | Object::Generic(_) => {}
        }
        Ok(())
    }

    fn prepare_pod(&mut self, s: &Serving, pod: &mut Pod) -> Served<()> {
        pod.spec = self.admission.admit(&self.tables, &pod.meta.name, &pod.spec)?;
        pod.status = PodStatus { phase: Phase::Pending, ..PodStatus::default() };
        if !pod.spec.scheduling_gates.is_empty() {
            let gated = api::Condition::new("PodScheduled", ConditionStatus::False, s.stamp)
                .because("SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates");
            conditions::set(&mut pod.status.conditions, gated);
        }
        if pod.is_bound() {
            let node = pod.node_name.clone();
            self.copy_topology_labels(pod, &node);
        }
        Ok(())
    }

    /// PodTopologyLabels: zone and region of the node, overwriting (admission.md 16.4).
    pub(crate) fn copy_topology_labels(&self, pod: &mut Pod, node: &Name) {
        let Some(node) = self.tables.nodes.get(&ObjectKey::cluster(node.clone())) else { return };
        for label in ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"] {
            if let Some(value) = node.meta.labels.get(label) {
                pod.meta.labels = pod.meta.labels.with(label, value.clone());
            }
        }
    }
}

/// Whether the API keeps `metadata.generation` for this kind.
fn has_generation(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Namespace
            | Kind::Node
            | Kind::Service
            | Kind::Event
            | Kind::Lease
            | Kind::ConfigMap
            | Kind::Secret
            | Kind::ServiceAccount
            | Kind::Endpoints
    )
}
