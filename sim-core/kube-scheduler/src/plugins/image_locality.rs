//! ImageLocality: nodes that have the images are better, a little (scheduler.md 7.11).
//!
//! Source: `pkg/scheduler/framework/plugins/imagelocality/image_locality.go`, v1.36.2.

use crate::cache::{Cache, NodeView};
use crate::framework::{Cycle, MAX_NODE_SCORE, ScorePlugin};
use api::pod::PodSpec;
use serde_json::Value;

const MEBI: i64 = 1 << 20;
/// Below this sum of sizes a node gets nothing.
const MIN_THRESHOLD: i64 = 23 * MEBI;
/// With this size per container a node gets all.
const MAX_CONTAINER_THRESHOLD: i64 = 1000 * MEBI;

/// The plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageLocality;

impl ScorePlugin for ImageLocality {
    fn score(&self, cycle: Cycle<'_>, node: NodeView<'_>) -> i64 {
        if !node.row.has_images {
            return 0;
        }
        let spec = &cycle.incoming.pod.spec;
        let total = cycle.cache.nodes().len();
        let sum = images(spec).map(|image| scaled_size(image, cycle.cache, node, total)).sum();
        let containers = spec.init_containers.len() + spec.containers.len();
        priority(sum, i64::try_from(containers).unwrap_or(i64::MAX))
    }
}

/// Images of init containers, of containers and of image volumes.
fn images(spec: &PodSpec) -> impl Iterator<Item = &str> {
    let volumes = spec.json.get("volumes").and_then(Value::as_array);
    let volumes = volumes.filter(|_| spec.has_volumes).into_iter().flatten();
    let references = volumes.filter_map(|volume| volume.get("image")?.get("reference")?.as_str());
    spec.all_containers().map(|container| container.image.as_str()).chain(references)
}

/// The size of an image, scaled by the share of nodes that have it; 0 if this node does not.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // upstream's own conversions
fn scaled_size(image: &str, cache: &Cache, node: NodeView<'_>, total: usize) -> i64 {
    let known = if is_tagged(image) { cache.image(image) } else { cache.image(&format!("{image}:latest")) };
    let Some(ix) = known else { return 0 };
    let Ok(at) = node.info.images.binary_search_by_key(&ix, |state| state.image) else { return 0 };
    let state = node.info.images[at];
    (state.size as f64 * (state.nodes as f64 / total as f64)) as i64
}

/// Whether a colon follows the last slash.
fn is_tagged(image: &str) -> bool {
    image.rfind(':') > image.rfind('/')
}

fn priority(sum: i64, containers: i64) -> i64 {
    let most = MAX_CONTAINER_THRESHOLD.saturating_mul(containers);
    if most <= MIN_THRESHOLD {
        return 0;
    }
    let sum = sum.clamp(MIN_THRESHOLD, most);
    MAX_NODE_SCORE * (sum - MIN_THRESHOLD) / (most - MIN_THRESHOLD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_their_priorities() {
        // scheduler.md 7.11, sizes already scaled by the share of nodes.
        let check =
            |mebi: i64, containers, expect| assert_eq!(priority(mebi * MEBI, containers), expect, "{mebi}");
        check(125, 2, 5);
        check(20 + 150, 2, 7);
        check(1000, 2, 49);
        check(333, 1, 31);
        check(50, 1, 2);
        check(250, 1, 23);
        check(500, 1, 48);
        check(0, 1, 0);
        check(5000, 1, 100);
        check(5000, 0, 0);
    }

    #[test]
    fn names_without_a_tag_mean_latest() {
        assert!(is_tagged("a:1") && is_tagged("h:5000/a:1") && !is_tagged("a") && !is_tagged("h:5000/a"));
    }
}
