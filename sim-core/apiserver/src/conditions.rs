//! Conditions that the API server itself sets.

use api::{Condition, ConditionStatus};

/// Puts a condition in the place of the one of its type, or behind all others. The transition time stays if the
/// status does.
pub fn set(conditions: &mut Vec<Condition>, mut new: Condition) {
    match conditions.iter_mut().find(|c| c.kind == new.kind) {
        Some(old) => {
            if old.status == new.status {
                new.last_transition = old.last_transition;
            }
            *old = new;
        }
        None => conditions.push(new),
    }
}

/// `PodScheduled` = True, as binding sets it (kubelet.md 2.4: bare, without observedGeneration).
pub fn scheduled(now: units::Timestamp) -> Condition {
    Condition::new("PodScheduled", ConditionStatus::True, now)
}
