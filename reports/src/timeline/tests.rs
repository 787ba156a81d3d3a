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
fn a_failed_kubectl_line_is_told() {
    let check = |status: i32, expected: &[&str]| {
        let mut tape = fixture::Tape::new();
        let (line, stderr) = ("drain node-1".to_owned(), "error: timed out\n".to_owned());
        let line = KubectlLine { line, stdout: String::new(), stderr, status };
        tape.record(Causes::none(), Body::Kubectl(Box::new(line)));
        let lines = timeline(&[], &tape.records, 40);
        assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), expected);
    };
    check(0, &[]);
    check(1, &["drain node-1 failed with status 1: error: timed out"]);
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
