//! The order of nodes: round robin over zones (scheduler.md 5.1).
//!
//! Source: `pkg/scheduler/backend/cache/node_tree.go`, v1.36.2.

use super::NodeIx;
use api::Name;
use api::node::Node;

/// Region and zone; both empty for nodes without.
type ZoneKey = (Name, Name);

/// Zones in the order of their first node, nodes in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct NodeTree {
    zones: Vec<(ZoneKey, Vec<NodeIx>)>,
    len: usize,
}

impl NodeTree {
    /// Adds a node, or moves it if its zone has changed.
    pub fn set(&mut self, ix: NodeIx, old: Option<&Node>, new: &Node) {
        let zone = zone_of(new);
        if let Some(old) = old {
            if zone_of(old) == zone {
                return;
            }
            self.remove(ix, old);
        }
        self.len += 1;
        match self.zones.iter_mut().find(|(key, _)| *key == zone) {
            Some((_, nodes)) => nodes.push(ix),
            None => self.zones.push((zone, vec![ix])),
        }
    }

    /// Takes a node out; an empty zone goes with it.
    pub fn remove(&mut self, ix: NodeIx, node: &Node) {
        let key = zone_of(node);
        let Some(at) = self.zones.iter().position(|(zone, _)| *zone == key) else { return };
        let nodes = &mut self.zones[at].1;
        if let Some(place) = nodes.iter().position(|node| *node == ix) {
            nodes.remove(place);
            self.len -= 1;
        }
        if nodes.is_empty() {
            self.zones.remove(at);
        }
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The first node of every zone, then the second of every zone, and so on.
    pub fn list(&self) -> Vec<NodeIx> {
        let longest = self.zones.iter().map(|(_, nodes)| nodes.len()).max().unwrap_or_default();
        (0..longest)
            .flat_map(|at| self.zones.iter().filter_map(move |(_, nodes)| nodes.get(at).copied()))
            .collect()
    }
}

fn zone_of(node: &Node) -> ZoneKey {
    let label = |old: &str, new: &str| {
        let labels = &node.meta.labels;
        labels.get(old).or_else(|| labels.get(new)).cloned().unwrap_or_default()
    };
    (
        label("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
        label("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::ObjectMeta;

    #[test]
    fn zones_take_turns() {
        // scheduler.md 16, item 1.
        let node = |zone: &str| {
            let labels = [("topology.kubernetes.io/zone", zone)].into_iter().collect();
            Node { meta: ObjectMeta { labels, ..ObjectMeta::default() }, ..Node::default() }
        };
        let names = "abcdef";
        let zones = ["z1", "z1", "z1", "z2", "z3", "z3"];
        let mut tree = NodeTree::default();
        for (at, zone) in zones.iter().enumerate() {
            tree.set(NodeIx::new(at), None, &node(zone));
        }
        let list = |tree: &NodeTree| -> String {
            tree.list().iter().map(|ix| names.as_bytes()[ix.at()] as char).collect()
        };
        assert_eq!(list(&tree), "adebfc");
        tree.remove(NodeIx::new(3), &node("z2"));
        assert_eq!(list(&tree), "aebfc");
        tree.set(NodeIx::new(3), None, &node("z2"));
        assert_eq!((list(&tree).as_str(), tree.len()), ("aedbfc", 6));
        tree.set(NodeIx::new(0), Some(&node("z1")), &node("z2"));
        assert_eq!(list(&tree), "bedcfa");
    }
}
