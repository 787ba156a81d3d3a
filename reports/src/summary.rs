//! What a run came to: each workload with its numbers, and the three worst with their reason.
//!
//! A fold over the objects of the last moment. The words are those of the newest Warning about the object, or of its
//! own status.

mod trouble;

use crate::brief::shortened;
use crate::workload::{Owners, Workload};
use api::pod::{Phase, Pod};
use api::{Kind, Name, Object, ObjectKey};
use std::collections::BTreeMap;
use trouble::Troubles;

/// How many of the worst are named.
const WORST: usize = 3;
/// So many pods of a namespace that nobody owns have rows of their own.
const CROWD: usize = 10;
/// Rows of all tables in the text, beyond which the rest is counted. With heads, counts, nodes, the worst, and what the
/// command adds they are 40 lines.
const ROWS: usize = 26;

/// A Deployment, or another owner of pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkloadRow {
    /// `deployment/web`, with its namespace in front unless that is `default`.
    pub name: String,
    /// How many pods it wants; of kinds that nothing here acts on, how many it has.
    pub desired: i64,
    /// Its pods that are Ready.
    pub ready: i64,
    /// Its pods of whatever state.
    pub pods: i64,
    /// Restarts of their containers.
    pub restarts: i64,
}

/// A pod that nobody made but the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRow {
    /// Its namespace.
    pub namespace: Name,
    /// `pod/db`, with its namespace in front unless that is `default`.
    pub name: String,
    /// Its phase.
    pub phase: Phase,
    /// Whether it is Ready.
    pub ready: bool,
    /// Restarts of its containers.
    pub restarts: i64,
    /// Its node; empty if it has none.
    pub node: Name,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What it is about.
    pub name: String,
    /// What is wrong: `3 of 10 pods Pending`.
    pub what: String,
    /// Why, in the words of whoever said so; may be empty.
    pub why: String,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Workloads, by namespace and name.
    pub workloads: Vec<WorkloadRow>,
    /// Pods without an owner.
    pub pods: Vec<PodRow>,
    /// How many nodes there are, and how many of them are Ready.
    pub nodes: (usize, usize),
    /// The worst, at most three.
    pub worst: Vec<Trouble>,
}

impl Summary {
    /// Sums up these objects, which may come in any order.
    pub fn of<'a>(objects: impl Iterator<Item = &'a Object> + Clone) -> Self {
        let mut owners = Owners::default();
        objects.clone().for_each(|object| owners.learn(object));
        let (mut summary, mut rows) = (Self::default(), BTreeMap::<Workload, WorkloadRow>::new());
        let mut troubles = Troubles::default();
        for object in objects {
            match object {
                Object::Node(node) => {
                    summary.nodes.0 += 1;
                    summary.nodes.1 += usize::from(node.is_ready());
                    troubles.node(node);
                }
                Object::Deployment(deployment) => {
                    let workload = Workload::itself(Kind::Deployment, &deployment.meta);
                    rows.entry(workload).or_default().desired = i64::from(deployment.spec.replicas);
                    troubles.deployment(deployment);
                }
                Object::ReplicaSet(set) if set.meta.controller().is_none() => {
                    let workload = Workload::itself(Kind::ReplicaSet, &set.meta);
                    rows.entry(workload).or_default().desired = i64::from(set.spec.replicas);
                }
                Object::Event(event) => troubles.event(event),
                Object::Pod(pod) => {
                    let workload = owners.workload(Kind::Pod, &pod.meta);
                    troubles.pod(&workload, pod);
                    if pod.meta.controller().is_some() {
                        count(rows.entry(workload).or_default(), pod);
                    } else {
                        summary.pods.push(pod_row(&workload, pod));
                    }
                }
                _ => {}
            }
        }
        summary.workloads = rows.into_iter().map(|(workload, row)| named(&workload, row)).collect();
        // What is not as it should be comes first.
        summary.workloads.sort_by_key(|row| row.ready >= row.desired);
        summary.pods.sort_by(|a, b| (is_fine(a), &a.name).cmp(&(is_fine(b), &b.name)));
        summary.worst = troubles.worst(WORST);
        summary
    }
}

fn named(workload: &Workload, row: WorkloadRow) -> WorkloadRow {
    let is_known = ["deployment", "replicaset"].contains(&workload.kind.as_str());
    let desired = if is_known { row.desired } else { row.pods };
    WorkloadRow { name: workload.to_string(), desired, ..row }
}

fn restarts(pod: &Pod) -> i64 {
    let all = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    all.map(|status| i64::from(status.restart_count)).sum()
}

fn count(row: &mut WorkloadRow, pod: &Pod) {
    row.pods += 1;
    row.ready += i64::from(pod.is_ready());
    row.restarts += restarts(pod);
}

fn pod_row(workload: &Workload, pod: &Pod) -> PodRow {
    PodRow {
        namespace: pod.meta.namespace.clone(),
        name: workload.to_string(),
        phase: pod.status.phase,
        ready: pod.is_ready(),
        restarts: restarts(pod),
        node: pod.node_name.clone(),
    }
}

/// The summary as text: at most 35 lines.
pub fn render(summary: &Summary) -> String {
    let (nodes, ready) = summary.nodes;
    let (crowds, pods) = crowds(&summary.pods);
    let [workloads_shown, crowds_shown, pods_shown] =
        shares(ROWS, [summary.workloads.len(), crowds.len(), pods.len()]);
    let mut text = format!("nodes: {ready} of {nodes} Ready\n");
    let workload = |w: &WorkloadRow| {
        vec![w.name.clone(), w.desired.to_string(), w.ready.to_string(), w.restarts.to_string()]
    };
    let rows = summary.workloads.iter().map(workload).collect();
    table(&mut text, &["WORKLOAD", "DESIRED", "READY", "RESTARTS"], rows, workloads_shown);
    crowds.iter().take(crowds_shown).for_each(|crowd| text.push_str(crowd));
    more(&mut text, crowds.len() - crowds_shown);
    let pod = |p: &&PodRow| {
        let ready = if p.ready { "yes" } else { "no" };
        vec![p.name.clone(), p.phase.to_string(), ready.to_owned(), p.restarts.to_string()]
    };
    let rows = pods.iter().map(pod).collect();
    table(&mut text, &["POD", "PHASE", "READY", "RESTARTS"], rows, pods_shown);
    for trouble in &summary.worst {
        let why = shortened(&trouble.why);
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        text.push_str(&format!("! {}  {}{why}\n", trouble.name, trouble.what));
    }
    text
}

/// Namespaces with many pods that nobody owns are counted, a line each, those with trouble first; the pods of others
/// have rows of their own.
fn crowds(pods: &[PodRow]) -> (Vec<String>, Vec<&PodRow>) {
    let mut namespaces = BTreeMap::<&Name, Vec<&PodRow>>::new();
    for pod in pods {
        namespaces.entry(&pod.namespace).or_default().push(pod);
    }
    let alone = pods.iter().filter(|pod| namespaces[&pod.namespace].len() <= CROWD).collect();
    let mut crowds: Vec<_> = namespaces.iter().filter(|(_, pods)| pods.len() > CROWD).collect();
    crowds.sort_by_key(|(_, pods)| pods.iter().all(|pod| is_fine(pod)));
    (crowds.into_iter().map(|(namespace, pods)| crowd(namespace, pods)).collect(), alone)
}

/// `shop: 1067 pods, 1061 Ready, 6 Pending`
fn crowd(namespace: &str, pods: &[&PodRow]) -> String {
    let mut line = format!("{namespace}: {} pods", pods.len());
    let mut tell = |what: &str, count: usize| {
        if count > 0 {
            line.push_str(&format!(", {count} {what}"));
        }
    };
    tell("Ready", pods.iter().filter(|pod| pod.ready).count());
    let restarted = pods.iter().filter(|pod| pod.restarts > 0).count();
    let of = |phase| pods.iter().filter(|pod| pod.phase == phase && !pod.ready).count();
    tell("Running but not Ready", of(Phase::Running));
    for phase in [Phase::Pending, Phase::Succeeded, Phase::Failed, Phase::Unknown] {
        tell(phase.as_str(), of(phase));
    }
    tell("with restarts", restarted);
    line + "\n"
}

/// Whether a pod is as it should be.
fn is_fine(pod: &PodRow) -> bool {
    pod.ready || pod.phase == Phase::Succeeded
}

/// Deals rows out to tables that need so many, one after the other, as long as there are some.
fn shares(rows: usize, needs: [usize; 3]) -> [usize; 3] {
    let mut shares = [0; 3];
    let mut left = rows;
    while left > 0 && shares != needs {
        for (share, need) in shares.iter_mut().zip(needs) {
            if *share < need && left > 0 {
                *share += 1;
                left -= 1;
            }
        }
    }
    shares
}

/// Columns as wide as their widest cell; so many rows are shown.
fn table(text: &mut String, head: &[&str], rows: Vec<Vec<String>>, most: usize) {
    if rows.is_empty() {
        return;
    }
    let left_out = rows.len().saturating_sub(most);
    let head = head.iter().map(|cell| (*cell).to_owned()).collect();
    let shown: Vec<Vec<String>> = std::iter::once(head).chain(rows.into_iter().take(most)).collect();
    let width = |column: usize| shown.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..shown[0].len()).map(width).collect();
    for row in &shown {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    more(text, left_out);
}

fn more(text: &mut String, left_out: usize) {
    if left_out > 0 {
        text.push_str(&format!("… and {left_out} more\n"));
    }
}

/// Where messages about an object are looked up.
type About = (Kind, ObjectKey);

#[cfg(test)]
mod tests;
