//! NodeResourcesBalancedAllocation: rates how a pod changes the balance of a node's resources (scheduler.md 7.10).
//!
//! Source: `pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go`, v1.36.2.
//! DIFFERENCE: the list of resources is the default one, cpu and memory; who configures another can tell.

use crate::cache::{Cache, NodeIx, NodeView};
use crate::framework::{Cycle, CycleState, Incoming, MAX_NODE_SCORE, PreScore, PreScorePlugin, ScorePlugin};

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeResourcesBalancedAllocation;

impl PreScorePlugin for NodeResourcesBalancedAllocation {
    fn pre_score(&self, incoming: &Incoming, _: &mut CycleState, _: &mut Cache, _: &[NodeIx]) -> PreScore {
        let request = &incoming.facts.request;
        if request.milli_cpu.0 == 0 && request.memory.0 == 0 { PreScore::Skip } else { PreScore::Success }
    }
}

impl ScorePlugin for NodeResourcesBalancedAllocation {
    fn score(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> i64 {
        let (row, request) = (node.row, &cycle.incoming.facts.request);
        let allocatable = [row.allocatable_cpu.0, row.allocatable_memory.0];
        let before = [row.requested_cpu.0, row.requested_memory.0];
        let after =
            [before[0].saturating_add(request.milli_cpu.0), before[1].saturating_add(request.memory.0)];
        let half = MAX_NODE_SCORE / 2;
        let gain = balance(after, allocatable).saturating_sub(balance(before, allocatable));
        half + half.saturating_add(gain) / 2
    }
}

/// 100 where the shares of both resources are equal, 50 where one is all and the other nothing.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // upstream's own conversions
fn balance(used: [i64; 2], allocatable: [i64; 2]) -> i64 {
    if allocatable[0] == 0 || allocatable[1] == 0 {
        return MAX_NODE_SCORE;
    }
    let share = |at: usize| (used[at] as f64 / allocatable[at] as f64).min(1.0);
    let deviation = ((share(0) - share(1)) / 2.0).abs();
    ((1.0 - deviation) * MAX_NODE_SCORE as f64) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balances() {
        // scheduler.md 7.10: (used, allocatable) → balance, and the trap of doubles.
        let check = |used, allocatable, expect| assert_eq!(balance(used, allocatable), expect, "{used:?}");
        check([1500, 6 << 10], [4000, 32 << 10], 90);
        check([0, 0], [10, 20], 100);
        check([6, 5], [10, 20], 82);
        check([6, 12], [10, 20], 100);
        check([10, 0], [10, 20], 50);
        check([20, 20], [10, 20], 100);
        check([6, 90], [100, 100], 57);
        check([0, 68], [100, 100], 65);
        check([1, 1], [0, 100], 100);
    }
}
