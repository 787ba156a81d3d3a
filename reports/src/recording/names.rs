//! Names that are the same in each run, for objects whose real name is random.

use super::entry::Entry;
use super::view::Meta;
use std::collections::{BTreeMap, BTreeSet};

/// The canonical name of every object but Events.
pub(super) struct Names {
    by_uid: BTreeMap<String, String>,
    by_name: BTreeMap<(String, Option<String>, String), String>,
}

/// `namespace/name`, or the name alone.
pub(super) fn full_name(meta: &Meta) -> String {
    match meta.namespace.as_deref() {
        Some(namespace) if !namespace.is_empty() => format!("{namespace}/{}", meta.name),
        _ => meta.name.clone(),
    }
}

impl Names {
    /// Looks at all objects first: watches of different resources are not ordered between themselves.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut known = BTreeSet::new();
        let mut firsts: Vec<&Entry> = entries
            .iter()
            .filter(|entry| entry.meta.kind != "Event" && known.insert(entry.meta.uid.as_str()))
            .collect();
        // `entries` is in order of time, and the sort is stable.
        firsts.sort_by(|a, b| a.meta.created.cmp(&b.meta.created));
        let (children, others): (Vec<_>, Vec<_>) =
            firsts.into_iter().partition(|entry| owner_of_child(&entry.meta, &known).is_some());
        let mut names = Self { by_uid: BTreeMap::new(), by_name: BTreeMap::new() };
        for entry in others {
            names.insert(&entry.meta, full_name(&entry.meta));
        }
        let mut ordinals: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in children {
            let Some(owner) = owner_of_child(&entry.meta, &known) else { continue };
            let ordinal = ordinals.entry(owner).or_default();
            *ordinal += 1;
            let owner = names.by_uid.get(owner).map_or(owner, String::as_str);
            let name = format!("{owner}#{ordinal}");
            names.insert(&entry.meta, name);
        }
        names
    }

    fn insert(&mut self, meta: &Meta, name: String) {
        let real = (meta.kind.clone(), meta.namespace.clone(), meta.name.clone());
        self.by_name.insert(real, name.clone());
        self.by_uid.insert(meta.uid.clone(), name);
    }

    pub(super) fn by_uid(&self, uid: &str) -> Option<&str> {
        self.by_uid.get(uid).map(String::as_str)
    }

    pub(super) fn by_name(&self, kind: &str, namespace: Option<&str>, name: &str) -> Option<&str> {
        let real = (kind.to_owned(), namespace.map(str::to_owned), name.to_owned());
        self.by_name.get(&real).map(String::as_str)
    }

    /// The canonical name of the object of an entry.
    pub(super) fn name(&self, meta: &Meta) -> String {
        self.by_uid(&meta.uid).map_or_else(|| full_name(meta), str::to_owned)
    }
}

/// The owner after which a ReplicaSet or a Job is called; it must be in the recording.
fn owner_of_child<'a>(meta: &'a Meta, known: &BTreeSet<&str>) -> Option<&'a str> {
    let owner = meta.controller.as_ref()?.uid.as_str();
    (matches!(meta.kind.as_str(), "ReplicaSet" | "Job") && known.contains(owner)).then_some(owner)
}
