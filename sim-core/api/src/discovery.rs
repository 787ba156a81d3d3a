//! `discovery.k8s.io/v1`: endpoint slices.

use crate::json::{Fields, Object, Read, envelope, meta_from, put};
use crate::{Kind, Name, ObjectKey, ObjectMeta, ObjectRef, Resource, Uid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// A port of a slice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EndpointPort {
    /// The Service port's name; may be empty.
    pub name: Name,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Name,
    /// The pods' port.
    pub port: Option<i32>,
    /// `appProtocol`; empty if none.
    pub app_protocol: Name,
}

/// One endpoint: a pod's address and what it can be used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The pod's address.
    pub address: Name,
    /// Takes new connections.
    pub ready: bool,
    /// The pod is Ready, whether or not it is terminating.
    pub serving: bool,
    /// The pod is being deleted.
    pub terminating: bool,
    /// `hostname`; empty if none.
    pub hostname: Name,
    /// The pod.
    pub target: Option<ObjectRef>,
    /// The pod's node.
    pub node_name: Name,
    /// The node's zone; empty if it has none.
    pub zone: Name,
    /// Zones that should use it.
    pub hints: Vec<Name>,
}

/// An endpoint slice. A version costs what it changes: endpoints are shared between versions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointSlice {
    /// Metadata.
    pub meta: ObjectMeta,
    /// `IPv4`, `IPv6` or `FQDN`.
    pub address_type: Name,
    /// Ports of all its endpoints.
    pub ports: Arc<[EndpointPort]>,
    /// Its endpoints, at most 100 by the controller.
    pub endpoints: Vec<Arc<Endpoint>>,
}

impl Resource for EndpointSlice {
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
    fn from_fields(f: &Fields<'_>) -> Read<Self> {
        Ok(Self {
            meta: meta_from(f)?,
            address_type: f.name("addressType")?,
            ports: f.list("ports", port_from)?.into(),
            endpoints: f.list("endpoints", |e| endpoint_from(e).map(Arc::new))?,
        })
    }
    fn to_json(&self) -> Value {
        let mut object = envelope(Kind::EndpointSlice, &self.meta);
        put(&mut object, "addressType", self.address_type.as_str());
        let endpoints: Vec<Value> = self.endpoints.iter().map(|e| endpoint_to(e)).collect();
        let empty = endpoints.is_empty();
        object.insert("endpoints".to_owned(), if empty { Value::Null } else { endpoints.into() });
        let ports: Vec<Value> = self.ports.iter().map(port_to).collect();
        let none = ports.is_empty();
        object.insert("ports".to_owned(), if none { Value::Null } else { ports.into() });
        Value::Object(object)
    }
}

fn port_from(f: &Fields<'_>) -> Read<EndpointPort> {
    Ok(EndpointPort {
        name: f.name("name")?,
        protocol: f.name("protocol")?,
        port: f.int32("port")?,
        app_protocol: f.name("appProtocol")?,
    })
}

fn port_to(port: &EndpointPort) -> Value {
    let mut object = Object::new();
    object.insert("name".to_owned(), port.name.as_str().into());
    put(&mut object, "protocol", port.protocol.as_str());
    put(&mut object, "port", port.port.map_or(Value::Null, Value::from));
    put(&mut object, "appProtocol", port.app_protocol.as_str());
    Value::Object(object)
}

fn endpoint_from(f: &Fields<'_>) -> Read<Endpoint> {
    let (conditions, target) = (f.fields("conditions")?, f.maybe_fields("targetRef")?);
    let target = match target {
        None => None,
        Some(t) => Some(ObjectRef {
            kind: Kind::Pod,
            key: ObjectKey { namespace: t.name("namespace")?, name: t.name("name")? },
            uid: t.text("uid")?.and_then(Uid::parse).unwrap_or_default(),
        }),
    };
    let hints = f.fields("hints")?.list("forZones", |zone| zone.name("name"))?;
    Ok(Endpoint {
        address: f.names("addresses")?.into_iter().next().unwrap_or_default(),
        ready: conditions.maybe_flag("ready")?.unwrap_or(true),
        serving: conditions.maybe_flag("serving")?.unwrap_or(true),
        terminating: conditions.flag("terminating")?,
        hostname: f.name("hostname")?,
        target,
        node_name: f.name("nodeName")?,
        zone: f.name("zone")?,
        hints,
    })
}

fn endpoint_to(e: &Endpoint) -> Value {
    let mut object = Object::new();
    object.insert("addresses".to_owned(), json!([e.address.as_str()]));
    let conditions = json!({"ready": e.ready, "serving": e.serving, "terminating": e.terminating});
    object.insert("conditions".to_owned(), conditions);
    put(&mut object, "hostname", e.hostname.as_str());
    if let Some(target) = &e.target {
        let mut reference = Object::new();
        put(&mut reference, "kind", target.kind.info().kind);
        put(&mut reference, "namespace", target.key.namespace.as_str());
        put(&mut reference, "name", target.key.name.as_str());
        put(&mut reference, "uid", target.uid.to_string());
        put(&mut object, "targetRef", reference);
    }
    put(&mut object, "nodeName", e.node_name.as_str());
    put(&mut object, "zone", e.zone.as_str());
    if !e.hints.is_empty() {
        let zones: Vec<Value> = e.hints.iter().map(|zone| json!({"name": zone.as_str()})).collect();
        put(&mut object, "hints", json!({"forZones": zones}));
    }
    Value::Object(object)
}
