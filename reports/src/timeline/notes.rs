//! What a record says to a reader.

use super::{Known, Note, Said};
use crate::workload::Workload;
use api::apps::Deployment;
use api::event::EventType;
use api::node::Node;
use api::pod::{ContainerState, Phase, Pod};
use api::{Kind, Name, Object, Reason};
use journal::{ChangeType, Commit, KubectlLine, Occurrence, Refusal, What};

/// Kinds that come and go without being worth a line.
const QUIET: [Kind; 5] =
    [Kind::Lease, Kind::EndpointSlice, Kind::Endpoints, Kind::ControllerRevision, Kind::ServiceAccount];

/// What a commit says; often nothing.
pub(super) fn commit(known: &Known, old: Option<&Object>, commit: &Commit) -> Vec<Note> {
    match (&commit.object, old) {
        (Object::Event(event), _) => {
            let is_news = event.kind == EventType::Warning && commit.change != ChangeType::Deleted;
            is_news.then(|| warning(known, event)).into_iter().collect()
        }
        (Object::Pod(pod), _) => {
            let writer = Pods { known, pod };
            match (commit.change, old.and_then(Object::as_pod)) {
                (ChangeType::Deleted, _) => vec![writer.note("gone", "pods gone")],
                (_, None) => writer.created(&commit.by),
                (_, Some(old)) => writer.changed(old),
            }
        }
        (object, _) if QUIET.contains(&object.kind()) => Vec::new(),
        (object, _) => {
            let say = |said: Said| plain(object, said);
            match (commit.change, old) {
                (ChangeType::Deleted, _) => vec![say(once(format!("deleted by {}", commit.by)))],
                (_, None) => vec![say(created(object, &commit.by))],
                (_, Some(old)) => changed(object, old, &commit.by).into_iter().map(say).collect(),
            }
        }
    }
}

fn plain(object: &Object, said: Said) -> Note {
    let subject = Workload::itself(object.kind(), object.meta());
    let warning = matches!(&said, Said::Once { text, .. } if text == NOT_READY || text == STUCK);
    Note { group: subject.clone(), subject, said, node: None, warning }
}

const NOT_READY: &str = "NotReady";
const STUCK: &str = "progress deadline exceeded";

/// Words that other objects of the kind have too.
fn once(text: impl Into<String>) -> Said {
    let text = text.into();
    Said::Once { general: text.clone(), text }
}

/// Words with something behind them that is this object's own.
fn once_with(general: String, own: &str) -> Said {
    Said::Once { text: format!("{general}{own}"), general }
}

fn created(object: &Object, by: &Name) -> Said {
    let replicas = match object {
        Object::Deployment(d) => format!(", {} replicas", d.spec.replicas),
        Object::ReplicaSet(set) => format!(", {} replicas", set.spec.replicas),
        _ => String::new(),
    };
    once_with(format!("created by {by}"), &replicas)
}

fn changed(object: &Object, old: &Object, by: &Name) -> Vec<Said> {
    let mut said = Vec::new();
    if object.meta().is_deleting() && !old.meta().is_deleting() {
        said.push(once(format!("deletion asked for by {by}")));
    }
    match (object, old) {
        (Object::Deployment(new), Object::Deployment(old)) => said.extend(deployment(new, old, by)),
        (Object::ReplicaSet(new), Object::ReplicaSet(old)) => {
            said.extend(scaled(old.spec.replicas, new.spec.replicas, by));
        }
        (Object::Node(new), Object::Node(old)) => said.extend(node(new, old).into_iter().map(once)),
        _ => {}
    }
    said
}

fn scaled(from: i32, to: i32, by: &Name) -> Option<Said> {
    (from != to).then(|| Said::Scaled { from, to, by: by.clone() })
}

fn deployment(new: &Deployment, old: &Deployment, by: &Name) -> Vec<Said> {
    let mut said: Vec<Said> = scaled(old.spec.replicas, new.spec.replicas, by).into_iter().collect();
    if new.spec.template != old.spec.template {
        said.push(once_with(format!("template changed by {by}"), &images(new, old)));
    }
    if is_complete(new) && !is_complete(old) && new.spec.replicas > 0 {
        let (available, replicas) = (new.status.available_replicas, new.spec.replicas);
        said.push(once_with("complete".to_owned(), &format!(": {available} of {replicas} available")));
    }
    let stuck = |d: &Deployment| d.status.conditions.iter().any(|c| c.reason == "ProgressDeadlineExceeded");
    if stuck(new) && !stuck(old) {
        said.push(once(STUCK));
    }
    said
}

/// As `kubectl rollout status` sees it.
fn is_complete(deployment: &Deployment) -> bool {
    let (replicas, status) = (deployment.spec.replicas, &deployment.status);
    [status.replicas, status.updated_replicas, status.available_replicas].iter().all(|n| *n == replicas)
        && status.observed_generation >= deployment.meta.generation
}

/// `: web v1 → v2`, for the containers whose image is another.
fn images(new: &Deployment, old: &Deployment) -> String {
    let before = |name: &Name| old.spec.template.spec.all_containers().find(|c| c.name == *name);
    let changes: Vec<String> = new
        .spec
        .template
        .spec
        .all_containers()
        .filter_map(|c| {
            before(&c.name).filter(|o| o.image != c.image).map(|o| format!("{} → {}", o.image, c.image))
        })
        .collect();
    if changes.is_empty() { String::new() } else { format!(": {}", changes.join(", ")) }
}

fn node(new: &Node, old: &Node) -> Vec<String> {
    let mut said = Vec::new();
    if new.is_ready() != old.is_ready() {
        said.push(if new.is_ready() { "Ready".to_owned() } else { NOT_READY.to_owned() });
    }
    if new.spec.unschedulable != old.spec.unschedulable {
        said.push(if new.spec.unschedulable { "cordoned".to_owned() } else { "uncordoned".to_owned() });
    }
    let is_new = |taint: &&api::node::Taint| {
        !old.spec.taints.iter().any(|t| t.key == taint.key && t.effect == taint.effect)
    };
    for taint in new.spec.taints.iter().filter(is_new) {
        said.push(format!("tainted {}:{}", taint.key, taint.effect));
    }
    said
}

/// What is said of one pod, and of several of its workload.
struct Pods<'a> {
    known: &'a Known,
    pod: &'a Pod,
}

impl Pods<'_> {
    fn note(&self, alone: impl Into<String>, several: impl Into<String>) -> Note {
        Note {
            subject: Workload::itself(Kind::Pod, &self.pod.meta),
            group: self.known.owners.workload(Kind::Pod, &self.pod.meta),
            said: Said::Folding { alone: alone.into(), several: several.into(), detail: String::new() },
            node: Some(self.pod.node_name.clone()).filter(|node| !node.is_empty()),
            warning: false,
        }
    }

    fn bad(&self, alone: impl Into<String>, several: impl Into<String>) -> Note {
        Note { warning: true, ..self.note(alone, several) }
    }

    fn created(&self, by: &Name) -> Vec<Note> {
        vec![self.note(format!("created by {by}"), format!("pods created by {by}"))]
    }

    fn changed(&self, old: &Pod) -> Vec<Note> {
        let (new, mut said) = (self.pod, Vec::new());
        if new.is_bound() && !old.is_bound() {
            said.push(self.note(format!("scheduled to {}", new.node_name), "pods scheduled"));
        }
        said.extend(self.phase(old));
        said.extend(self.restarts(old));
        if new.is_ready() && !old.is_ready() {
            said.push(self.note("Ready", "pods Ready"));
        }
        if !new.is_ready() && old.is_ready() && !new.meta.is_deleting() && !new.status.phase.is_terminal() {
            said.push(self.bad("no longer Ready", "pods no longer Ready"));
        }
        if new.meta.is_deleting() && !old.meta.is_deleting() {
            said.push(self.note("terminating", "pods terminating"));
        }
        said
    }

    fn phase(&self, old: &Pod) -> Option<Note> {
        let phase = self.pod.status.phase;
        if phase == old.status.phase || (phase.is_terminal() && self.pod.meta.is_deleting()) {
            return None;
        }
        let reason = &self.pod.status.reason;
        let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        match phase {
            Phase::Running => Some(self.note("started", "pods started")),
            Phase::Succeeded => Some(self.note("Succeeded", "pods Succeeded")),
            Phase::Failed => Some(self.bad(format!("Failed{why}"), format!("pods Failed{why}"))),
            Phase::Pending | Phase::Unknown => None,
        }
    }

    fn restarts(&self, old: &Pod) -> Vec<Note> {
        let restarted = self.pod.status.container_statuses.iter().filter(|new| {
            let before = old.status.container_statuses.iter().find(|old| old.name == new.name);
            before.is_some_and(|old| new.restart_count > old.restart_count)
        });
        let say = |status: &api::pod::ContainerStatus| {
            let ended = match (&status.state, &status.last_termination) {
                (ContainerState::Terminated(ended), _) | (_, Some(ended)) => {
                    format!(" ({}, exit code {})", ended.reason, ended.exit_code)
                }
                _ => String::new(),
            };
            let what = format!("container {} restarted{ended}", status.name);
            self.bad(what.clone(), format!("pods: {what}"))
        };
        restarted.map(say).collect()
    }
}

/// A Warning of a component: its reason and its words.
fn warning(known: &Known, event: &api::event::Event) -> Note {
    let subject = Workload::named(event.involved.kind, &event.involved.key);
    let group = known.workload(event.involved.kind, &event.involved.key);
    let message = event.message.lines().next().unwrap_or_default().trim_end();
    let detail = if message.is_empty() { String::new() } else { format!(": {message}") };
    let alone = event.reason.to_string();
    let several = format!("{} {}", event.involved.kind.info().plural, event.reason);
    // Only a kubelet speaks from the node that it is about.
    let node = Some(event.host.clone()).filter(|_| event.component == "kubelet");
    Note { subject, group, said: Said::Folding { alone, several, detail }, node, warning: true }
}

/// A refusal, unless it is one that its caller expects.
pub(super) fn refusal(refusal: &Refusal) -> Option<Note> {
    let expected = [Reason::Conflict, Reason::NotFound, Reason::AlreadyExists];
    if expected.contains(&refusal.error.reason) || refusal.by.starts_with("kubectl") {
        return None;
    }
    let subject = Workload::named(refusal.about.kind, &refusal.about.key);
    let general = format!("{} by {} refused", refusal.verb, refusal.by);
    let said = once_with(general, &format!(": {}", refusal.error.message));
    Some(Note { group: subject.clone(), subject, said, node: None, warning: true })
}

/// What happened to a machine, or at a kubelet's door.
pub(super) fn occurrence(occurrence: &Occurrence) -> Option<Note> {
    let (text, warning) = match &occurrence.what {
        What::MachineStarted => ("machine up".to_owned(), false),
        What::MachineStopped => ("machine down".to_owned(), true),
        What::PodRejected { reason } => (format!("rejected by its kubelet: {reason}"), true),
        _ => return None,
    };
    let subject = Workload::named(occurrence.about.kind, &occurrence.about.key);
    Some(Note { group: subject.clone(), subject, said: once(text), node: None, warning })
}

/// A kubectl line that failed, or that was there to look. What others have done is seen by itself.
pub(super) fn kubectl(line: &KubectlLine) -> Option<Note> {
    let verb = first_word(&line.line);
    let words = line.line.trim();
    let said = match line.status {
        0 if READING.contains(&verb.as_str()) => once_with(words.to_owned(), &printed(line)),
        0 => return None,
        status => {
            let general = format!("{words} failed with status {status}");
            once_with(general, &format!(": {}", first_of_many(&line.stderr)))
        }
    };
    let subject = Workload { namespace: Name::default(), kind: "kubectl".to_owned(), name: verb };
    Some(Note { group: subject.clone(), subject, said, node: None, warning: line.status != 0 })
}

/// kubectl's verbs that change nothing.
const READING: [&str; 7] = ["get", "describe", "logs", "events", "top", "explain", "api-resources"];

/// What a line printed: itself if it is one line, else how many.
fn printed(line: &KubectlLine) -> String {
    let output = if line.stdout.is_empty() { &line.stderr } else { &line.stdout };
    match output.lines().count() {
        0 => String::new(),
        1 => format!(": {}", output.trim()),
        lines => format!(": {lines} lines"),
    }
}

fn first_of_many(text: &str) -> String {
    let (first, more) = (text.lines().next().unwrap_or_default(), text.lines().skip(1).count());
    if more == 0 { first.to_owned() } else { format!("{first} (and {more} more lines)") }
}

fn first_word(line: &str) -> Name {
    line.split_whitespace().find(|word| *word != "kubectl").unwrap_or_default().into()
}
