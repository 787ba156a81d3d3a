//! Nodes.

use crate::json::{
    Fields, Object, Read, condition_from, condition_to, envelope, meta_from, put, put_nonzero,
};
use crate::pod::ResourceList;
use crate::{Condition, Kind, Name, ObjectMeta, Resource, condition};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use units::Timestamp;

text_enum! {
    /// What a taint does to pods that do not tolerate it.
    TaintEffect { NoSchedule = "NoSchedule", PreferNoSchedule = "PreferNoSchedule", NoExecute = "NoExecute" }
}

/// A taint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taint {
    /// Key.
    pub key: Name,
    /// Value; may be empty.
    pub value: Name,
    /// Effect.
    pub effect: TaintEffect,
    /// When a NoExecute taint was added.
    pub time_added: Option<Timestamp>,
}

/// An image on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeImage {
    /// Its names.
    pub names: Vec<Name>,
    /// Its size in bytes.
    pub size_bytes: i64,
}

/// `spec` of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeSpec {
    /// Cordoned.
    pub unschedulable: bool,
    /// Taints.
    pub taints: Vec<Taint>,
    /// `podCIDR`; empty if none.
    pub pod_cidr: Name,
    /// Everything else as it was given.
    pub rest: Arc<Object>,
}

/// `status` of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeStatus {
    /// What the machine has.
    pub capacity: Arc<ResourceList>,
    /// What pods may have.
    pub allocatable: Arc<ResourceList>,
    /// MemoryPressure, DiskPressure, PIDPressure, Ready.
    pub conditions: Vec<Condition>,
    /// `InternalIP`; empty before the kubelet reports.
    pub internal_ip: Name,
    /// Images, the largest first (at most 50 by the kubelet).
    pub images: Arc<[NodeImage]>,
    /// Everything else as it was given or as the kubelet reports it (`nodeInfo`, `daemonEndpoints`, …).
    pub rest: Arc<Object>,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Metadata.
    pub meta: ObjectMeta,
    /// Desired state.
    pub spec: NodeSpec,
    /// What its kubelet reports.
    pub status: NodeStatus,
}

impl Node {
    /// Whether its Ready condition is True.
    pub fn is_ready(&self) -> bool {
        condition::is_true(&self.status.conditions, "Ready")
    }
    /// Label `topology.kubernetes.io/zone`; empty if it has none.
    pub fn zone(&self) -> Name {
        self.meta.labels.get("topology.kubernetes.io/zone").cloned().unwrap_or_default()
    }
}

/// Reads a taint.
pub fn taint_from(f: &Fields<'_>) -> Read<Taint> {
    let effect = f.word("effect", TaintEffect::parse)?;
    Ok(Taint {
        key: f.name("key")?,
        value: f.name("value")?,
        effect: effect.ok_or_else(|| f.error("effect", "Required value"))?,
        time_added: f.time("timeAdded")?,
    })
}

fn taint_to(taint: &Taint) -> Value {
    let mut object = Object::new();
    put(&mut object, "key", taint.key.as_str());
    put(&mut object, "value", taint.value.as_str());
    put(&mut object, "effect", taint.effect.as_str());
    put(&mut object, "timeAdded", crate::json::time_to(taint.time_added));
    Value::Object(object)
}

fn rest_of(object: &Object, known: &[&str]) -> Arc<Object> {
    Arc::new(
        object
            .iter()
            .filter(|(k, _)| !known.contains(&k.as_str()))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
    )
}

fn spec_from(f: &Fields<'_>) -> Read<NodeSpec> {
    Ok(NodeSpec {
        unschedulable: f.flag("unschedulable")?,
        taints: f.list("taints", taint_from)?,
        pod_cidr: f.name("podCIDR")?,
        rest: rest_of(f.object(), &["unschedulable", "taints", "podCIDR", "podCIDRs"]),
    })
}

fn status_from(f: &Fields<'_>) -> Read<NodeStatus> {
    let address = |a: &Fields<'_>| Ok((a.name("type")?, a.name("address")?));
    let addresses = f.list("addresses", address)?;
    let internal = addresses.into_iter().find(|(kind, _)| kind == "InternalIP");
    let image = |i: &Fields<'_>| {
        Ok(NodeImage { names: i.names("names")?, size_bytes: i.int("sizeBytes")?.unwrap_or_default() })
    };
    let known = ["capacity", "allocatable", "conditions", "addresses", "images"];
    Ok(NodeStatus {
        capacity: Arc::new(f.quantities("capacity")?),
        allocatable: Arc::new(f.quantities("allocatable")?),
        conditions: f.list("conditions", |c| condition_from(c, "lastHeartbeatTime"))?,
        internal_ip: internal.map(|(_, address)| address).unwrap_or_default(),
        images: f.list("images", image)?.into(),
        rest: rest_of(f.object(), &known),
    })
}

impl Resource for Node {
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
    fn from_fields(f: &Fields<'_>) -> Read<Self> {
        Ok(Self {
            meta: meta_from(f)?,
            spec: spec_from(&f.fields("spec")?)?,
            status: status_from(&f.fields("status")?)?,
        })
    }
    fn to_json(&self) -> Value {
        let mut object = envelope(Kind::Node, &self.meta);
        let mut spec = (*self.spec.rest).clone();
        put_nonzero(&mut spec, "unschedulable", self.spec.unschedulable);
        put(&mut spec, "taints", self.spec.taints.iter().map(taint_to).collect::<Value>());
        if !self.spec.pod_cidr.is_empty() {
            put(&mut spec, "podCIDR", self.spec.pod_cidr.as_str());
            put(&mut spec, "podCIDRs", json!([self.spec.pod_cidr.as_str()]));
        }
        object.insert("spec".to_owned(), Value::Object(spec));
        object.insert("status".to_owned(), self.status_json());
        Value::Object(object)
    }
}

impl Node {
    fn status_json(&self) -> Value {
        let mut status = (*self.status.rest).clone();
        put(&mut status, "capacity", self.status.capacity.to_json());
        put(&mut status, "allocatable", self.status.allocatable.to_json());
        let conditions = self.status.conditions.iter().map(|c| condition_to(c, "lastHeartbeatTime"));
        put(&mut status, "conditions", conditions.collect::<Value>());
        if !self.status.internal_ip.is_empty() {
            let addresses = json!([
                {"type": "InternalIP", "address": self.status.internal_ip.as_str()},
                {"type": "Hostname", "address": self.meta.name.as_str()},
            ]);
            put(&mut status, "addresses", addresses);
        }
        let image =
            |i: &NodeImage| json!({"names": crate::json::names_to(&i.names), "sizeBytes": i.size_bytes});
        put(&mut status, "images", self.status.images.iter().map(image).collect::<Value>());
        Value::Object(status)
    }
}
