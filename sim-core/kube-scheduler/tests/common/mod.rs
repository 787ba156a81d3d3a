//! Reads manifests that lie beside the repository.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, dead_code)] // tests read files and say what they skip

use api::core::Service;
use api::defaults;
use api::json::Fields;
use api::node::Node;
use api::pod::Pod;
use api::yaml::{Limits, parse};
use api::{Kind, LabelSelector, Name, ObjectKey, Resource};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A folder beside the repository; `None`, said aloud, if it is not there.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// What a file of manifests holds for a scheduler.
#[derive(Default)]
pub struct Manifests {
    pub nodes: Vec<Arc<Node>>,
    pub pods: Vec<Arc<Pod>>,
    pub services: Vec<Arc<Service>>,
    pub owners: BTreeMap<(Name, ObjectKey), LabelSelector>,
    /// Kinds that are something else.
    pub others: Vec<String>,
    /// The pods as JSON, defaulted.
    pub json: Vec<Value>,
}

impl Manifests {
    pub fn read(&mut self, path: &std::path::Path) {
        let bytes = std::fs::read(path).unwrap();
        let (documents, diagnostics) = parse(&path.display().to_string(), &bytes, &Limits::manifests());
        assert!(!diagnostics.has_errors(), "{}", path.display());
        documents.iter().for_each(|document| self.add(document.root().to_json()));
    }

    fn add(&mut self, mut object: Value) {
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        // The uids of the cases are no UUIDs, and nobody here reads them.
        if let Some(meta) = object["metadata"].as_object_mut() {
            meta.remove("uid");
            for owner in meta.get_mut("ownerReferences").and_then(Value::as_array_mut).into_iter().flatten() {
                owner["uid"] = "00000000-0000-4000-8000-000000000000".into();
            }
        }
        match kind.as_str() {
            "Node" => self.nodes.push(Arc::new(typed(Kind::Node, &mut object))),
            "Pod" => {
                if object["metadata"]["namespace"].is_null() {
                    object["metadata"]["namespace"] = "default".into();
                }
                self.pods.push(Arc::new(typed(Kind::Pod, &mut object)));
                self.json.push(object);
            }
            "Service" => self.services.push(Arc::new(typed(Kind::Service, &mut object))),
            "ReplicaSet" | "StatefulSet" => {
                let fields = Fields::root(&object).unwrap();
                let selector = fields.fields("spec").unwrap().label_selector("selector").unwrap();
                let text = |field: &str| Name::new(object["metadata"][field].as_str().unwrap_or("default"));
                let key = ObjectKey { namespace: text("namespace"), name: text("name") };
                self.owners.extend(selector.map(|selector| ((kind.into(), key), selector)));
            }
            _ => self.others.push(kind),
        }
    }
}

fn typed<T: Resource>(kind: Kind, object: &mut Value) -> T {
    defaults::apply(kind, object);
    T::from_fields(&Fields::root(object).unwrap()).unwrap_or_else(|error| panic!("{error:?}: {object}"))
}
