//! The status of a pod, computed from what the runtime shows (kubelet.md 2).
//!
//! Source: `pkg/kubelet/kubelet_pods.go`, `pkg/kubelet/status/generate.go`, v1.36.2.

mod conditions;
mod containers;
mod final_status;
mod generate;
mod phase;

pub(crate) use conditions::{OWNED, gates_hold, refresh_readiness};
pub(crate) use final_status::terminate;
pub(crate) use generate::{Input, generate};
pub(crate) use phase::should_restart;
