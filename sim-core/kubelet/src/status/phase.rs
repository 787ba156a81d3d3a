//! The phase of a pod (kubelet.md 2.3).
//!
//! Source: `pkg/kubelet/kubelet_pods.go` (getPhase), v1.36.2.
//! DIFFERENCE: container restart rules and `RestartAllContainers` do not count; who writes them can tell.

use api::pod::{Container, ContainerState, ContainerStatus, Phase, PodSpec, RestartPolicy};

/// Whether a container that ended with this code is started again (kubelet.md 4.8).
pub(crate) fn should_restart(container: &Container, spec: &PodSpec, code: i32) -> bool {
    match container.restart_policy.unwrap_or(spec.restart_policy) {
        RestartPolicy::Always => true,
        RestartPolicy::OnFailure => code != 0,
        RestartPolicy::Never => false,
    }
}

/// Counts of the containers by what they do.
#[derive(Default)]
struct Counts {
    unknown: u32,
    running: u32,
    waiting: u32,
    stopped: u32,
    stopped_final: u32,
    succeeded: u32,
    pending_init: u32,
    pending_sidecar: u32,
    failed_init: u32,
}

/// What the phase is computed from.
pub(crate) struct PhaseInput<'a> {
    pub spec: &'a PodSpec,
    pub init: &'a [ContainerStatus],
    pub regular: &'a [ContainerStatus],
    /// Whether a regular container has an instance in the active sandbox.
    pub is_initialised: bool,
    /// Whether the pod's termination is over.
    pub is_terminal: bool,
}

/// The phase that the containers show by themselves.
pub(crate) fn phase(input: &PhaseInput<'_>) -> Phase {
    let n = count(input);
    if n.failed_init > 0 {
        return Phase::Failed;
    }
    if n.pending_init > 0 || (n.pending_sidecar > 0 && !input.is_initialised) || n.waiting > 0 {
        return Phase::Pending;
    }
    let ended = if n.stopped == n.succeeded { Phase::Succeeded } else { Phase::Failed };
    match (n.running > 0, n.unknown == 0) {
        (true, true) => Phase::Running,
        (false, true) if n.stopped > 0 && input.is_terminal => ended,
        (false, true) if n.stopped > 0 && n.stopped != n.stopped_final => Phase::Running,
        (false, true) if n.stopped > 0 => ended,
        _ => Phase::Pending,
    }
}

fn count(input: &PhaseInput<'_>) -> Counts {
    let mut n = Counts::default();
    let find = |list: &'_ [ContainerStatus], name: &str| list.iter().position(|s| s.name == name);
    for container in &input.spec.init_containers {
        let status = find(input.init, &container.name).map(|at| &input.init[at]);
        if container.restart_policy == Some(RestartPolicy::Always) {
            count_sidecar(&mut n, status);
        } else {
            count_init(&mut n, container, input.spec, status);
        }
    }
    for container in &input.spec.containers {
        let status = find(input.regular, &container.name).map(|at| &input.regular[at]);
        count_regular(&mut n, container, input.spec, status);
    }
    n
}

fn count_init(n: &mut Counts, container: &Container, spec: &PodSpec, status: Option<&ContainerStatus>) {
    let Some(status) = status else {
        n.pending_init += 1;
        return;
    };
    let code = match &status.state {
        ContainerState::Terminated(ended) => Some(ended.exit_code),
        ContainerState::Waiting { .. } => status.last_termination.as_ref().map(|last| last.exit_code),
        ContainerState::Running { .. } => None,
    };
    match code {
        Some(0) => {}
        Some(code) if !should_restart(container, spec, code) => n.failed_init += 1,
        _ => n.pending_init += 1,
    }
}

fn count_sidecar(n: &mut Counts, status: Option<&ContainerStatus>) {
    match status.map(|s| (&s.state, s)) {
        None => n.unknown += 1,
        Some((ContainerState::Running { .. }, status)) => {
            n.running += 1;
            n.pending_sidecar += u32::from(!status.started);
        }
        Some((ContainerState::Terminated(_), _)) => {}
        Some((ContainerState::Waiting { .. }, status)) if status.last_termination.is_some() => {}
        Some((ContainerState::Waiting { .. }, _)) => {
            n.pending_sidecar += 1;
            n.waiting += 1;
        }
    }
}

fn count_regular(n: &mut Counts, container: &Container, spec: &PodSpec, status: Option<&ContainerStatus>) {
    match status.map(|s| (&s.state, s.last_termination.as_ref())) {
        None => n.unknown += 1,
        Some((ContainerState::Running { .. }, _)) => n.running += 1,
        Some((ContainerState::Terminated(ended), _)) => {
            n.stopped += 1;
            n.succeeded += u32::from(ended.exit_code == 0);
            n.stopped_final += u32::from(!should_restart(container, spec, ended.exit_code));
        }
        Some((ContainerState::Waiting { .. }, Some(last))) => {
            n.stopped += 1;
            n.stopped_final += u32::from(!should_restart(container, spec, last.exit_code));
        }
        Some((ContainerState::Waiting { .. }, None)) => n.waiting += 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Name;
    use api::pod::Terminated;
    use serde_json::json;

    fn spec(policy: &str, init: &[(&str, bool)], regular: &[&str]) -> PodSpec {
        let sidecar = |(name, is): &(&str, bool)| match is {
            true => json!({"name": name, "image": "i", "restartPolicy": "Always"}),
            false => json!({"name": name, "image": "i"}),
        };
        let containers: Vec<_> = regular.iter().map(|name| json!({"name": name, "image": "i"})).collect();
        let init: Vec<_> = init.iter().map(sidecar).collect();
        PodSpec::from_json(
            &json!({"restartPolicy": policy, "initContainers": init, "containers": containers}),
        )
        .unwrap()
    }

    fn ended(code: i32) -> Box<Terminated> {
        Box::new(Terminated {
            exit_code: code,
            reason: Name::default(),
            message: Name::default(),
            started_at: None,
            finished_at: None,
            container_id: None,
        })
    }

    /// `run`, `wait`, `wait/1` (last ended with 1), `0` (ended with 0); `+` in front: started.
    fn status(name: &str, text: &str) -> ContainerStatus {
        let (started, text) = text.strip_prefix('+').map_or((false, text), |rest| (true, rest));
        let waiting = || ContainerState::Waiting { reason: Name::default(), message: Name::default() };
        let (state, last) = match text {
            "run" => (ContainerState::Running { started_at: units::Timestamp(0) }, None),
            "wait" => (waiting(), None),
            code if code.starts_with("wait/") => (waiting(), Some(ended(code[5..].parse().unwrap()))),
            code => (ContainerState::Terminated(ended(code.parse().unwrap())), None),
        };
        ContainerStatus {
            name: name.into(),
            state,
            last_termination: last,
            ready: false,
            started,
            restart_count: 0,
            image: Name::default(),
            image_known: false,
            container_id: None,
        }
    }

    fn check(policy: &str, containers: &[&str], expect: Phase) {
        check_all(policy, &[], containers, (false, false), expect);
    }

    fn check_all(
        policy: &str,
        init: &[(&str, bool)],
        containers: &[&str],
        (is_initialised, is_terminal): (bool, bool),
        expect: Phase,
    ) {
        let names = ["a", "b", "c"];
        let inits = ["x", "y", "z"];
        let init_spec: Vec<(&str, bool)> = inits.iter().zip(init).map(|(n, (_, is))| (*n, *is)).collect();
        let spec = spec(policy, &init_spec, &names[..containers.len()]);
        let regular: Vec<_> = names.iter().zip(containers).map(|(n, text)| status(n, text)).collect();
        let init_status: Vec<_> = inits.iter().zip(init).map(|(n, (text, _))| status(n, text)).collect();
        let input =
            PhaseInput { spec: &spec, init: &init_status, regular: &regular, is_initialised, is_terminal };
        assert_eq!(phase(&input), expect, "{policy} {init:?} {containers:?}");
    }

    #[test]
    fn the_table_of_consequences() {
        check("Always", &["wait"], Phase::Pending);
        check("Always", &["wait/1"], Phase::Running);
        check("Always", &["run", "wait"], Phase::Pending);
        check("Always", &["run", "wait/1"], Phase::Running);
        check("Never", &["0", "run"], Phase::Running);
        check("Never", &["0", "1"], Phase::Failed);
        check("Never", &["0", "0"], Phase::Succeeded);
        check("OnFailure", &["0", "wait/1"], Phase::Running);
        check("OnFailure", &["0", "0"], Phase::Succeeded);
        check("Always", &["wait/0"], Phase::Running);
        check("Always", &["0"], Phase::Running);
        check("Never", &["7", "run"], Phase::Running);
    }

    #[test]
    fn init_containers_and_sidecars() {
        check_all("Never", &[("+run", true)], &["0"], (true, false), Phase::Running);
        check_all("Never", &[("1", true)], &["0"], (true, false), Phase::Succeeded);
        check_all("Always", &[("1", false)], &["wait"], (false, false), Phase::Pending);
        check_all("Never", &[("1", false)], &["wait"], (false, false), Phase::Failed);
        check_all("Always", &[("0", false)], &["run"], (true, false), Phase::Running);
        check_all("Always", &[("run", true)], &["run"], (false, false), Phase::Pending);
        check_all("Always", &[("run", true)], &["run"], (true, false), Phase::Running);
    }

    #[test]
    fn a_terminated_pod_is_failed_or_succeeded_whatever_the_policy() {
        for (codes, expect) in [(["0", "0"], Phase::Succeeded), (["0", "143"], Phase::Failed)] {
            check_all("Always", &[], &codes, (true, true), expect);
        }
        check_all("Always", &[], &["0"], (true, false), Phase::Running);
    }
}
