//! DynamicResources: what is left of it for pods without claims (scheduler.md 7.18, 9.2).
//!
//! Source: `pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go`, v1.36.2.
//! DIFFERENCE: resource claims and device classes do not exist; who writes manifests with claims can tell.

use crate::cache::NodeIx;
use crate::framework::{Incoming, PostFilterPlugin, Rejection};

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynamicResources;

impl PostFilterPlugin for DynamicResources {
    fn post_filter(&self, _: &Incoming, _: &[(NodeIx, Rejection)], _: usize) -> String {
        "no new claims to deallocate".to_owned()
    }
}
