//! What the API server refuses with 422, in its words; a pure function of the object, whatever else there is.
//!
//! Source: `pkg/apis/{core,apps,batch}/validation/validation.go` and
//! `staging/src/k8s.io/apimachinery/pkg/{api,util}/validation`, v1.36.2.
//!
//! DIFFERENCE: a part of the rules; the modules say which. Who sends an object that a real server refuses for another
//! reason can tell.

mod container;
mod forms;
mod found;
mod metadata;
mod others;
mod pod;
mod workload;

use crate::Served;
use api::json::{FieldError, selector_to};
use api::{ApiError, Kind, Object};
use found::Found;

/// All that is wrong with an object, defaults filled in, in the server's words and order. A missing name is none of it:
/// the server makes one up, or says so before.
pub fn validate(object: &Object) -> Vec<FieldError> {
    let mut found = Found::default();
    metadata::metadata(object, &mut found);
    match object {
        Object::Deployment(deployment) => workload::deployment(deployment, &mut found),
        Object::ReplicaSet(set) => workload::replica_set(set, &mut found),
        Object::Pod(pod) => pod::pod(pod, &mut found),
        Object::Service(service) => others::service(service, &mut found),
        Object::Node(node) => others::node(node, &mut found),
        Object::Generic(generic) => workload::generic(generic, &mut found),
        Object::Namespace(_) | Object::Event(_) | Object::EndpointSlice(_) | Object::Lease(_) => {}
    }
    found.0
}

/// Checks a name alone.
pub(crate) fn name(kind: Kind, name: &str) -> Served<()> {
    let cause = |problem| format!("metadata.name: Invalid value: \"{name}\": {problem}");
    let causes: Vec<String> = metadata::name(kind, name).into_iter().map(cause).collect();
    refuse(kind, name, &causes)
}

/// Checks an object as it is about to be stored.
pub(crate) fn object(object: &Object) -> Served<()> {
    let causes: Vec<String> = validate(object).iter().map(ToString::to_string).collect();
    refuse(object.kind(), &object.meta().name, &causes)
}

/// Checks what may not change.
pub(crate) fn update(old: &Object, new: &Object) -> Served<()> {
    let selectors = match (old, new) {
        (Object::Deployment(a), Object::Deployment(b)) => Some((&a.spec.selector, &b.spec.selector)),
        (Object::ReplicaSet(a), Object::ReplicaSet(b)) => Some((&*a.spec.selector, &*b.spec.selector)),
        _ => None,
    };
    let changed = selectors.filter(|(old, new)| old != new);
    let cause = |(_, new)| format!("spec.selector: Invalid value: {}: field is immutable", selector_to(new));
    let causes: Vec<String> = changed.map(cause).into_iter().collect();
    refuse(new.kind(), &new.meta().name, &causes)
}

fn refuse(kind: Kind, name: &str, causes: &[String]) -> Served<()> {
    if causes.is_empty() { Ok(()) } else { Err(ApiError::invalid(kind, name, causes)) }
}

#[cfg(test)]
mod tests;
