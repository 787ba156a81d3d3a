//! Conditions of every kind's status.

use crate::Name;
use serde::{Deserialize, Serialize};
use units::Timestamp;

text_enum! {
    /// Whether a condition holds.
    ConditionStatus { True = "True", False = "False", Unknown = "Unknown" }
}

impl From<bool> for ConditionStatus {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// A condition. The time stamps that a kind does not have stay `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// `type`
    pub kind: Name,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word; may be empty.
    pub reason: Name,
    /// A sentence; may be empty.
    pub message: Name,
    /// When the status last changed.
    pub last_transition: Option<Timestamp>,
    /// When it was last written (Deployments) or reported (`lastHeartbeatTime` of nodes).
    pub last_update: Option<Timestamp>,
    /// The generation it was computed from (pods); 0 = not given.
    pub observed_generation: i64,
}

impl Condition {
    /// A condition without reason and message.
    pub fn new(kind: impl Into<Name>, status: impl Into<ConditionStatus>, now: Timestamp) -> Self {
        Self {
            kind: kind.into(),
            status: status.into(),
            reason: Name::default(),
            message: Name::default(),
            last_transition: Some(now),
            last_update: None,
            observed_generation: 0,
        }
    }
    /// The same with reason and message.
    pub fn because(mut self, reason: impl Into<Name>, message: impl Into<Name>) -> Self {
        (self.reason, self.message) = (reason.into(), message.into());
        self
    }
}

/// The condition of that type.
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.kind == kind)
}

/// Whether the condition of that type is True.
pub fn is_true(conditions: &[Condition], kind: &str) -> bool {
    find(conditions, kind).is_some_and(|c| c.status == ConditionStatus::True)
}
