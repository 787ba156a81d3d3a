//! What is done with a pod that got no node, or could not be bound (scheduler.md 4.8, 4.9).

use super::{Ctx, Pending, Scheduler, failed_scheduling, moment};
use crate::framework::PluginSet;
use crate::queue::{Action, ClusterEvent, QueuedPod};
use api::error::Reason as ApiReason;
use api::pod::Pod;
use api::{ApiError, Condition, condition};
use client::{Call, Lane};
use journal::Causes;
use std::sync::Arc;
use units::SimDuration;

/// Why an attempt failed, as the condition says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A plugin rejected the pod.
    Unschedulable,
    /// Something went wrong.
    SchedulerError,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Unschedulable => "Unschedulable",
            Self::SchedulerError => "SchedulerError",
        }
    }
}

impl Scheduler {
    /// Gives the pod back to the queue and tells why, in the words of its newest version.
    pub(super) fn fail(
        &mut self,
        mut entry: QueuedPod,
        rejectors: PluginSet,
        reason: Reason,
        message: String,
        context: Ctx<'_, '_>,
    ) {
        let attempted = Arc::clone(&entry.incoming.pod);
        let live = context.view.pod(&attempted.meta.key()).cloned();
        let causes = entry.causes.clone();
        match &live {
            // It was deleted and made anew while it was being looked at: the new one has its own entry.
            Some(live) if live.meta.uid != attempted.meta.uid => {
                return self.queue.done(&attempted);
            }
            Some(live) if !live.is_bound() => {
                entry.incoming.facts = self.cache.facts(live);
                entry.incoming.pod = Arc::clone(live);
                self.queue.add_unschedulable(entry, rejectors, moment(context));
            }
            _ => self.queue.done(&attempted),
        }
        let pod = live.unwrap_or(attempted);
        self.note(&pod, failed_scheduling(message.clone()), causes.clone(), context);
        self.set_condition(&pod, reason, message, causes, context);
    }

    fn set_condition(
        &mut self,
        pod: &Pod,
        reason: Reason,
        message: String,
        causes: Causes,
        context: Ctx<'_, '_>,
    ) {
        let mut new =
            Condition::new("PodScheduled", false, context.timestamp()).because(reason.as_str(), message);
        new.observed_generation = pod.meta.generation;
        if let Some(old) = condition::find(&pod.status.conditions, "PodScheduled") {
            if (old.status, &old.reason, &old.message) == (new.status, &new.reason, &new.message) {
                return;
            }
            if old.status == new.status {
                new.last_transition = old.last_transition;
            }
        }
        let call = Call::PatchPodCondition {
            pod: pod.meta.key(),
            uid: pod.meta.uid,
            condition: new,
            nominated_node_name: None,
        };
        let pending = Pending::Patch { call: Box::new(call.clone()), tries: 1 };
        self.call(call, pending, Lane::Main, causes, context);
    }

    /// A status patch is tried four times in all, after 10, 50 and 250 ms.
    pub(super) fn patch_failed(
        &mut self,
        call: Box<Call>,
        tries: u32,
        error: &ApiError,
        causes: Causes,
        context: Ctx<'_, '_>,
    ) {
        let passing = matches!(
            error.reason,
            ApiReason::InternalError | ApiReason::ServiceUnavailable | ApiReason::Conflict
        );
        if !passing || tries >= 4 {
            return;
        }
        let pause = SimDuration::from_millis(10 * 5_i64.pow(tries - 1));
        let tag = self.next_tag;
        self.next_tag += 1;
        let at = self.limit.reserve(context.now + pause);
        context.call_at(at, (*call).clone(), Lane::Main, tag, causes);
        self.pending.insert(tag, Pending::Patch { call, tries: tries + 1 });
    }

    /// The pod no longer counts on its node; that is news for those that wait, and for itself.
    pub(super) fn binding_failed(
        &mut self,
        entry: QueuedPod,
        error: &ApiError,
        causes: &Causes,
        context: Ctx<'_, '_>,
    ) {
        let key = entry.incoming.pod.meta.key();
        if self.cache.is_assumed(&key)
            && let Some(forgotten) = self.cache.remove_pod(&key)
        {
            let event = ClusterEvent::AssignedPod(Action::DELETE, Some(forgotten.pod), None);
            self.queue.move_all(&event, None, causes, moment(context));
        }
        let message = format!("running Bind plugin \"DefaultBinder\": {error}");
        self.fail(entry, PluginSet::default(), Reason::SchedulerError, message, context);
    }
}
