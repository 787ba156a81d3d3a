//! Messages of components, cut to what a line has room for.

/// What a line has room for of a message, in characters.
const MESSAGE: usize = 110;

/// The first sentence of a message that is long, and no more of it than fits.
pub(crate) fn shortened(message: &str) -> String {
    if message.chars().count() <= MESSAGE {
        return message.to_owned();
    }
    let sentence = message.find(". ").map_or(message, |end| &message[..=end]);
    if sentence.chars().count() <= MESSAGE {
        return format!("{sentence} …");
    }
    format!("{}…", sentence.chars().take(MESSAGE).collect::<String>().trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_or_what_fits() {
        let check = |message: &str, expect: &str| assert_eq!(shortened(message), expect);
        let (short, long) = ("a".repeat(50), "ü".repeat(MESSAGE));
        check("", "");
        check(&long, &long);
        check(&format!("{short}. {short}."), &format!("{short}. {short}."));
        check(&format!("{short}. {long}"), &format!("{short}. …"));
        check(&format!("{long}ü. {short}"), &format!("{long}…"));
    }
}
