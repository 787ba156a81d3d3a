//! `status` of a pod (kubelet.md 2).

use super::spec::{
    Container, PodSpec, ResourceList, ResourceRequirements, TOKEN_MOUNT_PATH, token_volume_name,
};
use crate::json::{Fields, Object, Read, condition_from, put, put_nonzero, time_to};
use crate::{Condition, Name, Uid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::IpAddr;
use units::{Quantity, Timestamp};

text_enum! {
    /// Where a pod is in its life.
    Phase {
        Pending = "Pending",
        Running = "Running",
        Succeeded = "Succeeded",
        Failed = "Failed",
        Unknown = "Unknown",
    }
}

impl Phase {
    /// Succeeded or Failed.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

text_enum! {
    /// Quality of service (kubelet.md 8.1), fixed at creation.
    QosClass { Guaranteed = "Guaranteed", Burstable = "Burstable", BestEffort = "BestEffort" }
}

impl QosClass {
    /// The class of a pod with these containers. Only cpu and memory count, and amounts of zero do not.
    pub fn of(init: &[Container], main: &[Container], pod: Option<&ResourceRequirements>) -> Self {
        let lists = |r: &ResourceRequirements| (positive(&r.requests), positive(&r.limits));
        let all: Vec<_> = match pod.filter(|p| !p.requests.is_empty() || !p.limits.is_empty()) {
            Some(pod) => vec![lists(pod)],
            None => init.iter().chain(main).map(|c| lists(&c.resources)).collect(),
        };
        if all.iter().all(|(requests, limits)| requests == &[None, None] && limits == &[None, None]) {
            return Self::BestEffort;
        }
        let complete = |(requests, limits): &([Option<Quantity>; 2], [Option<Quantity>; 2])| {
            limits.iter().all(Option::is_some)
                && requests.iter().zip(limits).all(|(r, l)| r.is_none() || r == l)
        };
        if all.iter().all(complete) { Self::Guaranteed } else { Self::Burstable }
    }
}

fn positive(list: &ResourceList) -> [Option<Quantity>; 2] {
    ["cpu", "memory"].map(|name| list.get(name).filter(|q| !q.is_zero() && !q.is_negative()))
}

/// A container's id at its runtime, shown as `containerd://<64 hex digits>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContainerId(pub u128);

impl std::fmt::Display for ContainerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "containerd://{:064x}", self.0)
    }
}

impl ContainerId {
    /// Reads `<runtime>://<hex>`; the lower 128 bits count.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.rsplit("//").next()?;
        let low = hex.get(hex.len().saturating_sub(32)..)?;
        u128::from_str_radix(low, 16).ok().map(Self)
    }
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminated {
    /// Exit code.
    pub exit_code: i32,
    /// `Completed`, `Error`, `OOMKilled`, …
    pub reason: Name,
    /// Message; may be empty.
    pub message: Name,
    /// When it started; `None` if it never did.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Which run it was.
    pub container_id: Option<ContainerId>,
}

/// `state` of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContainerState {
    /// Not yet started, or held back.
    Waiting {
        /// `ContainerCreating`, `CrashLoopBackOff`, …; may be empty.
        reason: Name,
        /// Message; may be empty.
        message: Name,
    },
    /// Running.
    Running {
        /// Since when.
        started_at: Timestamp,
    },
    /// Ended.
    Terminated(Box<Terminated>),
}

/// Status of one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerStatus {
    /// Name.
    pub name: Name,
    /// What it does now.
    pub state: ContainerState,
    /// How its run before this one ended.
    pub last_termination: Option<Box<Terminated>>,
    /// Takes traffic (regular containers) or is done (init containers).
    pub ready: bool,
    /// Has passed its startup probe, if it has one.
    pub started: bool,
    /// Runs before this one.
    pub restart_count: i32,
    /// Image as the runtime names it.
    pub image: Name,
    /// Whether the runtime knows the image (then `imageID` is shown).
    pub image_known: bool,
    /// Which run the state is of; `None` before the first.
    pub container_id: Option<ContainerId>,
}

/// Status of a pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PodStatus {
    /// The generation that the kubelet saw; 0 before it did.
    pub observed_generation: i64,
    /// Phase.
    pub phase: Phase,
    /// Conditions, in the order in which they are shown.
    pub conditions: Vec<Condition>,
    /// Why it is in its phase; may be empty.
    pub reason: Name,
    /// The same as a sentence; may be empty.
    pub message: Name,
    /// Address of its node.
    pub host_ip: Option<IpAddr>,
    /// Its own address.
    pub pod_ip: Option<IpAddr>,
    /// When its kubelet first saw it.
    pub start_time: Option<Timestamp>,
    /// Init containers, in the order of the spec.
    pub init_container_statuses: Vec<ContainerStatus>,
    /// Containers, by name.
    pub container_statuses: Vec<ContainerStatus>,
    /// Where preemption makes room for it; empty if nowhere.
    pub nominated_node_name: Name,
    /// Whether the kubelet has reported resources (any status of its own but a rejection).
    pub resources_reported: bool,
}

impl Default for PodStatus {
    fn default() -> Self {
        Self {
            observed_generation: 0,
            phase: Phase::Pending,
            conditions: Vec::new(),
            reason: Name::default(),
            message: Name::default(),
            host_ip: None,
            pod_ip: None,
            start_time: None,
            init_container_statuses: Vec::new(),
            container_statuses: Vec::new(),
            nominated_node_name: Name::default(),
            resources_reported: false,
        }
    }
}

fn terminated_from(f: &Fields<'_>) -> Read<Box<Terminated>> {
    Ok(Box::new(Terminated {
        exit_code: f.int32("exitCode")?.unwrap_or_default(),
        reason: f.name("reason")?,
        message: f.name("message")?,
        started_at: f.time("startedAt")?,
        finished_at: f.time("finishedAt")?,
        container_id: f.text("containerID")?.and_then(ContainerId::parse),
    }))
}

fn state_from(f: &Fields<'_>) -> Read<ContainerState> {
    if let Some(running) = f.maybe_fields("running")? {
        return Ok(ContainerState::Running { started_at: running.time("startedAt")?.unwrap_or_default() });
    }
    if let Some(terminated) = f.maybe_fields("terminated")? {
        return terminated_from(&terminated).map(ContainerState::Terminated);
    }
    let waiting = f.fields("waiting")?;
    Ok(ContainerState::Waiting { reason: waiting.name("reason")?, message: waiting.name("message")? })
}

fn container_status_from(f: &Fields<'_>) -> Read<ContainerStatus> {
    let last = f.fields("lastState")?.maybe_fields("terminated")?;
    Ok(ContainerStatus {
        name: f.name("name")?,
        state: state_from(&f.fields("state")?)?,
        last_termination: last.map(|l| terminated_from(&l)).transpose()?,
        ready: f.flag("ready")?,
        started: f.flag("started")?,
        restart_count: f.int32("restartCount")?.unwrap_or_default(),
        image: f.name("image")?,
        image_known: f.text("imageID")?.is_some_and(|id| !id.is_empty()),
        container_id: f.text("containerID")?.and_then(ContainerId::parse),
    })
}

impl PodStatus {
    /// Reads the JSON form; an absent status is that of a pod just created.
    pub fn from_fields(f: &Fields<'_>) -> Read<Self> {
        let ip = |name| -> Read<Option<IpAddr>> { Ok(f.text(name)?.and_then(|ip| ip.parse().ok())) };
        Ok(Self {
            observed_generation: f.int("observedGeneration")?.unwrap_or_default(),
            phase: f.word("phase", Phase::parse)?.unwrap_or(Phase::Pending),
            conditions: f.list("conditions", |c| condition_from(c, "lastProbeTime"))?,
            reason: f.name("reason")?,
            message: f.name("message")?,
            host_ip: ip("hostIP")?,
            pod_ip: ip("podIP")?,
            start_time: f.time("startTime")?,
            init_container_statuses: f.list("initContainerStatuses", container_status_from)?,
            container_statuses: f.list("containerStatuses", container_status_from)?,
            nominated_node_name: f.name("nominatedNodeName")?,
            resources_reported: f.get("resources").is_some(),
        })
    }

    /// The JSON form (kubelet.md 2.6); what follows from the spec is computed here.
    pub fn to_json(&self, spec: &PodSpec, pod: Uid) -> Value {
        let mut s = Object::new();
        put_nonzero(&mut s, "observedGeneration", self.observed_generation);
        put(&mut s, "phase", self.phase.as_str());
        put(&mut s, "conditions", self.conditions.iter().map(condition_json).collect::<Value>());
        put(&mut s, "message", self.message.as_str());
        put(&mut s, "reason", self.reason.as_str());
        put(&mut s, "nominatedNodeName", self.nominated_node_name.as_str());
        if let Some(ip) = self.host_ip {
            put(&mut s, "hostIP", ip.to_string());
            put(&mut s, "hostIPs", json!([{"ip": ip.to_string()}]));
        }
        if let Some(ip) = self.pod_ip {
            put(&mut s, "podIP", ip.to_string());
            put(&mut s, "podIPs", json!([{"ip": ip.to_string()}]));
        }
        put(&mut s, "startTime", time_to(self.start_time));
        let family = |statuses: &[ContainerStatus], containers: &[Container]| -> Value {
            let container = |name: &Name| containers.iter().find(|c| c.name == *name);
            statuses.iter().map(|c| container_status_json(c, container(&c.name), spec, pod)).collect()
        };
        put(&mut s, "initContainerStatuses", family(&self.init_container_statuses, &spec.init_containers));
        put(&mut s, "containerStatuses", family(&self.container_statuses, &spec.containers));
        put(&mut s, "qosClass", spec.qos_class.as_str());
        if self.resources_reported {
            self.put_resources(&mut s, spec);
        }
        Value::Object(s)
    }

    fn put_resources(&self, s: &mut Object, spec: &PodSpec) {
        let total = spec.resources.clone().unwrap_or_else(|| sums(&spec.containers));
        put(s, "allocatedResources", total.requests.to_json());
        s.insert("resources".to_owned(), resources_json(&total));
    }
}

fn sums(containers: &[Container]) -> ResourceRequirements {
    let mut total = ResourceRequirements::default();
    for container in containers {
        for (from, into) in [
            (&container.resources.requests, &mut total.requests),
            (&container.resources.limits, &mut total.limits),
        ] {
            for (name, amount) in from.iter() {
                let sum = into.get(name).map_or(amount, |have| have.saturating_add(amount));
                into.set(name.clone(), sum);
            }
        }
    }
    total
}

fn resources_json(resources: &ResourceRequirements) -> Value {
    let mut object = Object::new();
    put(&mut object, "limits", resources.limits.to_json());
    put(&mut object, "requests", resources.requests.to_json());
    Value::Object(object)
}

fn condition_json(condition: &Condition) -> Value {
    let mut value = crate::json::condition_to(condition, "lastProbeTime");
    if let Some(object) = value.as_object_mut()
        && !object.contains_key("lastProbeTime")
    {
        object.insert("lastProbeTime".to_owned(), Value::Null);
    }
    value
}

fn terminated_json(t: &Terminated) -> Value {
    let mut object = Object::new();
    object.insert("exitCode".to_owned(), t.exit_code.into());
    put(&mut object, "reason", t.reason.as_str());
    put(&mut object, "message", t.message.as_str());
    object.insert("startedAt".to_owned(), time_to(t.started_at));
    object.insert("finishedAt".to_owned(), time_to(t.finished_at));
    put(&mut object, "containerID", t.container_id.map_or(Value::Null, |id| id.to_string().into()));
    Value::Object(object)
}

fn state_json(state: &ContainerState) -> Value {
    match state {
        ContainerState::Waiting { reason, message } => {
            let mut waiting = Object::new();
            put(&mut waiting, "reason", reason.as_str());
            put(&mut waiting, "message", message.as_str());
            json!({"waiting": waiting})
        }
        ContainerState::Running { started_at } => json!({"running": {"startedAt": started_at.to_string()}}),
        ContainerState::Terminated(t) => json!({"terminated": terminated_json(t)}),
    }
}

fn container_status_json(
    status: &ContainerStatus,
    container: Option<&Container>,
    spec: &PodSpec,
    pod: Uid,
) -> Value {
    let mut c = Object::new();
    put(&mut c, "name", status.name.as_str());
    put(&mut c, "state", state_json(&status.state));
    let last = status
        .last_termination
        .as_ref()
        .map_or_else(|| json!({}), |t| json!({"terminated": terminated_json(t)}));
    c.insert("lastState".to_owned(), last);
    c.insert("ready".to_owned(), status.ready.into());
    c.insert("restartCount".to_owned(), status.restart_count.into());
    c.insert("image".to_owned(), status.image.as_str().into());
    let image_id = if status.image_known { image_id(&status.image) } else { String::new() };
    c.insert("imageID".to_owned(), image_id.into());
    put(&mut c, "containerID", status.container_id.map_or(Value::Null, |id| id.to_string().into()));
    c.insert("started".to_owned(), status.started.into());
    if let Some(container) = container {
        if status.container_id.is_some() {
            put(&mut c, "allocatedResources", container.resources.requests.to_json());
            c.insert("resources".to_owned(), resources_json(&container.resources));
        }
        put(&mut c, "volumeMounts", mounts_json(container, spec, pod));
    }
    Value::Object(c)
}

fn mounts_json(container: &Container, spec: &PodSpec, pod: Uid) -> Value {
    let token =
        spec.token_volume.then(|| (token_volume_name(pod).into(), Name::new_static(TOKEN_MOUNT_PATH), true));
    let mount = |(name, path, read_only): (Name, Name, bool)| {
        let mut object = Object::new();
        put(&mut object, "name", name.as_str());
        put(&mut object, "mountPath", path.as_str());
        if read_only {
            put(&mut object, "readOnly", true);
            put(&mut object, "recursiveReadOnly", "Disabled");
        }
        Value::Object(object)
    };
    container.volume_mounts.iter().cloned().chain(token).map(mount).collect()
}

/// `repository@sha256:…`: a digest that follows from the image's name.
/// DIFFERENCE: no digest of a real image; who compares digests with a registry can tell.
fn image_id(image: &str) -> String {
    let repository = match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => image,
    };
    // FNV-1a, twice: a digest needs to be stable and to look like one, nothing more.
    let fnv = |seed: u64| image.bytes().fold(seed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!(
        "{repository}@sha256:{:032x}{:016x}{:016x}",
        0,
        fnv(0xcbf2_9ce4_8422_2325),
        fnv(0x8422_2325_cbf2_9ce4)
    )
}
