use super::*;
use crate::fixture;
use api::pod::ContainerState;
use journal::{Body, ChangeType, Record};
use std::sync::Arc;

/// The objects after all records.
fn last_state(objects: Vec<Object>, records: &[Record]) -> Vec<Object> {
    let mut state: BTreeMap<About, Object> = objects.into_iter().map(|o| ((o.kind(), o.key()), o)).collect();
    for record in records {
        let Body::Commit(commit) = &record.body else { continue };
        let key = (commit.object.kind(), commit.object.key());
        match commit.change {
            ChangeType::Deleted => state.remove(&key),
            _ => state.insert(key, commit.object.clone()),
        };
    }
    state.into_values().collect()
}

fn rolled_out() -> Vec<Object> {
    let (objects, records) = fixture::rollout(4);
    last_state(objects, &records)
}

fn edit(objects: &mut [Object], at: usize, change: impl FnOnce(&mut Pod)) {
    let mut pods = objects.iter_mut().filter(|object| object.kind() == Kind::Pod);
    if let Some(Object::Pod(pod)) = pods.nth(at) {
        change(Arc::make_mut(pod));
    }
}

#[test]
fn a_workload_with_its_numbers() {
    let summary = Summary::of(rolled_out().iter());
    assert_eq!(summary.nodes, (5, 5));
    let web = WorkloadRow { name: "deployment/web".to_owned(), desired: 4, ready: 3, pods: 3, restarts: 0 };
    assert_eq!(summary.workloads, [web]);
    assert_eq!(summary.worst, []);
    assert_eq!(
        render(&summary),
        "nodes: 5 of 5 Ready\nWORKLOAD        DESIRED  READY  RESTARTS\ndeployment/web  4        3      0\n"
    );
}

#[test]
fn the_worst_come_first_and_say_why() {
    let mut objects = rolled_out();
    edit(&mut objects, 0, |pod| {
        let status = &mut pod.status.container_statuses[0];
        status.state = ContainerState::Waiting {
            reason: "CrashLoopBackOff".into(),
            message: "back-off 10s restarting failed container".into(),
        };
        status.restart_count = 2;
        pod.status.conditions.clear();
    });
    edit(&mut objects, 1, |pod| {
        pod.node_name = Name::default();
        pod.status.conditions.clear();
    });
    if let Some(Object::Node(node)) = objects.iter_mut().find(|object| object.kind() == Kind::Node) {
        Arc::make_mut(node).status.conditions[0].status = false.into();
    }
    let summary = Summary::of(objects.iter());
    let told: Vec<_> = summary.worst.iter().map(|t| format!("{} | {} | {}", t.name, t.what, t.why)).collect();
    let expected = [
        "node/node-0 | NotReady | ",
        "deployment/web | 1 of 3 pods CrashLoopBackOff | back-off 10s restarting failed container",
        "deployment/web | 1 of 3 pods Pending | ",
    ];
    assert_eq!(told, expected);
    assert_eq!(summary.workloads[0].restarts, 2);
}

#[test]
fn the_newest_warning_is_the_reason() {
    let mut tape = fixture::Tape::new();
    let mut pod = fixture::object(
        Kind::Pod,
        serde_json::json!({"metadata": {"name": "db", "namespace": "shop"}, "spec": {"containers": [{"name": "a"}]}}),
    );
    let added = tape.commit("kubectl", ChangeType::Added, &mut pod, journal::Causes::none());
    let about = pod.reference();
    for message in ["0/5 nodes are available: 5 too many", "0/5 nodes are available: 5 Insufficient cpu"] {
        tape.wait_millis(1);
        tape.event("default-scheduler", &about, "FailedScheduling", message, added);
    }
    let summary = Summary::of(last_state(Vec::new(), &tape.records).iter());
    assert_eq!(summary.pods[0].name, "shop/pod/db");
    assert_eq!(
        render(&summary),
        "nodes: 0 of 0 Ready\nPOD          PHASE    READY  RESTARTS\nshop/pod/db  Pending  no     0\n\
         ! shop/pod/db  Pending: FailedScheduling: 0/5 nodes are available: 5 Insufficient cpu\n"
    );
}

/// `count` copies of a pod, with names that begin so.
fn pods(namespace: &str, base: &str, count: usize, change: impl Fn(&mut Pod)) -> Vec<Object> {
    let plain = rolled_out().into_iter().find(|object| object.kind() == Kind::Pod).expect("a pod");
    let copy = |number| {
        let mut object = plain.clone();
        if let Object::Pod(pod) = &mut object {
            let pod = Arc::make_mut(pod);
            pod.meta.name = format!("{base}-{number}").into();
            pod.meta.namespace = namespace.into();
            pod.meta.owners = Default::default();
            change(pod);
        }
        object
    };
    (0..count).map(copy).collect()
}

fn wait(pod: &mut Pod) {
    pod.node_name = Name::default();
    pod.status.phase = Phase::Pending;
    pod.status.conditions.clear();
}

#[test]
fn the_text_stays_short() {
    let mut objects = Vec::new();
    for number in 0..50 {
        let mut deployment = fixture::deployment(1);
        deployment.meta_mut().name = format!("web-{number}").into();
        objects.push(deployment);
        objects.extend(pods(&format!("crowd-{number:02}"), "db", 12, |_| ()));
        objects.extend(pods(&format!("few-{number:02}"), "db", 2, wait));
    }
    let text = render(&Summary::of(objects.iter()));
    assert_eq!(text.lines().count(), 35, "{text}");
    for part in ["… and 41 more", "… and 92 more", "crowd-00: 12 pods, 12 Ready\n"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn rows_go_to_those_who_need_them() {
    for (needs, expect) in [
        ([0, 0, 0], [0, 0, 0]),
        ([3, 1, 2], [3, 1, 2]),
        ([50, 0, 0], [26, 0, 0]),
        ([50, 2, 50], [12, 2, 12]),
        ([50, 50, 50], [9, 9, 8]),
    ] {
        assert_eq!(shares(26, needs), expect, "{needs:?}");
    }
}

#[test]
fn many_pods_of_a_namespace_are_counted() {
    let mut objects = pods("fine", "a", 11, |_| ());
    objects.extend(pods("shop", "db", 9, |_| ()));
    objects.extend(pods("shop", "x", 6, wait));
    objects.extend(pods("shop", "done", 1, |pod| {
        pod.status.phase = Phase::Succeeded;
        pod.status.conditions.clear();
    }));
    objects.extend(pods("few", "ended", 1, |pod| {
        pod.status.phase = Phase::Succeeded;
        pod.status.conditions.clear();
    }));
    objects.extend(pods("few", "waits", 1, wait));
    let expect = "\
nodes: 0 of 0 Ready
shop: 16 pods, 9 Ready, 6 Pending, 1 Succeeded
fine: 11 pods, 11 Ready
POD              PHASE      READY  RESTARTS
few/pod/waits-0  Pending    no     0
few/pod/ended-0  Succeeded  no     0
! shop/pod/x-0  Pending (and 5 more like it)
! few/pod/waits-0  Pending
";
    assert_eq!(render(&Summary::of(objects.iter())), expect);
}

#[test]
fn what_is_not_as_desired_comes_first() {
    let mut objects = rolled_out();
    let mut fine = fixture::deployment(0);
    fine.meta_mut().name = "a-fine-one".into();
    objects.push(fine);
    let names: Vec<String> = Summary::of(objects.iter()).workloads.into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["deployment/web", "deployment/a-fine-one"]);
}
