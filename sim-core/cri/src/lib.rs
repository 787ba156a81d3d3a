//! What a kubelet and a container runtime say to each other: plain types, nothing else.
//!
//! Source of the vocabulary: `staging/src/k8s.io/cri-api/pkg/apis/runtime/v1/api.proto`, v1.36.2, cut down to what is
//! acted upon. A kubelet sends a [`Request`]; the runtime answers with an [`Answer`], at once or later.
//! DIFFERENCE: `ListContainers` gives only the pods that changed since a revision that the caller has seen; comparing
//! full lists would find the same ones. Probes and hooks over the network pass here too, as the process decides them.

mod answer;
mod request;
mod status;

pub use answer::{Answer, Image, PodAnswer, ProbeFailure, ProbeOutcome};
pub use request::{Container, ContainerId, Pod, PodRequest, ProbeRole, ProbeWay, Request};
pub use status::{ContainerState, ContainerStatus, PodStatus, SandboxStatus};

/// A name or another short text. Up to 23 bytes lie in place; longer ones are shared.
pub type Name = smol_str::SmolStr;
