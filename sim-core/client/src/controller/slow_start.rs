//! Slow start: batches of 1, 2, 4, 8, … of equal calls, until one of them fails.
//!
//! Source: `slowStartBatch` of `pkg/controller/replicaset/replica_set.go`, v1.36.2 (controllers.md 1.7).

/// How far a slow start has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowStart {
    remaining: usize,
    batch: usize,
    successes: usize,
}

impl SlowStart {
    /// Of so many calls; the first batch is of `initial` (1 for most).
    pub fn new(count: usize, initial: usize) -> Self {
        Self { remaining: count, batch: initial.min(count), successes: 0 }
    }
    /// How many calls the next batch has; none when it has ended.
    pub fn batch(&self) -> usize {
        self.batch
    }
    /// The batch has been answered, with so many failures. After any it ends.
    pub fn answered(&mut self, failures: usize) {
        self.successes += self.batch.saturating_sub(failures);
        self.remaining -= self.batch;
        self.batch = if failures > 0 { 0 } else { self.remaining.min(2 * self.batch) };
    }
    /// How many calls have succeeded.
    pub fn successes(&self) -> usize {
        self.successes
    }
    /// How many calls were never made.
    pub fn skipped(&self) -> usize {
        self.remaining
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Batches of `count` calls of which those with these numbers fail, successes, and calls never made.
    fn run(count: usize, initial: usize, failing: &[usize]) -> (Vec<usize>, usize, usize) {
        let (mut start, mut batches, mut made) = (SlowStart::new(count, initial), Vec::new(), 0);
        while start.batch() > 0 {
            let batch = start.batch();
            let failures = failing.iter().filter(|n| (made..made + batch).contains(n)).count();
            made += batch;
            batches.push(batch);
            start.answered(failures);
        }
        (batches, start.successes(), start.skipped())
    }

    #[test]
    fn batches_double_and_stop_at_a_failure() {
        let check = |count, failing: &[usize], batches: &[usize], successes, skipped| {
            assert_eq!(run(count, 1, failing), (batches.to_vec(), successes, skipped), "{count} {failing:?}");
        };
        check(0, &[], &[], 0, 0);
        check(1, &[], &[1], 1, 0);
        check(10, &[], &[1, 2, 4, 3], 10, 0);
        check(10, &[0], &[1], 0, 9);
        check(10, &[2], &[1, 2], 2, 7);
        check(10, &[3, 5], &[1, 2, 4], 5, 3);
        check(500, &[], &[1, 2, 4, 8, 16, 32, 64, 128, 245], 500, 0);
        assert_eq!(run(10, 500, &[4]), (vec![10], 9, 0));
    }
}
