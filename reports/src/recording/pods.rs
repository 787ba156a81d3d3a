//! Pods: counted by workload, and followed one by one where they have a name of their own.

use super::containers::ContainerRuns;
use super::entry::Entry;
use super::names::{Names, full_name};
use super::observable::{Observable, Observables};
use super::steps::{GROUP_SETTLE, ONE_SETTLE, Steps};
use super::view::{Meta, PodView};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The pods of a run so far.
#[derive(Default)]
pub(super) struct Pods {
    known: BTreeMap<String, Known>,
    by_name: BTreeMap<(Option<String>, String), String>,
    groups: BTreeMap<String, Group>,
    /// The UIDs that had an individual name, in order.
    incarnations: BTreeMap<String, Vec<String>>,
    runs: ContainerRuns,
}

/// What was last seen of a pod.
struct Known {
    /// The individual name under which it is followed.
    one: Option<String>,
    /// The workloads that it belongs to.
    groups: Vec<String>,
    /// Those that it belonged to last, even after a release.
    of: Vec<String>,
    /// How it was: `Running there`, `Failed:Evicted gone`.
    state: String,
}

/// The pods of one workload.
#[derive(Default)]
struct Group {
    pods: BTreeMap<String, Flags>,
    created: usize,
    deleted: usize,
    /// How many have each flag.
    counts: [usize; FLAGS.len()],
    most: usize,
    most_active: usize,
}

const FLAGS: [&str; 7] = ["scheduled", "running", "ready", "terminating", "succeeded", "failed", "active"];
const TERMINATING: usize = 3;
const ACTIVE: usize = 6;

#[derive(Clone, Debug)]
struct Flags {
    node: String,
    has: [bool; FLAGS.len()],
}

impl Pods {
    /// Takes in one version of a pod.
    pub(super) fn see(&mut self, entry: &Entry, pod: &PodView, names: &Names, steps: &mut Steps) {
        let (one, groups) = identify(&entry.meta, pod, names);
        self.count(entry, pod, &groups, steps);
        let key = match &one {
            Some(one) => self.follow(entry, pod, one, steps),
            None => groups.first().map_or_else(|| "None".to_owned(), |group| format!("{group}/pods")),
        };
        for container in &pod.containers {
            let key = format!("{key}/{}", container.name);
            if one.is_some() {
                if let Some(state) = &container.state {
                    steps.step(format!("{key}/state"), entry.at, state.as_str(), ONE_SETTLE);
                }
                let restarts = container.restart_count.clone();
                steps.step(format!("{key}/restartCount"), entry.at, restarts, ONE_SETTLE);
            }
            container.runs.iter().for_each(|run| self.runs.learn(&key, run));
        }
        self.remember(entry, pod, one, groups);
    }

    /// The values of the groups that it belongs to, or did.
    fn count(&mut self, entry: &Entry, pod: &PodView, groups: &[String], steps: &mut Steps) {
        let old = self.known.get(&entry.meta.uid);
        let before = old.map_or(&[][..], |old| &old.groups);
        let touched: BTreeSet<&String> = groups.iter().chain(before).collect();
        for name in touched {
            if !self.groups.contains_key(name) {
                self.groups.insert(name.clone(), Group::default());
            }
            let Some(group) = self.groups.get_mut(name) else { continue };
            let member = groups.contains(name);
            group.created += usize::from(member && old.is_none());
            group.deleted += usize::from(member && entry.gone());
            group.replace(&entry.meta.uid, (member && !entry.gone()).then(|| flags(&entry.meta, pod)));
            group.show(name, entry.at, steps);
        }
    }

    /// The values of a pod that is followed, under the name that is returned.
    fn follow(&mut self, entry: &Entry, pod: &PodView, one: &str, steps: &mut Steps) -> String {
        let key = self.incarnation(one, &entry.meta.uid);
        let mut step = |what, value: Value| steps.step(format!("{key}/{what}"), entry.at, value, ONE_SETTLE);
        step("life", life(entry, pod).into());
        if let Some(target) = &pod.disruption {
            step("disruptionTarget", format!("{}:{}", target.status, target.reason).into());
        }
        step("scheduled", pod.scheduled.clone());
        for (what, value) in [("node", &pod.node), ("qosClass", &pod.qos_class)] {
            if !value.is_empty() {
                steps.set(format!("{key}/{what}"), value.as_str());
            }
        }
        key
    }

    /// `Pod/default/web-0`, `Pod/default/web-0(2)` …
    fn incarnation(&mut self, one: &str, uid: &str) -> String {
        let uids = self.incarnations.entry(one.to_owned()).or_default();
        let ordinal = uids.iter().position(|known| known == uid).unwrap_or_else(|| {
            uids.push(uid.to_owned());
            uids.len() - 1
        });
        if ordinal == 0 { format!("Pod/{one}") } else { format!("Pod/{one}({})", ordinal + 1) }
    }

    fn remember(&mut self, entry: &Entry, pod: &PodView, one: Option<String>, groups: Vec<String>) {
        let uid = &entry.meta.uid;
        let of = match self.known.get(uid) {
            Some(old) if groups.is_empty() => old.of.clone(),
            _ => groups.clone(),
        };
        let known = Known { one, groups, of, state: final_state(entry, pod) };
        self.known.insert(uid.clone(), known);
        self.by_name.insert((entry.meta.namespace.clone(), entry.meta.name.clone()), uid.clone());
    }

    /// Under which name the Events of a pod are added up: its own, or that of its workload.
    pub(super) fn name_for_events(
        &self,
        uid: Option<&str>,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<String> {
        let by_name = || {
            let uid = self.by_name.get(&(namespace.map(str::to_owned), name.to_owned()))?;
            self.known.get(uid)
        };
        let known = uid.and_then(|uid| self.known.get(uid)).or_else(by_name)?;
        known.one.as_ref().or(known.of.first()).cloned()
    }

    /// What is known at the end: how pods ended, where they run, and the runs of containers.
    pub(super) fn finish(self, zero: i64, into: &mut Observables) {
        let mut ends: BTreeMap<&String, BTreeMap<&str, usize>> = BTreeMap::new();
        for known in self.known.values() {
            for group in &known.groups {
                *ends.entry(group).or_default().entry(&known.state).or_default() += 1;
            }
        }
        let mut set = |name: String, value: Value| into.0.insert(name, Observable::Scalar { value });
        for (group, counts) in ends {
            set(format!("{group}/pods.final"), as_map(counts));
        }
        for (name, group) in self.groups {
            set(format!("{name}/pods.max"), group.most.into());
            set(format!("{name}/pods.max-active"), group.most_active.into());
            let by_node = group.by_node();
            let mut per_node: Vec<usize> = by_node.values().copied().collect();
            per_node.sort_by(|a, b| b.cmp(a));
            set(format!("{name}/pods.perNode"), per_node.into());
            set(format!("{name}/pods.byNode"), as_map(by_node));
        }
        self.runs.finish(zero, into);
    }
}

impl Group {
    fn replace(&mut self, uid: &str, flags: Option<Flags>) {
        for (count, has) in self.counts.iter_mut().zip(flags.iter().flat_map(|flags| flags.has)) {
            *count += usize::from(has);
        }
        let old = match flags {
            Some(flags) => self.pods.insert(uid.to_owned(), flags),
            None => self.pods.remove(uid),
        };
        for (count, had) in self.counts.iter_mut().zip(old.iter().flat_map(|old| old.has)) {
            *count -= usize::from(had);
        }
        self.most = self.most.max(self.pods.len());
        self.most_active = self.most_active.max(self.counts[ACTIVE]);
    }

    fn show(&self, name: &str, at: f64, steps: &mut Steps) {
        let mut step = |what, count| steps.step(format!("{name}/pods.{what}"), at, count, GROUP_SETTLE);
        step("created", self.created);
        step("deleted", self.deleted);
        FLAGS.into_iter().zip(self.counts).for_each(|(flag, count)| step(flag, count));
    }

    /// How many of its pods are on each node and stay there.
    fn by_node(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for pod in self.pods.values().filter(|pod| !pod.node.is_empty() && !pod.has[TERMINATING]) {
            *counts.entry(pod.node.as_str()).or_default() += 1;
        }
        counts
    }
}

/// The individual name of a pod, if it has one, and the workloads that it belongs to.
fn identify(meta: &Meta, pod: &PodView, names: &Names) -> (Option<String>, Vec<String>) {
    let (mut one, mut groups) = (None, Vec::new());
    let controller = meta.controller.as_ref();
    if let Some((owner, name)) = controller.and_then(|owner| Some((owner, names.by_uid(&owner.uid)?))) {
        groups.push(format!("{}/{name}", owner.kind));
        match owner.kind.as_str() {
            "ReplicaSet" => groups.extend(name.split_once('#').map(|(of, _)| format!("Deployment/{of}"))),
            "DaemonSet" => one = Some(format!("{name}@{}", pod.wanted_node.as_deref().unwrap_or("None"))),
            "Job" => one = pod.completion_index.as_ref().map(|index| format!("{name}[{index}]")),
            _ => {}
        }
    }
    let named_by_set = controller.is_some_and(|owner| owner.kind == "StatefulSet");
    if one.is_none() && !pod.generated || named_by_set {
        one = Some(full_name(meta));
    }
    (one, groups)
}

fn flags(meta: &Meta, pod: &PodView) -> Flags {
    let phase = pod.phase.as_str();
    let active = !matches!(phase, "Succeeded" | "Failed") && !meta.deleting;
    let (running, succeeded, failed) = (phase == "Running", phase == "Succeeded", phase == "Failed");
    let scheduled = !pod.node.is_empty();
    let has = [scheduled, running, pod.ready, meta.deleting, succeeded, failed, active];
    Flags { node: pod.node.clone(), has }
}

/// `Pending,scheduled`, `Running,ready`, `terminating Running`, `Failed:Evicted`, `gone`.
fn life(entry: &Entry, pod: &PodView) -> String {
    if entry.gone() {
        return "gone".to_owned();
    }
    let mut life = with_reason(pod);
    if pod.ready {
        life.push_str(",ready");
    }
    if life == "Pending" && !pod.node.is_empty() {
        life.push_str(",scheduled");
    }
    if entry.meta.deleting { format!("terminating {life}") } else { life }
}

/// `Failed:Evicted disrupted:PreemptionByScheduler gone`.
fn final_state(entry: &Entry, pod: &PodView) -> String {
    let disrupted = pod.disruption.as_ref().filter(|target| !target.reason.is_empty());
    let disrupted = disrupted.map_or_else(String::new, |target| format!("disrupted:{}", target.reason));
    let presence = if entry.gone() { "gone" } else { "there" }.to_owned();
    let parts = [with_reason(pod), disrupted, presence];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn with_reason(pod: &PodView) -> String {
    if pod.reason.is_empty() { pod.phase.clone() } else { format!("{}:{}", pod.phase, pod.reason) }
}

fn as_map(counts: BTreeMap<&str, usize>) -> Value {
    counts.into_iter().map(|(key, count)| (key.to_owned(), Value::from(count))).collect()
}
