//! The core group's namespaces and services.

use crate::json::{Fields, Object, Read, envelope, meta_from, put};
use crate::{Kind, Name, ObjectMeta, Resource, StringMap};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Namespace {
    /// Metadata.
    pub meta: ObjectMeta,
    /// `spec.finalizers`
    pub finalizers: Vec<Name>,
    /// `status.phase` is Terminating instead of Active.
    pub terminating: bool,
}

impl Resource for Namespace {
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
    fn from_fields(f: &Fields<'_>) -> Read<Self> {
        Ok(Self {
            meta: meta_from(f)?,
            finalizers: f.fields("spec")?.names("finalizers")?,
            terminating: f.fields("status")?.text("phase")? == Some("Terminating"),
        })
    }
    fn to_json(&self) -> Value {
        let mut object = envelope(Kind::Namespace, &self.meta);
        let mut spec = Object::new();
        put(&mut spec, "finalizers", crate::json::names_to(&self.finalizers));
        object.insert("spec".to_owned(), Value::Object(spec));
        let phase = if self.terminating { "Terminating" } else { "Active" };
        put(&mut object, "status", json!({"phase": phase}));
        Value::Object(object)
    }
}

/// A port by number or name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PortRef {
    /// A number.
    Number(i32),
    /// The name of a container's port.
    Name(Name),
}

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePort {
    /// Name; may be empty if it is the only one.
    pub name: Name,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Name,
    /// The port of the cluster IP.
    pub port: i32,
    /// The pods' port.
    pub target_port: PortRef,
    /// The port on every node; 0 = none.
    pub node_port: i32,
    /// `appProtocol`; empty if none.
    pub app_protocol: Name,
}

/// `spec` of a Service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceSpec {
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    pub kind: Name,
    /// Which pods it stands for; `None` = endpoints are somebody else's business.
    pub selector: Option<StringMap>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// The address, `None` (headless), or empty before it is given one.
    pub cluster_ip: Name,
    /// Endpoints count as ready whatever their pods say.
    pub publish_not_ready_addresses: bool,
    /// The whole spec as it was given and defaulted, addresses and node ports included.
    pub json: Object,
}

/// A Service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// Metadata.
    pub meta: ObjectMeta,
    /// Desired state.
    pub spec: Arc<ServiceSpec>,
    /// `status`, as it is shown.
    pub status: Arc<Object>,
}

impl ServiceSpec {
    /// Reads the JSON form.
    pub fn from_fields(f: &Fields<'_>) -> Read<Self> {
        Ok(Self {
            kind: f.name("type")?,
            selector: if f.get("selector").is_some() { Some(f.strings("selector")?) } else { None },
            ports: f.list("ports", port_from)?,
            cluster_ip: f.name("clusterIP")?,
            publish_not_ready_addresses: f.flag("publishNotReadyAddresses")?,
            json: f.object().clone(),
        })
    }
}

fn port_from(f: &Fields<'_>) -> Read<ServicePort> {
    let protocol = f.name("protocol")?;
    let port = f.int32("port")?.unwrap_or_default();
    Ok(ServicePort {
        name: f.name("name")?,
        protocol: if protocol.is_empty() { Name::new_static("TCP") } else { protocol },
        port,
        target_port: match f.get("targetPort") {
            Some(Value::String(name)) => PortRef::Name(name.into()),
            Some(_) => PortRef::Number(f.int32("targetPort")?.unwrap_or(port)),
            None => PortRef::Number(port),
        },
        node_port: f.int32("nodePort")?.unwrap_or_default(),
        app_protocol: f.name("appProtocol")?,
    })
}

impl Resource for Service {
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
    fn from_fields(f: &Fields<'_>) -> Read<Self> {
        Ok(Self {
            meta: meta_from(f)?,
            spec: Arc::new(ServiceSpec::from_fields(&f.fields("spec")?)?),
            status: Arc::new(f.fields("status")?.object().clone()),
        })
    }
    fn to_json(&self) -> Value {
        let mut object = envelope(Kind::Service, &self.meta);
        object.insert("spec".to_owned(), Value::Object(self.spec.json.clone()));
        let status = if self.status.is_empty() {
            json!({"loadBalancer": {}})
        } else {
            Value::Object((*self.status).clone())
        };
        object.insert("status".to_owned(), status);
        Value::Object(object)
    }
}
