//! From a recording to its observables.

use super::entry::{Change, Entry, RecordingError, read_lines, read_values};
use super::events::Events;
use super::names::Names;
use super::observable::Observables;
use super::pods::Pods;
use super::steps::{GROUP_SETTLE, ONE_SETTLE, Steps};
use super::view::{Body, Endpoint, NodeView, ObjectView, SliceView};
use flate2::bufread::MultiGzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The observables of a recording, one JSON object a line.
///
/// # Errors
/// When it cannot be read; the error names the line.
pub fn observe(recording: impl BufRead) -> Result<Observables, RecordingError> {
    reduce(&read_lines(recording)?)
}

/// The observables of events that were parsed before.
///
/// # Errors
/// When one of them is no watch event; the error names it (lines count from 1).
pub fn observe_values(events: impl IntoIterator<Item = Value>) -> Result<Observables, RecordingError> {
    reduce(&read_values(events)?)
}

/// The observables of a file: `.jsonl`, or `.gz` of one.
///
/// # Errors
/// When it cannot be read; the error names the line.
pub fn observe_file(path: &Path) -> Result<Observables, RecordingError> {
    let file = BufReader::new(File::open(path).map_err(RecordingError::Io)?);
    if path.extension().is_some_and(|extension| extension == "gz") {
        observe(BufReader::new(MultiGzDecoder::new(file)))
    } else {
        observe(file)
    }
}

fn reduce(entries: &[Entry]) -> Result<Observables, RecordingError> {
    let names = Names::of(entries);
    let zero = zero(entries)?;
    let mut seen = Seen::default();
    for entry in entries {
        seen.see(entry, &names, zero)?;
    }
    Ok(seen.finish(&names, zero))
}

/// t = 0 in whole seconds of Unix time: when the first object after it was created, other than Events and Nodes.
fn zero(entries: &[Entry]) -> Result<i64, RecordingError> {
    let counts = |entry: &&Entry| {
        let kind = entry.meta.kind.as_str();
        entry.at > 0.0 && entry.change == Change::Added && !matches!(kind, "Event" | "Node")
    };
    let created = entries.iter().find(counts).map(Entry::created).transpose()?;
    Ok(created.flatten().unwrap_or(0))
}

/// A run so far.
#[derive(Default)]
struct Seen<'a> {
    steps: Steps,
    pods: Pods,
    events: Events<'a>,
    slices: BTreeMap<&'a str, Slice<'a>>,
}

struct Slice<'a> {
    namespace: Option<&'a str>,
    view: &'a SliceView,
}

impl<'a> Seen<'a> {
    fn see(&mut self, entry: &'a Entry, names: &Names, zero: i64) -> Result<(), RecordingError> {
        match &entry.body {
            Body::Unobserved => {}
            Body::Event(event) => self.events.see(entry, event, zero)?,
            Body::EndpointSlice(slice) => self.slice(entry, slice),
            Body::Node(node) => self.node(entry, node, names),
            Body::Pod(pod) => self.pods.see(entry, pod, names, &mut self.steps),
            Body::Other(object) => self.object(entry, object, names),
        }
        Ok(())
    }

    /// The endpoints of a Service, over all its slices.
    fn slice(&mut self, entry: &'a Entry, view: &'a SliceView) {
        let namespace = entry.meta.namespace.as_deref();
        if entry.gone() {
            self.slices.remove(entry.meta.uid.as_str());
        } else {
            self.slices.insert(&entry.meta.uid, Slice { namespace, view });
        }
        let of_service = self
            .slices
            .values()
            .filter(|slice| (slice.namespace, &slice.view.service) == (namespace, &view.service));
        let endpoints: Vec<Endpoint> =
            of_service.flat_map(|slice| slice.view.endpoints.iter().copied()).collect();
        let service = view.service.as_deref().unwrap_or("None");
        let key = format!("Service/{}/{service}/endpoints", namespace.unwrap_or("None"));
        let mut step = |name, count: usize| self.steps.step(name, entry.at, count, GROUP_SETTLE);
        let count = |is: fn(&Endpoint) -> bool| endpoints.iter().filter(|endpoint| is(endpoint)).count();
        step(format!("{key}.ready"), count(|endpoint| endpoint.ready));
        step(format!("{key}.serving"), count(|endpoint| endpoint.serving));
        step(format!("{key}.terminating"), count(|endpoint| endpoint.terminating));
        step(key, endpoints.len());
    }

    fn node(&mut self, entry: &Entry, node: &NodeView, names: &Names) {
        let key = format!("Node/{}", names.name(&entry.meta));
        let steps = &mut self.steps;
        let unless_gone = |value: Value| if entry.gone() { Value::from("gone") } else { value };
        let ready = unless_gone(node.ready.clone().into());
        steps.step(format!("{key}/ready"), entry.at, ready, ONE_SETTLE);
        let taints = unless_gone(node.taints.clone().into());
        steps.step(format!("{key}/taints"), entry.at, taints, ONE_SETTLE);
        let key = format!("{key}/unschedulable");
        if node.unschedulable || steps.mentions(&key) {
            steps.step(key, entry.at, node.unschedulable, ONE_SETTLE);
        }
    }

    /// Any other object: its life, its counters, its conditions.
    fn object(&mut self, entry: &Entry, object: &ObjectView, names: &Names) {
        let key = format!("{}/{}", entry.meta.kind, names.name(&entry.meta));
        let exists = match entry.change {
            Change::Deleted => "gone",
            _ if entry.meta.deleting => "terminating",
            _ => "yes",
        };
        self.steps.step(format!("{key}/exists"), entry.at, exists, ONE_SETTLE);
        if entry.gone() {
            return;
        }
        for (what, value) in &object.steps {
            self.steps.step(format!("{key}/{what}"), entry.at, value.clone(), GROUP_SETTLE);
        }
        for (what, value) in &object.scalars {
            self.steps.set(format!("{key}/{what}"), value.clone());
        }
    }

    fn finish(self, names: &Names, zero: i64) -> Observables {
        let mut all = self.steps.finish();
        self.events.finish(names, &self.pods, &mut all);
        self.pods.finish(zero, &mut all);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::observable::{Course, Observable};
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// An object of the namespace `default` with the UID `kind/name`.
    fn object(kind: &str, name: &str, rest: Value) -> Value {
        let metadata = json!({
            "name": name, "namespace": "default", "uid": format!("{kind}/{name}"), "creationTimestamp": "2026-01-01T00:00:10Z",
        });
        let mut object = json!({"kind": kind, "metadata": metadata});
        merge(&mut object, rest);
        object
    }

    fn merge(into: &mut Value, other: Value) {
        match (into, other) {
            (Value::Object(into), Value::Object(other)) => {
                for (key, value) in other {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
            (into, other) => *into = other,
        }
    }

    fn owned(kind: &str, name: &str) -> Value {
        let owner = json!({"kind": kind, "name": name, "uid": format!("{kind}/{name}"), "controller": true});
        json!({"metadata": {"ownerReferences": [owner]}})
    }

    fn pod(name: &str, rest: Value) -> Value {
        let mut pod = object("Pod", name, json!({"spec": {}, "status": {"phase": "Pending"}}));
        merge(&mut pod, rest);
        pod
    }

    /// A pod with a generated name.
    fn pod_of(kind: &str, owner: &str, name: &str, rest: Value) -> Value {
        let mut pod = pod(name, json!({"metadata": {"generateName": "x-"}}));
        merge(&mut pod, owned(kind, owner));
        merge(&mut pod, rest);
        pod
    }

    /// Without a type, an event is `MODIFIED`.
    fn seen(events: &[(f64, &str, Value)]) -> Observables {
        let event =
            |(at, change, object): &(f64, &str, Value)| json!({"t": at, "type": change, "object": object});
        observe_values(events.iter().map(event)).unwrap()
    }

    /// What is shown under `name`: the points of a course, the value of a scalar.
    fn shown(all: &Observables, name: &str) -> Value {
        match all.0.get(name) {
            None => Value::Null,
            Some(Observable::Steps { course: Course::Points(points), .. }) => json!(points),
            Some(Observable::Scalar { value }) => value.clone(),
            Some(other) => json!(other),
        }
    }

    #[track_caller]
    fn check(all: &Observables, expect: &[(&str, Value)]) {
        for (name, value) in expect {
            assert_eq!(shown(all, name), *value, "{name}");
        }
    }

    #[test]
    fn replica_sets_are_numbered_by_creation() {
        let replica_set = |name, created| {
            let mut set = object("ReplicaSet", name, json!({"metadata": {"creationTimestamp": created}}));
            merge(&mut set, owned("Deployment", "web"));
            set
        };
        let all = seen(&[
            (1.0, "ADDED", replica_set("web-b", "2026-01-01T00:00:12Z")),
            (1.0, "ADDED", replica_set("web-c", "2026-01-01T00:00:12Z")),
            (1.5, "ADDED", replica_set("web-a", "2026-01-01T00:00:11Z")),
            (2.0, "ADDED", object("Deployment", "web", json!({}))),
            (3.0, "DELETED", replica_set("web-c", "2026-01-01T00:00:12Z")),
            (4.0, "ADDED", object("ReplicaSet", "bare", json!({}))),
        ]);
        check(
            &all,
            &[
                ("ReplicaSet/default/web#1/exists", json!([[1.5, "yes"]])),
                ("ReplicaSet/default/web#2/exists", json!([[1.0, "yes"]])),
                ("ReplicaSet/default/web#3/exists", json!([[1.0, "yes"], [3.0, "gone"]])),
                ("ReplicaSet/default/bare/exists", json!([[4.0, "yes"]])),
            ],
        );
    }

    #[test]
    fn pods_with_random_names_are_counted() {
        let set = object("ReplicaSet", "web-a", owned("Deployment", "web"));
        let running = json!({"spec": {"nodeName": "n1"}, "status": {"phase": "Running"}});
        let all = seen(&[
            (0.0, "ADDED", object("Deployment", "web", json!({}))),
            (0.0, "ADDED", set),
            (1.0, "ADDED", pod_of("ReplicaSet", "web-a", "p1", json!({}))),
            (1.5, "ADDED", pod_of("ReplicaSet", "web-a", "p2", json!({}))),
            (2.0, "MODIFIED", pod_of("ReplicaSet", "web-a", "p1", running.clone())),
            (3.0, "DELETED", pod_of("ReplicaSet", "web-a", "p2", json!({}))),
        ]);
        let group = "Deployment/default/web/pods";
        check(
            &all,
            &[
                ("ReplicaSet/default/web#1/pods.created", json!([[1.0, 1], [1.5, 2]])),
                (&format!("{group}.created"), json!([[1.0, 1], [1.5, 2]])),
                (&format!("{group}.deleted"), json!([[3.0, 1]])),
                (&format!("{group}.running"), json!([[2.0, 1]])),
                (&format!("{group}.active"), json!([[1.0, 1], [1.5, 2], [3.0, 1]])),
                (&format!("{group}.failed"), json!(null)),
                (&format!("{group}.max"), json!(2)),
                (&format!("{group}.perNode"), json!([1])),
                (&format!("{group}.byNode"), json!({"n1": 1})),
                (&format!("{group}.final"), json!({"Pending gone": 1, "Running there": 1})),
                ("Pod/default/p1/life", json!(null)),
            ],
        );
    }

    #[test]
    fn a_released_pod_leaves_its_group() {
        let released = json!({"metadata": {"ownerReferences": []}});
        let killing = json!({"involvedObject": {"kind": "Pod", "namespace": "default", "name": "p1", "uid": "Pod/p1"}, "reason": "Killing"});
        let all = seen(&[
            (0.0, "ADDED", object("ReplicaSet", "web", json!({}))),
            (1.0, "ADDED", pod_of("ReplicaSet", "web", "p1", json!({}))),
            (2.0, "MODIFIED", pod_of("ReplicaSet", "web", "p1", released)),
            (3.0, "ADDED", object("Event", "e", killing)),
        ]);
        check(
            &all,
            &[
                ("ReplicaSet/default/web/pods.active", json!([[1.0, 1], [2.0, 0]])),
                ("ReplicaSet/default/web/pods.deleted", json!(null)),
                ("ReplicaSet/default/web/pods.max", json!(1)),
                ("ReplicaSet/default/web/pods.final", json!(null)),
            ],
        );
        assert!(all.0.contains_key("Event/Pod/ReplicaSet/default/web/Killing"), "{:?}", all.0.keys());
    }

    #[test]
    fn pods_with_their_own_name_are_followed() {
        let ready =
            json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
        let unschedulable = json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}});
        let deleting = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:20Z"}});
        let all = seen(&[
            (1.0, "ADDED", pod("a", unschedulable)),
            (
                2.0,
                "MODIFIED",
                pod("a", json!({"spec": {"nodeName": "n1"}, "status": {"qosClass": "Burstable"}})),
            ),
            (3.0, "MODIFIED", pod("a", ready)),
            (4.0, "MODIFIED", pod("a", deleting)),
            (5.0, "MODIFIED", pod("a", json!({"status": {"phase": "Failed", "reason": "Evicted"}}))),
            (6.0, "DELETED", pod("a", json!({}))),
            (7.0, "ADDED", pod("a", json!({"metadata": {"uid": "second"}}))),
        ]);
        let life = json!([
            [1.0, "Pending"],
            [2.0, "Pending,scheduled"],
            [3.0, "Running,ready"],
            [4.0, "terminating Pending"],
            [5.0, "Failed:Evicted"],
            [6.0, "gone"]
        ]);
        check(
            &all,
            &[
                ("Pod/default/a/life", life),
                ("Pod/default/a/scheduled", json!([[1.0, "Unschedulable"], [2.0, null]])),
                ("Pod/default/a/node", json!("n1")),
                ("Pod/default/a/qosClass", json!("Burstable")),
                ("Pod/default/a(2)/life", json!([[7.0, "Pending"]])),
            ],
        );
    }

    #[test]
    fn pods_of_sets_have_names_of_their_own() {
        let terms = json!({"nodeSelectorTerms": [{"matchFields": [{"values": ["n2"]}]}]});
        let affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}});
        let index = json!({"metadata": {"annotations": {"batch.kubernetes.io/job-completion-index": "3"}}});
        let all = seen(&[
            (0.0, "ADDED", object("DaemonSet", "agent", json!({}))),
            (0.0, "ADDED", object("Job", "work", json!({}))),
            (1.0, "ADDED", pod_of("DaemonSet", "agent", "d1", json!({"spec": {"affinity": affinity}}))),
            (1.0, "ADDED", pod_of("DaemonSet", "agent", "d2", json!({"spec": {"nodeName": "n1"}}))),
            (1.0, "ADDED", pod_of("DaemonSet", "agent", "d3", json!({}))),
            (1.0, "ADDED", pod_of("Job", "work", "j1", index)),
            (1.0, "ADDED", pod_of("Job", "work", "j2", json!({}))),
            (1.0, "ADDED", pod_of("StatefulSet", "unseen", "db-0", json!({}))),
        ]);
        let lives: Vec<&str> = all.0.keys().filter_map(|name| name.strip_suffix("/life")).collect();
        let one = ["agent@None", "agent@n1", "agent@n2", "db-0", "work[3]"];
        assert_eq!(lives, one.map(|one| format!("Pod/default/{one}")));
    }

    #[test]
    fn containers_have_states_and_runs() {
        let status = |state: Value, restarts: u32| {
            let container =
                json!({"name": "c", "containerID": "id1", "restartCount": restarts, "state": state});
            json!({"status": {"containerStatuses": [container]}})
        };
        let ended = json!({"exitCode": 1, "reason": "Error", "containerID": "id1", "startedAt": "2026-01-01T00:00:11Z", "finishedAt": "2026-01-01T00:00:15Z"});
        let events = |pod: &dyn Fn(Value) -> Value| {
            vec![
                (0.0, "ADDED", object("ReplicaSet", "web", json!({}))),
                (1.0, "ADDED", pod(status(json!({"waiting": {"reason": "ContainerCreating"}}), 0))),
                (2.0, "MODIFIED", pod(status(json!({"running": {"startedAt": "2026-01-01T00:00:11Z"}}), 0))),
                (5.0, "MODIFIED", pod(status(json!({ "terminated": ended }), 0))),
                (6.0, "MODIFIED", pod(status(json!({"waiting": {"reason": "CrashLoopBackOff"}}), 1))),
            ]
        };
        let all = seen(&events(&|rest| pod("a", rest)));
        let state = json!([[2.0, "running"], [5.0, "terminated:Error:1"], [6.0, "waiting:CrashLoopBackOff"]]);
        check(
            &all,
            &[
                ("Pod/default/a/c/state", state),
                ("Pod/default/a/c/restartCount", json!([[6.0, 1]])),
                ("Pod/default/a/c/runs", json!({"type": "runs", "runs": [[1, 5, 1, "Error"]]})),
            ],
        );
        let all = seen(&events(&|rest| pod_of("ReplicaSet", "web", "a", rest)));
        check(
            &all,
            &[
                ("ReplicaSet/default/web/pods/c/exits", json!(["1:Error x1"])),
                ("ReplicaSet/default/web/pods/c/state", json!(null)),
            ],
        );
    }

    #[test]
    fn events_are_added_up() {
        let event = |name, created: &str, count: Value, message: &str| {
            let involved = json!({"kind": "Deployment", "namespace": "default", "name": "web"});
            let rest =
                json!({"involvedObject": involved, "reason": "Scaled", "count": count, "message": message});
            let mut event = object("Event", name, rest);
            merge(&mut event, json!({"metadata": {"creationTimestamp": created}}));
            event
        };
        let now = "2026-01-01T00:00:10Z";
        let all = seen(&[
            (0.0, "ADDED", event("old", "2026-01-01T00:00:08Z", json!(7), "")),
            (0.0, "ADDED", event("new", "2026-01-01T00:00:09Z", json!(1), "b")),
            (1.0, "ADDED", object("Deployment", "web", json!({}))),
            (2.001, "ADDED", event("e", now, json!(null), "a")),
            (3.0, "MODIFIED", event("e", now, json!(4), "a")),
            (4.0, "DELETED", event("e", now, json!(5), "a")),
        ]);
        let expect = json!({"type": "event", "count": 5, "first": 0.0, "last": 3.0, "messages": ["a", "b"]});
        check(&all, &[("Event/Deployment/default/web/Scaled", expect)]);
    }

    #[test]
    fn services_count_the_endpoints_of_all_their_slices() {
        let slice = |name, endpoints: Value| {
            let labels = json!({"metadata": {"labels": {"kubernetes.io/service-name": "web"}}, "endpoints": endpoints});
            object("EndpointSlice", name, labels)
        };
        let ready = json!({"conditions": {"ready": true, "serving": true, "terminating": false}});
        let leaving = json!({"conditions": {"ready": false, "serving": true, "terminating": true}});
        let all = seen(&[
            (1.0, "ADDED", slice("a", json!([ready]))),
            (2.0, "ADDED", slice("b", json!([ready, leaving]))),
            (3.0, "DELETED", slice("a", json!([ready]))),
            (4.0, "ADDED", slice("kubernetes-x", json!([ready, ready, ready]))),
        ]);
        check(
            &all,
            &[
                ("Service/default/web/endpoints", json!([[1.0, 1], [2.0, 3], [3.0, 2]])),
                ("Service/default/web/endpoints.ready", json!([[1.0, 1], [2.0, 2], [3.0, 1]])),
                ("Service/default/web/endpoints.terminating", json!([[2.0, 1]])),
            ],
        );
    }

    #[test]
    fn a_node_is_unschedulable_once_it_was_cordoned() {
        let node = |spec: Value| {
            let conditions = json!([{"type": "Ready", "status": "True", "reason": "KubeletReady"}]);
            let mut node = object("Node", "n", json!({"spec": spec, "status": {"conditions": conditions}}));
            merge(&mut node, json!({"metadata": {"namespace": null}}));
            node
        };
        let taints = json!([{"key": "b", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute"}]);
        let all = seen(&[
            (0.0, "ADDED", node(json!({}))),
            (1.0, "MODIFIED", node(json!({"unschedulable": true, "taints": taints}))),
            (2.0, "MODIFIED", node(json!({}))),
            (3.0, "DELETED", node(json!({}))),
        ]);
        check(
            &all,
            &[
                ("Node/n/ready", json!([[0.0, "True:KubeletReady"], [3.0, "gone"]])),
                ("Node/n/taints", json!([[1.0, ["a:NoExecute", "b:NoSchedule"]], [2.0, []], [3.0, "gone"]])),
                ("Node/n/unschedulable", json!([[1.0, true], [2.0, false]])),
            ],
        );
    }

    #[test]
    fn other_objects_show_counters_and_conditions() {
        let conditions =
            json!([{"type": "B", "status": "True", "reason": "Why"}, {"type": "A", "status": "False"}]);
        let times = json!({"startTime": "2026-01-01T00:00:10Z", "completionTime": "2026-01-01T00:01:15Z"});
        let mut job = json!({"status": {"conditions": conditions, "active": 2}});
        merge(&mut job["status"], times);
        let set = json!({"spec": {"replicas": 3}, "status": {"currentRevision": "a", "updateRevision": "a"}});
        let claim = json!({"spec": {"volumeName": "v"}, "status": {"phase": "Bound"}});
        let all = seen(&[
            (1.0, "ADDED", object("Job", "j", job)),
            (1.0, "ADDED", object("StatefulSet", "s", set)),
            (1.0, "ADDED", object("PersistentVolumeClaim", "c", claim)),
            (1.0, "ADDED", object("PersistentVolume", "v", json!({}))),
            (1.0, "ADDED", object("ResourceQuota", "q", json!({"status": {"used": {"pods": "1"}}}))),
            (1.0, "ADDED", object("CronJob", "n", json!({"status": {"active": [{}, {}]}}))),
            (1.0, "ADDED", object("LimitRange", "l", json!({}))),
            (1.0, "ADDED", object("ConfigMap", "x", json!({"metadata": {"namespace": "kube-system"}}))),
        ]);
        check(
            &all,
            &[
                ("Job/default/j/conditions", json!([[1.0, ["A=False", "B=True:Why"]]])),
                ("Job/default/j/status.active", json!([[1.0, 2]])),
                ("Job/default/j/duration", json!(65)),
                ("StatefulSet/default/s/spec.replicas", json!([[1.0, 3]])),
                ("StatefulSet/default/s/updated", json!([[1.0, true]])),
                ("PersistentVolumeClaim/default/c/volume", json!("v")),
                ("PersistentVolumeClaim/default/c/status.phase", json!([[1.0, "Bound"]])),
                ("ResourceQuota/default/q/status.used", json!([[1.0, {"pods": "1"}]])),
                ("CronJob/default/n/active", json!([[1.0, 2]])),
                ("LimitRange/default/l/exists", json!(null)),
                ("ConfigMap/kube-system/x/exists", json!(null)),
            ],
        );
        assert_eq!(
            all.0.get("PersistentVolume/default/v/claim"),
            Some(&Observable::Scalar { value: Value::Null })
        );
    }

    #[test]
    fn what_leaves_a_node_is_not_counted_there() {
        let on = |node| json!({"spec": {"nodeName": node}});
        let mut leaving = on("n1");
        merge(&mut leaving, json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:20Z"}}));
        let all = seen(&[
            (0.0, "ADDED", object("ReplicaSet", "web", json!({}))),
            (1.0, "ADDED", pod_of("ReplicaSet", "web", "p1", leaving)),
            (1.0, "ADDED", pod_of("ReplicaSet", "web", "p2", on("n1"))),
            (1.0, "ADDED", pod_of("ReplicaSet", "web", "p3", on("n2"))),
            (1.0, "ADDED", pod_of("ReplicaSet", "web", "p4", on("n2"))),
        ]);
        let group = "ReplicaSet/default/web/pods";
        check(
            &all,
            &[
                (&format!("{group}.byNode"), json!({"n1": 1, "n2": 2})),
                (&format!("{group}.perNode"), json!([2, 1])),
                (&format!("{group}.terminating"), json!([[1.0, 1]])),
                (&format!("{group}.scheduled"), json!([[1.0, 4]])),
            ],
        );
    }

    #[test]
    fn a_later_status_adds_to_what_is_known_of_a_run() {
        let status = |state: Value| json!({"status": {"containerStatuses": [{"name": "c", "containerID": "id1", "state": state}]}});
        let all = seen(&[
            (1.0, "ADDED", pod("a", status(json!({"running": {"startedAt": "2026-01-01T00:00:11Z"}})))),
            (2.0, "MODIFIED", pod("a", status(json!({"terminated": {"exitCode": 137}})))),
        ]);
        check(&all, &[("Pod/default/a/c/runs", json!({"type": "runs", "runs": [[1, null, 137, null]]}))]);
    }

    #[test]
    fn of_two_conditions_of_one_type_the_last_counts() {
        let condition = |reason| json!({"type": "PodScheduled", "status": "False", "reason": reason});
        let conditions = json!({"status": {"conditions": [condition("First"), condition("Last")]}});
        let all = seen(&[(1.0, "ADDED", pod("a", conditions))]);
        check(&all, &[("Pod/default/a/scheduled", json!([[1.0, "Last"]]))]);
    }

    #[test]
    fn the_order_is_that_of_time() {
        let phase = |phase| pod("a", json!({"status": {"phase": phase}}));
        let all = seen(&[
            (3.0, "MODIFIED", phase("Running")),
            (1.0, "ADDED", phase("Pending")),
            (3.0, "MODIFIED", phase("Failed")),
        ]);
        check(&all, &[("Pod/default/a/life", json!([[1.0, "Pending"], [3.0, "Failed"]]))]);
    }

    #[test]
    fn both_ways_to_read_are_one() {
        let events = [
            json!({"t": 2.0, "type": "ADDED", "object": pod("b", json!({}))}),
            json!({"t": 1.0, "type": "ADDED", "object": pod("a", json!({}))}),
        ];
        let text = format!("{}\n\n{}\n", events[0], events[1]);
        let all = observe(text.as_bytes()).unwrap();
        assert_eq!(all, observe_values(events).unwrap());
        assert_eq!(all.0.len(), 2);
    }

    /// Any JSON, rich in the names that are looked at.
    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1000i32..1000).prop_map(|n| Value::from(f64::from(n) / 100.0)),
            "(True|Ready|Running|Failed|2026-01-01T00:00:1[0-9]Z|2026-02-30T00:00:00Z|\\PC{0,3})"
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            let key = "(conditions|type|status|reason|phase|nodeName|state|lastState|running|terminated|waiting|startedAt|finishedAt|\
                       exitCode|containerID|containerStatuses|ownerReferences|controller|uid|kind|name|namespace|annotations|labels|\
                       deletionTimestamp|creationTimestamp|involvedObject|endpoints|taints|replicas|active|startTime|completionTime)";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(key, inner, 0..6).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    fn any_event() -> impl Strategy<Value = Value> {
        let kind = "(Pod|Event|Node|Job|ReplicaSet|EndpointSlice|PersistentVolume|Deployment)";
        let change = "(ADDED|MODIFIED|DELETED)";
        (0u8..5, change, kind, "[ab]", any_value(), any_value(), any_value()).prop_map(
            |(at, change, kind, name, metadata, spec, status)| {
                let mut object =
                    json!({"metadata": metadata, "spec": spec, "status": status, "involvedObject": spec});
                merge(&mut object, self::object(&kind, &name, json!({})));
                json!({"t": at, "type": change, "object": object})
            },
        )
    }

    proptest! {
        #[test]
        fn nothing_in_a_recording_panics(events in prop::collection::vec(any_event(), 0..12)) {
            if let Ok(all) = observe_values(events) {
                let reference = super::super::Reference::from(all.clone());
                let comparison = super::super::compare(&reference, std::slice::from_ref(&all)).to_string();
                let mut text = Vec::new();
                all.write(&mut text).unwrap();
                prop_assert_eq!(Observables::read(&String::from_utf8(text).unwrap()).unwrap(), all, "{}", comparison);
            }
        }

        #[test]
        fn any_json_is_read_or_refused(value in any_value()) {
            prop_assert!(observe_values([value.clone()]).is_err());
            prop_assert!(observe(value.to_string().as_bytes()).is_err());
        }
    }
}
