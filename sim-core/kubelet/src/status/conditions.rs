//! The kubelet's conditions of a pod (kubelet.md 2.4).
//!
//! Source: `pkg/kubelet/status/generate.go`, v1.36.2.

use api::Name;
use api::condition::{self, Condition, ConditionStatus};
use api::pod::{ContainerState, ContainerStatus, Phase, PodSpec, PodStatus, RestartPolicy};
use units::Timestamp;

/// The conditions that a kubelet writes, in the order in which it does.
pub(crate) const OWNED: [&str; 5] =
    ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/// A condition's status with reason and message.
struct Verdict(bool, &'static str, String);

const HOLDS: Verdict = Verdict(true, "", String::new());

/// Puts the kubelet's conditions behind those of others, in its order.
pub(crate) fn set_conditions(
    status: &mut PodStatus,
    spec: &PodSpec,
    has_ready_sandbox: bool,
    now: Timestamp,
) {
    let previous = std::mem::take(&mut status.conditions);
    let others = previous.iter().filter(|c| !OWNED.contains(&c.kind.as_str())).cloned();
    let mut conditions: Vec<Condition> = others.collect();
    let containers = containers_ready(status, spec);
    let ready = ready(&containers, spec, &previous);
    let initialized = initialized(status, spec, &previous);
    let verdicts = [Verdict(has_ready_sandbox, "", String::new()), initialized, ready, containers, HOLDS];
    for (kind, verdict) in OWNED.into_iter().zip(verdicts) {
        conditions.push(written(kind, verdict, &previous, status.observed_generation, now));
    }
    status.conditions = conditions;
}

/// Computes `ContainersReady` and `Ready` anew, after a container's `ready` has changed.
pub(crate) fn refresh_readiness(status: &mut PodStatus, spec: &PodSpec, now: Timestamp) {
    let containers = containers_ready(status, spec);
    let ready = ready(&containers, spec, &status.conditions);
    for (kind, verdict) in [("Ready", ready), ("ContainersReady", containers)] {
        let fresh = written(kind, verdict, &status.conditions, status.observed_generation, now);
        match status.conditions.iter_mut().find(|c| c.kind == kind) {
            Some(condition) => *condition = fresh,
            None => status.conditions.push(fresh),
        }
    }
}

/// Whether the readiness gates, as the API shows them, would change the cached `Ready`.
pub(crate) fn gates_hold(api: &PodStatus, cached: &PodStatus, spec: &PodSpec) -> bool {
    let containers = containers_ready(cached, spec);
    let Verdict(is_ready, ..) = ready(&containers, spec, &api.conditions);
    is_ready == condition::is_true(&cached.conditions, "Ready")
}

fn written(
    kind: &'static str,
    Verdict(holds, reason, message): Verdict,
    previous: &[Condition],
    observed_generation: i64,
    now: Timestamp,
) -> Condition {
    let mut fresh = Condition::new(Name::new_static(kind), holds, now).because(reason, message);
    fresh.observed_generation = observed_generation;
    if let Some(old) = condition::find(previous, kind).filter(|old| old.status == fresh.status) {
        fresh.last_transition = old.last_transition.or(fresh.last_transition);
    }
    fresh
}

fn is_sidecar(container: &api::pod::Container) -> bool {
    container.restart_policy == Some(RestartPolicy::Always)
}

fn find<'a>(statuses: &'a [ContainerStatus], name: &str) -> Option<&'a ContainerStatus> {
    statuses.iter().find(|s| s.name == name)
}

fn containers_ready(status: &PodStatus, spec: &PodSpec) -> Verdict {
    if status.container_statuses.is_empty() && !spec.containers.is_empty() {
        return Verdict(false, "UnknownContainerStatuses", String::new());
    }
    let sidecars = spec.init_containers.iter().filter(|c| is_sidecar(c));
    let all = sidecars.map(|c| (c, &status.init_container_statuses));
    let all = all.chain(spec.containers.iter().map(|c| (c, &status.container_statuses)));
    let (mut unknown, mut unready) = (Vec::new(), Vec::new());
    for (container, statuses) in all {
        match find(statuses, &container.name) {
            None => unknown.push(container.name.as_str()),
            Some(found) if !found.ready => unready.push(container.name.as_str()),
            Some(_) => {}
        }
    }
    match status.phase {
        Phase::Succeeded if unknown.is_empty() => Verdict(false, "PodCompleted", String::new()),
        Phase::Failed => Verdict(false, "PodFailed", String::new()),
        _ => missing("ContainersNotReady", &unknown, "unready", &unready),
    }
}

/// `containers with unknown status: [a b], containers with unready status: [c]`
fn missing(reason: &'static str, unknown: &[&str], what: &str, others: &[&str]) -> Verdict {
    let lists = [("unknown", unknown), (what, others)];
    let parts = lists.iter().filter(|(_, names)| !names.is_empty());
    let texts: Vec<String> =
        parts.map(|(what, names)| format!("containers with {what} status: [{}]", names.join(" "))).collect();
    if texts.is_empty() { HOLDS } else { Verdict(false, reason, texts.join(", ")) }
}

fn ready(containers: &Verdict, spec: &PodSpec, conditions: &[Condition]) -> Verdict {
    if !containers.0 {
        return Verdict(false, containers.1, containers.2.clone());
    }
    let unmet: Vec<String> =
        spec.readiness_gates.iter().filter_map(|gate| unmet_gate(gate, conditions)).collect();
    if unmet.is_empty() { HOLDS } else { Verdict(false, "ReadinessGatesNotReady", unmet.join(", ")) }
}

fn unmet_gate(gate: &str, conditions: &[Condition]) -> Option<String> {
    match condition::find(conditions, gate).map(|c| c.status) {
        None => Some(format!("corresponding condition of pod readiness gate \"{gate}\" does not exist.")),
        Some(ConditionStatus::True) => None,
        Some(other) => Some(format!(
            "the status of pod readiness gate \"{gate}\" is not \"True\", but {}",
            other.as_str()
        )),
    }
}

fn initialized(status: &PodStatus, spec: &PodSpec, previous: &[Condition]) -> Verdict {
    if status.phase == Phase::Succeeded {
        return Verdict(true, "PodCompleted", String::new());
    }
    let was_true = condition::is_true(previous, "Initialized");
    let has_begun =
        status.container_statuses.iter().any(|c| !matches!(c.state, ContainerState::Waiting { .. }));
    let (mut unknown, mut incomplete) = (Vec::new(), Vec::new());
    for container in &spec.init_containers {
        match find(&status.init_container_statuses, &container.name) {
            None => unknown.push(container.name.as_str()),
            Some(found) if !(if is_sidecar(container) { found.started } else { found.ready }) => {
                incomplete.push(container.name.as_str());
            }
            Some(_) => {}
        }
    }
    if was_true || has_begun {
        return HOLDS;
    }
    missing("ContainersNotInitialized", &unknown, "incomplete", &incomplete)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status(text: serde_json::Value) -> PodStatus {
        let fields = api::json::Fields::root(&text).unwrap();
        PodStatus::from_fields(&fields).unwrap()
    }

    fn show(status: &PodStatus) -> Vec<String> {
        let show = |c: &Condition| format!("{}={} {} {}", c.kind, c.status.as_str(), c.reason, c.message);
        status.conditions.iter().map(|c| show(c).trim_end().to_owned()).collect()
    }

    /// Conditions of a pod with these containers in this status.
    fn check(spec: serde_json::Value, given: serde_json::Value, expect: &[&str]) {
        let spec = PodSpec::from_json(&spec).unwrap();
        let mut given = status(given);
        set_conditions(&mut given, &spec, true, Timestamp(0));
        assert_eq!(show(&given), expect);
    }

    #[test]
    fn reasons_and_messages() {
        let two = json!({"containers": [{"name": "b"}, {"name": "a"}]});
        check(
            two.clone(),
            json!({}),
            &[
                "PodReadyToStartContainers=True",
                "Initialized=True",
                "Ready=False UnknownContainerStatuses",
                "ContainersReady=False UnknownContainerStatuses",
                "PodScheduled=True",
            ],
        );
        let unready =
            "ContainersNotReady containers with unknown status: [a], containers with unready status: [b]";
        check(
            two.clone(),
            json!({"containerStatuses": [{"name": "b"}]}),
            &[
                "PodReadyToStartContainers=True",
                "Initialized=True",
                &format!("Ready=False {unready}"),
                &format!("ContainersReady=False {unready}"),
                "PodScheduled=True",
            ],
        );
        let done = json!({"phase": "Succeeded", "containerStatuses": [{"name": "a"}, {"name": "b"}]});
        check(
            two.clone(),
            done,
            &[
                "PodReadyToStartContainers=True",
                "Initialized=True PodCompleted",
                "Ready=False PodCompleted",
                "ContainersReady=False PodCompleted",
                "PodScheduled=True",
            ],
        );
        let failed = json!({"phase": "Failed", "containerStatuses": [{"name": "a"}, {"name": "b"}]});
        check(
            two,
            failed,
            &[
                "PodReadyToStartContainers=True",
                "Initialized=True",
                "Ready=False PodFailed",
                "ContainersReady=False PodFailed",
                "PodScheduled=True",
            ],
        );
    }

    #[test]
    fn readiness_gates_and_conditions_of_others() {
        let spec = json!({"containers": [{"name": "a"}], "readinessGates": [
            {"conditionType": "one"}, {"conditionType": "two"}, {"conditionType": "three"}]});
        let ready = json!({"containerStatuses": [{"name": "a", "ready": true, "state": {"running": {}}}],
            "conditions": [{"type": "one", "status": "True"}, {"type": "two", "status": "False"}]});
        check(
            spec,
            ready,
            &[
                "one=True",
                "two=False",
                "PodReadyToStartContainers=True",
                "Initialized=True",
                "Ready=False ReadinessGatesNotReady the status of pod readiness gate \"two\" is not \"True\", but False, \
             corresponding condition of pod readiness gate \"three\" does not exist.",
                "ContainersReady=True",
                "PodScheduled=True",
            ],
        );
    }

    #[test]
    fn init_containers() {
        let spec = json!({"containers": [{"name": "a"}],
            "initContainers": [{"name": "x"}, {"name": "s", "restartPolicy": "Always"}]});
        let waiting = json!({"containerStatuses": [{"name": "a"}], "initContainerStatuses": [{"name": "x"}]});
        check(
            spec,
            waiting,
            &[
                "PodReadyToStartContainers=True",
                "Initialized=False ContainersNotInitialized containers with unknown status: [s], containers with \
             incomplete status: [x]",
                "Ready=False ContainersNotReady containers with unknown status: [s], containers with unready status: [a]",
                "ContainersReady=False ContainersNotReady containers with unknown status: [s], containers with unready \
             status: [a]",
                "PodScheduled=True",
            ],
        );
    }

    #[test]
    fn the_last_transition_stays_while_the_status_does() {
        let spec = PodSpec::from_json(&json!({"containers": [{"name": "a"}]})).unwrap();
        let mut status = status(json!({"containerStatuses": [{"name": "a", "ready": true}]}));
        set_conditions(&mut status, &spec, false, Timestamp(5));
        status.container_statuses[0].ready = false;
        refresh_readiness(&mut status, &spec, Timestamp(9));
        let times: Vec<i64> =
            status.conditions.iter().filter_map(|c| c.last_transition).map(|t| t.0).collect();
        assert_eq!(times, [5, 5, 9, 9, 5]);
    }
}
