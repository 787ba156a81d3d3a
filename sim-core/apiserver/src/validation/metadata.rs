//! `metadata`: names, labels, annotations, finalizers.
//!
//! Source: `staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go`, v1.36.2.

use super::forms::{label, label_value, path_segment, qualified_name, subdomain};
use super::found::Found;
use api::{Kind, Object, StringMap};

/// Bytes of all annotations together.
const MAX_ANNOTATIONS: usize = 256 * 1024;
/// Finalizers that need no prefix.
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

pub(super) fn metadata(object: &Object, found: &mut Found) {
    let (kind, meta) = (object.kind(), object.meta());
    if !meta.name.is_empty() {
        found.each("metadata.name", &meta.name, name(kind, &meta.name));
    }
    if kind.info().namespaced && !meta.namespace.is_empty() {
        found.each("metadata.namespace", &meta.namespace, label(&meta.namespace));
    }
    labels("metadata.labels", &meta.labels, found);
    annotations("metadata.annotations", &meta.annotations, found);
    for (at, finalizer) in meta.finalizers.iter().enumerate() {
        let path = format!("metadata.finalizers[{at}]");
        found.each(&path, finalizer, qualified_name(finalizer));
        if !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(&finalizer.as_str()) {
            let problem = "name is neither a standard finalizer name nor is it fully qualified";
            found.invalid(path, finalizer.as_str(), problem);
        }
    }
}

/// What is wrong with the name of an object of this kind.
pub(super) fn name(kind: Kind, name: &str) -> Vec<String> {
    match kind {
        Kind::Namespace | Kind::Service => label(name),
        _ if kind.info().group == "rbac.authorization.k8s.io" => path_segment(name),
        _ => subdomain(name),
    }
}

/// Keys and values of labels.
pub(super) fn labels(path: &str, labels: &StringMap, found: &mut Found) {
    for (key, value) in labels.iter() {
        found.each(path, key, qualified_name(key));
        found.each(path, value, label_value(value));
    }
}

/// Keys of annotations, and the size of all of them.
pub(super) fn annotations(path: &str, annotations: &StringMap, found: &mut Found) {
    for (key, _) in annotations.iter() {
        found.each(path, key, qualified_name(&key.to_lowercase()));
    }
    let size: usize = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > MAX_ANNOTATIONS {
        found.add(path, format!("Too long: may not be more than {MAX_ANNOTATIONS} bytes"));
    }
}
