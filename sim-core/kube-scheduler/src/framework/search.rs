//! Which nodes are visited, in which order, and how many are enough (scheduler.md 4.3).

/// How many feasible nodes are enough among `nodes` (`numFeasibleNodesToFind`).
pub fn nodes_to_find(nodes: usize, percentage: u32) -> usize {
    const MIN_NODES: usize = 100;
    if nodes < MIN_NODES {
        return nodes;
    }
    let share = match usize::try_from(percentage).unwrap_or(usize::MAX) {
        0 => 50_usize.saturating_sub(nodes / 125).max(5),
        share => share,
    };
    MIN_NODES.max(nodes.saturating_mul(share) / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_nodes() {
        // scheduler.md 4.3 and 16, item 2.
        let by_number = [
            (0, 0),
            (50, 50),
            (99, 99),
            (100, 100),
            (200, 100),
            (250, 120),
            (300, 144),
            (500, 230),
            (1000, 420),
            (2000, 680),
            (3000, 780),
            (5000, 500),
            (5625, 281),
            (6000, 300),
            (10_000, 500),
            (20_000, 1000),
        ];
        for (nodes, enough) in by_number {
            assert_eq!(nodes_to_find(nodes, 0), enough, "{nodes}");
        }
        assert_eq!((nodes_to_find(1000, 30), nodes_to_find(200, 30)), (300, 100));
    }
}
