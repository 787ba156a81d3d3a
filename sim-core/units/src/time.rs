//! Virtual time and the API's timestamps.

use jiff::{Timestamp as Instant, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A moment of virtual time: nanoseconds since t = 0 of the run; negative before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SimTime(i64);

/// A span of virtual time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SimDuration(i64);

impl SimTime {
    /// t = 0.
    pub const ZERO: Self = Self(0);
    /// Later than every moment that a run reaches.
    pub const MAX: Self = Self(i64::MAX);

    /// The moment `nanos` after t = 0.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }
    /// The moment `seconds` after t = 0 (saturating).
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }
    /// The moment `millis` after t = 0 (saturating).
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }
    /// Nanoseconds since t = 0.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }
    /// Seconds since t = 0, for showing; never for deciding.
    #[allow(clippy::cast_precision_loss)]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span.
    pub const MAX: Self = Self(i64::MAX);

    /// A span of nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }
    /// A span of microseconds (saturating).
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros.saturating_mul(1_000))
    }
    /// A span of milliseconds (saturating).
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }
    /// A span of seconds (saturating).
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }
    /// Nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }
    /// Whole seconds, the rest cut off.
    pub const fn as_secs(self) -> i64 {
        self.0 / NANOS_PER_SECOND
    }
    /// Whole milliseconds, the rest cut off.
    pub const fn as_millis(self) -> i64 {
        self.0 / 1_000_000
    }
    /// Seconds, for showing and for the few places where Kubernetes itself computes in floats.
    #[allow(clippy::cast_precision_loss)]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
    /// `self × factor`, saturating.
    pub const fn times(self, factor: i64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
    /// The larger of two spans.
    pub fn at_least(self, other: Self) -> Self {
        self.max(other)
    }
}

impl Add<SimDuration> for SimTime {
    type Output = Self;
    fn add(self, span: SimDuration) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}
impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, span: SimDuration) {
        *self = *self + span;
    }
}
impl Sub<SimDuration> for SimTime {
    type Output = Self;
    fn sub(self, span: SimDuration) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}
impl Sub for SimTime {
    type Output = SimDuration;
    fn sub(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
}
impl Add for SimDuration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}
impl AddAssign for SimDuration {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
impl Sub for SimDuration {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// `metav1.Time`: whole seconds since the Unix epoch. Shown as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// `metav1.MicroTime`: microseconds since the Unix epoch. Shown as RFC 3339 with six decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroTime(pub i64);

/// A text that is no RFC 3339 time, or one outside the years that a run can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampError(String);

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for TimestampError {}

impl Timestamp {
    /// Reads RFC 3339; fractions of a second are cut off, as the API server does when it stores a time.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        parse_instant(text).map(|nanos| Self(nanos.div_euclid(NANOS_PER_SECOND)))
    }
}

impl MicroTime {
    /// Reads RFC 3339; what is finer than a microsecond is cut off.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        parse_instant(text).map(|nanos| Self(nanos.div_euclid(1_000)))
    }
}

/// Nanoseconds since the Unix epoch.
fn parse_instant(text: &str) -> Result<i64, TimestampError> {
    let at: Instant = text.parse().map_err(|_| TimestampError(format!("not an RFC 3339 time: {text:?}")))?;
    let year = at.to_zoned(TimeZone::UTC).year();
    match i64::try_from(at.as_nanosecond()) {
        Ok(nanos) if (1970..=2199).contains(&year) => Ok(nanos),
        _ => Err(TimestampError(format!("the year {year} lies outside 1970 to 2199"))),
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Instant::from_second(self.0) {
            Ok(at) => write!(f, "{at:.0}"),
            Err(_) => f.write_str("<invalid>"),
        }
    }
}

impl fmt::Display for MicroTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Instant::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at:.6}"),
            Err(_) => f.write_str("<invalid>"),
        }
    }
}

/// The wall clock of the simulated cluster: what time it is there at t = 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// t = 0 in nanoseconds since the Unix epoch.
    start: i64,
}

impl Default for Clock {
    /// 2026-01-01T00:00:00Z, the default of a scenario.
    fn default() -> Self {
        Self { start: 1_767_225_600 * NANOS_PER_SECOND }
    }
}

impl Clock {
    /// A clock that shows `text` (RFC 3339) at t = 0.
    pub fn starting_at(text: &str) -> Result<Self, TimestampError> {
        parse_instant(text).map(|start| Self { start })
    }
    /// What the API stores for this moment: whole seconds, cut off (kubelet.md 0.3, controllers.md 0.3).
    pub fn timestamp(self, at: SimTime) -> Timestamp {
        Timestamp(self.start.saturating_add(at.0).div_euclid(NANOS_PER_SECOND))
    }
    /// What a lease or a scheduler's event stores for this moment.
    pub fn micro_time(self, at: SimTime) -> MicroTime {
        MicroTime(self.start.saturating_add(at.0).div_euclid(1_000))
    }
    /// The moment of virtual time at which a stored timestamp lies.
    pub fn instant(self, stored: Timestamp) -> SimTime {
        SimTime(stored.0.saturating_mul(NANOS_PER_SECOND).saturating_sub(self.start))
    }
    /// Nanoseconds since the Unix epoch, as the names of Event objects carry them.
    pub fn unix_nanos(self, at: SimTime) -> i64 {
        self.start.saturating_add(at.0)
    }
    /// RFC 3339 of t = 0.
    pub fn start(self) -> Timestamp {
        self.timestamp(SimTime::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_cut_off_to_whole_seconds() {
        let clock = Clock::starting_at("2026-01-01T00:00:00.25Z").unwrap();
        assert_eq!(clock.timestamp(SimTime::from_millis(700)).to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(clock.timestamp(SimTime::from_millis(750)).to_string(), "2026-01-01T00:00:01Z");
        assert_eq!(clock.micro_time(SimTime::from_millis(750)).to_string(), "2026-01-01T00:00:01.000000Z");
        assert_eq!(clock.instant(clock.timestamp(SimTime::from_millis(750))), SimTime::from_millis(750));
    }

    #[test]
    fn times_before_the_start_are_cut_off_downwards() {
        let clock = Clock::default();
        assert_eq!(clock.timestamp(SimTime::from_nanos(-1)).to_string(), "2025-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "tomorrow", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z"] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(SimTime::MAX + SimDuration::from_secs(1), SimTime::MAX);
        assert_eq!(SimDuration::from_secs(i64::MAX), SimDuration::MAX);
    }
}
