//! What makes pods from a template: replicas, selectors, templates.
//!
//! Source: `pkg/apis/apps/validation/validation.go` and `pkg/apis/batch/validation/validation.go`, v1.36.2.
//!
//! DIFFERENCE: a selector that is left out is taken for an empty one; the words for it can tell.
//! DIFFERENCE: of StatefulSets, DaemonSets, Jobs and CronJobs the template, the selector and the numbers alone.

use super::forms::{label_value, qualified_name};
use super::found::Found;
use super::metadata;
use super::pod::pod_spec;
use api::apps::{Deployment, IntOrPercent, ReplicaSet, Strategy};
use api::generic::Generic;
use api::json::{FieldError, Fields, Read, selector_to, strings_to};
use api::pod::{PodTemplate, RestartPolicy};
use api::selector::{Operator, Requirement};
use api::{Kind, LabelSelector};
use serde_json::Value;

pub(super) fn deployment(deployment: &Deployment, found: &mut Found) {
    let spec = &deployment.spec;
    found.not_negative("spec.replicas", spec.replicas);
    pods(Kind::Deployment, &spec.selector, &spec.template, found);
    strategy(spec.strategy, found);
    found.not_negative("spec.minReadySeconds", spec.min_ready_seconds);
    found.not_negative("spec.revisionHistoryLimit", spec.revision_history_limit);
    found.not_negative("spec.progressDeadlineSeconds", spec.progress_deadline_seconds);
    if spec.progress_deadline_seconds <= spec.min_ready_seconds {
        let problem = "must be greater than minReadySeconds";
        found.invalid("spec.progressDeadlineSeconds", spec.progress_deadline_seconds, problem);
    }
}

pub(super) fn replica_set(set: &ReplicaSet, found: &mut Found) {
    let spec = &set.spec;
    found.not_negative("spec.replicas", spec.replicas);
    found.not_negative("spec.minReadySeconds", spec.min_ready_seconds);
    pods(Kind::ReplicaSet, &spec.selector, &spec.template, found);
}

/// A workload that nothing acts on: what its template holds matters all the same.
pub(super) fn generic(object: &Generic, found: &mut Found) {
    if let Err(problem) = read_generic(object.kind, &Value::Object((*object.body).clone()), found) {
        found.0.push(problem);
    }
}

fn read_generic(kind: Kind, body: &Value, found: &mut Found) -> Read<()> {
    let spec = Fields::root(body)?.fields("spec")?;
    match kind {
        Kind::StatefulSet | Kind::DaemonSet => {
            numbers("spec", &spec, &["replicas", "minReadySeconds", "revisionHistoryLimit"], found)?;
            let selector = spec.label_selector("selector")?.unwrap_or_default();
            pods(kind, &selector, &PodTemplate::from_fields(&spec.fields("template")?)?, found);
        }
        Kind::ReplicationController => {
            numbers("spec", &spec, &["replicas", "minReadySeconds"], found)?;
            let made = PodTemplate::from_fields(&spec.fields("template")?)?;
            template("spec.template", &made, found);
            runs_for_ever(kind, &made, found);
        }
        Kind::Job => job("spec", &spec, found)?,
        Kind::CronJob => {
            let own = ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"];
            numbers("spec", &spec, &own, found)?;
            job("spec.jobTemplate.spec", &spec.fields("jobTemplate")?.fields("spec")?, found)?;
        }
        _ => {}
    }
    Ok(())
}

fn job(path: &str, spec: &Fields<'_>, found: &mut Found) -> Read<()> {
    let own =
        ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];
    numbers(path, spec, &own, found)?;
    let made = PodTemplate::from_fields(&spec.fields("template")?)?;
    template(&format!("{path}.template"), &made, found);
    if made.spec.restart_policy == RestartPolicy::Always {
        let path = format!("{path}.template.spec.restartPolicy");
        found.add(path, "Required value: valid values: \"OnFailure\", \"Never\"".to_owned());
    }
    Ok(())
}

fn numbers(path: &str, spec: &Fields<'_>, names: &[&str], found: &mut Found) -> Result<(), FieldError> {
    for name in names {
        found.not_negative(format!("{path}.{name}"), spec.int(name)?.unwrap_or_default());
    }
    Ok(())
}

/// A selector, and the template of the pods that it must find.
fn pods(kind: Kind, selector: &LabelSelector, made: &PodTemplate, found: &mut Found) {
    let before = found.0.len();
    requirements("spec.selector", selector, found);
    if found.0.len() > before {
        // The server looks no further.
        return found.invalid("spec.selector", selector_to(selector), "invalid label selector");
    }
    if selector.is_empty() {
        let problem = format!("empty selector is invalid for {}", kind.info().singular);
        found.add("spec.selector", format!("Invalid value: {{}}: {problem}"));
    } else if !selector.matches(&made.labels) {
        let labels = if made.labels.is_empty() { Value::Null } else { strings_to(&made.labels) };
        let problem = "`selector` does not match template `labels`";
        found.invalid("spec.template.metadata.labels", labels, problem);
    }
    template("spec.template", made, found);
    runs_for_ever(kind, made, found);
}

/// The labels and expressions of a selector.
fn requirements(path: &str, selector: &LabelSelector, found: &mut Found) {
    metadata::labels(&format!("{path}.matchLabels"), &selector.match_labels, found);
    for (at, each) in selector.match_expressions.iter().enumerate() {
        requirement(&format!("{path}.matchExpressions[{at}]"), each, found);
    }
}

fn requirement(path: &str, requirement: &Requirement, found: &mut Found) {
    let values = format!("{path}.values");
    match (requirement.operator, requirement.values.is_empty()) {
        (Operator::In | Operator::NotIn, true) => {
            let why = "Required value: must be specified when `operator` is 'In' or 'NotIn'";
            found.add(&values, why.to_owned());
        }
        (Operator::Exists | Operator::DoesNotExist, false) => {
            found.forbidden(&values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        (Operator::Gt | Operator::Lt, _) => {
            let operator = requirement.operator.as_str();
            found.invalid(format!("{path}.operator"), operator, "not a valid selector operator");
        }
        _ => {}
    }
    found.each(&format!("{path}.key"), &requirement.key, qualified_name(&requirement.key));
    for (at, value) in requirement.values.iter().enumerate() {
        found.each(&format!("{values}[{at}]"), value, label_value(value));
    }
}

fn template(path: &str, template: &PodTemplate, found: &mut Found) {
    metadata::labels(&format!("{path}.metadata.labels"), &template.labels, found);
    metadata::annotations(&format!("{path}.metadata.annotations"), &template.annotations, found);
    pod_spec(&format!("{path}.spec"), &template.spec, found);
}

/// What belongs to pods that are meant to end.
fn runs_for_ever(kind: Kind, template: &PodTemplate, found: &mut Found) {
    let policy = template.spec.restart_policy;
    if policy != RestartPolicy::Always {
        found.unsupported("spec.template.spec.restartPolicy", policy.as_str(), &["Always"]);
    }
    if template.spec.active_deadline_seconds.is_some() {
        let kind = if kind == Kind::Deployment { Kind::ReplicaSet } else { kind };
        let why = format!("activeDeadlineSeconds in {} is not Supported", kind.info().kind);
        found.forbidden("spec.template.spec.activeDeadlineSeconds", &why);
    }
}

fn strategy(strategy: Strategy, found: &mut Found) {
    let Strategy::RollingUpdate { max_surge, max_unavailable } = strategy else { return };
    let path = "spec.strategy.rollingUpdate";
    for (name, amount) in [("maxUnavailable", max_unavailable), ("maxSurge", max_surge)] {
        let (IntOrPercent::Int(number) | IntOrPercent::Percent(number)) = amount;
        found.not_negative(format!("{path}.{name}"), number);
    }
    let is_zero = |amount| matches!(amount, IntOrPercent::Int(0) | IntOrPercent::Percent(0));
    if is_zero(max_surge) && is_zero(max_unavailable) {
        let why = "may not be 0 when `maxSurge` is 0";
        found.invalid(format!("{path}.maxUnavailable"), max_unavailable.to_json(), why);
    }
    if let IntOrPercent::Percent(percent) = max_unavailable
        && percent > 100
    {
        let why = "must not be greater than 100%";
        found.invalid(format!("{path}.maxUnavailable"), max_unavailable.to_json(), why);
    }
}
