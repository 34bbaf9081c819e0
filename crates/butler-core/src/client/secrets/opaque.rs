//! Words that are no language and no figure: keys, hashes, and whatever notation somebody may think of for them.
//!
//! A message explains itself in words and figures. What looks like neither says nothing to a reader, and may be a secret in a
//! form that nobody thought of, so it is not shown where there is a secret to hide.

/// Letters with digits among them are a code from this length on: shorter ones are versions and short hashes.
const CODE: usize = 10;
/// No word is longer.
const LONGEST_WORD: usize = 24;
/// Words of this length have vowels.
const HAS_VOWELS: usize = 8;
/// The most consonants in a row, and the most digits of a number in hex.
const CONSONANTS: usize = 6;
const HEX_NUMBER: usize = 16;
/// So many codes in a row are the letters of something.
const IN_A_ROW: usize = 6;

/// Ranges of bytes of `text` that are not shown.
pub(super) fn opaque(text: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> =
        runs(text, |byte| byte.is_ascii_alphanumeric()).filter(|run| is_code(slice(text, *run))).collect();
    let mut row: Vec<(usize, usize)> = Vec::new();
    for word in runs(text, |byte| !byte.is_ascii_whitespace() && !matches!(byte, b',' | b';' | b'|' | b':')) {
        if is_figure(slice(text, word)) {
            row.push(word);
        } else {
            found.extend(cover(&row));
            row.clear();
        }
    }
    found.extend(cover(&row));
    found
}

fn cover(row: &[(usize, usize)]) -> Option<(usize, usize)> {
    Some((row.first()?.0, row.last()?.1)).filter(|_| row.len() >= IN_A_ROW)
}

fn slice(text: &str, (from, to): (usize, usize)) -> &str {
    text.get(from..to).unwrap_or_default()
}

/// The longest pieces of which every byte `is_part`.
fn runs(text: &str, is_part: impl Fn(u8) -> bool) -> impl Iterator<Item = (usize, usize)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = at + bytes.get(at..)?.iter().position(|byte| is_part(*byte))?;
        let length = bytes.get(from..)?.iter().take_while(|byte| is_part(**byte)).count();
        at = from + length;
        Some((from, at))
    })
}

/// A short one with a digit in it, or two letters that could be hex.
fn is_figure(word: &str) -> bool {
    let core = word.trim_matches(|character: char| !character.is_ascii_alphanumeric());
    let is_short = (1..=6).contains(&core.len()) && core.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_short && (core.bytes().any(|byte| byte.is_ascii_digit()) || (core.len() == 2 && is_hex(core)))
}

fn is_hex(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_code(word: &str) -> bool {
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    let hex = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    if hex.is_some_and(|hex| hex.len() <= HEX_NUMBER && is_hex(hex)) || (is_number && word.len() <= LONGEST_WORD) {
        return false;
    }
    if has_digit { word.len() >= CODE } else { !is_speech(word) }
}

/// Whether a word of letters could be one of a language, or several of them in one (`getBlockByNumber`).
fn is_speech(word: &str) -> bool {
    let is_vowel = |letter: u8| matches!(letter.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    if word.len() < HAS_VOWELS {
        return true;
    }
    let (mut row, mut longest) = (0, 0);
    for letter in word.bytes() {
        row = if is_vowel(letter) { 0 } else { row + 1 };
        longest = row.max(longest);
    }
    let turns = word.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    // Humps of names have three letters and more.
    word.len() <= LONGEST_WORD && longest <= CONSONANTS && turns.count() * 3 < word.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut out = text.to_owned();
        let mut found = opaque(text);
        found.sort_unstable();
        for (from, to) in found.into_iter().rev() {
            out.replace_range(from..to, "#");
        }
        out
    }

    #[test]
    fn words_and_figures_of_messages_are_shown() {
        for text in [
            "eth_getLogs is limited to a 10,000 range",
            "query returned more than 10000 results. Try with this block range [0x12a05f2, 0x12a05f9].",
            "Your app has exceeded its compute units per second capacity",
            "method eth_getTransactionReceipt is not available on the free tier: https://rpc.example:8545",
            "504 Gateway Time-out (nginx/1.18.0) INTERNAL_SERVER_ERROR UNAUTHENTICATED",
            "2026-11-27T00:20:11.123Z 127.0.0.1:38545 v5.0.0-nightly.20260101-abcdef1 -32005",
            "invalid argument 0: json: cannot unmarshal hex string without 0x prefix into Go value of type common.Hash",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn what_is_neither_is_not() {
        for text in [
            "MZXW6YTBOI2GKZLF",
            "s3cr3tp4thk3y",
            "102 97 99 101 98 111 111 107",
            "0x66, 0x61, 0x63, 0x65, 0x62, 0x6f",
            "66 61 63 65 62 6f 6f 6b",
            "66:61:63:65:62:6f:6f:6b",
            "0066 0061 0063 0065 0062 006f",
            "QWxhZGRpbjpvcGVuIHNlc2FtZQ",
            "xkcdqwrtpsdfg",
        ] {
            assert_eq!(shown(&format!("it is {text}!")).trim_end_matches('!'), "it is #", "{text}");
        }
    }
}
