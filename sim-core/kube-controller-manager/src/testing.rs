//! What the tests of several controllers share.

use api::pod::{ContainerState, ContainerStatus, Pod, PodSpec, PodStatus};
use api::{Condition, ObjectMeta};
use std::sync::Arc;
use units::Timestamp;

/// A pod of the namespace `default` with one container.
pub fn pod(name: &str) -> Pod {
    let json = serde_json::json!({"containers": [{"name": "web", "image": "web:v1"}]});
    Pod {
        meta: ObjectMeta::named("default", name),
        spec: Arc::new(PodSpec::from_json(&json).unwrap()),
        node_name: "".into(),
        status: PodStatus::default(),
    }
}

/// Makes a pod Ready.
pub fn ready(pod: &mut Pod, since: Timestamp) {
    pod.status.conditions = vec![Condition::new("Ready", true, since)];
}

/// A pod whose container has restarted so many times.
pub fn restarted(mut pod: Pod, times: i32) -> Pod {
    pod.status.container_statuses = vec![ContainerStatus {
        name: "web".into(),
        state: ContainerState::Running { started_at: Timestamp(0) },
        last_termination: None,
        ready: true,
        started: true,
        restart_count: times,
        image: "web:v1".into(),
        image_known: true,
        container_id: None,
    }];
    pod
}

/// A Deployment of the namespace `default` with selector `app=<name>` and 25 % of surge and missing pods.
pub fn deployment(name: &str, replicas: i32) -> api::apps::Deployment {
    let json = serde_json::json!({
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": "web:v1"}]},
            },
        },
    });
    api::Resource::from_fields(&api::json::Fields::root(&json).unwrap()).unwrap()
}

/// A ReplicaSet with the template of a Deployment.
pub fn replica_set(name: &str, replicas: i32, deployment: &api::apps::Deployment) -> api::apps::ReplicaSet {
    api::apps::ReplicaSet {
        meta: ObjectMeta { generation: 1, ..ObjectMeta::named("default", name) },
        spec: api::apps::ReplicaSetSpec {
            replicas,
            min_ready_seconds: 0,
            selector: Arc::new(deployment.spec.selector.clone()),
            template: Arc::clone(&deployment.spec.template),
        },
        status: Default::default(),
    }
}

/// A Ready node with these labels.
pub fn node(name: &str, labels: &[(&str, &str)]) -> api::node::Node {
    let mut node = api::node::Node { meta: ObjectMeta::named("", name), ..Default::default() };
    node.meta.labels = labels.iter().copied().collect();
    let ready = Condition::new("Ready", true, Timestamp(0));
    node.status.conditions = vec![Condition { last_update: Some(Timestamp(0)), ..ready }];
    node
}

/// A taint without value.
pub fn taint(key: &str, effect: api::node::TaintEffect) -> api::node::Taint {
    api::node::Taint { key: key.into(), value: "".into(), effect, time_added: None }
}

pub mod cluster;

/// A Service of the namespace `default` with port 80 that selects `app=<app>`.
pub fn service(name: &str, app: &str) -> api::core::Service {
    let json = serde_json::json!({
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "type": "ClusterIP", "clusterIP": "10.96.0.9", "selector": {"app": app},
            "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}],
        },
    });
    api::Resource::from_fields(&api::json::Fields::root(&json).unwrap()).unwrap()
}
