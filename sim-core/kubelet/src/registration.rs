//! The Node object of a kubelet: as it is registered, and what it says of its machine (kubelet.md 9.1, 9.2, 9.5).
//!
//! Source: `pkg/kubelet/kubelet_node_status.go`, `pkg/kubelet/nodestatus/setters.go`, v1.36.2.

use crate::config::Reservations;
use api::node::{Node, NodeSpec, NodeStatus, Taint};
use api::pod::ResourceList;
use api::{Condition, Name, ObjectMeta, StringMap};
use serde_json::{Map, Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use units::{Quantity, Timestamp};

/// The three pressure conditions when all is well: type, reason, message.
pub(crate) const PRESSURES: [(&str, &str, &str); 3] = [
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
];
/// The reason and message of Ready when all is well.
pub(crate) const READY: (&str, &str) = ("KubeletReady", "kubelet is posting ready status");

/// `--eviction-hard` of memory: 100Mi.
const MEMORY_THRESHOLD: i64 = 100 << 20;

/// What a node is registered with.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Its name.
    pub name: Name,
    /// Its number; decides its addresses.
    pub number: u32,
    /// Labels beside those that every kubelet sets.
    pub labels: StringMap,
    /// Taints.
    pub taints: Vec<Taint>,
    /// What the machine has.
    pub capacity: ResourceList,
    /// What of it pods may not have.
    pub reservations: Reservations,
    /// Now.
    pub now: Timestamp,
}

/// The Node object of a kubelet that is up and Ready.
pub fn registration(registration: &Registration) -> Node {
    let Registration { name, number, labels, taints, capacity, reservations, now } = registration;
    let all = labels.iter().map(|(key, value)| (key.clone(), value.clone()));
    let labels = all.chain(default_labels(name)).collect();
    let annotations = [MANAGED_ATTACH_DETACH].into_iter().collect();
    let meta = ObjectMeta { name: name.clone(), labels, annotations, ..ObjectMeta::default() };
    let spec = NodeSpec { taints: taints.clone(), pod_cidr: pod_cidr(*number), ..NodeSpec::default() };
    let capacity = reported_capacity(capacity, *reservations);
    let mut status = NodeStatus {
        allocatable: Arc::new(allocatable(&capacity, *reservations)),
        capacity: Arc::new(capacity),
        internal_ip: node_ip(*number).to_string().into(),
        rest: Arc::new(rest(name, *number)),
        ..NodeStatus::default()
    };
    set_healthy(&mut status, *now);
    Node { meta, spec, status }
}

pub(crate) const MANAGED_ATTACH_DETACH: (&str, &str) =
    ("volumes.kubernetes.io/controller-managed-attach-detach", "true");

/// The labels that a kubelet sets by itself.
pub(crate) fn default_labels(name: &Name) -> impl Iterator<Item = (Name, Name)> + use<> {
    let fixed = [
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/os", "linux"),
    ];
    let hostname = (Name::new_static("kubernetes.io/hostname"), name.clone());
    fixed.into_iter().map(|(key, value)| (key.into(), value.into())).chain([hostname])
}

/// The address of a node: `192.168.A.B`, by its number.
/// ASSUMPTION: any private network would do; numbers beyond 65,024 repeat addresses.
pub fn node_ip(number: u32) -> IpAddr {
    let part = |n: u32| u8::try_from(n % 256).unwrap_or_default();
    IpAddr::V4(Ipv4Addr::new(192, 168, part(number / 254), part(number % 254 + 1)))
}

/// The node's `podCIDR`, as the node IPAM controller gives them out: `10.244.0.0/24` and up.
fn pod_cidr(number: u32) -> Name {
    let [_, _, high, low] = number.to_be_bytes();
    format!("10.{}.{low}.0/24", high.wrapping_add(244)).into()
}

/// What the kubelet reports as capacity: without reservations no ephemeral storage is known (profiles.md).
fn reported_capacity(capacity: &ResourceList, reservations: Reservations) -> ResourceList {
    let mut reported = capacity.clone();
    if reservations == Reservations::None {
        reported.set(Name::new_static("ephemeral-storage"), Quantity::ZERO);
    }
    reported
}

/// Capacity less the hard eviction thresholds and, from memory, huge pages (kubelet.md 9.5).
pub(crate) fn allocatable(capacity: &ResourceList, reservations: Reservations) -> ResourceList {
    let mut left = capacity.clone();
    if reservations == Reservations::None {
        return left;
    }
    if let Some(memory) = capacity.get("memory") {
        let huge = capacity.iter().filter(|(name, _)| name.starts_with("hugepages-"));
        let taken = huge.fold(Quantity::from_bytes(MEMORY_THRESHOLD), |sum, (_, q)| sum.saturating_add(q));
        left.set(Name::new_static("memory"), at_least_zero(memory.saturating_sub(taken)));
    }
    if let Some(disk) = capacity.get("ephemeral-storage") {
        let bytes = disk.value();
        left.set(Name::new_static("ephemeral-storage"), Quantity::from_value(bytes - bytes / 10));
    }
    left
}

fn at_least_zero(amount: Quantity) -> Quantity {
    if amount.is_negative() { Quantity::ZERO } else { amount }
}

/// Sets the four conditions of a healthy node; others stay before them. Heartbeats are now, transitions only where the
/// status changes.
pub(crate) fn set_healthy(status: &mut NodeStatus, now: Timestamp) {
    let all = PRESSURES.iter().map(|(kind, reason, message)| (*kind, false, *reason, *message));
    for (kind, holds, reason, message) in all.chain([("Ready", true, READY.0, READY.1)]) {
        let mut fresh = Condition::new(Name::new_static(kind), holds, now).because(reason, message);
        fresh.last_update = Some(now);
        match status.conditions.iter_mut().find(|c| c.kind == kind) {
            Some(old) => {
                if old.status == fresh.status {
                    fresh.last_transition = old.last_transition.or(fresh.last_transition);
                }
                *old = fresh;
            }
            None => status.conditions.push(fresh),
        }
    }
}

/// What a kubelet reports beside typed fields: `nodeInfo`, endpoints, declared features.
pub(crate) fn rest(name: &Name, number: u32) -> Map<String, Value> {
    let info = json!({
        "architecture": "amd64",
        "bootID": format!("{number:08x}-0000-4000-8000-000000000001"),
        "containerRuntimeVersion": "containerd://2.1.4",
        "kernelVersion": "6.12.0",
        "kubeProxyVersion": "",
        "kubeletVersion": "v1.36.2",
        "machineID": format!("{number:032x}"),
        "operatingSystem": "linux",
        "osImage": "Wavetank",
        "systemUUID": name.as_str(),
    });
    let mut rest = Map::new();
    rest.insert("daemonEndpoints".to_owned(), json!({"kubeletEndpoint": {"Port": 10250}}));
    rest.insert("nodeInfo".to_owned(), info);
    rest.insert(
        "declaredFeatures".to_owned(),
        json!([
            "ExtendWebSocketsToKubelet",
            "InPlacePodLevelResourcesVerticalScaling",
            "InPlacePodVerticalScalingInitContainers",
            "RestartAllContainersOnContainerExits",
        ]),
    );
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Resource;

    fn amounts(list: &[(&str, &str)]) -> ResourceList {
        list.iter().map(|(name, amount)| (Name::new(name), Quantity::parse(amount).unwrap())).collect()
    }

    #[test]
    fn allocatable_is_capacity_less_thresholds() {
        let check = |capacity: &[(&str, &str)], expect: Value| {
            assert_eq!(allocatable(&amounts(capacity), Reservations::Default).to_json(), expect);
            let whole = amounts(capacity);
            assert_eq!(allocatable(&whole, Reservations::None), whole);
        };
        check(
            &[("cpu", "4"), ("memory", "16Gi"), ("pods", "110"), ("ephemeral-storage", "100Gi")],
            json!({"cpu": "4", "memory": "16284Mi", "pods": "110", "ephemeral-storage": "96636764160"}),
        );
        check(&[("memory", "50Mi")], json!({"memory": "0"}));
        check(
            &[("memory", "1Gi"), ("hugepages-2Mi", "24Mi")],
            json!({"memory": "900Mi", "hugepages-2Mi": "24Mi"}),
        );
    }

    #[test]
    fn a_node_as_it_is_registered() {
        let node = registration(&Registration {
            name: "node-0".into(),
            number: 0,
            labels: [("disk", "ssd")].into_iter().collect(),
            taints: Vec::new(),
            capacity: amounts(&[("cpu", "4"), ("ephemeral-storage", "100Gi")]),
            reservations: Reservations::None,
            now: Timestamp(0),
        });
        let json = node.to_json();
        assert!(node.is_ready());
        assert_eq!(json["status"]["allocatable"], json!({"cpu": "4", "ephemeral-storage": "0"}));
        assert_eq!(json["status"]["addresses"][0], json!({"type": "InternalIP", "address": "192.168.0.1"}));
        assert_eq!(json["metadata"]["labels"]["kubernetes.io/hostname"], json!("node-0"));
        assert_eq!(json["metadata"]["labels"]["disk"], json!("ssd"));
        assert_eq!(json["spec"]["podCIDR"], json!("10.244.0.0/24"));
        let kinds: Vec<&str> = node.status.conditions.iter().map(|c| c.kind.as_str()).collect();
        assert_eq!(kinds, ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"]);
    }

    #[test]
    fn addresses() {
        let check = |number: u32, ip: &str| assert_eq!(node_ip(number).to_string(), ip);
        check(0, "192.168.0.1");
        check(253, "192.168.0.254");
        check(254, "192.168.1.1");
        check(4999, "192.168.19.174");
    }
}
