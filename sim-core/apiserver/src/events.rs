//! Event objects: created, counted, forgotten after an hour (`--event-ttl`).

use crate::{ApiServer, Served, Serving};
use api::event::Event;
use api::{Kind, Object, ObjectKey};
use std::collections::VecDeque;
use units::{SimDuration, SimTime};

/// `--event-ttl`, counted from the last write.
const TTL: SimDuration = SimDuration::from_secs(3600);

/// When which Event may be forgotten, in the order of their writes.
#[derive(Clone, Debug, Default)]
pub struct Expiry {
    due: VecDeque<(SimTime, ObjectKey, u64)>,
}

impl ApiServer {
    /// Writes an Event. One that counts further than 1 replaces what is stored under its name, if that is still there.
    pub(crate) fn record_event(&mut self, s: &mut Serving, mut event: Event) -> Served<()> {
        self.expire_events(s.now);
        let namespace = ObjectKey::cluster(event.meta.namespace.clone());
        if self.tables.namespaces.get(&namespace).is_none() {
            return Err(api::ApiError::not_found(Kind::Namespace, &namespace.name));
        }
        match self.tables.events.get(&event.meta.key()) {
            Some(stored) if event.count() > 1 || event.form == stored.form => {
                (event.meta.uid, event.meta.creation) = (stored.meta.uid, stored.meta.creation);
            }
            _ => self.name_event(s, &mut event),
        }
        let object = self.commit(s, Object::from(event), false);
        self.events.due.push_back((s.now + TTL, object.key(), object.meta().resource_version));
        Ok(())
    }

    /// A name is `<object>.<nanoseconds>`: of two components that tell something of one object in one instant, the
    /// second gets the next nanosecond.
    fn name_event(&mut self, s: &Serving, event: &mut Event) {
        while self.tables.events.get(&event.meta.key()).is_some() {
            let Some((object, nanos)) = event.meta.name.rsplit_once('.') else { break };
            let Ok(nanos) = u64::from_str_radix(nanos, 16) else { break };
            event.meta.name = format!("{object}.{:x}", nanos.wrapping_add(1)).into();
        }
        event.meta.uid = self.names.uid(self.seed, Kind::Event, &event.meta.key(), s.now);
        event.meta.creation = s.stamp;
    }

    fn expire_events(&mut self, now: SimTime) {
        while self.events.due.front().is_some_and(|(due, ..)| *due <= now) {
            let Some((_, key, version)) = self.events.due.pop_front() else { return };
            let Some(event) = self.tables.events.get(&key).cloned() else { continue };
            if event.meta.resource_version == version {
                self.tables.commit(Object::Event(event), true, None);
                // Nobody watches Events: what has expired need not wait for a view.
                let head = self.tables.events.head();
                self.tables.events.trim(head);
            }
        }
    }
}
