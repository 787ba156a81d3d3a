//! One draw, and the distributions that it can be read as.
//!
//! The formulas are our own and stay: a change of one changes every run. None uses what a dependency may change with
//! a minor version (`rand`'s ranges) or with a feature of another crate (`num-traits/std`).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use std::f64::consts::TAU;
use units::SimDuration;

/// The alphabet of generated names: no vowels, no digits that look like letters (controllers.md 1.9).
const NAME_ALPHABET: [char; 27] = [
    'b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'q', 'r', 's', 't', 'v', 'w', 'x', 'z', '2',
    '4', '5', '6', '7', '8', '9',
];

/// Log-normal draws stay within this many standard deviations (profiles.md, last paragraph).
const MAX_SIGMAS: f64 = 3.0;

/// One draw of a stream. Each method takes the next value from it.
#[derive(Clone, Debug)]
pub struct Draw {
    generator: ChaCha8Rng,
}

impl Draw {
    pub(crate) const fn new(generator: ChaCha8Rng) -> Self {
        Self { generator }
    }

    /// 64 uniform bits.
    pub fn u64(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// A uniform integer in 0..n; 0 if n is 0. The high half of a 128-bit product: some values are more probable
    /// than others by at most n / 2⁶⁴.
    #[allow(clippy::cast_possible_truncation)] // the high half fits
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.u64()) * u128::from(n)) >> 64) as u64
    }

    /// A uniform double in [0, 1), a multiple of 2⁻⁵³.
    #[allow(clippy::cast_precision_loss)] // 53 bits are exact
    pub fn unit(&mut self) -> f64 {
        (self.u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A uniform span in [0, limit); zero if the limit is not positive.
    pub fn duration_below(&mut self, limit: SimDuration) -> SimDuration {
        let limit = u64::try_from(limit.as_nanos()).unwrap_or(0);
        SimDuration::from_nanos(i64::try_from(self.below(limit)).unwrap_or(i64::MAX))
    }

    /// `d × (1 + U × factor)`: it only ever lengthens (kubelet.md 0.3). A factor that is not positive leaves `d`.
    pub fn jitter(&mut self, d: SimDuration, factor: f64) -> SimDuration {
        let longer = self.unit() * factor;
        if longer > 0.0 { d + scaled(d, longer) } else { d }
    }

    /// Standard normal, by Box and Muller's formula.
    pub fn normal(&mut self) -> f64 {
        // 1 − U lies in (0, 1]: the logarithm is finite.
        let radius = (-2.0 * libm::log(1.0 - self.unit())).sqrt();
        radius * libm::cos(TAU * self.unit())
    }

    /// Log-normal with this median and this standard deviation of the logarithm, cut off at three of them: what lies
    /// beyond is drawn again. The median itself if `sigma` is not positive.
    pub fn log_normal(&mut self, median: SimDuration, sigma: f64) -> SimDuration {
        if sigma > 0.0 { scaled(median, libm::exp(sigma * self.normal_within(MAX_SIGMAS))) } else { median }
    }

    fn normal_within(&mut self, limit: f64) -> f64 {
        loop {
            let z = self.normal();
            if z.abs() <= limit {
                return z;
            }
        }
    }

    /// Exponential with this mean; at most 36.8 times the mean.
    pub fn exponential(&mut self, mean: SimDuration) -> SimDuration {
        scaled(mean, -libm::log(1.0 - self.unit()))
    }

    /// One of these, each as likely; `None` of none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let index = self.below(u64::try_from(items.len()).unwrap_or(u64::MAX));
        items.get(usize::try_from(index).unwrap_or(usize::MAX))
    }

    /// The five characters that `generateName` appends.
    pub fn suffix(&mut self) -> String {
        (0..5).filter_map(|_| self.pick(&NAME_ALPHABET).copied()).collect()
    }

    /// A random (version 4) UUID; the first byte of its text is the most significant.
    pub fn uuid(&mut self) -> u128 {
        let bits = u128::from(self.u64()) << 64 | u128::from(self.u64());
        bits & !(0xf << 76) & !(0b11 << 62) | 0x4 << 76 | 0b10 << 62
    }
}

/// `span × factor` to the nearest nanosecond, saturating; 0 for what is no number.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // `as` saturates
fn scaled(span: SimDuration, factor: f64) -> SimDuration {
    SimDuration::from_nanos(libm::round(span.as_nanos() as f64 * factor) as i64)
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss)]
mod tests {
    use super::*;
    use crate::Seed;
    use proptest::prelude::*;

    const SECOND: SimDuration = SimDuration::from_secs(1);

    fn draw(counter: u64) -> Draw {
        Seed(42).stream("test", "draw").at(counter)
    }

    #[test]
    fn exact_bits() {
        let mut d = draw(0);
        let drawn = format!(
            "{} {:#x} {} {} {} {:#x} {} {} {} {:032x} {:?}",
            d.below(1_000_000),
            d.unit().to_bits(),
            d.duration_below(SECOND).as_nanos(),
            d.jitter(SECOND, 0.5).as_nanos(),
            d.log_normal(SECOND, 0.4).as_nanos(),
            d.normal().to_bits(),
            d.exponential(SECOND).as_nanos(),
            d.suffix(),
            d.below(27),
            d.uuid(),
            d.pick(&["a", "b", "c"]),
        );
        let expect = "335809 0x3fd96a4087b6ba8a 277924984 1135763576 1066139336 0xbfd69f416deec57e 127395670 g4d5d 17 \
                      58234d03a9bb4aedbf9c1719d1841d62 Some(\"b\")";
        assert_eq!(drawn, expect);
    }

    /// Mean and standard deviation of 100,000 first values.
    fn moments(mut value: impl FnMut(Draw) -> f64) -> (f64, f64) {
        let values: Vec<f64> = (0..100_000).map(|k| value(draw(k))).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / values.len() as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn means_and_deviations() {
        let check = |name: &str, (mean, sd): (f64, f64), expect: (f64, f64)| {
            // Four standard errors of the mean; 2 % for the deviation.
            assert!((mean - expect.0).abs() < 4.0 * expect.1 / 316.0, "{name}: mean {mean}");
            assert!((sd / expect.1 - 1.0).abs() < 0.02, "{name}: sd {sd}");
        };
        let twelfth = (1.0_f64 / 12.0).sqrt();
        check("unit", moments(|mut d| d.unit()), (0.5, twelfth));
        check("below", moments(|mut d| d.below(1000) as f64), (499.5, 1000.0 * twelfth));
        check("normal", moments(|mut d| d.normal()), (0.0, 1.0));
        check("exponential", moments(|mut d| d.exponential(SECOND).as_secs_f64()), (1.0, 1.0));
        check("jitter", moments(|mut d| d.jitter(SECOND, 0.5).as_secs_f64()), (1.25, 0.5 * twelfth));
        // A normal cut off at three deviations has 0.98658 of the deviation.
        let ln = |mut d: Draw| libm::log(d.log_normal(SECOND, 0.4).as_secs_f64());
        check("log-normal", moments(ln), (0.0, 0.4 * 0.986_58));
    }

    #[test]
    fn values_of_one_draw_are_independent() {
        let product = moments(|mut d| (d.unit() - 0.5) * (d.unit() - 0.5)).0;
        let neighbours: f64 =
            (0..100_000).map(|k| (draw(k).unit() - 0.5) * (draw(k + 1).unit() - 0.5)).sum::<f64>() / 1e5;
        // The standard error of either is 1/12 / √100,000 = 0.00026.
        assert!(product.abs() < 0.001 && neighbours.abs() < 0.001, "{product} {neighbours}");
    }

    #[test]
    fn names_use_their_alphabet_evenly() {
        let mut counts = [0_u32; 27];
        for letter in (0..10_000).flat_map(|k| draw(k).suffix().chars().collect::<Vec<_>>()) {
            counts[NAME_ALPHABET.iter().position(|known| *known == letter).unwrap()] += 1;
        }
        let expect = 50_000.0 / 27.0;
        let chi_squared: f64 = counts.iter().map(|n| square(f64::from(*n) - expect) / expect).sum();
        assert!(chi_squared < 54.0, "{chi_squared} of 26 degrees of freedom: p < 0.001");
    }

    fn square(x: f64) -> f64 {
        x * x
    }

    #[test]
    fn uuids_say_that_they_are_random_ones() {
        for k in 0..1000 {
            let text = format!("{:032x}", draw(k).uuid());
            assert_eq!(&text[12..13], "4");
            assert!("89ab".contains(&text[16..17]), "{text}");
        }
    }

    #[test]
    fn what_has_no_sense_gives_the_plain_value() {
        assert_eq!(draw(0).below(0), 0);
        assert_eq!(draw(0).duration_below(SimDuration::from_nanos(-5)), SimDuration::ZERO);
        assert_eq!(draw(0).pick::<u8>(&[]), None);
        for factor in [0.0, -1.0, f64::NAN] {
            assert_eq!(draw(0).jitter(SECOND, factor), SECOND);
            assert_eq!(draw(0).log_normal(SECOND, factor), SECOND);
        }
        assert_eq!(scaled(SimDuration::MAX, 2.0), SimDuration::MAX);
        assert_eq!(scaled(SECOND, f64::NAN), SimDuration::ZERO);
    }

    proptest! {
        #[test]
        fn within_their_bounds(counter: u64, n in 1_u64.., span in 0_i64.., factor in 0.0..4.0_f64) {
            let span = SimDuration::from_nanos(span);
            prop_assert!(draw(counter).below(n) < n);
            prop_assert!((0.0..1.0).contains(&draw(counter).unit()));
            let drawn = draw(counter).duration_below(span);
            prop_assert!(drawn < span || (drawn == span && span == SimDuration::ZERO));
            prop_assert!(draw(counter).jitter(span, factor) >= span);
            let short = SimDuration::from_nanos(span.as_nanos() >> 20);
            let longest = scaled(short, libm::exp(3.0 * factor));
            prop_assert!((SimDuration::ZERO..=longest).contains(&draw(counter).log_normal(short, factor)));
            prop_assert!((SimDuration::ZERO..=short.times(37)).contains(&draw(counter).exponential(short)));
        }
    }
}
