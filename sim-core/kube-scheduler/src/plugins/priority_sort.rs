//! PrioritySort: higher priority first, then the older queue entry (scheduler.md 6.1).
//!
//! Source: `pkg/scheduler/framework/plugins/queuesort/priority_sort.go`, v1.36.2.

use crate::framework::{QueueSortPlugin, SortKey};
use std::cmp::Reverse;
use units::SimTime;

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrioritySort;

impl QueueSortPlugin for PrioritySort {
    fn sort_key(&self, priority: i32, timestamp: SimTime) -> SortKey {
        (Reverse(priority), timestamp)
    }
}
