//! RollingUpdate: the new ReplicaSet grows, the old ones shrink, within the fenceposts (controllers.md 3.5).

use super::{Requeue, Rollout, Sets, failure, sets};
use api::apps::ReplicaSet;
use api::event::EventType;
use client::controller::Stop;
use std::sync::Arc;

impl Rollout<'_, '_> {
    pub(super) fn roll(&mut self) -> Result<Requeue, Stop> {
        let sets = self.find_sets(true)?;
        let Some(new) = sets.new.clone() else { return Err(failure("there is no new replica set")) };
        if self.resize_new(&new, &sets)? || self.shrink_old(&new, &sets)? {
            return self.report(&sets);
        }
        self.clean_up_if_complete(&sets)?;
        self.report(&sets)
    }

    fn resize_new(&mut self, new: &Arc<ReplicaSet>, sets: &Sets) -> Result<bool, Stop> {
        let (have, want) = (new.spec.replicas, self.deployment.spec.replicas);
        let size = match have.cmp(&want) {
            std::cmp::Ordering::Equal => return Ok(false),
            std::cmp::Ordering::Greater => want,
            std::cmp::Ordering::Less => sets::new_size(&self.deployment.spec, have, sets::wanted(sets.all())),
        };
        Ok(self.resize(new, size)?.0)
    }

    fn shrink_old(&mut self, new: &Arc<ReplicaSet>, sets: &Sets) -> Result<bool, Stop> {
        let old: Vec<_> = sets.old.iter().filter(|set| sets::is_active(set)).cloned().collect();
        if old.is_empty() {
            return Ok(false);
        }
        let min_available = sets::min_available(&self.deployment.spec);
        let new_unavailable = new.spec.replicas.saturating_sub(new.status.available_replicas);
        let max_down = sets::wanted(sets.all()).saturating_sub(min_available).saturating_sub(new_unavailable);
        if max_down <= 0 {
            return Ok(false);
        }
        match self.shrink_within(old, new, max_down, min_available) {
            // Nothing is retried for this failure; the next event drives it.
            Err(Stop::Refused(_)) => Ok(false),
            shrunk => shrunk,
        }
    }

    /// Removes unhealthy pods first, then as many healthy ones as may be missing.
    fn shrink_within(
        &mut self,
        old: Vec<Arc<ReplicaSet>>,
        new: &Arc<ReplicaSet>,
        max_down: i32,
        min_available: i32,
    ) -> Result<bool, Stop> {
        let mut old = sets::oldest_first(&old);
        let mut unhealthy = 0;
        for set in &mut old {
            if unhealthy >= max_down {
                break;
            }
            if !sets::is_active(set) || set.spec.replicas == set.status.available_replicas {
                continue;
            }
            let surplus =
                set.spec.replicas.saturating_sub(set.status.available_replicas).min(max_down - unhealthy);
            // Its status is of a time when it was larger: nothing shrinks before that has caught up.
            if surplus < 0 {
                return Err(failure("got invalid request to scale down"));
            }
            *set = self.resize(set, set.spec.replicas - surplus)?.1;
            unhealthy += surplus;
        }
        let budget = sets::available(old.iter().chain([new])).saturating_sub(min_available);
        let mut healthy = 0;
        for set in &old {
            let surplus = set.spec.replicas.min(budget - healthy);
            if surplus > 0 {
                self.resize(set, set.spec.replicas - surplus)?;
                healthy += surplus;
            }
        }
        Ok(unhealthy + healthy > 0)
    }

    /// Sets the size of a ReplicaSet unless it has it, and tells; whether anything was written, and the set after it.
    pub(super) fn resize(
        &mut self,
        set: &Arc<ReplicaSet>,
        size: i32,
    ) -> Result<(bool, Arc<ReplicaSet>), Stop> {
        if set.spec.replicas == size {
            return Ok((false, Arc::clone(set)));
        }
        Ok((true, self.resize_and_annotate(set, size)?))
    }

    /// Sets the size of a ReplicaSet and the sizes that it is annotated with.
    pub(super) fn resize_and_annotate(
        &mut self,
        set: &Arc<ReplicaSet>,
        size: i32,
    ) -> Result<Arc<ReplicaSet>, Stop> {
        let (mut changed, before) = (ReplicaSet::clone(set), set.spec.replicas);
        let annotated = sets::set_sizes(&mut changed, &self.deployment.spec);
        if before == size && !annotated {
            return Ok(Arc::clone(set));
        }
        changed.spec.replicas = size;
        let updated = self.update(changed)?;
        if before != size {
            let direction = if before < size { "up" } else { "down" };
            let name = &set.meta.name;
            let message = format!("Scaled {direction} replica set {name} from {before} to {size}");
            self.tell(EventType::Normal, "ScalingReplicaSet", message);
        }
        Ok(updated)
    }
}
