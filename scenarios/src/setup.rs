//! From a scenario to what a run begins with.

use crate::model::{BehaviorRule, Health, HealthResult, ProbeRole, Scenario, Stop};
use kubectl::Command;
use machine::{Behavior, Window};
use random::Seed;
use sim_core::{NodeSetup, Profile, Setup};
use std::sync::Arc;
use units::{SimDuration, SimTime};

impl Scenario {
    /// What a run of this scenario begins with.
    pub fn setup(&self) -> Setup {
        Setup {
            name: self.name.to_string(),
            seed: Seed(self.seed),
            clock: self.clock,
            profile: Profile::named(self.profile),
            nodes: self.node_setups(),
            behaviors: self.behaviors.iter().map(rule).collect(),
            lines: self.lines(),
        }
    }

    fn node_setups(&self) -> Vec<NodeSetup> {
        let of_pool = |pool: &crate::Pool| -> Vec<NodeSetup> {
            let node = |(name, labels)| NodeSetup {
                name,
                labels,
                taints: pool.taints.clone(),
                capacity: pool.capacity.clone(),
            };
            pool.nodes().map(node).collect()
        };
        self.pools.iter().flat_map(of_pool).collect()
    }

    /// The manifests are applied by one kubectl at t = 0; then comes the timeline.
    fn lines(&self) -> Vec<(SimTime, Command)> {
        let mut lines = Vec::new();
        if !self.manifests.is_empty() {
            let manifests = self.manifests.iter().map(crate::Manifest::for_kubectl).collect();
            lines.push((SimTime::ZERO, Command::apply("apply -f manifests", manifests)));
        }
        lines.extend(self.timeline.iter().map(|step| (step.at, step.command.clone())));
        lines
    }
}

fn rule(rule: &BehaviorRule) -> sim_core::BehaviorRule {
    let behavior = Behavior {
        pull: rule.pull,
        start: rule.start.unwrap_or_default(),
        stop: rule.stop.map_or_else(machine::Stop::default, stop),
        exit: None,
        health: rule.health.iter().map(window).collect(),
    };
    sim_core::BehaviorRule {
        pods: rule.pods.clone(),
        containers: rule.containers.clone(),
        runs: rule.runs.clone(),
        behavior: Arc::new(behavior),
    }
}

fn stop(stop: Stop) -> machine::Stop {
    match stop {
        Stop::After { after, code } => machine::Stop::After { after, code },
        Stop::Never => machine::Stop::Never,
    }
}

fn window(health: &Health) -> Window {
    let role = |role: &ProbeRole| match role {
        ProbeRole::Startup => cri::ProbeRole::Startup,
        ProbeRole::Liveness => cri::ProbeRole::Liveness,
        ProbeRole::Readiness => cri::ProbeRole::Readiness,
    };
    Window {
        probes: health.probes.iter().map(role).collect(),
        from: health.from,
        to: health.to.unwrap_or(SimDuration::MAX),
        result: match health.result {
            HealthResult::Failure => machine::HealthResult::Failure,
            HealthResult::Timeout => machine::HealthResult::Timeout,
        },
    }
}
