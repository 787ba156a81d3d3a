//! Pods beyond the worked timelines: pulls, probes, admission, deletions at odd moments.

use super::basin::Basin;
use machine::{Behavior, Stop};
use serde_json::{Value, json};
use units::SimDuration;

fn plain(image: &str) -> Value {
    json!({"containers": [{"name": "a", "image": image}]})
}

fn pulls_for(seconds: i64) -> Behavior {
    Behavior { pull: Some(SimDuration::from_secs(seconds)), ..Behavior::default() }
}

fn api_lines(basin: &Basin) -> Vec<String> {
    let mut seen = basin.seen(0, i64::MAX);
    seen.retain(|line| line.contains("API") || line.contains("gone"));
    seen
}

#[test]
fn pulls_are_serial_and_ready_to_start_comes_before_them() {
    let mut basin = Basin::reference();
    for (serial, name) in ["a", "b", "c"].into_iter().enumerate() {
        basin.behave(name, pulls_for(3));
        let spec = json!({"containers": [{"name": name, "image": format!("{name}:v1")}]});
        basin.create(u32::try_from(serial).unwrap(), name, spec, 15);
    }
    basin.run(20_000);
    let seen = basin.seen(0, 20_000);
    let times = |text: &str| -> Vec<&str> {
        seen.iter().filter(|line| line.contains(text)).map(|line| line.split(' ').next().unwrap()).collect()
    };
    assert_eq!(times("Pulling {"), ["0.615", "0.615", "0.615"]);
    assert_eq!(times("ImagePulled"), ["3.625", "6.635", "9.645"]);
    assert_eq!(times("TIrcS · "), ["0.625", "0.635", "0.645"]);
    assert_eq!(times("API Running"), ["3.756", "6.766", "9.776"]);
    let waited = "in 3s (9.03s including waiting). Image size: 60000000 bytes.";
    assert!(seen.iter().any(|line| line.contains(waited)), "{seen:#?}");
}

#[test]
fn the_second_pull_of_an_image_is_quick() {
    let mut basin = Basin::reference();
    basin.behave("a", pulls_for(3));
    basin.create(0, "p", plain("x:v1"), 15);
    basin.create(1, "q", plain("x:v1"), 15);
    basin.run(20_000);
    let seen = basin.seen(0, 20_000);
    assert!(seen.iter().any(|line| line.contains("in 500ms (3.52s including waiting)")), "{seen:#?}");
}

#[test]
fn policy_never_without_the_image() {
    let mut basin = Basin::reference();
    let spec = json!({"containers": [{"name": "a", "image": "x:v1", "imagePullPolicy": "Never"}]});
    basin.create(0, "p", spec, 15);
    basin.run(5_000);
    let seen = basin.seen(0, 5_000);
    let never = "ErrImageNeverPull {a}: Container image \"x:v1\" is not present with pull policy of Never";
    assert!(
        seen.contains(&format!("0.615 {never} ×1")) && seen.contains(&format!("1.000 {never} ×2")),
        "{seen:#?}"
    );
    assert_eq!(api_lines(&basin)[2], "1.010 API Pending TIrcS ip · a ErrImageNeverPull");
}

#[test]
fn more_pulls_than_the_registry_allows() {
    let mut basin = Basin::reference();
    let always = |n: usize| json!({"name": format!("c{n:02}"), "image": "i:v1", "imagePullPolicy": "Always"});
    for n in 0..13 {
        basin.behave(&format!("c{n:02}"), Behavior::default());
    }
    let mut latencies = machine::Latencies::reference();
    latencies.registry_round_trip = random::Latency::constant(SimDuration::ZERO);
    latencies.image_check = random::Latency::constant(SimDuration::ZERO);
    latencies.create = random::Latency::constant(SimDuration::ZERO);
    latencies.start = random::Latency::constant(SimDuration::ZERO);
    basin.machine = machine::Machine::new(machine::Config { node: 0, latencies: latencies.into() });
    basin.machine.preload("i:v1".into());
    let containers: Vec<Value> = (0..13).map(always).collect();
    basin.create(0, "p", json!({"containers": containers}), 15);
    basin.run(40_000);
    let seen = basin.seen(0, 40_000);
    let count = |text: &str| seen.iter().filter(|line| line.contains(text)).count();
    // Ten at once; the eleventh fails and holds the image back for 10 s, so that the rest wait with it.
    assert_eq!(count("ImagePulled"), 13);
    assert_eq!(count("Failed to pull image \"i:v1\": pull QPS exceeded"), 1);
    assert_eq!(basin.seen(0, 10_000).iter().filter(|line| line.contains("ImagePulled")).count(), 10);
    let last = api_lines(&basin).pop().unwrap();
    assert!(last.contains("API Running TIRCS"), "{last}");
}

#[test]
fn a_slow_start_with_a_startup_probe() {
    let mut basin = Basin::reference();
    basin.behave("a", Behavior { start: SimDuration::from_millis(1_600), ..Behavior::default() });
    let probe = json!({"exec": {"command": ["probe"]}, "periodSeconds": 1});
    let spec = json!({"containers": [{"name": "a", "image": "i:v1", "startupProbe": probe, "readinessProbe": probe}]});
    basin.create(0, "p", spec, 15);
    basin.run(10_000);
    // The worker's ticks are at 0.315 + k; it stores its initial value at 1.315, which causes a sync at 2.000.
    let mut seen = basin.seen(700, 10_000);
    seen.retain(|line| {
        line.contains("passed") || line.contains("failed") && !line.contains("×") || line.contains("API")
    });
    assert_eq!(
        seen,
        [
            "0.756 API Running TIrcS ip · a running",
            "1.315 Startup failed",
            "2.315 Startup failed",
            "3.315 Startup passed",
            "3.315 Readiness passed",
            "3.325 API Running TIRCS ip · a running ready",
        ]
    );
}

#[test]
fn initial_delays_count_from_whole_seconds() {
    let mut basin = Basin::reference();
    let probe = json!({"exec": {"command": ["probe"]}, "periodSeconds": 5, "initialDelaySeconds": 5});
    basin.behave("a", Behavior { start: SimDuration::from_secs(60), ..Behavior::default() });
    let spec = json!({"containers": [{"name": "a", "image": "i:v1", "livenessProbe": probe}]});
    basin.create(0, "p", spec, 15);
    basin.run(30_000);
    let mut seen = basin.seen(700, 30_000);
    seen.retain(|line| line.contains("Liveness failed"));
    assert_eq!(seen, ["5.315 Liveness failed", "10.315 Liveness failed", "15.315 Liveness failed!"]);
}

#[test]
fn a_probe_that_lasts_longer_than_its_period() {
    let mut basin = Basin::reference();
    let window = machine::Window {
        probes: vec![cri::ProbeRole::Readiness],
        from: SimDuration::ZERO,
        to: SimDuration::from_secs(1_000),
        result: machine::HealthResult::Timeout,
    };
    basin.behave("a", Behavior { health: vec![window], ..Behavior::default() });
    let probe = json!({"exec": {"command": ["probe"]}, "periodSeconds": 2, "timeoutSeconds": 7});
    let spec = json!({"containers": [{"name": "a", "image": "i:v1", "readinessProbe": probe}]});
    basin.create(0, "p", spec, 15);
    basin.run(30_000);
    let mut seen = basin.seen(700, 30_000);
    seen.retain(|line| line.contains("Readiness failed"));
    // Each attempt follows the one before at once: one tick waits.
    let expect = [
        "7.746 Readiness failed",
        "14.746 Readiness failed",
        "21.746 Readiness failed!",
        "28.746 Readiness failed!",
    ];
    assert_eq!(seen, expect);
    let text = "Readiness probe failed: command timed out: \"probe\" timed out after 7s";
    assert!(basin.seen(0, 30_000).iter().any(|line| line.contains(text)));
}

#[test]
fn readiness_goes_on_during_termination() {
    let mut basin = Basin::reference();
    let stop = Stop::After { after: SimDuration::from_secs(20), code: 0 };
    let window = machine::Window {
        probes: cri::ProbeRole::ALL.to_vec(),
        from: SimDuration::from_secs(12),
        to: SimDuration::from_secs(1_000),
        result: machine::HealthResult::Failure,
    };
    basin.behave("a", Behavior { stop, health: vec![window], ..Behavior::default() });
    let probe = json!({"exec": {"command": ["probe"]}, "periodSeconds": 2, "failureThreshold": 2});
    let spec = json!({"containers": [{"name": "a", "image": "i:v1", "readinessProbe": probe, "livenessProbe": probe}]});
    basin.create(0, "p", spec, 15);
    basin.run(10_000);
    basin.delete(0, 30, 0);
    basin.run(29_000);
    let mut seen = basin.seen(10_001, 29_000);
    seen.retain(|line| line.contains("API") || line.contains("Liveness"));
    assert_eq!(
        seen,
        ["10.010 API Running TIRCS ip · a running ready", "14.756 API Running TIrcS ip · a running"]
    );
}

/// The first status of the termination triggers the probe as every status does (kubelet.md 5.6).
#[test]
fn an_unready_pod_is_probed_once_more_when_its_termination_begins() {
    let mut basin = Basin::reference();
    let stop = Stop::After { after: SimDuration::from_secs(5), code: 0 };
    let window = machine::Window {
        probes: vec![cri::ProbeRole::Readiness],
        from: SimDuration::ZERO,
        to: SimDuration::from_secs(1_000),
        result: machine::HealthResult::Failure,
    };
    basin.behave("a", Behavior { stop, health: vec![window], ..Behavior::default() });
    let probe = json!({"exec": {"command": ["probe"]}});
    let spec = json!({"containers": [{"name": "a", "image": "i:v1", "readinessProbe": probe}]});
    basin.create(0, "p", spec, 15);
    basin.run(15_000);
    basin.delete(0, 30, 0);
    basin.run(19_000);
    let mut seen = basin.seen(11_001, 19_000);
    seen.retain(|line| line.contains("Readiness failed"));
    assert_eq!(seen, ["15.000 Readiness failed!"]);
}

#[test]
fn deleted_while_pending() {
    let mut basin = Basin::reference();
    basin.create(0, "p", plain("i:v1"), 15);
    basin.run(100);
    basin.delete(0, 30, 0);
    basin.run(10_000);
    assert_eq!(
        api_lines(&basin),
        [
            "0.025 API Pending tIrcS · a ContainerCreating",
            "1.010 API Pending tIrcS · a ContainerCreating",
            "2.040 API Failed tIrcS · a ContainerStatusUnknown 137",
            "2.040 gone",
        ]
    );
}

#[test]
fn deleted_while_pulling() {
    let mut basin = Basin::reference();
    basin.behave("a", pulls_for(3));
    basin.create(0, "p", plain("x:v1"), 15);
    basin.run(1_500);
    basin.delete(0, 30, 0);
    basin.run(10_000);
    let mut seen = basin.seen(1_501, 10_000);
    seen.retain(|line| !line.contains("lease"));
    assert_eq!(
        seen,
        [
            "3.625 ImagePulled { image: \"x:v1\" }",
            "3.625 Pulled {a}: Successfully pulled image \"x:v1\" in 3s (3.01s including waiting). Image size: \
             60000000 bytes. ×1",
            "3.685 Created {a}: Container created ×1",
            "3.745 ProcessStarted",
            "3.745 Started {a}: Container started ×1",
            "3.746 ProcessSignalled { grace_seconds: 30 }",
            "3.746 ProcessEnded { code: 143 }",
            "3.746 Killing {a}: Stopping container a ×1",
            "3.756 API Running TIRCS ip · a running ready",
            "3.846 SandboxStopped",
            "3.856 API Failed tIrcS ip · a Error 143",
            "4.040 deleting",
            "4.040 gone",
        ]
    );
}

#[test]
fn a_pod_is_forgotten_with_its_object() {
    let mut basin = Basin::reference();
    for round in 0..5 {
        basin.create(round, "p", plain("i:v1"), 15);
        basin.run(i64::from(round) * 20_000 + 10_000);
        basin.delete(round, 30, 5);
        basin.run(i64::from(round) * 20_000 + 20_000);
    }
    assert!(basin.kubelet.pods.is_empty() && basin.kubelet.work_queue.is_empty());
    assert!(basin.pods.is_empty());
    let seen = basin.seen(0, i64::MAX);
    assert_eq!(seen.iter().filter(|line| line.contains("gone")).count(), 5);
}

#[test]
fn a_rejected_pod_fails_without_conditions() {
    let mut basin = Basin::reference();
    let node =
        json!({"metadata": {"name": "node-0"}, "status": {"allocatable": {"cpu": "4", "pods": "110"}}});
    let node = api::Object::from_json(api::Kind::Node, &node).unwrap();
    basin.set_node((**node.as_node().unwrap()).clone());
    let container = json!({"name": "a", "image": "i:v1", "resources": {"requests": {"cpu": "64"}}});
    basin.create(0, "p", json!({"containers": [container]}), 15);
    basin.run(5_000);
    let message = "Node didn't have enough resource: cpu, requested: 64000, used: 0, capacity: 4000";
    assert_eq!(
        basin.seen(0, 9_000),
        [
            "0.015 PodRejected { reason: \"OutOfcpu\" }".to_owned(),
            format!("0.015 OutOfcpu : {message} ×1"),
            "0.025 API Failed OutOfcpu ".to_owned(),
        ]
    );
    assert_eq!(basin.pods[&0].status.message, format!("Pod was rejected: {message}"));
}

#[test]
fn a_refused_status_is_sent_again() {
    let mut basin = Basin::reference();
    basin.refuses = Some("patch");
    basin.create(0, "p", plain("i:v1"), 15);
    basin.run(5_000);
    basin.refuses = None;
    basin.run(12_000);
    assert_eq!(api_lines(&basin), ["10.010 API Running TIRCS ip · a running ready"]);
}

#[test]
fn many_pods_at_once_share_the_client() {
    let mut basin = Basin::reference();
    for serial in 0..60 {
        basin.create(serial, &format!("p{serial}"), plain("i:v1"), 15);
    }
    basin.run(30_000);
    assert!(basin.pods.values().all(|pod| pod.is_ready()));
    // 60 pods with three statuses of two calls each; 100 calls are free, the rest comes at 50 a second.
    let last = api_lines(&basin).pop().unwrap();
    let at: f64 = last.split(' ').next().unwrap().parse().unwrap();
    assert!((4.0..7.0).contains(&at), "{last}");
}

#[test]
fn several_containers_end_in_their_own_time() {
    let mut basin = Basin::reference();
    let stop = |after, code| Behavior {
        stop: Stop::After { after: SimDuration::from_secs(after), code },
        ..Behavior::default()
    };
    basin.behave("a", stop(1, 0));
    basin.behave("b", stop(4, 0));
    let spec = json!({"containers": [{"name": "b", "image": "i:v1"}, {"name": "a", "image": "i:v1"}]});
    basin.create(0, "p", spec, 15);
    basin.run(10_000);
    basin.delete(0, 30, 0);
    basin.run(20_000);
    let mut seen = basin.seen(10_001, 20_000);
    seen.retain(|line| line.contains("Process") || line.contains("API") || line.contains("gone"));
    assert_eq!(
        seen,
        [
            "10.010 API Running TIRCS ip · a running ready · b running ready",
            "11.000 ProcessEnded { code: 0 }",
            "14.000 ProcessEnded { code: 0 }",
            "14.110 API Succeeded tIrcS ip · a Completed 0 · b Completed 0",
            "15.040 gone",
        ]
    );
}

#[test]
fn a_readiness_gate_is_followed_at_once() {
    let mut basin = Basin::reference();
    let spec = json!({"containers": [{"name": "a", "image": "i:v1"}], "readinessGates": [{"conditionType": "gate"}]});
    basin.create(0, "p", spec, 15);
    basin.run(5_000);
    let pod = basin.pods[&0].clone();
    assert!(!pod.is_ready());
    let mut pod = (*pod).clone();
    pod.status.conditions.insert(0, api::Condition::new("gate", true, units::Timestamp(0)));
    basin.patch(0, pod);
    basin.run(9_000);
    assert_eq!(api_lines(&basin).pop().unwrap(), "5.010 API Running XTIRCS ip · a running ready");
}

#[test]
fn a_pod_that_someone_else_ended_is_stopped_with_the_next_sync() {
    let mut basin = Basin::reference();
    basin.create(0, "p", plain("i:v1"), 15);
    basin.run(5_000);
    let mut pod = (*basin.pods[&0]).clone();
    pod.status.phase = api::pod::Phase::Failed;
    basin.patch(0, pod);
    basin.run(70_000);
    let mut seen = basin.seen(5_000, 70_000);
    seen.retain(|line| line.contains("Process"));
    assert_eq!(seen, ["61.000 ProcessSignalled { grace_seconds: 30 }", "61.000 ProcessEnded { code: 143 }"]);
}

#[test]
fn what_is_kept_of_a_pod_is_small() {
    let mut basin = Basin::reference();
    let probe = json!({"exec": {"command": ["probe"]}});
    let spec = json!({"containers": [{"name": "a", "image": "i:v1", "readinessProbe": probe, "livenessProbe": probe}]});
    basin.create(0, "p", spec, 15);
    basin.run(10_000);
    let entry = &basin.kubelet.pods[&0];
    assert!(!entry.differs_from_api(), "a second status is kept");
    let inline = size_of::<crate::pod::PodEntry>();
    let probes = entry.probes.capacity() * size_of::<crate::prober::ProbeWorker>();
    let shared = size_of::<cri::Pod>()
        + entry.snapshot.containers.capacity() * size_of::<cri::ContainerStatus>()
        + entry.snapshot.sandboxes.capacity() * size_of::<cri::SandboxStatus>();
    assert!(inline + probes + shared <= 1200, "{inline} + {probes} + {shared}");
}
