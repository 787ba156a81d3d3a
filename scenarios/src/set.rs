//! `--set PATH=VALUE`: changes of a scenario before it is read.
//!
//! The document is written anew with the changes, one node a line, and a table says where each line comes from
//! ([`Places`]): so every later check works as on a file, and every mistake keeps the place that the user knows. A
//! mistake in a value lies in the file `--set PATH=VALUE`, whose text is what follows `--set `.

use std::fmt::Write as _;
use std::sync::Arc;

use api::diagnostics::{Diagnostic, Diagnostics, Severity};
use api::yaml::{self, Document, Kind, Limits, Node};

use crate::check::Sink;

/// Ends the name of a document that was written anew; no path has this character.
const MARK: char = '\0';

/// Where the lines of a document that was written anew come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// The name of that document; empty if there is none.
    name: String,
    lines: Vec<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    file: Arc<str>,
    line: u32,
    column: u32,
    length: u32,
}

impl Places {
    /// The diagnostic at the place that the user knows.
    pub fn restore(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if self.name.is_empty() || *diagnostic.file != *self.name {
            return diagnostic;
        }
        let line = usize::try_from(diagnostic.line).unwrap_or(0).saturating_sub(1);
        if let Some(place) = self.lines.get(line) {
            diagnostic.file = place.file.clone();
            (diagnostic.line, diagnostic.column, diagnostic.length) =
                (place.line, place.column, place.length);
        }
        diagnostic
    }

    /// All of them at the places that the user knows.
    pub fn restore_all(&self, found: Diagnostics) -> Diagnostics {
        if self.name.is_empty() || found.omitted() > 0 {
            return found;
        }
        let mut restored = Diagnostics::default();
        restored.extend(found.into_iter().map(|diagnostic| self.restore(diagnostic)));
        restored
    }
}

/// A node that can be changed.
struct Item {
    place: Place,
    value: Value,
}

enum Value {
    /// As it stands in YAML.
    Scalar(Kind, String),
    List(Vec<Item>),
    Object(Vec<(Item, Item)>),
}

/// The document with the changes; as it was if there are none. Changes that cannot be made are reported.
pub(crate) fn apply(sink: &mut Sink, document: Document, changes: &[String]) -> Document {
    if changes.is_empty() || document.root().kind() != Kind::Mapping {
        return document;
    }
    let mut root = Item::of(document.root(), &|place| place);
    for change in changes {
        if let Err(problem) = change_one(&mut root, change) {
            sink.append(problem);
        }
    }
    let mut text = String::new();
    let mut places = Places { name: format!("{}{MARK}", document.root().file()), lines: Vec::new() };
    root.write(&mut text, &mut places.lines);
    let (mut documents, found) = yaml::parse(&places.name, text.as_bytes(), &Limits::scenario());
    sink.append(places.restore_all(found));
    sink.places = places;
    documents.pop().unwrap_or(document)
}

/// One argument of `--set`.
struct Change<'a> {
    text: &'a str,
    file: Arc<str>,
}

impl Change<'_> {
    fn error(&self, at: usize, length: usize, message: impl Into<String>) -> Diagnostic {
        let characters = |bytes: &str| u32::try_from(bytes.chars().count()).unwrap_or(u32::MAX);
        Diagnostic {
            severity: Severity::Error,
            file: self.file.clone(),
            line: 1,
            column: characters(&self.text[..at]).saturating_add(1),
            length: characters(&self.text[at..at + length]).max(1),
            message: message.into(),
            help: None,
        }
    }
}

fn change_one(root: &mut Item, text: &str) -> Result<(), Diagnostics> {
    let change = Change { text, file: format!("--set {text}").into() };
    let one = |problem: Diagnostic| {
        let mut found = Diagnostics::default();
        found.push(problem);
        found
    };
    let Some((path, value)) = text.split_once('=') else {
        let problem = change.error(0, text.len(), "a change is PATH=VALUE");
        return Err(one(
            problem.with_help("for example --set duration=10m, --set cluster.nodes.node.count=3")
        ));
    };
    let value = value_of(&change, path.len() + 1, value)?;
    let steps = steps(&change, path).map_err(one)?;
    let target = steps.iter().try_fold((root, "spec".to_owned()), |(item, so_far), step| {
        let item = item.enter(&change, step, &so_far)?;
        Ok((item, if step.first { so_far } else { format!("{so_far}.{}", step.name) }))
    });
    let (target, _) = target.map_err(one)?;
    *target = value;
    Ok(())
}

/// One step of a path, with its place in the argument.
struct Step {
    name: String,
    at: usize,
    length: usize,
    /// Whether it is `spec`, which is not written.
    first: bool,
}

/// Splits at dots; `\.` is a dot within a key.
fn steps(change: &Change<'_>, path: &str) -> Result<Vec<Step>, Diagnostic> {
    let mut steps = vec![Step { name: "spec".to_owned(), at: 0, length: 0, first: true }];
    let mut name = String::new();
    let mut start = 0;
    let mut characters = path.char_indices().chain([(path.len(), '.')]).peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' if characters.peek().is_some_and(|(next, c)| *c == '.' && *next < path.len()) => {
                characters.next();
                name.push('.');
            }
            '.' if name.is_empty() => {
                return Err(change.error(start, at - start, "a part of the path is empty"));
            }
            '.' => {
                let name = std::mem::take(&mut name);
                steps.push(Step { name, at: start, length: at - start, first: false });
                start = at + 1;
            }
            c => name.push(c),
        }
    }
    Ok(steps)
}

fn value_of(change: &Change<'_>, at: usize, text: &str) -> Result<Item, Diagnostics> {
    let before = u32::try_from(change.text[..at].chars().count()).unwrap_or(u32::MAX);
    let shift = |mut place: Place| {
        place.column = if place.line == 1 { place.column.saturating_add(before) } else { place.column };
        place
    };
    let (mut documents, found) = yaml::parse(&change.file, text.as_bytes(), &Limits::scenario());
    let mut shifted = Diagnostics::default();
    for mut diagnostic in found {
        diagnostic.column =
            if diagnostic.line == 1 { diagnostic.column.saturating_add(before) } else { diagnostic.column };
        shifted.push(diagnostic);
    }
    if documents.len() > 1 {
        shifted.push(change.error(at, text.len(), "the value must be one document"));
    }
    if shifted.has_errors() {
        return Err(shifted);
    }
    Ok(match documents.pop() {
        Some(document) => Item::of(document.root(), &shift),
        None => Item::scalar(
            Kind::Null,
            shift(Place { file: change.file.clone(), line: 1, column: 1, length: 1 }),
        ),
    })
}

impl Item {
    fn of(node: Node<'_>, place: &dyn Fn(Place) -> Place) -> Self {
        let here = node.error("");
        let here =
            place(Place { file: here.file, line: here.line, column: here.column, length: here.length });
        let value = match node.kind() {
            Kind::Sequence => Value::List(node.items().map(|item| Self::of(item, place)).collect()),
            Kind::Mapping => {
                let entry = |(key, value)| (Self::of(key, place), Self::of(value, place));
                Value::Object(node.entries().map(entry).collect())
            }
            kind => Value::Scalar(kind, node.text().to_owned()),
        };
        Self { place: here, value }
    }

    fn scalar(kind: Kind, place: Place) -> Self {
        Self { place, value: Value::Scalar(kind, String::new()) }
    }

    /// The text of a key or a name.
    fn text(&self) -> &str {
        match &self.value {
            Value::Scalar(_, text) => text,
            _ => "",
        }
    }

    fn get(&self, name: &str) -> Option<&Self> {
        match &self.value {
            Value::Object(entries) => {
                entries.iter().find(|(key, _)| key.text() == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The name that a path calls it by, as an item of a list.
    fn is_named(&self, name: &str) -> bool {
        let own = self.get("name").or_else(|| self.get("metadata").and_then(|metadata| metadata.get("name")));
        own.is_some_and(|own| own.text() == name)
    }

    /// What is below it; a field that is not there yet is made.
    fn enter(&mut self, change: &Change<'_>, step: &Step, path: &str) -> Result<&mut Self, Diagnostic> {
        if matches!(self.value, Value::Scalar(Kind::Null, _)) {
            self.value = Value::Object(Vec::new());
        }
        match &mut self.value {
            Value::Object(entries) => Ok(entry(entries, change, step)),
            Value::List(items) => {
                let count = items.len();
                let numbered = step.name.parse::<usize>().ok().filter(|index| *index < count);
                let index = numbered.or_else(|| items.iter().position(|item| item.is_named(&step.name)));
                index.map(|index| &mut items[index]).ok_or_else(|| {
                    let message = format!("{path} has no item {:?}", step.name);
                    let help = "items are named by their `name`, or by their index from 0";
                    change.error(step.at, step.length, message).with_help(format!("it has {count}; {help}"))
                })
            }
            Value::Scalar(kind, _) => {
                let message = format!("{path} is {}, there is nothing below it", kind.described());
                Err(change.error(step.at, step.length, message))
            }
        }
    }

    /// One node a line, as JSON.
    fn write(&self, text: &mut String, lines: &mut Vec<Place>) {
        lines.push(self.place.clone());
        match &self.value {
            Value::Scalar(kind, scalar) => {
                let written = match kind {
                    Kind::Null => "null".to_owned(),
                    Kind::Bool | Kind::Integer | Kind::Float => scalar.clone(),
                    _ => quoted(scalar),
                };
                text.push_str(&written);
                text.push('\n');
            }
            Value::List(items) => self.collection(text, lines, ('[', ']'), |text, lines| {
                for item in items {
                    item.write(text, lines);
                    comma(text);
                }
            }),
            Value::Object(entries) => self.collection(text, lines, ('{', '}'), |text, lines| {
                for (key, value) in entries {
                    lines.push(key.place.clone());
                    text.push_str(&quoted(key.text()));
                    text.push_str(":\n");
                    value.write(text, lines);
                    comma(text);
                }
            }),
        }
    }

    fn collection(
        &self,
        text: &mut String,
        lines: &mut Vec<Place>,
        (open, close): (char, char),
        write: impl FnOnce(&mut String, &mut Vec<Place>),
    ) {
        text.push(open);
        text.push('\n');
        write(text, lines);
        lines.push(self.place.clone());
        text.push(close);
        text.push('\n');
    }
}

/// The value under a key; null if it was not there.
fn entry<'i>(entries: &'i mut Vec<(Item, Item)>, change: &Change<'_>, step: &Step) -> &'i mut Item {
    let index = entries.iter().position(|(key, _)| key.text() == step.name);
    let index = index.unwrap_or_else(|| {
        let here = change.error(step.at, step.length, "");
        let place = Place { file: here.file, line: here.line, column: here.column, length: here.length };
        let key = Item { place: place.clone(), value: Value::Scalar(Kind::String, step.name.clone()) };
        entries.push((key, Item::scalar(Kind::Null, place)));
        entries.len() - 1
    });
    &mut entries[index].1
}

/// Puts a comma at the end of the last line.
fn comma(text: &mut String) {
    text.pop();
    text.push_str(",\n");
}

/// As a string of JSON that is one of YAML too: nothing in it is a control character.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                // Writing to a String does not fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str, changes: &[&str]) -> (String, Vec<String>) {
        let (mut documents, found) = yaml::parse("s.yaml", text.as_bytes(), &Limits::scenario());
        assert!(!found.has_errors(), "{found:?}");
        let mut sink = Sink::default();
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        let document = apply(&mut sink, documents.remove(0), &changes);
        let show = |d: &Diagnostic| format!("{}:{}:{}: {}", d.file, d.line, d.column, d.message);
        (document.root().to_json().to_string(), sink.diagnostics.iter().map(show).collect())
    }

    #[test]
    fn values_are_replaced_and_made() {
        for (before, changes, after) in [
            ("spec: {seed: 1}", vec!["seed=2"], r#"{"spec":{"seed":2}}"#),
            ("spec: {seed: 1}", vec!["seed="], r#"{"spec":{"seed":null}}"#),
            ("spec:", vec!["a.b=[x, 'y']"], r#"{"spec":{"a":{"b":["x","y"]}}}"#),
            (
                "a: yes",
                vec![r"l.app\.io/n=1", r"l.x\\=z"],
                r#"{"a":true,"spec":{"l":{"app.io/n":1,"x\\\\":"z"}}}"#,
            ),
            (
                "spec: {l: [{name: a, k: 1}, {metadata: {name: b}}]}",
                vec!["l.a.k=2", "l.1.k=3", "l.b.m=4=5"],
                r#"{"spec":{"l":[{"k":2,"name":"a"},{"k":3,"m":"4=5","metadata":{"name":"b"}}]}}"#,
            ),
            (
                "spec: {t: \"a\\tb\\u0085\\\"\\\\\", h: 0x10, f: 1.50, d: 2026-01-01}",
                vec!["x=1"],
                "{\"spec\":{\"d\":\"2026-01-01\",\"f\":1.5,\"h\":16,\"t\":\"a\\tb\u{85}\\\"\\\\\",\"x\":1}}",
            ),
        ] {
            assert_eq!(change(before, &changes), (after.to_owned(), Vec::new()), "{before} {changes:?}");
        }
    }

    #[test]
    fn changes_that_cannot_be_made() {
        for (text, expect) in [
            ("seed", "--set seed:1:1: a change is PATH=VALUE"),
            ("=1", "--set =1:1:1: a part of the path is empty"),
            ("a..b=1", "--set a..b=1:1:3: a part of the path is empty"),
            ("seed.x=1", "--set seed.x=1:1:6: spec.seed is an integer, there is nothing below it"),
            ("l.1=1", "--set l.1=1:1:3: spec.l has no item \"1\""),
            ("l.b.n=1", "--set l.b.n=1:1:3: spec.l has no item \"b\""),
            ("x={a: 1, a: 2}", "--set x={a: 1, a: 2}:1:10: duplicate key \"a\""),
        ] {
            let (_, found) = change("spec: {seed: 1, l: [{name: a}]}", &[text]);
            assert_eq!(found.len(), 1, "{text} {found:?}");
            assert!(found[0].starts_with(expect), "{found:?}");
        }
    }
}
