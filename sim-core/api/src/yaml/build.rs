//! Events → trees: one document of a file, or the items of a `List` one by one.

mod places;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

use super::chunk::Chunk;
use super::expand::{self, Anchor, Place, Sources};
use super::relax::{self, Relaxed};
use super::scalar::{key_text, read_scalar, unwritable};
use super::tree::{Kind, Raw, Tree, small};
use super::{Document, DuplicateKeys, Limits, Node, Part};
use crate::diagnostics::{Diagnostic, Diagnostics, Severity};

const COMPLEX_KEY: &str = "invalid map key: only a scalar can be a key";

/// Reads the document of one piece of a file and hands it, or the items of its list, to `take`.
pub(super) fn document(
    file: &Arc<str>,
    chunk: &Chunk<'_>,
    limits: &Limits,
    take: &mut dyn FnMut(Document),
    diagnostics: &mut Diagnostics,
) {
    let mut outcome = Builder::new(file, chunk, &[], limits, take).read();
    let relaxed = match &outcome.stop {
        Some(stop) if relax::mends(&stop.message) => relax::relax(&chunk.text),
        _ => None,
    };
    if let Some(Relaxed { text, added }) = relaxed {
        let chunk = Chunk { text: Cow::Owned(text), ..*chunk };
        // Items that were handed on before the parser stopped are not handed on again.
        let mut again = outcome.taken;
        let mut take = |document| match again {
            0 => take(document),
            _ => again -= 1,
        };
        outcome = Builder::new(file, &chunk, &added, limits, &mut take).read();
    }
    diagnostics.append(outcome.diagnostics);
    diagnostics.extend(outcome.stop.map(|stop| *stop));
}

/// How the reading of a piece ended.
struct Outcome {
    diagnostics: Diagnostics,
    stop: Option<Stop>,
    /// How many documents were handed on.
    taken: usize,
}

/// What ends the reading of a document.
type Stop = Box<Diagnostic>;

/// A collection that is being read.
struct Open {
    node: u32,
    mapping: bool,
    /// Whether the next node of a mapping is a key.
    key: bool,
    /// Its anchor, 0 for none.
    anchor: usize,
}

/// The item of a list that is being read.
struct Item {
    tree: Tree,
    dirty: bool,
    anchored: bool,
    /// Where it begins, in characters of the piece.
    start: usize,
}

struct Builder<'a> {
    file: &'a Arc<str>,
    chunk: &'a Chunk<'a>,
    /// (line, blanks in front of it) that are not in the file.
    added: &'a [(usize, usize)],
    limits: &'a Limits,
    take: &'a mut dyn FnMut(Document),
    taken: usize,
    diagnostics: Diagnostics,
    /// The document; of a list, what is around its items.
    outer: Tree,
    /// Whether the outer tree has aliases, merge keys or duplicates: it must be written anew.
    outer_dirty: bool,
    /// Whether something in the document has no JSON form: it is not handed on.
    broken: bool,
    item: Option<Item>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchor>,
    /// Items with anchors, as they were read: later ones may refer to them.
    finished: BTreeMap<usize, Arc<Tree>>,
    items: usize,
    splitting: bool,
    /// Items that wait for the kind of their list.
    held: Vec<(usize, Arc<Tree>)>,
    /// Nodes read so far.
    nodes: usize,
    /// Nodes written by expansion so far.
    spent: usize,
    /// Characters of finished items.
    skipped: usize,
}

impl<'a> Builder<'a> {
    fn new(
        file: &'a Arc<str>,
        chunk: &'a Chunk<'a>,
        added: &'a [(usize, usize)],
        limits: &'a Limits,
        take: &'a mut dyn FnMut(Document),
    ) -> Self {
        Self {
            file,
            chunk,
            added,
            limits,
            take,
            taken: 0,
            diagnostics: Diagnostics::default(),
            outer: Tree::new(file.clone(), chunk.text.len()),
            outer_dirty: false,
            broken: false,
            item: None,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            finished: BTreeMap::new(),
            items: 0,
            splitting: false,
            held: Vec::new(),
            nodes: 0,
            spent: 0,
            skipped: 0,
        }
    }

    fn read(mut self) -> Outcome {
        let stop = self.run().err();
        Outcome { diagnostics: self.diagnostics, stop, taken: self.taken }
    }

    fn run(&mut self) -> Result<(), Stop> {
        let chunk = self.chunk;
        let mut parser = Parser::new_from_str(&chunk.text);
        let mut documents = 0;
        while let Some(next) = parser.next_event() {
            let (event, span) = match next {
                Ok(next) => next,
                Err(error) if documents > 0 && self.open.is_empty() => return Err(self.after_end(&error)),
                Err(error) => return Err(self.syntax(&error)),
            };
            match event {
                Event::DocumentStart(_) if documents > 0 => {
                    self.diagnostics.push(self.second_document(span.start));
                    return Ok(());
                }
                Event::DocumentEnd => {
                    documents += 1;
                    self.finish()?;
                }
                Event::StreamEnd => return Ok(()),
                _ => self.event(event, span)?,
            }
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        self.check_size(span.end)?;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.begin_item(span.start);
                let node = self.scalar(&text, style, tag.as_deref(), span.start);
                self.define(anchor, node, false);
                self.complete(span.end)
            }
            Event::Alias(anchor) => {
                self.begin_item(span.start);
                self.alias(anchor, span.start)?;
                self.complete(span.end)
            }
            Event::SequenceStart(anchor, _) => self.begin(false, anchor, span.start),
            Event::MappingStart(anchor, _) => self.begin(true, anchor, span.start),
            Event::SequenceEnd | Event::MappingEnd => self.end(span.end),
            _ => Ok(()),
        }
    }

    fn tree(&mut self) -> &mut Tree {
        match &mut self.item {
            Some(item) => &mut item.tree,
            None => &mut self.outer,
        }
    }

    fn soil(&mut self) {
        match &mut self.item {
            Some(item) => item.dirty = true,
            None => self.outer_dirty = true,
        }
    }

    fn push(&mut self, kind: Kind, quoted: bool, mark: Marker, text: &str) -> u32 {
        let (line, column) = self.line_column(mark);
        self.nodes += 1;
        self.tree().push(Raw { kind, quoted, line, column, start: 0, size: 0, end: 0 }, text)
    }

    fn expects_key(&self) -> bool {
        self.open.last().is_some_and(|open| open.mapping && open.key)
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, mark: Marker) -> u32 {
        let quoted = style != ScalarStyle::Plain;
        if self.expects_key() && !quoted && tag.is_none() && text == "<<" {
            self.soil();
            return self.push(Kind::Merge, false, mark, text);
        }
        let (kind, value) = match read_scalar(text, quoted, tag) {
            Ok(read) => read,
            Err(message) => {
                self.breaks(mark, message);
                (Kind::String, Cow::Borrowed(text))
            }
        };
        if self.expects_key() {
            return self.key(kind, &value, quoted, mark);
        }
        if let Some(message) = unwritable(kind, &value, self.chunk.json && !quoted) {
            self.breaks(mark, message);
        }
        self.push(kind, quoted, mark, &value)
    }

    /// A key: JSON has only strings there.
    fn key(&mut self, kind: Kind, text: &str, quoted: bool, mark: Marker) -> u32 {
        let key = match kind {
            Kind::String => Cow::Borrowed(text),
            Kind::Null => {
                self.diagnostics.push(self.diagnostic(
                    mark,
                    Severity::Error,
                    "null cannot be a key".to_owned(),
                ));
                Cow::Borrowed(text)
            }
            _ => Cow::Owned(key_text(text)),
        };
        self.push(Kind::String, quoted, mark, &key)
    }

    fn alias(&mut self, anchor: usize, mark: Marker) -> Result<(), Stop> {
        let target = self.anchors.get(&anchor).copied();
        let Some(Anchor { place, node, open: false }) = target else {
            return Err(self.stop(mark, "this alias stands within the value that its anchor names"));
        };
        if self.expects_key() {
            let (raw, text) = {
                let tree = self.source(place);
                (*tree.raw(node), tree.text_of(node).to_owned())
            };
            match raw.kind {
                Kind::Sequence | Kind::Mapping | Kind::Alias => return Err(self.stop(mark, COMPLEX_KEY)),
                kind => self.key(kind, &text, raw.quoted, mark),
            };
            return Ok(());
        }
        self.soil();
        let index = self.push(Kind::Alias, false, mark, "");
        self.tree().nodes[index as usize].start = small(anchor);
        Ok(())
    }

    fn source(&self, place: Place) -> &Tree {
        match (place, &self.item) {
            (Place::Item(index), Some(item)) if index == self.items => &item.tree,
            (Place::Item(index), _) => self.finished.get(&index).map_or(&self.outer, |tree| tree),
            (Place::Outer, _) => &self.outer,
        }
    }

    fn define(&mut self, anchor: usize, node: u32, open: bool) {
        if anchor == 0 {
            return;
        }
        let place = match &mut self.item {
            Some(item) => {
                item.anchored = true;
                Place::Item(self.items)
            }
            None => Place::Outer,
        };
        self.anchors.insert(anchor, Anchor { place, node, open });
    }

    fn begin(&mut self, mapping: bool, anchor: usize, mark: Marker) -> Result<(), Stop> {
        if self.open.len() >= self.limits.depth {
            return Err(self.stop(mark, format!("nested deeper than {} levels", self.limits.depth)));
        }
        if self.expects_key() {
            let diagnostic = self.diagnostic(mark, Severity::Error, COMPLEX_KEY.to_owned());
            let help = "a value that begins with `{` must be quoted; a template must be rendered first";
            self.diagnostics.push(diagnostic.with_help(help));
            self.broken = true;
        }
        let splits = !mapping && self.is_list_of_items();
        self.begin_item(mark);
        let kind = if mapping { Kind::Mapping } else { Kind::Sequence };
        let node = self.push(kind, false, mark, "");
        self.define(anchor, node, true);
        self.open.push(Open { node, mapping, key: true, anchor });
        self.splitting |= splits;
        Ok(())
    }

    /// Whether a sequence that begins now is the value of `items` at the root.
    fn is_list_of_items(&self) -> bool {
        let [root] = &self.open[..] else { return false };
        let last = small(self.outer.nodes.len()).saturating_sub(1);
        self.limits.split_lists
            && root.mapping
            && !root.key
            && !self.splitting
            && self.outer.text_of(last) == "items"
    }

    fn end(&mut self, mark: Marker) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        if self.splitting && self.open.len() == 1 && self.item.is_none() {
            self.splitting = false;
        }
        self.tree().close(open.node);
        self.define(open.anchor, open.node, false);
        if open.mapping {
            self.duplicates(open.node);
        }
        self.complete(mark)
    }

    /// A node is complete: the next one of a mapping has the other role.
    fn complete(&mut self, mark: Marker) -> Result<(), Stop> {
        if self.splitting && self.open.len() == 2 {
            return self.finish_item(mark);
        }
        if let Some(parent) = self.open.last_mut()
            && parent.mapping
        {
            parent.key = !parent.key;
        }
        Ok(())
    }

    fn duplicates(&mut self, mapping: u32) {
        let tree = match &self.item {
            Some(item) => &item.tree,
            None => &self.outer,
        };
        let doubles = expand::duplicates(tree, mapping);
        if doubles.is_empty() {
            return;
        }
        let strict = self.limits.duplicate_keys == DuplicateKeys::Error;
        for (first, second) in doubles {
            let before = tree.raw(first);
            let (key, line, column) = (tree.text_of(second), before.line, before.column);
            let message = format!("duplicate key {key:?}; the one before is at line {line}, column {column}");
            let (severity, message) = match strict {
                true => (Severity::Error, message),
                false => (Severity::Warning, format!("{message}; the last one counts")),
            };
            self.diagnostics.push(tree.diagnostic(second, severity, message));
        }
        self.soil();
    }

    // Lists and documents.

    fn begin_item(&mut self, mark: Marker) {
        if self.splitting && self.open.len() == 2 && self.item.is_none() {
            let tree = Tree::new(self.file.clone(), 512);
            self.item = Some(Item { tree, dirty: false, anchored: false, start: mark.index() });
        }
    }

    fn check_size(&self, mark: Marker) -> Result<(), Stop> {
        let (what, characters, text) = match &self.item {
            Some(item) => ("this item", mark.index().saturating_sub(item.start), item.tree.text.len()),
            None => ("this document", mark.index().saturating_sub(self.skipped), self.outer.text.len()),
        };
        let limit = self.limits.document_bytes;
        if characters.max(text) > limit {
            return Err(self.stop(mark, format!("{what} is larger than {limit} bytes")));
        }
        Ok(())
    }

    fn expanded(&mut self, tree: &Tree, place: Place) -> Result<Tree, Stop> {
        let allowed = self.limits.expansion_factor.saturating_mul(self.nodes) + self.limits.expansion_nodes;
        let sources = Sources {
            current: (place, tree),
            outer: &self.outer,
            finished: &self.finished,
            anchors: &self.anchors,
        };
        let (expanded, spent) = expand::expand(&sources, self.limits, allowed.saturating_sub(self.spent))?;
        self.spent += spent;
        Ok(expanded)
    }

    fn hand_on(&mut self, document: Document) {
        if !self.broken {
            self.taken += 1;
            (self.take)(document);
        }
    }

    fn finish_item(&mut self, mark: Marker) -> Result<(), Stop> {
        let Some(item) = self.item.take() else { return Ok(()) };
        let index = self.items;
        self.skipped += mark.index().saturating_sub(item.start);
        let raw = Arc::new(item.tree);
        let tree = match item.dirty {
            true => Arc::new(self.expanded(&raw, Place::Item(index))?),
            false => raw.clone(),
        };
        if item.anchored {
            self.finished.insert(index, raw);
        }
        self.items += 1;
        let says_its_kind = |key| Node::at(&tree, 0).get(key).is_some_and(|node| node.as_str().is_some());
        if self.held.is_empty() && says_its_kind("kind") && says_its_kind("apiVersion") {
            self.hand_on(Document { tree, part: Part::Item { index, list: None } });
        } else {
            self.held.push((index, tree));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Stop> {
        let raw = std::mem::replace(&mut self.outer, Tree::new(self.file.clone(), 0));
        let tree = match self.outer_dirty {
            true => self.expanded(&raw, Place::Outer)?,
            false => raw,
        };
        if tree.nodes.is_empty() || Node::at(&tree, 0).is_null() {
            return Ok(());
        }
        let list = self.list_type(&tree);
        let held = std::mem::take(&mut self.held);
        if list.is_none() && held.len() == self.items {
            let trees: Vec<_> = held.iter().map(|(_, tree)| tree.as_ref()).collect();
            let tree = if trees.is_empty() { tree } else { expand::graft(&tree, &trees) };
            self.hand_on(Document { tree: Arc::new(tree), part: Part::Whole });
            return Ok(());
        }
        for (index, tree) in held {
            self.hand_on(Document { tree, part: Part::Item { index, list: list.clone() } });
        }
        self.check_list(Node::at(&tree, 0), list.as_ref());
        Ok(())
    }

    /// `apiVersion` and `kind` of a list whose items were split off.
    fn list_type(&self, tree: &Tree) -> Option<(String, String)> {
        let text = |key| Node::at(tree, 0).get(key).and_then(Node::as_str);
        let kind = text("kind").filter(|kind| self.items > 0 && kind.ends_with("List"))?;
        Some((text("apiVersion").unwrap_or("").to_owned(), kind.to_owned()))
    }

    fn check_list(&mut self, root: Node<'_>, list: Option<&(String, String)>) {
        match list {
            None if root.get("kind").is_none() => self.diagnostics.push(root.error("kind not set")),
            None => self.diagnostics.push(root.error("objects in `items`, but the kind is no List")),
            Some((version, _)) if version.is_empty() => {
                self.diagnostics.push(root.error("apiVersion not set"))
            }
            Some(_) => {}
        }
    }
}
