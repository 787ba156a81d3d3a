use super::endpoint::{Family, desired, families, has_changed};
use super::*;
use crate::testing::{node, pod, ready, service};
use api::discovery::EndpointPort;
use api::pod::{Phase, PodSpec};
use client::{Cursors, Tables, View};
use std::collections::BTreeMap;
use units::Timestamp;

fn web() -> Arc<Service> {
    let mut service = service("web", "web");
    service.meta.uid = Uid(7);
    Arc::new(service)
}

fn running(name: &str, number: u8) -> Pod {
    let mut pod = pod(name);
    pod.meta.labels = [("app", "web")].into_iter().collect();
    pod.meta.uid = Uid(u128::from(number) + 100);
    (pod.node_name, pod.status.phase) = ("n".into(), Phase::Running);
    pod.status.pod_ip = Some([10, 0, 0, number].into());
    ready(&mut pod, Timestamp(1));
    pod
}

fn endpoints(service: &Service, pods: &[Pod]) -> (endpoint::Endpoints, bool) {
    let (mut tables, mut cursors) = (Tables::default(), Cursors::default());
    tables.commit(node("n", &[("topology.kubernetes.io/zone", "z")]).into(), false, None);
    cursors.advance(Kind::Node, tables.head(Kind::Node));
    let pods: Vec<Arc<Pod>> = pods.iter().cloned().map(Arc::new).collect();
    let desired =
        desired(service, Family::V4, &pods.iter().collect::<Vec<_>>(), &View::new(&tables, &cursors));
    (desired.endpoints, desired.incomplete)
}

fn conditions(service: &Service, pod: Pod) -> Option<(bool, bool, bool)> {
    let (endpoints, _) = endpoints(service, &[pod]);
    endpoints.values().flat_map(BTreeMap::values).next().map(|e| (e.ready, e.serving, e.terminating))
}

fn deleting(mut pod: Pod) -> Pod {
    pod.meta.deletion = Some(api::meta::Deletion { timestamp: Timestamp(30), grace_seconds: Some(30) });
    pod
}

#[test]
fn what_an_endpoint_says_of_its_pod() {
    let check = |change: &dyn Fn(Pod) -> Pod, expect, published| {
        let pod = change(running("a", 1));
        assert_eq!(conditions(&web(), pod.clone()), expect);
        let mut service = Service::clone(&web());
        Arc::make_mut(&mut service.spec).publish_not_ready_addresses = true;
        assert_eq!(conditions(&service, pod), published);
    };
    let unready = |mut pod: Pod| {
        pod.status.conditions.clear();
        pod
    };
    check(&|pod| pod, Some((true, true, false)), Some((true, true, false)));
    check(&unready, Some((false, false, false)), Some((true, false, false)));
    check(&deleting, Some((false, true, true)), Some((true, true, true)));
    check(
        &|mut pod| {
            pod.status.phase = Phase::Failed;
            pod
        },
        None,
        None,
    );
    check(
        &|mut pod| {
            pod.status.pod_ip = None;
            pod
        },
        None,
        None,
    );
    check(
        &|mut pod| {
            pod.node_name = "gone".into();
            pod
        },
        None,
        Some((true, true, false)),
    );
}

#[test]
fn a_pod_of_an_unknown_node_is_left_out_and_the_sync_fails() {
    let mut lost = running("b", 2);
    lost.node_name = "gone".into();
    let (endpoints, incomplete) = endpoints(&web(), &[running("a", 1), lost]);
    assert_eq!((endpoints.values().map(BTreeMap::len).sum::<usize>(), incomplete), (1, true));
}

#[test]
fn an_endpoint_names_its_pod_node_and_zone() {
    let (endpoints, _) = endpoints(&web(), &[running("a", 1)]);
    let (ports, by_name) = endpoints.into_iter().next().unwrap();
    let endpoint = by_name.into_values().next().unwrap();
    assert_eq!(
        (endpoint.address.as_str(), endpoint.node_name.as_str(), endpoint.zone.as_str()),
        ("10.0.0.1", "n", "z")
    );
    assert_eq!(endpoint.target.as_ref().map(|t| (t.key.name.as_str(), t.uid)), Some(("a", Uid(101))));
    assert_eq!(
        ports[0],
        EndpointPort { name: "".into(), protocol: "TCP".into(), port: Some(8080), app_protocol: "".into() }
    );
}

#[test]
fn named_ports_are_looked_up_in_each_pod() {
    let mut service = Service::clone(&web());
    Arc::make_mut(&mut service.spec).ports[0].target_port = api::core::PortRef::Name("http".into());
    let with_port = |name: &str, number, port: Option<i32>| {
        let mut pod = running(name, number);
        let ports =
            port.map(|port| serde_json::json!([{"name": "http", "containerPort": port, "protocol": "TCP"}]));
        let json = serde_json::json!({"containers": [{"name": "c", "image": "i", "ports": ports}]});
        pod.spec = Arc::new(PodSpec::from_json(&json).unwrap());
        pod
    };
    let pods = [
        with_port("a", 1, Some(80)),
        with_port("b", 2, Some(81)),
        with_port("c", 3, Some(80)),
        with_port("d", 4, None),
    ];
    let (endpoints, _) = endpoints(&service, &pods);
    let shown: Vec<(Vec<i32>, String)> = endpoints
        .iter()
        .map(|(ports, by_name)| {
            let names: Vec<&str> = by_name.keys().map(Name::as_str).collect();
            (ports.iter().filter_map(|p| p.port).collect(), names.concat())
        })
        .collect();
    assert_eq!(shown, [(vec![], "d".to_owned()), (vec![80], "ac".to_owned()), (vec![81], "b".to_owned())]);
}

#[test]
fn only_what_an_endpoint_shows_wakes_its_service() {
    let old = running("a", 1);
    let check = |change: &dyn Fn(&mut Pod), expect| {
        let mut new = old.clone();
        change(&mut new);
        assert_eq!(has_changed(&old, &new), expect);
    };
    check(&|pod| pod.status.phase = Phase::Succeeded, false);
    check(&|pod| pod.status.conditions.clear(), true);
    check(&|pod| pod.status.pod_ip = None, true);
    check(&|pod| *pod = deleting(pod.clone()), true);
    assert!(has_changed(&deleting(old.clone()), &deleting(old.clone())));
}

#[test]
fn families_of_a_service() {
    let check = |cluster_ip: &str, families_given: Option<&[&str]>, expect: &[Family]| {
        let mut spec = api::core::ServiceSpec { cluster_ip: cluster_ip.into(), ..Default::default() };
        if let Some(given) = families_given {
            spec.json.insert("ipFamilies".to_owned(), serde_json::json!(given));
        }
        assert_eq!(families(&Service { spec: Arc::new(spec), ..Default::default() }), expect);
    };
    check("10.0.0.1", None, &[Family::V4]);
    check("fd00::1", None, &[Family::V6]);
    check("None", Some(&["IPv6", "IPv4"]), &[Family::V6, Family::V4]);
}

/// Plans endpoints for pods with these numbers into slices, and applies the writes to them.
struct Slices(Vec<Arc<EndpointSlice>>);

impl Slices {
    /// Creations, updates and deletions.
    fn plan(&mut self, numbers: impl IntoIterator<Item = u8>) -> (usize, usize, usize) {
        let pods: Vec<Pod> = numbers.into_iter().map(|n| running(&format!("p{n:03}"), n)).collect();
        self.plan_for(&web(), &pods)
    }
    fn plan_for(&mut self, service: &Arc<Service>, pods: &[Pod]) -> (usize, usize, usize) {
        let mut plan = Plan::new(service, None);
        plan.add(Family::V4, endpoints(service, pods).0, self.0.clone());
        let mut done = (0, 0, 0);
        for write in plan.writes() {
            match write {
                Write::Create(slice) => {
                    let mut slice = EndpointSlice::clone(&slice);
                    slice.meta.name = format!("web-{}", self.0.len()).into();
                    slice.meta.uid = Uid(self.0.len() as u128 + 1);
                    self.0.push(Arc::new(slice));
                    done.0 += 1;
                }
                Write::Update(slice) => {
                    let at = self.0.iter().position(|s| s.meta.name == slice.meta.name).unwrap();
                    self.0[at] = slice;
                    done.1 += 1;
                }
                Write::Delete(slice) => {
                    self.0.retain(|s| s.meta.name != slice.meta.name);
                    done.2 += 1;
                }
            }
        }
        done
    }
    fn lengths(&self) -> Vec<usize> {
        self.0.iter().map(|slice| slice.endpoints.len()).collect()
    }
}

#[test]
fn slices_are_filled_and_never_compacted() {
    let mut slices = Slices(Vec::new());
    assert_eq!((slices.plan([]), slices.lengths()), ((1, 0, 0), vec![0]), "a placeholder");
    assert_eq!(slices.plan([]), (0, 0, 0), "is left alone");
    // It has no ports, so that it takes the place of a slice that has.
    assert_eq!((slices.plan(0..150), slices.lengths()), ((1, 1, 0), vec![50, 100]));
    assert_eq!(slices.plan(0..150), (0, 0, 0));
    assert_eq!((slices.plan(0..160), slices.lengths()), ((0, 1, 0), vec![60, 100]));
    // The other slice is written anyway, so the new one goes there.
    let without = (0..170).filter(|n| *n != 3 && *n < 169);
    assert_eq!((slices.plan(without), slices.lengths()), ((0, 2, 0), vec![68, 100]));
    assert_eq!((slices.plan(60..90), slices.0.len()), ((0, 1, 1), 1));
    assert_eq!((slices.plan([]), slices.lengths()), ((0, 1, 0), vec![0]));
}

#[test]
fn labels_of_the_service_are_copied() {
    let mut slices = Slices(Vec::new());
    slices.plan([1]);
    let mut service = Service::clone(&web());
    service.meta.labels = [("team", "a"), (SERVICE_NAME, "x")].into_iter().collect();
    let service = Arc::new(service);
    assert_eq!(slices.plan_for(&service, &[running("p001", 1)]), (0, 1, 0));
    let expect = [("team", "a"), (SERVICE_NAME, "web"), (MANAGED_BY, CONTROLLER)];
    assert_eq!(slices.0[0].meta.labels, expect.into_iter().collect());
    assert_eq!(slices.plan_for(&service, &[running("p001", 1)]), (0, 0, 0));
    let mut headless = Service::clone(&service);
    Arc::make_mut(&mut headless.spec).cluster_ip = "None".into();
    assert_eq!(slices.plan_for(&Arc::new(headless), &[running("p001", 1)]), (0, 1, 0));
    assert!(slices.0[0].meta.labels.contains_key("service.kubernetes.io/headless"));
}

#[test]
fn slices_of_an_earlier_service_go_and_none_come_for_one_that_is_deleted() {
    let mut slices = Slices(Vec::new());
    slices.plan([1]);
    let mut again = Service::clone(&web());
    again.meta.uid = Uid(8);
    assert_eq!(slices.plan_for(&Arc::new(again.clone()), &[running("p001", 1)]), (1, 0, 1));
    again.meta.deletion = Some(api::meta::Deletion { timestamp: Timestamp(1), grace_seconds: None });
    assert_eq!(Slices(Vec::new()).plan_for(&Arc::new(again), &[running("p001", 1)]), (0, 0, 0));
}
