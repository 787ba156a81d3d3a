//! What `run` prints: the timeline, and a summary of at most 40 lines.

use reports::summary::{self, Summary};
use reports::timeline::{self, Line};
use scenarios::Scenario;
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
    if text.lines().count() != lines.len() {
        return text;
    }
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
    format!("{}{}\n{}\n", summary::render(&sums), assumed(facts), next(facts, !sums.worst.is_empty()))
}

fn assumed(facts: &Facts<'_>) -> String {
    let Scenario { seed, profile, behaviors, .. } = facts.scenario;
    let others = if behaviors.is_empty() { "containers" } else { "containers without a behaviour" };
    format!(
        "assumed: seed {seed}, profile {}, {others} serve at once; hash {}",
        profile.as_str(),
        facts.simulation.journal_hash()
    )
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
