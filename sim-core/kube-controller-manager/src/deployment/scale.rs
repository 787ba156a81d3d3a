//! Scaling, also of paused Deployments, and the clean-up of old ReplicaSets (controllers.md 3.7 and 3.11).

use super::{Requeue, Rollout, Sets, rollback, sets, status};
use api::Kind;
use api::apps::{Deployment, DeploymentSpec, ReplicaSet, Strategy};
use client::controller::Stop;
use client::{Call, DeleteOptions};
use std::cmp::Reverse;
use std::sync::Arc;

impl Rollout<'_, '_> {
    /// Resizes what there is; never creates a ReplicaSet.
    pub(super) fn scale(&mut self) -> Result<Requeue, Stop> {
        let sets = self.find_sets(false)?;
        self.distribute(&sets)?;
        if self.deployment.spec.paused && rollback::target(&self.deployment).is_none() {
            self.clean_up(&sets.old)?;
        }
        self.report_sizes(&sets)
    }

    fn distribute(&mut self, sets: &Sets) -> Result<(), Stop> {
        let replicas = self.deployment.spec.replicas;
        let active: Vec<_> = sets.all().filter(|set| sets::is_active(set)).cloned().collect();
        if active.len() <= 1 {
            let newest_old = || sets::oldest_first(&sets.old).pop();
            if let Some(set) = active.into_iter().next().or_else(|| sets.new.clone()).or_else(newest_old) {
                self.resize(&set, replicas)?;
            }
            return Ok(());
        }
        if sets.new.as_ref().is_some_and(|new| is_saturated(new, replicas)) {
            for set in sets.old.iter().filter(|set| sets::is_active(set)) {
                self.resize(set, 0)?;
            }
            return Ok(());
        }
        if let Strategy::RollingUpdate { .. } = self.deployment.spec.strategy {
            for (set, size) in proportional(&self.deployment, active) {
                self.resize_and_annotate(&set, size)?;
            }
        }
        Ok(())
    }

    pub(super) fn clean_up_if_complete(&mut self, sets: &Sets) -> Result<(), Stop> {
        if status::is_complete(&self.deployment, &self.deployment.status) {
            self.clean_up(&sets.old)?;
        }
        Ok(())
    }

    /// Deletes old ReplicaSets beyond the limit, the lowest revision first.
    fn clean_up(&mut self, old: &[Arc<ReplicaSet>]) -> Result<(), Stop> {
        let limit = self.deployment.spec.revision_history_limit;
        if limit == i32::MAX {
            return Ok(());
        }
        let mut old = sets::oldest_first(old);
        old.retain(|set| !set.meta.is_deleting());
        old.sort_by_key(|set| sets::revision(set));
        let surplus = old.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
        for set in old.iter().take(surplus).filter(|set| is_deletable(set)) {
            let options = DeleteOptions::default();
            match self.script.attempt(Call::Delete {
                kind: Kind::ReplicaSet,
                key: set.meta.key(),
                options,
            })? {
                Err(error) if error.reason != api::Reason::NotFound => return Err(Stop::Refused(error)),
                _ => {}
            }
        }
        Ok(())
    }
}

fn is_deletable(set: &ReplicaSet) -> bool {
    set.status.replicas == 0
        && set.spec.replicas == 0
        && set.meta.generation <= set.status.observed_generation
}

/// All its pods are there, and it was sized for the Deployment as it is.
fn is_saturated(new: &ReplicaSet, replicas: i32) -> bool {
    new.spec.replicas == replicas
        && sets::desired(new) == Some(replicas)
        && new.status.available_replicas == replicas
}

/// The sizes of active ReplicaSets that share what is to be added or removed in proportion to their sizes.
fn proportional(deployment: &Deployment, mut active: Vec<Arc<ReplicaSet>>) -> Vec<(Arc<ReplicaSet>, i32)> {
    let spec = &deployment.spec;
    let allowed = if spec.replicas > 0 { spec.replicas.saturating_add(sets::max_surge(spec)) } else { 0 };
    let to_add = allowed.saturating_sub(sets::wanted(&active));
    active.sort_by(|a, b| {
        let by_age =
            if to_add > 0 { sets::age(b).cmp(&sets::age(a)) } else { sets::age(a).cmp(&sets::age(b)) };
        let by_size = Reverse(a.spec.replicas).cmp(&Reverse(b.spec.replicas));
        if to_add == 0 { std::cmp::Ordering::Equal } else { by_size.then(by_age) }
    });
    let mut added = 0;
    let mut sizes = Vec::with_capacity(active.len());
    for set in active {
        let left = to_add - added;
        let fraction = if left == 0 { 0 } else { fraction(&set, spec, deployment.status.replicas) };
        let share = if to_add > 0 { fraction.min(left) } else { fraction.max(left) };
        sizes.push((set.spec.replicas + share, set));
        added += share;
    }
    if let Some((size, _)) = sizes.first_mut() {
        *size = size.saturating_add(to_add - added).max(0);
    }
    sizes.into_iter().map(|(size, set)| (set, size)).collect()
}

/// How much a ReplicaSet of this size grows when the Deployment does (upstream rounds halves away from zero).
fn fraction(set: &ReplicaSet, spec: &DeploymentSpec, status_replicas: i32) -> i32 {
    let size = set.spec.replicas;
    if spec.replicas == 0 {
        return -size;
    }
    let before = i64::from(sets::maximum(set).filter(|n| *n != 0).unwrap_or(status_replicas));
    if before <= 0 {
        return 0;
    }
    let grown = i64::from(size) * (i64::from(spec.replicas) + i64::from(sets::max_surge(spec)));
    let rounded = (2 * grown + before).div_euclid(2 * before);
    i32::try_from(rounded).unwrap_or(i32::MAX) - size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{deployment, replica_set};
    use api::apps::IntOrPercent::Percent;
    use units::Timestamp;

    /// Sizes of the old and the new ReplicaSet after the Deployment of 25 % surge got so many replicas.
    fn sizes(replicas: i32, old: i32, new: i32, maximum: i32) -> (i32, i32) {
        let mut deployment = deployment("web", replicas);
        let strategy = Strategy::RollingUpdate { max_surge: Percent(25), max_unavailable: Percent(25) };
        deployment.spec = Arc::new(DeploymentSpec { strategy, ..DeploymentSpec::clone(&deployment.spec) });
        let set = |name: &str, size, created| {
            let mut set = replica_set(name, size, &deployment);
            set.meta.creation = Timestamp(created);
            set.meta.annotations = set.meta.annotations.with(sets::MAX_REPLICAS, maximum.to_string());
            Arc::new(set)
        };
        let sizes = proportional(&deployment, vec![set("web-a", old, 1), set("web-b", new, 2)]);
        let of =
            |name: &str| sizes.iter().find(|(set, _)| set.meta.name == name).map(|(_, size)| *size).unwrap();
        (of("web-a"), of("web-b"))
    }

    fn with_surge(replicas: i32, old: i32, new: i32, maximum: i32, surge: i32) -> (i32, i32) {
        let mut deployment = deployment("web", replicas);
        let (max_surge, max_unavailable) =
            (api::apps::IntOrPercent::Int(surge), api::apps::IntOrPercent::Int(2));
        let strategy = Strategy::RollingUpdate { max_surge, max_unavailable };
        deployment.spec = Arc::new(DeploymentSpec { strategy, ..DeploymentSpec::clone(&deployment.spec) });
        let set = |name: &str, size| {
            let mut set = replica_set(name, size, &deployment);
            set.meta.annotations = set.meta.annotations.with(sets::MAX_REPLICAS, maximum.to_string());
            Arc::new(set)
        };
        let sizes = proportional(&deployment, vec![set("web-a", old), set("web-b", new)]);
        (
            sizes.iter().find(|s| s.0.meta.name == "web-a").unwrap().1,
            sizes.iter().find(|s| s.0.meta.name == "web-b").unwrap().1,
        )
    }

    #[test]
    fn the_examples_of_the_specification() {
        assert_eq!(with_surge(25, 8, 5, 13, 3), (17, 11));
        assert_eq!(with_surge(8, 17, 11, 28, 3), (7, 4));
        assert_eq!(sizes(15, 8, 5, 13), (12, 7));
    }

    #[test]
    fn what_rounding_leaves_goes_to_the_first() {
        // Both would round up to 7, but there is one pod to add: the first takes it.
        assert_eq!(with_surge(0, 8, 5, 13, 3), (0, 0));
        assert_eq!(with_surge(11, 6, 6, 12, 2).0 + with_surge(11, 6, 6, 12, 2).1, 13);
        // Of equal sizes the newest is the first to grow, the oldest the first to shrink.
        assert_eq!(sizes(10, 6, 6, 12), (6, 7));
        assert_eq!(sizes(8, 6, 6, 12), (5, 5));
        assert_eq!(sizes(7, 5, 5, 10), (4, 5));
    }
}
