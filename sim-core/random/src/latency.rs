//! How long something takes: a median and its spread.

use crate::Draw;
use serde::{Deserialize, Serialize};
use units::SimDuration;

/// A latency: the median of a log-normal distribution and σ of its logarithm; σ = 0 is a constant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Median.
    pub median: SimDuration,
    /// σ of ln.
    pub sigma: f64,
}

impl Latency {
    /// Always the same.
    pub const fn constant(duration: SimDuration) -> Self {
        Self { median: duration, sigma: 0.0 }
    }
    /// A log-normal with this median, cut off at 3 σ (profiles.md).
    pub const fn log_normal(median: SimDuration, sigma: f64) -> Self {
        Self { median, sigma }
    }
    /// One value. Takes nothing from `draw` if it is a constant.
    pub fn draw(&self, draw: &mut Draw) -> SimDuration {
        if self.sigma > 0.0 && self.median > SimDuration::ZERO {
            draw.log_normal(self.median, self.sigma)
        } else {
            self.median
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;

    #[test]
    fn a_latency_stays_within_three_sigma() {
        let latency = Latency::log_normal(SimDuration::from_millis(10), 0.3);
        let bounds = SimDuration::from_nanos(4_065_000)..SimDuration::from_nanos(24_597_000);
        let stream = Seed(1).stream("latency", "test");
        assert!((0..1000).all(|k| bounds.contains(&latency.draw(&mut stream.at(k)))));
        assert_ne!(latency.draw(&mut stream.at(0)), latency.draw(&mut stream.at(1)));
        let constant = Latency::constant(SimDuration::from_millis(7));
        assert_eq!(constant.draw(&mut stream.at(0)), SimDuration::from_millis(7));
    }
}
