//! Services and nodes.
//!
//! Source: `pkg/apis/core/validation/validation.go`, v1.36.2.
//!
//! DIFFERENCE: of Services the type, the selector and the ports, of Nodes taints and amounts alone.

use super::container::{amount, port_ref};
use super::forms::{label, port_number, qualified_name};
use super::found::Found;
use super::metadata::labels;
use api::core::{Service, ServicePort};
use api::node::{Node, Taint};
use std::collections::BTreeSet;

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

pub(super) fn service(service: &Service, found: &mut Found) {
    let spec = &service.spec;
    let needs_ports = spec.cluster_ip != "None" && spec.kind != "ExternalName";
    if spec.ports.is_empty() && needs_ports {
        found.required("spec.ports");
    }
    let mut seen = BTreeSet::new();
    for (at, port) in spec.ports.iter().enumerate() {
        let path = format!("spec.ports[{at}]");
        port_name(&path, port, spec.ports.len() > 1, &mut seen, found);
        if let Some(problem) = port_number(port.port) {
            found.invalid(format!("{path}.port"), port.port, problem);
        }
        if !["TCP", "UDP", "SCTP"].contains(&port.protocol.as_str()) {
            found.unsupported(format!("{path}.protocol"), &port.protocol, &["SCTP", "TCP", "UDP"]);
        }
        port_ref(&format!("{path}.targetPort"), &port.target_port, found);
    }
    if let Some(selector) = &spec.selector {
        labels("spec.selector", selector, found);
    }
    if !spec.kind.is_empty() && !TYPES.contains(&spec.kind.as_str()) {
        found.unsupported("spec.type", &spec.kind, &TYPES);
    }
}

fn port_name<'a>(
    path: &str,
    port: &'a ServicePort,
    is_one_of_many: bool,
    seen: &mut BTreeSet<&'a str>,
    found: &mut Found,
) {
    let (path, name) = (format!("{path}.name"), port.name.as_str());
    if name.is_empty() {
        if is_one_of_many {
            found.required(path);
        }
        return;
    }
    found.each(&path, name, label(name));
    if !seen.insert(name) {
        found.duplicate(path, name);
    }
}

pub(super) fn node(node: &Node, found: &mut Found) {
    for (at, taint) in node.spec.taints.iter().enumerate() {
        let path = format!("metadata.taints[{at}]");
        found.each(&format!("{path}.key"), &taint.key, qualified_name(&taint.key));
        if node.spec.taints[..at].iter().any(|t| t.key == taint.key && t.effect == taint.effect) {
            let unique = "taints must be unique by key and effect pair";
            found.add(path, format!("Duplicate value: {}: {unique}", shown(taint)));
        }
    }
    let amounts = [("capacity", &node.status.capacity), ("allocatable", &node.status.allocatable)];
    for (field, list) in amounts {
        for (name, value) in list.iter() {
            amount(&format!("status.{field}.{name}"), name, value, found);
        }
    }
}

/// A taint as the server shows it.
fn shown(taint: &Taint) -> String {
    let Taint { key, value, effect, time_added } = taint;
    let time = time_added.map_or("null".to_owned(), |time| format!("{:?}", time.to_string()));
    format!("{{\"Key\":{key:?},\"Value\":{value:?},\"Effect\":{:?},\"TimeAdded\":{time}}}", effect.as_str())
}
