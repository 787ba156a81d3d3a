//! DefaultBinder: binds through the API (scheduler.md 7.19).
//!
//! Source: `pkg/scheduler/framework/plugins/defaultbinder/default_binder.go`, v1.36.2.

use crate::framework::BindPlugin;
use api::Name;
use api::pod::Pod;
use client::Call;

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultBinder;

impl BindPlugin for DefaultBinder {
    fn bind(&self, pod: &Pod, node: &Name) -> Call {
        Call::Bind { pod: pod.meta.key(), uid: pod.meta.uid, node: node.clone() }
    }
}
