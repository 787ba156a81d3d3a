//! Aliases, merge keys and duplicates: writes a tree anew in which they are gone.
//!
//! Source: goyaml v2: entries count in the order of the text, so a merged one replaces what stands before `<<` and is
//! replaced by what stands behind it; in a list of merged objects the first one counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Limits;
use super::tree::{Kind, Tree};
use crate::diagnostics::{Diagnostic, Severity};

/// In which tree a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the document, outside of the items of a list.
    Outer,
    /// In the n-th item of the list.
    Item(usize),
}

/// A node that aliases refer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    pub place: Place,
    pub node: u32,
    /// Whether it is still being read.
    pub open: bool,
}

/// The trees that an alias can refer to.
pub(super) struct Sources<'a> {
    pub current: (Place, &'a Tree),
    pub outer: &'a Tree,
    pub finished: &'a BTreeMap<usize, Arc<Tree>>,
    pub anchors: &'a BTreeMap<usize, Anchor>,
}

/// A node in one of the trees.
#[derive(Clone, Copy)]
struct Spot<'a> {
    tree: &'a Tree,
    node: u32,
}

impl<'a> Spot<'a> {
    fn kind(self) -> Kind {
        self.tree.raw(self.node).kind
    }

    fn text(self) -> &'a str {
        self.tree.text_of(self.node)
    }

    fn children(self) -> impl Iterator<Item = Spot<'a>> {
        let tree = self.tree;
        tree.children(self.node).map(move |node| Spot { tree, node })
    }

    fn refuse(self, message: String) -> Box<Diagnostic> {
        Box::new(self.tree.diagnostic(self.node, Severity::Error, message))
    }
}

/// The current tree with everything expanded, and the number of nodes that this took (at most `budget`).
pub(super) fn expand(
    sources: &Sources<'_>,
    limits: &Limits,
    budget: usize,
) -> Result<(Tree, usize), Box<Diagnostic>> {
    let tree = sources.current.1;
    let out = Tree::new(tree.file.clone(), tree.text.len());
    let mut expansion = Expansion { sources, limits, out, budget, spent: 0 };
    if !tree.nodes.is_empty() {
        expansion.write(Spot { tree, node: 0 }, 0)?;
    }
    Ok((expansion.out, expansion.spent))
}

struct Expansion<'a> {
    sources: &'a Sources<'a>,
    limits: &'a Limits,
    out: Tree,
    budget: usize,
    spent: usize,
}

impl<'a> Expansion<'a> {
    fn write(&mut self, spot: Spot<'a>, depth: usize) -> Result<(), Box<Diagnostic>> {
        let spot = self.target(spot)?;
        self.spend(spot)?;
        if depth > self.limits.depth {
            return Err(spot.refuse(format!("nested deeper than {} levels", self.limits.depth)));
        }
        let index = self.out.push(*spot.tree.raw(spot.node), spot.text());
        match spot.kind() {
            Kind::Sequence => {
                for child in spot.children() {
                    self.write(child, depth + 1)?;
                }
            }
            Kind::Mapping => {
                for (key, value) in self.entries(spot)? {
                    self.write(key, depth + 1)?;
                    self.write(value, depth + 1)?;
                }
            }
            _ => {}
        }
        self.out.close(index);
        Ok(())
    }

    fn spend(&mut self, spot: Spot<'a>) -> Result<(), Box<Diagnostic>> {
        self.spent += 1;
        if self.spent > self.budget {
            return Err(spot.refuse(format!("the aliases expand to more than {} nodes", self.budget)));
        }
        if self.out.text.len() > self.limits.document_bytes {
            let limit = self.limits.document_bytes;
            return Err(spot.refuse(format!("the aliases expand to more than {limit} bytes")));
        }
        Ok(())
    }

    /// The node itself, or what it is an alias of.
    fn target(&self, spot: Spot<'a>) -> Result<Spot<'a>, Box<Diagnostic>> {
        if spot.kind() != Kind::Alias {
            return Ok(spot);
        }
        let sources = self.sources;
        let anchor = sources.anchors.get(&(spot.tree.raw(spot.node).start as usize)).copied();
        let Some(Anchor { place, node, .. }) = anchor else {
            return Err(spot.refuse("unknown anchor".to_owned()));
        };
        let tree = match place {
            _ if place == sources.current.0 => Some(sources.current.1),
            Place::Outer => Some(sources.outer),
            Place::Item(index) => sources.finished.get(&index).map(Arc::as_ref),
        };
        match tree {
            Some(tree) => Ok(Spot { tree, node }),
            None => Err(spot.refuse("unknown anchor".to_owned())),
        }
    }

    /// The entries of an object that count, in the order of the text.
    fn entries(&mut self, mapping: Spot<'a>) -> Result<Vec<(Spot<'a>, Spot<'a>)>, Box<Diagnostic>> {
        let mut entries = Entries::default();
        self.collect(mapping, 0, &mut entries)?;
        Ok(entries.list)
    }

    fn collect(
        &mut self,
        mapping: Spot<'a>,
        depth: usize,
        out: &mut Entries<'a>,
    ) -> Result<(), Box<Diagnostic>> {
        if depth > self.limits.depth {
            return Err(mapping.refuse(format!("merged deeper than {} levels", self.limits.depth)));
        }
        let mut children = mapping.children();
        while let (Some(key), Some(value)) = (children.next(), children.next()) {
            if key.kind() == Kind::Merge {
                self.merge(value, depth, out)?;
            } else {
                if depth > 0 {
                    self.spend(key)?;
                }
                out.set(key, value);
            }
        }
        Ok(())
    }

    fn merge(&mut self, value: Spot<'a>, depth: usize, out: &mut Entries<'a>) -> Result<(), Box<Diagnostic>> {
        self.spend(value)?;
        let merged = self.target(value)?;
        let sources = match merged.kind() {
            Kind::Mapping => vec![merged],
            // An alias of a list is no list of objects: goyaml refuses it.
            Kind::Sequence if value.kind() != Kind::Alias => merged.children().collect(),
            _ => return Err(value.refuse(MERGE.to_owned())),
        };
        for source in sources.into_iter().rev() {
            self.spend(source)?;
            let object = self.target(source)?;
            if object.kind() != Kind::Mapping {
                return Err(source.refuse(MERGE.to_owned()));
            }
            self.collect(object, depth + 1, out)?;
        }
        Ok(())
    }
}

const MERGE: &str = "map merge requires map or sequence of maps as the value";

/// Entries of which the last one under a key counts.
#[derive(Default)]
struct Entries<'a> {
    list: Vec<(Spot<'a>, Spot<'a>)>,
    index: BTreeMap<&'a str, usize>,
}

impl<'a> Entries<'a> {
    fn set(&mut self, key: Spot<'a>, value: Spot<'a>) {
        match self.index.get(key.text()) {
            Some(&at) => self.list[at] = (key, value),
            None => {
                self.index.insert(key.text(), self.list.len());
                self.list.push((key, value));
            }
        }
    }
}

/// The keys of an object that stand twice: (the one before, the later one), in the order of the text.
pub(super) fn duplicates(tree: &Tree, mapping: u32) -> Vec<(u32, u32)> {
    let keys = || tree.children(mapping).step_by(2).filter(|key| tree.raw(*key).kind == Kind::String);
    // Most objects are small and have no duplicates: nothing is allocated for them.
    let few = keys().nth(8).is_none();
    let twice = |key: u32| keys().take_while(|other| *other < key).any(|other| tree.same_text(other, key));
    if few && !keys().any(twice) {
        return Vec::new();
    }
    let mut sorted: Vec<(&str, u32)> = keys().map(|key| (tree.text_of(key), key)).collect();
    sorted.sort_unstable();
    let mut doubles: Vec<(u32, u32)> =
        sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| (pair[0].1, pair[1].1)).collect();
    doubles.sort_unstable_by_key(|(_, second)| *second);
    doubles
}

/// The object `outer` with the items back in its list `items`.
pub(super) fn graft(outer: &Tree, items: &[&Tree]) -> Tree {
    let mut out = Tree::new(outer.file.clone(), outer.text.len());
    let root = out.push(*outer.raw(0), "");
    let mut children = outer.children(0);
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        copy(outer, key, &mut out);
        if outer.text_of(key) == "items" && outer.raw(value).kind == Kind::Sequence {
            let list = out.push(*outer.raw(value), "");
            for item in items {
                copy(item, 0, &mut out);
            }
            out.close(list);
        } else {
            copy(outer, value, &mut out);
        }
    }
    out.close(root);
    out
}

/// Appends a node with its children; the depth is that of a tree that was read, so it is bounded.
fn copy(tree: &Tree, node: u32, out: &mut Tree) {
    let index = out.push(*tree.raw(node), tree.text_of(node));
    for child in tree.children(node) {
        copy(tree, child, out);
    }
    out.close(index);
}
