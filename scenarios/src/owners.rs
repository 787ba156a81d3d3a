//! Cycles of `ownerReferences` among manifests: objects that own each other are never garbage, and never meant.

use std::collections::BTreeMap;

use api::diagnostics::Diagnostics;
use api::yaml::Node;

use crate::check::Sink;
use crate::{Manifest, Position};

/// An owner reference of a manifest.
pub(crate) struct Owner {
    /// Which manifest has it, by its place in the list.
    manifest: usize,
    kind: String,
    name: String,
    position: Position,
}

/// The owner references of an object.
pub(crate) fn of(sink: &Sink, manifest: usize, node: Node<'_>) -> Vec<Owner> {
    let references = node.get("metadata").and_then(|metadata| metadata.get("ownerReferences"));
    let text = |node: Node<'_>, name| node.get(name).and_then(Node::as_str).unwrap_or_default().to_owned();
    let owner = |reference: Node<'_>| Owner {
        manifest,
        kind: text(reference, "kind"),
        name: text(reference, "name"),
        position: sink.position(reference),
    };
    references.into_iter().flat_map(Node::items).map(owner).collect()
}

/// An error for each cycle, with all its places.
pub(crate) fn cycles(manifests: &[Manifest], owners: &[Owner]) -> Diagnostics {
    let mut found = Diagnostics::default();
    if owners.is_empty() {
        return found;
    }
    let next = edges(manifests, owners);
    let mut state = vec![State::New; manifests.len()];
    for start in 0..manifests.len() {
        for cycle in walk(start, &next, &mut state) {
            found.push(report(manifests, owners, &cycle));
        }
    }
    found
}

/// For each manifest, the references whose owner is a manifest too: (reference, owner).
fn edges(manifests: &[Manifest], owners: &[Owner]) -> Vec<Vec<(usize, usize)>> {
    let mut by_name: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for (index, manifest) in manifests.iter().enumerate() {
        by_name.insert((manifest.kind.info().kind, namespace(manifest), manifest.name()), index);
    }
    let mut next = vec![Vec::new(); manifests.len()];
    for (reference, owner) in owners.iter().enumerate() {
        // An owner lives in the namespace of what it owns, or in none.
        let here = namespace(&manifests[owner.manifest]);
        let find = |namespace| by_name.get(&(owner.kind.as_str(), namespace, owner.name.as_str()));
        if let Some(target) = find(here).or_else(|| find("")) {
            next[owner.manifest].push((reference, *target));
        }
    }
    next
}

fn namespace(manifest: &Manifest) -> &str {
    match manifest.namespace() {
        _ if !manifest.kind.info().namespaced => "",
        "" => "default",
        namespace => namespace,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

/// Depth first from one manifest, without recursion: each reference that closes a cycle gives the references of it.
fn walk(start: usize, next: &[Vec<(usize, usize)>], state: &mut [State]) -> Vec<Vec<usize>> {
    let mut cycles = Vec::new();
    if state[start] != State::New {
        return cycles;
    }
    state[start] = State::Open;
    // (manifest, how many of its references were followed)
    let mut path = vec![(start, 0)];
    while let Some((here, followed)) = path.last_mut() {
        let Some((_, target)) = next[*here].get(*followed) else {
            state[*here] = State::Done;
            path.pop();
            continue;
        };
        *followed += 1;
        match state[*target] {
            State::Done => {}
            State::New => {
                state[*target] = State::Open;
                path.push((*target, 0));
            }
            State::Open => {
                let from = path.iter().position(|(manifest, _)| manifest == target).unwrap_or(0);
                cycles.push(
                    path[from..].iter().map(|(manifest, followed)| next[*manifest][followed - 1].0).collect(),
                );
            }
        }
    }
    cycles
}

fn report(manifests: &[Manifest], owners: &[Owner], cycle: &[usize]) -> api::diagnostics::Diagnostic {
    let named = |owner: &Owner| {
        let manifest = &manifests[owner.manifest];
        format!("{} {:?}", manifest.kind.info().kind, manifest.name())
    };
    let mut places: Vec<&Owner> = cycle.iter().map(|reference| &owners[*reference]).collect();
    let first = places.iter().enumerate().min_by_key(|(_, owner)| owner.manifest).map_or(0, |(at, _)| at);
    places.rotate_left(first);
    let steps: Vec<String> =
        places.iter().map(|owner| format!("{} at {} is owned by", named(owner), owner.position)).collect();
    let message = format!("ownerReferences form a cycle: {} {}", steps.join(" "), named(places[0]));
    api::diagnostics::Diagnostic {
        severity: api::diagnostics::Severity::Error,
        file: places[0].position.file.clone(),
        line: places[0].position.line,
        column: places[0].position.column,
        length: 1,
        message,
        help: Some(
            "an object cannot own itself, not even by way of others: remove one of the references".to_owned(),
        ),
    }
}
