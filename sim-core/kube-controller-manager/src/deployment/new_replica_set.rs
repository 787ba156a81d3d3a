//! The ReplicaSet with the Deployment's template: finding, numbering, creating (controllers.md 3.3).

use super::status::{PROGRESSING, deployment_condition, has_deadline, set_condition};
use super::{Rollout, Sets, sets};
use api::apps::{POD_TEMPLATE_HASH, ReplicaSet, ReplicaSetSpec, ReplicaSetStatus};
use api::event::EventType;
use api::pod::PodTemplate;
use api::{
    ApiError, ConditionStatus, Kind, LabelSelector, Name, Object, ObjectMeta, OwnerReference, Reason,
    condition,
};
use client::controller::{Stop, template_hash};
use client::{Call, Response};
use std::sync::Arc;

impl Rollout<'_, '_> {
    /// The new ReplicaSet and the old ones; revisions are brought up to date, and a missing new one is created if asked.
    pub(super) fn find_sets(&mut self, create: bool) -> Result<Sets, Stop> {
        let template = Arc::clone(&self.deployment.spec.template);
        let oldest_first = sets::oldest_first(&self.sets);
        let found = oldest_first.into_iter().find(|set| sets::same_template(&set.spec.template, &template));
        let is_new = |set: &&Arc<ReplicaSet>| found.as_ref().is_some_and(|new| new.meta.uid == set.meta.uid);
        let old: Vec<_> = self.sets.iter().filter(|set| !is_new(set)).cloned().collect();
        let highest = old.iter().map(|set| sets::revision(set)).max().unwrap_or_default();
        let revision = highest.saturating_add(1);
        let new = match found {
            Some(set) => Some(self.keep_up(&set, revision)?),
            None if create => Some(self.create(&old, revision)?),
            None => None,
        };
        Ok(Sets { new, old })
    }

    /// Brings annotations of the new ReplicaSet up to date; if there is nothing to do, the Deployment's revision.
    fn keep_up(&mut self, set: &Arc<ReplicaSet>, revision: i64) -> Result<Arc<ReplicaSet>, Stop> {
        let mut changed = ReplicaSet::clone(set);
        let annotated = sets::annotate(&mut changed, &self.deployment, revision);
        let min_ready = self.deployment.spec.min_ready_seconds;
        if annotated || changed.spec.min_ready_seconds != min_ready {
            changed.spec.min_ready_seconds = min_ready;
            return self.update(changed);
        }
        let mut write = self.set_revision(sets::revision(set));
        if has_deadline(&self.deployment)
            && condition::find(&self.deployment.status.conditions, PROGRESSING).is_none()
        {
            let message = format!("Found new replica set \"{}\"", set.meta.name);
            self.set_progressing(ConditionStatus::True, "FoundNewReplicaSet", message);
            write = true;
        }
        if write {
            self.write_status()?;
        }
        Ok(Arc::clone(set))
    }

    pub(super) fn update(&mut self, set: ReplicaSet) -> Result<Arc<ReplicaSet>, Stop> {
        let fallback = Arc::new(set.clone());
        let response = self.script.call(Call::UpdateReplicaSet(Box::new(set)))?;
        Ok(response.object().and_then(Object::as_replica_set).cloned().unwrap_or(fallback))
    }

    /// Puts a revision onto the Deployment; whether that changes anything.
    fn set_revision(&mut self, revision: i64) -> bool {
        let (text, annotations) = (revision.to_string(), &self.deployment.meta.annotations);
        if annotations.get(sets::REVISION).is_some_and(|have| *have == text) {
            return false;
        }
        self.deployment.meta.annotations = annotations.with(sets::REVISION, text);
        true
    }

    pub(super) fn set_progressing(&mut self, status: ConditionStatus, reason: &'static str, message: String) {
        let condition = deployment_condition(PROGRESSING, status, self.now()).because(reason, message);
        set_condition(&mut self.deployment.status.conditions, condition);
    }

    fn create(&mut self, old: &[Arc<ReplicaSet>], revision: i64) -> Result<Arc<ReplicaSet>, Stop> {
        let mut set = self.new_set();
        set.spec.replicas = sets::new_size(&self.deployment.spec, 0, sets::wanted(old));
        sets::annotate(&mut set, &self.deployment, revision);
        sets::set_sizes(&mut set, &self.deployment.spec);
        let (name, size) = (set.meta.name.clone(), set.spec.replicas);
        let created = match self.script.attempt(Call::Create(set.clone().into()))? {
            Ok(Response::Object(Object::ReplicaSet(created))) => created,
            Ok(_) => Arc::new(set),
            Err(error) if error.reason == Reason::AlreadyExists => {
                let existing = self.existing(&set, error)?;
                if self.set_revision(revision) {
                    self.write_status()?;
                }
                return Ok(existing);
            }
            Err(error) => return self.creation_failed(&name, error),
        };
        if size > 0 {
            let message = format!("Scaled up replica set {name} from 0 to {size}");
            self.tell(EventType::Normal, "ScalingReplicaSet", message);
        }
        let mut write = self.set_revision(revision);
        if has_deadline(&self.deployment) {
            let message = format!("Created new replica set \"{name}\"");
            self.set_progressing(ConditionStatus::True, "NewReplicaSetCreated", message);
            write = true;
        }
        if write {
            self.write_status()?;
        }
        Ok(created)
    }

    /// A ReplicaSet of that name exists: it is the new one, or its name collides.
    fn existing(&mut self, set: &ReplicaSet, error: ApiError) -> Result<Arc<ReplicaSet>, Stop> {
        let (view, key) = (self.view, set.meta.key());
        let seen = self.script.look(|| view.replica_set(&key).cloned().map(Object::ReplicaSet));
        let Some(Object::ReplicaSet(existing)) = seen else {
            return Err(Stop::Refused(ApiError::not_found(Kind::ReplicaSet, &key.name)));
        };
        let is_ours = existing.meta.controller().is_some_and(|owner| owner.uid == self.deployment.meta.uid);
        if is_ours && sets::same_template(&existing.spec.template, &self.deployment.spec.template) {
            return Ok(existing);
        }
        let collisions = self.deployment.status.collision_count.unwrap_or_default();
        self.deployment.status.collision_count = Some(collisions.saturating_add(1));
        // Whether or not it could be written: the sync fails, and the next one tries another hash.
        self.write_status_anyway()?;
        Err(Stop::Refused(error))
    }

    fn creation_failed(&mut self, name: &Name, error: ApiError) -> Result<Arc<ReplicaSet>, Stop> {
        if error.cause == "NamespaceTerminating" {
            return Err(Stop::Refused(error));
        }
        let message = format!("Failed to create new replica set \"{name}\": {error}");
        if has_deadline(&self.deployment) {
            self.set_progressing(ConditionStatus::False, "ReplicaSetCreateError", message.clone());
            // The creation's failure matters more than this one's.
            self.write_status_anyway()?;
        }
        self.tell(EventType::Warning, "ReplicaSetCreateError", message);
        Err(Stop::Refused(error))
    }

    fn new_set(&self) -> ReplicaSet {
        let (meta, spec) = (&self.deployment.meta, &self.deployment.spec);
        let hash = template_hash(&spec.template, self.deployment.status.collision_count);
        let labels = spec.template.labels.with(POD_TEMPLATE_HASH, hash.clone());
        let match_labels = spec.selector.match_labels.with(POD_TEMPLATE_HASH, hash.clone());
        ReplicaSet {
            meta: ObjectMeta {
                labels: labels.clone(),
                owners: vec![OwnerReference::controller(Kind::Deployment, &meta.name, meta.uid)].into(),
                ..ObjectMeta::named(meta.namespace.clone(), format!("{}-{hash}", meta.name))
            },
            spec: ReplicaSetSpec {
                replicas: 0,
                min_ready_seconds: spec.min_ready_seconds,
                selector: Arc::new(LabelSelector { match_labels, ..spec.selector.clone() }),
                template: Arc::new(PodTemplate { labels, ..PodTemplate::clone(&spec.template) }),
            },
            status: ReplicaSetStatus::default(),
        }
    }
}
