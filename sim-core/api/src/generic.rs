//! Built-in kinds that nothing here acts on: accepted, checked and kept as they are.

use crate::json::{Fields, Object, Read, envelope, meta_from};
use crate::{Kind, ObjectMeta};
use serde_json::Value;
use std::sync::Arc;

/// An object of a kind that no component acts on.
#[derive(Clone, Debug, PartialEq)]
pub struct Generic {
    /// Its kind.
    pub kind: Kind,
    /// Metadata.
    pub meta: ObjectMeta,
    /// Everything but `apiVersion`, `kind` and `metadata`.
    pub body: Arc<Object>,
}

impl Generic {
    /// Reads the JSON form.
    pub fn from_fields(kind: Kind, fields: &Fields<'_>) -> Read<Self> {
        let mut body = fields.object().clone();
        for key in ["apiVersion", "kind", "metadata"] {
            body.remove(key);
        }
        Ok(Self { kind, meta: meta_from(fields)?, body: Arc::new(body) })
    }
    /// The JSON form.
    pub fn to_json(&self) -> Value {
        let mut object = envelope(self.kind, &self.meta);
        object.extend(self.body.iter().map(|(k, v)| (k.clone(), v.clone())));
        Value::Object(object)
    }
}
