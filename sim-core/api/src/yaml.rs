//! Text → tree: reads manifests, scenarios and component configurations, YAML or JSON, with the place of every node.
//!
//! Bytes are checked for size and UTF-8, cut at `---` as kubectl cuts them, parsed into events and kept as an arena
//! per document. Aliases and merge keys are expanded here, within a budget. The items of a `List` become documents
//! of their own, one after the other, so that the dump of a whole cluster never lies in memory as one tree.
//!
//! Source: what `kubectl apply` of v1.36.2 does with a file (apimachinery `pkg/util/yaml`, sigs.k8s.io/yaml). The
//! scalar rules are one table in [`resolve`]. Validated by `tests/yaml.rs`.
//!
//! DIFFERENCE: of a piece with two documents that no line `---` of its own separates (`--- {a: b}`, `...`) kubectl
//! reads the first without a word; we do the same with a warning.
//! DIFFERENCE: in a file that begins with `{` kubectl reads JSON first and YAML only where that fails; we read both
//! as YAML. A number out of range is an error in either; a list item may be followed by a comma as in YAML.
//! DIFFERENCE: what cannot become an object is refused with our words and with all places, not with the first one.
//! DIFFERENCE: a document (or item) over 16 MB, deeper than 100 levels, or with aliases that multiply it is refused;
//! a real client reads it and the server refuses most of those.

pub mod base64;
mod build;
mod chunk;
mod expand;
mod relax;
pub mod resolve;
mod scalar;
mod tree;

use std::sync::Arc;

pub use tree::{Kind, Node};

use crate::diagnostics::{Diagnostic, Diagnostics, Severity};
use chunk::Chunks;
use tree::Tree;

/// What a second entry under one key of an object means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplicateKeys {
    /// An error (scenarios).
    Error,
    /// The last one counts, with a warning (manifests, as with kubectl).
    LastWins,
}

/// What is refused, and how lists are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The size of a document or of an item of a `List`, before and after expansion.
    pub document_bytes: usize,
    /// The nesting of objects and lists.
    pub depth: usize,
    /// Nodes after expansion: at most `expansion_factor` × those of the source + `expansion_nodes`.
    pub expansion_factor: usize,
    /// See `expansion_factor`.
    pub expansion_nodes: usize,
    /// Two entries under one key.
    pub duplicate_keys: DuplicateKeys,
    /// Whether the `items` of a `List` are documents of their own.
    pub split_lists: bool,
}

impl Limits {
    /// For manifests, as kubectl takes them.
    pub const fn manifests() -> Self {
        Self {
            document_bytes: 16 << 20,
            depth: 100,
            expansion_factor: 10,
            expansion_nodes: 100_000,
            duplicate_keys: DuplicateKeys::LastWins,
            split_lists: true,
        }
    }

    /// For scenarios and configurations: duplicate keys are errors, nothing is split.
    pub const fn scenario() -> Self {
        Self { duplicate_keys: DuplicateKeys::Error, split_lists: false, ..Self::manifests() }
    }
}

/// Where a document stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A document of its own.
    Whole,
    /// An item of a list.
    Item {
        /// Its place in the list, from 0.
        index: usize,
        /// `apiVersion` and `kind` of the list, for items that do not say their own; `None` where the item does.
        list: Option<(String, String)>,
    },
}

/// One document: an object, in most files.
#[derive(Clone, Debug)]
pub struct Document {
    tree: Arc<Tree>,
    /// Where it stood.
    pub part: Part,
}

impl Document {
    /// The outermost node.
    pub fn root(&self) -> Node<'_> {
        Node::at(&self.tree, 0)
    }

    /// `apiVersion`: its own, or that of a typed list (`ConfigMapList`) around it.
    pub fn api_version(&self) -> Option<&str> {
        self.own("apiVersion").or_else(|| self.typed_list().map(|(version, _)| version))
    }

    /// `kind`: its own, or the one that a typed list (`ConfigMapList`) around it holds.
    pub fn kind(&self) -> Option<&str> {
        self.own("kind").or_else(|| self.typed_list().map(|(_, kind)| kind))
    }

    fn own(&self, key: &str) -> Option<&str> {
        self.root().get(key)?.as_str().filter(|text| !text.is_empty())
    }

    fn typed_list(&self) -> Option<(&str, &str)> {
        let Part::Item { list: Some((version, kind)), .. } = &self.part else { return None };
        let item = kind.strip_suffix("List").filter(|item| !item.is_empty())?;
        Some((version, item))
    }
}

/// Reads all documents of a file. A document with a mistake of syntax, or without a JSON form, is not in the list but in
/// the diagnostics; one with a duplicate key is in both.
pub fn parse(file: &str, bytes: &[u8], limits: &Limits) -> (Vec<Document>, Diagnostics) {
    let mut documents = Vec::new();
    let diagnostics = read(file, bytes, limits, |document| documents.push(document));
    (documents, diagnostics)
}

/// Hands each document of a file to `take` as soon as it is read: a tree lives no longer than `take` keeps it.
pub fn read(file: &str, bytes: &[u8], limits: &Limits, mut take: impl FnMut(Document)) -> Diagnostics {
    let file: Arc<str> = file.into();
    let mut diagnostics = Diagnostics::default();
    let text = match text(&file, bytes) {
        Ok(text) => text,
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            return diagnostics;
        }
    };
    for chunk in Chunks::new(text) {
        build::document(&file, &chunk, limits, &mut take, &mut diagnostics);
    }
    diagnostics
}

/// The text, if it is text.
fn text<'a>(file: &Arc<str>, bytes: &'a [u8]) -> Result<&'a str, Diagnostic> {
    let at = |line, column, message| Diagnostic {
        severity: Severity::Error,
        file: file.clone(),
        line,
        column,
        length: 1,
        message,
        help: None,
    };
    if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Err(at(1, 1, "the file is UTF-16".to_owned()).with_help("save it as UTF-8"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        at(tree::small(line), tree::small(column), "the file is not UTF-8 here".to_owned())
    })?;
    match chunk::forbidden(text) {
        None => Ok(text),
        Some((line, column, character)) => {
            let message = format!("control characters are not allowed (U+{:04X})", u32::from(character));
            Err(at(line, column, message))
        }
    }
}
