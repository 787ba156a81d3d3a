//! Nodes.
//!
//! Source: kubelet.md 3.3.

use super::Table;
use super::name;
use super::read::{age, condition, flag, labels_of, list, or, text};
use serde_json::Value;
use std::collections::BTreeSet;
use units::MicroTime;

pub const TABLE: Table = Table {
    columns: &["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
    wide: &["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"],
    cells,
};

const ROLE: &str = "node-role.kubernetes.io/";

fn cells(node: &Value, now: MicroTime) -> Vec<String> {
    let info = |field: &str| or(text(node, &format!("status.nodeInfo.{field}")), "<unknown>").to_owned();
    vec![
        name(node),
        status(node),
        roles(node),
        age(node, now),
        text(node, "status.nodeInfo.kubeletVersion").to_owned(),
        address(node, "InternalIP"),
        address(node, "ExternalIP"),
        info("osImage"),
        kernel(node, info("kernelVersion")),
        info("containerRuntimeVersion"),
    ]
}

fn status(node: &Value) -> String {
    let ready = match condition(node, "Ready") {
        "True" => "Ready",
        "" => "Unknown",
        _ => "NotReady",
    };
    let cordoned = if flag(node, "spec.unschedulable") { ",SchedulingDisabled" } else { "" };
    format!("{ready}{cordoned}")
}

fn roles(node: &Value) -> String {
    let labels = labels_of(node);
    let mut roles: BTreeSet<&str> = BTreeSet::new();
    for (key, value) in labels.iter() {
        let role = if key == "kubernetes.io/role" { Some(value.as_str()) } else { key.strip_prefix(ROLE) };
        roles.extend(role.filter(|role| !role.is_empty()));
    }
    or(&roles.into_iter().collect::<Vec<_>>().join(","), "<none>").to_owned()
}

fn address(node: &Value, kind: &str) -> String {
    let addresses = list(node, "status.addresses");
    let address = addresses.iter().find(|a| a["type"] == kind).map(|a| text(a, "address"));
    address.unwrap_or("<none>").to_owned()
}

fn kernel(node: &Value, version: String) -> String {
    match text(node, "status.nodeInfo.architecture") {
        "" => version,
        architecture => format!("{version} ({architecture})"),
    }
}
