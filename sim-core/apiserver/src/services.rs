//! Cluster IPs and node ports (controllers.md 13.3).

use crate::Served;
use api::core::{Service, ServiceSpec};
use api::json::Fields;
use api::{ApiError, Kind, Name, Object};
use random::Seed;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// `--service-cluster-ip-range=10.96.0.0/16`, as in the recorded clusters.
const RANGE: (u32, u32) = (0x0a60_0000, 1 << 16);
/// Addresses below this offset are for static requests: min(max(16, size ÷ 16), 256).
const STATIC_BAND: u32 = 256;
/// `--service-node-port-range` 30000–32767; dynamic ports start at 30086.
const NODE_PORTS: (i32, i32, i32) = (30000, 30086, 32767);

/// Addresses and ports that are taken.
#[derive(Clone, Debug, Default)]
pub struct Allocators {
    addresses: BTreeSet<u32>,
    node_ports: BTreeSet<i32>,
}

impl Allocators {
    /// Marks what an object that was there before already has.
    pub fn take_existing(&mut self, object: &Object) {
        if let Object::Service(service) = object {
            self.addresses.extend(offset_of(&service.spec.cluster_ip));
            self.node_ports.extend(service.spec.ports.iter().map(|p| p.node_port).filter(|p| *p != 0));
        }
    }

    /// Gives back what a deleted Service had.
    pub fn release(&mut self, service: &Service) {
        if let Some(offset) = offset_of(&service.spec.cluster_ip) {
            self.addresses.remove(&offset);
        }
        for port in &service.spec.ports {
            self.node_ports.remove(&port.node_port);
        }
    }

    /// Gives a new Service its address and ports.
    pub fn allocate(&mut self, service: &mut Service, seed: Seed) -> Served<()> {
        let mut json = service.spec.json.clone();
        let owner = service.meta.key().to_string();
        if service.spec.kind != "ExternalName" {
            let address = self.address(&service.spec.cluster_ip, &service.meta.name, seed, &owner)?;
            json.insert("clusterIP".to_owned(), address.as_str().into());
            json.insert("clusterIPs".to_owned(), json!([address.as_str()]));
            json.entry("ipFamilies").or_insert_with(|| json!(["IPv4"]));
            json.entry("ipFamilyPolicy").or_insert_with(|| "SingleStack".into());
        }
        if service.spec.kind == "NodePort" || service.spec.kind == "LoadBalancer" {
            self.give_node_ports(&mut json, &service.meta.name, seed, &owner)?;
        }
        let value = Value::Object(json);
        let spec = Fields::root(&value).and_then(|f| ServiceSpec::from_fields(&f));
        let spec =
            spec.map_err(|e| ApiError::invalid(Kind::Service, &service.meta.name, &[e.to_string()]))?;
        service.spec = Arc::new(spec);
        Ok(())
    }

    fn address(&mut self, wanted: &Name, service: &str, seed: Seed, owner: &str) -> Served<Name> {
        if wanted == "None" {
            return Ok(wanted.clone());
        }
        if !wanted.is_empty() {
            let refused = |why: &str| {
                let cause = format!(
                    "spec.clusterIPs: Invalid value: [\"{wanted}\"]: failed to allocate IP {wanted}: {why}"
                );
                ApiError::invalid(Kind::Service, service, &[cause])
            };
            let offset = offset_of(wanted)
                .ok_or_else(|| refused("the provided network does not match the current range"))?;
            return if self.addresses.insert(offset) {
                Ok(wanted.clone())
            } else {
                Err(refused("provided IP is already allocated"))
            };
        }
        let upper = RANGE.1 - 1 - STATIC_BAND;
        let draw = seed.stream("cluster-ip", owner).at(0).below(u64::from(upper));
        let start = u32::try_from(draw).unwrap_or(0);
        let in_upper = (0..upper).map(|i| STATIC_BAND + (start + i) % upper);
        let free = in_upper.chain(1..STATIC_BAND).find(|offset| !self.addresses.contains(offset));
        let offset = free.ok_or_else(|| {
            ApiError::new(api::Reason::InternalError, "failed to allocate a serviceIP: range is full")
        })?;
        self.addresses.insert(offset);
        Ok(Ipv4Addr::from(RANGE.0 + offset).to_string().into())
    }

    fn give_node_ports(
        &mut self,
        json: &mut api::json::Object,
        service: &str,
        seed: Seed,
        owner: &str,
    ) -> Served<()> {
        let ports = json.get_mut("ports").and_then(Value::as_array_mut);
        for (number, port) in ports.into_iter().flatten().enumerate() {
            let wanted =
                port.get("nodePort").and_then(Value::as_i64).and_then(|p| i32::try_from(p).ok()).unwrap_or(0);
            let given = if wanted == 0 { self.free_port(seed, owner, number as u64)? } else { wanted };
            if !self.node_ports.insert(given) {
                let cause = format!(
                    "spec.ports[{number}].nodePort: Invalid value: {given}: provided port is already allocated"
                );
                return Err(ApiError::invalid(Kind::Service, service, &[cause]));
            }
            if let Some(port) = port.as_object_mut() {
                port.insert("nodePort".to_owned(), given.into());
            }
        }
        Ok(())
    }

    fn free_port(&self, seed: Seed, owner: &str, number: u64) -> Served<i32> {
        let (first, dynamic, last) = NODE_PORTS;
        let size = last - dynamic + 1;
        let draw = seed.stream("node-port", owner).at(number).below(size.unsigned_abs().into());
        let start = i32::try_from(draw).unwrap_or(0);
        let candidates = (0..size).map(|i| dynamic + (start + i) % size).chain(first..dynamic);
        let free = candidates.into_iter().find(|port| !self.node_ports.contains(port));
        free.ok_or_else(|| {
            ApiError::new(api::Reason::InternalError, "failed to allocate a nodePort: range is full")
        })
    }
}

fn offset_of(address: &str) -> Option<u32> {
    let address: Ipv4Addr = address.parse().ok()?;
    u32::from(address).checked_sub(RANGE.0).filter(|offset| *offset < RANGE.1)
}
