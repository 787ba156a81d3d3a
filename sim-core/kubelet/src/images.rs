//! Images: found on the node, or pulled one at a time in the order of the requests (kubelet.md 4.7).
//!
//! Source: `pkg/kubelet/images/{image_manager,puller}.go`, v1.36.2.
//! DIFFERENCE: pulls fail only by the registry limit (5 a second, 10 at once); pull secrets, credentials and malformed
//! references are not looked at. Who needs an image that its registry does not have can tell.

use crate::pod::{PodEntry, StartFailure};
use crate::pod_workers::Step;
use crate::sync::Stage;
use crate::{Context, Kubelet};
use api::Name;
use api::event::EventType;
use api::pod::ImagePullPolicy;
use client::TokenBucket;
use cri::{Container, PodRequest, Request};
use std::collections::VecDeque;
use std::sync::Arc;
use units::{SimDuration, SimTime, format_go_duration};

/// First and longest back-off after a failed pull.
const BACK_OFF: (SimDuration, SimDuration) = (SimDuration::from_secs(10), SimDuration::from_secs(300));
/// A back-off is forgotten after twice its longest time without a failure.
const FORGET: SimDuration = SimDuration::from_secs(600);

/// The queue of pulls of a node.
#[derive(Clone, Debug)]
pub(crate) struct ImagePuller {
    /// Waiting pods and the runs that need the images.
    queue: VecDeque<(u32, Arc<Container>)>,
    /// The pod whose pull runs.
    active: Option<u32>,
    /// Whether the queue is being served; a pod that fails at its head may queue for its next container.
    is_serving: bool,
    registry: TokenBucket,
}

impl ImagePuller {
    pub fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            active: None,
            is_serving: false,
            registry: TokenBucket::per_second(5, 10),
        }
    }
}

/// An image of a pod whose pull is held back.
#[derive(Clone, Debug)]
pub(crate) struct ImageBackOff {
    image: Name,
    delay: SimDuration,
    failed_at: SimTime,
    error: Name,
}

impl Kubelet {
    /// Sees to the image of the container that is being started.
    pub(crate) fn ensure_image(&mut self, serial: u32, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get(&serial) else { return };
        let Step::Starting(start) = &entry.worker.step else { return };
        let container = start.container.clone();
        if pull_policy(entry, &container) == ImagePullPolicy::Always {
            self.pull_unless_held_back(serial, &container, context);
        } else {
            context.runtime(Request::Pod(entry.runtime.clone(), PodRequest::ImageStatus { container }));
        }
    }

    /// The runtime says whether an image is there.
    pub(crate) fn image_status(
        &mut self,
        serial: u32,
        index: u8,
        is_present: bool,
        context: &mut Context<'_>,
    ) {
        let Some(start) = self.start_at(serial, index, |stage| stage == Stage::Image) else { return };
        let container = start.container.clone();
        let Some(entry) = self.pods.get(&serial) else { return };
        if is_present {
            let image = &container.image;
            let text = format!(
                "Container image \"{image}\" already present on machine and can be accessed by the pod"
            );
            self.container_event(serial, &container, "Pulled", text, context);
            self.create_container(serial, context);
        } else if pull_policy(entry, &container) == ImagePullPolicy::Never {
            let text =
                format!("Container image \"{}\" is not present with pull policy of Never", container.image);
            self.image_warning(serial, &container, "ErrImageNeverPull", &text, context);
            self.image_failed(serial, &container, "ErrImageNeverPull", text.into(), context);
        } else {
            self.pull_unless_held_back(serial, &container, context);
        }
    }

    fn pull_unless_held_back(&mut self, serial: u32, container: &Arc<Container>, context: &mut Context<'_>) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let image = container.image.clone();
        let held = entry.back_offs.iter().find(|b| b.image == image && context.now - b.failed_at < b.delay);
        if let Some(held) = held {
            let text = format!("Back-off pulling image \"{image}\"");
            let message = format!("{text}: ErrImagePull: {}", held.error);
            self.container_event(serial, container, "BackOff", text, context);
            self.image_failed(serial, container, "ImagePullBackOff", message.into(), context);
            return;
        }
        if let Step::Starting(start) = &mut entry.worker.step {
            start.stage = Stage::Pull { queued_at: context.now };
        }
        let text = format!("Pulling image \"{image}\"");
        self.container_event(serial, container, "Pulling", text, context);
        self.puller.queue.push_back((serial, container.clone()));
        self.pull_next(context);
    }

    fn pull_next(&mut self, context: &mut Context<'_>) {
        if !std::mem::replace(&mut self.puller.is_serving, true) {
            self.serve_queue(context);
            self.puller.is_serving = false;
        }
    }

    fn serve_queue(&mut self, context: &mut Context<'_>) {
        while self.puller.active.is_none() {
            let Some((serial, container)) = self.puller.queue.pop_front() else { return };
            let Some(entry) = self.pods.get(&serial) else { continue };
            if self.puller.registry.try_take(context.now) {
                self.puller.active = Some(serial);
                let request = PodRequest::PullImage { container };
                context.runtime(Request::Pod(entry.runtime.clone(), request));
            } else {
                self.pull_failed(serial, &container, "pull QPS exceeded", context);
            }
        }
    }

    /// A pull has ended well.
    pub(crate) fn image_pulled(
        &mut self,
        serial: u32,
        index: u8,
        took: SimDuration,
        size_bytes: i64,
        context: &mut Context<'_>,
    ) {
        if self.puller.active == Some(serial) {
            self.puller.active = None;
        }
        let is_pull = |stage| matches!(stage, Stage::Pull { .. });
        if let Some(start) = self.start_at(serial, index, is_pull) {
            let container = start.container.clone();
            let queued_at = if let Stage::Pull { queued_at } = start.stage { queued_at } else { context.now };
            let text = pulled_text(&container.image, took, context.now - queued_at, size_bytes);
            self.container_event(serial, &container, "Pulled", text, context);
            self.create_container(serial, context);
        }
        self.pull_next(context);
    }

    fn pull_failed(
        &mut self,
        serial: u32,
        container: &Container,
        error: &'static str,
        context: &mut Context<'_>,
    ) {
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        entry.advance_back_off(&container.image, error, context.now);
        let text = format!("Failed to pull image \"{}\": {error}", container.image);
        self.image_warning(serial, container, "Failed", &text, context);
        self.image_failed(serial, container, "ErrImagePull", error.into(), context);
    }

    /// The start of a container has failed for its image; the next container follows.
    fn image_failed(
        &mut self,
        serial: u32,
        container: &Container,
        reason: &'static str,
        message: Name,
        context: &mut Context<'_>,
    ) {
        self.image_warning(serial, container, "Failed", &format!("Error: {reason}"), context);
        let Some(entry) = self.pods.get_mut(&serial) else { return };
        let index = container.index;
        entry.reasons.retain(|failure| failure.index != index);
        entry.reasons.push(StartFailure { index, reason, message });
        entry.worker.has_failed = true;
        self.start_next(serial, usize::from(index) + 1, context);
    }

    fn image_warning(
        &mut self,
        serial: u32,
        container: &Container,
        reason: &'static str,
        message: &str,
        context: &mut Context<'_>,
    ) {
        let Some(entry) = self.pods.get(&serial) else { return };
        let causes = entry.event_causes();
        let what = (EventType::Warning, reason);
        self.events.container(&entry.pod, &container.name, what, message, causes, context);
    }
}

impl PodEntry {
    fn advance_back_off(&mut self, image: &Name, error: &'static str, now: SimTime) {
        let old = self.back_offs.iter().find(|b| b.image == *image && now - b.failed_at <= FORGET);
        let delay = old.map_or(BACK_OFF.0, |old| old.delay.times(2).min(BACK_OFF.1));
        self.back_offs.retain(|b| b.image != *image);
        self.back_offs.push(ImageBackOff {
            image: image.clone(),
            delay,
            failed_at: now,
            error: error.into(),
        });
    }
}

fn pull_policy(entry: &PodEntry, container: &Container) -> ImagePullPolicy {
    entry.container(container.index).map_or(ImagePullPolicy::IfNotPresent, |c| c.image_pull_policy)
}

/// Times are cut off to milliseconds.
fn pulled_text(image: &str, took: SimDuration, waited: SimDuration, size_bytes: i64) -> String {
    let show = |span: SimDuration| format_go_duration(SimDuration::from_millis(span.as_millis()));
    format!(
        "Successfully pulled image \"{image}\" in {} ({} including waiting). Image size: {size_bytes} bytes.",
        show(took),
        show(waited)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_pull() {
        let check = |took: i64, waited: i64, expect: &str| {
            let text =
                pulled_text("i:v1", SimDuration::from_micros(took), SimDuration::from_micros(waited), 7);
            assert_eq!(text, format!("Successfully pulled image \"i:v1\" in {expect}. Image size: 7 bytes."));
        };
        check(3_001_000, 8_943_900, "3.001s (8.943s including waiting)");
        check(999, 62_500_000, "0s (1m2.5s including waiting)");
        check(12_000, 3_000_000, "12ms (3s including waiting)");
    }
}
