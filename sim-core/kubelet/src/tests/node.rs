//! Registration, node status and leases.

use super::basin::Basin;
use crate::{Config, Phases, Registration, Reservations, Started, registration};
use api::{Kind, Object};
use machine::Latencies;
use serde_json::json;
use units::Timestamp;

#[test]
fn a_node_that_a_user_created_becomes_ready() {
    let started = Started::Now { create: None };
    let mut basin = Basin::new(Config::reference(), Latencies::reference(), started);
    let node = json!({"metadata": {"name": "node-0"},
        "status": {"allocatable": {"cpu": "3"}, "capacity": {"cpu": "4"}}});
    basin.set_node((**Object::from_json(Kind::Node, &node).unwrap().as_node().unwrap()).clone());
    basin.run(25_000);
    assert_eq!(
        basin.seen(0, 25_000),
        [
            "0.000 Starting : Starting kubelet. ×1",
            "0.000 NodeAllocatableEnforced : Updated Node Allocatable limit across pods ×1",
            "0.100 patch node-0",
            "0.100 NodeHasSufficientMemory : Node node-0 status is now: NodeHasSufficientMemory ×1",
            "0.100 node status",
            "0.100 lease kube-node-lease/node-0",
            "0.100 NodeHasNoDiskPressure : Node node-0 status is now: NodeHasNoDiskPressure ×1",
            "0.100 NodeHasSufficientPID : Node node-0 status is now: NodeHasSufficientPID ×1",
            "0.100 NodeReady : Node node-0 status is now: NodeReady ×1",
            "10.000 lease kube-node-lease/node-0",
            "20.000 lease kube-node-lease/node-0",
        ]
    );
    let node = basin.node.unwrap();
    assert!(node.is_ready());
    assert_eq!(node.status.allocatable.to_json(), json!({"cpu": "3"}));
    assert_eq!(node.status.internal_ip, "192.168.0.1");
}

fn registered(reservations: Reservations) -> api::node::Node {
    registration(&Registration {
        name: "node-0".into(),
        number: 0,
        labels: api::StringMap::default(),
        taints: Vec::new(),
        capacity: [("cpu".into(), units::Quantity::from_value(4))].into_iter().collect(),
        reservations,
        now: Timestamp(1_767_225_600 - 3600),
    })
}

#[test]
fn a_machine_without_a_node_creates_it() {
    let create = Some(Box::new(registered(Reservations::None)));
    let mut basin = Basin::new(Config::reference(), Latencies::reference(), Started::Now { create });
    basin.run(1_000);
    let seen = basin.seen(0, 1_000);
    assert!(seen.contains(&"0.100 create node-0".to_owned()), "{seen:#?}");
    assert!(seen.contains(&"0.300 node status".to_owned()), "{seen:#?}");
}

#[test]
fn a_quiet_node_reports_every_five_minutes() {
    let mut basin = Basin::reference();
    basin.machine =
        machine::Machine::new(machine::Config { node: 0, latencies: Latencies::reference().into() });
    basin.set_node(registered(Reservations::None));
    basin.run(900_000);
    let mut seen = basin.seen(0, 900_000);
    seen.retain(|line| line.contains("node status"));
    assert_eq!(seen, ["300.000 node status", "600.000 node status", "900.000 node status"]);
    assert_eq!(basin.seen(0, 900_000).iter().filter(|line| line.contains("lease")).count(), 90);
}

#[test]
fn a_new_image_is_reported() {
    let mut basin = Basin::reference();
    basin.set_node(registered(Reservations::None));
    basin.run(100_000);
    let mut seen = basin.seen(0, 100_000);
    seen.retain(|line| line.contains("node status"));
    assert_eq!(seen, ["30.000 node status"]);
    assert_eq!(basin.node.as_ref().unwrap().status.images[0].names, ["i:v1"]);
}

#[test]
fn drawn_phases_keep_their_rates() {
    let config = Config { phases: Phases::Uniform, jitter: true, ..Config::reference() };
    let mut basin = Basin::new(config, Latencies::reference(), Started::Before);
    basin.set_node(registered(Reservations::None));
    basin.run(1_020_000);
    let count = |text: &str| basin.log.iter().filter(|(_, line)| line.contains(text)).count();
    assert!((99..=101).contains(&count("lease")), "{}", count("lease"));
    // The first report comes after 150 to 450 s, the next ones 300 s after each other.
    assert!((2..=3).contains(&count("node status")), "{}", count("node status"));
}

#[test]
fn cordons_are_told_with_the_next_round() {
    let mut basin = Basin::reference();
    basin.set_node(registered(Reservations::None));
    basin.run(45_000);
    let mut node = (**basin.node.as_ref().unwrap()).clone();
    node.spec.unschedulable = true;
    basin.set_node(node);
    basin.run(60_000);
    let seen = basin.seen(45_000, 60_000);
    let told = "50.000 NodeNotSchedulable : Node node-0 status is now: NodeNotSchedulable ×1";
    assert!(seen.contains(&told.to_owned()), "{seen:#?}");
}
