//! Walks a tree along its type and collects what is wrong.

use std::fmt;

use units::{MicroTime, Quantity, Timestamp};

use super::{Field, Schema, Shape, Type};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::yaml::{Document, Kind, Node, base64};

/// All mistakes of shape of an object of a known type.
pub fn check(schema: &Schema, node: Node<'_>, object: &Type) -> Diagnostics {
    let mut walk = Walk { schema, found: Diagnostics::default(), path: Vec::new() };
    if node.kind() == Kind::Mapping {
        walk.object(node, object);
    } else {
        walk.found.push(node.error(format!(
            "{} must be an object, not {}",
            object.short_name(),
            described(node)
        )));
    }
    walk.found
}

/// All mistakes of a document that should be an object: its kind is its own or that of the typed list around it. A
/// kind that is not known is one of them.
pub fn check_document(schema: &Schema, document: &Document) -> Diagnostics {
    let mut found = Diagnostics::default();
    let node = document.root();
    if node.kind() != Kind::Mapping {
        found.push(
            node.error(format!("an object with apiVersion and kind is needed, not {}", described(node))),
        );
        return found;
    }
    let version = document.api_version().or_else(|| header(node, "apiVersion", &mut found));
    let kind = document.kind().or_else(|| header(node, "kind", &mut found));
    let (Some(version), Some(kind)) = (version, kind) else { return found };
    match schema.kind(version, kind) {
        Some(object) => check(schema, node, object),
        None => {
            found.push(unknown_kind(schema, node, version, kind));
            found
        }
    }
}

/// Reports why a field that every object has is missing.
fn header<'a>(node: Node<'a>, key: &str, found: &mut Diagnostics) -> Option<&'a str> {
    let problem = match node.get(key) {
        None => node.error(format!("{key} not set")),
        Some(value) => match value.as_str() {
            Some(text) if !text.is_empty() => return Some(text),
            Some(_) => value.error(format!("{key} not set")),
            None if value.is_null() => value.error(format!("{key} not set")),
            None => value.error(format!("{key} isn't string type")),
        },
    };
    let close = node.entries().map(|(name, _)| name).find(|name| name.text().eq_ignore_ascii_case(key));
    found.push(match close {
        Some(name) if name.text() != key => {
            problem.with_help(format!("{:?} must be written {key:?}", name.text()))
        }
        _ => problem,
    });
    None
}

/// The error for a kind that the schema does not have, with what may be meant.
pub fn unknown_kind(schema: &Schema, node: Node<'_>, api_version: &str, kind: &str) -> Diagnostic {
    let place = node.get("kind").unwrap_or(node);
    let problem = place.error(format!("no matches for kind {kind:?} in version {api_version:?}"));
    let versions = schema.api_versions(kind);
    if !versions.is_empty() && versions.len() <= 4 {
        return problem.with_help(format!("{kind} is known in {}", versions.join(", ")));
    }
    let known = schema.kinds().filter(|(version, _)| *version == api_version).map(|(_, kind)| kind);
    let group_is_known = schema.kinds().any(|(version, _)| version == api_version);
    match closest(kind, known).or_else(|| closest(kind, schema.kinds().map(|(_, kind)| kind))) {
        Some(similar) if group_is_known || schema.api_versions(similar).len() <= 4 => problem
            .with_help(format!("did you mean {similar} in {}?", schema.api_versions(similar).join(", "))),
        _ if !group_is_known && api_version.contains('.') => {
            problem.with_help("a custom resource needs its CustomResourceDefinition")
        }
        _ => problem,
    }
}

/// The candidate that a misspelt word most probably means.
fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_ascii_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&lower, &candidate.to_ascii_lowercase());
    candidates
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= allowed)
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

fn described(node: Node<'_>) -> String {
    match node.kind() {
        Kind::Mapping | Kind::Sequence | Kind::Null => node.kind().described().to_owned(),
        kind => {
            let text: String = node.text().chars().take(40).collect();
            format!("{} ({text:?})", kind.described())
        }
    }
}

/// One step of a field's path.
enum Step<'a> {
    Field(&'a str),
    Key(&'a str),
    Index(usize),
}

struct Walk<'a> {
    schema: &'a Schema,
    found: Diagnostics,
    path: Vec<Step<'a>>,
}

struct Path<'a>(&'a [Step<'a>]);

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if at == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Key(name) => write!(f, "[{name}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl<'a> Walk<'a> {
    fn error(&mut self, node: Node<'_>, message: impl fmt::Display) {
        let message = format!("{}: {message}", Path(&self.path));
        self.found.push(node.error(message));
    }

    fn wrong(&mut self, node: Node<'_>, wanted: &str) {
        let problem = node.error(format!("{}: must be {wanted}, not {}", Path(&self.path), described(node)));
        let is_word = matches!(node.kind(), Kind::Bool | Kind::Integer | Kind::Float);
        self.found.push(if wanted == "a string" && is_word {
            problem.with_help(format!("put quotes around it: \"{}\"", node.text()))
        } else {
            problem
        });
    }

    fn object(&mut self, node: Node<'a>, object: &'a Type) {
        for (key, value) in node.entries() {
            let name = key.text();
            self.path.push(Step::Field(name));
            match object.field(name) {
                Some(field) => self.field(value, field),
                None => self.unknown(key, object),
            }
            self.path.pop();
        }
        if !self.in_status() {
            self.required(node, object);
        }
    }

    /// A status is the controllers' business: the server does not ask a user for its fields.
    fn in_status(&self) -> bool {
        matches!(self.path.first(), Some(Step::Field("status")))
    }

    fn required(&mut self, node: Node<'a>, object: &'a Type) {
        for field in object.fields().iter().filter(|field| field.required) {
            if node.get(field.name).is_none_or(Node::is_null) {
                self.path.push(Step::Field(field.name));
                self.error(node, "Required value");
                self.path.pop();
            }
        }
    }

    fn unknown(&mut self, key: Node<'a>, object: &'a Type) {
        let problem = key.error(format!("unknown field \"{}\"", Path(&self.path)));
        let fields = || object.fields().iter().map(|field| field.name);
        self.found.push(match closest(key.text(), fields()) {
            Some(similar) => problem.with_help(format!("did you mean {similar:?}?")),
            None => problem.with_help(format!("fields of {}: {}", object.short_name(), few(fields()))),
        });
    }

    fn field(&mut self, node: Node<'a>, field: &'a Field) {
        let before = self.found.errors();
        self.shape(node, &field.shape);
        if field.values.is_empty() || self.found.errors() > before {
            return;
        }
        if node.kind() == Kind::Sequence {
            for (index, item) in node.items().enumerate() {
                self.path.push(Step::Index(index));
                self.value(item, &field.values);
                self.path.pop();
            }
        } else {
            self.value(node, &field.values);
        }
    }

    /// An empty string is as good as no value: it is defaulted.
    fn value(&mut self, node: Node<'a>, values: &[&str]) {
        let text = node.text();
        if text.is_empty() || node.is_null() || values.contains(&text) {
            return;
        }
        let list: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
        self.error(node, format!("Unsupported value: {text:?}: supported values: {}", list.join(", ")));
    }

    fn shape(&mut self, node: Node<'a>, shape: &'a Shape) {
        // `null` is the same as nothing, everywhere.
        if node.is_null() {
            return;
        }
        match shape {
            Shape::Any => {}
            Shape::String if node.kind() != Kind::String => self.wrong(node, "a string"),
            Shape::String => {}
            Shape::Boolean if node.kind() != Kind::Bool => self.wrong(node, "a boolean"),
            Shape::Boolean => {}
            Shape::Int32 => {
                self.integer(node, i64::from(i32::MIN)..=i64::from(i32::MAX), "an integer of 32 bits")
            }
            Shape::Int64 => self.integer(node, i64::MIN..=i64::MAX, "an integer"),
            Shape::Double if node.as_f64().is_none() => self.wrong(node, "a number"),
            Shape::Double => {}
            Shape::Bytes => self.bytes(node),
            Shape::Quantity => self.quantity(node),
            Shape::IntOrString if node.kind() == Kind::String => {}
            Shape::IntOrString => {
                self.integer(
                    node,
                    i64::from(i32::MIN)..=i64::from(i32::MAX),
                    "an integer of 32 bits or a string",
                );
            }
            Shape::Time => {
                self.time(node, |text| Timestamp::parse(text).err().map(|error| error.to_string()))
            }
            Shape::MicroTime => {
                self.time(node, |text| MicroTime::parse(text).err().map(|error| error.to_string()))
            }
            Shape::Object if node.kind() != Kind::Mapping => self.wrong(node, "an object"),
            Shape::Object => {}
            Shape::List(item) => self.list(node, item),
            Shape::Map(value) => self.map(node, value),
            Shape::Type(id) if node.kind() == Kind::Mapping => self.object(node, self.schema.get(*id)),
            Shape::Type(_) => self.wrong(node, "an object"),
        }
    }

    fn integer(&mut self, node: Node<'a>, range: std::ops::RangeInclusive<i64>, wanted: &str) {
        if !node.as_i64().is_some_and(|value| range.contains(&value)) {
            self.wrong(node, wanted);
        }
    }

    fn bytes(&mut self, node: Node<'a>) {
        let Some(text) = node.as_str() else { return self.wrong(node, "base64 text") };
        if let Err(at) = base64::decode(text) {
            self.error(node, format!("illegal base64 data at input byte {at}"));
        }
    }

    fn quantity(&mut self, node: Node<'a>) {
        // A number counts as it stands in JSON: 0x10 is 16.
        let parsed = match node.kind() {
            Kind::String => Quantity::parse(node.text()),
            Kind::Integer | Kind::Float => Quantity::parse(&node.to_json().to_string()),
            _ => return self.wrong(node, "a quantity (a string or a number)"),
        };
        if let Err(error) = parsed {
            self.error(node, format!("{error}, not {}", described(node)));
        }
    }

    fn time(&mut self, node: Node<'a>, problem: impl Fn(&str) -> Option<String>) {
        let Some(text) = node.as_str() else { return self.wrong(node, "a time (RFC 3339)") };
        if let Some(problem) = problem(text) {
            self.error(node, problem);
        }
    }

    fn list(&mut self, node: Node<'a>, item: &'a Shape) {
        if node.kind() != Kind::Sequence {
            return self.wrong(node, "a list");
        }
        for (index, value) in node.items().enumerate() {
            self.path.push(Step::Index(index));
            self.shape(value, item);
            self.path.pop();
        }
    }

    fn map(&mut self, node: Node<'a>, value: &'a Shape) {
        if node.kind() != Kind::Mapping {
            return self.wrong(node, "an object");
        }
        for (key, entry) in node.entries() {
            self.path.push(Step::Key(key.text()));
            self.shape(entry, value);
            self.path.pop();
        }
    }
}

fn few<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    let rest = names.clone().count().saturating_sub(8);
    let first: Vec<&str> = names.take(8).collect();
    match rest {
        0 => first.join(", "),
        _ => format!("{} and {rest} more", first.join(", ")),
    }
}
