//! Which pods a pod belongs with: those of its Services and of its owner (scheduler.md 7.16, DefaultSelector).
//!
//! Source: `pkg/scheduler/framework/plugins/helper/spread.go`, v1.36.2.

use crate::plugins::pod_topology_spread::equals;
use api::core::Service;
use api::pod::Pod;
use api::selector::Requirement;
use api::{LabelSelector, Name, StringMap};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The selectors of all Services that match these labels, merged; later ones overwrite.
pub fn merged_services<'a>(
    services: impl Iterator<Item = &'a Arc<Service>>,
    labels: &StringMap,
) -> BTreeMap<Name, Name> {
    let selectors = services.filter_map(|service| service.spec.selector.as_ref());
    let matching = selectors.filter(|selector| labels.contains_all(selector));
    matching.flat_map(|selector| selector.iter().map(|(k, v)| (k.clone(), v.clone()))).collect()
}

/// Joins them with the owner's selector; `None` if nothing is selected by anything.
pub fn with_owner(services: BTreeMap<Name, Name>, owner: Option<&LabelSelector>) -> Option<LabelSelector> {
    let mut selector =
        LabelSelector { match_labels: services.into_iter().collect(), match_expressions: Vec::new() };
    if let Some(owner) = owner {
        selector.match_expressions.extend(requirements(owner));
    }
    (!selector.is_empty()).then_some(selector)
}

/// Whether the system's default constraints can apply: those of the pod replace them.
pub fn is_needed(pod: &Pod) -> bool {
    pod.spec.topology_spread_constraints.is_empty()
}

fn requirements(selector: &LabelSelector) -> impl Iterator<Item = Requirement> {
    let labels = selector.match_labels.iter().map(|(key, value)| equals(key, value));
    labels.chain(selector.match_expressions.iter().cloned())
}
