//! Two real clusters (the openb GPU trace as manifests): as many pods find a node as with the real framework.

mod common;

use common::{Manifests, shared};
use kube_scheduler::{Options, Placement, schedule_all};

fn placements(size: &str) -> Option<Vec<Placement>> {
    let folder = shared("data/k8s-sims")?;
    let mut manifests = Manifests::default();
    manifests.read(&folder.join(format!("nodes-{size}.yaml")));
    manifests.read(&folder.join(format!("pods-{size}.yaml")));
    Some(schedule_all(manifests.nodes, manifests.pods, Options::default()))
}

fn check(size: &str, bound: usize, all: usize) {
    let Some(placements) = placements(size) else { return };
    assert_eq!(placements.len(), all);
    assert_eq!(placements.iter().filter(|placement| placement.node.is_some()).count(), bound);
    for placement in placements.iter().filter(|placement| placement.node.is_none()) {
        assert!(placement.message.starts_with("0/1"), "{placement:?}");
    }
}

#[test]
fn the_small_cluster() {
    check("100", 1061, 1067);
}

#[test]
fn the_big_cluster() {
    check("1200", 7048, 7064);
}
