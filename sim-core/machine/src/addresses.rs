//! Addresses of pods: one /24 per node, as the host-local IPAM plugin gives them out.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};

/// The network `10.A.B.0/24` of a node's pods, beginning with 10.244.0.0.
/// DIFFERENCE: beyond 65,536 nodes networks repeat; who compares addresses there can tell.
const fn network(node: u32) -> [u8; 2] {
    let [_, _, high, low] = node.to_be_bytes();
    [high.wrapping_add(244), low]
}

/// A node's `podCIDR`.
pub fn pod_cidr(node: u32) -> String {
    let [a, b] = network(node);
    format!("10.{a}.{b}.0/24")
}

/// The addresses of one node's pods.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Addresses {
    network: [u8; 2],
    taken: [u128; 2],
    last: u8,
}

impl Addresses {
    pub fn of_node(node: u32) -> Self {
        Self { network: network(node), taken: [0; 2], last: 1 }
    }

    /// The next free host number after the last one given out (.1 is the gateway); `None` if all are taken.
    pub fn take(&mut self) -> Option<u8> {
        let after = (self.last..=254).skip(1);
        let free = after.chain(2..=self.last.min(254)).find(|host| !self.is_taken(*host))?;
        self.taken[usize::from(free >> 7)] |= 1 << (free & 127);
        self.last = free;
        Some(free)
    }

    pub fn give_back(&mut self, host: u8) {
        self.taken[usize::from(host >> 7)] &= !(1 << (host & 127));
    }

    pub fn address(&self, host: u8) -> IpAddr {
        let [a, b] = self.network;
        IpAddr::V4(Ipv4Addr::new(10, a, b, host))
    }

    /// What the plugin says when none is left.
    pub fn exhausted(&self) -> String {
        let [a, b] = self.network;
        format!(
            "rpc error: code = Unknown desc = failed to set up sandbox network: failed to allocate for range 0: \
             no IP addresses available in range set: 10.{a}.{b}.1-10.{a}.{b}.254"
        )
    }

    fn is_taken(&self, host: u8) -> bool {
        self.taken[usize::from(host >> 7)] >> (host & 127) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_nodes() {
        let check = |node: u32, cidr: &str| assert_eq!(pod_cidr(node), cidr);
        check(0, "10.244.0.0/24");
        check(255, "10.244.255.0/24");
        check(256, "10.245.0.0/24");
        check(5000, "10.7.136.0/24");
    }

    #[test]
    fn addresses_go_round_and_run_out() {
        let mut addresses = Addresses::of_node(3);
        let all: Vec<u8> = std::iter::from_fn(|| addresses.take()).collect();
        assert_eq!((all.len(), all[0], all[252]), (253, 2, 254));
        assert_eq!(addresses.take(), None);
        addresses.give_back(7);
        addresses.give_back(200);
        assert_eq!([addresses.take(), addresses.take(), addresses.take()], [Some(7), Some(200), None]);
        assert_eq!(addresses.address(7).to_string(), "10.244.3.7");
    }
}
