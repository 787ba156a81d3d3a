//! What a component asks the API server for, and what it answers.

use api::apps::{Deployment, ReplicaSet};
use api::node::NodeStatus;
use api::pod::PodStatus;
use api::selector::{FieldSelector, Selector};
use api::{ApiError, Condition, Kind, Name, Object, ObjectKey, OwnerReference, Uid};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A call to the API server. Writes by controllers and kubelets are typed; kubectl's patches are JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Reads one object.
    Get {
        /// Kind.
        kind: Kind,
        /// Which.
        key: ObjectKey,
    },
    /// Reads many, in the order of namespace and name.
    List {
        /// Kind.
        kind: Kind,
        /// In one namespace; `None` = all (or a cluster-scoped kind).
        namespace: Option<Name>,
        /// On labels.
        labels: Selector,
        /// On fields.
        fields: FieldSelector,
    },
    /// Creates; with an empty name and a `generate_name` the server makes the name up.
    Create(Object),
    /// Creates from JSON as a client sends it; the server fills in the defaults.
    CreateManifest {
        /// Kind.
        kind: Kind,
        /// The object; its namespace is filled in.
        object: Box<Value>,
    },
    /// Replaces everything but the status; 409 unless `resource_version` is 0 or the stored one.
    Update(Object),
    /// Replaces the status; 409 unless `resource_version` is 0 or the stored one.
    UpdateStatus(Object),
    /// Replaces a Deployment's status and the annotations that its controller keeps (one write, controllers.md 3.1).
    UpdateDeploymentStatus(Box<Deployment>),
    /// Sets size (and annotations) of a ReplicaSet; 409 unless `resource_version` is the stored one.
    UpdateReplicaSet(Box<ReplicaSet>),
    /// Changes part of an object.
    Patch {
        /// Kind.
        kind: Kind,
        /// Which.
        key: ObjectKey,
        /// How.
        patch: Patch,
        /// Of the object or of its status or scale.
        subresource: Subresource,
    },
    /// Sets `spec.replicas` through the scale subresource.
    Scale {
        /// Kind.
        kind: Kind,
        /// Which.
        key: ObjectKey,
        /// How many.
        replicas: i32,
        /// 409 unless the stored resourceVersion is this one; `None` = whatever it is.
        resource_version: Option<u64>,
    },
    /// Binds a pod to a node.
    Bind {
        /// The pod.
        pod: ObjectKey,
        /// 409 unless it has this uid.
        uid: Uid,
        /// The node.
        node: Name,
    },
    /// A kubelet's status GET and PATCH in one.
    PatchPodStatus {
        /// The pod.
        pod: ObjectKey,
        /// 404 unless it has this uid (the kubelet then forgets it).
        uid: Uid,
        /// The kubelet's status. Conditions that are not the kubelet's stay as they are stored.
        status: Box<PodStatus>,
    },
    /// Sets a pod's condition (and, if given, where preemption makes room for it).
    PatchPodCondition {
        /// The pod.
        pod: ObjectKey,
        /// 409 unless it has this uid.
        uid: Uid,
        /// The condition; others stay.
        condition: Condition,
        /// `status.nominatedNodeName`; `None` = as it is.
        nominated_node_name: Option<Name>,
    },
    /// A kubelet's patch of its node's status; the whole status is given.
    PatchNodeStatus {
        /// The node.
        node: Name,
        /// Its status.
        status: Box<NodeStatus>,
    },
    /// Renews (or takes) a lease.
    RenewLease {
        /// Which.
        key: ObjectKey,
        /// By whom.
        holder: Name,
    },
    /// Deletes one object.
    Delete {
        /// Kind.
        kind: Kind,
        /// Which.
        key: ObjectKey,
        /// How.
        options: DeleteOptions,
    },
    /// Writes an Event object, or patches count, last time and message of one (if it exists).
    RecordEvent(Box<api::event::Event>),
}

impl Call {
    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        !matches!(self, Self::Get { .. } | Self::List { .. })
    }

    /// The verb, as refusals name it.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Get { .. } => "get",
            Self::List { .. } => "list",
            Self::Create(_) | Self::CreateManifest { .. } | Self::RecordEvent(_) => "create",
            Self::Update(_)
            | Self::UpdateStatus(_)
            | Self::UpdateDeploymentStatus(_)
            | Self::UpdateReplicaSet(_)
            | Self::RenewLease { .. } => "update",
            Self::Patch { .. }
            | Self::Scale { .. }
            | Self::PatchPodStatus { .. }
            | Self::PatchPodCondition { .. }
            | Self::PatchNodeStatus { .. } => "patch",
            Self::Bind { .. } => "bind",
            Self::Delete { .. } => "delete",
        }
    }

    /// Kind and key of what it is about; the name is empty in lists and where the server makes it up.
    pub fn about(&self) -> (Kind, ObjectKey) {
        match self {
            Self::Get { kind, key }
            | Self::Patch { kind, key, .. }
            | Self::Scale { kind, key, .. }
            | Self::Delete { kind, key, .. } => (*kind, key.clone()),
            Self::List { kind, namespace, .. } => {
                (*kind, ObjectKey::new(namespace.clone().unwrap_or_default(), ""))
            }
            Self::Create(object) | Self::Update(object) | Self::UpdateStatus(object) => {
                (object.kind(), object.key())
            }
            Self::CreateManifest { kind, object } => (*kind, manifest_key(object)),
            Self::UpdateDeploymentStatus(object) => (Kind::Deployment, object.meta.key()),
            Self::UpdateReplicaSet(object) => (Kind::ReplicaSet, object.meta.key()),
            Self::Bind { pod, .. }
            | Self::PatchPodStatus { pod, .. }
            | Self::PatchPodCondition { pod, .. } => (Kind::Pod, pod.clone()),
            Self::PatchNodeStatus { node, .. } => (Kind::Node, ObjectKey::cluster(node.clone())),
            Self::RenewLease { key, .. } => (Kind::Lease, key.clone()),
            Self::RecordEvent(event) => (Kind::Event, event.meta.key()),
        }
    }
}

fn manifest_key(object: &Value) -> ObjectKey {
    let text = |field: &str| object["metadata"][field].as_str().map(Name::new).unwrap_or_default();
    ObjectKey { namespace: text("namespace"), name: text("name") }
}

/// A part of an object that has subresources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subresource {
    /// The object itself; its status stays.
    Main,
    /// `/status`
    Status,
    /// `/scale`
    Scale,
}

/// How an object is changed in part.
#[derive(Clone, Debug, PartialEq)]
pub enum Patch {
    /// RFC 6902.
    Json(Value),
    /// RFC 7396.
    Merge(Value),
    /// Kubernetes' own, along the schema's merge keys.
    Strategic(Value),
    /// Adds an owner; 409 unless the object has this uid (adoption, controllers.md 1.8).
    AddOwner {
        /// The object's uid.
        uid: Uid,
        /// The owner.
        owner: OwnerReference,
    },
    /// Removes an owner; 409 unless the object has this uid (release, controllers.md 1.8).
    RemoveOwner {
        /// The object's uid.
        uid: Uid,
        /// The owner's uid.
        owner: Uid,
    },
}

/// What must hold for a deletion, else 409.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preconditions {
    /// The uid.
    pub uid: Option<Uid>,
    /// The resourceVersion.
    pub resource_version: Option<u64>,
}

/// What becomes of an object's dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Propagation {
    /// They are deleted after it.
    Background,
    /// It waits until they are gone.
    Foreground,
    /// They stay.
    Orphan,
}

/// Options of a deletion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteOptions {
    /// Grace in seconds; `None` = the object's own.
    pub grace_seconds: Option<i64>,
    /// What must hold.
    pub preconditions: Preconditions,
    /// What becomes of dependents; `None` = the kind's default.
    pub propagation: Option<Propagation>,
}

/// What the API server answers to a call that it does not refuse.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// The object as it is now stored (of a deletion: as it was).
    Object(Object),
    /// The objects of a list.
    List(Vec<Object>),
    /// Nothing to say.
    Done,
}

impl Response {
    /// The object, if it is one.
    pub fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            Self::List(_) | Self::Done => None,
        }
    }
}

/// An answer.
pub type Reply = Result<Response, ApiError>;
