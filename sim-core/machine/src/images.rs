//! Images on the node's disk and pulls from the registry (kubelet.md 4.7; profiles.md `image.*`, `registry.*`).
//!
//! How many pulls run at once is the kubelet's business. The look at an image that is there takes `runtime.imageCheck`,
//! as does the one behind a successful pull; that an image is not there is known at once (kubelet.md 13.1, 13.7).

use crate::note::{Note, NoteKind};
use crate::timer::Due;
use crate::{Behavior, Machine, MachineContext};
use cri::{Container, Image, Name, PodAnswer};
use std::sync::Arc;
use units::SimDuration;

/// The size that `image.pullPer30MB` counts by.
const THIRTY_MB: i128 = 30_000_000;

impl Machine {
    /// Puts an image on the disk, as if it had been there always.
    pub fn preload(&mut self, image: Name) {
        self.images.insert(image, self.latencies.image_size);
    }

    pub(crate) fn image_list(&self) -> Arc<[Image]> {
        self.images.iter().map(|(name, size)| Image { name: name.clone(), size_bytes: *size }).collect()
    }

    pub(crate) fn check_image(
        &mut self,
        pod: &Arc<cri::Pod>,
        container: &Container,
        context: &mut MachineContext<'_>,
    ) {
        let index = container.index;
        if self.images.contains_key(&container.image) {
            let time = self.check_time(pod, container, context);
            self.after(pod.serial, time, Due::ImageChecked { index }, context);
        } else {
            context.answer(pod.serial, PodAnswer::ImageStatus { index, present: false });
        }
    }

    fn check_time(&self, pod: &cri::Pod, container: &Container, context: &MachineContext<'_>) -> SimDuration {
        self.image_time(&self.latencies.image_check, "runtime.imageCheck", pod, container, context)
    }

    pub(crate) fn pull(
        &mut self,
        pod: &Arc<cri::Pod>,
        container: &Arc<Container>,
        behavior: &Behavior,
        context: &mut MachineContext<'_>,
    ) {
        let kind = NoteKind::PullStarted { image: container.image.clone() };
        context.note(Note { pod: pod.clone(), container: Some(container.clone()), kind });
        let took = self.pull_time(pod, container, behavior, context);
        let check = self.check_time(pod, container, context);
        let due = Due::Pulled { index: container.index, image: container.image.clone(), took };
        self.after(pod.serial, took + check, due, context);
    }

    fn pull_time(
        &self,
        pod: &cri::Pod,
        container: &Container,
        behavior: &Behavior,
        c: &MachineContext<'_>,
    ) -> SimDuration {
        let l = &self.latencies;
        if self.images.contains_key(&container.image) {
            return self.image_time(&l.registry_round_trip, "registry.roundTrip", pod, container, c);
        }
        if let Some(pull) = behavior.pull {
            return pull;
        }
        let fixed = self.image_time(&l.image_pull, "image.pull", pod, container, c);
        let per_30mb = self.image_time(&l.image_pull_per_30mb, "image.pullPer30MB", pod, container, c);
        let by_size = i128::from(per_30mb.as_nanos()) * i128::from(l.image_size) / THIRTY_MB;
        fixed + SimDuration::from_nanos(i64::try_from(by_size).unwrap_or(i64::MAX))
    }

    pub(crate) fn pulled(
        &mut self,
        serial: u32,
        index: u8,
        image: &Name,
        took: SimDuration,
        context: &mut MachineContext<'_>,
    ) {
        let size_bytes = self.latencies.image_size;
        self.images.insert(image.clone(), size_bytes);
        if let Some(pod) = self.pods.get(&serial) {
            let kind = NoteKind::ImagePulled { image: image.clone() };
            context.note(Note { pod: pod.pod.clone(), container: None, kind });
        }
        context.answer(serial, PodAnswer::Pulled { index, took, size_bytes });
    }
}
