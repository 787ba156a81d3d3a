//! Pods.
//!
//! Source: kubelet.md 3.2.

use super::Table;
use super::read::{age, at, condition, flag, int, list, or, seconds_since, text};
use super::{human_duration, name};
use serde_json::Value;
use units::MicroTime;

pub const TABLE: Table = Table {
    columns: &["NAME", "READY", "STATUS", "RESTARTS", "AGE"],
    wide: &["IP", "NODE", "NOMINATED NODE", "READINESS GATES"],
    cells,
};

fn cells(pod: &Value, now: MicroTime) -> Vec<String> {
    let summary = Summary::of(pod, now);
    let restarts = match summary.count.since {
        Some(seconds) if summary.count.restarts != 0 => {
            format!("{} ({} ago)", summary.count.restarts, human_duration(seconds))
        }
        _ => summary.count.restarts.to_string(),
    };
    let ip = list(pod, "status.podIPs").first().map(|ip| text(ip, "ip")).unwrap_or_default();
    vec![
        name(pod),
        format!("{}/{}", summary.ready, summary.total),
        summary.reason,
        restarts,
        age(pod, now),
        or(or(ip, text(pod, "status.podIP")), "<none>").to_owned(),
        or(text(pod, "spec.nodeName"), "<none>").to_owned(),
        or(text(pod, "status.nominatedNodeName"), "<none>").to_owned(),
        readiness_gates(pod),
    ]
}

fn readiness_gates(pod: &Value) -> String {
    let gates = list(pod, "spec.readinessGates");
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let passed = gates.iter().filter(|gate| condition(pod, text(gate, "conditionType")) == "True").count();
    format!("{passed}/{}", gates.len())
}

/// Restarts of a group of containers, and how long ago the last one ended.
#[derive(Clone, Copy, Default)]
struct Restarts {
    restarts: i64,
    since: Option<i64>,
}

impl Restarts {
    fn add(&mut self, status: &Value, now: MicroTime) {
        self.restarts += int(status, "restartCount");
        let ended = seconds_since(text(status, "lastState.terminated.finishedAt"), now);
        self.since = [self.since, ended].into_iter().flatten().min();
    }
}

/// What the table says about a pod.
struct Summary {
    reason: String,
    ready: usize,
    total: usize,
    count: Restarts,
}

impl Summary {
    fn of(pod: &Value, now: MicroTime) -> Self {
        let inits = list(pod, "spec.initContainers");
        let sidecars = inits.iter().filter(|container| is_sidecar(container)).count();
        let total = list(pod, "spec.containers").len() + sidecars;
        let reason = or(text(pod, "status.reason"), text(pod, "status.phase")).to_owned();
        let mut summary = Self { reason, ready: 0, total, count: Restarts::default() };
        let conditions = list(pod, "status.conditions");
        if conditions.iter().any(|c| c["type"] == "PodScheduled" && c["reason"] == "SchedulingGated") {
            summary.reason = "SchedulingGated".to_owned();
        }
        let (initialising, of_sidecars) = summary.init(pod, inits, now);
        if !initialising || condition(pod, "Initialized") == "True" {
            summary.count = of_sidecars;
            summary.containers(pod, now);
        }
        summary.deletion(pod);
        summary
    }

    /// Goes through the init containers up to the first that has not done its work; whether there is one, and the
    /// restarts of sidecars.
    fn init(&mut self, pod: &Value, inits: &[Value], now: MicroTime) -> (bool, Restarts) {
        let mut of_sidecars = Restarts::default();
        for (at, status) in list(pod, "status.initContainerStatuses").iter().enumerate() {
            self.count.add(status, now);
            let sidecar = inits.iter().any(|c| c["name"] == status["name"] && is_sidecar(c));
            if sidecar {
                of_sidecars.add(status, now);
            }
            let terminated = &status["state"]["terminated"];
            if terminated.is_object() && int(terminated, "exitCode") == 0 {
                continue;
            }
            if sidecar && flag(status, "started") {
                self.ready += usize::from(flag(status, "ready"));
                continue;
            }
            let waiting = text(status, "state.waiting.reason");
            self.reason = if terminated.is_object() {
                format!("Init:{}", ended(terminated))
            } else if !matches!(waiting, "" | "PodInitializing") {
                format!("Init:{waiting}")
            } else {
                format!("Init:{at}/{}", inits.len())
            };
            return (true, of_sidecars);
        }
        (false, of_sidecars)
    }

    /// Goes through the containers from the last to the first, so that the first one's reason wins.
    fn containers(&mut self, pod: &Value, now: MicroTime) {
        let (mut running, mut error) = (false, String::new());
        for status in list(pod, "status.containerStatuses").iter().rev() {
            self.count.add(status, now);
            let (waiting, terminated) =
                (text(status, "state.waiting.reason"), at(status, "state.terminated"));
            if !waiting.is_empty() {
                self.reason = waiting.to_owned();
            } else if terminated.is_object() {
                self.reason = ended(terminated);
                if int(terminated, "exitCode") != 0 {
                    error = self.reason.clone();
                }
            } else if flag(status, "ready") && at(status, "state.running").is_object() {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" {
            if running && condition(pod, "Ready") == "True" {
                self.reason = "Running".to_owned();
            } else if !error.is_empty() {
                self.reason = error;
            } else if running {
                self.reason = "NotReady".to_owned();
            }
        }
    }

    fn deletion(&mut self, pod: &Value) {
        if at(pod, "metadata.deletionTimestamp").is_null() {
            return;
        }
        if text(pod, "status.reason") == "NodeLost" {
            self.reason = "Unknown".to_owned();
        } else if !matches!(text(pod, "status.phase"), "Succeeded" | "Failed") {
            self.reason = "Terminating".to_owned();
        }
    }
}

fn is_sidecar(container: &Value) -> bool {
    text(container, "restartPolicy") == "Always"
}

/// How a container ended.
fn ended(terminated: &Value) -> String {
    match (text(terminated, "reason"), int(terminated, "signal")) {
        ("", 0) => format!("ExitCode:{}", int(terminated, "exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}
