//! Reading the objects that a command is about, one call after the other.

use super::Shell;
use crate::failure::Failure;
use crate::grammar::resources::{Selection, Target};
use api::{Kind, Name, Object, ObjectKey};
use client::{Call, Reply, Response};
use std::collections::VecDeque;

/// What is still to be read, and what has been.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    rest: VecDeque<Wanted>,
    /// What was read, in order.
    pub found: Vec<Object>,
    /// What could not be read.
    pub failures: Vec<Failure>,
}

/// One thing to read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wanted {
    /// One object.
    One(Kind, ObjectKey),
    /// All that a selection leaves.
    Many(Kind, Selection),
}

impl Wanted {
    /// The call that reads it.
    pub fn call(&self, namespace: &Name) -> Call {
        match self.clone() {
            Self::One(kind, key) => Call::Get { kind, key },
            Self::Many(kind, selection) => Call::List {
                kind,
                namespace: (kind.info().namespaced && !selection.all_namespaces).then(|| namespace.clone()),
                labels: selection.labels,
                fields: selection.fields,
            },
        }
    }
}

/// What arguments and files ask for; failures are left in the terminal.
pub(crate) fn wanted(targets: &[Target], selection: &Selection, shell: &mut Shell<'_>) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = Vec::new();
    for manifest in shell.command.manifests() {
        match manifest.placed(shell.namespace, shell.command.namespace.is_some()) {
            Ok(object) => all.push(Wanted::One(manifest.kind, key_of(manifest.kind, &object))),
            Err(failure) => shell.terminal.fail(failure),
        }
    }
    all.extend(targets.iter().map(|target| match target {
        Target::Named(kind, name) => Wanted::One(*kind, placed(*kind, shell.namespace, name)),
        Target::All(kind) => Wanted::Many(*kind, selection.clone()),
    }));
    all
}

/// The key of a name in a namespace, or of a cluster's object.
pub(crate) fn placed(kind: Kind, namespace: &Name, name: &Name) -> ObjectKey {
    if kind.info().namespaced {
        ObjectKey::new(namespace.clone(), name.clone())
    } else {
        ObjectKey::cluster(name.clone())
    }
}

/// The key of an object whose namespace is filled in.
pub(crate) fn key_of(kind: Kind, object: &serde_json::Value) -> ObjectKey {
    let text = |field: &str| Name::from(object["metadata"][field].as_str().unwrap_or_default());
    placed(kind, &text("namespace"), &text("name"))
}

impl Reading {
    /// Of these, in order.
    pub fn of(wanted: Vec<Wanted>) -> Self {
        Self { rest: wanted.into(), ..Self::default() }
    }

    /// Takes the answer to the call before, if there was one; the next call, if there is one.
    pub fn next(&mut self, reply: Option<Reply>, namespace: &Name) -> Option<Call> {
        match reply {
            Some(Ok(Response::Object(object))) => self.found.push(object),
            Some(Ok(Response::List(objects))) => self.found.extend(objects),
            Some(Ok(Response::Done)) | None => {}
            Some(Err(error)) => self.failures.push(Failure::server(error)),
        }
        self.rest.pop_front().map(|wanted| wanted.call(namespace))
    }
}
