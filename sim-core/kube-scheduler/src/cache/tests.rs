use super::*;
use crate::testing::{asking, node, on, pod};
use api::{LabelSelector, StringMap};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

/// What a cluster goes through.
#[derive(Clone, Debug)]
enum Step {
    SetNode { name: u8, cpu: u8, zone: u8, gpus: u8, image: u8, tainted: bool },
    RemoveNode(u8),
    SetPod { name: u8, node: u8, cpu: u8, gpus: u8, app: u8, deleting: bool },
    Assume { name: u8, node: u8 },
    RemovePod(u8),
    BeginCycle,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..4_u8, 1..9_u8, 0..3_u8, 0..2_u8, 0..3_u8, any::<bool>()).prop_map(
            |(name, cpu, zone, gpus, image, tainted)| Step::SetNode { name, cpu, zone, gpus, image, tainted }
        ),
        (0..4_u8).prop_map(Step::RemoveNode),
        (0..12_u8, 0..4_u8, 0..4_u8, 0..3_u8, 0..3_u8, any::<bool>()).prop_map(
            |(name, node, cpu, gpus, app, deleting)| Step::SetPod { name, node, cpu, gpus, app, deleting }
        ),
        (0..12_u8, 0..4_u8).prop_map(|(name, node)| Step::Assume { name, node }),
        (0..12_u8).prop_map(Step::RemovePod),
        Just(Step::BeginCycle),
    ]
}

fn node_of(name: u8, cpu: u8, zone: u8, gpus: u8, image: u8, tainted: bool) -> Arc<Node> {
    let taints = if tainted { json!([{"key": "k", "effect": "NoSchedule"}]) } else { json!([]) };
    let mut allocatable = json!({"cpu": cpu.to_string()});
    if gpus > 0 {
        allocatable["example.com/gpu"] = gpus.to_string().into();
    }
    let name = format!("node-{name}");
    let images =
        json!([{"names": [format!("image-{image}:1"), "shared:1"], "sizeBytes": 1000 + i64::from(image)}]);
    let more = json!({
        "metadata": {"labels": {"topology.kubernetes.io/zone": format!("zone-{zone}")}},
        "spec": {"taints": taints}, "status": {"allocatable": allocatable, "images": images},
    });
    node(&name, &more)
}

fn pod_of(name: u8, node: u8, cpu: u8, gpus: u8, app: u8, deleting: bool) -> Arc<Pod> {
    let mut requests = json!({"cpu": format!("{}m", u32::from(cpu) * 100), "memory": "1Mi"});
    if gpus > 0 {
        requests["example.com/gpu"] = gpus.to_string().into();
    }
    // Each pod has a port of its own: a port that two pods have is freed by the first that goes.
    let port = json!({"containerPort": 80, "hostPort": 8000 + i32::from(name)});
    let container = json!({"name": "c", "image": "i", "ports": [port], "resources": {"requests": requests}});
    let deletion = if deleting { json!("2026-01-01T00:00:00Z") } else { json!(null) };
    let more = json!({
        "metadata": {"labels": {"app": format!("app-{app}")}, "deletionTimestamp": deletion},
        "spec": {"containers": [container]},
    });
    on(&format!("node-{node}"), &pod(&format!("pod-{name}"), &more))
}

/// The cache, and beside it plainly what there is.
#[derive(Default)]
struct Both {
    cache: Cache,
    nodes: BTreeMap<Name, Arc<Node>>,
    pods: BTreeMap<ObjectKey, Arc<Pod>>,
}

impl Both {
    fn apply(&mut self, step: &Step) {
        match *step {
            Step::SetNode { name, cpu, zone, gpus, image, tainted } => {
                let node = node_of(name, cpu, zone, gpus, image, tainted);
                self.cache.set_node(&node);
                self.nodes.insert(node.meta.name.clone(), node);
            }
            Step::RemoveNode(name) => {
                let name = format!("node-{name}");
                self.cache.remove_node(&name);
                self.nodes.remove(name.as_str());
            }
            Step::SetPod { name, node, cpu, gpus, app, deleting } => {
                let pod = pod_of(name, node, cpu, gpus, app, deleting);
                self.cache.set_pod(&pod);
                self.pods.insert(pod.meta.key(), pod);
            }
            Step::Assume { name, node } => {
                let pod = pod_of(name, node, 1, 1, 1, false);
                self.cache.assume(&pod, &pod.node_name);
                self.pods.insert(pod.meta.key(), pod);
            }
            Step::RemovePod(name) => {
                let key = ObjectKey::new("default", format!("pod-{name}"));
                self.cache.remove_pod(&key);
                self.pods.remove(&key);
            }
            Step::BeginCycle => self.cache.update_snapshot(),
        }
    }

    fn made_anew(&self) -> Cache {
        let mut cache = Cache::default();
        self.nodes.values().for_each(|node| cache.set_node(node));
        self.pods.values().for_each(|pod| cache.set_pod(pod));
        cache
    }
}

fn counts(cache: &mut Cache, app: u8) -> BTreeMap<Name, u32> {
    let labels: StringMap = [("app", format!("app-{app}"))].into_iter().collect();
    let selector = LabelSelector { match_labels: labels, match_expressions: Vec::new() };
    let mut counts = BTreeMap::new();
    for (ix, count) in cache.count_pods("default", &selector) {
        *counts.entry(cache.name(ix).clone()).or_default() += count;
    }
    counts
}

fn zones(cache: &mut Cache) -> BTreeMap<Name, Vec<Name>> {
    let zone = cache.topology("topology.kubernetes.io/zone");
    let mut zones: BTreeMap<u32, Vec<Name>> = BTreeMap::new();
    for ix in cache.nodes() {
        zones.entry(cache.topology_values(zone).value(*ix)).or_default().push(cache.name(*ix).clone());
    }
    zones
        .into_values()
        .map(|mut names| {
            names.sort();
            (names[0].clone(), names)
        })
        .collect()
}

fn assert_equal(cache: &mut Cache, plain: &mut Cache) {
    cache.update_snapshot();
    plain.update_snapshot();
    let names = |cache: &Cache| {
        let mut names: Vec<Name> = cache.nodes().iter().map(|ix| cache.name(*ix).clone()).collect();
        names.sort();
        names
    };
    assert_eq!(names(cache), names(plain));
    for name in names(plain) {
        let (a, b) = (cache.node_in_snapshot(&name).unwrap(), plain.node_in_snapshot(&name).unwrap());
        let (a, b) = (cache.view(a), plain.view(b));
        assert_eq!(a.row, b.row, "{name}");
        assert_eq!(a.info.scalars, b.info.scalars, "{name}");
        assert_eq!(a.info.ports, b.info.ports, "{name}");
        assert_eq!(a.info.images.len(), b.info.images.len(), "{name}");
        let sorted = |info: &NodeInfo| {
            let mut pods = info.pods.clone();
            pods.sort();
            pods
        };
        assert_eq!(sorted(a.info), sorted(b.info), "{name}");
    }
    for app in 0..3 {
        assert_eq!(counts(cache, app), counts(plain, app), "app-{app}");
    }
    assert_eq!(zones(cache), zones(plain));
}

proptest! {
    #[test]
    fn a_cache_equals_one_that_is_made_from_what_is_left(steps in prop::collection::vec(step(), 0..60)) {
        let mut both = Both::default();
        for step in &steps {
            both.apply(step);
            // Selectors and topologies that are asked about early must stay right later.
            counts(&mut both.cache, 0);
            zones(&mut both.cache);
        }
        let mut plain = both.made_anew();
        assert_equal(&mut both.cache, &mut plain);
    }
}

fn names(cache: &mut Cache) -> Vec<String> {
    cache.update_snapshot();
    cache.nodes().iter().map(|ix| cache.name(*ix).to_string()).collect()
}

#[test]
fn the_list_is_renewed_when_names_come_or_go() {
    let mut cache = Cache::default();
    let in_zone = |name: &str, zone: &str| {
        node(name, &json!({"metadata": {"labels": {"topology.kubernetes.io/zone": zone}}}))
    };
    for (name, zone) in [("a", "1"), ("b", "1"), ("c", "2")] {
        cache.set_node(&in_zone(name, zone));
    }
    assert_eq!(names(&mut cache), ["a", "c", "b"]);
    cache.set_node(&in_zone("a", "2"));
    assert_eq!(names(&mut cache), ["a", "c", "b"], "a label alone reorders nothing");
    cache.remove_node("c");
    cache.set_node(&in_zone("c", "1"));
    assert_eq!(names(&mut cache), ["a", "c", "b"], "gone and back between two cycles");
    cache.set_node(&in_zone("d", "3"));
    assert_eq!(names(&mut cache), ["b", "a", "d", "c"]);
    cache.remove_node("b");
    assert_eq!(names(&mut cache), ["c", "a", "d"]);
}

#[test]
fn pods_keep_upstreams_order() {
    let mut cache = Cache::default();
    cache.set_node(&node("n", &json!({})));
    for name in ["a", "b", "c", "d"] {
        cache.set_pod(&on("n", &pod(name, &json!({}))));
    }
    cache.remove_pod(&ObjectKey::new("default", "b"));
    cache.assume(&pod("e", &json!({})), &"n".into());
    cache.set_pod(&on("n", &pod("a", &json!({}))));
    cache.update_snapshot();
    let ix = cache.node_in_snapshot("n").unwrap();
    let order: Vec<&str> = cache.view(ix).info.pods.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(order, ["e", "d", "c", "a"]);
    assert!(
        cache.is_assumed(&ObjectKey::new("default", "e"))
            && !cache.is_assumed(&ObjectKey::new("default", "a"))
    );
}

#[test]
fn pods_without_a_request() {
    // scheduler.md 16, item 6.
    let mut cache = Cache::default();
    cache.set_node(&node("n", &json!({})));
    let two = json!({"spec": {"containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}]}});
    cache.set_pod(&on("n", &pod("p", &two)));
    cache.update_snapshot();
    let row = *cache.view(cache.node_in_snapshot("n").unwrap()).row;
    assert_eq!((row.requested_cpu.0, row.requested_memory.0), (0, 0));
    assert_eq!((row.non_zero_cpu.0, row.non_zero_memory.0), (200, 400 << 20));
}

#[test]
fn image_counts_are_those_of_a_nodes_last_change() {
    let with_images = |name: &str, size: i64| {
        node(name, &json!({"status": {"images": [{"names": ["a:1"], "sizeBytes": size}]}}))
    };
    let mut cache = Cache::default();
    let state = |cache: &mut Cache, name: &str| {
        cache.update_snapshot();
        let ix = cache.node_in_snapshot(name).unwrap();
        let state = cache.view(ix).info.images[0];
        (state.size, state.nodes)
    };
    cache.set_node(&with_images("x", 100));
    assert_eq!(state(&mut cache, "x"), (100, 1));
    cache.set_node(&with_images("y", 200));
    assert_eq!(state(&mut cache, "y"), (100, 2), "the first size counts");
    assert_eq!(state(&mut cache, "x"), (100, 1), "nothing has changed there");
    cache.set_pod(&on("x", &asking("p", "1", "1Gi")));
    assert_eq!(state(&mut cache, "x"), (100, 2));
}
