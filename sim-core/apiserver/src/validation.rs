//! What the API server refuses with 422. The words are those of `pkg/apis/*/validation/validation.go`, v1.36.2.
//!
//! DIFFERENCE: a part of the rules only: names, what Deployments and ReplicaSets need to work, containers.
//! Who sends an object that a real server refuses for another reason can tell.

use crate::Served;
use api::apps::{Deployment, ReplicaSet};
use api::pod::{PodSpec, PodTemplate};
use api::{ApiError, Kind, LabelSelector, Object};

/// Checks a name: an RFC 1123 subdomain, for namespaces and services a label.
pub fn name(kind: Kind, name: &str) -> Served<()> {
    let label = matches!(kind, Kind::Namespace | Kind::Service);
    let limit = if label { 63 } else { 253 };
    let part_is_label = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let rbac = kind.info().group == "rbac.authorization.k8s.io";
    let good = if rbac {
        !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '%'])
    } else if label {
        part_is_label(name)
    } else {
        name.split('.').all(part_is_label)
    };
    if good && name.len() <= limit {
        return Ok(());
    }
    let what = if label {
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an \
         alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    } else {
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with \
         an alphanumeric character (e.g. 'example.com', regex used for validation is \
         '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    };
    Err(ApiError::invalid(kind, name, &[format!("metadata.name: Invalid value: \"{name}\": {what}")]))
}

/// Checks an object as it is about to be stored.
pub fn object(object: &Object) -> Served<()> {
    let causes = match object {
        Object::Deployment(deployment) => of_deployment(deployment),
        Object::ReplicaSet(replica_set) => of_replica_set(replica_set),
        Object::Pod(pod) => of_pod_spec(&pod.spec, "spec"),
        _ => Vec::new(),
    };
    refuse(object, &causes)
}

/// Checks what may not change.
pub fn update(old: &Object, new: &Object) -> Served<()> {
    let immutable = |path: &str| vec![format!("{path}: Invalid value: field is immutable")];
    let causes = match (old, new) {
        (Object::Deployment(a), Object::Deployment(b)) if a.spec.selector != b.spec.selector => {
            immutable("spec.selector")
        }
        (Object::ReplicaSet(a), Object::ReplicaSet(b)) if a.spec.selector != b.spec.selector => {
            immutable("spec.selector")
        }
        _ => Vec::new(),
    };
    refuse(new, &causes)
}

fn refuse(object: &Object, causes: &[String]) -> Served<()> {
    if causes.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid(object.kind(), &object.meta().name, causes))
    }
}

fn of_deployment(deployment: &Deployment) -> Vec<String> {
    let spec = &deployment.spec;
    let mut causes = of_workload(spec.replicas, &spec.selector, &spec.template);
    causes.extend(not_negative(spec.min_ready_seconds, "spec.minReadySeconds"));
    causes.extend(not_negative(spec.revision_history_limit, "spec.revisionHistoryLimit"));
    causes.extend(not_negative(spec.progress_deadline_seconds, "spec.progressDeadlineSeconds"));
    if spec.progress_deadline_seconds <= spec.min_ready_seconds {
        let given = spec.progress_deadline_seconds;
        causes.push(format!(
            "spec.progressDeadlineSeconds: Invalid value: {given}: must be greater than minReadySeconds"
        ));
    }
    causes
}

fn of_replica_set(replica_set: &ReplicaSet) -> Vec<String> {
    let spec = &replica_set.spec;
    let mut causes = of_workload(spec.replicas, &spec.selector, &spec.template);
    causes.extend(not_negative(spec.min_ready_seconds, "spec.minReadySeconds"));
    causes
}

fn of_workload(replicas: i32, selector: &LabelSelector, template: &PodTemplate) -> Vec<String> {
    let mut causes: Vec<String> = not_negative(replicas, "spec.replicas").into_iter().collect();
    if selector.is_empty() {
        causes.push("spec.selector: Required value".to_owned());
    } else if !selector.matches(&template.labels) {
        let labels: Vec<String> = template.labels.iter().map(|(k, v)| format!("\"{k}\":\"{v}\"")).collect();
        causes.push(format!(
            "spec.template.metadata.labels: Invalid value: {{{}}}: `selector` does not match template `labels`",
            labels.join(",")
        ));
    }
    causes.extend(of_pod_spec(&template.spec, "spec.template.spec"));
    causes
}

fn not_negative(value: i32, path: &str) -> Option<String> {
    (value < 0).then(|| format!("{path}: Invalid value: {value}: must be greater than or equal to 0"))
}

fn of_pod_spec(spec: &PodSpec, path: &str) -> Vec<String> {
    let mut causes = Vec::new();
    if spec.containers.is_empty() {
        causes.push(format!("{path}.containers: Required value"));
    }
    for (list, containers) in [("initContainers", &spec.init_containers), ("containers", &spec.containers)] {
        for (at, container) in containers.iter().enumerate() {
            let path = format!("{path}.{list}[{at}]");
            causes.extend(of_container(container, &path));
            if containers[..at].iter().any(|c| c.name == container.name) {
                causes.push(format!("{path}.name: Duplicate value: \"{}\"", container.name));
            }
        }
    }
    causes
}

fn of_container(container: &api::pod::Container, path: &str) -> Vec<String> {
    let mut causes = Vec::new();
    if container.name.is_empty() {
        causes.push(format!("{path}.name: Required value"));
    }
    if container.image.is_empty() {
        causes.push(format!("{path}.image: Required value"));
    }
    for (field, list) in
        [("limits", &container.resources.limits), ("requests", &container.resources.requests)]
    {
        for (name, amount) in list.iter().filter(|(_, amount)| amount.is_negative()) {
            causes.push(format!(
                "{path}.resources.{field}[{name}]: Invalid value: \"{amount}\": must be greater than or equal to 0"
            ));
        }
    }
    for (name, request) in container.resources.requests.iter() {
        if let Some(limit) = container.resources.limits.get(name).filter(|limit| request > *limit) {
            causes.push(format!(
                "{path}.resources.requests: Invalid value: \"{request}\": must be less than or equal to {name} limit of {limit}"
            ));
        }
    }
    causes
}
