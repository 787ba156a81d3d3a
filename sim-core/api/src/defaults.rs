//! Defaults that the API server fills in before admission (scheduler.md 1; kubelet.md 4 and 5.1; controllers.md 3.1).
//!
//! They work on JSON, so that `-o json` shows them as a real cluster does.

use crate::Kind;
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// Fills in the defaults of an object of this kind. Wrong shapes are left alone: the schema check has named them.
pub fn apply(kind: Kind, object: &mut Value) {
    let Some(object) = object.as_object_mut() else { return };
    match kind {
        Kind::Pod => with(object, "spec", |spec| {
            pod_spec(spec);
            pod_only(spec);
        }),
        Kind::Deployment => with(object, "spec", deployment_spec),
        Kind::ReplicaSet => with(object, "spec", replica_set_spec),
        Kind::Service => with(object, "spec", service_spec),
        Kind::Node => node(object),
        Kind::Namespace => namespace(object),
        _ => {}
    }
}

fn with(object: &mut Object, field: &str, fill: fn(&mut Object)) {
    if let Some(inner) = object.get_mut(field).and_then(Value::as_object_mut) {
        fill(inner);
    }
}

fn each(object: &mut Object, list: &str, fill: impl Fn(&mut Object)) {
    for item in object.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(item) = item.as_object_mut() {
            fill(item);
        }
    }
}

fn default(object: &mut Object, field: &str, value: impl Into<Value>) {
    if object.get(field).is_none_or(Value::is_null) {
        object.insert(field.to_owned(), value.into());
    }
}

/// Numbers that the API treats as absent when they are 0.
fn default_nonzero(object: &mut Object, field: &str, value: i64) {
    if object.get(field).is_none_or(|v| v.is_null() || v.as_i64() == Some(0)) {
        object.insert(field.to_owned(), value.into());
    }
}

fn pod_spec(spec: &mut Object) {
    default(spec, "restartPolicy", "Always");
    default(spec, "terminationGracePeriodSeconds", 30);
    default(spec, "dnsPolicy", "ClusterFirst");
    default(spec, "securityContext", json!({}));
    default(spec, "schedulerName", "default-scheduler");
    for list in ["initContainers", "containers"] {
        each(spec, list, fill_container);
    }
    each(spec, "tolerations", |toleration| {
        if toleration.get("operator").and_then(Value::as_str) == Some("") {
            toleration.remove("operator");
        }
    });
    each(spec, "volumes", volume);
}

/// Fills in what pods have and templates have not (`SetDefaults_Pod`). It is done for what controllers create, too.
pub fn pod_only(spec: &mut Object) {
    default(spec, "enableServiceLinks", true);
    let host_network = spec.get("hostNetwork").and_then(Value::as_bool).unwrap_or(false);
    for list in ["initContainers", "containers"] {
        each(spec, list, |container| {
            with(container, "resources", requests_from_limits);
            if host_network {
                each(container, "ports", host_port);
            }
        });
    }
    pod_level_resources(spec);
}

fn host_port(port: &mut Object) {
    if let Some(number) = port.get("containerPort").cloned() {
        default(port, "hostPort", number);
    }
}

fn fill_container(container: &mut Object) {
    default(container, "terminationMessagePath", "/dev/termination-log");
    default(container, "terminationMessagePolicy", "File");
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let policy = if is_latest(image) { "Always" } else { "IfNotPresent" };
    default(container, "imagePullPolicy", policy);
    default(container, "resources", json!({}));
    each(container, "ports", |port| default(port, "protocol", "TCP"));
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        with(container, probe, fill_probe);
    }
    with(container, "lifecycle", |lifecycle| {
        for hook in ["preStop", "postStart"] {
            with(lifecycle, hook, fill_http);
        }
    });
}

fn is_latest(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains('@') {
        return false;
    }
    name.rsplit_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn fill_probe(probe: &mut Object) {
    default_nonzero(probe, "timeoutSeconds", 1);
    default_nonzero(probe, "periodSeconds", 10);
    default_nonzero(probe, "successThreshold", 1);
    default_nonzero(probe, "failureThreshold", 3);
    fill_http(probe);
    with(probe, "grpc", |grpc| default(grpc, "service", ""));
}

fn fill_http(handler: &mut Object) {
    with(handler, "httpGet", |http| {
        default(http, "path", "/");
        default(http, "scheme", "HTTP");
    });
}

/// A limit without a request of its name is copied into the requests.
fn requests_from_limits(resources: &mut Object) {
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { return };
    if limits.is_empty() {
        return;
    }
    default(resources, "requests", json!({}));
    with_values(resources, "requests", &limits);
}

fn with_values(resources: &mut Object, field: &str, values: &Object) {
    if let Some(target) = resources.get_mut(field).and_then(Value::as_object_mut) {
        for (name, value) in values {
            target.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// Pod-level limits become requests where neither the pod nor a container asks (scheduler.md 1, item 3, for the
/// case without container requests; the aggregation of container requests is done where requests are added up).
fn pod_level_resources(spec: &mut Object) {
    if spec.get("resources").and_then(Value::as_object).is_some_and(|r| r.contains_key("limits")) {
        with(spec, "resources", requests_from_limits);
    }
}

fn volume(volume: &mut Object) {
    for source in ["secret", "configMap", "projected", "downwardAPI"] {
        with(volume, source, |source| default(source, "defaultMode", 420));
    }
    with(volume, "hostPath", |path| default(path, "type", ""));
    if volume.len() == 1 && volume.contains_key("name") {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
}

fn template(spec: &mut Object) {
    with(spec, "template", |template| {
        default(template, "metadata", json!({}));
        with(template, "spec", pod_spec);
    });
}

fn deployment_spec(spec: &mut Object) {
    default(spec, "replicas", 1);
    default(spec, "revisionHistoryLimit", 10);
    default(spec, "progressDeadlineSeconds", 600);
    default(spec, "strategy", json!({}));
    with(spec, "strategy", |strategy| {
        default(strategy, "type", "RollingUpdate");
        if strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate") {
            default(strategy, "rollingUpdate", json!({}));
            with(strategy, "rollingUpdate", |rolling| {
                default(rolling, "maxSurge", "25%");
                default(rolling, "maxUnavailable", "25%");
            });
        }
    });
    template(spec);
}

fn replica_set_spec(spec: &mut Object) {
    default(spec, "replicas", 1);
    template(spec);
}

fn service_spec(spec: &mut Object) {
    default(spec, "sessionAffinity", "None");
    default(spec, "type", "ClusterIP");
    if spec.get("sessionAffinity").and_then(Value::as_str) == Some("ClientIP") {
        default(spec, "sessionAffinityConfig", json!({"clientIP": {"timeoutSeconds": 10800}}));
    }
    let kind = spec.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    if kind != "ExternalName" {
        default(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "NodePort" || kind == "LoadBalancer" {
        default(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        default(spec, "allocateLoadBalancerNodePorts", true);
    }
    each(spec, "ports", |port| {
        default(port, "protocol", "TCP");
        if let Some(number) = port.get("port").cloned() {
            default(port, "targetPort", number);
        }
    });
}

/// `allocatable` is `capacity` if it is not given.
fn node(node: &mut Object) {
    with(node, "status", |status| {
        if let Some(capacity) = status.get("capacity").cloned() {
            default(status, "allocatable", capacity);
        }
    });
}

fn namespace(namespace: &mut Object) {
    default(namespace, "spec", json!({}));
    with(namespace, "spec", |spec| default(spec, "finalizers", json!(["kubernetes"])));
    let Some(metadata) = namespace.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let Some(name) = metadata.get("name").cloned() else { return };
    default(metadata, "labels", json!({}));
    with_values(metadata, "labels", &Object::from_iter([("kubernetes.io/metadata.name".to_owned(), name)]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_image_is_always_pulled() {
        for (image, latest) in [
            ("web", true),
            ("web:latest", true),
            ("web:v1", false),
            ("registry:5000/web", true),
            ("registry:5000/web:v1", false),
            ("web@sha256:00", false),
        ] {
            assert_eq!(is_latest(image), latest, "{image}");
        }
    }

    #[test]
    fn limits_become_requests() {
        let mut pod = json!({"spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": "1"}, "requests": {"memory": "1Gi"}}}]}});
        apply(Kind::Pod, &mut pod);
        assert_eq!(
            pod["spec"]["containers"][0]["resources"]["requests"],
            json!({"cpu": "1", "memory": "1Gi"})
        );
    }

    #[test]
    fn a_deployment_has_the_usual_strategy() {
        let mut object = json!({"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}});
        apply(Kind::Deployment, &mut object);
        assert_eq!(object["spec"]["strategy"]["rollingUpdate"]["maxSurge"], "25%");
        assert_eq!(object["spec"]["template"]["spec"]["restartPolicy"], "Always");
    }

    #[test]
    fn defaults_are_filled_in_once() {
        for (kind, text) in [
            (
                Kind::Pod,
                json!({"spec": {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"port": 80}}}]}}),
            ),
            (Kind::Service, json!({"spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})),
            (Kind::Namespace, json!({"metadata": {"name": "shop"}})),
            (Kind::Node, json!({"status": {"capacity": {"cpu": "4"}}})),
        ] {
            let mut once = text;
            apply(kind, &mut once);
            let mut twice = once.clone();
            apply(kind, &mut twice);
            assert_eq!(once, twice);
        }
    }
}
