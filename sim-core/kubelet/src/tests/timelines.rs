//! The worked timelines of kubelet.md 13, profile `reference`, to the millisecond.

use super::basin::Basin;
use cri::ProbeRole;
use machine::{Behavior, HealthResult, Stop, Window};
use serde_json::json;
use units::SimDuration;

fn secs(seconds: i64) -> SimDuration {
    SimDuration::from_secs(seconds)
}

#[test]
fn plain_pod() {
    let mut basin = Basin::reference();
    basin.create(0, "p", json!({"containers": [{"name": "a", "image": "i:v1"}]}), 15);
    basin.run(100_000);
    let created = [
        "0.025 API Pending tIrcS · a ContainerCreating",
        "0.615 SandboxStarted",
        "0.625 Pulled {a}: Container image \"i:v1\" already present on machine and can be accessed by the pod ×1",
        "0.625 API Pending TIrcS · a ContainerCreating",
        "0.685 Created {a}: Container created ×1",
        "0.745 ProcessStarted",
        "0.745 Started {a}: Container started ×1",
        "0.756 API Running TIRCS ip · a running ready",
    ];
    let mut seen = basin.seen(0, 100_000);
    seen.retain(|line| !line.contains("lease"));
    seen.sort();
    let mut expect = created.map(str::to_owned).to_vec();
    expect.sort();
    assert_eq!(seen, expect);
}

#[test]
fn with_a_pull_of_three_seconds() {
    let mut basin = Basin::reference();
    basin.behave("a", Behavior { pull: Some(secs(3)), ..Behavior::default() });
    basin.create(0, "p", json!({"containers": [{"name": "a", "image": "new:v1"}]}), 15);
    basin.run(5_000);
    let seen = basin.seen(600, 5_000);
    assert_eq!(
        seen,
        [
            "0.615 SandboxStarted",
            "0.615 PullStarted { image: \"new:v1\" }",
            "0.615 Pulling {a}: Pulling image \"new:v1\" ×1",
            "0.625 API Pending TIrcS · a ContainerCreating",
            "3.625 ImagePulled { image: \"new:v1\" }",
            "3.625 Pulled {a}: Successfully pulled image \"new:v1\" in 3s (3.01s including waiting). Image size: \
             60000000 bytes. ×1",
            "3.685 Created {a}: Container created ×1",
            "3.745 ProcessStarted",
            "3.745 Started {a}: Container started ×1",
            "3.756 API Running TIRCS ip · a running ready",
        ]
    );
}

/// The part of a log that is about probes and the API.
fn probes_and_api(basin: &Basin, from: i64, to: i64) -> Vec<String> {
    let mut seen = basin.seen(from, to);
    seen.retain(|line| line.contains("Readiness ") && !line.contains("Unhealthy") || line.contains("API"));
    seen
}

fn flapping(success_threshold: i32) -> Basin {
    let mut basin = Basin::reference();
    let window = |from: i64, to: i64| Window {
        probes: vec![ProbeRole::Readiness],
        from: SimDuration::from_millis(from - 745),
        to: SimDuration::from_millis(to - 745),
        result: HealthResult::Failure,
    };
    basin.behave("a", Behavior { health: vec![window(20_000, 33_000)], ..Behavior::default() });
    let probe = json!({"exec": {"command": ["probe"]}, "periodSeconds": 5, "failureThreshold": 3,
        "successThreshold": success_threshold});
    let spec = json!({"containers": [{"name": "a", "image": "i:v1", "readinessProbe": probe}]});
    basin.create(0, "p", spec, 15);
    basin.run(60_000);
    basin
}

#[test]
fn readiness_flapping() {
    let basin = flapping(1);
    assert_eq!(
        probes_and_api(&basin, 700, 60_000),
        [
            "0.746 Readiness passed",
            "0.756 API Running TIRCS ip · a running ready",
            "20.746 Readiness failed",
            "25.746 Readiness failed",
            "30.746 Readiness failed!",
            "30.746 Readiness failed!",
            "30.756 API Running TIrcS ip · a running",
            "35.746 Readiness passed",
            "35.756 API Running TIRCS ip · a running ready",
        ]
    );
    let events = basin.seen(0, 60_000);
    assert!(events.contains(&"30.746 Unhealthy {a}: Readiness probe failed: unhealthy ×4".to_owned()));
}

#[test]
fn readiness_flapping_with_two_successes() {
    let basin = flapping(2);
    assert_eq!(
        probes_and_api(&basin, 700, 60_000),
        [
            "0.756 API Running TIrcS ip · a running",
            "1.000 Readiness passed",
            "1.010 API Running TIRCS ip · a running ready",
            "21.000 Readiness failed",
            "26.000 Readiness failed",
            "31.000 Readiness failed!",
            "31.000 Readiness failed!",
            "31.010 API Running TIrcS ip · a running",
            "41.000 Readiness passed",
            "41.010 API Running TIRCS ip · a running ready",
        ]
    );
}

/// A pod of one container that is deleted at 100 s, and what is seen from then on.
fn deletion(pre_stop: Option<serde_json::Value>, stop: Stop, grace: i64, until: i64) -> Vec<String> {
    let mut basin = Basin::reference();
    basin.behave("a", Behavior { stop, ..Behavior::default() });
    let mut container = json!({"name": "a", "image": "i:v1"});
    if let Some(hook) = pre_stop {
        container["lifecycle"] = json!({"preStop": hook});
    }
    basin.create(0, "p", json!({"containers": [container]}), 15);
    basin.run(99_999);
    basin.run(100_000);
    basin.delete(0, grace, 5);
    basin.run(until);
    let mut seen = basin.seen(100_000, until);
    seen.retain(|line| !line.contains("lease"));
    seen
}

#[test]
fn graceful_deletion_with_pre_stop() {
    let stop = Stop::After { after: secs(3), code: 0 };
    assert_eq!(
        deletion(Some(json!({"sleep": {"seconds": 5}})), stop, 30, 120_000),
        [
            "100.000 deleting",
            "100.005 Killing {a}: Stopping container a ×1",
            "100.015 API Running TIRCS ip · a running ready",
            "105.005 ProcessSignalled { grace_seconds: 25 }",
            "108.005 ProcessEnded { code: 0 }",
            "108.105 SandboxStopped",
            "108.115 API Succeeded tIrcS ip · a Completed 0",
            "109.040 deleting",
            "109.040 gone",
        ]
    );
}

#[test]
fn a_process_that_ignores_sigterm() {
    assert_eq!(
        deletion(Some(json!({"sleep": {"seconds": 5}})), Stop::Never, 30, 140_000),
        [
            "100.000 deleting",
            "100.005 Killing {a}: Stopping container a ×1",
            "100.015 API Running TIRCS ip · a running ready",
            "105.005 ProcessSignalled { grace_seconds: 25 }",
            "130.005 ProcessEnded { code: 137 }",
            "130.105 SandboxStopped",
            "130.115 API Failed tIrcS ip · a Error 137",
            "131.040 deleting",
            "131.040 gone",
        ]
    );
}

#[test]
fn a_hook_that_hangs_is_cut() {
    let hook = json!({"exec": {"command": ["hook", "prestop", "1h"]}});
    assert_eq!(
        deletion(Some(hook), Stop::Never, 30, 140_000),
        [
            "100.000 deleting",
            "100.005 Killing {a}: Stopping container a ×1",
            "100.015 API Running TIRCS ip · a running ready",
            "130.005 ProcessSignalled { grace_seconds: 2 }",
            "132.005 ProcessEnded { code: 137 }",
            "132.005 FailedPreStopHook {a}: PreStopHook failed ×1",
            "132.105 SandboxStopped",
            "132.115 API Failed tIrcS ip · a Error 137",
            "133.040 deleting",
            "133.040 gone",
        ]
    );
}

#[test]
fn force_deletion() {
    let hook = || Some(json!({"sleep": {"seconds": 5}}));
    let short = |seen: Vec<String>| -> Vec<String> {
        seen.into_iter().filter(|line| line.contains("Process") || line.contains("gone")).collect()
    };
    assert_eq!(
        short(deletion(hook(), Stop::Never, 0, 140_000)),
        [
            "100.000 gone",
            "101.005 ProcessSignalled { grace_seconds: 2 }",
            "103.005 ProcessEnded { code: 137 }",
        ]
    );
    assert_eq!(
        short(deletion(None, Stop::Never, 0, 140_000)),
        [
            "100.000 gone",
            "100.005 ProcessSignalled { grace_seconds: 2 }",
            "102.005 ProcessEnded { code: 137 }",
        ]
    );
}

#[test]
fn hooks_count_in_whole_seconds() {
    let check = |hook: &str, grace: i64, expect: [&str; 2]| {
        let hook = json!({"exec": {"command": ["hook", "prestop", hook]}});
        let mut seen = deletion(Some(hook), Stop::Never, grace, 140_000);
        seen.retain(|line| line.contains("Process"));
        assert_eq!(seen, expect);
    };
    check(
        "5.9s",
        10,
        ["105.905 ProcessSignalled { grace_seconds: 5 }", "110.905 ProcessEnded { code: 137 }"],
    );
    check("20s", 8, ["108.005 ProcessSignalled { grace_seconds: 2 }", "110.005 ProcessEnded { code: 137 }"]);
}

#[test]
fn a_pod_that_completes() {
    let mut basin = Basin::reference();
    let exit = machine::Exit { after: SimDuration::from_millis(4_555), code: 0 };
    basin.behave("a", Behavior { exit: Some(exit), ..Behavior::default() });
    let spec = json!({"restartPolicy": "Never", "containers": [{"name": "a", "image": "i:v1"}]});
    basin.create(0, "p", spec, 15);
    basin.run(60_000);
    let mut seen = basin.seen(1_000, 60_000);
    seen.retain(|line| !line.contains("lease"));
    assert_eq!(
        seen,
        [
            "5.300 ProcessEnded { code: 0 }",
            "6.010 API Running TIrcS ip · a Completed 0",
            "7.100 SandboxStopped",
            "7.110 API Succeeded tIrcS ip · a Completed 0",
        ]
    );
}
