//! Why a node is not taken (scheduler.md 0 and 9.3).
//!
//! Source: `staging/src/k8s.io/kube-scheduler/framework/interface.go` (Code, Status), v1.36.2. Here a status is small
//! and without text, because a cycle can leave thousands; the text is made when somebody reads it.

use api::Name;
use serde::{Deserialize, Serialize};

/// How a plugin answers when it does not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Code {
    /// Preemption might help.
    Unschedulable,
    /// Preemption cannot help.
    UnschedulableAndUnresolvable,
}

impl Code {
    /// Upstream's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unschedulable => "Unschedulable",
            Self::UnschedulableAndUnresolvable => "UnschedulableAndUnresolvable",
        }
    }
}

/// What NodeResourcesFit finds missing: a set of places in a fixed list.
/// DIFFERENCE: of the extended resources that one pod asks for, those beyond the 60th share a place and are told apart
/// by nobody: the reason names the 60th. Only a pod with more than 60 of them can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Insufficient(u64);

impl Insufficient {
    /// The number of pods.
    pub const TOO_MANY_PODS: Self = Self(1);
    /// CPU.
    pub const CPU: Self = Self(2);
    /// Memory.
    pub const MEMORY: Self = Self(4);
    /// Local ephemeral storage.
    pub const EPHEMERAL_STORAGE: Self = Self(8);
    const FIRST_SCALAR: u32 = 4;

    /// The pod's scalar number `at`, in the order of names.
    pub fn scalar(at: usize) -> Self {
        let place = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(Self::FIRST_SCALAR);
        Self(1 << place.min(u64::BITS - 1))
    }
    /// Whether nothing is missing.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Adds what is missing if it is.
    pub fn add_if(&mut self, missing: bool, what: Self) {
        if missing {
            self.0 |= what.0;
        }
    }
    fn contains(self, what: Self) -> bool {
        self.0 & what.0 != 0
    }
}

/// Why a plugin did not accept a node: the catalogue of scheduler.md 9.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// NodeUnschedulable.
    Unschedulable,
    /// NodeName.
    NodeName,
    /// TaintToleration.
    UntoleratedTaint,
    /// NodeAffinity.
    NodeAffinity,
    /// NodeAffinity: the demands of a pod contradict each other.
    ConflictingTerms,
    /// NodePorts.
    Ports,
    /// NodeResourcesFit.
    Resources(Insufficient),
    /// PodTopologySpread.
    Spread,
    /// PodTopologySpread: the node lacks the topology's label.
    SpreadMissingLabel,
    /// A node that PreFilter left out of the search; the narrowing plugins give the text.
    NotNamed,
    /// A dry run of preemption found no victims.
    NoVictims,
    /// Preemption cannot help on this node.
    PreemptionNotHelpful,
}

impl Reason {
    /// Upstream's texts. `scalars` are the names of the pod's scalars, as [`Insufficient::scalar`] counts them.
    pub fn texts<'a>(self, scalars: impl Iterator<Item = &'a Name>) -> Vec<Name> {
        let one = |text: &'static str| vec![Name::new_static(text)];
        match self {
            Self::Unschedulable => one("node(s) were unschedulable"),
            Self::NodeName => one("node(s) didn't match the requested node name"),
            Self::UntoleratedTaint => one("node(s) had untolerated taint(s)"),
            Self::NodeAffinity => one("node(s) didn't match Pod's node affinity/selector"),
            Self::ConflictingTerms => one("pod affinity terms conflict"),
            Self::Ports => one("node(s) didn't have free ports for the requested pod ports"),
            Self::Resources(missing) => resource_texts(missing, scalars),
            Self::Spread => one("node(s) didn't match pod topology spread constraints"),
            Self::SpreadMissingLabel => {
                one("node(s) didn't match pod topology spread constraints (missing required label)")
            }
            // NodeAffinity is the only plugin that narrows.
            Self::NotNamed => one("node(s) didn't satisfy plugin(s) [NodeAffinity]"),
            Self::NoVictims => one("No preemption victims found for incoming pod"),
            Self::PreemptionNotHelpful => one("Preemption is not helpful for scheduling"),
        }
    }
}

fn resource_texts<'a>(missing: Insufficient, scalars: impl Iterator<Item = &'a Name>) -> Vec<Name> {
    let fixed = [
        (Insufficient::TOO_MANY_PODS, "Too many pods"),
        (Insufficient::CPU, "Insufficient cpu"),
        (Insufficient::MEMORY, "Insufficient memory"),
        (Insufficient::EPHEMERAL_STORAGE, "Insufficient ephemeral-storage"),
    ];
    let fixed = fixed.into_iter().filter(|(what, _)| missing.contains(*what));
    let mut texts: Vec<Name> = fixed.map(|(_, text)| Name::new_static(text)).collect();
    for (at, name) in scalars.enumerate().take(60) {
        if missing.contains(Insufficient::scalar(at)) {
            texts.push(format!("Insufficient {name}").into());
        }
    }
    texts
}

/// A node or a pod that a plugin did not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rejection {
    /// How.
    pub code: Code,
    /// Why.
    pub reason: Reason,
}

impl Rejection {
    /// Preemption might help.
    pub const fn unschedulable(reason: Reason) -> Self {
        Self { code: Code::Unschedulable, reason }
    }
    /// Preemption cannot help.
    pub const fn unresolvable(reason: Reason) -> Self {
        Self { code: Code::UnschedulableAndUnresolvable, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_resources_in_order() {
        let mut missing = Insufficient::default();
        missing.add_if(true, Insufficient::TOO_MANY_PODS);
        missing.add_if(false, Insufficient::CPU);
        missing.add_if(true, Insufficient::MEMORY);
        missing.add_if(true, Insufficient::scalar(1));
        let scalars: [Name; 2] = ["a.b/c".into(), "a.b/d".into()];
        let texts = Reason::Resources(missing).texts(scalars.iter());
        assert_eq!(texts, ["Too many pods", "Insufficient memory", "Insufficient a.b/d"]);
    }

    #[test]
    fn more_scalars_than_places_do_not_panic() {
        let scalars: Vec<Name> = (0..100).map(|at| format!("a/{at}").into()).collect();
        let mut missing = Insufficient::default();
        (0..100).for_each(|at| missing.add_if(true, Insufficient::scalar(at)));
        assert_eq!(Reason::Resources(missing).texts(scalars.iter()).len(), 60);
    }
}
