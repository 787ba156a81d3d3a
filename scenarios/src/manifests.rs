//! Manifests: files, folders and objects in place, checked as far as that goes without a cluster.
//!
//! Source: `kubectl apply -f` of v1.36.2 for what is read (extensions, order, lists, documents); the shape of objects
//! along [`api::schema`], their values in `values`. What depends on the cluster happens in the run.
//!
//! DIFFERENCE: no URLs, no patterns (`*.yaml`), no kustomizations; who gives one is told so.
//! DIFFERENCE: a version of a kind that is not the stored one (`autoscaling/v1`) is refused; kubectl converts it.

mod path;
mod values;

use std::sync::Arc;

use api::Kind;
use api::diagnostics::{Diagnostic, Diagnostics, Severity};
use api::schema::{self, Schema};
use api::yaml::{self, Kind as NodeKind, Limits, Node};
use serde_json::Value;

use crate::check::{At, Sink};
use crate::files::{Files, Recording, beside, join};
use crate::owners::Owner;
use crate::set::Places;
use crate::{Manifest, owners};

const EXTENSIONS: [&str; 3] = [".json", ".yaml", ".yml"];

/// Reads what `-f` names: files, folders and `-`. All that is wrong with them is reported; the objects that are right
/// are given in any case.
pub fn read(files: &dyn Files, paths: &[String]) -> (Vec<Manifest>, Diagnostics) {
    let recording = Recording::new(files);
    let mut sink = Sink::default();
    let manifests = named(&mut sink, &recording, paths);
    (manifests, sink.diagnostics)
}

/// As [`read`], within a loading.
pub(crate) fn named(sink: &mut Sink, files: &Recording<'_>, paths: &[String]) -> Vec<Manifest> {
    let mut reader = Reader { sink, files, manifests: Vec::new(), owners: Vec::new() };
    for (at, path) in paths.iter().enumerate() {
        if path == "-" && paths[..at].contains(path) {
            reader.sink.push(unreadable(path, "standard input can be named once"));
        } else if let Err(problem) = reader.path(path) {
            reader.sink.push(unreadable(path, problem));
        }
    }
    reader.finish()
}

/// The files of a `-f` in a scenario; a problem with the path itself is reported at `at`.
pub(crate) fn of_path(sink: &mut Sink, files: &Recording<'_>, at: &At<'_>, path: &str) -> Vec<Manifest> {
    let mut reader = Reader { sink, files, manifests: Vec::new(), owners: Vec::new() };
    reader.relative(at, path);
    reader.finish()
}

/// `spec.manifests`: paths and objects in place, in this order.
pub(crate) fn manifests(sink: &mut Sink, files: &Recording<'_>, at: &At<'_>) -> Vec<Manifest> {
    let items = sink.list(at);
    let mut reader = Reader { sink, files, manifests: Vec::new(), owners: Vec::new() };
    for item in &items {
        reader.entry(item);
    }
    reader.finish()
}

fn unreadable(path: &str, problem: impl Into<String>) -> Diagnostic {
    let message = format!("{path} cannot be read: {}", problem.into());
    Diagnostic {
        severity: Severity::Error,
        file: path.into(),
        line: 1,
        column: 1,
        length: 1,
        message,
        help: None,
    }
}

/// Collects objects, and who owns them.
struct Reader<'a, 'f> {
    sink: &'a mut Sink,
    files: &'a Recording<'f>,
    manifests: Vec<Manifest>,
    owners: Vec<Owner>,
}

impl Reader<'_, '_> {
    fn finish(self) -> Vec<Manifest> {
        self.sink.append(owners::cycles(&self.manifests, &self.owners));
        self.manifests
    }

    /// An entry of `spec.manifests`.
    fn entry(&mut self, at: &At<'_>) {
        let is_object = ["apiVersion", "kind", "metadata"].iter().any(|name| at.node.get(name).is_some());
        match at.field("path") {
            Some(path) if !is_object => {
                self.sink.object(at, &["path"], &[]);
                if let Some(text) = self.sink.text(&path) {
                    self.relative(&path, text);
                }
            }
            _ if at.node.kind() != NodeKind::Mapping => self.sink.wrong(at, "{path: …} or an object"),
            _ => self.in_place(at.node, None),
        }
    }

    fn relative(&mut self, at: &At<'_>, path: &str) {
        if path == "-" {
            return self.sink.error(at, "a scenario has no standard input: name a file");
        }
        if path.is_empty() {
            return self.sink.error(at, "must not be empty: name a file or a folder");
        }
        if path.contains("://") {
            return self
                .sink
                .error(at, format!("{path}: URLs are not read: save it as a file and name that"));
        }
        let place = at.node.file().trim_end_matches('\0');
        let file = self.sink.position(at.node).file;
        // A path of `--set` is relative to the scenario too.
        let from = if file.starts_with("--set ") { place } else { &*file };
        if let Err(problem) = self.path(&beside(from, path)) {
            self.sink.error(at, format!("{path} cannot be read: {problem}"));
        }
    }

    /// A file or a folder; the error says why it is neither.
    fn path(&mut self, path: &str) -> Result<(), String> {
        let names = if path == "-" { Err(String::new()) } else { self.files.list(path) };
        let Ok(mut names) = names else {
            let bytes = self.files.bytes(path)?;
            self.file(path, &bytes);
            return Ok(());
        };
        names.retain(|name| EXTENSIONS.iter().any(|extension| name.ends_with(extension)));
        names.sort();
        if names.is_empty() {
            return Err(format!(
                "no manifests in this folder; recognized file extensions are {EXTENSIONS:?}"
            ));
        }
        for name in names {
            let path = join(path, &name);
            match self.files.bytes(&path) {
                Ok(bytes) => self.file(&path, &bytes),
                Err(problem) => self.sink.push(unreadable(&path, problem)),
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &str, bytes: &Arc<[u8]>) {
        let mut count = 0;
        let found = yaml::read(path, bytes, &Limits::manifests(), |document| {
            if is_empty_list(&document) {
                return;
            }
            count += 1;
            let found = schema::check_document(Schema::builtin(), &document);
            match (document.api_version(), document.kind()) {
                (Some(version), Some(kind)) => self.accept(document.root(), version, kind, found),
                _ => self.sink.append(found),
            }
        });
        let is_broken = found.has_errors();
        self.sink.append(found);
        if count == 0 && !is_broken {
            let problem = unreadable(path, "");
            self.sink.push(Diagnostic {
                severity: Severity::Warning,
                message: "no objects in this file".to_owned(),
                ..problem
            });
        }
    }

    /// An object in place, or a list of them; `list` is the kind of the items of a typed list.
    fn in_place(&mut self, node: Node<'_>, list: Option<(&str, &str)>) {
        let version = node.get("apiVersion").and_then(Node::as_str).or(list.map(|(version, _)| version));
        let kind = node.get("kind").and_then(Node::as_str).or(list.map(|(_, kind)| kind));
        let (Some(version), Some(kind)) = (version, kind) else {
            let missing = if version.is_none() { "apiVersion" } else { "kind" };
            let problem = node.get(missing).unwrap_or(node).error(format!("{missing} not set"));
            return self
                .sink
                .push(problem.with_help("an entry is {path: FILE}, or an object with apiVersion and kind"));
        };
        if let (Some(item), Some(items)) = (kind.strip_suffix("List"), node.get("items")) {
            let list = (!item.is_empty()).then_some((version, item));
            return items.items().for_each(|item| self.in_place(item, list));
        }
        let found = match Schema::builtin().kind(version, kind) {
            Some(object) => schema::check(Schema::builtin(), node, object),
            None => {
                return self.sink.push(schema::unknown_kind(Schema::builtin(), node, version, kind));
            }
        };
        self.accept(node, version, kind, found);
    }

    /// An object, and what is wrong with its shape: its values are checked too.
    fn accept(&mut self, node: Node<'_>, version: &str, kind: &str, shape: Diagnostics) {
        let Some(kind) = Kind::of_manifest(version, kind) else {
            let is_known = !shape.has_errors();
            self.sink.append(shape);
            if is_known {
                self.sink.push(unmodelled(node, version, kind));
            }
            return;
        };
        let mut object = node.to_json();
        if let Value::Object(fields) = &mut object {
            fields.entry("apiVersion").or_insert_with(|| version.into());
            fields.entry("kind").or_insert_with(|| kind.info().kind.into());
        }
        let values = values(node, kind, &object, &shape, &self.sink.places);
        let is_right = !shape.has_errors() && values.is_empty();
        self.sink.append(shape);
        values.into_iter().for_each(|problem| self.sink.push(problem));
        if is_right {
            let source = self.sink.position(node);
            self.owners.extend(owners::of(self.sink, self.manifests.len(), node));
            self.manifests.push(Manifest { source, kind, object });
        }
    }
}

/// What is wrong with the values of an object, beside what its shape explains.
fn values(
    node: Node<'_>,
    kind: Kind,
    object: &Value,
    shape: &Diagnostics,
    places: &Places,
) -> Vec<Diagnostic> {
    let mut problems = values::check(kind, object);
    if shape.has_errors() {
        // A misspelt field is one that is missed.
        problems.retain(|problem| !problem.message.starts_with("Required value"));
    }
    let place = |diagnostic: &Diagnostic| {
        let Diagnostic { file, line, column, .. } = places.restore(diagnostic.clone());
        (file, line, column)
    };
    let told: Vec<_> = shape.iter().map(place).collect();
    let problem = |problem| path::locate(kind, node, problem).error(problem.to_string());
    problems.iter().map(problem).filter(|problem| !told.contains(&place(problem))).collect()
}

/// A kind that the API has and that nothing here keeps.
fn unmodelled(node: Node<'_>, version: &str, kind: &str) -> Diagnostic {
    let place = node.get("apiVersion").unwrap_or(node);
    let problem = place.error(format!("{kind} in {version} is not modelled yet"));
    let known = Kind::ALL.iter().find(|known| known.info().kind == kind);
    match known {
        Some(known) => problem.with_help(format!("{kind} is known in {}", known.api_version())),
        None => problem.with_help("it is no kind of which objects are kept"),
    }
}

/// A list without items is handed on as it is: it has no objects.
fn is_empty_list(document: &yaml::Document) -> bool {
    let items = document.root().get("items");
    document.kind().is_some_and(|kind| kind.ends_with("List"))
        && items.is_some_and(|items| {
            items.is_null() || (items.kind() == NodeKind::Sequence && items.items().next().is_none())
        })
}
