//! Messages of components, cut to what a line has room for.

/// A message of no more characters is told as it is.
const SHORT: usize = 100;
/// Of a longer one, no more characters of its first sentence: enough for the scheduler's reasons.
const MOST: usize = 160;

/// The first sentence of a message that is long, and no more of it than fits.
pub(crate) fn shortened(message: &str) -> String {
    if message.chars().count() <= SHORT {
        return message.to_owned();
    }
    let sentence = message.find(". ").map_or(message, |end| &message[..=end]);
    if sentence.chars().count() > MOST {
        return format!("{}…", sentence.chars().take(MOST).collect::<String>().trim_end());
    }
    if sentence.len() < message.len() { format!("{sentence} …") } else { message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_or_what_fits() {
        let check = |message: &str, expect: &str| assert_eq!(shortened(message), expect);
        let (short, long) = ("a".repeat(50), "ü".repeat(MOST));
        check("", "");
        check(&long, &long);
        check(&format!("{short}. {}.", &short[..40]), &format!("{short}. {}.", &short[..40]));
        check(&format!("{short}. {long}"), &format!("{short}. …"));
        check(&format!("{long}ü. {short}"), &format!("{long}…"));
    }
}
