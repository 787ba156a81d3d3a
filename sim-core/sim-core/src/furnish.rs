//! What a cluster has before t = 0: its namespaces, the `kubernetes` Service, its nodes with their leases.

use crate::host::Host;
use crate::setup::NodeSetup;
use crate::simulation::Simulation;
use api::coordination::Lease;
use api::{Kind, Name, Object, ObjectMeta, OwnerReference};
use serde_json::{Value, json};
use units::{SimDuration, SimTime, Timestamp};

const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// The first address of the service range belongs to `kubernetes` (controllers.md 13.3).
const KUBERNETES_IP: &str = "10.96.0.1";
/// Where the stand-in of the API server is reached.
const API_SERVER_IP: &str = "192.168.255.1";
/// `leaseDurationSeconds` of a kubelet.
const LEASE_SECONDS: i32 = 40;

impl Simulation {
    /// Puts everything in that is there before t = 0, and starts all loops.
    pub(crate) fn furnish(&mut self, nodes: &[NodeSetup]) {
        let created = self.clock.timestamp(SimTime::ZERO - SimDuration::from_secs(60));
        for (kind, value) in common_objects() {
            self.put(kind, value, created);
        }
        for node in nodes {
            self.add_pool_node(node, created);
        }
        self.start_control_plane();
        for number in 0..self.hosts.len() {
            self.start_kubelet(u32::try_from(number).unwrap_or_default(), kubelet::Started::Before);
        }
        self.begin_journal();
    }

    fn put(&mut self, kind: Kind, mut value: Value, created: Timestamp) {
        api::defaults::apply(kind, &mut value);
        let object =
            Object::from_json(kind, &value).unwrap_or_else(|e| panic!("a common object is wrong: {e}"));
        self.apiserver.put_existing(object, created);
    }

    fn add_pool_node(&mut self, setup: &NodeSetup, created: Timestamp) {
        let number = self.next_host_number();
        let mut node = kubelet::registration(&crate::config::node(&self.profile, number, setup, created));
        node.meta.creation = created;
        let written = self.apiserver.put_existing(node.into(), created);
        let (meta, name) = (written.object.meta().clone(), setup.name.clone());
        self.apiserver.put_existing(lease_of(&meta, self.clock.micro_time(SimTime::ZERO)).into(), created);
        self.add_host(Host::new(self.seed, &self.profile, number, name));
    }
}

/// The lease of a node whose kubelet has renewed it just now.
fn lease_of(node: &ObjectMeta, renewed: units::MicroTime) -> Lease {
    let mut meta = ObjectMeta::named(Name::new_static("kube-node-lease"), node.name.clone());
    let owner = OwnerReference::controller(Kind::Node, &node.name, node.uid);
    meta.owners = vec![OwnerReference { controller: false, block_owner_deletion: false, ..owner }].into();
    Lease {
        meta,
        holder: node.name.clone(),
        duration_seconds: LEASE_SECONDS,
        acquire_time: None,
        renew_time: Some(renewed),
        transitions: None,
    }
}

fn common_objects() -> Vec<(Kind, Value)> {
    let namespaces = NAMESPACES.map(|name| (Kind::Namespace, json!({"metadata": {"name": name}})));
    let labels = json!({"component": "apiserver", "provider": "kubernetes"});
    let service = json!({
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": labels},
        "spec": {
            "type": "ClusterIP", "clusterIP": KUBERNETES_IP, "clusterIPs": [KUBERNETES_IP],
            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        },
    });
    let slice = json!({
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [API_SERVER_IP], "conditions": {"ready": true}}],
        "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
    });
    let mut objects = namespaces.to_vec();
    objects.extend([(Kind::Service, service), (Kind::EndpointSlice, slice)]);
    objects
}
