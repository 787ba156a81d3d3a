//! Status and conditions of a Deployment (controllers.md 3.8 and 3.9).

use super::{Requeue, Rollout, Sets, sets};
use api::apps::{Deployment, DeploymentStatus, ReplicaSet};
use api::{Condition, ConditionStatus, condition};
use client::controller::Stop;
use std::sync::Arc;
use units::{SimDuration, Timestamp};

pub const PROGRESSING: &str = "Progressing";
const AVAILABLE: &str = "Available";
const REPLICA_FAILURE: &str = "ReplicaFailure";
const NEW_REPLICA_SET_AVAILABLE: &str = "NewReplicaSetAvailable";
const DEADLINE_EXCEEDED: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";

/// Whether progress is watched at all.
pub fn has_deadline(deployment: &Deployment) -> bool {
    deployment.spec.progress_deadline_seconds != i32::MAX
}

/// A condition with both time stamps.
pub fn deployment_condition(kind: &'static str, status: ConditionStatus, now: Timestamp) -> Condition {
    Condition { last_update: Some(now), ..Condition::new(kind, status, now) }
}

/// Sets a condition unless status and reason are as they were; the transition counts from the change of the status.
pub fn set_condition(conditions: &mut Vec<Condition>, mut new: Condition) {
    if let Some(current) = condition::find(conditions, &new.kind) {
        if current.status == new.status && current.reason == new.reason {
            return;
        }
        if current.status == new.status {
            new.last_transition = current.last_transition;
        }
    }
    conditions.retain(|c| c.kind != new.kind);
    conditions.push(new);
}

/// Whether everything is new, there and available.
pub fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let replicas = deployment.spec.replicas;
    status.updated_replicas == replicas
        && status.replicas == replicas
        && status.available_replicas == replicas
        && status.observed_generation >= deployment.meta.generation
}

/// Whether anything got better from one status to the next.
fn has_progressed(old: &DeploymentStatus, new: &DeploymentStatus) -> bool {
    new.updated_replicas > old.updated_replicas
        || new.replicas.saturating_sub(new.updated_replicas)
            < old.replicas.saturating_sub(old.updated_replicas)
        || new.ready_replicas > old.ready_replicas
        || new.available_replicas > old.available_replicas
}

/// The ReplicaSet's failure: the new one's before the others'.
fn replica_failure(sets: &Sets) -> Option<Condition> {
    let failure = |set: &Arc<ReplicaSet>| condition::find(&set.status.conditions, REPLICA_FAILURE).cloned();
    let found = sets.new.iter().chain(&sets.old).find_map(failure)?;
    Some(Condition { last_update: found.last_transition, ..found })
}

impl Rollout<'_, '_> {
    /// Counts over the ReplicaSets, and the condition Available.
    fn new_status(&self, sets: &Sets) -> DeploymentStatus {
        let spec = &self.deployment.spec;
        let available = sets::available(sets.all());
        let sum =
            |count: fn(&ReplicaSet) -> i32| sets.all().map(|set| count(set)).fold(0, i32::saturating_add);
        let mut conditions = self.deployment.status.conditions.clone();
        let enough = available >= sets::min_available(spec);
        let (reason, message) = if enough {
            ("MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        };
        let availability = deployment_condition(AVAILABLE, enough.into(), self.now());
        set_condition(&mut conditions, availability.because(reason, message));
        DeploymentStatus {
            observed_generation: self.deployment.meta.generation,
            replicas: sets::actual(sets.all()),
            updated_replicas: sets::actual(&sets.new),
            ready_replicas: sum(|set| set.status.ready_replicas),
            available_replicas: available,
            unavailable_replicas: sets::wanted(sets.all()).saturating_sub(available).max(0),
            terminating_replicas: Some(sum(|set| set.status.terminating_replicas.unwrap_or_default())),
            collision_count: self.deployment.status.collision_count,
            conditions,
        }
    }

    /// Writes the status without looking at progress (scaling, deletion).
    pub(super) fn report_sizes(&mut self, sets: &Sets) -> Result<Requeue, Stop> {
        let status = self.new_status(sets);
        if status != self.deployment.status {
            self.deployment.status = status;
            self.write_status()?;
        }
        Ok(Requeue::No)
    }

    /// The status of a Deployment that is being deleted.
    pub(super) fn refresh_status(&mut self) -> Result<Requeue, Stop> {
        let sets = self.find_sets(false)?;
        self.report_sizes(&sets)
    }

    /// Writes the status of a rollout, or looks when to come again for its deadline.
    pub(super) fn report(&mut self, sets: &Sets) -> Result<Requeue, Stop> {
        let mut status = self.new_status(sets);
        self.judge_progress(&mut status, sets);
        match replica_failure(sets) {
            Some(failure) => set_condition(&mut status.conditions, failure),
            None => status.conditions.retain(|c| c.kind != REPLICA_FAILURE),
        }
        if status == self.deployment.status {
            return Ok(self.wait_for_deadline(&status));
        }
        self.deployment.status = status;
        self.write_status()?;
        Ok(Requeue::No)
    }

    fn judge_progress(&self, status: &mut DeploymentStatus, sets: &Sets) {
        if !has_deadline(&self.deployment) {
            status.conditions.retain(|c| c.kind != PROGRESSING);
            return;
        }
        let current = condition::find(&self.deployment.status.conditions, PROGRESSING).cloned();
        let was_complete = current.as_ref().is_some_and(|c| c.reason == NEW_REPLICA_SET_AVAILABLE);
        if was_complete && status.replicas == status.updated_replicas {
            return;
        }
        let subject = match &sets.new {
            Some(new) => format!("ReplicaSet \"{}\"", new.meta.name),
            None => format!("Deployment \"{}\"", self.deployment.meta.name),
        };
        let condition = |holds: bool, reason, what: &str| {
            deployment_condition(PROGRESSING, holds.into(), self.now())
                .because(reason, format!("{subject} {what}"))
        };
        if is_complete(&self.deployment, status) {
            let complete = condition(true, NEW_REPLICA_SET_AVAILABLE, "has successfully progressed.");
            set_condition(&mut status.conditions, complete);
        } else if has_progressed(&self.deployment.status, status) {
            let mut progressing = condition(true, "ReplicaSetUpdated", "is progressing.");
            // The clock starts again with each step, even if status and reason stay.
            if let Some(current) = current {
                if current.status == ConditionStatus::True {
                    progressing.last_transition = current.last_transition;
                }
                status.conditions.retain(|c| c.kind != PROGRESSING);
            }
            set_condition(&mut status.conditions, progressing);
        } else if self.has_timed_out(status) {
            let exceeded = condition(false, DEADLINE_EXCEEDED, "has timed out progressing.");
            set_condition(&mut status.conditions, exceeded);
        }
    }

    fn deadline(&self) -> SimDuration {
        SimDuration::from_secs(self.deployment.spec.progress_deadline_seconds.into())
    }

    fn has_timed_out(&self, status: &DeploymentStatus) -> bool {
        let Some(condition) = condition::find(&status.conditions, PROGRESSING) else { return false };
        match condition.reason.as_str() {
            NEW_REPLICA_SET_AVAILABLE => false,
            DEADLINE_EXCEEDED => true,
            _ => {
                let from = self.clock.instant(condition.last_update.unwrap_or_default());
                from + self.deadline() < self.script.now
            }
        }
    }

    fn wait_for_deadline(&self, status: &DeploymentStatus) -> Requeue {
        let Some(condition) = condition::find(&self.deployment.status.conditions, PROGRESSING) else {
            return Requeue::No;
        };
        if !has_deadline(&self.deployment)
            || is_complete(&self.deployment, status)
            || condition.reason == DEADLINE_EXCEEDED
        {
            return Requeue::No;
        }
        let second = SimDuration::from_secs(1);
        let due = self.clock.instant(condition.last_update.unwrap_or_default()) + self.deadline();
        let left = due - self.script.now;
        if left < second { Requeue::RateLimited } else { Requeue::After(left + second) }
    }

    /// Says in the condition Progressing that the Deployment is paused, or is so no more.
    pub(super) fn maintain_paused_condition(&mut self) -> Result<(), Stop> {
        let current = condition::find(&self.deployment.status.conditions, PROGRESSING);
        let reason = current.map(|c| c.reason.as_str()).unwrap_or_default();
        if !has_deadline(&self.deployment) || reason == DEADLINE_EXCEEDED {
            return Ok(());
        }
        let (reason, message) = match (self.deployment.spec.paused, reason == PAUSED) {
            (true, false) => (PAUSED, "Deployment is paused"),
            (false, true) => ("DeploymentResumed", "Deployment is resumed"),
            _ => return Ok(()),
        };
        self.set_progressing(ConditionStatus::Unknown, reason, message.to_owned());
        self.write_status()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::deployment;
    use ConditionStatus::{False, True, Unknown};

    fn status(numbers: [i32; 4]) -> DeploymentStatus {
        let [replicas, updated_replicas, ready_replicas, available_replicas] = numbers;
        DeploymentStatus {
            replicas,
            updated_replicas,
            ready_replicas,
            available_replicas,
            ..Default::default()
        }
    }

    #[test]
    fn conditions_change_with_status_or_reason() {
        let check = |old: (ConditionStatus, &str), new: (ConditionStatus, &str), expect: (i64, i64)| {
            let of = |(status, reason): (ConditionStatus, &str), at| {
                deployment_condition(PROGRESSING, status, Timestamp(at)).because(reason, "")
            };
            let other = deployment_condition(AVAILABLE, True, Timestamp(0));
            let mut conditions = vec![of(old, 1), other];
            set_condition(&mut conditions, of(new, 2));
            let found = condition::find(&conditions, PROGRESSING).unwrap();
            assert_eq!(
                (found.last_transition, found.last_update),
                (Some(Timestamp(expect.0)), Some(Timestamp(expect.1)))
            );
            // What is set anew goes to the end.
            assert_eq!(conditions[0].kind == PROGRESSING, expect.1 == 1);
        };
        check((True, "a"), (True, "a"), (1, 1));
        check((True, "a"), (True, "b"), (1, 2));
        check((True, "a"), (False, "a"), (2, 2));
        check((True, "a"), (Unknown, "b"), (2, 2));
    }

    #[test]
    fn progress_is_more_new_or_fewer_old_or_more_ready_or_available() {
        let check = |old, new, expect| {
            assert_eq!(has_progressed(&status(old), &status(new)), expect, "{old:?} {new:?}")
        };
        check([10, 5, 8, 8], [10, 5, 8, 8], false);
        check([10, 5, 8, 8], [11, 6, 8, 8], true);
        check([10, 5, 8, 8], [9, 5, 8, 8], true);
        check([10, 5, 8, 8], [10, 5, 9, 8], true);
        check([10, 5, 8, 8], [10, 5, 8, 9], true);
        check([10, 5, 8, 8], [12, 5, 7, 7], false);
    }

    #[test]
    fn complete_means_all_new_and_available_and_observed() {
        let mut deployment = deployment("web", 3);
        deployment.meta.generation = 2;
        let check = |numbers, observed_generation, expect| {
            let status = DeploymentStatus { observed_generation, ..status(numbers) };
            assert_eq!(is_complete(&deployment, &status), expect, "{numbers:?} {observed_generation}");
        };
        check([3, 3, 3, 3], 2, true);
        check([3, 3, 0, 3], 2, true);
        check([3, 3, 3, 3], 1, false);
        check([4, 3, 3, 3], 2, false);
        check([3, 2, 3, 3], 2, false);
        check([3, 3, 3, 2], 2, false);
    }
}
