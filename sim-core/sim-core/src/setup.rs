//! What a run begins with.

use crate::profile::Profile;
use api::node::Taint;
use api::pod::ResourceList;
use api::{LabelSelector, Name, StringMap};
use machine::Behavior;
use random::Seed;
use std::sync::Arc;
use units::{Clock, SimTime};

/// Everything a run depends on. Nothing in it refers to a file.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Name of the scenario.
    pub name: String,
    /// The only source of randomness.
    pub seed: Seed,
    /// The cluster's wall clock.
    pub clock: Clock,
    /// Latencies and reservations.
    pub profile: Profile,
    /// Machines that are registered and Ready before t = 0.
    pub nodes: Vec<NodeSetup>,
    /// What containers do; the first that matches counts.
    pub behaviors: Vec<BehaviorRule>,
    /// kubectl lines and when their first request reaches the API server.
    pub lines: Vec<(SimTime, kubectl::Command)>,
}

/// A machine with a kubelet.
#[derive(Clone, Debug)]
pub struct NodeSetup {
    /// Name.
    pub name: Name,
    /// Labels beside those that its kubelet sets.
    pub labels: StringMap,
    /// Taints.
    pub taints: Vec<Taint>,
    /// What the machine has.
    pub capacity: ResourceList,
}

/// What the containers that it matches do.
#[derive(Clone, Debug)]
pub struct BehaviorRule {
    /// Labels of the pods; `None` = all pods.
    pub pods: Option<LabelSelector>,
    /// Names of the containers; `None` = all.
    pub containers: Option<Vec<Name>>,
    /// Starts of a container, counted from 1; `None` = all.
    pub runs: Option<Vec<u32>>,
    /// What they do.
    pub behavior: Arc<Behavior>,
}

/// The rules of a run, and which of them matched something.
#[derive(Clone, Debug, Default)]
pub struct Behaviors {
    rules: Arc<[BehaviorRule]>,
    matched: Vec<bool>,
    plain: Arc<Behavior>,
}

impl Behaviors {
    /// These rules, none of which has matched yet.
    pub fn new(rules: Vec<BehaviorRule>) -> Self {
        Self { matched: vec![false; rules.len()], rules: rules.into(), plain: Arc::new(Behavior::default()) }
    }

    /// What this run of a container does: the first rule that matches, else nothing special.
    pub fn resolve(&mut self, labels: &StringMap, container: &Name, run: u32) -> Arc<Behavior> {
        let matches = |rule: &BehaviorRule| {
            rule.pods.as_ref().is_none_or(|pods| pods.matches(labels))
                && rule.containers.as_ref().is_none_or(|names| names.contains(container))
                && rule.runs.as_ref().is_none_or(|runs| runs.contains(&run))
        };
        match self.rules.iter().position(matches) {
            Some(at) => {
                self.matched[at] = true;
                Arc::clone(&self.rules[at].behavior)
            }
            None => Arc::clone(&self.plain),
        }
    }

    /// Places of the rules that have matched no container so far.
    pub fn unmatched(&self) -> impl Iterator<Item = usize> + '_ {
        self.matched.iter().enumerate().filter(|(_, matched)| !**matched).map(|(at, _)| at)
    }
}
