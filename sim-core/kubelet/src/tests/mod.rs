//! A kubelet with a machine and a small API server around it.

mod basin;
mod node;
mod pods;
mod random_inputs;
mod timelines;
