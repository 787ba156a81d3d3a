//! Ports of a node that pods take (scheduler.md 7.8, 5.2).
//!
//! Source: `staging/src/k8s.io/kube-scheduler/framework/types.go` (HostPortInfo) and
//! `pkg/scheduler/util/utils.go` (GetHostPorts), v1.36.2.

use api::Name;
use api::pod::{PodSpec, RestartPolicy};
use serde::{Deserialize, Serialize};

/// What stands for every address.
const ANY_ADDRESS: &str = "0.0.0.0";

/// A port of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HostPort {
    /// The node's address; `0.0.0.0` = all.
    pub ip: Name,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Name,
    /// The port.
    pub port: i32,
}

/// The ports of a node that are taken: a set, so that giving one back frees it even if two pods had it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPortSet(Vec<HostPort>);

impl HostPortSet {
    /// Takes a port.
    pub fn insert(&mut self, port: HostPort) {
        if let Err(at) = self.0.binary_search(&port) {
            self.0.insert(at, port);
        }
    }
    /// Gives a port back.
    pub fn remove(&mut self, port: &HostPort) {
        if let Ok(at) = self.0.binary_search(port) {
            self.0.remove(at);
        }
    }
    /// Whether a port cannot be taken any more. `0.0.0.0` collides with every address.
    pub fn conflicts(&self, wanted: &HostPort) -> bool {
        self.0.iter().any(|used| {
            let address = wanted.ip == ANY_ADDRESS || used.ip == ANY_ADDRESS || used.ip == wanted.ip;
            address && used.protocol == wanted.protocol && used.port == wanted.port
        })
    }
    /// Whether none is taken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<HostPort> for HostPortSet {
    fn from_iter<I: IntoIterator<Item = HostPort>>(ports: I) -> Self {
        let mut set = Self::default();
        ports.into_iter().for_each(|port| set.insert(port));
        set
    }
}

/// The ports that a pod takes: those of sidecars, then of containers. Ordinary init containers take none.
pub fn host_ports(spec: &PodSpec) -> Vec<HostPort> {
    let sidecars = spec.init_containers.iter().filter(|c| c.restart_policy == Some(RestartPolicy::Always));
    sidecars
        .chain(&spec.containers)
        .flat_map(|container| &container.ports)
        .filter(|port| port.host_port > 0)
        .map(|port| HostPort {
            ip: or(&port.host_ip, ANY_ADDRESS),
            protocol: or(&port.protocol, "TCP"),
            port: port.host_port,
        })
        .collect()
}

fn or(text: &Name, default: &'static str) -> Name {
    if text.is_empty() { Name::new_static(default) } else { text.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(ip: &str, protocol: &str, port: i32) -> HostPort {
        HostPort { ip: ip.into(), protocol: protocol.into(), port }
    }

    #[test]
    fn conflicts() {
        let check = |wanted: HostPort, used: HostPort, expect| {
            let set: HostPortSet = [used.clone()].into_iter().collect();
            assert_eq!(set.conflicts(&wanted), expect, "{wanted:?} {used:?}");
        };
        check(port("0.0.0.0", "TCP", 80), port("127.0.0.1", "TCP", 80), true);
        check(port("127.0.0.1", "TCP", 80), port("0.0.0.0", "TCP", 80), true);
        check(port("127.0.0.1", "TCP", 80), port("127.0.0.1", "TCP", 80), true);
        check(port("127.0.0.1", "TCP", 80), port("127.0.0.2", "TCP", 80), false);
        check(port("0.0.0.0", "TCP", 80), port("0.0.0.0", "UDP", 80), false);
        check(port("0.0.0.0", "TCP", 80), port("0.0.0.0", "TCP", 81), false);
        check(port("::", "TCP", 80), port("127.0.0.1", "TCP", 80), false);
    }

    #[test]
    fn a_port_that_two_had_is_free_when_one_gives_it_back() {
        let mut set = HostPortSet::default();
        set.insert(port("0.0.0.0", "TCP", 80));
        set.insert(port("0.0.0.0", "TCP", 80));
        set.remove(&port("0.0.0.0", "TCP", 80));
        assert!(set.is_empty());
    }

    #[test]
    fn ordinary_init_containers_take_none() {
        let spec = serde_json::json!({
            "initContainers": [
                {"name": "once", "image": "i", "ports": [{"containerPort": 1, "hostPort": 1}]},
                {"name": "side", "image": "i", "restartPolicy": "Always", "ports": [{"containerPort": 2, "hostPort": 2}]},
            ],
            "containers": [{"name": "main", "image": "i", "ports": [
                {"containerPort": 3, "hostPort": 3, "protocol": "UDP", "hostIP": "127.0.0.1"}, {"containerPort": 4},
            ]}],
        });
        let spec = PodSpec::from_json(&spec).unwrap();
        assert_eq!(host_ports(&spec), [port("0.0.0.0", "TCP", 2), port("127.0.0.1", "UDP", 3)]);
    }
}
