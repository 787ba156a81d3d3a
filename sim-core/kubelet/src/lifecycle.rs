//! Admission: whether a pod that was bound to the node may run on it (kubelet.md 4.1, rows 4b to 4f).
//!
//! Source: `pkg/kubelet/lifecycle/predicate.go`, v1.36.2.
//! DIFFERENCE: node pressure, sysctls, resource managers, OS selectors, AppArmor, declared features and node shutdown
//! refuse nothing yet, and a critical pod is refused like any other instead of displacing others; who asks for one of
//! these can tell.

use crate::Kubelet;
use crate::pod_workers::Phase;
use api::Name;
use api::node::Node;
use api::node::TaintEffect;
use api::pod::Pod;
use component_helpers::{
    HostPortSet, Resource, effective_request, find_untolerated, host_ports, matches_required,
};

/// Why a pod was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// `OutOfcpu`, `NodeAffinity`, …
    pub reason: Name,
    /// The event's message.
    pub message: Name,
}

impl Rejection {
    fn of_predicate(reason: &'static str, message: &str) -> Self {
        let message = format!("Predicate {reason} failed: {message}").into();
        Self { reason: Name::new_static(reason), message }
    }

    fn of_resource(resource: &str, requested: i64, used: i64, capacity: i64) -> Self {
        let message = format!(
            "Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
        );
        Self { reason: format!("OutOf{resource}").into(), message: message.into() }
    }
}

impl Kubelet {
    /// Whether the pod may run beside those that were admitted and have not ended; the first refusal wins.
    pub(crate) fn admit(&self, serial: u32, pod: &Pod) -> Result<(), Rejection> {
        let Some(node) = self.node.object() else { return Ok(()) };
        let others = self.pods.iter().filter(|(other, entry)| {
            **other != serial && entry.worker.phase < Phase::Terminated && !entry.status().phase.is_terminal()
        });
        let others: Vec<&Pod> = others.map(|(_, entry)| &*entry.pod).collect();
        fits_resources(pod, node, &others)?;
        fits_node(pod, node, &self.name, &others)
    }
}

fn fits_resources(pod: &Pod, node: &Node, others: &[&Pod]) -> Result<(), Rejection> {
    let allocatable = &node.status.allocatable;
    if let Some(pods) = allocatable.get("pods") {
        let count = i64::try_from(others.len()).unwrap_or(i64::MAX);
        if count.saturating_add(1) > pods.value() {
            return Err(Rejection::of_resource("pods", 1, count, pods.value()));
        }
    }
    let (request, capacity) = (effective_request(&pod.spec), Resource::from_list(allocatable));
    let mut used = Resource::default();
    others.iter().for_each(|other| used.add(&effective_request(&other.spec)));
    let amounts = [
        ("cpu", request.milli_cpu.0, used.milli_cpu.0, capacity.milli_cpu.0),
        ("memory", request.memory.0, used.memory.0, capacity.memory.0),
        (
            "ephemeral-storage",
            request.ephemeral_storage.0,
            used.ephemeral_storage.0,
            capacity.ephemeral_storage.0,
        ),
    ];
    let known = request.scalars.iter().filter(|(name, _)| allocatable.get(name).is_some());
    let scalars =
        known.map(|(name, amount)| (name.as_str(), *amount, used.scalar(name), capacity.scalar(name)));
    for (name, requested, used, capacity) in amounts.into_iter().chain(scalars) {
        if requested > 0 && requested > capacity.saturating_sub(used) {
            return Err(Rejection::of_resource(name, requested, used, capacity));
        }
    }
    Ok(())
}

fn fits_node(pod: &Pod, node: &Node, name: &Name, others: &[&Pod]) -> Result<(), Rejection> {
    if !matches_required(&pod.spec, node) {
        let message = "node(s) didn't match Pod's node affinity/selector";
        return Err(Rejection::of_predicate("NodeAffinity", message));
    }
    if pod.node_name != *name {
        let message = "node(s) didn't match the requested node name";
        return Err(Rejection::of_predicate("NodeName", message));
    }
    let taken: HostPortSet = others.iter().flat_map(|other| host_ports(&other.spec)).collect();
    if host_ports(&pod.spec).iter().any(|port| taken.conflicts(port)) {
        let message = "node(s) didn't have free ports for the requested pod ports";
        return Err(Rejection::of_predicate("NodePorts", message));
    }
    let evicts = |effect| effect == TaintEffect::NoExecute;
    if find_untolerated(&node.spec.taints, &pod.spec.tolerations, evicts).is_some() {
        let message = "node(s) had taints that the pod didn't tolerate";
        return Err(Rejection::of_predicate("TaintToleration", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{Kind, Object};
    use serde_json::{Value, json};

    fn pod(spec: Value) -> Pod {
        let mut spec = spec;
        spec["nodeName"] = json!("n");
        let object = Object::from_json(Kind::Pod, &json!({"metadata": {"name": "p"}, "spec": spec})).unwrap();
        (**object.as_pod().unwrap()).clone()
    }

    fn asks(resources: Value) -> Pod {
        pod(json!({"containers": [{"name": "a", "resources": {"requests": resources}}]}))
    }

    fn check(incoming: &Pod, others: &[Pod], expect: Result<(), (&str, &str)>) {
        let node = json!({"metadata": {"name": "n", "labels": {"disk": "ssd"}},
            "spec": {"taints": [{"key": "k", "effect": "NoExecute"}, {"key": "s", "effect": "NoSchedule"}]},
            "status": {"allocatable": {"cpu": "4", "memory": "1Gi", "pods": "3", "example.com/gpu": "1"}}});
        let node = Object::from_json(Kind::Node, &node).unwrap();
        let node = node.as_node().unwrap();
        let others: Vec<&Pod> = others.iter().collect();
        let result = fits_resources(incoming, node, &others)
            .and_then(|()| fits_node(incoming, node, &"n".into(), &others))
            .map_err(|r| (r.reason.to_string(), r.message.to_string()));
        assert_eq!(result, expect.map_err(|(r, m)| (r.to_owned(), m.to_owned())));
    }

    #[test]
    fn refusals() {
        let lacks = "Node didn't have enough resource: ";
        let cpu = format!("{lacks}cpu, requested: 64000, used: 300, capacity: 4000");
        check(&asks(json!({"cpu": "64"})), &[asks(json!({"cpu": "300m"}))], Err(("OutOfcpu", &cpu)));
        let memory = format!("{lacks}memory, requested: 1073741825, used: 0, capacity: 1073741824");
        check(&asks(json!({"memory": "1073741825"})), &[], Err(("OutOfmemory", &memory)));
        let pods = format!("{lacks}pods, requested: 1, used: 3, capacity: 3");
        let three: Vec<Pod> = (0..3).map(|_| asks(json!({}))).collect();
        check(&asks(json!({"cpu": "64"})), &three, Err(("OutOfpods", &pods)));
        let gpu = format!("{lacks}example.com/gpu, requested: 2, used: 0, capacity: 1");
        check(&asks(json!({"example.com/gpu": 2})), &[], Err(("OutOfexample.com/gpu", &gpu)));
        let disk = format!("{lacks}ephemeral-storage, requested: 1, used: 0, capacity: 0");
        check(&asks(json!({"ephemeral-storage": 1})), &[], Err(("OutOfephemeral-storage", &disk)));
        let taint = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate";
        check(&asks(json!({"cpu": "4"})), &[], Err(("TaintToleration", taint)));
        let affinity = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
        check(&pod(json!({"nodeSelector": {"disk": "hdd"}})), &[], Err(("NodeAffinity", affinity)));
        let port =
            || pod(json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "hostPort": 80}]}]}));
        let ports = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
        check(&port(), &[port()], Err(("NodePorts", ports)));
    }

    #[test]
    fn admitted() {
        let tolerant = json!({"containers": [{"name": "a", "resources": {"requests": {"cpu": "3700m"}}}],
            "nodeSelector": {"disk": "ssd"}, "tolerations": [{"operator": "Exists"}]});
        check(&pod(tolerant), &[asks(json!({"cpu": "300m"}))], Ok(()));
    }
}
