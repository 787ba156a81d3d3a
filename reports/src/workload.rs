//! Which workload an object belongs to, as its owners say.

use api::{Kind, Name, Object, ObjectKey, ObjectMeta};
use std::collections::BTreeMap;

/// The controllers of ReplicaSets, so that a pod's Deployment is found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owners {
    deployments: BTreeMap<ObjectKey, Name>,
}

/// What a pod belongs to: itself, if nobody made it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Workload {
    /// Namespace.
    pub namespace: Name,
    /// `deployment`, `replicaset`, `pod`, …
    pub kind: String,
    /// Name.
    pub name: Name,
}

impl std::fmt::Display for Workload {
    /// `deployment/web`, with the namespace in front unless it is `default`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.namespace.is_empty() && self.namespace != "default" {
            write!(f, "{}/", self.namespace)?;
        }
        write!(f, "{}/{}", self.kind, self.name)
    }
}

impl Workload {
    /// An object as its own workload.
    pub(crate) fn itself(kind: Kind, meta: &ObjectMeta) -> Self {
        Self::named(kind, &meta.key())
    }
    /// The object of that name as its own workload.
    pub(crate) fn named(kind: Kind, key: &ObjectKey) -> Self {
        let kind = kind.info().singular.to_owned();
        Self { namespace: key.namespace.clone(), kind, name: key.name.clone() }
    }
}

impl Owners {
    /// Remembers whose a ReplicaSet is.
    pub(crate) fn learn(&mut self, object: &Object) {
        if let (Object::ReplicaSet(set), Some(owner)) = (object, object.meta().controller())
            && owner.kind == "Deployment"
        {
            self.deployments.insert(set.meta.key(), owner.name.clone());
        }
    }

    /// The topmost workload that is known for an object.
    pub(crate) fn workload(&self, kind: Kind, meta: &ObjectMeta) -> Workload {
        let Some(owner) = meta.controller() else { return Workload::itself(kind, meta) };
        let key = ObjectKey { namespace: meta.namespace.clone(), name: owner.name.clone() };
        match self.deployments.get(&key) {
            Some(name) if owner.kind == "ReplicaSet" => {
                Workload { namespace: key.namespace, kind: "deployment".to_owned(), name: name.clone() }
            }
            _ => Workload { namespace: key.namespace, kind: owner.kind.to_lowercase(), name: key.name },
        }
    }
}
