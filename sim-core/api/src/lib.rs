//! The Kubernetes API as data: kinds, objects, selectors, conditions and errors; text → tree → object; patches.
//!
//! Objects are our own trimmed types, `{meta, spec: Arc<Spec>, status}`: replicas share their specs. What the
//! simulator does not act on is kept beside as JSON, shared too, so that it is shown back as it was given.
//! JSON (`serde_json::Value`) is the form at the edges: manifests, patches, `-o json`, watch recordings.

#[macro_use]
mod text;

pub mod apps;
pub mod condition;
pub mod coordination;
pub mod core;
pub mod defaults;
pub mod diagnostics;
pub mod discovery;
pub mod error;
pub mod event;
pub mod generic;
pub mod json;
pub mod kind;
pub mod meta;
pub mod node;
pub mod object;
pub mod patch;
pub mod pod;
pub mod schema;
pub mod selector;
pub mod yaml;

pub use condition::{Condition, ConditionStatus};
pub use error::{ApiError, Reason};
pub use kind::Kind;
pub use meta::{Name, ObjectKey, ObjectMeta, OwnerReference, StringMap, Uid};
pub use object::{Object, ObjectRef, Resource};
pub use selector::{LabelSelector, Selector};
