use super::*;
use serde_json::json;

fn pod(spec: Value) -> Pod {
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec});
    Pod::from_fields(&Fields::root(&object).unwrap()).unwrap()
}

#[test]
fn qos_class_follows_from_requests_and_limits() {
    let check = |containers: Value, class: QosClass| {
        assert_eq!(pod(json!({"containers": containers})).spec.qos_class, class, "{containers}");
    };
    let both = |r: Value, l: Value| json!([{"name": "a", "resources": {"requests": r, "limits": l}}]);
    check(both(json!({}), json!({})), QosClass::BestEffort);
    check(both(json!({"cpu": "0"}), json!({})), QosClass::BestEffort);
    check(both(json!({"nvidia.com/gpu": "1"}), json!({})), QosClass::BestEffort);
    check(both(json!({"cpu": "1"}), json!({})), QosClass::Burstable);
    check(
        both(json!({"cpu": "1", "memory": "1Gi"}), json!({"cpu": "1", "memory": "1Gi"})),
        QosClass::Guaranteed,
    );
    check(
        both(json!({"cpu": "1000m", "memory": "1Gi"}), json!({"cpu": "1", "memory": "1Gi"})),
        QosClass::Guaranteed,
    );
    check(both(json!({"cpu": "1"}), json!({"cpu": "1", "memory": "1Gi"})), QosClass::Guaranteed);
    check(both(json!({"cpu": "1"}), json!({"cpu": "2", "memory": "1Gi"})), QosClass::Burstable);
}

#[test]
fn what_is_not_acted_on_is_shown_back() {
    let spec = json!({"containers": [{"name": "a", "image": "x", "env": [{"name": "A", "value": "b"}]}], "nodeName": "n"});
    let pod = pod(spec.clone());
    assert_eq!(pod.node_name, "n");
    assert_eq!(pod.to_json()["spec"], spec);
}

#[test]
fn a_wrong_value_is_named_by_its_path() {
    let object = json!({"spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": "1x"}}}]}});
    let error = Pod::from_fields(&Fields::root(&object).unwrap()).unwrap_err();
    assert_eq!(error.path, "spec.containers[0].resources.requests[cpu]");
}

#[test]
fn a_status_reads_as_it_is_shown() {
    let mut pod = pod(json!({"containers": [{"name": "a", "image": "x"}]}));
    pod.status.phase = Phase::Running;
    pod.status.pod_ip = "10.244.0.3".parse().ok();
    pod.status.conditions = vec![Condition::new("Ready", true, units::Timestamp(1_767_225_600))];
    pod.status.container_statuses = vec![ContainerStatus {
        name: "a".into(),
        state: ContainerState::Running { started_at: units::Timestamp(1_767_225_601) },
        last_termination: Some(Box::new(Terminated {
            exit_code: 1,
            reason: "Error".into(),
            message: Name::default(),
            started_at: Some(units::Timestamp(1_767_225_600)),
            finished_at: Some(units::Timestamp(1_767_225_601)),
            container_id: Some(ContainerId(6)),
        })),
        ready: true,
        started: true,
        restart_count: 1,
        image: "x".into(),
        image_known: true,
        container_id: Some(ContainerId(7)),
    }];
    let again = Pod::from_fields(&Fields::root(&pod.to_json()).unwrap()).unwrap();
    assert_eq!(again.status, pod.status);
}
