//! The list of nodes of a cycle (scheduler.md 5.3).

use super::NodeIx;

/// A place that no node has.
const NOWHERE: u32 = u32::MAX;

/// The list. It is renewed when a new name has come or one has gone, so a zone label alone reorders nothing.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    list: Vec<NodeIx>,
    positions: Vec<u32>,
}

impl Snapshot {
    /// The nodes, in the order in which they are visited.
    pub fn list(&self) -> &[NodeIx] {
        &self.list
    }
    /// Whether a node is in the list.
    pub fn contains(&self, ix: NodeIx) -> bool {
        self.position(ix).is_some()
    }
    /// Where a node is in the list.
    pub fn position(&self, ix: NodeIx) -> Option<usize> {
        self.positions.get(ix.at()).filter(|at| **at != NOWHERE).map(|at| *at as usize)
    }
    /// Takes a new list; `indices` is how many nodes ever were.
    pub fn rebuild(&mut self, list: Vec<NodeIx>, indices: usize) {
        self.positions.clear();
        self.positions.resize(indices, NOWHERE);
        for (at, ix) in list.iter().enumerate() {
            self.positions[ix.at()] = u32::try_from(at).unwrap_or(NOWHERE);
        }
        self.list = list;
    }
}
