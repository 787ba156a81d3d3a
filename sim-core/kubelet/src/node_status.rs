//! Registration of the node and its status reports (kubelet.md 9.1, 9.3).
//!
//! Source: `pkg/kubelet/kubelet_node_status.go`, v1.36.2.
//! DIFFERENCE: the node is never under pressure or unready by itself yet. Rounds do not slide with those before them
//! (see `random::Periodic`). A refused report is repeated by the next round, 10 s later, not five times at once. The
//! event `InvalidDiskCapacity` of a start is left out. Who watches these can tell.

use crate::registration::{
    MANAGED_ATTACH_DETACH, PRESSURES, allocatable, default_labels, node_ip, rest, set_healthy,
};
use crate::{Context, Kubelet, Timer};
use api::node::{Node, NodeImage, NodeStatus};
use api::{Kind, Name, Object, ObjectKey, condition};
use client::{Call, Lane, Patch, Subresource, Tag};
use cri::{Image, Request};
use journal::Causes;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use units::{SimDuration, SimTime};

/// Tags of its calls.
const STATUS: Tag = 4 << 32;
const CREATE: Tag = 5 << 32;
const LABELS: Tag = 6 << 32;
/// A status without changes is reported after this time (`nodeStatusReportFrequency`).
const REPORT: SimDuration = SimDuration::from_secs(300);
/// The first report behind a change comes this much earlier or later at most.
const REPORT_SPREAD: SimDuration = SimDuration::from_secs(150);
/// First and longest wait between attempts to register.
const REGISTER: (SimDuration, SimDuration) = (SimDuration::from_millis(100), SimDuration::from_secs(7));
/// `--node-status-max-images`
const MOST_IMAGES: usize = 50;

/// What a kubelet knows of its own node.
#[derive(Clone, Debug)]
pub(crate) struct NodeReporter {
    object: Option<Arc<Node>>,
    /// The Node to create if there is none.
    template: Option<Arc<Node>>,
    is_registered: bool,
    /// When the status was last reported.
    reported_at: SimTime,
    /// How much later than usual the next report without changes comes.
    delay: SimDuration,
    /// Images as they were last listed, the largest first.
    images: Arc<[NodeImage]>,
    /// Whether the node was cordoned at the last round.
    was_unschedulable: bool,
    register_wait: SimDuration,
}

impl NodeReporter {
    pub fn new() -> Self {
        Self {
            object: None,
            template: None,
            is_registered: false,
            reported_at: SimTime::ZERO,
            delay: SimDuration::ZERO,
            images: Arc::default(),
            was_unschedulable: false,
            register_wait: REGISTER.0,
        }
    }
    /// The Node object as it was last seen.
    pub fn object(&self) -> Option<&Node> {
        self.object.as_deref()
    }
    /// Whether the kubelet has reported the node Ready.
    pub const fn is_registered(&self) -> bool {
        self.is_registered
    }
}

impl Kubelet {
    /// The kubelet has been up for long: its node is registered and Ready.
    pub(crate) fn node_was_registered(&mut self, context: &mut Context<'_>) {
        self.node.is_registered = true;
        self.node.reported_at = context.now;
        self.node.delay = self.report_delay(context);
    }

    /// The kubelet starts now.
    pub(crate) fn begin_registration(&mut self, template: Option<Arc<Node>>, context: &mut Context<'_>) {
        self.node.template = template;
        let name = self.name.clone();
        self.events.node(&name, "Starting", "Starting kubelet.", context);
        let enforced = "Updated Node Allocatable limit across pods";
        self.events.node(&name, "NodeAllocatableEnforced", enforced, context);
        context.timer(context.now + REGISTER.0, Timer::Register { node: self.number });
    }

    /// Registers: completes the Node object that is there, or creates one.
    pub(crate) fn register(&mut self, context: &mut Context<'_>) {
        if self.node.is_registered {
            return;
        }
        if let Some(object) = self.node.object.clone() {
            self.node.is_registered = true;
            self.label(&object, context);
            self.report(&object, true, context);
            self.renew_lease(context);
            return;
        }
        if let Some(node) = self.node.template.clone() {
            context.call(Call::Create(Object::Node(node)), Lane::NodeStatus, CREATE, Causes::none());
        }
        self.node.register_wait = self.node.register_wait.times(2).min(REGISTER.1);
        context.timer(context.now + self.node.register_wait, Timer::Register { node: self.number });
    }

    /// Adds the labels and the annotation that every kubelet sets.
    fn label(&self, object: &Node, context: &mut Context<'_>) {
        let lacks = |(key, value): &(Name, Name)| object.meta.labels.get(key) != Some(value);
        let missing: Map<String, Value> = default_labels(&self.name)
            .filter(lacks)
            .map(|(key, value)| (key.to_string(), value.as_str().into()))
            .collect();
        let (key, value) = MANAGED_ATTACH_DETACH;
        if missing.is_empty() && object.meta.annotations.contains_key(key) {
            return;
        }
        let patch = json!({"metadata": {"labels": missing, "annotations": {key: value}}});
        let call = Call::Patch {
            kind: Kind::Node,
            key: ObjectKey::cluster(self.name.clone()),
            patch: Patch::Merge(patch),
            subresource: Subresource::Main,
        };
        context.call(call, Lane::NodeStatus, LABELS, Causes::none());
    }

    /// A change of the node's object.
    pub(crate) fn see_node(&mut self, node: Option<Arc<Node>>) {
        self.node.object = node;
    }

    /// A round: reports what changed, or after 5 minutes that nothing did.
    pub(crate) fn node_status_round(&mut self, context: &mut Context<'_>) {
        let Some(object) = self.node.object.clone().filter(|_| self.node.is_registered) else { return };
        let is_cordoned = object.spec.unschedulable;
        if std::mem::replace(&mut self.node.was_unschedulable, is_cordoned) != is_cordoned {
            self.status_event(if is_cordoned { "NodeNotSchedulable" } else { "NodeSchedulable" }, context);
        }
        let desired = self.desired(&object, context);
        let is_changed = !is_same(&desired, &object.status);
        if is_changed || context.now - self.node.reported_at >= REPORT + self.node.delay {
            self.report(&object, is_changed, context);
        }
    }

    fn report(&mut self, object: &Node, is_change: bool, context: &mut Context<'_>) {
        let status = self.desired(object, context);
        self.condition_events(object, context);
        let call = Call::PatchNodeStatus { node: self.name.clone(), status: Box::new(status) };
        context.call(call, Lane::NodeStatus, STATUS, Causes::none());
        self.node.reported_at = context.now;
        self.node.delay = if is_change { self.report_delay(context) } else { SimDuration::ZERO };
    }

    /// Drawn anew after each change; a function of the node and the time.
    fn report_delay(&self, context: &Context<'_>) -> SimDuration {
        if !self.config.jitter {
            return SimDuration::ZERO;
        }
        let stream = context.seed.stream("kubelet.nodeReport", &self.name);
        let mut draw = stream.at(context.now.as_nanos().cast_unsigned());
        draw.duration_below(REPORT_SPREAD.times(2)) - REPORT_SPREAD
    }

    fn condition_events(&mut self, object: &Node, context: &mut Context<'_>) {
        for (kind, reason, _) in PRESSURES {
            let is_news = condition::find(&object.status.conditions, kind)
                .is_none_or(|c| c.status != api::ConditionStatus::False);
            if is_news {
                self.status_event(reason.trim_start_matches("Kubelet"), context);
            }
        }
        if !object.is_ready() {
            self.status_event("Ready", context);
        }
    }

    /// `NodeHasSufficientMemory`: `Node N status is now: NodeHasSufficientMemory`.
    fn status_event(&mut self, what: &'static str, context: &mut Context<'_>) {
        let reason = match what {
            "HasSufficientMemory" => "NodeHasSufficientMemory",
            "HasNoDiskPressure" => "NodeHasNoDiskPressure",
            "HasSufficientPID" => "NodeHasSufficientPID",
            "Ready" => "NodeReady",
            other => other,
        };
        let name = self.name.clone();
        self.events.node(&name, reason, format!("Node {name} status is now: {reason}"), context);
    }

    /// The status as the kubelet sees it. Capacity and allocatable that were given are kept.
    fn desired(&self, object: &Node, context: &Context<'_>) -> NodeStatus {
        let mut status = object.status.clone();
        if status.allocatable.is_empty() {
            status.allocatable = Arc::new(allocatable(&status.capacity, self.config.reservations));
        } else if status.capacity.is_empty() {
            status.capacity = status.allocatable.clone();
        }
        if status.internal_ip.is_empty() {
            status.internal_ip = node_ip(self.number).to_string().into();
        }
        if !status.rest.contains_key("nodeInfo") {
            let mut all = rest(&self.name, self.number);
            all.extend(status.rest.iter().map(|(key, value)| (key.clone(), value.clone())));
            status.rest = Arc::new(all);
        }
        status.images = self.node.images.clone();
        set_healthy(&mut status, context.timestamp());
        status
    }

    /// Asks for the images on the node; what comes is reported by the next round.
    pub(crate) fn list_images(&mut self, context: &mut Context<'_>) {
        context.runtime(Request::ListImages);
    }

    /// The images on the node.
    pub(crate) fn images_listed(&mut self, images: &[Image]) {
        let mut sorted: Vec<&Image> = images.iter().collect();
        sorted.sort_by(|a, b| b.size_bytes.cmp(&a.size_bytes).then_with(|| a.name.cmp(&b.name)));
        sorted.truncate(MOST_IMAGES);
        let is_same = |have: &[NodeImage]| {
            have.len() == sorted.len()
                && have
                    .iter()
                    .zip(&sorted)
                    .all(|(a, b)| a.names.contains(&b.name) && a.size_bytes == b.size_bytes)
        };
        if !is_same(&self.node.images) {
            let image = |i: &&Image| NodeImage { names: vec![i.name.clone()], size_bytes: i.size_bytes };
            self.node.images = sorted.iter().map(image).collect();
        }
    }
}

/// Whether two statuses differ by nothing but heartbeats.
fn is_same(a: &NodeStatus, b: &NodeStatus) -> bool {
    let conditions = |status: &NodeStatus| -> Vec<_> {
        let bare = |c: &api::Condition| api::Condition { last_update: None, ..c.clone() };
        status.conditions.iter().map(bare).collect()
    };
    let rest = a.capacity == b.capacity
        && a.allocatable == b.allocatable
        && a.internal_ip == b.internal_ip
        && a.images == b.images
        && a.rest == b.rest;
    rest && conditions(a) == conditions(b)
}
