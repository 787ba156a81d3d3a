//! Reading a tree with a place for every mistake: a [`Sink`] for what is wrong, and [`At`], a node with its path.

use api::diagnostics::{Diagnostic, Diagnostics};
use api::yaml::{Kind, Node};
use units::{Quantity, SimDuration, parse_go_duration};

use crate::Position;
use crate::set::Places;
use crate::words::closest;

/// A node and the path to it: `spec.cluster.nodes[0]`.
#[derive(Clone)]
pub(crate) struct At<'t> {
    pub node: Node<'t>,
    pub path: String,
}

impl<'t> At<'t> {
    /// The outermost node.
    pub fn root(node: Node<'t>) -> Self {
        Self { node, path: String::new() }
    }

    fn child(&self, node: Node<'t>, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { node, path }
    }

    /// The value of a field, unless it is absent or null.
    pub fn field(&self, name: &str) -> Option<Self> {
        let node = self.node.get(name).filter(|node| !node.is_null())?;
        Some(self.child(node, name))
    }

    /// The items of a list.
    pub fn items(&self) -> Vec<Self> {
        let item = |(index, node)| Self { node, path: format!("{}[{index}]", self.path) };
        self.node.items().enumerate().map(item).collect()
    }

    /// Keys, and values with their paths, of an object.
    pub fn entries(&self) -> Vec<(Node<'t>, Self)> {
        let entry =
            |(key, node): (Node<'t>, _)| (key, Self { node, path: format!("{}[{}]", self.path, key.text()) });
        self.node.entries().map(entry).collect()
    }

    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        self.node.items().next().is_none() && self.node.entries().next().is_none()
    }
}

/// A field that the scenario language has, and that nothing acts on yet: its name and what it will be.
pub(crate) type Later = (&'static str, &'static str);

/// Collects what is wrong.
#[derive(Default)]
pub(crate) struct Sink {
    /// All that was found so far.
    pub diagnostics: Diagnostics,
    /// Where the nodes of an edited document come from.
    pub places: Places,
}

impl Sink {
    /// Adds a diagnostic, with the place that the user knows.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(self.places.restore(diagnostic));
    }

    /// Adds those that another reader found.
    pub fn append(&mut self, found: Diagnostics) {
        self.diagnostics.append(self.places.restore_all(found));
    }

    /// The place of a node.
    pub fn position(&self, node: Node<'_>) -> Position {
        let place = self.places.restore(node.error(""));
        Position { file: place.file, line: place.line, column: place.column }
    }

    /// An error at a value.
    pub fn error(&mut self, at: &At<'_>, message: impl std::fmt::Display) {
        self.push(error(at, message));
    }

    /// An error at a value, with advice.
    pub fn advise(&mut self, at: &At<'_>, message: impl std::fmt::Display, help: impl Into<String>) {
        self.push(error(at, message).with_help(help));
    }

    /// A value of the wrong kind.
    pub fn wrong(&mut self, at: &At<'_>, wanted: &str) {
        let problem = error(at, format!("must be {wanted}, not {}", described(at.node)));
        let is_word = matches!(at.node.kind(), Kind::Bool | Kind::Integer | Kind::Float);
        self.push(if wanted == "a string" && is_word {
            problem.with_help(format!("put quotes around it: \"{}\"", at.node.text()))
        } else {
            problem
        });
    }

    /// A field that must be there.
    pub fn required(&mut self, at: &At<'_>, name: &str, help: &str) {
        let missing = at.child(at.node, name);
        self.advise(&missing, "Required value", help);
    }

    /// Whether it is an object; its unknown fields are reported.
    pub fn object(&mut self, at: &At<'_>, known: &[&str], later: &[Later]) -> bool {
        if at.node.kind() != Kind::Mapping {
            self.wrong(at, "an object");
            return false;
        }
        for (key, _) in at.node.entries().filter(|(key, _)| !known.contains(&key.text())) {
            self.unknown(&at.child(key, key.text()), known, later);
        }
        true
    }

    fn unknown(&mut self, at: &At<'_>, known: &[&str], later: &[Later]) {
        let name = at.node.text();
        if let Some((_, what)) = later.iter().find(|(field, _)| *field == name) {
            let message = format!("{} is not modelled yet: {what}", at.path);
            return self.push(at.node.error(message).with_help(format!("here can be: {}", known.join(", "))));
        }
        let fields = known.iter().chain(later.iter().map(|(field, _)| field)).copied();
        let help = match closest(name, fields) {
            Some(similar) => format!("did you mean {similar:?}?"),
            None => format!("here can be: {}", known.join(", ")),
        };
        self.push(at.node.error(format!("unknown field \"{}\"", at.path)).with_help(help));
    }

    /// The items of a list.
    pub fn list<'t>(&mut self, at: &At<'t>) -> Vec<At<'t>> {
        if at.node.kind() != Kind::Sequence {
            self.wrong(at, "a list");
        }
        at.items()
    }

    /// The items of a list that must have some.
    pub fn some_list<'t>(&mut self, at: &At<'t>, help: &str) -> Vec<At<'t>> {
        if at.node.kind() == Kind::Sequence && at.is_empty() {
            self.advise(at, "must not be empty", help);
        }
        self.list(at)
    }

    /// A text.
    pub fn text<'t>(&mut self, at: &At<'t>) -> Option<&'t str> {
        let text = at.node.as_str();
        if text.is_none() {
            self.wrong(at, "a string");
        }
        text
    }

    /// A text of a form.
    pub fn formed<'t>(&mut self, at: &At<'t>, wrong: fn(&str) -> Option<String>) -> Option<&'t str> {
        let text = self.text(at)?;
        match wrong(text) {
            None => Some(text),
            Some(problem) => {
                self.error(at, format!("Invalid value: {text:?}: {problem}"));
                None
            }
        }
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, at: &At<'_>, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(at)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let known = words.iter().map(|(word, _)| format!("{word:?}")).collect::<Vec<_>>().join(", ");
        let problem = error(at, format!("Unsupported value: {text:?}: supported values: {known}"));
        self.push(match closest(text, words.iter().map(|(word, _)| *word)) {
            Some(similar) => problem.with_help(format!("did you mean {similar:?}?")),
            None => problem,
        });
        None
    }

    /// An integer within limits.
    pub fn integer(&mut self, at: &At<'_>, limits: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let value = at.node.as_i64();
        if value.is_none() {
            self.wrong(at, "an integer");
        }
        let value = value?;
        if limits.contains(&value) {
            return Some(value);
        }
        self.error(at, format!("must be from {} to {}, not {value}", limits.start(), limits.end()));
        None
    }

    /// A duration of at least 0.
    pub fn duration(&mut self, at: &At<'_>) -> Option<SimDuration> {
        let text = match at.node.kind() {
            Kind::String => at.node.text(),
            Kind::Integer if at.node.text() == "0" => "0s",
            Kind::Integer | Kind::Float => {
                let message = format!("must be a duration, not {}", described(at.node));
                self.advise(at, message, format!("did you mean {}s?", at.node.text()));
                return None;
            }
            _ => {
                self.wrong(at, "a duration");
                return None;
            }
        };
        match parse_go_duration(text) {
            Err(problem) => {
                self.advise(at, problem, "durations are written as in Go: 500ms, 1.5s, 5m, 1h30m")
            }
            Ok(span) if span < SimDuration::ZERO => self.error(at, format!("must not be negative: {text}")),
            Ok(span) => return Some(span),
        }
        None
    }

    /// A quantity of at least 0.
    pub fn quantity(&mut self, at: &At<'_>) -> Option<Quantity> {
        let text = match at.node.kind() {
            Kind::String => at.node.text().to_owned(),
            Kind::Integer | Kind::Float => at.node.to_json().to_string(),
            _ => {
                self.wrong(at, "a quantity");
                return None;
            }
        };
        match Quantity::parse(&text) {
            Err(problem) => self.error(at, format!("Invalid value: {text:?}: {problem}")),
            Ok(amount) if amount.is_negative() => {
                self.error(at, format!("Invalid value: {text:?}: must be greater than or equal to 0"))
            }
            Ok(amount) => return Some(amount),
        }
        None
    }
}

fn error(at: &At<'_>, message: impl std::fmt::Display) -> Diagnostic {
    at.node.error(format!("{}: {message}", at.path))
}

/// What a node is, with its text if that is short.
fn described(node: Node<'_>) -> String {
    match node.kind() {
        Kind::Mapping | Kind::Sequence | Kind::Null => node.kind().described().to_owned(),
        kind => {
            let text: String = node.text().chars().take(40).collect();
            format!("{} ({text:?})", kind.described())
        }
    }
}
