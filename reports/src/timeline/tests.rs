use super::*;
use crate::fixture;
use api::event::{Event, EventForm, EventType};
use api::{Name, ObjectMeta};
use journal::{Causes, KubectlLine};

fn timeline(objects: &[Object], records: &[Record], most: usize) -> Vec<Line> {
    let mut timeline = Timeline::default();
    objects.iter().for_each(|object| timeline.existing(object));
    records.iter().for_each(|record| timeline.record(record));
    timeline.finish(most)
}

#[test]
fn a_rollout_reads_like_this() {
    let (objects, records) = fixture::rollout(10);
    let text = render(&timeline(&objects, &records, 40));
    assert_eq!(text, include_str!("rollout.txt"), "\n{text}");
}

#[test]
fn bursts_of_any_size_are_one_line() {
    let (objects, records) = fixture::rollout(300);
    let lines = timeline(&objects, &records, 40);
    assert!(lines.len() <= 40, "{}", render(&lines));
    assert!(
        lines.iter().any(|line| line.text.starts_with("300 pods Ready on 5 nodes")),
        "{}",
        render(&lines)
    );
}

/// A pod whose probe fails again and again, with long pauses.
fn unhealthy(times: i32) -> Vec<Record> {
    let mut tape = fixture::Tape::new();
    let pod = api::ObjectRef { kind: Kind::Pod, key: ObjectKey::new("shop", "db"), uid: api::Uid(5) };
    let now = tape.clock.timestamp(tape.time);
    let mut event = Object::from(Event {
        meta: ObjectMeta::named("shop", "db.1"),
        involved: pod,
        field_path: Name::default(),
        reason: "Unhealthy".into(),
        message: "Readiness probe failed: ".into(),
        kind: EventType::Warning,
        component: "kubelet".into(),
        host: "node-1".into(),
        form: EventForm::Core { first: now, last: now, count: 1 },
    });
    for at in 0..times {
        let change = if at == 0 { ChangeType::Added } else { ChangeType::Modified };
        tape.commit("kubelet/node-1", change, &mut event, Causes::none());
        tape.wait_millis(10_000);
    }
    tape.records
}

#[test]
fn what_does_not_fit_is_folded_over_longer_spans() {
    let records = unhealthy(100);
    assert_eq!(timeline(&[], &records, 200).len(), 100);
    let lines = timeline(&[], &records, 20);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].subject, "shop/pod/db");
    assert_eq!(lines[0].text, "Unhealthy: Readiness probe failed: (100 times)  0.000–990.000s");
    assert!(lines[0].warning);
}

#[test]
fn kubectl_lines_that_fail_or_look_are_told() {
    let check = |line: &str, stdout: &str, stderr: &str, status: i32, expected: &[&str]| {
        let mut tape = fixture::Tape::new();
        let (stdout, stderr) = (stdout.to_owned(), stderr.to_owned());
        let line = KubectlLine { line: line.to_owned(), stdout, stderr, status };
        tape.record(Causes::none(), Body::Kubectl(Box::new(line)));
        let lines = timeline(&[], &tape.records, 40);
        assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), expected);
        assert!(lines.iter().all(|line| line.warning == (status != 0)));
    };
    check("scale deployment/web --replicas=1", "deployment.apps/web scaled\n", "", 0, &[]);
    let timed_out = "drain node-1 failed with status 1: error: timed out";
    check("drain node-1", "", "error: timed out\n", 1, &[timed_out]);
    let many = "apply -f x failed with status 1: a (and 2 more lines)";
    check("apply -f x", "pod/p created\n", "a\nb\nc\n", 1, &[many]);
    check("get pods", "NAME\na\nb\n", "", 0, &["get pods: 3 lines"]);
    check("kubectl get pods -o name", "pod/a\n", "", 0, &["kubectl get pods -o name: pod/a"]);
    check("get pods", "", "No resources found\n", 0, &["get pods: No resources found"]);
    check("get pods", "", "", 0, &["get pods"]);
}

#[test]
fn steps_of_scaling_are_one_line() {
    let check = |steps: &[(i64, i32)], expected: &[&str]| {
        let mut tape = fixture::Tape::new();
        let mut object = fixture::deployment(10);
        tape.commit("kubectl", ChangeType::Added, &mut object, Causes::none());
        for &(millis, replicas) in steps {
            tape.wait_millis(millis);
            if let Object::Deployment(deployment) = &mut object {
                let deployment = std::sync::Arc::make_mut(deployment);
                std::sync::Arc::make_mut(&mut deployment.spec).replicas = replicas;
            }
            tape.commit("kubectl", ChangeType::Modified, &mut object, Causes::none());
        }
        let lines = timeline(&[], &tape.records, 40);
        assert_eq!(
            lines[1..].iter().map(|line| line.text.as_str()).collect::<Vec<_>>(),
            expected,
            "{steps:?}"
        );
    };
    check(&[(1000, 4)], &["scaled from 10 to 4 by kubectl"]);
    check(&[(500, 12), (500, 15)], &["scaled from 10 to 15 by kubectl (2 steps)  0.500–1.000s"]);
    check(&[(1000, 12), (9000, 15)], &["scaled from 10 to 12 by kubectl", "scaled from 12 to 15 by kubectl"]);
    check(&[(1000, 12), (500, 9)], &["scaled from 10 to 12 by kubectl", "scaled from 12 to 9 by kubectl"]);
}

#[test]
fn many_objects_of_a_kind_share_lines() {
    let mut tape = fixture::Tape::new();
    for (kind, number) in [(Kind::Pod, 60), (Kind::ConfigMap, 1)] {
        for at in 0..number {
            let value = serde_json::json!({
                "metadata": {"name": format!("x-{at}"), "namespace": "shop"},
                "spec": {"containers": [{"name": "a", "image": "x"}]},
            });
            let mut object = Object::from_json(kind, &value).expect("an object");
            tape.commit("kubectl", ChangeType::Added, &mut object, Causes::none());
            tape.wait_millis(10_000);
        }
    }
    let lines = timeline(&[], &tape.records, 40);
    let lines: Vec<String> = lines.iter().map(|line| format!("{}: {}", line.subject, line.text)).collect();
    assert_eq!(
        lines,
        ["shop/pod/*: 60 pods created by kubectl  0.000–590.000s", "shop/configmap/x-0: created by kubectl"]
    );
    assert_eq!(
        timeline(&[], &tape.records, 100).len(),
        61,
        "where there is room, each has a line of its own"
    );
}

/// `count` objects of a kind in a namespace, one every 10 s.
fn make(tape: &mut fixture::Tape, kind: Kind, namespace: &str, count: usize) {
    for at in 0..count {
        let value = serde_json::json!({
            "metadata": {"name": format!("x-{at}"), "namespace": namespace},
            "spec": {
                "replicas": at,
                "containers": [{"name": "a", "image": "x"}],
                "template": {"spec": {"containers": [{"name": "a", "image": "x"}]}},
            },
        });
        let mut object = Object::from_json(kind, &value).expect("an object");
        tape.commit("kubectl", ChangeType::Added, &mut object, Causes::none());
        tape.wait_millis(10_000);
    }
}

/// `count` pods of a namespace that the scheduler warns of.
fn warn(tape: &mut fixture::Tape, namespace: &str, count: usize, message: &str) {
    for at in 0..count {
        let key = ObjectKey::new(namespace, format!("w-{at}"));
        let about = api::ObjectRef { kind: Kind::Pod, key, uid: api::Uid(9) };
        tape.event("default-scheduler", &about, "FailedScheduling", message, journal::RecordId(1));
        tape.wait_millis(5_000);
    }
}

fn told(lines: &[Line]) -> Vec<String> {
    lines.iter().map(|line| format!("{}: {}", line.subject, line.text)).collect()
}

#[test]
fn what_is_routine_is_folded_before_what_is_bad_news() {
    let mut tape = fixture::Tape::new();
    warn(&mut tape, "shop", 4, "no room");
    make(&mut tape, Kind::Deployment, "shop", 20);
    warn(&mut tape, "shop", 4, "no room");
    make(&mut tape, Kind::ConfigMap, "a", 8);
    let expect = |warnings: &[&str], routine: &[&str], most: usize| {
        let lines = told(&timeline(&[], &tape.records, most));
        let mut expected: Vec<&str> = warnings.iter().chain(routine).copied().collect();
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        expected.sort_unstable();
        lines.sort_unstable();
        assert_eq!(lines, expected, "{most}");
    };
    let again = |at: usize| {
        let (first, last) = (at * 5, at * 5 + 220);
        format!("shop/pod/w-{at}: FailedScheduling: no room (2 times)  {first}.000–{last}.000s")
    };
    let pods: Vec<String> = (0..4).map(again).collect();
    let pods: Vec<&str> = pods.iter().map(String::as_str).collect();
    let deployments = "shop/deployment/*: 20 deployments created by kubectl  20.000–210.000s";
    let configmaps = "a/configmap/*: 8 configmaps created by kubectl  240.000–310.000s";
    expect(&pods, &[deployments, configmaps], 6);
    let all = "shop/pod/*: 4 pods FailedScheduling: no room (8 times)  0.000–235.000s";
    expect(&[all], &[deployments, configmaps], 3);
    expect(&[all], &["…: and 2 more lines, none of them bad news"], 2);
}

#[test]
fn long_messages_are_cut_where_lines_are_few() {
    let reason = "0/100 nodes are available: 20 Insufficient cpu, 80 node(s) had untolerated taint(s).";
    let rest =
        " no new claims to deallocate, preemption: 0/100 nodes are available: 20 No preemption victims found";
    let mut tape = fixture::Tape::new();
    warn(&mut tape, "shop", 1, &format!("{reason}{rest}"));
    let text = |most: usize| timeline(&[], &tape.records, most)[0].text.clone();
    assert_eq!(text(40), format!("FailedScheduling: {reason} …"));
    assert_eq!(text(usize::MAX), format!("FailedScheduling: {reason}{rest}"));
    let mut tape = fixture::Tape::new();
    warn(&mut tape, "shop", 1, &"ü".repeat(500));
    assert_eq!(timeline(&[], &tape.records, 40)[0].text, format!("FailedScheduling: {}…", "ü".repeat(158)));
}

proptest::proptest! {
    #[test]
    fn never_more_lines_than_asked_for(
        kinds in proptest::collection::vec((0_usize..4, 0_usize..30, 0_usize..40, proptest::bool::ANY), 1..40),
        most in 1_usize..60,
    ) {
        let mut tape = fixture::Tape::new();
        for (kind, namespace, count, is_bad) in kinds {
            let namespace = format!("n-{namespace}");
            match is_bad {
                true => warn(&mut tape, &namespace, count, &namespace),
                false => {
                    let kind = [Kind::Pod, Kind::ConfigMap, Kind::Deployment, Kind::Secret][kind];
                    make(&mut tape, kind, &namespace, count);
                }
            }
        }
        let lines = timeline(&[], &tape.records, most);
        proptest::prop_assert!(lines.len() <= most);
        let (shown, left_out): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.subject != "…");
        proptest::prop_assert!(shown.is_sorted_by_key(|line| line.time));
        // Bad news goes only if there is nothing else.
        let bad_is_left_out = left_out.iter().any(|line| line.warning);
        proptest::prop_assert!(!bad_is_left_out || shown.iter().all(|line| line.warning));
    }
}
