//! Nodes and pods for tests, from their JSON.

use api::json::Fields;
use api::node::Node;
use api::pod::Pod;
use api::{Kind, Resource, defaults};
use serde_json::{Value, json};
use std::sync::Arc;

/// A node with 4 CPUs, 32 Gi and room for 110 pods, plus what `more` says.
pub fn node(name: &str, more: &Value) -> Arc<Node> {
    let mut object = json!({
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": {}, "status": {"allocatable": {"cpu": "4", "memory": "32Gi", "pods": "110"}},
    });
    merge(&mut object, more);
    Arc::new(typed(Kind::Node, &mut object))
}

/// A pod of namespace `default` with one container, plus what `more` says.
pub fn pod(name: &str, more: &Value) -> Arc<Pod> {
    let mut object = json!({
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    merge(&mut object, more);
    Arc::new(typed(Kind::Pod, &mut object))
}

/// A pod that asks for CPU and memory.
pub fn asking(name: &str, cpu: &str, memory: &str) -> Arc<Pod> {
    let container =
        json!({"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu, "memory": memory}}});
    pod(name, &json!({"spec": {"containers": [container]}}))
}

/// The same pod on a node.
pub fn on(node: &str, pod: &Arc<Pod>) -> Arc<Pod> {
    Arc::new(Pod { node_name: node.into(), ..(**pod).clone() })
}

fn typed<T: Resource>(kind: Kind, object: &mut Value) -> T {
    defaults::apply(kind, object);
    T::from_fields(&Fields::root(object).unwrap()).unwrap()
}

/// Objects are merged, everything else is replaced.
fn merge(target: &mut Value, source: &Value) {
    match (target, source) {
        (Value::Object(target), Value::Object(source)) => {
            for (key, value) in source {
                merge(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (target, source) => *target = source.clone(),
    }
}
