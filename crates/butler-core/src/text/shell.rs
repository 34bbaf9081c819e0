//! Which values may stand in a command that a person copies.

/// The longest word; an effect key with two addresses is shorter.
const MOST: usize = 200;

/// Whether a shell takes `text` as one word and changes nothing in it, and no program takes it for an option.
#[must_use]
pub fn is_plain_word(text: &str) -> bool {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "._/:@+-".contains(character);
    text.starts_with(|first: char| first.is_ascii_alphanumeric() || "./_".contains(first))
        && text.len() <= MOST
        && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_read_is_no_plain_word() {
        for plain in
            ["mainnet", "0xAb12", "/etc/butler/keys.json", "configure_coinbase/1/0x0/x", "node-1.example.com:80"]
        {
            assert!(is_plain_word(plain), "{plain}");
        }
        let long = "x".repeat(MOST + 1);
        for bad in
            ["", "-n", "--help", "a b", "$(id)", "a;b", "`id`", "a\nb", "~root", "a*", "'", "a|b", "ä", "=x", &long]
        {
            assert!(!is_plain_word(bad), "{bad}");
        }
    }
}
