//! The `spec` of a pod, or of a template.
//!
//! Source: `pkg/apis/core/validation/validation.go`, v1.36.2.
//!
//! DIFFERENCE: volumes, environments, security contexts, DNS, pod affinity and the words of fields that stay JSON here
//! are not checked; who sends such a mistake can tell.

use super::container::{self, containers};
use super::forms::{label, qualified_name, subdomain};
use super::found::Found;
use super::metadata::labels;
use api::Name;
use api::node::TaintEffect;
use api::pod::{
    NodeSelectorTerm, Pod, PodSpec, Toleration, TolerationOperator, TopologySpreadConstraint,
    WhenUnsatisfiable,
};
use api::selector::{Operator, Requirement};
use std::collections::BTreeSet;

pub(super) fn pod(pod: &Pod, found: &mut Found) {
    pod_spec("spec", &pod.spec, found);
    if pod.is_bound() {
        found.each("spec.nodeName", &pod.node_name, subdomain(&pod.node_name));
    }
}

pub(super) fn pod_spec(path: &str, spec: &PodSpec, found: &mut Found) {
    containers(path, spec, found);
    if let Some(resources) = &spec.resources {
        container::resources(&format!("{path}.resources"), resources, found);
    }
    labels(&format!("{path}.nodeSelector"), &spec.node_selector, found);
    times(path, spec, found);
    for (field, name) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        if !name.is_empty() {
            found.each(&format!("{path}.{field}"), name, label(name));
        }
    }
    node_affinity(path, spec, found);
    for (at, each) in spec.tolerations.iter().enumerate() {
        let given = spec.json.get("tolerations").and_then(|list| list[at]["operator"].as_str());
        toleration(&format!("{path}.tolerations[{at}]"), each, given.unwrap_or_default(), found);
    }
    spread(&format!("{path}.topologySpreadConstraints"), &spec.topology_spread_constraints, found);
    gates(path, spec, found);
    for (name, amount) in spec.overhead.iter() {
        container::amount(&format!("{path}.overhead[{name}]"), name, amount, found);
    }
}

fn times(path: &str, spec: &PodSpec, found: &mut Found) {
    if let Some(seconds) = spec.active_deadline_seconds
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let problem = "must be between 1 and 2147483647, inclusive";
        found.invalid(format!("{path}.activeDeadlineSeconds"), seconds, problem);
    }
}

fn node_affinity(path: &str, spec: &PodSpec, found: &mut Found) {
    let Some(affinity) = &spec.affinity.node else { return };
    let path = format!("{path}.affinity.nodeAffinity");
    if let Some(terms) = &affinity.required {
        let path = format!("{path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
        if terms.is_empty() {
            found.add(&path, "Required value: must have at least one node selector term".to_owned());
        }
        for (at, each) in terms.iter().enumerate() {
            term(&format!("{path}[{at}]"), each, found);
        }
    }
    for (at, preferred) in affinity.preferred.iter().enumerate() {
        let path = format!("{path}.preferredDuringSchedulingIgnoredDuringExecution[{at}]");
        if !(1..=100).contains(&preferred.weight) {
            found.invalid(format!("{path}.weight"), preferred.weight, "must be in the range 1-100");
        }
        term(&format!("{path}.preference"), &preferred.term, found);
    }
}

fn term(path: &str, term: &NodeSelectorTerm, found: &mut Found) {
    for (at, each) in term.match_expressions.iter().enumerate() {
        node_requirement(&format!("{path}.matchExpressions[{at}]"), each, found);
    }
    for (at, field) in term.match_fields.iter().enumerate() {
        if field.key != "metadata.name" {
            let path = format!("{path}.matchFields[{at}].key");
            found.invalid(path, field.key.as_str(), "not a valid field selector key");
        }
    }
}

fn node_requirement(path: &str, requirement: &Requirement, found: &mut Found) {
    let (values, count) = (format!("{path}.values"), requirement.values.len());
    match requirement.operator {
        Operator::In | Operator::NotIn if count == 0 => {
            let why = "Required value: must be specified when `operator` is 'In' or 'NotIn'";
            found.add(values, why.to_owned());
        }
        Operator::Exists | Operator::DoesNotExist if count > 0 => {
            found.forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        Operator::Gt | Operator::Lt if count != 1 => {
            let why = "Required value: must be specified single value when `operator` is 'Lt' or 'Gt'";
            found.add(values, why.to_owned());
        }
        _ => {}
    }
    found.each(&format!("{path}.key"), &requirement.key, qualified_name(&requirement.key));
}

/// `given` is the operator in its own words: empty if it was left out.
fn toleration(path: &str, toleration: &Toleration, given: &str, found: &mut Found) {
    let Toleration { key, operator, value, effect, toleration_seconds } = toleration;
    if key.is_empty() {
        if *operator != TolerationOperator::Exists {
            let problem =
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            found.invalid(format!("{path}.operator"), given, problem);
        }
    } else {
        found.each(&format!("{path}.key"), key, qualified_name(key));
    }
    if toleration_seconds.is_some() && *effect != Some(TaintEffect::NoExecute) {
        let effect = effect.map(TaintEffect::as_str).unwrap_or_default();
        let problem = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        found.invalid(format!("{path}.effect"), effect, problem);
    }
    match operator {
        TolerationOperator::Exists if !value.is_empty() => {
            let problem = "value must be empty when `operator` is 'Exists'";
            found.invalid(format!("{path}.operator"), value.as_str(), problem);
        }
        TolerationOperator::Equal => {
            found.each(&format!("{path}.operator"), value, super::forms::label_value(value));
        }
        // Behind a gate that is closed by default.
        TolerationOperator::Lt | TolerationOperator::Gt => {
            found.unsupported(format!("{path}.operator"), operator.as_str(), &OPERATORS);
        }
        TolerationOperator::Exists => {}
    }
}

const OPERATORS: [&str; 4] = ["Equal", "Exists", "Lt", "Gt"];

fn spread(path: &str, constraints: &[TopologySpreadConstraint], found: &mut Found) {
    let mut seen: BTreeSet<(&Name, &str)> = BTreeSet::new();
    for (at, constraint) in constraints.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let greater = "must be greater than zero";
        if constraint.max_skew <= 0 {
            found.invalid(format!("{path}.maxSkew"), constraint.max_skew, greater);
        }
        if constraint.topology_key.is_empty() {
            found.add(format!("{path}.topologyKey"), "Required value: can not be empty".to_owned());
        }
        let when = constraint.when_unsatisfiable;
        if let Some(domains) = constraint.min_domains {
            let path = format!("{path}.minDomains");
            if domains <= 0 {
                found.invalid(&path, domains, greater);
            }
            if when != WhenUnsatisfiable::DoNotSchedule {
                let problem = format!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}",
                    when.as_str()
                );
                found.invalid(path, domains, problem);
            }
        }
        if !seen.insert((&constraint.topology_key, when.as_str())) {
            let pair = format!("{{{}, {}}}", constraint.topology_key, when.as_str());
            found.duplicate(format!("{path}.{{topologyKey, whenUnsatisfiable}}"), pair);
        }
    }
}

fn gates(path: &str, spec: &PodSpec, found: &mut Found) {
    for (at, gate) in spec.readiness_gates.iter().enumerate() {
        found.each(&format!("{path}.readinessGates[{at}].conditionType"), gate, qualified_name(gate));
    }
    let mut seen = BTreeSet::new();
    for (at, gate) in spec.scheduling_gates.iter().enumerate() {
        let path = format!("{path}.schedulingGates[{at}]");
        found.each(&path, gate, qualified_name(gate));
        if !seen.insert(gate) {
            found.duplicate(path, gate.as_str());
        }
    }
}
