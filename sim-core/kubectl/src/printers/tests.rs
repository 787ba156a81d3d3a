//! Tables of kinds whose cells take thought.

use super::*;
use serde_json::json;

const NOW: &str = "2026-01-01T00:10:00.5Z";

fn printed(kind: Kind, object: &Value, options: &TableOptions) -> String {
    let options = TableOptions { no_headers: true, ..options.clone() };
    let now = MicroTime::parse(NOW).expect("a time");
    let mut object = object.clone();
    object["metadata"]["name"] = json!("x");
    object["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    table(kind, &[&object], now, &options).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(kind: Kind, object: Value, expect: &str) {
    assert_eq!(printed(kind, &object, &TableOptions::default()), format!("x {expect}"), "{object}");
}

#[track_caller]
fn check_wide(kind: Kind, object: Value, expect: &str) {
    let wide = TableOptions { wide: true, ..TableOptions::default() };
    assert_eq!(printed(kind, &object, &wide), format!("x {expect}"), "{object}");
}

fn waiting(reason: &str) -> Value {
    json!({"waiting": {"reason": reason}})
}

fn ended(code: i64, reason: &str) -> Value {
    json!({"terminated": {"exitCode": code, "reason": reason}})
}

fn status(name: &str, state: Value) -> Value {
    let running = state["running"].is_object();
    json!({"name": name, "state": state, "ready": running, "started": running, "restartCount": 0})
}

/// A pod of two containers, with the states of some of them.
fn pod(phase: &str, states: &[Value]) -> Value {
    let statuses: Vec<Value> = ["a", "b"].iter().zip(states).map(|(n, s)| status(n, s.clone())).collect();
    json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}]},
        "status": {"phase": phase, "containerStatuses": statuses}})
}

#[test]
fn pods_by_their_containers() {
    let running = || json!({"running": {}});
    check(Kind::Pod, pod("Pending", &[]), "0/2 Pending 0 10m");
    let creating = waiting("ContainerCreating");
    check(Kind::Pod, pod("Pending", &[creating.clone(), creating]), "0/2 ContainerCreating 0 10m");
    check(Kind::Pod, pod("Running", &[running(), running()]), "2/2 Running 0 10m");
    // The first container's reason wins.
    check(Kind::Pod, pod("Running", &[ended(1, "Error"), waiting("CrashLoopBackOff")]), "0/2 Error 0 10m");
    check(Kind::Pod, pod("Running", &[waiting("CrashLoopBackOff"), running()]), "1/2 CrashLoopBackOff 0 10m");
    check(Kind::Pod, pod("Running", &[running(), ended(0, "Completed")]), "1/2 NotReady 0 10m");
    check(Kind::Pod, pod("Failed", &[ended(0, "Completed"), ended(3, "Error")]), "0/2 Error 0 10m");
    check(Kind::Pod, pod("Failed", &[ended(137, "")]), "0/2 ExitCode:137 0 10m");
    let mut ready = pod("Running", &[running(), ended(0, "Completed")]);
    ready["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
    check(Kind::Pod, ready, "1/2 Running 0 10m");
}

#[test]
fn pods_that_go_or_never_came() {
    let mut deleted = pod("Running", &[]);
    deleted["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:09:00Z");
    check(Kind::Pod, deleted.clone(), "0/2 Terminating 0 10m");
    deleted["status"]["phase"] = json!("Succeeded");
    check(Kind::Pod, deleted.clone(), "0/2 Succeeded 0 10m");
    deleted["status"]["reason"] = json!("NodeLost");
    check(Kind::Pod, deleted, "0/2 Unknown 0 10m");
    let mut evicted = pod("Failed", &[]);
    evicted["status"]["reason"] = json!("Evicted");
    check(Kind::Pod, evicted, "0/2 Evicted 0 10m");
    let mut gated = pod("Pending", &[]);
    gated["status"]["conditions"] =
        json!([{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]);
    check(Kind::Pod, gated, "0/2 SchedulingGated 0 10m");
}

#[test]
fn pods_with_init_containers() {
    let with = |inits: Value, statuses: Value| {
        json!({"spec": {"containers": [{"name": "a"}], "initContainers": inits},
            "status": {"phase": "Pending", "initContainerStatuses": statuses,
                "containerStatuses": [status("a", waiting("PodInitializing"))]}})
    };
    let two = json!([{"name": "i"}, {"name": "j"}]);
    let (running, done) = (json!({"running": {}}), ended(0, "Completed"));
    check(Kind::Pod, with(two.clone(), json!([status("i", running.clone())])), "0/1 Init:0/2 0 10m");
    let second = json!([status("i", done.clone()), status("j", waiting("PodInitializing"))]);
    check(Kind::Pod, with(two.clone(), second), "0/1 Init:1/2 0 10m");
    check(Kind::Pod, with(two.clone(), json!([status("i", ended(2, "Error"))])), "0/1 Init:Error 0 10m");
    check(Kind::Pod, with(two.clone(), json!([status("i", ended(2, ""))])), "0/1 Init:ExitCode:2 0 10m");
    let back_off = json!([status("i", waiting("CrashLoopBackOff"))]);
    check(Kind::Pod, with(two.clone(), back_off), "0/1 Init:CrashLoopBackOff 0 10m");
    let both = json!([status("i", done.clone()), status("j", done.clone())]);
    check(Kind::Pod, with(two, both), "0/1 PodInitializing 0 10m");
    let sidecar = json!([{"name": "i", "restartPolicy": "Always"}]);
    check(Kind::Pod, with(sidecar, json!([status("i", running)])), "1/2 PodInitializing 0 10m");
}

#[test]
fn restarts_and_wide_columns_of_pods() {
    let mut restarted = pod("Running", &[json!({"running": {}})]);
    restarted["status"]["containerStatuses"][0]["restartCount"] = json!(3);
    restarted["status"]["containerStatuses"][0]["lastState"] =
        json!({"terminated": {"finishedAt": "2026-01-01T00:09:30Z"}});
    check(Kind::Pod, restarted.clone(), "1/2 Running 3 (30s ago) 10m");
    check_wide(Kind::Pod, restarted.clone(), "1/2 Running 3 (30s ago) 10m <none> <none> <none> <none>");
    restarted["spec"]["nodeName"] = json!("n");
    restarted["spec"]["readinessGates"] = json!([{"conditionType": "g"}, {"conditionType": "h"}]);
    restarted["status"]["podIPs"] = json!([{"ip": "10.0.0.1"}]);
    restarted["status"]["conditions"] = json!([{"type": "g", "status": "True"}]);
    check_wide(Kind::Pod, restarted, "1/2 Running 3 (30s ago) 10m 10.0.0.1 n <none> 1/2");
}

#[test]
fn nodes() {
    let node = |ready: &str| {
        json!({"metadata": {"labels": {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "control-plane"}},
            "status": {"conditions": [{"type": "Ready", "status": ready}], "nodeInfo": {"kubeletVersion": "v1.36.2"}}})
    };
    check(Kind::Node, node("True"), "Ready control-plane,worker 10m v1.36.2");
    check(Kind::Node, node("Unknown"), "NotReady control-plane,worker 10m v1.36.2");
    check(Kind::Node, json!({"spec": {"unschedulable": true}}), "Unknown,SchedulingDisabled <none> 10m");
    let mut wide = node("True");
    wide["status"]["nodeInfo"]["kernelVersion"] = json!("6.6.0");
    wide["status"]["nodeInfo"]["architecture"] = json!("amd64");
    wide["status"]["addresses"] = json!([{"type": "InternalIP", "address": "192.0.2.1"}]);
    let expect = "Ready control-plane,worker 10m v1.36.2 192.0.2.1 <none> <unknown> 6.6.0 (amd64) <unknown>";
    check_wide(Kind::Node, wide, expect);
}

#[test]
fn services_and_where_they_lead() {
    let port = json!([{"port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP", "nodePort": 30053}]);
    check(
        Kind::Service,
        json!({"spec": {"type": "NodePort", "clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.5"], "ports": port}}),
        "NodePort 10.96.0.5 <none> 80/TCP,53:30053/UDP 10m",
    );
    check(
        Kind::Service,
        json!({"spec": {"type": "LoadBalancer", "clusterIP": "None"}}),
        "LoadBalancer None <pending> <none> 10m",
    );
    check(
        Kind::Service,
        json!({"spec": {"type": "ExternalName", "externalName": "a.example"}}),
        "ExternalName <none> a.example <none> 10m",
    );
    let addresses: Vec<Value> = (1..=5).map(|n| json!({"addresses": [format!("10.0.0.{n}")]})).collect();
    check(
        Kind::EndpointSlice,
        json!({"addressType": "IPv4", "ports": [{"port": 80}, {"name": "x"}], "endpoints": addresses}),
        "IPv4 80,x 10.0.0.1,10.0.0.2,10.0.0.3 + 2 more... 10m",
    );
    check(Kind::EndpointSlice, json!({"addressType": "IPv4"}), "IPv4 <unset> <unset> 10m");
    check(
        Kind::Endpoints,
        json!({"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}, {"port": 81}]}]}),
        "10.0.0.1:80,10.0.0.1:81 10m",
    );
    check(Kind::Endpoints, json!({}), "<none> 10m");
}

#[test]
fn events_of_both_forms() {
    let about = json!({"kind": "Pod", "name": "web", "fieldPath": "spec.containers{web}"});
    let old = json!({"type": "Normal", "reason": "Pulled", "message": "a\nb", "involvedObject": about, "count": 4,
        "source": {"component": "kubelet", "host": "n"},
        "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:09:55Z"});
    let new = json!({"type": "Warning", "reason": "FailedScheduling", "message": "m", "involvedObject": about,
        "reportingComponent": "default-scheduler", "reportingInstance": "", "eventTime": "2026-01-01T00:09:00.250000Z"});
    let wide = TableOptions { wide: true, ..TableOptions::default() };
    assert_eq!(
        printed(Kind::Event, &old, &wide),
        "5s Normal Pulled pod/web a... spec.containers{web} kubelet, n 10m 4 x"
    );
    assert_eq!(
        printed(Kind::Event, &new, &wide),
        "60s Warning FailedScheduling pod/web m spec.containers{web} default-scheduler 60s 1 x"
    );
}

#[test]
fn workloads() {
    let selector = json!({"matchLabels": {"b": "1", "a": "1"},
        "matchExpressions": [{"key": "aa", "operator": "In", "values": ["y", "x"]}, {"key": "c", "operator": "DoesNotExist"}]});
    let template =
        json!({"spec": {"containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "j"}]}});
    check_wide(
        Kind::Deployment,
        json!({"spec": {"replicas": 3, "selector": selector, "template": template},
            "status": {"readyReplicas": 1, "updatedReplicas": 2}}),
        "1/3 2 0 10m a,b i,j a=1,aa in (x,y),b=1,!c",
    );
    check(Kind::ReplicaSet, json!({"spec": {"replicas": 3}, "status": {"replicas": 2}}), "3 2 0 10m");
    let job = |spec: Value, status: Value| json!({"spec": spec, "status": status});
    check(
        Kind::Job,
        job(
            json!({"completions": 2}),
            json!({"succeeded": 2, "startTime": "2026-01-01T00:01:00Z", "completionTime": "2026-01-01T00:01:30Z",
                "conditions": [{"type": "Complete", "status": "True"}]}),
        ),
        "Complete 2/2 30s 10m",
    );
    check(Kind::Job, job(json!({"parallelism": 3}), json!({})), "Running 0/1 of 3 10m");
}

#[test]
fn kinds_without_columns_of_their_own() {
    check(Kind::ServiceAccount, json!({}), "10m");
    check(Kind::Namespace, json!({"status": {"phase": "Active"}}), "Active 10m");
    check(Kind::Lease, json!({"spec": {"holderIdentity": "n"}}), "n 10m");
    check(Kind::LimitRange, json!({}), "2026-01-01T00:00:00Z");
    check(Kind::Secret, json!({"type": "Opaque", "data": {"a": "", "b": ""}}), "Opaque 2 10m");
}

proptest::proptest! {
    #[test]
    fn no_object_is_too_odd_to_print(kind in 0..Kind::ALL.len(), field in "spec|status|metadata|subsets|endpoints|series", text in ".{0,8}") {
        let now = MicroTime::parse(NOW).expect("a time");
        for value in [json!(text), json!([text]), json!({ text.as_str(): [1] }), json!(7), json!(null)] {
            let object = json!({ field.as_str(): value, "kind": text });
            let options = TableOptions { wide: true, with_kind: true, show_labels: true, ..TableOptions::default() };
            proptest::prop_assert_eq!(table(Kind::ALL[kind], &[&object], now, &options).lines().count(), 2);
        }
    }
}
