//! Choosing among the scored nodes (scheduler.md 4.7).
//!
//! Source: `pkg/scheduler/schedule_one.go` (newSortedNodeScores) with Go's `container/heap`, v1.36.2.

use api::ObjectMeta;
use random::{Seed, Stream};

/// How ties are broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostChoice {
    /// As v1.36 does: what ends at the top of a binary heap. Nothing is random.
    #[default]
    Heap,
    /// As before v1.28: each of the best nodes is as likely, by the pod's own stream.
    Reservoir,
    /// The first of the best nodes.
    First,
}

impl HostChoice {
    /// The place of the chosen node; 0 if there is none. The pod's name names its stream.
    pub fn choose(self, totals: &[i64], seed: Seed, pod: &ObjectMeta) -> usize {
        match self {
            Self::Heap => heap_top(totals),
            Self::Reservoir => reservoir(totals, seed.stream("scheduler-host", &pod.key().to_string())),
            Self::First => first(totals),
        }
    }
}

fn heap_top(totals: &[i64]) -> usize {
    let mut heap: Vec<usize> = (0..totals.len()).collect();
    for root in (0..heap.len() / 2).rev() {
        sift_down(&mut heap, totals, root);
    }
    heap.first().copied().unwrap_or_default()
}

fn sift_down(heap: &mut [usize], totals: &[i64], mut parent: usize) {
    loop {
        let left = 2 * parent + 1;
        if left >= heap.len() {
            return;
        }
        let right_is_better = left + 1 < heap.len() && totals[heap[left + 1]] > totals[heap[left]];
        let child = left + usize::from(right_is_better);
        if totals[heap[child]] <= totals[heap[parent]] {
            return;
        }
        heap.swap(parent, child);
        parent = child;
    }
}

fn reservoir(totals: &[i64], stream: Stream) -> usize {
    let (mut chosen, mut ties) = (0, 1_u64);
    let mut draws = stream.counter();
    for at in 1..totals.len() {
        if totals[at] > totals[chosen] {
            (chosen, ties) = (at, 1);
        } else if totals[at] == totals[chosen] {
            ties += 1;
            if draws.draw().below(ties) == 0 {
                chosen = at;
            }
        }
    }
    chosen
}

fn first(totals: &[i64]) -> usize {
    (1..totals.len()).fold(0, |best, at| if totals[at] > totals[best] { at } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heap_of_upstream() {
        // scheduler.md 4.7.
        let check = |totals: &[i64], winner| {
            assert_eq!(
                HostChoice::Heap.choose(totals, Seed(0), &ObjectMeta::default()),
                winner,
                "{totals:?}"
            );
        };
        check(&[], 0);
        check(&[3], 0);
        check(&[7, 7, 7], 0);
        check(&[5, 7, 7], 1);
        check(&[1, 1, 9, 9], 3);
        check(&[3, 9, 1, 9, 9], 1);
        check(&[1, 2, 3, 4, 5, 9, 9, 9], 7);
        check(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9], 9);
        check(&[5, 5, 5, 9, 9, 5, 9, 9], 3);
    }

    #[test]
    fn a_reservoir_takes_each_of_the_best_as_often() {
        let totals = [9, 1, 9, 9];
        let mut taken = [0; 4];
        for pod in 0..3000 {
            let meta = ObjectMeta::named("default", format!("p-{pod}"));
            taken[HostChoice::Reservoir.choose(&totals, Seed(1), &meta)] += 1;
        }
        assert_eq!(taken[1], 0);
        assert!([0, 2, 3].iter().all(|at| (900..1100).contains(&taken[*at])), "{taken:?}");
        assert_eq!(HostChoice::First.choose(&[1, 9, 9], Seed(1), &ObjectMeta::default()), 1);
    }
}
