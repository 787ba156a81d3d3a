//! Base64 as Go's `base64.StdEncoding` reads it: padded, line breaks skipped.

/// Decodes.
///
/// # Errors
/// The place (in bytes) of the first byte that does not belong there.
pub fn decode(text: &str) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut group = Group::default();
    for (at, byte) in text.bytes().enumerate() {
        if matches!(byte, b'\r' | b'\n') {
            continue;
        }
        group.take(byte).ok_or(at)?;
        if group.filled == 4 {
            bytes.extend_from_slice(&group.bits.to_be_bytes()[1..4 - group.padding]);
            group = Group { ended: group.padding > 0, ..Group::default() };
        }
    }
    if group.filled == 0 { Ok(bytes) } else { Err(text.len()) }
}

/// Four characters are three bytes.
#[derive(Default)]
struct Group {
    bits: u32,
    filled: usize,
    padding: usize,
    /// The group before this one was padded: nothing may follow.
    ended: bool,
}

impl Group {
    fn take(&mut self, byte: u8) -> Option<()> {
        let value = match byte {
            _ if self.ended => return None,
            b'=' if self.filled >= 2 => {
                self.padding += 1;
                0
            }
            _ if self.padding > 0 => return None,
            _ => sextet(byte)?,
        };
        self.bits = self.bits << 6 | value;
        self.filled += 1;
        Some(())
    }
}

fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (text, expect) in [
            ("", Ok("")),
            ("YQ==", Ok("a")),
            ("YWI=", Ok("ab")),
            ("YWJj", Ok("abc")),
            ("YW\nJj\r\nYQ==\n", Ok("abca")),
            ("YQ=", Err(3)),
            ("YQ", Err(2)),
            ("Y===", Err(1)),
            ("YQ==YQ==", Err(4)),
            ("YQ=a", Err(3)),
            ("YQ===", Err(4)),
            ("not base64!", Err(3)),
            ("a-_b", Err(1)),
        ] {
            assert_eq!(decode(text), expect.map(|t| t.as_bytes().to_vec()), "{text:?}");
        }
    }
}
