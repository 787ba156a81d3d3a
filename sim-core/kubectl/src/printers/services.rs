//! Services and where they lead.
//!
//! Source: kubelet.md 3.3.

use super::Table;
use super::name;
use super::read::{age, at, first_three, int, joined_labels, list, or, strings, text};
use serde_json::Value;
use std::collections::BTreeSet;
use units::MicroTime;

pub const SERVICE: Table = Table {
    columns: &["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"],
    wide: &["SELECTOR"],
    cells: service,
};

pub const ENDPOINTS: Table = Table { columns: &["NAME", "ENDPOINTS", "AGE"], wide: &[], cells: endpoints };

pub const ENDPOINT_SLICE: Table = Table {
    columns: &["NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"],
    wide: &[],
    cells: endpoint_slice,
};

fn texts(value: &Value, path: &str) -> Vec<String> {
    list(value, path).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn service(object: &Value, now: MicroTime) -> Vec<String> {
    let addresses = texts(object, "spec.clusterIPs");
    let address = addresses.first().map_or(text(object, "spec.clusterIP"), String::as_str);
    vec![
        name(object),
        text(object, "spec.type").to_owned(),
        or(address, "<none>").to_owned(),
        external(object),
        ports(object),
        age(object, now),
        joined_labels(&strings(at(object, "spec.selector"))),
    ]
}

fn external(service: &Value) -> String {
    let own = texts(service, "spec.externalIPs");
    match text(service, "spec.type") {
        "ExternalName" => text(service, "spec.externalName").to_owned(),
        "LoadBalancer" => {
            let ingress = list(service, "status.loadBalancer.ingress").iter();
            let given: BTreeSet<&str> = ingress.map(|i| or(text(i, "ip"), text(i, "hostname"))).collect();
            let mut all: Vec<String> =
                given.into_iter().filter(|a| !a.is_empty()).map(str::to_owned).collect();
            all.extend(own);
            or(&all.join(","), "<pending>").to_owned()
        }
        _ => or(&own.join(","), "<none>").to_owned(),
    }
}

fn ports(service: &Value) -> String {
    let port = |port: &Value| match int(port, "nodePort") {
        0 => format!("{}/{}", int(port, "port"), text(port, "protocol")),
        node_port => format!("{}:{node_port}/{}", int(port, "port"), text(port, "protocol")),
    };
    let ports: Vec<String> = list(service, "spec.ports").iter().map(port).collect();
    or(&ports.join(","), "<none>").to_owned()
}

fn endpoints(object: &Value, now: MicroTime) -> Vec<String> {
    let subsets = list(object, "subsets");
    let mut all = Vec::new();
    for subset in subsets {
        let ports = list(subset, "ports");
        let addresses = || list(subset, "addresses").iter().map(|address| text(address, "ip"));
        if ports.is_empty() {
            all.extend(addresses().map(str::to_owned));
        }
        for port in ports {
            all.extend(addresses().map(|ip| format!("{}:{}", bracketed(ip), int(port, "port"))));
        }
    }
    let shown = if subsets.is_empty() { "<none>".to_owned() } else { first_three(&all) };
    vec![name(object), shown, age(object, now)]
}

/// An IPv6 address before a port.
fn bracketed(ip: &str) -> String {
    if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() }
}

fn endpoint_slice(object: &Value, now: MicroTime) -> Vec<String> {
    let port = |port: &Value| match (at(port, "port").as_i64(), text(port, "name")) {
        (Some(number), _) => number.to_string(),
        (None, name) => or(name, "*").to_owned(),
    };
    let ports: Vec<String> = list(object, "ports").iter().map(port).collect();
    let addresses: Vec<String> =
        list(object, "endpoints").iter().flat_map(|endpoint| texts(endpoint, "addresses")).collect();
    let shown = |values: &[String]| or(&first_three(values), "<unset>").to_owned();
    vec![
        name(object),
        text(object, "addressType").to_owned(),
        shown(&ports),
        shown(&addresses),
        age(object, now),
    ]
}
