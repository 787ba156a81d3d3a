//! What of an object is observed: the rest of a line is dropped when it has been read.

use super::containers::{ContainerView, containers};
use super::entry::epoch;
use serde_json::{Map, Value};

/// Whose objects are left out.
pub(super) const SYSTEM_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Which object it is.
#[derive(Debug)]
pub(super) struct Meta {
    pub(super) kind: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) uid: String,
    /// As it stands there; empty if an Event does not say.
    pub(super) created: String,
    pub(super) controller: Option<Controller>,
    /// It has a deletionTimestamp.
    pub(super) deleting: bool,
}

/// The owner reference that controls an object.
#[derive(Debug)]
pub(super) struct Controller {
    pub(super) kind: String,
    pub(super) uid: String,
}

/// What is observed of an object.
#[derive(Debug)]
pub(super) enum Body {
    /// Nothing; it may still own what is.
    Unobserved,
    Event(EventView),
    EndpointSlice(SliceView),
    Node(NodeView),
    Pod(Box<PodView>),
    Other(ObjectView),
}

#[derive(Debug)]
pub(super) struct EventView {
    pub(super) kind: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) uid: Option<String>,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) count: i64,
}

#[derive(Debug)]
pub(super) struct SliceView {
    pub(super) service: Option<String>,
    pub(super) endpoints: Vec<Endpoint>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Endpoint {
    pub(super) ready: bool,
    pub(super) serving: bool,
    pub(super) terminating: bool,
}

#[derive(Debug)]
pub(super) struct NodeView {
    /// Status and reason of the condition Ready.
    pub(super) ready: Option<String>,
    pub(super) taints: Vec<String>,
    pub(super) unschedulable: bool,
}

#[derive(Debug)]
pub(super) struct PodView {
    /// spec.nodeName; empty before it is bound.
    pub(super) node: String,
    /// The node that a DaemonSet made it for.
    pub(super) wanted_node: Option<String>,
    /// Its name was generated.
    pub(super) generated: bool,
    pub(super) completion_index: Option<String>,
    pub(super) phase: String,
    pub(super) reason: String,
    pub(super) qos_class: String,
    pub(super) ready: bool,
    /// `True`, or the reason why not, or null.
    pub(super) scheduled: Value,
    pub(super) disruption: Option<Disruption>,
    pub(super) containers: Vec<ContainerView>,
}

/// The condition DisruptionTarget.
#[derive(Debug)]
pub(super) struct Disruption {
    pub(super) status: String,
    pub(super) reason: String,
}

/// Any other object: its counters and conditions, by what they are called after its name.
#[derive(Debug)]
pub(super) struct ObjectView {
    pub(super) steps: Vec<(String, Value)>,
    pub(super) scalars: Vec<(&'static str, Value)>,
}

/// Which object it is. The error is the path of the field that it lacks.
pub(super) fn meta(object: &Value) -> Result<Meta, &'static str> {
    let kind = text(object, "kind").ok_or("object.kind")?;
    let meta = object.get("metadata").ok_or("object.metadata")?;
    // An Event is told apart by its UID, and placed by when it is seen.
    let need = |field, path| match text(meta, field) {
        Some(text) => Ok(text.to_owned()),
        None if kind == "Event" => Ok(String::new()),
        None => Err(path),
    };
    Ok(Meta {
        kind: kind.to_owned(),
        namespace: owned(meta, "namespace"),
        name: need("name", "object.metadata.name")?,
        uid: owned(meta, "uid").ok_or("object.metadata.uid")?,
        created: need("creationTimestamp", "object.metadata.creationTimestamp")?,
        controller: list(meta, "ownerReferences")
            .iter()
            .find(|owner| says(owner, "controller"))
            .map(|owner| Controller { kind: string(owner, "kind"), uid: string(owner, "uid") }),
        deleting: says(meta, "deletionTimestamp"),
    })
}

/// What is observed of an object. The error is a text that is no time.
pub(super) fn body(object: &Value, meta: &Meta) -> Result<Body, String> {
    if unobserved(meta) {
        return Ok(Body::Unobserved);
    }
    Ok(match meta.kind.as_str() {
        "Event" => Body::Event(event(object)),
        "EndpointSlice" => Body::EndpointSlice(slice(object)),
        "Node" => Body::Node(node(object)),
        "Pod" => Body::Pod(Box::new(pod(object)?)),
        kind => Body::Other(other(object, kind)?),
    })
}

fn unobserved(meta: &Meta) -> bool {
    let name = meta.name.as_str();
    let namespace = meta.namespace.as_deref().unwrap_or("");
    if SYSTEM_NAMESPACES.contains(&namespace) {
        return true;
    }
    match meta.kind.as_str() {
        "Lease" | "Endpoints" | "ControllerRevision" | "LimitRange" => true,
        "Namespace" => name == "default" || SYSTEM_NAMESPACES.contains(&name),
        "Service" | "EndpointSlice" => namespace == "default" && name.starts_with("kubernetes"),
        _ => false,
    }
}

fn event(object: &Value) -> EventView {
    let of = part(object, "involvedObject");
    let count = |holder: &Value| holder.get("count").and_then(Value::as_i64).filter(|count| *count != 0);
    EventView {
        kind: owned(of, "kind"),
        namespace: owned(of, "namespace"),
        name: string(of, "name"),
        uid: owned(of, "uid"),
        reason: string(object, "reason"),
        message: string(object, "message"),
        count: count(object).or_else(|| count(part(object, "series"))).unwrap_or(1),
    }
}

fn slice(object: &Value) -> SliceView {
    let endpoint = |endpoint: &Value| {
        let conditions = part(endpoint, "conditions");
        let [ready, serving, terminating] = ["ready", "serving", "terminating"].map(|c| says(conditions, c));
        Endpoint { ready, serving, terminating }
    };
    SliceView {
        service: owned(part(part(object, "metadata"), "labels"), "kubernetes.io/service-name"),
        endpoints: list(object, "endpoints").iter().map(endpoint).collect(),
    }
}

fn node(object: &Value) -> NodeView {
    let (spec, status) = (part(object, "spec"), part(object, "status"));
    let ready = list(status, "conditions").iter().find(|condition| text(condition, "type") == Some("Ready"));
    let taint = |taint: &Value| format!("{}:{}", string(taint, "key"), string(taint, "effect"));
    let mut taints: Vec<String> = list(spec, "taints").iter().map(taint).collect();
    taints.sort();
    NodeView {
        ready: ready
            .map(|condition| format!("{}:{}", string(condition, "status"), string(condition, "reason"))),
        taints,
        unschedulable: says(spec, "unschedulable"),
    }
}

fn pod(object: &Value) -> Result<PodView, String> {
    let (meta, spec, status) = (part(object, "metadata"), part(object, "spec"), part(object, "status"));
    // Of several conditions of one type the last counts.
    let condition = |kind| list(status, "conditions").iter().rfind(|c| text(c, "type") == Some(kind));
    let scheduled =
        condition("PodScheduled").map_or(Value::Null, |condition| match text(condition, "status") {
            Some("True") => Value::from("True"),
            _ => text(condition, "reason").into(),
        });
    let wanted_node = match text(spec, "nodeName") {
        Some(bound) if !bound.is_empty() => Some(bound),
        unbound => affine_node(spec).or(unbound),
    };
    Ok(PodView {
        node: string(spec, "nodeName"),
        wanted_node: wanted_node.map(str::to_owned),
        generated: says(meta, "generateName"),
        completion_index: owned(part(meta, "annotations"), "batch.kubernetes.io/job-completion-index"),
        phase: string(status, "phase"),
        reason: string(status, "reason"),
        qos_class: string(status, "qosClass"),
        ready: condition("Ready").is_some_and(|condition| text(condition, "status") == Some("True")),
        scheduled,
        disruption: condition("DisruptionTarget").map(|condition| Disruption {
            status: string(condition, "status"),
            reason: string(condition, "reason"),
        }),
        containers: containers(status)?,
    })
}

/// The node that the DaemonSet controller names in the pod's affinity.
fn affine_node(spec: &Value) -> Option<&str> {
    const TERMS: &str =
        "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
    spec.pointer(TERMS)?.pointer("/0/matchFields/0/values/0")?.as_str()
}

/// The counters of a status that are observed.
fn counters(kind: &str) -> &'static [&'static str] {
    match kind {
        "Deployment" => &[
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
        ],
        "ReplicaSet" | "ReplicationController" => &["replicas", "readyReplicas", "availableReplicas"],
        "StatefulSet" => {
            &["replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"]
        }
        "DaemonSet" => &[
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "numberReady",
            "numberAvailable",
            "numberUnavailable",
            "updatedNumberScheduled",
            "numberMisscheduled",
        ],
        "Job" => {
            &["active", "ready", "succeeded", "failed", "terminating", "completedIndexes", "failedIndexes"]
        }
        "PodDisruptionBudget" => &["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"],
        "PersistentVolume" | "PersistentVolumeClaim" | "Namespace" => &["phase"],
        "ResourceQuota" => &["used"],
        _ => &[],
    }
}

fn other(object: &Value, kind: &str) -> Result<ObjectView, String> {
    let (spec, status) = (part(object, "spec"), part(object, "status"));
    let counter = |field: &&str| {
        let absent = || if *field == "phase" { Value::from("") } else { Value::from(0) };
        let value = status.get(*field).filter(|value| !value.is_null()).cloned().unwrap_or_else(absent);
        (format!("status.{field}"), value)
    };
    let mut steps: Vec<(String, Value)> = counters(kind).iter().map(counter).collect();
    if let Some(replicas) = spec.get("replicas") {
        steps.push(("spec.replicas".to_owned(), replicas.clone()));
    }
    match kind {
        "Deployment" | "ReplicaSet" | "Job" | "PodDisruptionBudget" | "Namespace" => {
            steps.push(("conditions".to_owned(), conditions(status).into()));
        }
        "CronJob" => steps.push(("active".to_owned(), list(status, "active").len().into())),
        "StatefulSet" if says(status, "updateRevision") => {
            let updated = status.get("currentRevision") == status.get("updateRevision");
            steps.push(("updated".to_owned(), updated.into()));
        }
        _ => {}
    }
    Ok(ObjectView { steps, scalars: scalars(kind, spec, status)? })
}

fn scalars(kind: &str, spec: &Value, status: &Value) -> Result<Vec<(&'static str, Value)>, String> {
    let value = |holder: &Value, field| holder.get(field).cloned().unwrap_or_default();
    Ok(match kind {
        "Job" => match (time(status, "startTime")?, time(status, "completionTime")?) {
            (Some(start), Some(completion)) => vec![("duration", (completion - start).into())],
            _ => Vec::new(),
        },
        "PersistentVolume" => vec![("claim", value(part(spec, "claimRef"), "name"))],
        "PersistentVolumeClaim" => vec![("volume", value(spec, "volumeName"))],
        _ => Vec::new(),
    })
}

/// `Available=False:MinimumReplicasUnavailable` for each condition, by type.
fn conditions(status: &Value) -> Vec<String> {
    let mut conditions: Vec<&Value> = list(status, "conditions").iter().collect();
    conditions.sort_by_key(|condition| text(condition, "type"));
    let shown = |condition: &&Value| {
        let reason = text(condition, "reason").filter(|reason| !reason.is_empty());
        let reason = reason.map_or_else(String::new, |reason| format!(":{reason}"));
        format!("{}={}{reason}", string(condition, "type"), string(condition, "status"))
    };
    conditions.iter().map(shown).collect()
}

/// A map within; null is one that has nothing.
pub(super) fn part<'a>(value: &'a Value, field: &str) -> &'a Value {
    const NOTHING: &Value = &Value::Null;
    value.get(field).unwrap_or(NOTHING)
}

/// A list within, empty if there is none.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A text within, if there is one.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

/// A text within, empty if there is none.
pub(super) fn string(value: &Value, field: &str) -> String {
    text(value, field).unwrap_or_default().to_owned()
}

/// A time within, in seconds since the Unix epoch. The error is a text that is no time.
pub(super) fn time(value: &Value, field: &str) -> Result<Option<i64>, String> {
    epoch(text(value, field).unwrap_or_default())
}

fn owned(value: &Value, field: &str) -> Option<String> {
    text(value, field).map(str::to_owned)
}

/// Whether a field is there and is not nothing.
fn says(value: &Value, field: &str) -> bool {
    match value.get(field) {
        Some(Value::Object(map)) => !Map::is_empty(map),
        Some(value) => !super::value::is_nothing(value),
        None => false,
    }
}
