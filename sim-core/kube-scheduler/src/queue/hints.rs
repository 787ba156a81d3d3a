//! Which events can help which pods: what the plugins have registered (scheduler.md 6.6, 6.7).
//!
//! Source: `pkg/scheduler/scheduler.go` (buildQueueingHintMap),
//! `pkg/scheduler/backend/queue/scheduling_queue.go` (isPodWorthRequeuing), v1.36.2.

use super::QueuedPod;
use super::event::{Action, ClusterEvent, EventKind};
use crate::framework::{Plugin, PluginName, PluginSet, Profile};
use api::pod::Pod;

/// The registrations of a profile.
#[derive(Clone, Debug)]
pub struct Hints {
    plugins: Vec<Plugin>,
    registered: Vec<Registration>,
}

#[derive(Clone, Copy, Debug)]
struct Registration {
    /// Place in `plugins`.
    plugin: usize,
    kind: EventKind,
    /// The pod is brought back without asking.
    always: bool,
}

impl Hints {
    /// Asks the plugins what they want to hear of.
    pub fn of(profile: &Profile) -> Self {
        let plugins: Vec<Plugin> = profile.plugins.iter().map(|weighted| weighted.plugin.clone()).collect();
        let mut registered = Vec::new();
        for (at, plugin) in plugins.iter().enumerate() {
            let Some(events) = plugin.enqueue().map(|extensions| extensions.events_to_register()) else {
                continue;
            };
            registered.extend(events.iter().map(|kind| Registration {
                plugin: at,
                kind: *kind,
                always: false,
            }));
            // Who waits for new nodes hears of taints too: a new node can be tainted when it is first seen.
            let added = EventKind::node(Action::ADD);
            let tainted = EventKind::node(Action::UPDATE_NODE_TAINT);
            let hears = |event| events.iter().any(|kind| kind.covers(event));
            if hears(added) && !hears(tainted) {
                registered.push(Registration { plugin: at, kind: tainted, always: true });
            }
        }
        Self { plugins, registered }
    }

    /// The first plugin that does not let a pod into the active queue.
    pub fn gate(&self, pod: &Pod) -> Option<PluginName> {
        let closed = |plugin: &&Plugin| plugin.pre_enqueue().is_some_and(|gate| !gate.pre_enqueue(pod));
        self.plugins.iter().find(closed).map(Plugin::name)
    }

    /// The plugins that want to hear of an event; `None` of the wildcard, which concerns everybody.
    pub fn interested(&self, event: &ClusterEvent) -> Option<PluginSet> {
        let kind = event.kind()?;
        let covering = self.registered.iter().filter(|registration| registration.kind.covers(kind));
        Some(covering.map(|registration| self.plugins[registration.plugin].name()).collect())
    }

    /// Whether an event can help a pod that waits.
    pub fn is_worth_requeueing(&self, entry: &QueuedPod, event: &ClusterEvent) -> bool {
        let gates = |name| entry.gated_by.is_none_or(|gate| gate == name);
        let Some(kind) = event.kind() else { return entry.gated_by.is_none() };
        if entry.rejectors.is_empty() {
            return true;
        }
        let gate_hears =
            self.registered.iter().any(|r| gates(self.plugins[r.plugin].name()) && r.kind.covers(kind));
        gate_hears
            && self.registered.iter().any(|registration| {
                let plugin = &self.plugins[registration.plugin];
                entry.rejectors.contains(plugin.name())
                    && registration.kind.covers(kind)
                    && (registration.always
                        || plugin.enqueue().is_some_and(|hint| hint.queueing_hint(&entry.incoming, event)))
            })
    }
}
