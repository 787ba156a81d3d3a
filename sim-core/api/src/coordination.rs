//! `coordination.k8s.io/v1`: leases.

use crate::json::{Fields, Object, Read, envelope, meta_from, put};
use crate::{Kind, Name, ObjectMeta, Resource};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use units::MicroTime;

/// A lease: who holds it, and when it was last renewed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// Metadata.
    pub meta: ObjectMeta,
    /// `spec.holderIdentity`
    pub holder: Name,
    /// `spec.leaseDurationSeconds`
    pub duration_seconds: i32,
    /// `spec.acquireTime`
    pub acquire_time: Option<MicroTime>,
    /// `spec.renewTime`
    pub renew_time: Option<MicroTime>,
    /// `spec.leaseTransitions`
    pub transitions: Option<i32>,
}

impl Resource for Lease {
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
            holder: spec.name("holderIdentity")?,
            duration_seconds: spec.int32("leaseDurationSeconds")?.unwrap_or_default(),
            acquire_time: spec.micro_time("acquireTime")?,
            renew_time: spec.micro_time("renewTime")?,
            transitions: spec.int32("leaseTransitions")?,
        })
    }
    fn to_json(&self) -> Value {
        let mut spec = Object::new();
        put(&mut spec, "holderIdentity", self.holder.as_str());
        put(&mut spec, "leaseDurationSeconds", self.duration_seconds);
        put(&mut spec, "acquireTime", self.acquire_time.map_or(Value::Null, |t| t.to_string().into()));
        put(&mut spec, "renewTime", self.renew_time.map_or(Value::Null, |t| t.to_string().into()));
        put(&mut spec, "leaseTransitions", self.transitions.map_or(Value::Null, Value::from));
        let mut object = envelope(Kind::Lease, &self.meta);
        put(&mut object, "spec", spec);
        Value::Object(object)
    }
}
