//! The node lifecycle controller: notices that a node has gone silent, and says so in its status, its taints and the
//! readiness of its pods.
//!
//! Upstream: `pkg/controller/nodelifecycle/node_lifecycle_controller.go`,
//! `…/nodelifecycle/scheduler/rate_limited_queue.go`, `pkg/controller/util/node/controller_utils.go`, v1.36.2
//! (controllers.md 10.2 to 10.4).
//! Watches nodes, leases and pods → writes node conditions, taints, the Ready condition of pods; events.
//! Timers: a monitor pass each 5 s, and while nodes wait to be tainted a look at their queues each 100 ms.
//! DIFFERENCE: passes lie on a grid; the real pause starts after a pass. A node is overdue at the 10th pass, as the
//! specification recommends. A pass that takes longer than its period lets the next one fall out.
//! DIFFERENCE: no taint-based eviction of pods (`pkg/controller/tainteviction`): a NoExecute taint moves no pod.
//! DIFFERENCE: labels of nodes (`kubernetes.io/os`, `kubernetes.io/arch`) are not reconciled from the beta ones.
//! Validation: tables and runs beside the code; recordings node-stop, zone-outage.

mod health;
mod look;
mod taints;
mod zones;

use crate::Indexer;
use api::event::EventType;
use api::node::Node;
use api::{ConditionStatus, Kind, Name, Object, ObjectKey, ObjectRef, Uid};
use client::controller::{Controller, Progress, QueueConfig, Step, SyncContext};
use client::{Change, NewEvent, Reply, Response};
use health::Health;
use journal::ChangeType;
use look::{Look, Looked, Marking, mark, marking};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use taints::Swap;
use units::SimTime;
use zones::{ZoneKey, Zones};

type Context<'a> = SyncContext<'a, NodeLifecycleController>;

/// The node lifecycle controller.
#[derive(Clone, Debug, Default)]
pub struct NodeLifecycleController {
    known: BTreeMap<Name, Uid>,
    health: BTreeMap<Name, Health>,
    /// Nodes whose pods could not all be marked not ready.
    retry: BTreeSet<Name>,
    zones: Zones,
    pass: Option<Pass>,
}

/// A monitor pass that is not over.
#[derive(Clone, Debug)]
struct Pass {
    nodes: Vec<Arc<Node>>,
    /// Nodes that a worker still deals with.
    pending: BTreeSet<Name>,
    /// Nodes that were first seen in this pass.
    added: BTreeSet<Name>,
    /// Per zone the Ready conditions of its nodes.
    seen: BTreeMap<ZoneKey, Vec<Option<ConditionStatus>>>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A node was updated.
    Node(Name),
    /// A pod was bound.
    Pod(ObjectKey),
    /// A look at all nodes.
    Pass,
    /// The end of that look.
    EndOfPass,
    /// One node of a pass.
    Monitor(Name),
    /// A look at the queues of nodes that are to be tainted.
    TaintTick,
}

/// A sync that waits for replies.
#[derive(Clone, Debug)]
pub enum Sync {
    /// NoSchedule taints of an updated node.
    Node(Progress<Swap>),
    /// A pod bound to an unhealthy node.
    Pod(Progress<Vec<Marking>>),
    /// One node of a pass.
    Monitor(Progress<Look>),
    /// A node of a zone's queue.
    Taint(Progress<Swap>),
    /// Taints go because all zones are lost.
    Reachable(Progress<Vec<Swap>>),
}

impl Controller for NodeLifecycleController {
    type Key = Key;
    type Sync = Sync;
    type Indexer = Indexer;
    const QUEUES: &'static [QueueConfig] = &[
        QueueConfig::new(8).giving_up_after(0),
        QueueConfig::new(4),
        QueueConfig::new(1),
        QueueConfig::new(8),
        QueueConfig::new(1),
    ];

    fn queue_of(key: &Key) -> usize {
        match key {
            Key::Node(_) => 0,
            Key::Pod(_) => 1,
            Key::Pass | Key::EndOfPass => 2,
            Key::Monitor(_) => 3,
            Key::TaintTick => 4,
        }
    }

    fn on_change(&mut self, change: &Change, context: &mut Context<'_>) {
        match &change.object {
            Object::Node(node) if change.kind == ChangeType::Deleted => {
                self.retry.remove(&node.meta.name);
            }
            Object::Node(node) => context.add(Key::Node(node.meta.name.clone())),
            Object::Pod(pod) if change.kind != ChangeType::Deleted && pod.is_bound() => {
                let old = change.old.as_ref().and_then(Object::as_pod);
                let moved = old.is_none_or(|old| old.node_name != pod.node_name);
                if moved && self.is_unhealthy(&pod.node_name) {
                    context.add(Key::Pod(pod.meta.key()));
                }
            }
            _ => {}
        }
    }

    fn sync(&mut self, key: &Key, context: &mut Context<'_>) -> Step<Sync> {
        let name = |name: &Name| ObjectKey::cluster(name.clone());
        match key {
            Key::Node(node) => match context.view.node(&name(node)) {
                Some(node) => {
                    self.no_schedule(Progress::new(taints::no_schedule(node), context.now), context)
                }
                None => Step::Done,
            },
            Key::Pod(pod) => self.mark_bound_pod(pod, context),
            Key::Pass => self.begin_pass(context),
            Key::EndOfPass => self.end_pass(context),
            Key::Monitor(name) => self.monitor(name, context),
            Key::TaintTick => self.taint_next(context),
        }
    }

    fn on_reply(&mut self, key: &Key, _: &mut Sync, _: usize, reply: &Reply, context: &mut Context<'_>) {
        let Key::Monitor(name) = key else { return };
        // The status was written: from now on the node waits for its taint.
        if let Some(node) = reply.as_ref().ok().and_then(Response::object).and_then(Object::as_node) {
            let ready = health::ready_status(&node.status);
            if self.health.get_mut(name).is_some_and(|health| health.set_ready(ready)) {
                self.zones.queue(node, ready, context.now);
            }
        }
    }

    fn resume(
        &mut self,
        key: &Key,
        sync: Sync,
        replies: Vec<Reply>,
        context: &mut Context<'_>,
    ) -> Step<Sync> {
        let now = context.now;
        match (key, sync) {
            (_, Sync::Node(mut progress)) => {
                progress.answer(replies, now);
                self.no_schedule(progress, context)
            }
            (_, Sync::Pod(mut progress)) => {
                progress.answer(replies, now);
                mark_pods(progress, context)
            }
            (Key::Monitor(name), Sync::Monitor(mut progress)) => {
                progress.answer(replies, now);
                self.look(name, progress, context)
            }
            (_, Sync::Monitor(_)) => Step::Done,
            (_, Sync::Taint(mut progress)) => {
                progress.answer(replies, now);
                self.taint(progress, context)
            }
            (_, Sync::Reachable(mut progress)) => {
                progress.answer(replies, now);
                make_reachable(progress, context)
            }
        }
    }
}

impl NodeLifecycleController {
    /// Whether a monitor pass is not over.
    pub fn is_passing(&self) -> bool {
        self.pass.is_some()
    }
    /// Takes note of a node that was registered long before, so that nobody is told now.
    pub fn was_registered(&mut self, node: &Node) {
        self.known.insert(node.meta.name.clone(), node.meta.uid);
    }
    /// When the next node may be tainted; `None` if none waits or may be.
    pub fn next_taint(&self) -> Option<SimTime> {
        self.zones.next_due()
    }

    fn is_unhealthy(&self, node: &Name) -> bool {
        self.health.get(node).is_some_and(Health::is_unhealthy)
    }

    /// Brings the NoSchedule taints of an updated node in line with its conditions. A failure is not retried.
    fn no_schedule(&mut self, progress: Progress<Swap>, context: &mut Context<'_>) -> Step<Sync> {
        let (clock, seed) = (context.clock, context.seed);
        let step = progress.run(
            |swap, script| swap.carry_out(script, clock, seed),
            |event| context.event(event),
            |_| Step::Done,
        );
        wrap(step, Sync::Node)
    }

    fn mark_bound_pod(&mut self, key: &ObjectKey, context: &mut Context<'_>) -> Step<Sync> {
        let Some(pod) = context.view.pod(key) else { return Step::Done };
        if !self.is_unhealthy(&pod.node_name) {
            return Step::Done;
        }
        mark_pods(Progress::new(marking(pod).into_iter().collect(), context.now), context)
    }

    fn begin_pass(&mut self, context: &mut Context<'_>) -> Step<Sync> {
        let nodes: Vec<Arc<Node>> = context.view.nodes().cloned().collect();
        let added = self.meet(&nodes, context);
        self.part(&nodes, context);
        let (pending, seen) = (BTreeSet::new(), BTreeMap::new());
        let mut pass = Pass { nodes, pending, added, seen };
        for node in &pass.nodes {
            let lease = ObjectKey::new("kube-node-lease", node.meta.name.clone());
            let renewed = context.view.lease(&lease).and_then(|lease| lease.renew_time);
            let health = self.health.entry(node.meta.name.clone()).or_default();
            health.observe(node, renewed, context.now, context.clock);
            if self.needs_work(node, &pass, context) {
                pass.pending.insert(node.meta.name.clone());
                context.add(Key::Monitor(node.meta.name.clone()));
            } else {
                self.zones.drop_node(node);
                count(&mut pass.seen, node, health::ready_status(&node.status));
            }
        }
        if pass.pending.is_empty() {
            context.add(Key::EndOfPass);
        }
        self.pass = Some(pass);
        Step::Done
    }

    /// A node that is Ready, in time and without taints needs nothing.
    fn needs_work(&self, node: &Node, pass: &Pass, context: &Context<'_>) -> bool {
        let name = &node.meta.name;
        let overdue = self.health.get(name).is_some_and(|health| health.is_overdue(context.now));
        let is_ready = health::ready_status(&node.status) == Some(ConditionStatus::True);
        let waits = health::ready_status(&node.status).is_none() && !pass.added.contains(name);
        overdue || (!is_ready && !waits) || self.retry.contains(name) || taints::has_no_execute(node)
    }

    /// Takes note of nodes that are new, and tells.
    fn meet(&mut self, nodes: &[Arc<Node>], context: &mut Context<'_>) -> BTreeSet<Name> {
        let mut added = BTreeSet::new();
        for node in nodes {
            self.zones.meet(node);
            let name = &node.meta.name;
            if self.known.insert(name.clone(), node.meta.uid).is_none() {
                added.insert(name.clone());
                let message = format!("Node {name} event: Registered Node {name} in Controller");
                tell(
                    ObjectRef::new(Kind::Node, &node.meta),
                    EventType::Normal,
                    "RegisteredNode",
                    message,
                    context,
                );
            }
        }
        added
    }

    /// Forgets nodes that are gone, and tells.
    fn part(&mut self, nodes: &[Arc<Node>], context: &mut Context<'_>) {
        let present: BTreeSet<&Name> = nodes.iter().map(|node| &node.meta.name).collect();
        let gone: Vec<(Name, Uid)> = self
            .known
            .iter()
            .filter(|(name, _)| !present.contains(name))
            .map(|(n, u)| (n.clone(), *u))
            .collect();
        for (name, uid) in gone {
            self.known.remove(&name);
            self.health.remove(&name);
            let message = format!("Node {name} event: Removing Node {name} from Controller");
            let about = ObjectRef { kind: Kind::Node, key: ObjectKey::cluster(name), uid };
            tell(about, EventType::Normal, "RemovingNode", message, context);
        }
    }

    fn monitor(&mut self, name: &Name, context: &mut Context<'_>) -> Step<Sync> {
        let node = self.pass.as_ref().and_then(|pass| pass.nodes.iter().find(|node| node.meta.name == *name));
        let Some(node) = node.cloned() else { return Step::Done };
        let observed = health::ready_status(&node.status);
        let is_overdue = self.health.get(name).is_some_and(|health| health.is_overdue(context.now));
        let overdue = is_overdue.then(|| health::unknown_status(&node, context.timestamp())).flatten();
        let current = overdue.as_ref().map_or(observed, health::ready_status);
        let lost = observed == Some(ConditionStatus::True) && current != observed;
        let marks = lost || (self.retry.contains(name) && observed != Some(ConditionStatus::True));
        let bound = context.indexer.pods_on(name).filter(|_| marks);
        let pods = bound.filter_map(|key| context.view.pod(key)).filter_map(marking).collect();
        let added = self.pass.as_ref().is_some_and(|pass| pass.added.contains(name));
        let swap = taints::no_execute(&node, current, added);
        if overdue.is_none() {
            self.zones.queue(&node, current, context.now);
        }
        let look = Look { node, observed, overdue, current, swap, pods };
        self.look(name, Progress::new(look, context.now), context)
    }

    fn look(&mut self, name: &Name, progress: Progress<Look>, context: &mut Context<'_>) -> Step<Sync> {
        let (clock, seed) = (context.clock, context.seed);
        let (node, current) = (Arc::clone(&progress.snapshot.node), progress.snapshot.current);
        let mut looked = Looked::Failed;
        let step = progress.run(
            |look, script| look.carry_out(script, clock, seed),
            |event| context.event(event),
            |result| {
                looked = result.unwrap_or(Looked::Failed);
                Step::Done
            },
        );
        if step_is_done(&step) {
            self.looked(name, &node, current, looked, context);
        }
        wrap(step, Sync::Monitor)
    }

    fn looked(
        &mut self,
        name: &Name,
        node: &Node,
        current: Option<ConditionStatus>,
        looked: Looked,
        context: &mut Context<'_>,
    ) {
        match looked {
            Looked::PodsLeft => drop(self.retry.insert(name.clone())),
            Looked::Done => drop(self.retry.remove(name)),
            Looked::Failed => {}
        }
        let Some(pass) = &mut self.pass else { return };
        if looked != Looked::Failed {
            count(&mut pass.seen, node, current);
        }
        pass.pending.remove(name);
        if pass.pending.is_empty() {
            context.add(Key::EndOfPass);
        }
    }

    fn end_pass(&mut self, context: &mut Context<'_>) -> Step<Sync> {
        let Some(pass) = self.pass.take() else { return Step::Done };
        match self.zones.end_pass(&pass.seen, context.now) {
            zones::Turn::None => Step::Done,
            zones::Turn::AllLost => {
                pass.nodes.iter().for_each(|node| self.zones.drop_node(node));
                let swaps = pass.nodes.iter().map(|node| taints::reachable(node)).collect();
                make_reachable(Progress::new(swaps, context.now), context)
            }
            zones::Turn::SomeBack => {
                self.health.values_mut().for_each(|health| health.start_anew(context.now));
                Step::Done
            }
        }
    }

    /// Taints the next node that is due and for which there is a token.
    fn taint_next(&mut self, context: &mut Context<'_>) -> Step<Sync> {
        while let Some(name) = self.zones.take(context.now) {
            let Some(node) = context.view.node(&ObjectKey::cluster(name.clone())) else {
                self.zones.done(&name);
                continue;
            };
            match health::ready_status(&node.status) {
                None => self.zones.postpone(&name, context.now),
                ready => {
                    self.zones.done(&name);
                    let swap = taints::queued(node, ready);
                    if !swap.is_empty() {
                        return self.taint(Progress::new(swap, context.now), context);
                    }
                }
            }
        }
        Step::Done
    }

    fn taint(&mut self, progress: Progress<Swap>, context: &mut Context<'_>) -> Step<Sync> {
        let (clock, seed) = (context.clock, context.seed);
        let step = progress.run(
            |swap, script| swap.carry_out(script, clock, seed),
            |event| context.event(event),
            |_| Step::Done,
        );
        if step_is_done(&step) { self.taint_next(context) } else { wrap(step, Sync::Taint) }
    }
}

fn step_is_done<S>(step: &Step<S>) -> bool {
    !matches!(step, Step::Calls(..) | Step::Pause(..))
}

fn wrap<S>(step: Step<Progress<S>>, sync: fn(Progress<S>) -> Sync) -> Step<Sync> {
    match step {
        Step::Calls(calls, progress) => Step::Calls(calls, sync(progress)),
        Step::Pause(span, progress) => Step::Pause(span, sync(progress)),
        Step::Done => Step::Done,
        Step::RequeueAfter(span) => Step::RequeueAfter(span),
        Step::Retry => Step::Retry,
    }
}

fn count(
    seen: &mut BTreeMap<ZoneKey, Vec<Option<ConditionStatus>>>,
    node: &Node,
    ready: Option<ConditionStatus>,
) {
    if !node.meta.labels.contains_key("node.kubernetes.io/exclude-disruption") {
        seen.entry(ZoneKey::of(node)).or_default().push(ready);
    }
}

fn make_reachable(progress: Progress<Vec<Swap>>, context: &mut Context<'_>) -> Step<Sync> {
    let (clock, seed) = (context.clock, context.seed);
    let step = progress.run(
        |swaps, script| swaps.iter().try_for_each(|swap| swap.carry_out(script, clock, seed).map(drop)),
        |event| context.event(event),
        |_| Step::Done,
    );
    wrap(step, Sync::Reachable)
}

fn mark_pods(progress: Progress<Vec<Marking>>, context: &mut Context<'_>) -> Step<Sync> {
    let clock = context.clock;
    let step = progress.run(
        |pods, script| mark(script, pods, clock),
        |event| context.event(event),
        |all| if all == Ok(true) { Step::Done } else { Step::Retry },
    );
    wrap(step, Sync::Pod)
}

fn tell(about: ObjectRef, kind: EventType, reason: &'static str, message: String, context: &mut Context<'_>) {
    let (field_path, reason) = (Name::default(), Name::new_static(reason));
    context.event(NewEvent { about, field_path, kind, reason, message: message.into() });
}
