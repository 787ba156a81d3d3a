//! What a kubelet tells users (kubelet.md 12): recorder and client limit of events.

use crate::Context;
use api::event::EventType;
use api::pod::Pod;
use api::{Kind, Name, ObjectKey, ObjectRef, Uid};
use client::{NewEvent, Recorder, TokenBucket};
use journal::Causes;

/// Events of one kubelet: at most 50 a second, 100 at once.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    recorder: Recorder,
    limit: TokenBucket,
}

impl Events {
    pub fn new(node: &Name) -> Self {
        Self { recorder: Recorder::new("kubelet", node.clone()), limit: TokenBucket::per_second(50, 100) }
    }

    /// An event about a pod.
    pub fn pod(
        &mut self,
        pod: &Pod,
        (kind, reason): (EventType, &'static str),
        message: impl Into<Name>,
        causes: Causes,
        context: &mut Context<'_>,
    ) {
        let about = ObjectRef::new(Kind::Pod, &pod.meta);
        self.send(about, Name::default(), (kind, reason.into()), message.into(), causes, context);
    }

    /// A warning about a pod, the reason of which is computed.
    pub fn rejection(
        &mut self,
        pod: &Pod,
        reason: Name,
        message: Name,
        causes: Causes,
        context: &mut Context<'_>,
    ) {
        let about = ObjectRef::new(Kind::Pod, &pod.meta);
        self.send(about, Name::default(), (EventType::Warning, reason), message, causes, context);
    }

    /// An event about a container of a pod.
    pub fn container(
        &mut self,
        pod: &Pod,
        container: &str,
        (kind, reason): (EventType, &'static str),
        message: impl Into<Name>,
        causes: Causes,
        context: &mut Context<'_>,
    ) {
        let about = ObjectRef::new(Kind::Pod, &pod.meta);
        let field_path = format!("spec.containers{{{container}}}").into();
        self.send(about, field_path, (kind, reason.into()), message.into(), causes, context);
    }

    /// An event about the node. Its uid is the node's name, in the API as here.
    /// DIFFERENCE: shown is an empty uid, as uids here are numbers; who filters node events by uid can tell.
    pub fn node(
        &mut self,
        node: &Name,
        reason: &'static str,
        message: impl Into<Name>,
        context: &mut Context<'_>,
    ) {
        let about =
            ObjectRef { kind: Kind::Node, key: ObjectKey::cluster(node.clone()), uid: Uid::default() };
        let what = (EventType::Normal, reason.into());
        self.send(about, Name::default(), what, message.into(), Causes::none(), context);
    }

    /// Takes the reply to the recorder's call.
    pub fn on_reply(&mut self, context: &mut Context<'_>) {
        self.recorder.on_reply(&mut self.limit, context);
    }

    fn send(
        &mut self,
        about: ObjectRef,
        field_path: Name,
        (kind, reason): (EventType, Name),
        message: Name,
        causes: Causes,
        context: &mut Context<'_>,
    ) {
        let event = NewEvent { about, field_path, kind, reason, message };
        self.recorder.event(event, causes, &mut self.limit, context);
    }
}
