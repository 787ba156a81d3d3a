//! Which JSON value a plain scalar is: the rules of Kubernetes' YAML reader in one table.
//!
//! Source: what `kubectl apply` of v1.36.2 stores (goyaml v2's rules: YAML 1.1 booleans, C-like integers).
//!
//! DIFFERENCE: a number beyond 64 bits is a float, printed as Rust prints it; Go writes up to 21 digits out.

/// What a plain scalar means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// `null`, `~` or nothing.
    Null,
    /// `true`, `yes`, `on`, `y`, …
    Bool(bool),
    /// Decimal, `0777` (octal), `0o777`, `0x1F`, `0b11`, with `_` between digits.
    Int(i64),
    /// An integer beyond `i64`.
    Uint(u64),
    /// `1.5`, `1e3`, `.5`, `08`, `.inf`, `.nan`.
    Float(f64),
    /// Anything else.
    Text,
}

/// Reads a plain scalar.
pub fn resolve(text: &str) -> Scalar {
    let Some(&first) = text.as_bytes().first() else { return Scalar::Null };
    match first {
        b'~' | b'n' | b'N' | b'y' | b'Y' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => word(text),
        b'.' => dotted(text),
        b'0'..=b'9' | b'+' | b'-' => number(text),
        _ => Scalar::Text,
    }
}

fn word(text: &str) -> Scalar {
    match text {
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        _ => Scalar::Text,
    }
}

fn dotted(text: &str) -> Scalar {
    match text {
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" => Scalar::Float(f64::INFINITY),
        _ => float(text),
    }
}

fn number(text: &str) -> Scalar {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    if text.contains('_') { plain_number(&text.replace('_', "")) } else { plain_number(text) }
}

fn plain_number(text: &str) -> Scalar {
    integer(text).unwrap_or_else(|| float(text))
}

fn integer(text: &str) -> Option<Scalar> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = radix(unsigned);
    // `from_str_radix` would take a second sign.
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Scalar::Int);
    }
    Some(i64::try_from(magnitude).map_or(Scalar::Uint(magnitude), Scalar::Int))
}

fn radix(unsigned: &str) -> (u32, &str) {
    let bytes = unsigned.as_bytes();
    match (bytes.first(), bytes.get(1)) {
        (Some(b'0'), Some(b'x' | b'X')) => (16, &unsigned[2..]),
        (Some(b'0'), Some(b'o' | b'O')) => (8, &unsigned[2..]),
        (Some(b'0'), Some(b'b' | b'B')) => (2, &unsigned[2..]),
        (Some(b'0'), Some(_)) => (8, &unsigned[1..]),
        _ => (10, unsigned),
    }
}

/// A decimal float; one beyond the range of `f64` stays text.
fn float(text: &str) -> Scalar {
    if !is_decimal(text) {
        return Scalar::Text;
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Scalar::Float(value),
        _ => Scalar::Text,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
pub fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", after)) => digits(after),
        Some((before, after)) => digits(before) && (after.is_empty() || digits(after)),
        None => digits(mantissa),
    };
    mantissa_fits && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

/// The integer that a float is, if it is one and fits: `3.0` and `1e3` are integers in JSON.
pub fn whole(value: f64) -> Option<i64> {
    // Below 2^63, so the cast is exact.
    #[allow(clippy::cast_possible_truncation)]
    (value.fract() == 0.0 && value.abs() < 9.2e18).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Scalar) {
        assert_eq!(resolve(text), expect, "{text:?}");
    }

    #[test]
    fn booleans_and_null() {
        for text in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
            check(text, Scalar::Bool(true));
        }
        for text in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] {
            check(text, Scalar::Bool(false));
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            check(text, Scalar::Null);
        }
        for text in
            ["yEs", "tRUE", "nope", "nULL", "none", "o", "t", "f", "~x", "null and void", "yes and no"]
        {
            check(text, Scalar::Text);
        }
    }

    #[test]
    fn integers() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("+1", 1),
            ("-17", -17),
            ("0777", 511),
            ("0o777", 511),
            ("0O17", 15),
            ("0x1F", 31),
            ("0X1f", 31),
            ("-0x1F", -31),
            ("0b11", 3),
            ("-0b11", -3),
            ("1_000", 1000),
            ("1_", 1),
            ("00", 0),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            check(text, Scalar::Int(value));
        }
        check("9223372036854775808", Scalar::Uint(1 << 63));
        check("18446744073709551615", Scalar::Uint(u64::MAX));
    }

    #[test]
    fn floats() {
        for (text, value) in [
            ("1.5", 1.5),
            ("1.", 1.0),
            (".5", 0.5),
            ("-.5", -0.5),
            ("+1.5e-1", 0.15),
            ("1e3", 1000.0),
            ("1E+3", 1000.0),
            ("08", 8.0),
            ("09.5", 9.5),
            ("1_0.5", 10.5),
            ("18446744073709551616", 18_446_744_073_709_551_616.0),
        ] {
            check(text, Scalar::Float(value));
        }
        check(".inf", Scalar::Float(f64::INFINITY));
        check("+.Inf", Scalar::Float(f64::INFINITY));
        check("-.INF", Scalar::Float(f64::NEG_INFINITY));
        assert!(matches!(resolve(".NaN"), Scalar::Float(v) if v.is_nan()));
    }

    #[test]
    fn text() {
        for text in [
            "0o8",
            "0b2",
            "0x",
            "0xg",
            "1:30",
            "12:30:45",
            "2024-01-01",
            "1.2.3",
            "1e3x",
            "1e",
            "e3",
            ".",
            "-",
            "+",
            "--1",
            "+-1",
            "_1",
            "10Mi",
            "1e400",
            "v1",
            ".e3",
            ".iNF",
            "inf",
            "NaN",
            "0x1.8p3",
            "1 000",
            "<<",
            "=",
        ] {
            check(text, Scalar::Text);
        }
    }

    #[test]
    fn whole_floats() {
        for (value, expect) in [
            (3.0, Some(3)),
            (-0.0, Some(0)),
            (2.5, None),
            (1e18, Some(1_000_000_000_000_000_000)),
            (1e19, None),
        ] {
            assert_eq!(whole(value), expect, "{value}");
        }
    }
}
