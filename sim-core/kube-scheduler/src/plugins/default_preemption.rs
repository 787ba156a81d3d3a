//! DefaultPreemption: what it says when there is nobody to preempt (scheduler.md 8.1, 8.5, 9.2).
//!
//! Source: `pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go`,
//! `pkg/scheduler/framework/preemption/preemption.go`, v1.36.2.
//! DIFFERENCE: no pod is preempted: every node counts as one without pods of lower priority. Who gives pods different
//! priorities and fills the cluster can tell; where all priorities are equal the messages are the real ones.

use crate::cache::NodeIx;
use crate::framework::{Code, Incoming, PostFilterPlugin, Reason, Rejection, fit_error};

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultPreemption;

impl PostFilterPlugin for DefaultPreemption {
    fn post_filter(&self, incoming: &Incoming, statuses: &[(NodeIx, Rejection)], all_nodes: usize) -> String {
        if incoming.pod.spec.never_preempts {
            return "preemption: not eligible due to preemptionPolicy=Never.".to_owned();
        }
        let potential = statuses.iter().filter(|(_, status)| status.code == Code::Unschedulable).count();
        let counts = [
            (Reason::NoVictims, potential),
            (Reason::PreemptionNotHelpful, all_nodes.saturating_sub(potential)),
        ];
        let lines = counts.into_iter().filter(|(_, count)| *count > 0);
        let lines = lines.flat_map(|(reason, count)| {
            reason.texts(std::iter::empty()).into_iter().map(move |text| (text, count))
        });
        format!("preemption: {}", fit_error::message(all_nodes, None, lines, ""))
    }
}
