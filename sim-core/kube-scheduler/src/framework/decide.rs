//! One scheduling cycle, from PreFilter to the chosen node (scheduler.md 4.1 to 4.7).
//!
//! DIFFERENCE: pods that another pod's preemption made room for (nominated pods) do not count on their node, because
//! nothing is preempted yet. DIFFERENCE: extenders do not exist; who configures one can tell.

use super::fit_error::{Diagnosis, FitError};
use super::host::HostChoice;
use super::interface::{Cycle, CycleState, FilterPlugin, Incoming, PreFilter, PreScore, ScorePlugin};
use super::plugin::{PluginName, PluginSet};
use super::profile::Profile;
use super::search::nodes_to_find;
use super::status::{Code, Rejection};
use crate::cache::{Cache, NodeIx};
use api::Name;
use journal::ScoredNode;
use random::Seed;

/// Runs the plugins of a profile.
#[derive(Clone, Debug, Default)]
pub struct Framework {
    /// The plugins.
    pub profile: Profile,
    /// How ties are broken.
    pub host_choice: HostChoice,
    /// What breaks ties where that is random.
    pub seed: Seed,
    /// Where the next search begins.
    next_start: usize,
}

/// A node was found.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The node.
    pub node: Name,
    /// What the cycle saw.
    pub diagnosis: Diagnosis,
    /// The chosen node and the next three with their totals, best first; no totals where only one node passed.
    pub top: Vec<ScoredNode>,
}

/// The scores of one plugin for the nodes that passed, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginScores {
    /// The plugin.
    pub plugin: PluginName,
    /// Its weight.
    pub weight: i64,
    /// As it gave them.
    pub raw: Vec<i64>,
    /// Normalised.
    pub normalized: Vec<i64>,
}

struct PreFiltered {
    state: CycleState,
    skipped: PluginSet,
    narrowed: Option<Vec<Name>>,
}

impl Framework {
    /// A framework whose first search begins at the first node.
    pub fn new(profile: Profile, host_choice: HostChoice, seed: Seed) -> Self {
        Self { profile, host_choice, seed, next_start: 0 }
    }

    /// Finds a node for a pod.
    ///
    /// # Errors
    /// No node will do; the error says why.
    pub fn schedule(&mut self, cache: &mut Cache, incoming: &Incoming) -> Result<Decision, FitError> {
        self.schedule_with(cache, incoming, &mut None)
    }

    /// The same, and keeps what every plugin said about every node that passed if `explanation` is given as `Some`.
    ///
    /// # Errors
    /// No node will do; the error says why.
    pub fn schedule_with(
        &mut self,
        cache: &mut Cache,
        incoming: &Incoming,
        explanation: &mut Option<(Vec<NodeIx>, Vec<PluginScores>)>,
    ) -> Result<Decision, FitError> {
        cache.update_snapshot();
        if cache.nodes().is_empty() {
            return Err(FitError::no_nodes());
        }
        let mut diagnosis = Diagnosis {
            all_nodes: cache.nodes().len(),
            scalars: incoming.facts.request.scalars.iter().map(|(name, _)| name.clone()).collect(),
            ..Diagnosis::default()
        };
        let Some(mut prepared) = self.pre_filter(cache, incoming, &mut diagnosis) else {
            // DynamicResources has not prepared anything then, and its PostFilter says so (scheduler.md 9.2).
            let text = if self.profile_has(PluginName::DynamicResources) { "not found" } else { "" };
            return Err(FitError::new(diagnosis, text));
        };
        let feasible = self.find_nodes(cache, incoming, &prepared, &mut diagnosis);
        if feasible.is_empty() {
            let text = self.post_filter(incoming, &diagnosis);
            return Err(FitError::new(diagnosis, &text));
        }
        if let ([only], None) = (feasible.as_slice(), &explanation) {
            let top = vec![ScoredNode { node: cache.name(*only).clone(), score: 0 }];
            return Ok(Decision { node: cache.name(*only).clone(), diagnosis, top });
        }
        let scores = self.score(cache, incoming, &mut prepared.state, &feasible);
        let decision = self.choose(cache, incoming, &feasible, &scores, diagnosis);
        if let Some(explanation) = explanation {
            *explanation = (feasible, scores);
        }
        Ok(decision)
    }

    fn choose(
        &self,
        cache: &Cache,
        incoming: &Incoming,
        nodes: &[NodeIx],
        scores: &[PluginScores],
        diagnosis: Diagnosis,
    ) -> Decision {
        let totals = totals(scores, nodes.len());
        let winner = self.host_choice.choose(&totals, self.seed, &incoming.pod.meta);
        let top = top(cache, nodes, &totals, winner);
        Decision { node: cache.name(nodes[winner]).clone(), diagnosis, top }
    }

    fn profile_has(&self, name: PluginName) -> bool {
        self.profile.plugins.iter().any(|weighted| weighted.plugin.name() == name)
    }

    /// `None` if no node can do.
    fn pre_filter(
        &self,
        cache: &mut Cache,
        incoming: &Incoming,
        diagnosis: &mut Diagnosis,
    ) -> Option<PreFiltered> {
        let (mut state, mut skipped, mut narrowed) = (CycleState::default(), PluginSet::default(), None);
        for weighted in &self.profile.plugins {
            let (name, Some(plugin)) = (weighted.plugin.name(), weighted.plugin.pre_filter()) else {
                continue;
            };
            match plugin.pre_filter(incoming, &mut state, cache) {
                PreFilter::Success => {}
                PreFilter::Skip => skipped.insert(name),
                PreFilter::Narrowed(names) => {
                    diagnosis.is_narrowed = true;
                    diagnosis.rejectors.insert(name);
                    narrowed = Some(names);
                }
                PreFilter::Rejected(rejection) => {
                    // Preemption cannot help: stop at once. Otherwise the last one counts, after all have been asked.
                    diagnosis.pre_filter = Some((name, rejection));
                    if rejection.code == Code::UnschedulableAndUnresolvable {
                        diagnosis.rejectors = PluginSet::default();
                        break;
                    }
                }
            }
        }
        let Some((name, _)) = diagnosis.pre_filter else {
            return Some(PreFiltered { state, skipped, narrowed });
        };
        diagnosis.rejectors.insert(name);
        None
    }

    /// The nodes that pass all filters, in the order of the visits; at most as many as are enough.
    fn find_nodes(
        &mut self,
        cache: &Cache,
        incoming: &Incoming,
        prepared: &PreFiltered,
        diagnosis: &mut Diagnosis,
    ) -> Vec<NodeIx> {
        let cycle = Cycle { incoming, state: &prepared.state, cache };
        let mut search =
            Search { filters: self.filters(prepared.skipped), cycle, diagnosis, pre_checked: None };
        if let Some(ix) = nominated_node(cache, incoming) {
            if search.passes(ix) {
                (diagnosis.visited, diagnosis.feasible) = (1, 1);
                return vec![ix];
            }
            search.pre_checked = Some(ix);
        }
        let narrowed = prepared.narrowed.as_ref().map(|names| in_order(cache, names));
        let list = narrowed.as_deref().unwrap_or(cache.nodes());
        let enough = nodes_to_find(list.len(), self.profile.percentage_of_nodes_to_score);
        let feasible = search.from(list, self.next_start, enough);
        diagnosis.feasible = feasible.len();
        diagnosis.visited = feasible.len() + diagnosis.statuses.len();
        self.next_start = (self.next_start + diagnosis.visited) % diagnosis.all_nodes.max(1);
        feasible
    }

    fn filters(&self, skipped: PluginSet) -> Vec<(PluginName, &dyn FilterPlugin)> {
        let plugins = self.profile.plugins.iter().map(|weighted| &weighted.plugin);
        let running = plugins.filter(|plugin| !skipped.contains(plugin.name()));
        running.filter_map(|plugin| Some((plugin.name(), plugin.filter()?))).collect()
    }

    fn post_filter(&self, incoming: &Incoming, diagnosis: &Diagnosis) -> String {
        let statuses: Vec<(NodeIx, Rejection)> =
            diagnosis.statuses.iter().map(|(ix, _, r)| (*ix, *r)).collect();
        let plugins = self.profile.plugins.iter().filter_map(|weighted| weighted.plugin.post_filter());
        let texts = plugins.map(|plugin| plugin.post_filter(incoming, &statuses, diagnosis.all_nodes));
        texts.collect::<Vec<_>>().join(", ")
    }

    fn score(
        &self,
        cache: &mut Cache,
        incoming: &Incoming,
        state: &mut CycleState,
        nodes: &[NodeIx],
    ) -> Vec<PluginScores> {
        let mut skipped = PluginSet::default();
        for weighted in &self.profile.plugins {
            if let Some(plugin) = weighted.plugin.pre_score()
                && plugin.pre_score(incoming, state, cache, nodes) == PreScore::Skip
            {
                skipped.insert(weighted.plugin.name());
            }
        }
        let cycle = Cycle { incoming, state, cache };
        let plugins = self.profile.plugins.iter().filter(|w| !skipped.contains(w.plugin.name()));
        plugins
            .filter_map(|weighted| {
                let (name, plugin) = (weighted.plugin.name(), weighted.plugin.score()?);
                Some(scores_of(name, plugin, weighted.weight, cycle, nodes))
            })
            .collect()
    }
}

/// A search for feasible nodes.
struct Search<'a, 'b> {
    filters: Vec<(PluginName, &'a dyn FilterPlugin)>,
    cycle: Cycle<'a>,
    diagnosis: &'b mut Diagnosis,
    /// A node that has its status already.
    pre_checked: Option<NodeIx>,
}

impl Search<'_, '_> {
    /// Visits the nodes from `start` on, round the end, until one more than enough is met: that one is not kept.
    fn from(&mut self, list: &[NodeIx], start: usize, enough: usize) -> Vec<NodeIx> {
        let mut feasible = Vec::with_capacity(enough.min(list.len()));
        let start = if list.is_empty() { 0 } else { start % list.len() };
        for ix in list[start..].iter().chain(&list[..start]).copied() {
            if self.pre_checked == Some(ix) || !self.passes(ix) {
                continue;
            }
            if feasible.len() == enough {
                break;
            }
            feasible.push(ix);
        }
        feasible
    }

    /// Runs the filters on a node; the first that rejects it leaves its status.
    fn passes(&mut self, ix: NodeIx) -> bool {
        let node = self.cycle.cache.view(ix);
        for (name, plugin) in &self.filters {
            if let Err(rejection) = plugin.filter(self.cycle, node) {
                self.diagnosis.rejectors.insert(*name);
                self.diagnosis.statuses.push((ix, *name, rejection));
                return false;
            }
        }
        true
    }
}

/// The node that preemption made room on for this pod.
fn nominated_node(cache: &Cache, incoming: &Incoming) -> Option<NodeIx> {
    let name = &incoming.pod.status.nominated_node_name;
    (!name.is_empty()).then(|| cache.node_in_snapshot(name)).flatten()
}

/// The named nodes that exist, in the order of the list.
fn in_order(cache: &Cache, names: &[Name]) -> Vec<NodeIx> {
    let mut nodes: Vec<NodeIx> = names.iter().filter_map(|name| cache.node_in_snapshot(name)).collect();
    nodes.sort_unstable_by_key(|ix| cache.position(*ix));
    nodes
}

fn scores_of(
    name: PluginName,
    plugin: &dyn ScorePlugin,
    weight: i64,
    cycle: Cycle<'_>,
    nodes: &[NodeIx],
) -> PluginScores {
    let raw: Vec<i64> = nodes.iter().map(|ix| plugin.score(cycle, cycle.cache.view(*ix))).collect();
    let mut normalized = raw.clone();
    plugin.normalize(cycle, nodes, &mut normalized);
    PluginScores { plugin: name, weight, raw, normalized }
}

fn totals(scores: &[PluginScores], nodes: usize) -> Vec<i64> {
    let mut totals = vec![0_i64; nodes];
    for scores in scores {
        for (total, score) in totals.iter_mut().zip(&scores.normalized) {
            *total = total.saturating_add(score.saturating_mul(scores.weight));
        }
    }
    totals
}

/// The winner, then the three next best, the earlier first where totals are equal.
fn top(cache: &Cache, nodes: &[NodeIx], totals: &[i64], winner: usize) -> Vec<ScoredNode> {
    const NEXT: usize = 3;
    let mut best: Vec<usize> = Vec::with_capacity(NEXT + 1);
    for at in (0..totals.len()).filter(|at| *at != winner) {
        let place = best.partition_point(|other| totals[*other] >= totals[at]);
        if place < NEXT {
            best.insert(place, at);
            best.truncate(NEXT);
        }
    }
    let scored = |at: usize| ScoredNode { node: cache.name(nodes[at]).clone(), score: totals[at] };
    std::iter::once(winner).chain(best).map(scored).collect()
}
