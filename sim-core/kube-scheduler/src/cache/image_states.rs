//! Which images how many nodes have (scheduler.md 5.4).

use crate::lookup::LookupMap;
use api::Name;
use api::node::Node;
use std::collections::BTreeSet;

/// An image's place in the table of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageIx(u32);

/// An image on a node, as it was when the node last changed before a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeImageState {
    /// The image.
    pub image: ImageIx,
    /// Its size in bytes.
    pub size: i64,
    /// How many nodes had it.
    pub nodes: i64,
}

#[derive(Clone, Copy, Debug, Default)]
struct ImageState {
    size: i64,
    nodes: i64,
}

/// All images of all nodes. The size is the one that the first node reported; an image that no node has is forgotten.
#[derive(Clone, Debug, Default)]
pub struct ImageStates {
    by_name: LookupMap<Name, ImageIx>,
    states: Vec<ImageState>,
}

impl ImageStates {
    /// Counts a node's images.
    pub fn add(&mut self, node: &Node) {
        for (name, size) in names(node) {
            let ix = self.index_of(name);
            let state = &mut self.states[ix.0 as usize];
            if state.nodes == 0 {
                state.size = size;
            }
            state.nodes += 1;
        }
    }

    /// Counts a node's images no more.
    pub fn remove(&mut self, node: &Node) {
        for (name, _) in names(node) {
            if let Some(ix) = self.find(name) {
                self.states[ix.0 as usize].nodes -= 1;
            }
        }
    }

    /// A node's images with the counts of this moment, in the order of their indices.
    pub fn freeze(&self, node: &Node) -> Vec<NodeImageState> {
        let known = |(name, _): (&Name, i64)| {
            let image = self.find(name)?;
            let ImageState { size, nodes } = self.states[image.0 as usize];
            Some(NodeImageState { image, size, nodes })
        };
        let mut images: Vec<_> = names(node).filter_map(known).collect();
        images.sort_unstable_by_key(|state| state.image);
        images
    }

    /// The index of an image that a node has or had.
    pub fn find(&self, name: &str) -> Option<ImageIx> {
        self.by_name.get(name).copied()
    }

    fn index_of(&mut self, name: &Name) -> ImageIx {
        self.find(name).unwrap_or_else(|| {
            let ix = ImageIx(u32::try_from(self.states.len()).unwrap_or(u32::MAX));
            self.states.push(ImageState::default());
            self.by_name.insert(name.clone(), ix);
            ix
        })
    }
}

/// Every name of every image, once.
fn names(node: &Node) -> impl Iterator<Item = (&Name, i64)> {
    let mut seen = BTreeSet::new();
    let all =
        node.status.images.iter().flat_map(|image| image.names.iter().map(|name| (name, image.size_bytes)));
    all.filter(move |(name, _)| seen.insert(*name))
}
