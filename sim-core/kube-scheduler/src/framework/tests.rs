use super::*;
use crate::cache::Cache;
use crate::testing::{asking, node, on, pod};
use api::pod::Pod;
use random::Seed;
use serde_json::{Value, json};
use std::sync::Arc;

fn incoming(cache: &mut Cache, pod: &Arc<Pod>) -> Incoming {
    Incoming { facts: cache.facts(pod), default_selector: None, pod: Arc::clone(pod) }
}

fn schedule(framework: &mut Framework, cache: &mut Cache, pod: &Arc<Pod>) -> Result<Decision, FitError> {
    let incoming = incoming(cache, pod);
    framework.schedule(cache, &incoming)
}

fn message(cache: &mut Cache, pod: &Arc<Pod>) -> String {
    schedule(&mut Framework::default(), cache, pod).unwrap_err().message
}

fn cluster(nodes: &[(&str, Value)]) -> Cache {
    let mut cache = Cache::default();
    nodes.iter().for_each(|(name, more)| cache.set_node(&node(name, more)));
    cache
}

fn equal_nodes(count: usize) -> Cache {
    let mut cache = Cache::default();
    (0..count).for_each(|at| cache.set_node(&node(&format!("n{at:04}"), &json!({}))));
    cache
}

#[test]
fn a_worked_total() {
    // scheduler.md 7.20.
    let mut cache = cluster(&[("a", json!({})), ("b", json!({})), ("c", json!({}))]);
    cache.set_pod(&on("a", &asking("pa", "1500m", "6Gi")));
    cache.set_pod(&on("b", &asking("pb", "500m", "2Gi")));
    let decision = schedule(&mut Framework::default(), &mut cache, &asking("p", "100m", "500Mi")).unwrap();
    let top: Vec<(&str, i64)> =
        decision.top.iter().map(|scored| (scored.node.as_str(), scored.score)).collect();
    assert_eq!(top, [("c", 471), ("b", 463), ("a", 444)]);
    assert_eq!(decision.node, "c");
}

#[test]
fn messages() {
    // scheduler.md 9.2.
    let tainted = json!({"spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}});
    let mut cache = cluster(&[("a", tainted), ("b", json!({})), ("c", json!({}))]);
    cache.set_pod(&on("b", &asking("pb", "4", "1Gi")));
    cache.set_pod(&on("c", &asking("pc", "4", "1Gi")));
    assert_eq!(
        message(&mut cache, &asking("p", "1", "1Gi")),
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to \
         deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No \
         preemption victims found for incoming pod."
    );
    assert_eq!(
        message(&mut equal_nodes(5), &asking("p", "5", "33Gi")),
        "0/5 nodes are available: 5 Insufficient cpu, 5 Insufficient memory. no new claims to deallocate, \
         preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling."
    );
    let picky = pod("p", &json!({"spec": {"nodeSelector": {"disk": "ssd"}}}));
    assert_eq!(
        message(&mut equal_nodes(4), &picky),
        "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, \
         preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling."
    );
    let mut full = equal_nodes(2);
    full.set_pod(&on("n0000", &asking("a", "4", "1Gi")));
    full.set_pod(&on("n0001", &asking("b", "4", "1Gi")));
    let container = json!({"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}});
    let never = pod("p", &json!({"spec": {"preemptionPolicy": "Never", "containers": [container]}}));
    assert_eq!(
        message(&mut full, &never),
        "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to \
         preemptionPolicy=Never."
    );
    assert_eq!(message(&mut Cache::default(), &never), "no nodes available to schedule pods");
}

fn named(names: &[&[&str]]) -> Value {
    let field = |name: &str| json!({"key": "metadata.name", "operator": "In", "values": [name]});
    let terms: Vec<Value> = names
        .iter()
        .map(|all| json!({"matchFields": all.iter().map(|name| field(name)).collect::<Vec<_>>()}))
        .collect();
    let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}});
    json!({"spec": {"affinity": {"nodeAffinity": required}}})
}

#[test]
fn named_nodes_narrow_the_search() {
    let container = json!({"name": "c", "image": "i", "resources": {"requests": {"cpu": "3"}}});
    let mut demanding = named(&[&["n0001"]]);
    demanding["spec"]["containers"] = json!([container]);
    let mut cache = equal_nodes(3);
    cache.set_pod(&on("n0001", &asking("a", "2", "1Gi")));
    assert_eq!(
        message(&mut cache, &pod("p", &demanding)),
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. no new claims \
         to deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 \
         Preemption is not helpful for scheduling."
    );
    assert_eq!(
        message(&mut equal_nodes(2), &pod("p", &named(&[&["gone"]]))),
        "0/2 nodes are available: 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. no new claims to deallocate, \
         preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    );
    assert_eq!(
        message(&mut equal_nodes(2), &pod("p", &named(&[&["a", "b"]]))),
        "0/2 nodes are available: pod affinity terms conflict. not found"
    );
}

/// How many nodes each of four cycles visits, and where the next begins.
fn searches(cache: &mut Cache, pod: &Arc<Pod>) -> Vec<usize> {
    let mut framework = Framework::default();
    let nodes = cache.nodes().len();
    let mut start = 0;
    (0..4)
        .map(|_| {
            let decision = schedule(&mut framework, cache, pod).unwrap();
            let before = start;
            start = (start + decision.diagnosis.visited) % cache.nodes().len().max(nodes);
            before
        })
        .collect()
}

#[test]
fn searches_go_on_where_the_last_one_ended() {
    // scheduler.md 16, item 3.
    let plain = pod("p", &json!({}));
    assert_eq!(searches(&mut equal_nodes(5), &plain), [0, 0, 0, 0]);
    assert_eq!(searches(&mut equal_nodes(200), &plain), [0, 100, 0, 100]);
    assert_eq!(searches(&mut equal_nodes(250), &plain), [0, 120, 240, 110]);
    assert_eq!(searches(&mut equal_nodes(500), &plain), [0, 230, 460, 190]);
    let tainted = json!({"spec": {"taints": [{"key": "k", "effect": "NoSchedule"}]}});
    let mut cache = Cache::default();
    for at in 0..200 {
        let more = if at % 4 == 0 { &tainted } else { &Value::Null };
        let empty = json!({});
        cache.set_node(&node(&format!("n{at:04}"), if more.is_null() { &empty } else { more }));
    }
    assert_eq!(searches(&mut cache, &plain), [0, 134, 67, 1]);
    let two = pod("p", &named(&[&["n0003"], &["n0007"]]));
    assert_eq!(searches(&mut equal_nodes(200), &two), [0, 2, 4, 6]);
}

fn spread(more: &Value) -> Value {
    let mut constraint = json!({
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "a"}},
    });
    for (key, value) in more.as_object().unwrap() {
        constraint[key] = value.clone();
    }
    json!({"metadata": {"labels": {"app": "a"}}, "spec": {"topologySpreadConstraints": [constraint]}})
}

fn zones(counts: &[usize]) -> Cache {
    let mut cache = Cache::default();
    for (zone, count) in counts.iter().enumerate() {
        let name = format!("z{zone}");
        cache.set_node(&node(&name, &json!({"metadata": {"labels": {"zone": name}}})));
        for at in 0..*count {
            let labels = json!({"metadata": {"labels": {"app": "a"}}});
            cache.set_pod(&on(&name, &pod(&format!("{name}-{at}"), &labels)));
        }
    }
    cache
}

#[test]
fn hard_spreading() {
    // scheduler.md 16, items 12 and 13.
    let check = |counts: &[usize], more: Value, feasible: &[usize]| {
        let mut cache = zones(counts);
        let mut explanation = Some(Default::default());
        let pod = pod("p", &spread(&more));
        let incoming = incoming(&mut cache, &pod);
        let _ = Framework::default().schedule_with(&mut cache, &incoming, &mut explanation);
        let found: Vec<usize> = explanation.unwrap().0.iter().map(|ix| ix.at()).collect();
        assert_eq!(found, feasible, "{counts:?} {more}");
    };
    check(&[1, 1, 0], json!({}), &[2]);
    check(&[1, 1, 0], json!({"minDomains": 4}), &[2]);
    check(&[1, 1, 1], json!({"minDomains": 4}), &[]);
    check(&[1, 1, 1], json!({"minDomains": 3}), &[0, 1, 2]);
    check(&[3, 0], json!({"topologyKey": "kubernetes.io/hostname"}), &[1]);
    check(&[3, 0], json!({"labelSelector": {}}), &[0, 1]);
    check(&[3, 0], json!({"labelSelector": null}), &[0, 1]);
    check(&[3, 0], json!({"maxSkew": 4}), &[0, 1]);
    check(&[0, 0], json!({"topologyKey": "rack"}), &[]);
}

#[test]
fn terminating_pods_do_not_count() {
    let mut cache = zones(&[0, 0]);
    let gone = json!({"metadata": {"labels": {"app": "a"}, "deletionTimestamp": "2026-01-01T00:00:00Z"}});
    (0..3).for_each(|at| cache.set_pod(&on("z0", &pod(&format!("old-{at}"), &gone))));
    let decision = schedule(&mut Framework::default(), &mut cache, &pod("p", &spread(&json!({})))).unwrap();
    assert_eq!(decision.diagnosis.feasible, 2);
}

#[test]
fn overcommitted_nodes_take_pods_that_ask_for_nothing() {
    let mut cache = equal_nodes(1);
    cache.set_pod(&on("n0000", &asking("a", "5", "40Gi")));
    assert!(schedule(&mut Framework::default(), &mut cache, &pod("p", &json!({}))).is_ok());
    assert!(schedule(&mut Framework::default(), &mut cache, &asking("p", "1m", "0")).is_err());
}

#[test]
fn a_nominated_node_is_tried_first() {
    let mut cache = equal_nodes(3);
    cache.set_pod(&on("n0002", &asking("a", "1", "1Gi")));
    let nominated = pod("p", &json!({"status": {"nominatedNodeName": "n0002"}}));
    let decision = schedule(&mut Framework::default(), &mut cache, &nominated).unwrap();
    assert_eq!((decision.node.as_str(), decision.diagnosis.visited), ("n0002", 1));
}

#[test]
fn the_default_profile_in_the_order_of_upstream() {
    let names = |takes_part: fn(&Plugin) -> bool| -> Vec<&str> {
        let profile = Profile::default();
        profile
            .plugins
            .iter()
            .map(|w| &w.plugin)
            .filter(|p| takes_part(p))
            .map(|p| p.name().as_str())
            .collect()
    };
    assert_eq!(names(|p| p.queue_sort().is_some()), ["PrioritySort"]);
    assert_eq!(names(|p| p.bind().is_some()), ["DefaultBinder"]);
    assert_eq!(names(|p| p.post_filter().is_some()), ["DynamicResources", "DefaultPreemption"]);
    assert_eq!(names(|p| p.reserve().is_some() || p.permit().is_some() || p.pre_bind().is_some()), [""; 0]);
    assert_eq!(
        names(|p| p.filter().is_some()),
        [
            "NodeUnschedulable",
            "NodeName",
            "TaintToleration",
            "NodeAffinity",
            "NodePorts",
            "NodeResourcesFit",
            "PodTopologySpread"
        ]
    );
}

#[test]
fn the_same_seed_breaks_ties_alike() {
    let chosen = |seed| {
        let mut framework = Framework::new(Profile::default(), HostChoice::Reservoir, Seed(seed));
        schedule(&mut framework, &mut equal_nodes(50), &pod("p", &json!({}))).unwrap().node
    };
    assert_eq!(chosen(1), chosen(1));
    assert!((0..20).any(|seed| chosen(seed) != chosen(0)));
}
