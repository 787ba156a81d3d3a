//! The node's lease, renewed every 10 s × (1…1.04) (kubelet.md 9.3).
//!
//! Source: `staging/src/k8s.io/component-helpers/apimachinery/lease/controller.go`, v1.36.2.
//! DIFFERENCE: the k-th renewal does not slide with those before it (see `random::Periodic`), and a failed one is not
//! tried again before the next; who cuts off the API server for less than 10 s can tell.

use crate::{Context, Kubelet};
use api::ObjectKey;
use client::{Call, Lane, Tag};
use journal::Causes;

/// Tag of its calls.
const TAG: Tag = 3 << 32;
/// Where the leases of nodes are.
const NAMESPACE: &str = "kube-node-lease";

impl Kubelet {
    pub(crate) fn renew_lease(&mut self, context: &mut Context<'_>) {
        if self.node.is_registered() {
            let key = ObjectKey::new(NAMESPACE, self.name.clone());
            let call = Call::RenewLease { key, holder: self.name.clone() };
            context.call(call, Lane::Lease, TAG, Causes::none());
        }
    }
}
