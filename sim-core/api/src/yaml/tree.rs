//! The tree of one document: an arena in which children follow their parents, and the views into it.
//!
//! A node is 24 bytes; the text of all scalars lies in one string. A mapping's children are key, value, key, value.

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::resolve::{self, Scalar};
use crate::diagnostics::{Diagnostic, Severity};

/// What a node is, after Kubernetes' YAML rules (`yes` is a boolean, `"yes"` a string).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`, `~`, or nothing.
    Null,
    /// `true`, `yes`, `off`, …
    Bool,
    /// An integer of up to 64 bits.
    Integer,
    /// A number with a fraction or an exponent, or one that does not fit 64 bits.
    Float,
    /// Any other scalar, quoted, or a block.
    String,
    /// A list.
    Sequence,
    /// An object.
    Mapping,
    /// `*name`: only while a document is read.
    Alias,
    /// `<<` as a key: only while a document is read.
    Merge,
}

impl Kind {
    /// With its article, for messages: `a string`.
    pub fn described(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Integer => "an integer",
            Self::Float => "a number",
            Self::String | Self::Alias | Self::Merge => "a string",
            Self::Sequence => "a list",
            Self::Mapping => "an object",
        }
    }
}

/// One node: for a scalar `start` and `size` are its text; for a collection `size` is unused;
/// for an alias `start` is the number of its anchor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw {
    pub kind: Kind,
    pub quoted: bool,
    pub line: u32,
    pub column: u32,
    pub start: u32,
    pub size: u32,
    /// The node after this one and its children.
    pub end: u32,
}

/// The nodes of one document.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub file: Arc<str>,
    pub nodes: Vec<Raw>,
    pub text: String,
}

/// A length or an index; documents are refused long before 2^32.
pub(super) fn small(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

impl Tree {
    /// An empty tree, with room for a text of `bytes`.
    pub fn new(file: Arc<str>, bytes: usize) -> Self {
        // As manifests are: a node for every 8 bytes, half of the bytes in scalars. Too little only costs a copy.
        let bytes = bytes.min(16_384);
        Self { file, nodes: Vec::with_capacity(bytes / 8), text: String::with_capacity(bytes / 2) }
    }

    /// Appends a node without children; gives its index.
    pub fn push(&mut self, mut raw: Raw, text: &str) -> u32 {
        let index = small(self.nodes.len());
        if !text.is_empty() {
            raw.start = small(self.text.len());
            raw.size = small(text.len());
            self.text.push_str(text);
        }
        raw.end = index + 1;
        self.nodes.push(raw);
        index
    }

    /// Ends a collection: all nodes that were added since are its children.
    pub fn close(&mut self, index: u32) {
        self.nodes[index as usize].end = small(self.nodes.len());
    }

    pub fn raw(&self, index: u32) -> &Raw {
        &self.nodes[index as usize]
    }

    /// The text of a scalar.
    pub fn text_of(&self, index: u32) -> &str {
        let raw = self.raw(index);
        match raw.kind {
            Kind::Sequence | Kind::Mapping | Kind::Alias => "",
            _ => &self.text[raw.start as usize..(raw.start + raw.size) as usize],
        }
    }

    /// Whether two scalars have the same text.
    pub fn same_text(&self, a: u32, b: u32) -> bool {
        self.raw(a).size == self.raw(b).size && self.text_of(a) == self.text_of(b)
    }

    /// The direct children of a collection.
    pub fn children(&self, index: u32) -> Children<'_> {
        let raw = self.raw(index);
        Children { tree: self, next: index + 1, end: raw.end }
    }

    pub fn diagnostic(&self, index: u32, severity: Severity, message: String) -> Diagnostic {
        let raw = self.raw(index);
        let first_line = self.text_of(index).lines().next().unwrap_or("");
        let length = small(first_line.chars().count()) + if raw.quoted { 2 } else { 0 };
        Diagnostic {
            severity,
            file: self.file.clone(),
            line: raw.line,
            column: raw.column,
            length: length.max(1),
            message,
            help: None,
        }
    }
}

/// Indices of the direct children of a collection.
#[derive(Clone)]
pub(super) struct Children<'a> {
    tree: &'a Tree,
    next: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = u32;
    fn next(&mut self) -> Option<u32> {
        if self.next >= self.end {
            return None;
        }
        let here = self.next;
        self.next = self.tree.raw(here).end;
        Some(here)
    }
}

/// A view of one node of a document.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    tree: &'a Tree,
    index: u32,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.line(), self.column(), self.to_json())
    }
}

impl<'a> Node<'a> {
    pub(super) fn at(tree: &'a Tree, index: u32) -> Self {
        Self { tree, index }
    }

    fn raw(self) -> &'a Raw {
        self.tree.raw(self.index)
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        self.raw().kind
    }

    /// Line, from 1.
    pub fn line(self) -> u32 {
        self.raw().line
    }

    /// Column in characters, from 1.
    pub fn column(self) -> u32 {
        self.raw().column
    }

    /// The file, as the user named it.
    pub fn file(self) -> &'a Arc<str> {
        &self.tree.file
    }

    /// The text of a scalar, whatever its kind, as it was written (a key: as in JSON); empty for a collection.
    pub fn text(self) -> &'a str {
        self.tree.text_of(self.index)
    }

    /// Whether a scalar was quoted or written as a block.
    pub fn is_quoted(self) -> bool {
        self.raw().quoted
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The text of a string; `None` for any other kind.
    pub fn as_str(self) -> Option<&'a str> {
        (self.kind() == Kind::String).then(|| self.text())
    }

    /// The value of a boolean.
    pub fn as_bool(self) -> Option<bool> {
        match self.scalar() {
            Scalar::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The value of an integer that fits; `3.0` and `1e3` are integers too, as they are in JSON.
    pub fn as_i64(self) -> Option<i64> {
        match self.scalar() {
            Scalar::Int(value) => Some(value),
            Scalar::Float(value) => resolve::whole(value),
            _ => None,
        }
    }

    /// The value of a number. Integers beyond 2^53 are rounded.
    pub fn as_f64(self) -> Option<f64> {
        match self.scalar() {
            Scalar::Int(value) => Some(value as f64),
            Scalar::Uint(value) => Some(value as f64),
            Scalar::Float(value) => Some(value),
            _ => None,
        }
    }

    fn scalar(self) -> Scalar {
        match self.kind() {
            Kind::Bool | Kind::Integer | Kind::Float => resolve::resolve(self.text()),
            Kind::Null => Scalar::Null,
            _ => Scalar::Text,
        }
    }

    /// The items of a list; nothing for any other kind.
    pub fn items(self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        let children = match self.kind() {
            Kind::Sequence => self.tree.children(self.index),
            _ => self.nothing(),
        };
        children.map(move |index| Node { tree: self.tree, index })
    }

    /// Keys and values of an object, in the order of the text; nothing for any other kind.
    pub fn entries(self) -> impl Iterator<Item = (Node<'a>, Node<'a>)> + use<'a> {
        let mut children = match self.kind() {
            Kind::Mapping => self.tree.children(self.index),
            _ => self.nothing(),
        };
        std::iter::from_fn(move || Some((children.next()?, children.next()?))).map(move |(key, value)| {
            (Node { tree: self.tree, index: key }, Node { tree: self.tree, index: value })
        })
    }

    fn nothing(self) -> Children<'a> {
        Children { tree: self.tree, next: 0, end: 0 }
    }

    /// The value under `key` of an object.
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Key and value under `key` of an object.
    pub fn entry(self, key: &str) -> Option<(Node<'a>, Node<'a>)> {
        self.entries().find(|(k, _)| k.text() == key)
    }

    /// An error at this place.
    pub fn error(self, message: impl Into<String>) -> Diagnostic {
        self.tree.diagnostic(self.index, Severity::Error, message.into())
    }

    /// A warning at this place.
    pub fn warning(self, message: impl Into<String>) -> Diagnostic {
        self.tree.diagnostic(self.index, Severity::Warning, message.into())
    }

    /// The JSON value, as Kubernetes' YAML reader makes it.
    pub fn to_json(self) -> Value {
        match self.kind() {
            Kind::String => Value::String(self.text().to_owned()),
            Kind::Mapping => Value::Object(
                self.entries()
                    .map(|(key, value)| (key.text().to_owned(), value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
            Kind::Sequence => Value::Array(self.items().map(Node::to_json).collect()),
            _ => self.scalar_json(),
        }
    }

    fn scalar_json(self) -> Value {
        match self.scalar() {
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Int(value) => Value::from(value),
            Scalar::Uint(value) => Value::from(value),
            Scalar::Float(value) => match resolve::whole(value) {
                Some(whole) => Value::from(whole),
                None => Number::from_f64(value).map_or(Value::Null, Value::Number),
            },
            Scalar::Null | Scalar::Text => Value::Null,
        }
    }
}
