//! Rules about pods and nodes that the scheduler and the kubelet share: effective requests, tolerations, node affinity,
//! host ports.
//!
//! Source: `staging/src/k8s.io/component-helpers/{resource,scheduling/corev1}` and
//! `staging/src/k8s.io/api/core/v1/toleration.go`, v1.36.2 (scheduler.md 1.1, 7.4, 7.6, 7.7, 7.8).

mod host_ports;
mod node_affinity;
mod resource;
mod tolerations;

pub use host_ports::{HostPort, HostPortSet, host_ports};
pub use node_affinity::{matches_any_term, matches_required, matches_term};
pub use resource::{
    DEFAULT_MEMORY_REQUEST, DEFAULT_MILLI_CPU_REQUEST, PodLevel, Resource, effective_request,
    is_extended_resource, is_scalar_resource, non_zero_request, pod_requests,
};
pub use tolerations::{find_untolerated, forbids_scheduling, is_tolerated, tolerates};
