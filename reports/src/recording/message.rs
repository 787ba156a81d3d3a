//! Messages of Events without what is random in them: suffixes of names, UIDs, durations.
//!
//! They are shown, not compared. Five rewritings, one after the other, each at every place from left to right:
//!
//! | what | becomes |
//! | --- | --- |
//! | name, `-`, 6 to 10 hexadecimal digits, `-`, 5 letters of a pod's suffix | `name-*` |
//! | name, `-`, 5 letters of a pod's suffix | `name-*` |
//! | a word that is a name, `-`, 8 to 10 of `bcdf2456789` | `name-#` |
//! | UID | `<uid>` |
//! | number in `ms`, `µs` or `s` | `<dur>` |

/// Messages are cut off here, in characters.
const LONGEST: usize = 300;
/// No more than this is looked at; the work grows with the square. The API allows 1,024 characters.
const LOOKED_AT: usize = 2048;

/// The message with placeholders for what is random.
pub(super) fn clean(message: &str) -> String {
    let mut text: Vec<char> = message.chars().take(LOOKED_AT).collect();
    for rewrite in [pod_of_template, suffixed, hashed, uid, duration] {
        text = everywhere(&text, rewrite);
    }
    text.into_iter().take(LONGEST).collect()
}

/// A match: where it ends, how much of its beginning is kept, and what follows that.
struct Match {
    end: usize,
    kept: usize,
    then: &'static str,
}

fn everywhere(text: &[char], rewrite: fn(&[char], usize) -> Option<Match>) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match rewrite(text, at) {
            Some(found) => {
                out.extend_from_slice(&text[at..found.kept]);
                out.extend(found.then.chars());
                at = found.end;
            }
            None => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    out
}

fn pod_of_template(text: &[char], at: usize) -> Option<Match> {
    shortest_name(text, at, |dash| {
        let most = run_length(text, dash + 1, is_hex).min(10);
        (6..=most).rev().find_map(|length| suffix(text, dash + 1 + length))
    })
}

fn suffixed(text: &[char], at: usize) -> Option<Match> {
    shortest_name(text, at, |dash| suffix(text, dash))
}

/// The shortest name that begins here and ends before a dash from which `rest` finds the end.
fn shortest_name(text: &[char], at: usize, rest: impl Fn(usize) -> Option<usize>) -> Option<Match> {
    let most = run_length(text, at, is_name);
    (at + 1..=at + most).filter(|dash| is_dash(text, *dash)).find_map(|dash| {
        let end = rest(dash)?;
        Some(Match { end, kept: dash, then: "-*" })
    })
}

/// The end of a dash and the five letters of a generated name, if a word ends there.
fn suffix(text: &[char], dash: usize) -> Option<usize> {
    let end = dash + 6;
    let fits = is_dash(text, dash) && run_length(text, dash + 1, is_suffix) >= 5 && word_ends(text, end);
    fits.then_some(end)
}

fn hashed(text: &[char], at: usize) -> Option<Match> {
    if word_before(text, at) || !text[at].is_ascii_lowercase() {
        return None;
    }
    let last = at + run_length(text, at, is_name);
    let digits = |c| matches!(c, 'b' | 'c' | 'd' | 'f' | '2' | '4'..='9');
    (at + 1..=last).rev().filter(|dash| is_dash(text, *dash)).find_map(|dash| {
        let most = run_length(text, dash + 1, digits).min(10);
        let length = (8..=most).rev().find(|length| word_ends(text, dash + 1 + length))?;
        Some(Match { end: dash + 1 + length, kept: dash, then: "-#" })
    })
}

fn uid(text: &[char], at: usize) -> Option<Match> {
    let end = at + 36;
    let rest = text.get(at..end)?;
    let fits = rest.iter().enumerate().all(|(n, &c)| match n {
        8 | 13 => c == '-',
        14.. => is_hex(c) || c == '-',
        _ => is_hex(c),
    });
    fits.then_some(Match { end, kept: at, then: "<uid>" })
}

fn duration(text: &[char], at: usize) -> Option<Match> {
    let number = run_length(text, at, |c| c.is_ascii_digit() || c == '.');
    // A word begins at a digit, and ends at a dot.
    if number == 0 || word_before(text, at) != (text[at] == '.') {
        return None;
    }
    let unit = match text[at + number..] {
        ['m' | 'µ', 's', ..] => 2,
        ['s', ..] => 1,
        _ => return None,
    };
    let end = at + number + unit;
    word_ends(text, end).then_some(Match { end, kept: at, then: "<dur>" })
}

fn run_length(text: &[char], from: usize, is: impl Fn(char) -> bool) -> usize {
    text.iter().skip(from).take_while(|c| is(**c)).count()
}

fn is_dash(text: &[char], at: usize) -> bool {
    text.get(at) == Some(&'-')
}

fn is_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

fn is_hex(c: char) -> bool {
    matches!(c, 'a'..='f' | '0'..='9')
}

/// The alphabet of generated names: no vowels, no digits that look like letters.
fn is_suffix(c: char) -> bool {
    "bcdfghjklmnpqrstvwxz2456789".contains(c)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word_before(text: &[char], at: usize) -> bool {
    at > 0 && is_word(text[at - 1])
}

/// No word goes on here. (The callers know that a word's letter is before it.)
fn word_ends(text: &[char], at: usize) -> bool {
    !text.get(at).is_some_and(|c| is_word(*c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(message: &str, expect: &str) {
        assert_eq!(clean(message), expect);
    }

    #[test]
    fn names_of_pods_lose_their_suffix() {
        check("Created pod: web-5d9c7b8f64-x2k4z", "Created pod: web-*");
        check("pod default/web-5d9c7b8f64-x2k4z.", "pod default/web-*.");
        check("Created pod: agent-x2k4z", "Created pod: agent-*");
        check("Created pod: agent-x2k4", "Created pod: agent-x2k4");
        check("Created pod: agent-x2k4z4", "Created pod: agent-x2k4z4");
        check("Created pod: agent-x2k4a", "Created pod: agent-x2k4a");
        check("Created pod: agent-x2k4z_", "Created pod: agent-x2k4z_");
        check("my-app-x2k4z-5d9c7b", "my-app-*-5d9c7b");
        check("my-app-bcdfg-x2k4z", "my-app-*-x2k4z");
        check("-x2k4z", "-x2k4z");
        check("web-5d9c7b8f641-x2k4z", "web-5d9c7b8f641-*");
    }

    #[test]
    fn names_of_replica_sets_lose_their_hash() {
        check("Scaled up replica set web-bcdf24567 from 0 to 3", "Scaled up replica set web-# from 0 to 3");
        check("web-bcdf245", "web-bcdf245");
        check("web-bcdf2456789", "web-bcdf2456789");
        check("web-bcdf24567x", "web-bcdf24567x");
        check("a-bcdf24567-bcdf24567", "a-bcdf24567-#");
        check("Web-bcdf24567", "Web-bcdf24567");
        check("9web-bcdf24567", "9web-bcdf24567");
    }

    #[test]
    fn uids_and_durations_are_placeholders() {
        check("uid 8723f0ab-9bb8-4aeb-bc73-3e080a6a1eb1!", "uid <uid>!");
        check("8723f0ab-9bb8-4aeb-bc73-3e080a6a1eb", "8723f0ab-9bb8-4aeb-bc73-3e080a6a1eb");
        check("8723f0ag-9bb8-4aeb-bc73-3e080a6a1eb1", "8723f0ag-9bb8-4aeb-bc73-3e080a6a1eb1");
        check(
            "pulled in 1.5s (12ms, 3µs including waiting)",
            "pulled in <dur> (<dur>, <dur> including waiting)",
        );
        check("back-off 1m20s restarting", "back-off 1m20s restarting");
        check("10sec, 5m, x7s, v1.5s", "10sec, 5m, x7s, v1<dur>");
        check(".5s", ".<dur>");
    }

    #[test]
    fn long_messages_are_cut_off() {
        check(&"µ".repeat(301), &"µ".repeat(300));
        check(&"a-".repeat(100_000), &"a-".repeat(150));
    }

    proptest! {
        #[test]
        fn any_text_can_be_cleaned(message in "([a-f0-9]{4,9}|[bcdf2-9]{5,9}|-|\\PC|[0-9.]+(ms|µs|s)| ){0,60}") {
            prop_assert!(clean(&message).chars().count() <= LONGEST);
        }
    }
}
