//! `spec.cluster`: the pools of nodes that are there and Ready before t=0.

use std::collections::BTreeMap;

use api::node::{Taint, TaintEffect};
use api::pod::ResourceList;
use api::{Name, StringMap};
use units::Quantity;

use crate::check::{At, Later, Sink};
use crate::words::{HOSTNAME_LENGTH, label_key, label_value, subdomain};
use crate::{Pool, Position};

const LATER: &[Later] =
    &[("components", "flags and replicas of the control plane's components; they run with their defaults")];
const POOL_LATER: &[Later] = &[("staticPods", "pods that the kubelets run from files")];

/// More nodes than any known cluster has; a larger count is a slip of the keyboard.
pub(crate) const MAX_NODES: u32 = 100_000;

/// What a machine has unless the scenario says otherwise.
const CAPACITY: [(&str, &str); 4] =
    [("cpu", "4"), ("memory", "16Gi"), ("pods", "110"), ("ephemeral-storage", "100Gi")];

/// The capacity of a machine of which nothing is said.
pub(crate) fn default_capacity() -> ResourceList {
    let read = |(name, amount): (&str, &str)| Some((Name::new(name), Quantity::parse(amount).ok()?));
    CAPACITY.into_iter().filter_map(read).collect()
}

/// Reads `spec.cluster`.
pub(crate) fn pools(sink: &mut Sink, cluster: &At<'_>) -> Vec<Pool> {
    if !sink.object(cluster, &["nodes"], LATER) {
        return Vec::new();
    }
    let Some(nodes) = cluster.field("nodes") else { return Vec::new() };
    let items = sink.list(&nodes);
    let read: Vec<(At<'_>, Pool)> =
        items.into_iter().filter_map(|at| pool(sink, &at).map(|pool| (at, pool))).collect();
    if total(sink, &nodes, &read) {
        unique(sink, &read);
    }
    read.into_iter().map(|(_, pool)| pool).collect()
}

fn pool(sink: &mut Sink, at: &At<'_>) -> Option<Pool> {
    if !sink.object(at, &["name", "count", "zones", "labels", "taints", "capacity"], POOL_LATER) {
        return None;
    }
    let count = at.field("count").map(|count| count_of(sink, &count));
    let zones = at.field("zones").map(|zones| zones_of(sink, &zones)).unwrap_or_default();
    let labels = at.field("labels").map(|labels| labels_of(sink, &labels)).unwrap_or_default();
    let taints = at.field("taints").map(|taints| taints_of(sink, &taints)).unwrap_or_default();
    let capacity = capacity(sink, at.field("capacity").as_ref());
    let name = match at.field("name") {
        Some(name) => pool_name(sink, &name, count.flatten())?,
        None => {
            sink.required(at, "name", "the name of the pool: its nodes are NAME-0, NAME-1, …");
            return None;
        }
    };
    // A count that is wrong has been reported; 1 stands in for it while the rest is read.
    let count = count.map(|count| count.unwrap_or(1));
    Some(Pool { name, count, zones, labels, taints, capacity })
}

fn pool_name(sink: &mut Sink, at: &At<'_>, count: Option<u32>) -> Option<Name> {
    let name = sink.formed(at, subdomain)?;
    let suffix = count.map_or(0, |count| format!("-{}", count.saturating_sub(1)).len());
    if name.len() + suffix > HOSTNAME_LENGTH {
        let message = format!(
            "Invalid value: {name:?}: names of nodes must be no more than {HOSTNAME_LENGTH} characters"
        );
        sink.error(at, message);
        return None;
    }
    Some(name.into())
}

fn count_of(sink: &mut Sink, at: &At<'_>) -> Option<u32> {
    if at.node.as_i64() == Some(0) {
        sink.advise(
            at,
            "must be at least 1, not 0",
            "leave the pool out, or leave `count` out for one node of this name",
        );
        return None;
    }
    sink.integer(at, 1..=i64::from(MAX_NODES)).and_then(|count| u32::try_from(count).ok())
}

fn zones_of(sink: &mut Sink, at: &At<'_>) -> Vec<Name> {
    let items = sink.list(at);
    let zone = |at: At<'_>| match sink.formed(&at, label_value) {
        Some("") => {
            sink.error(&at, "must not be empty");
            None
        }
        zone => zone.map(Name::new),
    };
    items.into_iter().filter_map(zone).collect()
}

/// Labels: keys and values are checked; used for `matchLabels` too.
pub(crate) fn labels_of(sink: &mut Sink, at: &At<'_>) -> StringMap {
    if at.node.kind() != api::yaml::Kind::Mapping {
        sink.wrong(at, "an object");
    }
    let mut labels = Vec::new();
    for (key, value) in at.entries() {
        key_of(sink, &At { node: key, path: at.path.clone() });
        if let Some(value) = sink.formed(&value, label_value) {
            labels.push((key.text(), value));
        }
    }
    labels.into_iter().collect()
}

/// Checks the key of a label or taint.
fn key_of(sink: &mut Sink, at: &At<'_>) {
    if let Some(problem) = label_key(at.node.text()) {
        sink.error(at, format!("Invalid value: {:?}: {problem}", at.node.text()));
    }
}

fn taints_of(sink: &mut Sink, at: &At<'_>) -> Vec<Taint> {
    let mut seen: BTreeMap<(Name, TaintEffect), Position> = BTreeMap::new();
    let mut taints = Vec::new();
    for item in sink.list(at) {
        let Some(taint) = taint(sink, &item) else { continue };
        let position = sink.position(item.node);
        let key = (taint.key.clone(), taint.effect);
        match seen.get(&key) {
            Some(first) => {
                sink.error(&item, format!("taints must be unique by key and effect; the first is at {first}"))
            }
            None => {
                seen.insert(key, position);
                taints.push(taint);
            }
        }
    }
    taints
}

fn taint(sink: &mut Sink, at: &At<'_>) -> Option<Taint> {
    const EFFECTS: [(&str, TaintEffect); 3] = [
        ("NoSchedule", TaintEffect::NoSchedule),
        ("PreferNoSchedule", TaintEffect::PreferNoSchedule),
        ("NoExecute", TaintEffect::NoExecute),
    ];
    if !sink.object(at, &["key", "value", "effect"], &[]) {
        return None;
    }
    let value = at.field("value").map(|value| sink.formed(&value, label_value));
    let effect = match at.field("effect") {
        Some(effect) => sink.word(&effect, &EFFECTS),
        None => {
            sink.required(at, "effect", "NoSchedule, PreferNoSchedule or NoExecute");
            None
        }
    };
    let key = match at.field("key") {
        Some(key) => sink.formed(&key, label_key),
        None => {
            sink.required(at, "key", "a taint is {key: …, value: …, effect: …}");
            None
        }
    };
    Some(Taint {
        key: key?.into(),
        value: value.flatten().unwrap_or_default().into(),
        effect: effect?,
        time_added: None,
    })
}

fn capacity(sink: &mut Sink, at: Option<&At<'_>>) -> ResourceList {
    let mut capacity = default_capacity();
    let Some(at) = at else { return capacity };
    if at.node.kind() != api::yaml::Kind::Mapping {
        sink.wrong(at, "an object");
    }
    for (key, value) in at.entries() {
        resource_name(sink, &At { node: key, path: at.path.clone() });
        let Some(amount) = sink.quantity(&value) else { continue };
        if is_counted(key.text()) && amount.milli_value() % 1000 != 0 {
            sink.error(&value, format!("Invalid value: \"{amount}\": must be an integer"));
        }
        capacity.set(key.text().into(), amount);
    }
    capacity
}

/// Names without a domain are the API's own.
fn resource_name(sink: &mut Sink, at: &At<'_>) {
    const OWN: [&str; 4] = ["cpu", "memory", "pods", "ephemeral-storage"];
    let name = at.node.text();
    if OWN.contains(&name)
        || name.starts_with("hugepages-")
        || (name.contains('/') && label_key(name).is_none())
    {
        return;
    }
    let message = format!("Invalid value: {name:?}: must be a standard resource type or fully qualified");
    match crate::words::closest(name, OWN) {
        Some(similar) => sink.advise(at, message, format!("did you mean {similar:?}?")),
        None => sink.advise(
            at,
            message,
            format!("cpu, memory, pods, ephemeral-storage, hugepages-2Mi, example.com/{name}"),
        ),
    }
}

fn is_counted(name: &str) -> bool {
    name == "pods" || (name.contains('/') && !name.starts_with("hugepages-"))
}

/// Whether there are no more nodes than can be meant.
fn total(sink: &mut Sink, nodes: &At<'_>, pools: &[(At<'_>, Pool)]) -> bool {
    let total: i64 = pools.iter().map(|(_, pool)| i64::from(pool.count.unwrap_or(1))).sum();
    if total > i64::from(MAX_NODES) {
        sink.error(nodes, format!("{total} nodes are too many: at most {MAX_NODES}"));
    }
    total <= i64::from(MAX_NODES)
}

/// No two pools of one name, and no two nodes of one name.
fn unique(sink: &mut Sink, pools: &[(At<'_>, Pool)]) {
    let mut names: BTreeMap<&str, &At<'_>> = BTreeMap::new();
    let mut nodes: BTreeMap<Name, &At<'_>> = BTreeMap::new();
    for (at, pool) in pools {
        let place = At { node: at.node.get("name").unwrap_or(at.node), path: format!("{}.name", at.path) };
        if let Some(first) = names.get(pool.name.as_str()) {
            let first = sink.position(first.node);
            sink.error(&place, format!("two pools are named {:?}; the first is at {first}", pool.name));
            continue;
        }
        names.insert(&pool.name, at);
        if let Some((name, first)) = pool.node_names().find_map(|name| nodes.get(&name).map(|at| (name, *at)))
        {
            let first = sink.position(first.node);
            sink.error(&place, format!("the node {name:?} belongs to two pools; the first is at {first}"));
        }
        nodes.extend(pool.node_names().map(|name| (name, at)));
    }
}
