//! From pods to endpoints (controllers.md 13.1).
//!
//! Source: `staging/src/k8s.io/endpointslice/{utils,reconciler}.go`, v1.36.2.

use api::core::{PortRef, Service, ServicePort};
use api::discovery::{Endpoint, EndpointPort};
use api::pod::{Container, Pod};
use api::{Kind, Name, ObjectKey, ObjectRef};
use client::View;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    /// The API's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }
    fn has(self, address: IpAddr) -> bool {
        address.is_ipv4() == (self == Self::V4)
    }
}

/// Ports of a slice.
pub type Ports = Arc<[EndpointPort]>;

/// Endpoints by their ports, each by the pod's name.
pub type Endpoints = BTreeMap<Ports, BTreeMap<Name, Arc<Endpoint>>>;

/// What the slices of a family should hold.
pub struct Desired {
    pub endpoints: Endpoints,
    /// Some pod was left out, because its node is not known.
    pub incomplete: bool,
}

/// The families of a Service, in the order of its spec.
pub fn families(service: &Service) -> Vec<Family> {
    let family = |word: &str| match word {
        "IPv6" => Family::V6,
        _ => Family::V4,
    };
    let given = service.spec.json.get("ipFamilies").and_then(|f| f.as_array());
    let words = given.into_iter().flatten().filter_map(|word| word.as_str());
    let families: Vec<Family> = words.map(family).collect();
    match service.spec.cluster_ip.parse::<IpAddr>() {
        _ if !families.is_empty() => families,
        Ok(IpAddr::V6(_)) => vec![Family::V6],
        _ => vec![Family::V4],
    }
}

/// Whether an update of a pod can change its endpoint. Each update of a pod that is being deleted counts.
pub fn has_changed(old: &Pod, new: &Pod) -> bool {
    let address = |pod: &Pod| pod.status.pod_ip.map(|ip| (ip, pod.node_name.clone()));
    new.meta.is_deleting()
        || old.meta.is_deleting()
        || old.is_ready() != new.is_ready()
        || address(old) != address(new)
        || old.meta.uid != new.meta.uid
}

/// The endpoints of a Service's pods.
pub fn desired(service: &Service, family: Family, pods: &[&Arc<Pod>], view: &View<'_>) -> Desired {
    let mut desired = Desired { endpoints: Endpoints::new(), incomplete: false };
    let mut interned: BTreeMap<Vec<EndpointPort>, Ports> = BTreeMap::new();
    for pod in pods {
        let Some(address) = pod.status.pod_ip.filter(|ip| family.has(*ip)) else { continue };
        if pod.status.phase.is_terminal() {
            continue;
        }
        let node = view.node(&ObjectKey::cluster(pod.node_name.clone()));
        if node.is_none() && !service.spec.publish_not_ready_addresses {
            desired.incomplete = true;
            continue;
        }
        let zone = node.map(|node| node.zone()).unwrap_or_default();
        let ports = ports(service, pod);
        let ports = interned.entry(ports.clone()).or_insert_with(|| ports.into());
        let endpoint = Arc::new(endpoint(service, pod, address, zone));
        let by_name = desired.endpoints.entry(Arc::clone(ports)).or_default();
        by_name.insert(pod.meta.name.clone(), endpoint);
    }
    desired
}

fn endpoint(service: &Service, pod: &Pod, address: IpAddr, zone: Name) -> Endpoint {
    let (serving, terminating) = (pod.is_ready(), pod.meta.is_deleting());
    let has_name = !pod.spec.hostname.is_empty() && pod.spec.subdomain == service.meta.name;
    Endpoint {
        address: address.to_string().into(),
        ready: service.spec.publish_not_ready_addresses || (serving && !terminating),
        serving,
        terminating,
        hostname: if has_name { pod.spec.hostname.clone() } else { Name::default() },
        target: Some(ObjectRef::new(Kind::Pod, &pod.meta)),
        node_name: pod.node_name.clone(),
        zone,
        hints: Vec::new(),
    }
}

/// The ports of a Service that a pod has.
fn ports(service: &Service, pod: &Pod) -> Vec<EndpointPort> {
    let port = |port: &ServicePort| {
        Some(EndpointPort {
            name: port.name.clone(),
            protocol: port.protocol.clone(),
            port: Some(target_port(port, pod)?),
            app_protocol: port.app_protocol.clone(),
        })
    };
    service.spec.ports.iter().filter_map(port).collect()
}

fn target_port(port: &ServicePort, pod: &Pod) -> Option<i32> {
    let name = match &port.target_port {
        PortRef::Number(number) => return Some(*number),
        PortRef::Name(name) => name,
    };
    let sidecars = pod.spec.init_containers.iter().filter(|c| c.restart_policy.is_some());
    let named = |container: &Container| {
        let mut ports = container.ports.iter();
        ports.find(|p| p.name == *name && p.protocol == port.protocol).map(|p| p.container_port)
    };
    pod.spec.containers.iter().chain(sidecars).find_map(named)
}
