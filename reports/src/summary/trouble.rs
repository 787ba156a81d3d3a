//! What is not as it should be, and how bad that is.

use super::{About, Trouble};
use crate::workload::Workload;
use api::apps::Deployment;
use api::event::{Event, EventForm, EventType};
use api::node::Node;
use api::pod::{ContainerState, ContainerStatus, Phase, Pod};
use api::{Kind, condition};
use std::collections::BTreeMap;

/// How bad something is: the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    NodeNotReady,
    Failing,
    Unschedulable,
    Missing,
    NotReady,
}

/// Pods of one workload with one trouble.
#[derive(Clone, Debug)]
struct Group {
    count: usize,
    /// One of them, whose messages are shown.
    example: About,
    /// What its own status says.
    why: String,
}

/// Everything that is not as it should be.
#[derive(Clone, Debug, Default)]
pub(super) struct Troubles {
    groups: BTreeMap<(Severity, Workload, String), Group>,
    pods: BTreeMap<Workload, usize>,
    /// The newest Warning about an object, with its time in microseconds.
    warnings: BTreeMap<About, (i64, String)>,
}

impl Troubles {
    pub(super) fn event(&mut self, event: &Event) {
        if event.kind != EventType::Warning {
            return;
        }
        let time = match event.form {
            EventForm::Core { last, .. } => last.0.saturating_mul(1_000_000),
            EventForm::New { time, .. } => time.0,
        };
        let words = format!("{}: {}", event.reason, first_line(&event.message));
        let newest = self.warnings.entry((event.involved.kind, event.involved.key.clone())).or_default();
        if newest.1.is_empty() || time >= newest.0 {
            *newest = (time, words);
        }
    }

    pub(super) fn node(&mut self, node: &Node) {
        if !node.is_ready() {
            let ready = condition::find(&node.status.conditions, "Ready");
            let why = ready.map(|c| first_line(&c.message)).unwrap_or_default();
            let workload = Workload::itself(Kind::Node, &node.meta);
            let about = (Kind::Node, node.meta.key());
            self.add(Severity::NodeNotReady, workload, "NotReady", about, why);
        }
    }

    pub(super) fn deployment(&mut self, deployment: &Deployment) {
        let conditions = &deployment.status.conditions;
        let stuck =
            conditions.iter().find(|c| c.reason == "ProgressDeadlineExceeded" || c.kind == "ReplicaFailure");
        if let Some(condition) = stuck {
            let workload = Workload::itself(Kind::Deployment, &deployment.meta);
            let about = (Kind::Deployment, deployment.meta.key());
            self.add(Severity::Missing, workload, &condition.reason, about, first_line(&condition.message));
        }
    }

    pub(super) fn pod(&mut self, workload: &Workload, pod: &Pod) {
        *self.pods.entry(workload.clone()).or_default() += 1;
        if pod.meta.is_deleting() || pod.status.phase == Phase::Succeeded {
            return;
        }
        let Some((severity, what, why)) = trouble_of(pod) else { return };
        self.add(severity, workload.clone(), &what, (Kind::Pod, pod.meta.key()), why);
    }

    fn add(&mut self, severity: Severity, workload: Workload, what: &str, example: About, why: String) {
        let group = self.groups.entry((severity, workload, what.to_owned()));
        group.or_insert(Group { count: 0, example, why }).count += 1;
    }

    /// The worst, at most `most`; of several equally bad ones those with most pods.
    pub(super) fn worst(self, most: usize) -> Vec<Trouble> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|((severity, ..), group)| (*severity, std::cmp::Reverse(group.count)));
        let tell = |((_, workload, what), group): (&(Severity, Workload, String), &Group)| {
            let (kind, key) = &group.example;
            let said = self.warnings.get(&group.example).map(|(_, words)| words.clone());
            let is_itself = workload.kind == kind.info().singular && workload.name == key.name;
            let pods = self.pods.get(workload).copied().unwrap_or_default();
            let what =
                if is_itself { what.clone() } else { format!("{} of {pods} pods {what}", group.count) };
            Trouble { name: workload.to_string(), what, why: said.unwrap_or_else(|| group.why.clone()) }
        };
        groups.into_iter().take(most).map(tell).collect()
    }
}

fn trouble_of(pod: &Pod) -> Option<(Severity, String, String)> {
    let status = &pod.status;
    let of_condition = |kind: &str| {
        condition::find(&status.conditions, kind).map(|c| first_line(&c.message)).unwrap_or_default()
    };
    if status.phase == Phase::Failed {
        return Some((Severity::Failing, with_reason("Failed", &status.reason), first_line(&status.message)));
    }
    let all = status.init_container_statuses.iter().chain(&status.container_statuses);
    if let Some((reason, why)) = all.filter_map(held_back).next() {
        return Some((Severity::Failing, reason, why));
    }
    if !pod.is_bound() {
        return Some((Severity::Unschedulable, "Pending".to_owned(), of_condition("PodScheduled")));
    }
    (!pod.is_ready()).then(|| (Severity::NotReady, "not Ready".to_owned(), of_condition("Ready")))
}

/// A container that waits for something other than its first start.
fn held_back(status: &ContainerStatus) -> Option<(String, String)> {
    match &status.state {
        ContainerState::Waiting { reason, message }
            if !matches!(reason.as_str(), "" | "ContainerCreating" | "PodInitializing") =>
        {
            Some((reason.to_string(), first_line(message)))
        }
        _ => None,
    }
}

fn with_reason(what: &str, reason: &str) -> String {
    if reason.is_empty() { what.to_owned() } else { format!("{what} ({reason})") }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end().to_owned()
}
