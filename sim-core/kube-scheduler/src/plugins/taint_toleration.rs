//! TaintToleration: taints keep pods away or make nodes less welcome (scheduler.md 7.5).
//!
//! Source: `pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go`, v1.36.2.

use crate::cache::{Cache, NodeIx, NodeView};
use crate::framework::{
    Cycle, CycleState, EnqueueExtensions, FilterPlugin, Incoming, PreScore, PreScorePlugin, Reason,
    Rejection, ScorePlugin, default_normalize,
};
use crate::queue::{Action, ClusterEvent, EventKind};
use api::node::{Node, TaintEffect};
use api::pod::Pod;
use component_helpers::{find_untolerated, forbids_scheduling, tolerates};

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaintToleration;

impl FilterPlugin for TaintToleration {
    fn filter(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> Result<(), Rejection> {
        if node.row.has_hard_taints
            && let Some(node) = &node.info.node
            && is_kept_away(&cycle.incoming.pod, node)
        {
            return Err(Rejection::unresolvable(Reason::UntoleratedTaint));
        }
        Ok(())
    }
}

impl PreScorePlugin for TaintToleration {
    fn pre_score(&self, _: &Incoming, _: &mut CycleState, _: &mut Cache, _: &[NodeIx]) -> PreScore {
        PreScore::Success
    }
}

impl ScorePlugin for TaintToleration {
    /// How many taints PreferNoSchedule the pod does not tolerate.
    fn score(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> i64 {
        let soft = |effect: Option<TaintEffect>| effect.is_none_or(|e| e == TaintEffect::PreferNoSchedule);
        let Some(node) = node.info.node.as_ref().filter(|_| node.row.has_soft_taints) else { return 0 };
        let taints = node.spec.taints.iter().filter(|taint| taint.effect == TaintEffect::PreferNoSchedule);
        let tolerations = &cycle.incoming.pod.spec.tolerations;
        let unwelcome =
            taints.filter(|taint| !tolerations.iter().any(|t| soft(t.effect) && tolerates(t, taint))).count();
        i64::try_from(unwelcome).unwrap_or(i64::MAX)
    }
    fn normalize(&self, _: Cycle<'_>, _: &[NodeIx], scores: &mut [i64]) {
        default_normalize(scores, true);
    }
}

impl EnqueueExtensions for TaintToleration {
    fn events_to_register(&self) -> &'static [EventKind] {
        const {
            &[
                EventKind::node(Action::ADD.or(Action::UPDATE_NODE_TAINT)),
                EventKind::pod(Action::UPDATE_POD_TOLERATION),
            ]
        }
    }
    fn queueing_hint(&self, incoming: &Incoming, event: &ClusterEvent) -> bool {
        match event {
            ClusterEvent::Node(_, old, Some(new)) => {
                let pod = &incoming.pod;
                !is_kept_away(pod, new) && old.as_ref().is_none_or(|old| is_kept_away(pod, old))
            }
            ClusterEvent::UnscheduledPod(..) => event.is_about(&incoming.pod),
            _ => false,
        }
    }
}

fn is_kept_away(pod: &Pod, node: &Node) -> bool {
    find_untolerated(&node.spec.taints, &pod.spec.tolerations, forbids_scheduling).is_some()
}
