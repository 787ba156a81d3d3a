//! The containers of pods: their states, and each run of them.

use super::observable::{Observable, Observables, Run};
use super::view::{list, part, string, text, time};
use serde_json::Value;
use std::collections::BTreeMap;

/// A container status.
#[derive(Debug)]
pub(super) struct ContainerView {
    pub(super) name: String,
    /// `running`, `waiting:CrashLoopBackOff`, `terminated:Error:1`; none while it is being created.
    pub(super) state: Option<String>,
    pub(super) restart_count: Value,
    /// Whatever runs the status tells of: the present and the last.
    pub(super) runs: Vec<RunView>,
}

/// What a status tells of one run.
#[derive(Debug)]
pub(super) struct RunView {
    pub(super) container_id: String,
    pub(super) started: Option<i64>,
    pub(super) end: Option<End>,
}

#[derive(Debug)]
pub(super) struct End {
    pub(super) finished: Option<i64>,
    pub(super) exit_code: Option<i64>,
    pub(super) reason: Option<String>,
}

/// All container statuses of a pod's status, init containers first. The error is a text that is no time.
pub(super) fn containers(status: &Value) -> Result<Vec<ContainerView>, String> {
    let families = ["initContainerStatuses", "containerStatuses"];
    families.iter().flat_map(|family| list(status, family)).map(container).collect()
}

fn container(status: &Value) -> Result<ContainerView, String> {
    let state = part(status, "state");
    let mut runs = Vec::new();
    for state in [state, part(status, "lastState")] {
        for which in ["running", "terminated"] {
            if let Some(told) = state.get(which) {
                runs.extend(run(told, which == "terminated", text(status, "containerID"))?);
            }
        }
    }
    Ok(ContainerView {
        name: string(status, "name"),
        state: shown_state(state),
        restart_count: part(status, "restartCount").clone(),
        runs,
    })
}

fn shown_state(state: &Value) -> Option<String> {
    match text(part(state, "waiting"), "reason").filter(|reason| !reason.is_empty()) {
        Some("PodInitializing" | "ContainerCreating") => return None,
        Some(reason) => return Some(format!("waiting:{reason}")),
        None => {}
    }
    if state.get("running").is_some() {
        return Some("running".to_owned());
    }
    Some(match state.get("terminated") {
        Some(end) => format!("terminated:{}:{}", string(end, "reason"), part(end, "exitCode")),
        None => "waiting".to_owned(),
    })
}

fn run(told: &Value, ended: bool, present_id: Option<&str>) -> Result<Option<RunView>, String> {
    let id = text(told, "containerID").filter(|id| !id.is_empty()).or(present_id).unwrap_or_default();
    if id.is_empty() {
        return Ok(None);
    }
    let end = if ended {
        let exit_code = told.get("exitCode").and_then(Value::as_i64);
        let reason = text(told, "reason").map(str::to_owned);
        Some(End { finished: time(told, "finishedAt")?, exit_code, reason })
    } else {
        None
    };
    Ok(Some(RunView { container_id: id.to_owned(), started: time(told, "startedAt")?, end }))
}

/// The runs of all containers, by the container's name.
#[derive(Default)]
pub(super) struct ContainerRuns(BTreeMap<String, RunsOfOne>);

#[derive(Default)]
struct RunsOfOne {
    by_id: BTreeMap<String, usize>,
    /// In the order in which they were first told of.
    runs: Vec<Run>,
}

impl ContainerRuns {
    /// Takes in what a status tells; a later one adds to what is known.
    pub(super) fn learn(&mut self, container: &str, told: &RunView) {
        if !self.0.contains_key(container) {
            self.0.insert(container.to_owned(), RunsOfOne::default());
        }
        let Some(known) = self.0.get_mut(container) else { return };
        let next = known.runs.len();
        let n = *known.by_id.entry(told.container_id.clone()).or_insert(next);
        if n == next {
            known.runs.push(Run::default());
        }
        let Some(run) = known.runs.get_mut(n) else { return };
        run.started = told.started.or(run.started);
        if let Some(end) = &told.end {
            run.finished = end.finished;
            run.exit_code = end.exit_code;
            run.reason.clone_from(&end.reason);
        }
    }

    /// The runs one by one for a pod that is followed, by exit code for a group; in seconds since `zero` (Unix time).
    pub(super) fn finish(self, zero: i64, into: &mut Observables) {
        for (container, known) in self.0 {
            let mut runs = known.runs;
            runs.sort_by_key(|run| (run.started.unwrap_or(0), run.finished.unwrap_or(0)));
            if container.contains("/pods/") {
                let value = exits(&runs).into();
                into.0.insert(format!("{container}/exits"), Observable::Scalar { value });
            } else if !runs.is_empty() {
                for time in runs.iter_mut().flat_map(|run| [&mut run.started, &mut run.finished]) {
                    *time = time.map(|time| time - zero);
                }
                into.0.insert(format!("{container}/runs"), Observable::Runs { runs });
            }
        }
    }
}

/// `0:Completed x3` for each way in which runs ended.
fn exits(runs: &[Run]) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for run in runs {
        if let Some(code) = run.exit_code {
            let reason = run.reason.as_deref().unwrap_or("None");
            *counts.entry(format!("{code}:{reason}")).or_default() += 1;
        }
    }
    let mut exits: Vec<String> = counts.into_iter().map(|(exit, count)| format!("{exit} x{count}")).collect();
    exits.sort();
    exits
}
