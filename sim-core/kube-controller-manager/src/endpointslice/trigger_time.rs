//! When what a slice shows has last changed: annotation `endpoints.kubernetes.io/last-change-trigger-time`.
//!
//! Source: `staging/src/k8s.io/endpointslice/util/trigger_time_tracker.go`, v1.36.2 (controllers.md 13.1).

use api::Name;
use api::core::Service;
use api::pod::Pod;
use std::collections::BTreeMap;
use std::sync::Arc;
use units::Timestamp;

/// What the last sync of a Service saw.
#[derive(Clone, Debug, Default)]
pub struct TriggerTimes {
    synced: bool,
    ready: BTreeMap<Name, Timestamp>,
}

impl TriggerTimes {
    /// What caused this sync: the Service's creation the first time, later the oldest Ready transition that is new.
    pub fn advance(&mut self, service: &Service, pods: &[&Arc<Pod>]) -> Option<Timestamp> {
        let transition = |pod: &Pod| pod.ready_condition().and_then(|ready| ready.last_transition);
        let ready: BTreeMap<Name, Timestamp> =
            pods.iter().filter_map(|pod| Some((pod.meta.name.clone(), transition(pod)?))).collect();
        let is_new = |name: &Name, at: &Timestamp| self.ready.get(name).is_none_or(|seen| at > seen);
        let oldest = ready.iter().filter(|(name, at)| is_new(name, at)).map(|(_, at)| *at).min();
        let trigger = if self.synced { oldest } else { Some(service.meta.creation) };
        *self = Self { synced: true, ready };
        trigger
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{pod, ready};

    #[test]
    fn the_oldest_new_transition_counts() {
        let mut service = Service::default();
        service.meta.creation = Timestamp(5);
        let mut times = TriggerTimes::default();
        let mut sync = |pods: &[(&str, Option<i64>)]| {
            let pods: Vec<Arc<Pod>> = pods
                .iter()
                .map(|(name, since)| {
                    let mut pod = pod(name);
                    if let Some(since) = since {
                        ready(&mut pod, Timestamp(*since));
                    }
                    Arc::new(pod)
                })
                .collect();
            times.advance(&service, &pods.iter().collect::<Vec<_>>()).map(|t| t.0)
        };
        assert_eq!(sync(&[("a", Some(3))]), Some(5));
        assert_eq!(sync(&[("a", Some(3))]), None);
        assert_eq!(sync(&[("a", Some(9)), ("b", Some(8)), ("c", None)]), Some(8));
        assert_eq!(sync(&[("a", Some(9)), ("c", Some(7))]), Some(7));
        assert_eq!(sync(&[("a", Some(4))]), None);
    }
}
