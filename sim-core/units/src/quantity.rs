//! `resource.Quantity`: a number with a suffix, as resource lists and thresholds write it.
//!
//! Upstream: `apimachinery/pkg/api/resource/{quantity,suffix,amount}.go`, v1.36.2 (scheduler.md 2). A quantity is
//! held exactly, in billionths; what is finer is rounded away from zero, as there.
//!
//! DIFFERENCE: amounts beyond ±1.7 × 10²⁹ saturate, and so do [`Quantity::value`] and [`Quantity::milli_value`]
//! beyond 64 bits, where the real code keeps big decimals and answers 0 or wraps. Only who asks for exabytes can tell.
//! DIFFERENCE: always printed in canonical form. The real one gives some texts back as they were written (`+5`,
//! `007`, `1.500`, `1E3`); who prints such an object can tell.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Billionths in one.
const NANO: i128 = 1_000_000_000;
/// Billionths in a thousandth.
const NANOS_PER_MILLI: i128 = 1_000_000;
/// The largest amount that a binary suffix can write, in billionths.
const BINARY_MAX: i128 = i64::MAX as i128 * NANO;
/// More decimal digits than an `i128` has.
const DIGITS: i64 = 40;

/// The notation a quantity was written in; it decides how it is printed, and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Format {
    /// `100m`, `1500`, `2G`.
    #[default]
    DecimalSI,
    /// `64Mi`.
    BinarySI,
    /// `12e6`.
    DecimalExponent,
}

/// An amount of a resource. Equality, order and hash are those of the number: `1000m` is `1`, `1Ki` is `1024`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

/// Why a text is no quantity. Displays as upstream's error does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// Not of the form number, suffix.
    Format,
    /// The form of a suffix, but none that exists.
    Suffix,
    /// The number cannot be read.
    Numeric,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            Self::Suffix => "unable to parse quantity's suffix",
            Self::Numeric => "unable to parse numeric part of quantity",
        })
    }
}
impl std::error::Error for QuantityError {}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self { nanos: 0, format: Format::DecimalSI };

    /// Reads a quantity as the API does: `100m`, `1.5`, `64Mi`, `12e6`.
    ///
    /// # Errors
    /// A [`QuantityError`] with upstream's text.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Format);
        }
        let parts = Parts::split(text)?;
        let suffix = Suffix::read(parts.suffix)?;
        if parts.has_no_digit() && !suffix.allows_no_digit() {
            return Err(QuantityError::Numeric);
        }
        let magnitude = suffix.cap(parts.nanos(suffix));
        // A binary suffix on less than one is shown in decimal, so that nothing is rounded.
        let format = match suffix.format {
            Format::BinarySI if (1..NANO).contains(&magnitude) => Format::DecimalSI,
            format => format,
        };
        Ok(Self { nanos: if parts.negative { -magnitude } else { magnitude }, format })
    }

    /// `value` whole units, written in decimal.
    pub const fn from_value(value: i64) -> Self {
        Self { nanos: value as i128 * NANO, format: Format::DecimalSI }
    }

    /// `milli` thousandths, written in decimal.
    pub const fn from_milli(milli: i64) -> Self {
        Self { nanos: milli as i128 * NANOS_PER_MILLI, format: Format::DecimalSI }
    }

    /// `bytes` whole units, written with a binary suffix where one fits.
    pub const fn from_bytes(bytes: i64) -> Self {
        Self { nanos: bytes as i128 * NANO, format: Format::BinarySI }
    }

    /// Whole units, rounded away from zero (saturating).
    pub fn value(self) -> i64 {
        saturated(divide_away_from_zero(self.nanos, NANO))
    }

    /// Thousandths, rounded away from zero (saturating).
    pub fn milli_value(self) -> i64 {
        saturated(divide_away_from_zero(self.nanos, NANOS_PER_MILLI))
    }

    /// Whether it is 0.
    pub const fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether it is below 0.
    pub const fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// The sum, in the notation of `self`, or of `other` if `self` is 0; `None` if it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let nanos = self.nanos.checked_add(other.nanos)?;
        Some(Self { nanos, format: self.format_with(other) })
    }

    /// The difference, in the notation of `self`, or of `other` if `self` is 0; `None` if it does not fit.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let nanos = self.nanos.checked_sub(other.nanos)?;
        Some(Self { nanos, format: self.format_with(other) })
    }

    /// As [`Self::checked_add`], with the largest or least quantity for what does not fit.
    pub fn saturating_add(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_add(other.nanos), format: self.format_with(other) }
    }

    /// As [`Self::checked_sub`], with the largest or least quantity for what does not fit.
    pub fn saturating_sub(self, other: Self) -> Self {
        Self { nanos: self.nanos.saturating_sub(other.nanos), format: self.format_with(other) }
    }

    /// Rounded to thousandths, away from zero, as the API server does with the resources of a container.
    pub fn round_up_to_milli(self) -> Self {
        let milli = divide_away_from_zero(self.nanos, NANOS_PER_MILLI);
        Self { nanos: milli.saturating_mul(NANOS_PER_MILLI), format: self.format }
    }

    fn format_with(self, other: Self) -> Format {
        if self.is_zero() { other.format } else { self.format }
    }
}

fn divide_away_from_zero(nanos: i128, unit: i128) -> i128 {
    nanos / unit + (nanos % unit).signum()
}

fn saturated(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}
impl Eq for Quantity {}
impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}
impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nanos.hash(state);
    }
}

/// A text taken apart: sign, digits before and after the point, and the rest, which has the form of a suffix.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, QuantityError> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, rest) = split_digits(unsigned);
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(after_point) => split_digits(after_point),
            None => ("", rest),
        };
        let after_letters = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
        let (_, beyond) = split_digits(after_letters.strip_prefix(['-', '+']).unwrap_or(after_letters));
        if beyond.is_empty() {
            Ok(Self { negative: text.starts_with('-'), whole, fraction, suffix })
        } else {
            Err(QuantityError::Format)
        }
    }

    fn has_no_digit(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    /// The magnitude in billionths, rounded up, saturating.
    fn nanos(&self, suffix: Suffix) -> i128 {
        let digits = || self.whole.bytes().chain(self.fraction.bytes()).map(|digit| i128::from(digit - b'0'));
        let count = self.whole.len() + self.fraction.len();
        // Where the decimal point lies after the exponent has moved it: before the first digit if negative.
        let point = i64::try_from(self.whole.len()).unwrap_or(i64::MAX).saturating_add(suffix.ten);
        let before = usize::try_from(point.max(0)).unwrap_or(usize::MAX).min(count);
        let whole = digits()
            .take(before)
            .chain(zeros(point - i64::try_from(count).unwrap_or(i64::MAX)))
            .fold(0_i128, |value, digit| value.saturating_mul(10).saturating_add(digit));
        let fraction = zeros(point.saturating_neg()).chain(digits().skip(before));
        whole
            .saturating_mul(suffix.unit)
            .saturating_add(fraction_up(&fraction.collect::<Vec<_>>(), suffix.unit))
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// As many zeros as asked for; more than [`DIGITS`] change no result.
fn zeros(count: i64) -> impl Iterator<Item = i128> {
    (0..count.min(DIGITS)).map(|_| 0)
}

/// `0.digits × unit`, rounded up. Dividing by ten from the last digit on is exact: the floors nest, and what they
/// cut off can only make the result inexact, never carry.
fn fraction_up(digits: &[i128], unit: i128) -> i128 {
    let (floor, cut_off) = digits.iter().rev().fold((0, false), |(value, cut_off), digit| {
        let sum = value + digit * unit;
        (sum / 10, cut_off || sum % 10 != 0)
    });
    floor + i128::from(cut_off)
}

/// What a suffix means.
#[derive(Clone, Copy)]
struct Suffix {
    format: Format,
    /// Billionths in one of the units: 10⁹ × a power of two.
    unit: i128,
    /// The power of ten that multiplies it.
    ten: i64,
}

/// Name and power of ten.
const DECIMAL_SUFFIXES: [(&str, i64); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
/// Name by power of 1024, from 1.
const BINARY_SUFFIXES: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

impl Suffix {
    fn read(name: &str) -> Result<Self, QuantityError> {
        let decimal = |format, ten| Ok(Self { format, unit: NANO, ten });
        if let Some((_, ten)) = DECIMAL_SUFFIXES.iter().find(|(known, _)| *known == name) {
            return decimal(Format::DecimalSI, *ten);
        }
        if let Some(index) = BINARY_SUFFIXES.iter().position(|known| *known == name) {
            return Ok(Self { format: Format::BinarySI, unit: NANO << (10 * (index + 1)), ten: 0 });
        }
        let exponent = name.strip_prefix(['e', 'E']).and_then(|digits| digits.parse::<i64>().ok());
        exponent.map_or(Err(QuantityError::Suffix), |ten| decimal(Format::DecimalExponent, ten))
    }

    /// `Ki` alone is 0, `Pi` alone is an error: upstream's way for small numbers does not look at the digits, the
    /// one for large or very fine ones does.
    fn allows_no_digit(self) -> bool {
        self.ten >= -9 && self.unit < NANO << 50
    }

    fn cap(self, magnitude: i128) -> i128 {
        if self.format == Format::BinarySI { magnitude.min(BINARY_MAX) } else { magnitude }
    }
}

impl fmt::Display for Quantity {
    /// Upstream's canonical form: the largest suffix that leaves an integer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.nanos % NANO == 0;
        match self.format {
            _ if self.is_zero() => f.write_str("0"),
            Format::BinarySI if whole && self.nanos.abs() >= 1024 * NANO => {
                let (number, power) = divided_out(self.nanos / NANO, 1024, BINARY_SUFFIXES.len());
                write!(f, "{number}{}", if power == 0 { "" } else { BINARY_SUFFIXES[power - 1] })
            }
            format => {
                let (number, power) = divided_out(self.nanos, 1000, usize::MAX);
                write!(f, "{number}")?;
                write_decimal_suffix(f, power, format)
            }
        }
    }
}

/// Divides by `base` as often as it goes without a rest, at most `most` times: the number left, and how often.
fn divided_out(mut number: i128, base: i128, most: usize) -> (i128, usize) {
    let mut times = 0;
    while times < most && number % base == 0 {
        number /= base;
        times += 1;
    }
    (number, times)
}

/// `power` counts thousands from billionths up. What lies beyond `E` is written with an exponent.
fn write_decimal_suffix(f: &mut fmt::Formatter<'_>, power: usize, format: Format) -> fmt::Result {
    match (format, DECIMAL_SUFFIXES.get(power)) {
        (_, Some(("", _))) => Ok(()),
        (Format::DecimalExponent, Some((_, ten))) => write!(f, "e{ten}"),
        (_, Some((name, _))) => f.write_str(name),
        (_, None) => write!(f, "e{}", 3 * power - 9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Quantity {
        Quantity::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    #[test]
    fn value_milli_value_and_canonical_text() {
        let check = |text: &str, value: i64, milli: i64, canonical: &str| {
            let quantity = parse(text);
            let found = (quantity.value(), quantity.milli_value(), quantity.to_string());
            assert_eq!(found, (value, milli, canonical.to_owned()), "{text:?}");
        };
        check("0", 0, 0, "0");
        check("000", 0, 0, "0");
        check("-", 0, 0, "0");
        check(".", 0, 0, "0");
        check("Ki", 0, 0, "0");
        check("m", 0, 0, "0");
        check("0Ei", 0, 0, "0");
        check("0e-10", 0, 0, "0");
        check("1", 1, 1000, "1");
        check("+1", 1, 1000, "1");
        check("-1.5", -2, -1500, "-1500m");
        check("1.5", 2, 1500, "1500m");
        check("1000m", 1, 1000, "1");
        check("100u", 1, 1, "100u");
        check("1n", 1, 1, "1n");
        check("0.1", 1, 100, "100m");
        check("1.", 1, 1000, "1");
        check(".5", 1, 500, "500m");
        check("1.G", 1_000_000_000, 1_000_000_000_000, "1G");
        check("1024", 1024, 1_024_000, "1024");
        check("1e3", 1000, 1_000_000, "1e3");
        check("1E3", 1000, 1_000_000, "1e3");
        check("1e0", 1, 1000, "1");
        check("1e-3", 1, 1, "1e-3");
        check("15e-1", 2, 1500, "1500e-3");
        check("12345e2", 1_234_500, 1_234_500_000, "1234500");
        check("1e+4", 10_000, 10_000_000, "10e3");
        check("129e6", 129_000_000, 129_000_000_000, "129e6");
        check("129M", 129_000_000, 129_000_000_000, "129M");
        check("123Mi", 128_974_848, 128_974_848_000, "123Mi");
        check("0.5Gi", 536_870_912, 536_870_912_000, "512Mi");
        check("1024Mi", 1_073_741_824, 1_073_741_824_000, "1Gi");
        check("1.1Ki", 1127, 1_126_400, "1126400m");
        check("0.5Ki", 512, 512_000, "512");
        check("0.0001Ki", 1, 103, "102400u");
        check("-0.5Gi", -536_870_912, -536_870_912_000, "-512Mi");
        check("30500000Ki", 31_232_000_000, 31_232_000_000_000, "30500000Ki");
        check("2Ei", 2_305_843_009_213_693_952, i64::MAX, "2Ei");
        check("9Ei", i64::MAX, i64::MAX, "9223372036854775807");
        check("-9Ei", -i64::MAX, i64::MIN, "-9223372036854775807");
        check("1E", 1_000_000_000_000_000_000, i64::MAX, "1E");
        check("1000E", i64::MAX, i64::MAX, "1e21");
        check("0.0000000000000000000000000001", 1, 1, "1n");
        check("-0.0000000000000000000000000001", -1, -1, "-1n");
        check("1.0000000001", 2, 1001, "1000000001n");
        check("0.00000000000000000000000000000000000000000000001e50", 1000, 1_000_000, "1e3");
        check("1e-99999999999999", 1, 1, "1e-9");
        check("00000000000000000000000000000000000000000000000001", 1, 1000, "1");
    }

    #[test]
    fn refused_as_upstream_refuses() {
        use QuantityError::{Format, Numeric, Suffix};
        let check = |text: &str, error| assert_eq!(Quantity::parse(text), Err(error), "{text:?}");
        for text in
            ["", "1x", "1KB", "1 ", " 1", "1.2.3", "12e6m", "1e-3m", "1\u{e9}", "1e--3", "1_000", "0x10"]
        {
            check(text, Format);
        }
        for text in ["1K", "1mi", "1e", "1e+", "--1", "1ki", "1Kii", "1ee3", "1e99999999999999999999", "-+1"]
        {
            check(text, Suffix);
        }
        for text in ["Pi", "Ei", ".Ei", "-Ei", "e-10"] {
            check(text, Numeric);
        }
    }

    #[test]
    fn messages_are_upstreams() {
        assert_eq!(
            QuantityError::Format.to_string(),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        );
        assert_eq!(QuantityError::Suffix.to_string(), "unable to parse quantity's suffix");
        assert_eq!(QuantityError::Numeric.to_string(), "unable to parse numeric part of quantity");
    }

    #[test]
    fn what_is_out_of_range_saturates() {
        let most = Quantity { nanos: i128::MAX, format: Format::DecimalSI };
        for text in ["1e30", "1e9223372036854775807", &"9".repeat(300)] {
            assert_eq!(parse(text), most, "{text}");
            assert_eq!(parse(text).value(), i64::MAX);
            assert_eq!(parse(&format!("-{text}")).milli_value(), i64::MIN);
        }
        assert_eq!(most.checked_add(parse("1n")), None);
        assert_eq!(most.saturating_add(parse("1n")), most);
        assert_eq!(most.round_up_to_milli().value(), i64::MAX);
        assert!(!most.to_string().is_empty());
    }

    #[test]
    fn compared_by_the_number() {
        assert_eq!(parse("1000m"), parse("1"));
        assert_eq!(parse("1Ki"), parse("1024"));
        assert!(parse("1.1Ki") < parse("1127"));
        assert!(parse("-1") < parse("0.1u"));
    }

    #[test]
    fn sums_keep_the_notation() {
        let check =
            |sum: Option<Quantity>, text: &str| assert_eq!(sum.map(|q| q.to_string()), Some(text.to_owned()));
        check(parse("1Gi").checked_add(parse("1024")), "1048577Ki");
        check(Quantity::ZERO.checked_add(parse("2Mi")), "2Mi");
        check(Quantity::ZERO.checked_sub(parse("2Mi")), "-2Mi");
        check(parse("2").checked_sub(parse("500m")), "1500m");
        check(Some(Quantity::from_bytes(32 << 30).saturating_sub(parse("100Mi"))), "32668Mi");
        check(Some(Quantity::from_milli(15_890)), "15890m");
        check(Some(Quantity::from_value(4_000)), "4k");
        check(Some(parse("100u").round_up_to_milli()), "1m");
        check(Some(parse("-1.0001").round_up_to_milli()), "-1001m");
    }

    proptest! {
        #[test]
        fn the_canonical_text_reads_back(text in "[+-]?[0-9]{0,30}(\\.[0-9]{0,15})?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|e-?[0-9]{1,2})?") {
            if let Ok(quantity) = Quantity::parse(&text) {
                let canonical = quantity.to_string();
                // A saturated amount has no text of its own.
                prop_assume!(quantity.nanos.abs() < i128::MAX);
                prop_assert_eq!(Quantity::parse(&canonical), Ok(quantity));
                prop_assert_eq!(parse(&canonical).to_string(), canonical);
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,40}|[-+.0-9eEinumkKMGTP]{0,40}") {
            if let Ok(quantity) = Quantity::parse(&text) {
                let _ = (quantity.to_string(), quantity.value(), quantity.milli_value());
            }
        }

        #[test]
        fn milli_value_is_the_ceiling(nanos: i64) {
            let quantity = Quantity { nanos: i128::from(nanos), format: Format::DecimalSI };
            let milli = i128::from(quantity.milli_value()) * NANOS_PER_MILLI;
            let missing = milli.abs() - i128::from(nanos).abs();
            prop_assert!((0..NANOS_PER_MILLI).contains(&missing));
        }
    }
}
