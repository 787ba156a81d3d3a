//! Any object of the API, as calls, replies, change logs and records carry it.

use crate::apps::{Deployment, ReplicaSet};
use crate::coordination::Lease;
use crate::core::{Namespace, Service};
use crate::discovery::EndpointSlice;
use crate::event::Event;
use crate::generic::Generic;
use crate::json::{Fields, Read};
use crate::node::Node;
use crate::pod::Pod;
use crate::{Kind, Name, ObjectKey, ObjectMeta, Uid};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// What the typed kinds have in common.
pub trait Resource: Sized + Clone {
    /// Its metadata.
    fn meta(&self) -> &ObjectMeta;
    /// Its metadata, to be changed.
    fn meta_mut(&mut self) -> &mut ObjectMeta;
    /// Reads the JSON form; defaults are filled in before (see [`crate::defaults`]).
    fn from_fields(fields: &Fields<'_>) -> Read<Self>;
    /// The JSON form, as `kubectl get -o json` shows it.
    fn to_json(&self) -> Value;
}

macro_rules! objects {
    ($($variant:ident),+) => {
        /// An object of any kind; versions are immutable and shared.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs)]
        pub enum Object { $($variant(Arc<$variant>)),+ , Generic(Arc<Generic>) }

        impl Object {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$variant,)+ Self::Generic(g) => g.kind }
            }
            /// Its metadata.
            pub fn meta(&self) -> &ObjectMeta {
                match self { $(Self::$variant(o) => o.meta(),)+ Self::Generic(g) => &g.meta }
            }
            /// Its metadata, to be changed; copies the version if it is shared.
            pub fn meta_mut(&mut self) -> &mut ObjectMeta {
                match self {
                    $(Self::$variant(o) => Arc::make_mut(o).meta_mut(),)+
                    Self::Generic(g) => &mut Arc::make_mut(g).meta,
                }
            }
            /// The JSON form, as `kubectl get -o json` shows it.
            pub fn to_json(&self) -> Value {
                match self { $(Self::$variant(o) => o.to_json(),)+ Self::Generic(g) => g.to_json() }
            }
            /// Reads the JSON form of an object of this kind.
            pub fn from_json(kind: Kind, value: &Value) -> Read<Self> {
                let fields = Fields::root(value)?;
                Ok(match kind {
                    $(Kind::$variant => Self::$variant(Arc::new($variant::from_fields(&fields)?)),)+
                    _ => Self::Generic(Arc::new(Generic::from_fields(kind, &fields)?)),
                })
            }
        }

        $(impl From<$variant> for Object {
            fn from(object: $variant) -> Self { Self::$variant(Arc::new(object)) }
        }
        impl From<Arc<$variant>> for Object {
            fn from(object: Arc<$variant>) -> Self { Self::$variant(object) }
        })+
    };
}

objects!(Namespace, Node, Pod, Service, Event, Deployment, ReplicaSet, EndpointSlice, Lease);

macro_rules! accessors {
    ($($name:ident, $variant:ident;)+) => {
        impl Object {
            $(#[doc = concat!("The object as a ", stringify!($variant), ", if it is one.")]
            pub fn $name(&self) -> Option<&Arc<$variant>> {
                match self { Self::$variant(o) => Some(o), _ => None }
            })+
        }
    };
}

accessors! {
    as_namespace, Namespace;
    as_node, Node;
    as_pod, Pod;
    as_service, Service;
    as_event, Event;
    as_deployment, Deployment;
    as_replica_set, ReplicaSet;
    as_endpoint_slice, EndpointSlice;
    as_lease, Lease;
    as_generic, Generic;
}

impl Object {
    /// Namespace and name.
    pub fn key(&self) -> ObjectKey {
        self.meta().key()
    }
    /// Kind, namespace, name and uid.
    pub fn reference(&self) -> ObjectRef {
        let meta = self.meta();
        ObjectRef { kind: self.kind(), key: meta.key(), uid: meta.uid }
    }
}

/// One particular object: kind, key and uid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Kind.
    pub kind: Kind,
    /// Namespace and name.
    pub key: ObjectKey,
    /// Uid.
    pub uid: Uid,
}

impl ObjectRef {
    /// A reference to an object of a kind.
    pub fn new(kind: Kind, meta: &ObjectMeta) -> Self {
        Self { kind, key: meta.key(), uid: meta.uid }
    }
    /// The name.
    pub fn name(&self) -> &Name {
        &self.key.name
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.key)
    }
}
