//! The values of one label on all nodes, as small numbers.

use super::NodeIx;
use crate::lookup::LookupMap;
use api::Name;
use api::node::Node;

/// A label's place in the table of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopologyIx(pub(super) usize);

/// The value of a node that does not have the label.
pub const MISSING_VALUE: u32 = u32::MAX;
/// The value of a node whose label is the empty text.
pub const EMPTY_VALUE: u32 = 0;

/// The values of one label.
#[derive(Clone, Debug)]
pub struct Topology {
    key: Name,
    numbers: LookupMap<Name, u32>,
    column: Vec<u32>,
}

impl Topology {
    /// Reads the label on all nodes.
    pub fn new<'a>(key: &str, nodes: impl Iterator<Item = Option<&'a Node>>) -> Self {
        let mut topology = Self { key: key.into(), numbers: LookupMap::default(), column: Vec::new() };
        topology.numbers.insert(Name::default(), EMPTY_VALUE);
        for node in nodes {
            let value = node.map_or(MISSING_VALUE, |node| topology.number_of(node));
            topology.column.push(value);
        }
        topology
    }
    /// The label.
    pub fn key(&self) -> &str {
        &self.key
    }
    /// How many different values ever were.
    pub fn values(&self) -> usize {
        self.numbers.len()
    }
    /// A node's value.
    pub fn value(&self, ix: NodeIx) -> u32 {
        self.column[ix.at()]
    }
    /// Whether a node has the label.
    pub fn has(&self, ix: NodeIx) -> bool {
        self.value(ix) != MISSING_VALUE
    }
    pub(super) fn grow(&mut self) {
        self.column.push(MISSING_VALUE);
    }
    pub(super) fn set(&mut self, ix: NodeIx, node: &Node) {
        self.column[ix.at()] = self.number_of(node);
    }
    pub(super) fn clear(&mut self, ix: NodeIx) {
        self.column[ix.at()] = MISSING_VALUE;
    }
    fn number_of(&mut self, node: &Node) -> u32 {
        let Some(value) = node.meta.labels.get(&self.key) else { return MISSING_VALUE };
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(MISSING_VALUE);
        self.numbers.insert(value.clone(), number);
        number
    }
}
