//! Recreate: all old pods end before the first new one comes (controllers.md 3.6).

use super::{Requeue, Rollout, Sets, failure, sets};
use client::controller::Stop;

impl Rollout<'_, '_> {
    pub(super) fn recreate(&mut self) -> Result<Requeue, Stop> {
        let sets = self.find_sets(false)?;
        let mut scaled_down = false;
        for set in sets.old.iter().filter(|set| sets::is_active(set)) {
            scaled_down |= self.resize(set, 0)?.0;
        }
        if scaled_down || self.old_pods_run(&sets) {
            return self.report(&sets);
        }
        let sets = if sets.new.is_some() { sets } else { self.find_sets(true)? };
        let Some(new) = sets.new.clone() else { return Err(failure("there is no new replica set")) };
        self.resize(&new, self.deployment.spec.replicas)?;
        self.clean_up_if_complete(&sets)?;
        self.report(&sets)
    }

    /// Pods that are being deleted run until they end.
    fn old_pods_run(&self, sets: &Sets) -> bool {
        let new = sets.new.as_ref().map(|new| new.meta.uid);
        sets::actual(&sets.old) > 0 || self.snapshot.running.iter().any(|uid| Some(*uid) != new)
    }
}
