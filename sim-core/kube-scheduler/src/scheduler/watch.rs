//! What a change of a node or a pod means for cache and queue (scheduler.md 6.6).
//!
//! Source: `pkg/scheduler/eventhandlers.go`, v1.36.2. The informer hides pods that have ended.

use super::{Ctx, Scheduler, moment};
use crate::queue::{Action, ClusterEvent, node_update_actions, pod_update_actions};
use api::Object;
use api::node::Node;
use api::pod::Pod;
use client::Change;
use journal::{Causes, ChangeType};
use std::sync::Arc;

impl Scheduler {
    pub(super) fn on_change(&mut self, change: &Change, context: Ctx<'_, '_>) {
        let causes: Causes = change.record.map(Causes::from).unwrap_or_default();
        match &change.object {
            Object::Node(node) => {
                let old = change.old.as_ref().and_then(Object::as_node);
                self.on_node(change.kind, old, node, &causes, context);
            }
            Object::Pod(pod) => {
                let lives = |pod: &&Arc<Pod>| !pod.status.phase.is_terminal();
                let old = change.old.as_ref().and_then(Object::as_pod).filter(lives);
                let new = Some(pod).filter(|_| change.kind != ChangeType::Deleted).filter(lives);
                self.on_pod(old, new, &causes, context);
            }
            _ => {}
        }
    }

    fn on_node(
        &mut self,
        change: ChangeType,
        old: Option<&Arc<Node>>,
        node: &Arc<Node>,
        causes: &Causes,
        context: Ctx<'_, '_>,
    ) {
        let now = moment(context);
        match (change, old) {
            (ChangeType::Deleted, _) => {
                let event = ClusterEvent::Node(Action::DELETE, Some(Arc::clone(node)), None);
                self.queue.move_all(&event, None, causes, now);
                self.cache.remove_node(&node.meta.name);
            }
            (ChangeType::Modified, Some(old)) => {
                self.cache.set_node(node);
                for action in node_update_actions(old, node) {
                    let event = ClusterEvent::Node(action, Some(Arc::clone(old)), Some(Arc::clone(node)));
                    self.queue.move_all(&event, None, causes, now);
                }
            }
            (ChangeType::Added | ChangeType::Modified, _) => {
                self.cache.set_node(node);
                let event = ClusterEvent::Node(Action::ADD, None, Some(Arc::clone(node)));
                self.queue.move_all(&event, None, causes, now);
            }
        }
    }

    fn on_pod(
        &mut self,
        old: Option<&Arc<Pod>>,
        new: Option<&Arc<Pod>>,
        causes: &Causes,
        context: Ctx<'_, '_>,
    ) {
        match (old, new) {
            (None, None) => {}
            (None, Some(new)) if new.is_bound() => self.assigned_added(new, causes, context),
            (None, Some(new)) => self.unassigned_added(new, causes, context),
            (Some(old), None) if old.is_bound() => self.assigned_deleted(old, causes, context),
            (Some(old), None) => self.unassigned_deleted(old, causes, context),
            (Some(old), Some(new)) if old.is_bound() => self.assigned_updated(old, new, causes, context),
            (Some(_), Some(new)) if new.is_bound() => self.assigned_added(new, causes, context),
            (Some(old), Some(new)) => self.unassigned_updated(old, new, causes, context),
        }
    }

    fn assigned_added(&mut self, pod: &Arc<Pod>, causes: &Causes, context: Ctx<'_, '_>) {
        self.cache.set_pod(pod);
        let event = ClusterEvent::AssignedPod(Action::ADD, None, Some(Arc::clone(pod)));
        self.queue.move_all(&event, None, causes, moment(context));
        self.queue.delete(&pod.meta.key());
    }

    fn assigned_updated(&mut self, old: &Arc<Pod>, new: &Arc<Pod>, causes: &Causes, context: Ctx<'_, '_>) {
        self.cache.set_pod(new);
        for action in pod_update_actions(old, new) {
            let event = ClusterEvent::AssignedPod(action, Some(Arc::clone(old)), Some(Arc::clone(new)));
            self.queue.move_all(&event, None, causes, moment(context));
        }
    }

    fn assigned_deleted(&mut self, pod: &Arc<Pod>, causes: &Causes, context: Ctx<'_, '_>) {
        self.cache.remove_pod(&pod.meta.key());
        let event = ClusterEvent::AssignedPod(Action::DELETE, Some(Arc::clone(pod)), None);
        self.queue.move_all(&event, None, causes, moment(context));
    }

    fn unassigned_added(&mut self, pod: &Arc<Pod>, causes: &Causes, context: Ctx<'_, '_>) {
        if pod.spec.scheduler_name == self.config.profile.name {
            let facts = self.cache.facts(pod);
            self.queue.add(pod, facts, causes.clone(), context.now);
        }
    }

    fn unassigned_updated(&mut self, old: &Arc<Pod>, new: &Arc<Pod>, causes: &Causes, context: Ctx<'_, '_>) {
        let key = new.meta.key();
        if new.spec.scheduler_name != self.config.profile.name {
            return;
        }
        if self.cache.is_assumed(&key) {
            // Only a deletion matters to a pod that is being bound.
            if new.meta.is_deleting() && !old.meta.is_deleting() {
                self.forget_assumed(new, causes, context);
            }
            return;
        }
        let facts = self.cache.facts(new);
        self.queue.update(old, new, facts, causes, moment(context));
        let (before, after) = (&old.status.nominated_node_name, &new.status.nominated_node_name);
        if !before.is_empty() && before != after {
            self.nomination_ended(old, causes, context);
        }
    }

    fn unassigned_deleted(&mut self, pod: &Arc<Pod>, causes: &Causes, context: Ctx<'_, '_>) {
        self.queue.delete(&pod.meta.key());
        if self.cache.is_assumed(&pod.meta.key()) {
            self.forget_assumed(pod, causes, context);
        } else if !pod.status.nominated_node_name.is_empty() {
            self.nomination_ended(pod, causes, context);
        }
    }

    fn forget_assumed(&mut self, pod: &Arc<Pod>, causes: &Causes, context: Ctx<'_, '_>) {
        if let Some(forgotten) = self.cache.remove_pod(&pod.meta.key()) {
            let event = ClusterEvent::AssignedPod(Action::DELETE, Some(forgotten.pod), None);
            self.queue.move_all(&event, None, causes, moment(context));
        }
    }

    /// Pods that the nominated one could be hiding a node from are tried again.
    fn nomination_ended(&mut self, pod: &Arc<Pod>, causes: &Causes, context: Ctx<'_, '_>) {
        let event = ClusterEvent::AssignedPod(Action::DELETE, Some(Arc::clone(pod)), None);
        self.queue.move_all(&event, Some(pod.spec.priority), causes, moment(context));
    }
}
