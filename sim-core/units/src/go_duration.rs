//! Durations in Go's notation, as flags, component configurations and kubectl write them.
//!
//! Models `time.ParseDuration` and `Duration.String` of Go's standard library: which texts are accepted, the
//! error texts, and every bit of the result (fractions go through a double there, and so they do here).

use crate::SimDuration;
use std::fmt;

/// Nanoseconds of the units that Go knows, both spellings of micro included.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The magnitude of the most negative duration; no sum may go beyond it.
const LIMIT: u64 = 1 << 63;

/// Why a text is no duration. Displays as Go's error does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DurationError {
    /// Not of the form `[-+]?([0-9]*(\.[0-9]*)?[a-z]+)+`, or beyond 64 bits of nanoseconds.
    Invalid(String),
    /// A number without a unit.
    MissingUnit(String),
    /// A number with a unit that Go does not have.
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// The whole text.
        text: String,
    },
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text) => write!(f, "time: invalid duration {}", quoted(text)),
            Self::MissingUnit(text) => write!(f, "time: missing unit in duration {}", quoted(text)),
            Self::UnknownUnit { unit, text } => {
                write!(f, "time: unknown unit {} in duration {}", quoted(unit), quoted(text))
            }
        }
    }
}
impl std::error::Error for DurationError {}

/// Quotes as package `time` does: what is not printable ASCII appears as hexadecimal bytes.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=b'\x7f' => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

/// Reads a duration as Go's `time.ParseDuration` does: `1h2m3.5s`, `-300ms`, `0`.
///
/// # Errors
/// A [`DurationError`] with Go's text.
pub fn parse_go_duration(text: &str) -> Result<SimDuration, DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(SimDuration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (part, after) = parse_part(rest, text)?;
        // Neither exceeds 2^63, so the sum cannot wrap before it is compared.
        total = total.checked_add(part).filter(|sum| *sum <= LIMIT).ok_or_else(invalid)?;
        rest = after;
    }
    signed(total, negative).map(SimDuration::from_nanos).ok_or_else(invalid)
}

fn signed(magnitude: u64, negative: bool) -> Option<i64> {
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// One number with its unit at the front of `rest`, in nanoseconds, and what follows it.
fn parse_part<'a>(rest: &'a str, text: &str) -> Result<(u64, &'a str), DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let (whole, after_whole) = split_digits(rest);
    let (fraction, after_number) = match after_whole.strip_prefix('.') {
        Some(after_point) => split_digits(after_point),
        None => ("", after_whole),
    };
    let value = leading_int(whole).ok_or_else(invalid)?;
    if whole.is_empty() && fraction.is_empty() {
        return Err(invalid());
    }
    let end = after_number.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after_number.len());
    let (name, after) = after_number.split_at(end);
    if name.is_empty() {
        return Err(DurationError::MissingUnit(text.to_owned()));
    }
    let Some(&(_, unit)) = UNITS.iter().find(|(known, _)| *known == name) else {
        return Err(DurationError::UnknownUnit { unit: name.to_owned(), text: text.to_owned() });
    };
    let nanos = value.checked_mul(unit).filter(|nanos| *nanos <= LIMIT).ok_or_else(invalid)?;
    let nanos = nanos + fraction_of(fraction, unit);
    if nanos > LIMIT { Err(invalid()) } else { Ok((nanos, after)) }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn leading_int(digits: &str) -> Option<u64> {
    digits.bytes().try_fold(0_u64, |value, digit| {
        value.checked_mul(10)?.checked_add(u64::from(digit - b'0')).filter(|value| *value <= LIMIT)
    })
}

/// The part of a unit after the decimal point, through a double as in Go; digits that no longer fit are ignored.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // in [0, unit]
fn fraction_of(digits: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in digits.bytes() {
        let next = if value > (LIMIT - 1) / 10 { None } else { Some(value * 10 + u64::from(digit - b'0')) };
        match next.filter(|next| *next <= LIMIT) {
            Some(next) => value = next,
            None => break,
        }
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

/// Writes a duration as Go's `Duration.String` does: `72h3m0.5s`, `1.5ms`, `0s`.
pub fn format_go_duration(span: SimDuration) -> String {
    let sign = if span.as_nanos() < 0 { "-" } else { "" };
    let nanos = span.as_nanos().unsigned_abs();
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{nanos}ns"),
        1_000..1_000_000 => format!("{sign}{}\u{b5}s", decimal(nanos, 1_000)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", decimal(nanos, 1_000_000)),
        _ => format!("{sign}{}", clock_form(nanos)),
    }
}

/// Hours, minutes and seconds; leading zero units are left out.
fn clock_form(nanos: u64) -> String {
    let seconds = decimal(nanos % 60_000_000_000, 1_000_000_000);
    let minutes = nanos / 60_000_000_000;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// `value / unit` with as many decimals as it needs; `unit` is a power of ten.
fn decimal(value: u64, unit: u64) -> String {
    let (whole, rest) = (value / unit, value % unit);
    if rest == 0 {
        return whole.to_string();
    }
    // One digit more than the unit has zeros, so that the padding survives; its leading 1 is cut off again.
    let padded = (unit + rest).to_string();
    format!("{whole}.{}", padded[1..].trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_go_accepts() {
        let check = |text: &str, nanos: i64| {
            assert_eq!(parse_go_duration(text).map(SimDuration::as_nanos), Ok(nanos), "{text:?}");
        };
        check("0", 0);
        check("-0", 0);
        check("0s", 0);
        check("+5s", 5_000_000_000);
        check("-5s", -5_000_000_000);
        check("1h2m3.5s", 3_723_500_000_000);
        check("5.s", 5_000_000_000);
        check(".5s", 500_000_000);
        check("10ns", 10);
        check("11us", 11_000);
        check("12\u{b5}s12\u{3bc}s", 24_000);
        check("3h30m", 12_600_000_000_000);
        check("39h9m14.425s", 140_954_425_000_000);
        check("52763797000ns", 52_763_797_000);
        check("0.3333333333333333333h", 1_200_000_000_000);
        check("9007199254740993ns", 9_007_199_254_740_993);
        check("9223372036854775807ns", i64::MAX);
        check("9223372036854775.807us", i64::MAX);
        check("-9223372036854775808ns", i64::MIN);
        check("-2562047h47m16.854775808s", i64::MIN);
        check("0.100000000000000000000h", 360_000_000_000);
        check("0.830103483285477580700h", 2_988_372_539_827);
        check("1m1m", 120_000_000_000);
    }

    #[test]
    fn what_go_refuses() {
        let check = |text: &str, error: &str| {
            assert_eq!(parse_go_duration(text).map_err(|e| e.to_string()), Err(error.to_owned()), "{text:?}");
        };
        check("", r#"time: invalid duration """#);
        check("x", r#"time: invalid duration "x""#);
        check("-", r#"time: invalid duration "-""#);
        check("--1s", r#"time: invalid duration "--1s""#);
        check(".", r#"time: invalid duration ".""#);
        check(".s", r#"time: invalid duration ".s""#);
        check(" 1s", r#"time: invalid duration " 1s""#);
        check("3", r#"time: missing unit in duration "3""#);
        check("1s2", r#"time: missing unit in duration "1s2""#);
        check("1.2.3s", r#"time: missing unit in duration "1.2.3s""#);
        check("3d", r#"time: unknown unit "d" in duration "3d""#);
        check("1 s", r#"time: unknown unit " s" in duration "1 s""#);
        check("1s-2s", r#"time: unknown unit "s-" in duration "1s-2s""#);
        check("1\u{7b2c}", r#"time: unknown unit "\xe7\xac\xac" in duration "1\xe7\xac\xac""#);
        check("1\"\t", r#"time: unknown unit "\"\x09" in duration "1\"\x09""#);
        check("9223372036854775808ns", r#"time: invalid duration "9223372036854775808ns""#);
        check("99999999999999999999s", r#"time: invalid duration "99999999999999999999s""#);
        check("2562047h47m16.854775808s", r#"time: invalid duration "2562047h47m16.854775808s""#);
        check("-9223372036854775809ns", r#"time: invalid duration "-9223372036854775809ns""#);
        check("3000000h", r#"time: invalid duration "3000000h""#);
    }

    #[test]
    fn as_go_prints_it() {
        let check = |nanos: i64, text: &str| {
            assert_eq!(format_go_duration(SimDuration::from_nanos(nanos)), text);
        };
        check(0, "0s");
        check(1, "1ns");
        check(1_100, "1.1\u{b5}s");
        check(2_200_000, "2.2ms");
        check(3_300_000_000, "3.3s");
        check(245_000_000_000, "4m5s");
        check(245_001_000_000, "4m5.001s");
        check(18_367_001_000_000, "5h6m7.001s");
        check(480_000_000_001, "8m0.000000001s");
        check(3_600_000_000_000, "1h0m0s");
        check(-1_500_000, "-1.5ms");
        check(i64::MAX, "2562047h47m16.854775807s");
        check(i64::MIN, "-2562047h47m16.854775808s");
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(nanos: i64, shift in 0_u32..64) {
            let span = SimDuration::from_nanos(nanos >> shift);
            prop_assert_eq!(parse_go_duration(&format_go_duration(span)), Ok(span));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9.hmsnu\u{b5} é]{0,30}") {
            if let Ok(span) = parse_go_duration(&text) {
                prop_assert_eq!(parse_go_duration(&format_go_duration(span)), Ok(span));
            }
        }
    }
}
