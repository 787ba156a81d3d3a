//! Deletion: grace, preconditions, finalizers (controllers.md 1.11, kubelet.md 6.1).

use crate::{ApiServer, Served, Serving};
use api::meta::Deletion;
use api::pod::Pod;
use api::{ApiError, Kind, Object, ObjectKey};
use client::{DeleteOptions, Propagation};
use std::sync::Arc;
use units::Timestamp;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

impl ApiServer {
    /// Deletes an object, or marks it for deletion.
    pub(crate) fn delete(
        &mut self,
        s: &mut Serving,
        kind: Kind,
        key: &ObjectKey,
        options: &DeleteOptions,
    ) -> Served<Object> {
        let object = self.stored(kind, key)?;
        self.check_preconditions(&object, options)?;
        match object {
            Object::Pod(pod) => self.delete_pod(s, &pod, options),
            object => self.delete_other(s, object, options),
        }
    }

    fn check_preconditions(&self, object: &Object, options: &DeleteOptions) -> Served<()> {
        let (kind, meta) = (object.kind(), object.meta());
        if let Some(uid) = options.preconditions.uid.filter(|uid| *uid != meta.uid) {
            return Err(ApiError::uid_conflict(kind, &meta.name, uid, meta.uid));
        }
        match options.preconditions.resource_version {
            Some(version) if version != meta.resource_version => {
                let because = format!(
                    "Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {}",
                    meta.resource_version
                );
                Err(ApiError::conflict_because(kind, &meta.name, &because))
            }
            _ => Ok(()),
        }
    }

    fn delete_pod(&mut self, s: &mut Serving, pod: &Arc<Pod>, options: &DeleteOptions) -> Served<Object> {
        let Some(deletion) = pod_deletion(pod, options, s.stamp) else {
            return Ok(Object::Pod(Arc::clone(pod)));
        };
        let mut marked = (**pod).clone();
        marked.meta.deletion = Some(deletion);
        let at_once = deletion.grace_seconds == Some(0);
        if at_once && pod.meta.finalizers.is_empty() {
            // A pod that has a node is first updated and then removed, so that its watchers see grace 0.
            let seen_first = pod.is_bound() && pod.meta.deletion != marked.meta.deletion;
            let object = if seen_first { self.commit(s, marked.into(), false) } else { Object::from(marked) };
            return Ok(self.commit(s, object, true));
        }
        marked.meta.generation += 1;
        Ok(self.commit(s, marked.into(), false))
    }

    fn delete_other(
        &mut self,
        s: &mut Serving,
        mut object: Object,
        options: &DeleteOptions,
    ) -> Served<Object> {
        let finalizer = match options.propagation {
            Some(Propagation::Foreground) => Some(FOREGROUND),
            Some(Propagation::Orphan) => Some(ORPHAN),
            Some(Propagation::Background) | None => None,
        };
        let stamp = s.stamp;
        let is_namespace = object.kind() == Kind::Namespace;
        let meta = object.meta_mut();
        if let Some(finalizer) = finalizer.filter(|f| !meta.finalizers.iter().any(|have| have == f)) {
            meta.finalizers.push(finalizer.into());
        }
        let waits = !meta.finalizers.is_empty() || is_namespace;
        if !waits {
            if let Object::Service(service) = &object {
                self.services.release(service);
            }
            return Ok(self.commit(s, object, true));
        }
        if meta.is_deleting() {
            return Ok(object);
        }
        meta.deletion = Some(Deletion { timestamp: stamp, grace_seconds: Some(0) });
        if meta.generation > 0 {
            meta.generation += 1;
        }
        if let Object::Namespace(namespace) = &mut object {
            Arc::make_mut(namespace).terminating = true;
        }
        Ok(self.commit(s, object, false))
    }

    /// Removes an object that is being deleted once its last finalizer has gone.
    pub(crate) fn finish_deletion(&mut self, s: &mut Serving, object: Object) -> Object {
        let meta = object.meta();
        let graceful =
            matches!(object, Object::Pod(_)) && meta.deletion.is_some_and(|d| d.grace_seconds != Some(0));
        let done =
            meta.is_deleting() && meta.finalizers.is_empty() && !graceful && object.kind() != Kind::Namespace;
        if done { self.commit(s, object, true) } else { object }
    }
}

/// What a delete request makes of a pod's deletion; `None` if it changes nothing.
fn pod_deletion(pod: &Pod, options: &DeleteOptions, now: Timestamp) -> Option<Deletion> {
    let own = pod.spec.termination_grace_period_seconds;
    let grace = match options.grace_seconds.unwrap_or(own) {
        _ if !pod.is_bound() || pod.status.phase.is_terminal() => 0,
        negative if negative < 0 => 1,
        grace => grace,
    };
    let Some(before) = pod.meta.deletion else {
        return Some(Deletion {
            timestamp: Timestamp(now.0.saturating_add(grace)),
            grace_seconds: Some(grace),
        });
    };
    let stored = before.grace_seconds.unwrap_or(0);
    if grace == 0 {
        return Some(Deletion {
            timestamp: Timestamp(before.timestamp.0.min(now.0)),
            grace_seconds: Some(0),
        });
    }
    if options.grace_seconds.is_none() || grace >= stored {
        return None;
    }
    let shortened = before.timestamp.0 - stored + grace;
    let (timestamp, grace) = if shortened < now.0 { (now.0, 1) } else { (shortened, grace) };
    Some(Deletion { timestamp: Timestamp(timestamp), grace_seconds: Some(grace) })
}
