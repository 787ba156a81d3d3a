//! What a scenario is once it is read: plain data, all of it checked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use api::diagnostics::Diagnostics;
use api::node::Taint;
use api::pod::ResourceList;
use api::{Kind, LabelSelector, Name, StringMap};
use serde_json::Value;
use sim_core::ProfileName;
use units::{Clock, SimDuration, SimTime};

/// The label that the zones of a pool become.
const ZONE: &str = "topology.kubernetes.io/zone";

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The file, as the user named it; `-` is standard input.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// `metadata.name`
    pub name: Name,
    /// What it shows; may be empty.
    pub description: String,
    /// The only source of randomness.
    pub seed: u64,
    /// The wall clock of the cluster.
    pub clock: Clock,
    /// Virtual time of the run.
    pub duration: SimDuration,
    /// Latencies and reservations.
    pub profile: ProfileName,
    /// The nodes that are there and Ready before t=0.
    pub pools: Vec<Pool>,
    /// What one kubectl applies from t=0 on, in this order.
    pub manifests: Vec<Manifest>,
    /// What containers do: the first rule that matches counts.
    pub behaviors: Vec<BehaviorRule>,
    /// What people do: by time, and by place in the file where times are equal.
    pub timeline: Vec<Step>,
    /// What is probably not meant so; never an error.
    pub warnings: Diagnostics,
    /// Every file that was read, by the path it was read under.
    pub inputs: BTreeMap<String, Arc<[u8]>>,
}

/// Nodes of one make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub name: Name,
    /// How many; `None` is one node with exactly the pool's name.
    pub count: Option<u32>,
    /// Dealt to the nodes round robin.
    pub zones: Vec<Name>,
    /// Labels of each node.
    pub labels: StringMap,
    /// Taints of each node.
    pub taints: Vec<Taint>,
    /// What each machine has: the defaults, with what the scenario says over them.
    pub capacity: ResourceList,
}

impl Pool {
    /// `name-0`, `name-1`, …; without `count` the name itself.
    pub fn node_names(&self) -> impl Iterator<Item = Name> + '_ {
        let alone = self.count.is_none().then(|| self.name.clone());
        let numbered = 0..self.count.unwrap_or(0);
        alone.into_iter().chain(numbered.map(|number| format!("{}-{number}", self.name).into()))
    }

    /// Each node's name and labels: those of the pool, and its zone. The first node has the first zone.
    pub fn nodes(&self) -> impl Iterator<Item = (Name, StringMap)> + '_ {
        let labelled: Vec<StringMap> = match self.zones.is_empty() {
            true => vec![self.labels.clone()],
            false => self.zones.iter().map(|zone| self.labels.with(ZONE, zone.clone())).collect(),
        };
        self.node_names().enumerate().map(move |(at, name)| (name, labelled[at % labelled.len()].clone()))
    }
}

/// An object to be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Where it begins.
    pub source: Position,
    /// Its kind.
    pub kind: Kind,
    /// The object as it was given: without defaults, its namespace perhaps absent.
    pub object: Value,
}

impl Manifest {
    /// `metadata.name`
    pub fn name(&self) -> &str {
        self.metadata("name")
    }

    /// `metadata.namespace`; empty if it is not given.
    pub fn namespace(&self) -> &str {
        self.metadata("namespace")
    }

    /// As kubectl takes it. Its source is the file's path, `STDIN` for `-`.
    pub fn for_kubectl(&self) -> kubectl::Manifest {
        let source = if *self.source.file == *"-" { "STDIN" } else { &self.source.file }.to_owned();
        kubectl::Manifest { source, kind: self.kind, object: self.object.clone() }
    }

    fn metadata(&self, field: &str) -> &str {
        self.object["metadata"][field].as_str().unwrap_or_default()
    }
}

/// What the containers that it matches do.
#[derive(Clone, Debug, PartialEq)]
pub struct BehaviorRule {
    /// Of which pods; `None` is all.
    pub pods: Option<LabelSelector>,
    /// Which containers; `None` is all, init containers too.
    pub containers: Option<Vec<Name>>,
    /// For which starts of the container, from 1; `None` is all.
    pub runs: Option<Vec<u32>>,
    /// Time to pull the image onto a node that lacks it; `None` is the profile's.
    pub pull: Option<SimDuration>,
    /// From the container's start until it serves; `None` is at once.
    pub start: Option<SimDuration>,
    /// How it stops; `None` is at once, with code 143.
    pub stop: Option<Stop>,
    /// When its probes do not succeed although it serves.
    pub health: Vec<Health>,
    /// Where the rule stands.
    pub position: Position,
}

/// What a process makes of SIGTERM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It ends.
    After {
        /// After this time.
        after: SimDuration,
        /// With this exit code.
        code: i32,
    },
    /// It ignores it.
    Never,
}

/// A window in which probes do not succeed, counted from the container's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Which probes.
    pub probes: Vec<ProbeRole>,
    /// First moment.
    pub from: SimDuration,
    /// First moment after it; `None` lasts as long as the container.
    pub to: Option<SimDuration>,
    /// What the probe sees.
    pub result: HealthResult,
}

/// Which of a container's probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProbeRole {
    /// `startupProbe`
    Startup,
    /// `livenessProbe`
    Liveness,
    /// `readinessProbe`
    Readiness,
}

/// What a probe sees in a window of bad health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthResult {
    /// A quick no.
    Failure,
    /// No answer within its time-out.
    Timeout,
}

/// A `kubectl` line of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When its first request reaches the API server.
    pub at: SimTime,
    /// The line, and the objects of its files.
    pub command: kubectl::Command,
    /// Where the line stands.
    pub position: Position,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(count: Option<u32>, zones: &[&str]) -> Pool {
        Pool {
            name: "node".into(),
            count,
            zones: zones.iter().map(|zone| Name::from(*zone)).collect(),
            labels: [("disk", "ssd")].into_iter().collect(),
            taints: Vec::new(),
            capacity: ResourceList::default(),
        }
    }

    #[test]
    fn a_pool_without_count_is_one_node_of_its_name() {
        assert_eq!(pool(None, &[]).node_names().collect::<Vec<_>>(), ["node"]);
        assert_eq!(pool(Some(1), &[]).node_names().collect::<Vec<_>>(), ["node-0"]);
    }

    #[test]
    fn zones_are_dealt_round_robin() {
        let nodes: Vec<String> = pool(Some(3), &["a", "b"])
            .nodes()
            .map(|(name, labels)| {
                format!(
                    "{name} {:?} {:?}",
                    labels.get(ZONE).map(Name::as_str),
                    labels.get("disk").map(Name::as_str)
                )
            })
            .collect();
        let expect = [
            r#"node-0 Some("a") Some("ssd")"#,
            r#"node-1 Some("b") Some("ssd")"#,
            r#"node-2 Some("a") Some("ssd")"#,
        ];
        assert_eq!(nodes, expect);
        assert!(pool(Some(2), &[]).nodes().all(|(_, labels)| !labels.contains_key(ZONE)));
    }
}
