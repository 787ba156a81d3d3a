//! Moments of virtual time as text.

use units::SimTime;

/// Seconds with as many decimals as the moment needs: `61.204`, `0`.
pub(crate) fn seconds(time: SimTime) -> String {
    scaled(time.as_nanos(), 9)
}

/// Microseconds with as many decimals as the moment needs.
pub(crate) fn micros(time: SimTime) -> String {
    scaled(time.as_nanos(), 3)
}

/// `nanos` with the decimal point moved, without zeros at the end.
fn scaled(nanos: i64, decimals: usize) -> String {
    let unit = 10_u64.pow(u32::try_from(decimals).unwrap_or_default());
    let (whole, rest) = (nanos.unsigned_abs() / unit, nanos.unsigned_abs() % unit);
    let sign = if nanos < 0 { "-" } else { "" };
    let fraction = format!("{rest:0decimals$}");
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        digits => format!("{sign}{whole}.{digits}"),
    }
}

/// Seconds to the millisecond, for the eye: `2.034s`, and from a hour on `1h02m03.004s`.
pub(crate) fn short(time: SimTime) -> String {
    let millis = time.as_nanos().unsigned_abs() / 1_000_000;
    let sign = if time.as_nanos() < 0 { "-" } else { "" };
    let (seconds, rest) = (millis / 1000, millis % 1000);
    if seconds < 3600 {
        return format!("{sign}{seconds}.{rest:03}s");
    }
    format!("{sign}{}h{:02}m{:02}.{rest:03}s", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_decimals_as_needed() {
        let check = |nanos: i64, expected: [&str; 3]| {
            let time = SimTime::from_nanos(nanos);
            assert_eq!([seconds(time), micros(time), short(time)], expected, "{nanos}");
        };
        check(0, ["0", "0", "0.000s"]);
        check(61_204_000_000, ["61.204", "61204000", "61.204s"]);
        check(1, ["0.000000001", "0.001", "0.000s"]);
        check(-1_500_000_000, ["-1.5", "-1500000", "-1.500s"]);
        check(3_723_004_000_000, ["3723.004", "3723004000", "1h02m03.004s"]);
    }
}
