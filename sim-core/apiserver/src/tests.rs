use crate::{ApiServer, Outcome};
use api::{Kind, Name, Object, ObjectKey, Reason, Uid};
use client::{Call, DeleteOptions, Patch, Preconditions, Propagation, Response, Subresource};
use journal::{ChangeType, RecordId};
use random::Seed;
use serde_json::{Value, json};
use units::{Clock, SimTime};

struct Cluster {
    server: ApiServer,
    now: SimTime,
    records: u64,
}

impl Cluster {
    fn new() -> Self {
        let mut cluster =
            Self { server: ApiServer::new(Clock::default(), Seed(1)), now: SimTime::ZERO, records: 0 };
        cluster.create(Kind::Namespace, json!({"metadata": {"name": "default"}}));
        cluster
    }
    fn at(&mut self, seconds: i64) -> &mut Self {
        self.now = SimTime::from_secs(seconds);
        self
    }
    fn handle(&mut self, call: Call) -> Outcome {
        let outcome = self.server.handle(call, self.now, Some(RecordId(self.records)));
        self.records += outcome.writes.iter().filter(|w| w.record.is_some()).count() as u64;
        outcome
    }
    fn object(&mut self, call: Call) -> Object {
        match self.handle(call).reply.unwrap() {
            Response::Object(object) => object,
            other => panic!("no object: {other:?}"),
        }
    }
    fn refusal(&mut self, call: Call) -> (Reason, String) {
        let error = self.handle(call).reply.unwrap_err();
        (error.reason, error.message)
    }
    fn create(&mut self, kind: Kind, object: Value) -> Object {
        self.object(Call::CreateManifest { kind, object: Box::new(object) })
    }
    fn pod(&mut self, name: &str) -> Object {
        self.create(Kind::Pod, pod(name))
    }
    fn bind(&mut self, name: &str, node: &str) -> Outcome {
        let uid = self.server.tables().pods.get(&key(name)).unwrap().meta.uid;
        self.handle(Call::Bind { pod: key(name), uid, node: node.into() })
    }
    fn delete(&mut self, name: &str, grace: Option<i64>) -> Outcome {
        let options = DeleteOptions { grace_seconds: grace, ..DeleteOptions::default() };
        self.handle(Call::Delete { kind: Kind::Pod, key: key(name), options })
    }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("default", name)
}

fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": [{"name": "a", "image": "x"}]}})
}

fn deployment() -> Value {
    json!({"metadata": {"name": "web", "namespace": "default"}, "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "a", "image": "x"}]}},
    }})
}

#[test]
fn a_created_pod_has_what_the_server_adds() {
    let mut cluster = Cluster::new();
    let json = cluster.pod("web").to_json();
    assert_eq!(json["metadata"]["resourceVersion"], "2");
    assert_eq!(json["metadata"]["generation"], 1);
    assert_eq!(json["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
    assert_eq!(json["spec"]["serviceAccountName"], "default");
    assert_eq!(json["spec"]["tolerations"][1]["key"], "node.kubernetes.io/unreachable");
    assert_eq!(json["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["path"], "token");
}

#[test]
fn replicas_share_their_spec() {
    let mut cluster = Cluster::new();
    let template = Object::from_json(Kind::Pod, &pod("t")).unwrap();
    let spec = template.as_pod().unwrap().spec.clone();
    let mut made = Vec::new();
    for _ in 0..2 {
        let mut pod = (**template.as_pod().unwrap()).clone();
        pod.meta.name = Name::default();
        pod.meta.generate_name = "web-".into();
        pod.spec = spec.clone();
        made.push(cluster.object(Call::Create(pod.into())));
    }
    let [a, b] = [made[0].as_pod().unwrap(), made[1].as_pod().unwrap()];
    assert!(std::sync::Arc::ptr_eq(&a.spec, &b.spec));
    assert_ne!((&a.meta.name, a.meta.uid), (&b.meta.name, b.meta.uid));
    assert_eq!(a.meta.name.len(), "web-xxxxx".len());
}

#[test]
fn refusals_have_the_servers_words() {
    let mut cluster = Cluster::new();
    cluster.pod("web");
    let create = |kind, object| Call::CreateManifest { kind, object: Box::new(object) };
    let elsewhere = json!({"metadata": {"name": "x", "namespace": "shop"}, "spec": {"containers": []}});
    let mut negative = deployment();
    negative["spec"]["replicas"] = json!(-1);
    let get = Call::Get { kind: Kind::Deployment, key: key("web") };
    for (call, reason, message) in [
        (create(Kind::Pod, pod("web")), Reason::AlreadyExists, "pods \"web\" already exists"),
        (create(Kind::Pod, elsewhere), Reason::NotFound, "namespaces \"shop\" not found"),
        (get, Reason::NotFound, "deployments.apps \"web\" not found"),
        (
            create(Kind::Deployment, negative),
            Reason::Invalid,
            "Deployment.apps \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        ),
    ] {
        assert_eq!(cluster.refusal(call), (reason, message.to_owned()));
    }
}

#[test]
fn a_rollout_must_be_able_to_move() {
    let refused = |surge: Value, unavailable: Value| {
        let mut object = deployment();
        object["spec"]["strategy"] =
            json!({"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}});
        let call = Call::CreateManifest { kind: Kind::Deployment, object: Box::new(object) };
        Cluster::new().handle(call).reply.err().map(|error| error.message)
    };
    assert_eq!(refused(json!(1), json!("0%")), None);
    let message = |cause: &str| {
        Some(format!("Deployment.apps \"web\" is invalid: spec.strategy.rollingUpdate.{cause}"))
    };
    assert_eq!(
        refused(json!(-1), json!(1)),
        message("maxSurge: Invalid value: -1: must be greater than or equal to 0")
    );
    assert_eq!(
        refused(json!(0), json!("0%")),
        message("maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0")
    );
}

#[test]
fn an_update_of_an_old_version_is_refused() {
    let mut cluster = Cluster::new();
    let old = cluster.create(Kind::Deployment, deployment());
    let mut new = old.clone();
    new.meta_mut().annotations = [("a", "b")].into_iter().collect();
    let stored = cluster.object(Call::Update(new.clone()));
    assert_eq!(stored.meta().generation, 2, "annotations of a Deployment count");
    let (reason, message) = cluster.refusal(Call::Update(new));
    assert_eq!(reason, Reason::Conflict);
    assert_eq!(
        message,
        "Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; please apply your changes \
         to the latest version and try again"
    );
}

#[test]
fn an_update_that_changes_nothing_is_no_commit() {
    let mut cluster = Cluster::new();
    let stored = cluster.create(Kind::Deployment, deployment());
    let outcome = cluster.handle(Call::Update(stored.clone()));
    assert!(outcome.writes.is_empty());
    assert_eq!(
        outcome.reply.unwrap().object().unwrap().meta().resource_version,
        stored.meta().resource_version
    );
}

#[test]
fn a_status_update_leaves_the_spec_alone() {
    let mut cluster = Cluster::new();
    let stored = cluster.create(Kind::Deployment, deployment());
    let mut new = (**stored.as_deployment().unwrap()).clone();
    std::sync::Arc::make_mut(&mut new.spec).replicas = 7;
    new.status.replicas = 3;
    let after = cluster.object(Call::UpdateStatus(new.into()));
    let after = after.as_deployment().unwrap();
    assert_eq!((after.spec.replicas, after.status.replicas, after.meta.generation), (1, 3, 1));
}

#[test]
fn scaling_raises_the_generation() {
    let mut cluster = Cluster::new();
    cluster.create(Kind::Deployment, deployment());
    let scale = |replicas, version| Call::Scale {
        kind: Kind::Deployment,
        key: key("web"),
        replicas,
        resource_version: version,
    };
    let scaled = cluster.object(scale(5, None));
    assert_eq!((scaled.as_deployment().unwrap().spec.replicas, scaled.meta().generation), (5, 2));
    assert_eq!(cluster.refusal(scale(6, Some(1))).0, Reason::Conflict);
}

#[test]
fn binding_is_done_once() {
    let mut cluster = Cluster::new();
    cluster.create(
        Kind::Node,
        json!({"metadata": {"name": "n", "labels": {"topology.kubernetes.io/zone": "z"}}}),
    );
    cluster.pod("web");
    let bound = cluster.bind("web", "n");
    let Object::Pod(pod) = &bound.writes[0].object else { panic!("no pod") };
    assert_eq!(
        (pod.node_name.as_str(), pod.meta.labels.get("topology.kubernetes.io/zone").map(Name::as_str)),
        ("n", Some("z"))
    );
    assert!(api::condition::is_true(&pod.status.conditions, "PodScheduled"));
    let again = cluster.bind("web", "m").reply.unwrap_err();
    assert_eq!(
        again.message,
        "Operation cannot be fulfilled on pods/binding \"web\": pod web is already assigned to node \"n\""
    );
    let other = cluster.handle(Call::Bind { pod: key("web"), uid: Uid(1), node: "n".into() });
    assert_eq!(other.reply.unwrap_err().reason, Reason::Conflict);
}

#[test]
fn a_pod_without_a_node_goes_at_once() {
    let mut cluster = Cluster::new();
    cluster.pod("web");
    let outcome = cluster.delete("web", None);
    assert_eq!(outcome.writes.iter().map(|w| w.change).collect::<Vec<_>>(), [ChangeType::Deleted]);
}

#[test]
fn a_bound_pod_has_its_grace_and_it_only_shortens() {
    let mut cluster = Cluster::new();
    cluster.pod("web");
    cluster.bind("web", "n");
    let grace = |outcome: &Outcome| {
        let meta = outcome.writes.last().map(|w| w.object.meta().clone()).unwrap();
        let deletion = meta.deletion.unwrap();
        (deletion.timestamp.0 - Clock::default().start().0, deletion.grace_seconds, meta.generation)
    };
    assert_eq!(grace(&cluster.at(100).delete("web", Some(20))), (120, Some(20), 2));
    assert!(cluster.at(101).delete("web", None).writes.is_empty(), "no grace given: nothing changes");
    assert!(cluster.at(101).delete("web", Some(30)).writes.is_empty(), "never lengthened");
    // Recorded: grace 20, a second delete with 3 after 5 s stores 1 (kubelet.md 6.1).
    assert_eq!(grace(&cluster.at(105).delete("web", Some(3))), (105, Some(1), 3));
    let forced = cluster.at(106).delete("web", Some(0));
    assert_eq!(
        forced.writes.iter().map(|w| w.change).collect::<Vec<_>>(),
        [ChangeType::Modified, ChangeType::Deleted]
    );
}

#[test]
fn preconditions_and_finalizers_hold_a_deletion_up() {
    let mut cluster = Cluster::new();
    let stored = cluster.create(
        Kind::ConfigMap,
        json!({"metadata": {"name": "c", "namespace": "default", "finalizers": ["x/y"]}}),
    );
    let delete = |preconditions, propagation| Call::Delete {
        kind: Kind::ConfigMap,
        key: key("c"),
        options: DeleteOptions { preconditions, propagation, ..DeleteOptions::default() },
    };
    let wrong = Preconditions { uid: Some(Uid(1)), resource_version: None };
    assert_eq!(cluster.refusal(delete(wrong, None)).0, Reason::Conflict);
    let marked = cluster.object(delete(Preconditions::default(), Some(Propagation::Background)));
    assert!(marked.meta().is_deleting());
    let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    let outcome = cluster.handle(Call::Patch {
        kind: Kind::ConfigMap,
        key: key("c"),
        patch,
        subresource: Subresource::Main,
    });
    assert_eq!(
        outcome.writes.iter().map(|w| w.change).collect::<Vec<_>>(),
        [ChangeType::Modified, ChangeType::Deleted]
    );
    assert_eq!(outcome.writes[0].object.meta().uid, stored.meta().uid);
}

#[test]
fn a_lease_renewal_is_no_record() {
    let mut cluster = Cluster::new();
    cluster.create(Kind::Namespace, json!({"metadata": {"name": "kube-node-lease"}}));
    let renew = || Call::RenewLease { key: ObjectKey::new("kube-node-lease", "n"), holder: "n".into() };
    assert_eq!(cluster.refusal(renew()).0, Reason::NotFound, "no lease before its Node");
    cluster.create(Kind::Node, json!({"metadata": {"name": "n"}}));
    let created = cluster.handle(renew());
    assert!(created.writes[0].record.is_some());
    let before = cluster.server.revision();
    let renewed = cluster.at(10).handle(renew());
    assert_eq!((renewed.writes[0].record, cluster.server.revision()), (None, before));
}

#[test]
fn services_get_addresses_and_give_them_back() {
    let mut cluster = Cluster::new();
    let service = |name: &str, address: Option<&str>| {
        let mut object = json!({"metadata": {"name": name, "namespace": "default"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}});
        if let Some(address) = address {
            object["spec"]["clusterIP"] = json!(address);
        }
        Call::CreateManifest { kind: Kind::Service, object: Box::new(object) }
    };
    let first = cluster.object(service("a", None)).to_json();
    let address = first["spec"]["clusterIP"].as_str().unwrap().to_owned();
    assert!(address.starts_with("10.96.") && first["spec"]["ports"][0]["nodePort"].as_i64() >= Some(30086));
    assert_eq!(cluster.refusal(service("b", Some(&address))).0, Reason::Invalid);
    let options = DeleteOptions::default();
    cluster.handle(Call::Delete { kind: Kind::Service, key: key("a"), options });
    assert_eq!(cluster.object(service("b", Some(&address))).to_json()["spec"]["clusterIP"], address.as_str());
}

#[test]
fn a_patch_of_a_pod_keeps_its_token_volume() {
    let mut cluster = Cluster::new();
    let before = cluster.pod("web").to_json();
    let patch = Patch::Strategic(json!({"metadata": {"labels": {"a": "b"}}}));
    let after = cluster.object(Call::Patch {
        kind: Kind::Pod,
        key: key("web"),
        patch,
        subresource: Subresource::Main,
    });
    let after = after.to_json();
    assert_eq!((&after["spec"], &after["metadata"]["labels"]), (&before["spec"], &json!({"a": "b"})));
    assert_eq!(after["metadata"]["generation"], 1);
}
