//! Why no node was found, and how that is said (scheduler.md 9.1).
//!
//! Source: `pkg/scheduler/framework/types.go` (FitError, Diagnosis), v1.36.2.

use super::plugin::{PluginName, PluginSet};
use super::status::{Reason, Rejection};
use crate::cache::{Cache, NodeIx};
use api::Name;
use journal::RejectedNodes;
use std::collections::BTreeMap;

/// So many nodes are named per plugin and reason.
const EXAMPLES: usize = 10;

/// What a cycle saw.
#[derive(Clone, Debug, Default)]
pub struct Diagnosis {
    /// How many nodes there were.
    pub all_nodes: usize,
    /// How many of them were filtered.
    pub visited: usize,
    /// How many passed.
    pub feasible: usize,
    /// Visited nodes that a plugin rejected, in the order of the visits.
    pub statuses: Vec<(NodeIx, PluginName, Rejection)>,
    /// PreFilter named the nodes: all others count as rejected.
    pub is_narrowed: bool,
    /// PreFilter rejected the pod before any node was looked at.
    pub pre_filter: Option<(PluginName, Rejection)>,
    /// Plugins that stand in the way: their events can bring the pod back.
    pub rejectors: PluginSet,
    /// Names of the extended resources that the pod asks for.
    pub scalars: Vec<Name>,
}

impl Diagnosis {
    /// The texts of a reason.
    pub fn texts(&self, reason: Reason) -> Vec<Name> {
        reason.texts(self.scalars.iter())
    }

    /// Per rejecting plugin and reason: how many nodes, and some of them.
    pub fn rejected_nodes(&self, cache: &Cache) -> Vec<RejectedNodes> {
        let mut by_reason: BTreeMap<(PluginName, Rejection), Vec<NodeIx>> = BTreeMap::new();
        for (ix, plugin, rejection) in &self.statuses {
            by_reason.entry((*plugin, *rejection)).or_default().push(*ix);
        }
        let rejected = |((plugin, rejection), nodes): ((PluginName, Rejection), Vec<NodeIx>)| RejectedNodes {
            plugin: Name::new_static(plugin.as_str()),
            reason: self.texts(rejection.reason).join(", ").into(),
            count: u32::try_from(nodes.len()).unwrap_or(u32::MAX),
            examples: nodes.iter().take(EXAMPLES).map(|ix| cache.name(*ix).clone()).collect(),
        };
        by_reason.into_iter().map(rejected).collect()
    }

    /// Counts each reason over the nodes.
    fn lines(&self) -> Vec<(Name, usize)> {
        let mut by_status: BTreeMap<Reason, usize> = BTreeMap::new();
        for (_, _, rejection) in &self.statuses {
            *by_status.entry(rejection.reason).or_default() += 1;
        }
        let others = self.all_nodes.saturating_sub(self.statuses.len());
        if self.is_narrowed && others > 0 {
            by_status.insert(Reason::NotNamed, others);
        }
        let mut by_text: BTreeMap<Name, usize> = BTreeMap::new();
        for (reason, count) in by_status {
            for text in self.texts(reason) {
                *by_text.entry(text).or_default() += count;
            }
        }
        by_text.into_iter().collect()
    }
}

/// No node was found.
#[derive(Clone, Debug, Default)]
pub struct FitError {
    /// What the cycle saw.
    pub diagnosis: Box<Diagnosis>,
    /// The whole message, as event and condition carry it.
    pub message: String,
}

impl FitError {
    /// There are no nodes at all.
    pub fn no_nodes() -> Self {
        Self { diagnosis: Box::default(), message: "no nodes available to schedule pods".to_owned() }
    }
    /// No node passed; `post_filter` is what PostFilter had to say.
    pub fn new(diagnosis: Diagnosis, post_filter: &str) -> Self {
        let text = diagnosis.pre_filter.map(|(_, r)| diagnosis.texts(r.reason).join(", "));
        let message =
            message(diagnosis.all_nodes, text.as_deref(), diagnosis.lines().into_iter(), post_filter);
        Self { diagnosis: Box::new(diagnosis), message }
    }
}

/// `0/N nodes are available: …`; lines are sorted as texts, their counts included.
pub fn message(
    all_nodes: usize,
    pre_filter: Option<&str>,
    lines: impl Iterator<Item = (Name, usize)>,
    post_filter: &str,
) -> String {
    let mut message = format!("0/{all_nodes} nodes are available:");
    let mut sorted: Vec<String> = lines.map(|(text, count)| format!("{count} {text}")).collect();
    sorted.sort_unstable();
    let reasons = pre_filter.map_or_else(|| sorted.join(", "), str::to_owned);
    if !reasons.is_empty() {
        message.extend([" ", &reasons, "."]);
    }
    if !post_filter.is_empty() {
        message.extend([" ", post_filter]);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sorted_as_texts() {
        let lines = [(Name::from("b"), 2), (Name::from("a"), 10), (Name::from("c"), 1)];
        let text = message(13, None, lines.into_iter(), "more");
        assert_eq!(text, "0/13 nodes are available: 1 c, 10 a, 2 b. more");
        assert_eq!(message(3, Some("why"), std::iter::empty(), ""), "0/3 nodes are available: why.");
        assert_eq!(message(3, None, std::iter::empty(), ""), "0/3 nodes are available:");
    }
}
