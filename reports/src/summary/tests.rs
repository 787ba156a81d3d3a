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

#[test]
fn the_text_stays_short() {
    let mut objects = Vec::new();
    for number in 0..50 {
        let mut deployment = fixture::deployment(1);
        deployment.meta_mut().name = format!("web-{number}").into();
        let mut pod = rolled_out().into_iter().find(|object| object.kind() == Kind::Pod).unwrap();
        let meta = pod.meta_mut();
        (meta.name, meta.owners) = (format!("db-{number}").into(), Default::default());
        objects.extend([deployment, pod]);
    }
    let text = render(&Summary::of(objects.iter()));
    assert!(text.lines().count() <= 40, "{text}");
    assert!(text.contains("… and 35 more"));
}
