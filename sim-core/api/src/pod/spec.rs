//! `spec` of a pod: the fields that something here acts on, and the whole of it as JSON.

use crate::json::{Fields, Object, Read, meta_from, put, strings_to};
use crate::node::TaintEffect;
use crate::selector::Requirement;
use crate::{LabelSelector, Name, StringMap, Uid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use units::Quantity;

use super::QosClass;
use super::read::{affinity_from, container_from, resources_from, spread_from, toleration_from};

/// Amounts by resource name, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ResourceList(Vec<(Name, Quantity)>);

impl ResourceList {
    /// The amount of a resource, if it is named.
    pub fn get(&self, resource: &str) -> Option<Quantity> {
        self.0.binary_search_by(|(name, _)| name.as_str().cmp(resource)).ok().map(|at| self.0[at].1)
    }
    /// Entries in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, Quantity)> {
        self.0.iter().map(|(name, amount)| (name, *amount))
    }
    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Sets the amount of a resource.
    pub fn set(&mut self, resource: Name, amount: Quantity) {
        match self.0.binary_search_by(|(name, _)| name.cmp(&resource)) {
            Ok(at) => self.0[at].1 = amount,
            Err(at) => self.0.insert(at, (resource, amount)),
        }
    }
    /// The JSON form, quantities in canonical text.
    pub fn to_json(&self) -> Value {
        Value::Object(
            self.iter().map(|(name, amount)| (name.to_string(), amount.to_string().into())).collect(),
        )
    }
}

impl FromIterator<(Name, Quantity)> for ResourceList {
    fn from_iter<I: IntoIterator<Item = (Name, Quantity)>>(entries: I) -> Self {
        let mut list = Self::default();
        for (name, amount) in entries {
            list.set(name, amount);
        }
        list
    }
}

/// Requests and limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResourceRequirements {
    /// What is reserved.
    pub requests: ResourceList,
    /// What may be used at most.
    pub limits: ResourceList,
}

text_enum! {
    /// Whether ended containers are started again.
    RestartPolicy { Always = "Always", OnFailure = "OnFailure", Never = "Never" }
}

text_enum! {
    /// When an image is fetched from its registry.
    ImagePullPolicy { Always = "Always", IfNotPresent = "IfNotPresent", Never = "Never" }
}

/// How a probe or a hook reaches its container. What is behind it decides only latencies and messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handler {
    /// A command in the container.
    Exec(Vec<Name>),
    /// An HTTP request.
    HttpGet {
        /// Port by number or name.
        port: crate::core::PortRef,
        /// Path.
        path: Name,
    },
    /// A TCP connection.
    TcpSocket {
        /// Port by number or name.
        port: crate::core::PortRef,
    },
    /// A gRPC health check.
    Grpc {
        /// Port.
        port: i32,
    },
    /// A pause of whole seconds (hooks only).
    Sleep(i64),
}

/// A probe, defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// How it asks.
    pub handler: Handler,
    /// Seconds after the container's start before the first attempt.
    pub initial_delay_seconds: i32,
    /// Seconds between attempts.
    pub period_seconds: i32,
    /// Seconds until an attempt fails.
    pub timeout_seconds: i32,
    /// Successes in a row until it counts as passed.
    pub success_threshold: i32,
    /// Failures in a row until it counts as failed.
    pub failure_threshold: i32,
    /// Grace of the kill that it causes, instead of the pod's.
    pub termination_grace_period_seconds: Option<i64>,
}

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPort {
    /// Name; may be empty.
    pub name: Name,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Name,
    /// The port in the pod.
    pub container_port: i32,
    /// The port on the node; 0 = none.
    pub host_port: i32,
    /// The node's address that the host port binds; empty = all.
    pub host_ip: Name,
}

/// A container or init container.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    /// Name.
    pub name: Name,
    /// Image.
    pub image: Name,
    /// When the image is fetched.
    pub image_pull_policy: ImagePullPolicy,
    /// Requests and limits.
    pub resources: ResourceRequirements,
    /// Ports.
    pub ports: Vec<ContainerPort>,
    /// Liveness probe.
    pub liveness_probe: Option<Probe>,
    /// Readiness probe.
    pub readiness_probe: Option<Probe>,
    /// Startup probe.
    pub startup_probe: Option<Probe>,
    /// Hook before a stop.
    pub pre_stop: Option<Handler>,
    /// Hook after a start.
    pub post_start: Option<Handler>,
    /// The container's own restart policy; `Always` makes an init container a sidecar.
    pub restart_policy: Option<RestartPolicy>,
    /// Volume mounts: name, path, read-only.
    pub volume_mounts: Vec<(Name, Name, bool)>,
}

text_enum! {
    /// How a toleration compares values.
    TolerationOperator { Equal = "Equal", Exists = "Exists", Lt = "Lt", Gt = "Gt" }
}

/// A toleration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toleration {
    /// Key; empty = all keys.
    pub key: Name,
    /// Operator.
    pub operator: TolerationOperator,
    /// Value.
    pub value: Name,
    /// Effect; `None` = all effects.
    pub effect: Option<TaintEffect>,
    /// How long a NoExecute taint is borne; `None` = for ever.
    pub toleration_seconds: Option<i64>,
}

/// One alternative of a node selector: all its requirements must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSelectorTerm {
    /// Requirements on labels.
    pub match_expressions: Vec<Requirement>,
    /// Requirements on fields (`metadata.name` alone).
    pub match_fields: Vec<Requirement>,
}

/// A preferred node selector term with its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreferredTerm {
    /// 1 to 100.
    pub weight: i32,
    /// The preference.
    pub term: NodeSelectorTerm,
}

/// Node affinity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeAffinity {
    /// Alternatives of which one must hold; `None` = no requirement.
    pub required: Option<Vec<NodeSelectorTerm>>,
    /// Preferences.
    pub preferred: Vec<PreferredTerm>,
}

/// Affinity. Pod affinity and anti-affinity stay in the JSON until a plugin acts on them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affinity {
    /// Node affinity.
    pub node: Option<NodeAffinity>,
    /// Whether the spec has pod affinity or pod anti-affinity.
    pub has_pod_terms: bool,
}

text_enum! {
    /// What happens if a spread constraint cannot be met.
    WhenUnsatisfiable { DoNotSchedule = "DoNotSchedule", ScheduleAnyway = "ScheduleAnyway" }
}

/// A topology spread constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopologySpreadConstraint {
    /// Largest allowed difference between domains.
    pub max_skew: i32,
    /// The node label that names the domain.
    pub topology_key: Name,
    /// Whether it filters or scores.
    pub when_unsatisfiable: WhenUnsatisfiable,
    /// The pods that are counted.
    pub label_selector: Option<LabelSelector>,
    /// Domains below which the smallest count is taken as 0.
    pub min_domains: Option<i32>,
    /// `nodeAffinityPolicy` is Honor (the default).
    pub honor_node_affinity: bool,
    /// `nodeTaintsPolicy` is Honor (not the default).
    pub honor_node_taints: bool,
    /// Labels whose values are taken from the pod.
    pub match_label_keys: Vec<Name>,
}

/// `spec` of a pod, `nodeName` left out.
#[derive(Clone, Debug, PartialEq)]
pub struct PodSpec {
    /// Init containers and sidecars, in order.
    pub init_containers: Vec<Container>,
    /// Containers, in order.
    pub containers: Vec<Container>,
    /// Whether ended containers are started again.
    pub restart_policy: RestartPolicy,
    /// Seconds from SIGTERM to SIGKILL.
    pub termination_grace_period_seconds: i64,
    /// Seconds that the pod may live.
    pub active_deadline_seconds: Option<i64>,
    /// Labels that the node must have.
    pub node_selector: StringMap,
    /// Affinity.
    pub affinity: Affinity,
    /// Tolerations.
    pub tolerations: Vec<Toleration>,
    /// Topology spread constraints.
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// Which scheduler places it.
    pub scheduler_name: Name,
    /// Priority.
    pub priority: i32,
    /// `preemptionPolicy` is Never.
    pub never_preempts: bool,
    /// What the pod needs beside its containers.
    pub overhead: ResourceList,
    /// Pod-level requests and limits.
    pub resources: Option<ResourceRequirements>,
    /// Shares the node's network.
    pub host_network: bool,
    /// `hostname`; empty if none.
    pub hostname: Name,
    /// `subdomain`; empty if none.
    pub subdomain: Name,
    /// Names of its scheduling gates.
    pub scheduling_gates: Vec<Name>,
    /// Condition types that Ready waits for.
    pub readiness_gates: Vec<Name>,
    /// Whether admission gave it a service account token volume.
    pub token_volume: bool,
    /// Whether it has volumes of its own.
    pub has_volumes: bool,
    /// Quality of service.
    pub qos_class: QosClass,
    /// The whole spec as it was given and defaulted, without `nodeName` and the token volume.
    pub json: Object,
}

impl PodSpec {
    /// Reads the JSON form.
    pub fn from_fields(f: &Fields<'_>) -> Read<Self> {
        let mut json = f.object().clone();
        json.remove("nodeName");
        let init_containers = f.list("initContainers", container_from)?;
        let containers = f.list("containers", container_from)?;
        let resources = f.maybe_fields("resources")?.map(|r| resources_from(&r)).transpose()?;
        let qos_class = QosClass::of(&init_containers, &containers, resources.as_ref());
        Ok(Self {
            init_containers,
            containers,
            restart_policy: f.word("restartPolicy", RestartPolicy::parse)?.unwrap_or(RestartPolicy::Always),
            termination_grace_period_seconds: f.int("terminationGracePeriodSeconds")?.unwrap_or(30),
            active_deadline_seconds: f.int("activeDeadlineSeconds")?,
            node_selector: f.strings("nodeSelector")?,
            affinity: affinity_from(&f.fields("affinity")?)?,
            tolerations: f.list("tolerations", toleration_from)?,
            topology_spread_constraints: f.list("topologySpreadConstraints", spread_from)?,
            scheduler_name: f.text("schedulerName")?.map_or(Name::new_static("default-scheduler"), Name::new),
            priority: f.int32("priority")?.unwrap_or_default(),
            never_preempts: f.text("preemptionPolicy")? == Some("Never"),
            overhead: f.quantities("overhead")?,
            resources,
            host_network: f.flag("hostNetwork")?,
            hostname: f.name("hostname")?,
            subdomain: f.name("subdomain")?,
            scheduling_gates: f.list("schedulingGates", |g| g.name("name"))?,
            readiness_gates: f.list("readinessGates", |g| g.name("conditionType"))?,
            token_volume: false,
            has_volumes: f.get("volumes").and_then(Value::as_array).is_some_and(|v| !v.is_empty()),
            qos_class,
            json,
        })
    }

    /// Reads a spec from a JSON object of its own.
    pub fn from_json(value: &Value) -> Read<Self> {
        Self::from_fields(&Fields::root(value)?)
    }

    /// The JSON form for one pod: with the token volume, whose name each pod has for itself.
    pub fn json_for(&self, pod: Uid) -> Object {
        let mut json = self.json.clone();
        if self.token_volume && pod != Uid::default() {
            add_token_volume(&mut json, &token_volume_name(pod));
        }
        json
    }

    /// Init containers and containers, in the order of the spec.
    pub fn all_containers(&self) -> impl Iterator<Item = &Container> {
        self.init_containers.iter().chain(&self.containers)
    }
}

/// `kube-api-access-xxxxx`: the letters come from the pod's uid, so that replicas can share their spec.
/// DIFFERENCE: in a real cluster they are random and differ from pod to pod, too; nobody can tell.
pub fn token_volume_name(pod: Uid) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let letters = (0..5_u32).map(|at| {
        let digit = usize::try_from((pod.0 >> (at * 8)) & 0xff).unwrap_or_default();
        char::from(LETTERS[digit % LETTERS.len()])
    });
    format!("kube-api-access-{}", letters.collect::<String>())
}

fn add_token_volume(spec: &mut Object, name: &str) {
    let volume = json!({"name": name, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]}});
    let mount = json!({"name": name, "readOnly": true, "mountPath": TOKEN_MOUNT_PATH});
    push(spec, "volumes", volume);
    for list in ["initContainers", "containers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(container) = container.as_object_mut() {
                push(container, "volumeMounts", mount.clone());
            }
        }
    }
}

/// Where the token volume is mounted.
pub const TOKEN_MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn push(object: &mut Object, list: &str, item: Value) {
    match object.get_mut(list).and_then(Value::as_array_mut) {
        Some(items) => items.push(item),
        None => {
            object.insert(list.to_owned(), Value::Array(vec![item]));
        }
    }
}

/// What a controller makes pods from.
#[derive(Clone, Debug, PartialEq)]
pub struct PodTemplate {
    /// Labels of the pods.
    pub labels: StringMap,
    /// Annotations of the pods.
    pub annotations: StringMap,
    /// Finalizers of the pods.
    pub finalizers: Vec<Name>,
    /// What they ask for.
    pub spec: Arc<PodSpec>,
}

impl PodTemplate {
    /// Reads the JSON form.
    pub fn from_fields(f: &Fields<'_>) -> Read<Self> {
        let meta = meta_from(f)?;
        Ok(Self {
            labels: meta.labels,
            annotations: meta.annotations,
            finalizers: meta.finalizers,
            spec: Arc::new(PodSpec::from_fields(&f.fields("spec")?)?),
        })
    }
    /// The JSON form.
    pub fn to_json(&self) -> Value {
        let mut meta = Object::new();
        put(&mut meta, "labels", strings_to(&self.labels));
        put(&mut meta, "annotations", strings_to(&self.annotations));
        put(&mut meta, "finalizers", crate::json::names_to(&self.finalizers));
        let mut template = Object::new();
        template.insert("metadata".to_owned(), Value::Object(meta));
        template.insert("spec".to_owned(), Value::Object(self.spec.json.clone()));
        Value::Object(template)
    }
}
