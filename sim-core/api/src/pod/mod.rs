//! Pods: what they ask for, and what their kubelet says of them.

mod read;
mod spec;
mod status;
#[cfg(test)]
mod tests;

pub use spec::{
    Affinity, Container, ContainerPort, Handler, ImagePullPolicy, NodeAffinity, NodeSelectorTerm, PodSpec,
    PodTemplate, PreferredTerm, Probe, ResourceList, ResourceRequirements, RestartPolicy, Toleration,
    TolerationOperator, TopologySpreadConstraint, WhenUnsatisfiable, token_volume_name,
};
pub use status::{ContainerId, ContainerState, ContainerStatus, Phase, PodStatus, QosClass, Terminated};

use crate::json::{Fields, Object, Read, envelope, meta_from, put};
use crate::{Condition, Kind, Name, ObjectMeta, Resource, condition};
use serde_json::Value;
use std::sync::Arc;

/// A pod. Replicas share their spec; what differs per pod lies beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// Metadata.
    pub meta: ObjectMeta,
    /// What it asks for, shared between replicas. `nodeName` is not in it.
    pub spec: Arc<PodSpec>,
    /// `spec.nodeName`; empty before it is bound.
    pub node_name: Name,
    /// What the API server, the scheduler and the kubelet say of it.
    pub status: PodStatus,
}

impl Pod {
    /// Neither ended nor being deleted (controllers.md 1.11).
    pub fn is_active(&self) -> bool {
        !self.status.phase.is_terminal() && !self.meta.is_deleting()
    }
    /// Being deleted and not yet ended (controllers.md 1.11).
    pub fn is_terminating(&self) -> bool {
        self.meta.is_deleting() && !self.status.phase.is_terminal()
    }
    /// Whether its Ready condition is True.
    pub fn is_ready(&self) -> bool {
        condition::is_true(&self.status.conditions, "Ready")
    }
    /// Its Ready condition.
    pub fn ready_condition(&self) -> Option<&Condition> {
        condition::find(&self.status.conditions, "Ready")
    }
    /// Whether it has a node.
    pub fn is_bound(&self) -> bool {
        !self.node_name.is_empty()
    }
}

impl Resource for Pod {
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
    fn from_fields(f: &Fields<'_>) -> Read<Self> {
        let spec = f.fields("spec")?;
        Ok(Self {
            meta: meta_from(f)?,
            node_name: spec.name("nodeName")?,
            spec: Arc::new(PodSpec::from_fields(&spec)?),
            status: PodStatus::from_fields(&f.fields("status")?)?,
        })
    }
    fn to_json(&self) -> Value {
        let mut object = envelope(Kind::Pod, &self.meta);
        let mut spec: Object = self.spec.json_for(self.meta.uid);
        put(&mut spec, "nodeName", self.node_name.as_str());
        object.insert("spec".to_owned(), Value::Object(spec));
        object.insert("status".to_owned(), self.status.to_json(&self.spec, self.meta.uid));
        Value::Object(object)
    }
}
