//! How long calls and deliveries take: the one place where latency is applied.

use crate::profile::Profile;
use client::Call;
use random::Latency;

/// From the moment a call leaves its client to its commit (or answer).
pub fn of_call(profile: &Profile, call: &Call) -> Latency {
    match call {
        Call::Get { .. } | Call::List { .. } => profile.api_read,
        Call::Bind { .. } => profile.scheduler_bind,
        Call::PatchPodStatus { .. } => profile.kubelet_status_patch,
        _ => profile.api_write,
    }
}
