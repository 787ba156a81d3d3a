//! Containers: names, images, ports, resources, probes.
//!
//! Source: `pkg/apis/core/validation/validation.go`, v1.36.2.

use super::forms::{label, port_name, port_number, qualified_name};
use super::found::{Found, NOT_NEGATIVE};
use api::core::PortRef;
use api::pod::{Container, ContainerPort, Handler, PodSpec, Probe, ResourceList, ResourceRequirements};
use std::collections::BTreeSet;
use units::Quantity;

/// What a container can have without a prefix.
const CONTAINER_RESOURCES: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
/// What else has a meaning without a prefix: for quotas and claims.
const OTHER_RESOURCES: [&str; 14] = [
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "services.nodeports",
    "services.loadbalancers",
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
];
const HUGE_PAGES: &str = "hugepages-";

/// Init containers, then containers; what holds between them comes with the latter of two.
pub(super) fn containers(path: &str, spec: &PodSpec, found: &mut Found) {
    if spec.containers.is_empty() {
        found.required(format!("{path}.containers"));
    }
    let mut seen = Seen::default();
    for (list, containers) in [("containers", &spec.containers), ("initContainers", &spec.init_containers)] {
        for (at, container) in containers.iter().enumerate() {
            let path = format!("{path}.{list}[{at}]");
            named(&path, container, &mut seen, found);
            image(&path, container, found);
            let is_init = list == "initContainers";
            ports(&path, container, spec.host_network, (!is_init).then_some(&mut seen), found);
            resources(&format!("{path}.resources"), &container.resources, found);
            probes(&path, container, found);
        }
    }
}

/// What must be unique within a pod.
#[derive(Default)]
struct Seen<'a> {
    names: BTreeSet<&'a str>,
    host_ports: BTreeSet<String>,
}

fn named<'a>(path: &str, container: &'a Container, seen: &mut Seen<'a>, found: &mut Found) {
    let path = format!("{path}.name");
    let name = container.name.as_str();
    if name.is_empty() {
        return found.required(path);
    }
    found.each(&path, name, label(name));
    if !seen.names.insert(name) {
        found.duplicate(path, name);
    }
}

fn image(path: &str, container: &Container, found: &mut Found) {
    let (path, image) = (format!("{path}.image"), container.image.as_str());
    if image.is_empty() {
        found.required(path);
    } else if image.trim() != image {
        found.invalid(path, image, "must not have leading or trailing whitespace");
    }
}

fn ports(
    path: &str,
    container: &Container,
    host_network: bool,
    mut seen: Option<&mut Seen<'_>>,
    found: &mut Found,
) {
    let mut names = BTreeSet::new();
    for (at, port) in container.ports.iter().enumerate() {
        let path = format!("{path}.ports[{at}]");
        if !port.name.is_empty() {
            let (path, problems) = (format!("{path}.name"), port_name(&port.name));
            if problems.is_empty() && !names.insert(port.name.as_str()) {
                found.duplicate(&path, port.name.as_str());
            }
            found.each(&path, &port.name, problems);
        }
        numbers(&path, port, host_network, found);
        if port.host_port != 0
            && let Some(seen) = &mut seen
        {
            let taken = format!("{}/{}/{}", port.protocol, port.host_ip, port.host_port);
            if !seen.host_ports.insert(taken.clone()) {
                found.duplicate(format!("{path}.hostPort"), taken);
            }
        }
    }
}

fn numbers(path: &str, port: &ContainerPort, host_network: bool, found: &mut Found) {
    let container_port = format!("{path}.containerPort");
    if port.container_port == 0 {
        found.required(container_port);
    } else if let Some(problem) = port_number(port.container_port) {
        found.invalid(container_port, port.container_port, problem);
    }
    let host_port = format!("{path}.hostPort");
    if port.host_port != 0 {
        if let Some(problem) = port_number(port.host_port) {
            found.invalid(host_port, port.host_port, problem);
        } else if host_network && port.host_port != port.container_port {
            let problem = "must match `containerPort` when `hostNetwork` is true";
            found.invalid(host_port, port.host_port, problem);
        }
    }
    if !["TCP", "UDP", "SCTP"].contains(&port.protocol.as_str()) {
        found.unsupported(format!("{path}.protocol"), &port.protocol, &["SCTP", "TCP", "UDP"]);
    }
}

/// Requests and limits of a container.
pub(super) fn resources(path: &str, resources: &ResourceRequirements, found: &mut Found) {
    let (limits, requests) = (format!("{path}.limits"), format!("{path}.requests"));
    amounts(&limits, &resources.limits, found);
    amounts(&requests, &resources.requests, found);
    for (name, request) in resources.requests.iter() {
        let overcommits = is_native(name) && !name.starts_with(HUGE_PAGES);
        match resources.limits.get(name) {
            Some(limit) if !overcommits && request != limit => {
                let problem = format!("must be equal to {name} limit of {limit}");
                found.invalid(&requests, request.to_string(), problem);
            }
            Some(limit) if request > limit => {
                let problem = format!("must be less than or equal to {name} limit of {limit}");
                found.invalid(&requests, request.to_string(), problem);
            }
            None if !overcommits => {
                let why = "Required value: Limit must be set for non overcommitable resources";
                found.add(&limits, why.to_owned());
            }
            _ => {}
        }
    }
    huge_pages(path, resources, found);
}

fn amounts(path: &str, list: &ResourceList, found: &mut Found) {
    for (name, amount) in list.iter() {
        let path = format!("{path}[{name}]");
        resource_name(&path, name, found);
        self::amount(&path, name, amount, found);
    }
}

/// The name of something that a container can have.
fn resource_name(path: &str, name: &str, found: &mut Found) {
    let problems = qualified_name(name);
    let is_name = problems.is_empty();
    found.each(path, name, problems);
    let is_container_resource = CONTAINER_RESOURCES.contains(&name) || name.starts_with(HUGE_PAGES);
    if !name.contains('/') && !is_container_resource {
        if !OTHER_RESOURCES.contains(&name) {
            found.invalid(path, name, "must be a standard resource type or fully qualified");
        }
        found.invalid(path, name, "must be a standard resource for containers");
    } else if !is_native(name) && (!is_name || name.starts_with("requests.")) {
        found.invalid(path, name, "doesn't follow extended resource name standard");
    }
}

/// An amount of a resource: at least 0, and whole where it has no parts.
pub(super) fn amount(path: &str, name: &str, amount: Quantity, found: &mut Found) {
    if amount.is_negative() {
        found.invalid(path, amount.to_string(), NOT_NEGATIVE);
    }
    let is_whole = amount == Quantity::from_value(amount.value());
    if (!is_native(name) || name == "pods") && !is_whole {
        found.invalid(path, amount.to_string(), "must be an integer");
    }
}

fn huge_pages(path: &str, resources: &ResourceRequirements, found: &mut Found) {
    let names = || resources.limits.iter().chain(resources.requests.iter()).map(|(name, _)| name.as_str());
    if names().any(|name| name.starts_with(HUGE_PAGES)) && !names().any(|n| n == "cpu" || n == "memory") {
        found.forbidden(path, "HugePages require cpu or memory");
    }
}

/// Whether Kubernetes itself gives the resource its meaning.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn probes(path: &str, container: &Container, found: &mut Found) {
    let probes = [
        ("livenessProbe", &container.liveness_probe, true),
        ("readinessProbe", &container.readiness_probe, false),
        ("startupProbe", &container.startup_probe, true),
    ];
    for (name, probe, succeeds_once) in probes {
        if let Some(probe) = probe {
            self::probe(&format!("{path}.{name}"), probe, succeeds_once, found);
        }
    }
}

fn probe(path: &str, probe: &Probe, succeeds_once: bool, found: &mut Found) {
    handler(path, &probe.handler, found);
    let numbers = [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ];
    for (name, number) in numbers {
        found.not_negative(format!("{path}.{name}"), number);
    }
    let grace = format!("{path}.terminationGracePeriodSeconds");
    match probe.termination_grace_period_seconds {
        Some(_) if !succeeds_once => found.forbidden(grace, "must not be set for readinessProbes"),
        Some(seconds) if seconds <= 0 => found.invalid(grace, seconds, "must be greater than 0"),
        _ => {}
    }
    if succeeds_once && probe.success_threshold != 1 {
        found.invalid(format!("{path}.successThreshold"), probe.success_threshold, "must be 1");
    }
}

fn handler(path: &str, handler: &Handler, found: &mut Found) {
    match handler {
        Handler::Exec(command) if command.is_empty() => found.required(format!("{path}.exec.command")),
        Handler::HttpGet { port, .. } => port_ref(&format!("{path}.httpGet.port"), port, found),
        Handler::TcpSocket { port } => port_ref(&format!("{path}.tcpSocket.port"), port, found),
        Handler::Grpc { port } => {
            port_ref(&format!("{path}.grpc.port"), &PortRef::Number(*port), found);
        }
        Handler::Exec(_) | Handler::Sleep(_) => {}
    }
}

/// A port by number or name.
pub(super) fn port_ref(path: &str, port: &PortRef, found: &mut Found) {
    match port {
        PortRef::Number(number) => {
            if let Some(problem) = port_number(*number) {
                found.invalid(path, *number, problem);
            }
        }
        PortRef::Name(name) => found.each(path, name, port_name(name)),
    }
}
