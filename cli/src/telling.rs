//! What `run` prints: the timeline, and a summary of at most 40 lines.

use std::collections::BTreeSet;

use api::Name;
use reports::summary::{self, Summary};
use reports::timeline::{self, Line};
use scenarios::{BehaviorRule, Scenario};
use sim_core::Simulation;
use units::{SimTime, format_go_duration};

use crate::origin::Origin;
use crate::terminal::{Level, complain};

/// Kinds that the summary is made of.
const SUMMED_UP: [api::Kind; 5] =
    [api::Kind::Node, api::Kind::Deployment, api::Kind::ReplicaSet, api::Kind::Pod, api::Kind::Event];

/// A run that has ended.
pub(crate) struct Facts<'a> {
    /// What was run.
    pub(crate) scenario: &'a Scenario,
    /// Where it came from.
    pub(crate) origin: &'a Origin,
    /// Whether it was kept.
    pub(crate) is_kept: bool,
    /// To which moment.
    pub(crate) until: SimTime,
    /// Its last moment.
    pub(crate) simulation: &'a Simulation,
}

/// The timeline; bad news is coloured.
pub(crate) fn timeline(lines: &[Line]) -> String {
    let style = anstyle::AnsiColor::Yellow.on_default();
    let text = timeline::render(lines);
    let row = |(row, line): (&str, &Line)| match line.warning {
        true => format!("{style}{row}{style:#}\n"),
        false => format!("{row}\n"),
    };
    text.lines().zip(lines).map(row).collect()
}

/// The summary; what is probably not meant so is told beside it.
pub(crate) fn summary(facts: &Facts<'_>) -> String {
    let objects: Vec<api::Object> =
        SUMMED_UP.iter().flat_map(|kind| facts.simulation.objects(*kind)).collect();
    let sums = Summary::of(objects.iter());
    let (assumed, next) = (assumed(facts, &objects), next(facts, !sums.worst.is_empty()));
    format!("{}{assumed}{}{next}\n", summary::render(&sums), idle(facts.simulation))
}

/// What the result rests on, and its hash.
fn assumed(facts: &Facts<'_>, objects: &[api::Object]) -> String {
    let Scenario { seed, profile, behaviors, .. } = facts.scenario;
    let plain = plain_containers(behaviors, objects);
    let containers = match plain.len() {
        0 => String::new(),
        _ if behaviors.is_empty() => ", containers serve at once".to_owned(),
        _ => format!(", containers without a behaviour ({}) serve at once", some_of(&plain)),
    };
    let (profile, hash) = (profile.as_str(), facts.simulation.journal_hash());
    format!("assumed: seed {seed}, profile {profile}{containers}; hash {hash}\n")
}

/// Names of containers that no behaviour is for.
fn plain_containers(behaviors: &[BehaviorRule], objects: &[api::Object]) -> BTreeSet<Name> {
    let mut plain = BTreeSet::new();
    for object in objects {
        let (labels, spec) = match object {
            api::Object::Pod(pod) => (&pod.meta.labels, &pod.spec),
            api::Object::Deployment(d) => (&d.spec.template.labels, &d.spec.template.spec),
            _ => continue,
        };
        let is_plain = |container: &&api::pod::Container| {
            let is_for = |rule: &BehaviorRule| {
                rule.pods.as_ref().is_none_or(|pods| pods.matches(labels))
                    && rule.containers.as_ref().is_none_or(|names| names.contains(&container.name))
            };
            !behaviors.iter().any(is_for)
        };
        plain.extend(spec.all_containers().filter(is_plain).map(|container| container.name.clone()));
    }
    plain
}

/// `a, b, c and 4 more`
fn some_of(names: &BTreeSet<Name>) -> String {
    const NAMED: usize = 3;
    let named = names.iter().take(NAMED).map(Name::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Kinds that a real cluster acts on, and that are only kept here.
const IDLE: [api::Kind; 12] = [
    api::Kind::StatefulSet,
    api::Kind::DaemonSet,
    api::Kind::Job,
    api::Kind::CronJob,
    api::Kind::ReplicationController,
    api::Kind::HorizontalPodAutoscaler,
    api::Kind::PodDisruptionBudget,
    api::Kind::PersistentVolumeClaim,
    api::Kind::ResourceQuota,
    api::Kind::LimitRange,
    api::Kind::NetworkPolicy,
    api::Kind::Ingress,
];

/// Says which objects nothing has acted on.
fn idle(simulation: &Simulation) -> String {
    let count = |kind: api::Kind| match simulation.objects(kind).len() {
        0 => None,
        1 => Some(format!("1 {}", kind.info().singular)),
        count => Some(format!("{count} {}", kind.info().plural)),
    };
    let idle: Vec<String> = IDLE.into_iter().filter_map(count).collect();
    match idle.is_empty() {
        true => String::new(),
        false => format!("kept, but nothing acts on them yet: {}\n", idle.join(", ")),
    }
}

/// The next command to type.
fn next(facts: &Facts<'_>, has_trouble: bool) -> String {
    let what = if has_trouble { "events" } else { "pods" };
    let at = format_go_duration(facts.until - SimTime::ZERO);
    match facts.origin {
        _ if facts.is_kept => format!("next: wavetank get {what} -A --at {at}"),
        Origin::Scenario { path, set } if set.is_empty() && path != "-" => {
            format!("next: wavetank get {what} -A --run {path} --at {at}")
        }
        _ => format!("next: the same with --out DIR, then wavetank get {what} -A --at {at}"),
    }
}

/// Warns of behaviours that no container had.
pub(crate) fn warn_of_unmatched(facts: &Facts<'_>) {
    for number in facts.simulation.unmatched_behaviors() {
        if let Some(rule) = facts.scenario.behaviors.get(number) {
            let message = format!("the behaviour at {} has matched no container", rule.position);
            complain(Level::Warning, &message, None);
        }
    }
}
