//! A pass without time: every pending pod is looked at once, in order, and counted where it would go.
//!
//! What `wavetank schedule` runs. Bound pods in the input are taken as they are. Validated by the conformance cases of
//! `tests/conformance.rs` and by two real clusters in `tests/k8s_sims.rs`.
//! DIFFERENCE: a pod that is placed does not get its node's zone and region labels, as a binding through the API would
//! give it; who spreads or selects by pods' zone labels can tell.

use crate::cache::{Cache, NodeIx};
use crate::default_selector::{is_needed, merged_services, with_owner};
use crate::framework::{
    Code, Diagnosis, Framework, HostChoice, Incoming, PluginName, PluginScores, Profile, QueueSortPlugin,
    Rejection,
};
use crate::plugins::PrioritySort;
use api::core::Service;
use api::node::Node;
use api::pod::Pod;
use api::{LabelSelector, Name, ObjectKey};
use journal::ScoredNode;
use random::Seed;
use std::collections::BTreeMap;
use std::sync::Arc;
use units::SimTime;

/// In which order pending pods are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As they are given.
    #[default]
    File,
    /// Higher priority first, else as they are given.
    Queue,
}

/// How a pass is made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Breaks ties where that is random.
    pub seed: Seed,
    /// How ties are broken.
    pub host_choice: HostChoice,
    /// The plugins.
    pub profile: Profile,
    /// The order of the pods.
    pub order: Order,
    /// Services, by namespace and name: they tell which pods are spread by default.
    pub services: Vec<Arc<Service>>,
    /// Selectors of owners (kind and key), for the same purpose.
    pub owners: BTreeMap<(Name, ObjectKey), LabelSelector>,
    /// Whether every placement says what every plugin said of every node. All nodes are searched then.
    pub explain: bool,
}

/// What became of a pod.
#[derive(Clone, Debug, Default)]
pub struct Placement {
    /// The pod.
    pub pod: ObjectKey,
    /// The node that was chosen.
    pub node: Option<Name>,
    /// Why not, if none was; the text of the FailedScheduling event.
    pub message: String,
    /// The pod's scheduling gates, if they hold it back; it was not looked at then.
    pub gates: Vec<Name>,
    /// The chosen node and the next three with their totals, best first.
    pub top: Vec<ScoredNode>,
    /// What every plugin said, if that was asked for.
    pub explanation: Option<Explanation>,
}

/// What a plugin said: its name, the code, the reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The plugin.
    pub plugin: &'static str,
    /// The code.
    pub code: Code,
    /// The reasons.
    pub reasons: Vec<Name>,
}

/// What every plugin said of every node.
#[derive(Clone, Debug, Default)]
pub struct Explanation {
    /// PreFilter rejected the pod.
    pub pre_filter: Option<Verdict>,
    /// Nodes that were rejected. Those that PreFilter left out of the search are not named.
    pub rejected: BTreeMap<Name, Verdict>,
    /// Nodes that passed.
    pub scored: BTreeMap<Name, NodeScores>,
}

/// The scores of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeScores {
    /// Per plugin: raw, normalised, weighted.
    pub plugins: Vec<(&'static str, [i64; 3])>,
    /// The sum of the weighted ones.
    pub total: i64,
}

/// Places the pending pods one after another. Ended pods count for nothing.
pub fn schedule_all(nodes: Vec<Arc<Node>>, pods: Vec<Arc<Pod>>, options: Options) -> Vec<Placement> {
    let mut cache = Cache::default();
    nodes.iter().for_each(|node| cache.set_node(node));
    let living = pods.into_iter().filter(|pod| !pod.status.phase.is_terminal());
    let (bound, mut pending): (Vec<_>, Vec<_>) = living.partition(|pod| pod.is_bound());
    bound.iter().for_each(|pod| cache.set_pod(pod));
    if options.order == Order::Queue {
        pending.sort_by_key(|pod| PrioritySort.sort_key(pod.spec.priority, SimTime::ZERO));
    }
    let mut framework = Framework::new(options.profile.clone(), options.host_choice, options.seed);
    if options.explain {
        framework.profile.percentage_of_nodes_to_score = 100;
    }
    pending.into_iter().map(|pod| place(&mut framework, &mut cache, pod, &options)).collect()
}

fn place(framework: &mut Framework, cache: &mut Cache, pod: Arc<Pod>, options: &Options) -> Placement {
    let mut placement = Placement { pod: pod.meta.key(), ..Placement::default() };
    if !pod.spec.scheduling_gates.is_empty() {
        placement.gates.clone_from(&pod.spec.scheduling_gates);
        return placement;
    }
    let incoming =
        Incoming { facts: cache.facts(&pod), default_selector: default_selector(&pod, options), pod };
    let mut explanation = options.explain.then(Default::default);
    let result = framework.schedule_with(cache, &incoming, &mut explanation);
    let diagnosis = match result {
        Ok(decision) => {
            cache.assume(&incoming.pod, &decision.node);
            placement.node = Some(decision.node);
            placement.top = decision.top;
            decision.diagnosis
        }
        Err(error) => {
            placement.message = error.message;
            *error.diagnosis
        }
    };
    placement.explanation = explanation.map(|(nodes, scores)| explain(cache, &diagnosis, &nodes, &scores));
    placement
}

fn default_selector(pod: &Pod, options: &Options) -> Option<LabelSelector> {
    if !is_needed(pod) {
        return None;
    }
    let services = options.services.iter().filter(|service| service.meta.namespace == pod.meta.namespace);
    let owner = pod.meta.controller().and_then(|owner| {
        let key = ObjectKey::new(pod.meta.namespace.clone(), owner.name.clone());
        options.owners.get(&(owner.kind.clone(), key))
    });
    with_owner(merged_services(services, &pod.meta.labels), owner)
}

fn explain(cache: &Cache, diagnosis: &Diagnosis, nodes: &[NodeIx], scores: &[PluginScores]) -> Explanation {
    let verdict = |plugin: PluginName, rejection: Rejection| Verdict {
        plugin: plugin.as_str(),
        code: rejection.code,
        reasons: diagnosis.texts(rejection.reason),
    };
    let mut explanation = Explanation {
        pre_filter: diagnosis.pre_filter.map(|(plugin, rejection)| verdict(plugin, rejection)),
        ..Explanation::default()
    };
    for (ix, plugin, rejection) in &diagnosis.statuses {
        explanation.rejected.insert(cache.name(*ix).clone(), verdict(*plugin, *rejection));
    }
    for (at, ix) in nodes.iter().enumerate() {
        explanation.scored.insert(cache.name(*ix).clone(), node_scores(scores, at));
    }
    explanation
}

fn node_scores(scores: &[PluginScores], at: usize) -> NodeScores {
    let mut node = NodeScores::default();
    for plugin in scores {
        let weighted = plugin.normalized[at].saturating_mul(plugin.weight);
        node.total = node.total.saturating_add(weighted);
        node.plugins.push((plugin.plugin.as_str(), [plugin.raw[at], plugin.normalized[at], weighted]));
    }
    node
}
