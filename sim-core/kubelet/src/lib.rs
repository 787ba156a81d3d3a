//! The node agent: it runs the pods that are bound to its node and says how they are.
//!
//! Models one kubelet: PLEG, pod workers, prober, image puller, status manager, admission, node status and lease.
//! Upstream: `pkg/kubelet`, v1.36.2. Watches: the pods of its node, its Node → writes: pod statuses, final deletions,
//! node status, lease, Events; asks the container runtime ([`cri::Request`]).
//! Timers: [`Timer`].
//! DIFFERENCE: the modules say what is not modelled; in short: init containers, restarts and back-off of containers,
//! probe kills, postStart hooks, deadlines, evictions, static pods and kubelet restarts come later. Housekeeping and
//! container garbage collection do nothing that could be seen.
//! Validated by the worked timelines of kubelet.md 13 to the millisecond, in the tests beside it.

mod config;
mod events;
mod images;
mod kubelet;
mod lease;
mod lifecycle;
mod node_status;
mod pleg;
mod pod;
mod pod_workers;
mod probe_output;
mod prober;
mod registration;
mod status;
mod status_manager;
mod sync;
mod termination;
mod timer;

#[cfg(test)]
mod tests;

pub use config::{Config, Phases, Reservations};
pub use kubelet::{Kubelet, Started};
pub use registration::{Registration, node_ip, registration};
pub use timer::Timer;

/// What a kubelet may touch.
pub type Context<'a> = client::Context<'a, Timer, cri::Request>;
