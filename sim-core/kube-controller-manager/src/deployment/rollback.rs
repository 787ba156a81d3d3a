//! The rollback that an annotation asks for (controllers.md 3.10); kubectl's own works without it.

use super::{Requeue, Rollout, Sets, sets};
use api::apps::{Deployment, DeploymentSpec, POD_TEMPLATE_HASH, ReplicaSet};
use api::event::EventType;
use api::pod::PodTemplate;
use client::Call;
use client::controller::Stop;
use std::sync::Arc;

/// The revision that a Deployment is to go back to; 0 = the one before.
pub fn target(deployment: &Deployment) -> Option<i64> {
    deployment.meta.annotations.get(sets::ROLLBACK_TO).and_then(|text| text.parse().ok())
}

/// The second highest revision; 0 if there is none.
fn last_revision(sets: &Sets) -> i64 {
    let (mut highest, mut second) = (0, 0);
    for revision in sets.all().map(|set| sets::revision(set)) {
        if revision >= highest {
            (highest, second) = (revision, highest);
        } else {
            second = second.max(revision);
        }
    }
    second
}

impl Rollout<'_, '_> {
    pub(super) fn roll_back(&mut self, revision: i64) -> Result<Requeue, Stop> {
        let sets = self.find_sets(true)?;
        let revision = if revision == 0 { last_revision(&sets) } else { revision };
        if revision == 0 {
            return self.not_found("Unable to find last revision.");
        }
        let Some(set) = sets.all().find(|set| sets::revision(set) == revision).cloned() else {
            return self.not_found("Unable to find the revision to rollback to.");
        };
        let name = self.deployment.meta.name.clone();
        if sets::same_template(&set.spec.template, &self.deployment.spec.template) {
            let message =
                format!("The rollback revision contains the same template as current deployment \"{name}\"");
            self.tell(EventType::Warning, "DeploymentRollbackTemplateUnchanged", message);
            return self.forget_target();
        }
        self.take_template(&set);
        self.forget_target()?;
        let message = format!("Rolled back deployment \"{name}\" to revision {revision}");
        self.tell(EventType::Normal, "DeploymentRollback", message);
        Ok(Requeue::No)
    }

    fn not_found(&mut self, message: &'static str) -> Result<Requeue, Stop> {
        self.tell(EventType::Warning, "DeploymentRollbackRevisionNotFound", message);
        self.forget_target()
    }

    /// Template and annotations are those of an old ReplicaSet; the private annotations stay.
    fn take_template(&mut self, set: &ReplicaSet) {
        let labels = set.spec.template.labels.without(&POD_TEMPLATE_HASH);
        let template = Arc::new(PodTemplate { labels, ..PodTemplate::clone(&set.spec.template) });
        self.deployment.spec =
            Arc::new(DeploymentSpec { template, ..DeploymentSpec::clone(&self.deployment.spec) });
        let kept = self.deployment.meta.annotations.iter().filter(|(key, _)| sets::is_private(key));
        let taken = set.meta.annotations.iter().filter(|(key, _)| !sets::is_private(key));
        self.deployment.meta.annotations = kept.chain(taken).map(|(k, v)| (k.clone(), v.clone())).collect();
    }

    fn forget_target(&mut self) -> Result<Requeue, Stop> {
        self.deployment.meta.annotations = self.deployment.meta.annotations.without(sets::ROLLBACK_TO);
        self.script.call(Call::Update(self.deployment.clone().into()))?;
        Ok(Requeue::No)
    }
}
