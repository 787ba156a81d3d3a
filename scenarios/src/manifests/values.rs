//! What the server would say about the values of an object, whatever the cluster: names, labels, selectors.
//!
//! Source: `pkg/apis/{core,apps}/validation` of v1.36.2, in the server's words.
//!
//! DIFFERENCE: a part of it. What passes here and is refused by the API server happens in the run, as output of the
//! kubectl that applies it.

use std::collections::BTreeSet;

use api::json::{FieldError, Fields, Read};
use api::selector::Operator;
use api::{Kind, LabelSelector, StringMap};
use serde_json::Value;
use units::Quantity;

use crate::words::{label, label_key, label_value, subdomain};

/// All that is wrong with an object that has the right shape.
pub(super) fn check(kind: Kind, object: &Value) -> Vec<FieldError> {
    let mut found = Vec::new();
    metadata(kind, object, &mut found);
    labels("metadata.labels", &object["metadata"]["labels"], &mut found);
    match kind {
        Kind::Pod => containers("spec", &object["spec"], &mut found),
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet => {
            workload(kind, object, &mut found);
        }
        _ => {}
    }
    found
}

fn wrong(path: impl Into<String>, message: impl Into<String>) -> FieldError {
    FieldError { path: path.into(), message: message.into() }
}

fn invalid(value: impl Into<Value>, problem: impl std::fmt::Display) -> String {
    format!("Invalid value: {}: {problem}", value.into())
}

fn metadata(kind: Kind, object: &Value, found: &mut Vec<FieldError>) {
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        let generate = metadata["generateName"].as_str().unwrap_or_default();
        found.push(match generate.is_empty() {
            true => wrong("metadata.name", "resource name may not be empty"),
            false => {
                wrong("metadata.generateName", format!("cannot use generate name {generate:?} with apply"))
            }
        });
    } else if let Some(problem) = name_form(kind).and_then(|form| form(name)) {
        found.push(wrong("metadata.name", invalid(name, problem)));
    }
    let namespace = metadata["namespace"].as_str().unwrap_or_default();
    if kind.info().namespaced
        && !namespace.is_empty()
        && let Some(problem) = label(namespace)
    {
        found.push(wrong("metadata.namespace", invalid(namespace, problem)));
    }
}

/// The form of a name; `None` for kinds that have rules of their own.
fn name_form(kind: Kind) -> Option<fn(&str) -> Option<String>> {
    match kind {
        Kind::Namespace => Some(label),
        Kind::Node
        | Kind::Pod
        | Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::Job
        | Kind::CronJob
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::ServiceAccount => Some(subdomain),
        _ => None,
    }
}

/// Keys and values of labels.
fn labels(path: &str, labels: &Value, found: &mut Vec<FieldError>) {
    for (key, value) in labels.as_object().into_iter().flatten() {
        if let Some(problem) = label_key(key) {
            found.push(wrong(path, invalid(key.as_str(), problem)));
        }
        let value = value.as_str().unwrap_or_default();
        if let Some(problem) = label_value(value) {
            found.push(wrong(path, invalid(value, problem)));
        }
    }
}

fn containers(path: &str, spec: &Value, found: &mut Vec<FieldError>) {
    let mut names = BTreeSet::new();
    for list in ["initContainers", "containers"] {
        let items = spec[list].as_array().map(Vec::as_slice).unwrap_or_default();
        if list == "containers" && items.is_empty() {
            found.push(wrong(format!("{path}.containers"), "Required value"));
        }
        for (index, container) in items.iter().enumerate() {
            let field = |name: &str| format!("{path}.{list}[{index}].{name}");
            let name = container["name"].as_str().unwrap_or_default();
            if name.is_empty() {
                found.push(wrong(field("name"), "Required value"));
            } else if let Some(problem) = label(name) {
                found.push(wrong(field("name"), invalid(name, problem)));
            } else if !names.insert(name) {
                found.push(wrong(field("name"), format!("Duplicate value: {name:?}")));
            }
            if container["image"].as_str().unwrap_or_default().is_empty() {
                found.push(wrong(field("image"), "Required value"));
            }
            resources(&field("resources"), &container["resources"], found);
        }
    }
}

/// Amounts below zero, and requests above their limit. What is no quantity is reported where the object is read.
fn resources(path: &str, resources: &Value, found: &mut Vec<FieldError>) {
    for list in ["limits", "requests"] {
        for (name, value) in resources[list].as_object().into_iter().flatten() {
            if let Some(amount) = quantity(value).filter(|amount| amount.is_negative()) {
                let problem = invalid(amount.to_string(), "must be greater than or equal to 0");
                found.push(wrong(format!("{path}.{list}[{name}]"), problem));
            }
        }
    }
    for (name, request) in resources["requests"].as_object().into_iter().flatten() {
        let (request, limit) = (quantity(request), quantity(&resources["limits"][name.as_str()]));
        if let (Some(request), Some(limit)) = (request, limit)
            && request > limit
        {
            let problem = format!("must be less than or equal to {name} limit of {limit}");
            found.push(wrong(format!("{path}.requests"), invalid(request.to_string(), problem)));
        }
    }
}

fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text).ok(),
        Value::Number(number) => Quantity::parse(&number.to_string()).ok(),
        _ => None,
    }
}

fn workload(kind: Kind, object: &Value, found: &mut Vec<FieldError>) {
    let template = &object["spec"]["template"];
    labels("spec.template.metadata.labels", &template["metadata"]["labels"], found);
    containers("spec.template.spec", &template["spec"], found);
    if let Some(replicas) = object["spec"]["replicas"].as_i64().filter(|replicas| *replicas < 0) {
        found.push(wrong("spec.replicas", invalid(replicas, "must be greater than or equal to 0")));
    }
    // A selector that cannot be read is reported where the object is read.
    let Ok((Some(selector), template_labels)) = selector_of(object) else { return };
    let before = found.len();
    requirements(&selector, found);
    if found.len() > before {
        return;
    }
    if selector.is_empty() {
        let problem = format!("empty selector is invalid for {}", kind.info().singular);
        found.push(wrong("spec.selector", format!("Invalid value: {{}}: {problem}")));
    } else if !selector.matches(&template_labels) {
        let value = template["metadata"]["labels"].clone();
        found.push(wrong(
            "spec.template.metadata.labels",
            invalid(value, "`selector` does not match template `labels`"),
        ));
    }
}

fn selector_of(object: &Value) -> Read<(Option<LabelSelector>, StringMap)> {
    let spec = Fields::root(object)?.fields("spec")?;
    let labels = spec.fields("template")?.fields("metadata")?.strings("labels")?;
    Ok((spec.label_selector("selector")?, labels))
}

fn requirements(selector: &LabelSelector, found: &mut Vec<FieldError>) {
    for (key, value) in selector.match_labels.iter() {
        for problem in
            [label_key(key).map(|p| (key, p)), label_value(value).map(|p| (value, p))].into_iter().flatten()
        {
            found.push(wrong("spec.selector.matchLabels", invalid(problem.0.as_str(), problem.1)));
        }
    }
    for (index, requirement) in selector.match_expressions.iter().enumerate() {
        let path = |name: &str| format!("spec.selector.matchExpressions[{index}].{name}");
        match (requirement.operator, requirement.values.is_empty()) {
            (Operator::In | Operator::NotIn, true) => found.push(wrong(
                path("values"),
                "Required value: must be specified when `operator` is 'In' or 'NotIn'",
            )),
            (Operator::Exists | Operator::DoesNotExist, false) => found.push(wrong(
                path("values"),
                "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            )),
            (Operator::Gt | Operator::Lt, _) => found.push(wrong(
                path("operator"),
                invalid(requirement.operator.as_str(), "not a valid selector operator"),
            )),
            _ => {}
        }
    }
}
