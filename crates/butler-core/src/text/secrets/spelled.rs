//! Bytes that are text: what a base64 text, hexadecimal digits, character codes or a dump of memory spell out.
//!
//! Only what can be read is taken: letters, figures, marks and blanks. Random bytes never are, and what is read is looked at as if
//! it stood there.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{GeneralPurposeConfig, STANDARD_NO_PAD};
use base64::{alphabet, engine::DecodePaddingMode};
use zeroize::Zeroizing;

use super::dumps::dumped;

/// Bytes of the shortest text that could hide something: a dozen words of three letters without anything between.
const SHORTEST: usize = 32;
/// Characters of the shortest base64 text that is decoded by itself.
const SHORTEST_BASE64: usize = 40;
/// Words of the shortest phrase.
const FEWEST_WORDS: usize = 12;
/// Digits of a character's code, by the base that it is written in.
const CODES: [(u32, std::ops::RangeInclusive<usize>); 3] = [(10, 2..=3), (8, 3..=4), (2, 7..=8)];
/// The widest groups of digits whose bytes may stand backwards.
const WIDEST: usize = 16;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const FOR_URLS: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Every text that bytes in this one spell out.
pub(super) fn texts_in(text: &str) -> Vec<Zeroizing<String>> {
    if text.len() < SHORTEST || !text.is_ascii() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let is_blank = |character: char| character.is_whitespace() || ",;\"'[]{}()".contains(character);
    for run in text.split(|character: char| !is_of_base64(character)).filter(|run| run.len() >= SHORTEST_BASE64) {
        found.extend(base64(run));
    }
    let lines = without_labels(text);
    let text = lines.as_deref().map_or(text, String::as_str);
    if text.contains(is_blank) {
        let joined: Zeroizing<String> = Zeroizing::new(text.replace(is_blank, ""));
        if joined.len() >= SHORTEST_BASE64 && joined.chars().all(is_of_base64) {
            found.extend(base64(&joined));
        }
        let tokens: Vec<&str> = text.split(is_blank).filter(|token| !token.is_empty()).collect();
        found.extend(hexadecimal(&tokens));
        found.extend(CODES.iter().filter_map(|(radix, digits)| codes(&tokens, *radix, digits)));
        found.extend(letters(&tokens));
        found.extend(words(&tokens));
    } else {
        found.extend(hexadecimal(&[text]));
    }
    let (groups, characters) = dumped(text);
    found.extend(bytes_of(&groups));
    found.extend(CODES.iter().filter_map(|(radix, digits)| codes(&groups, *radix, digits)));
    found.extend((characters.len() >= SHORTEST).then_some(characters));
    found
}

/// The lines of a text without the word that each begins with.
fn without_labels(text: &str) -> Option<Zeroizing<String>> {
    let label = text.split_whitespace().next()?;
    let bare: Vec<&str> = text.lines().map(|line| line.trim_start().strip_prefix(label)).collect::<Option<_>>()?;
    (bare.len() > 1).then(|| Zeroizing::new(bare.join("\n")))
}

fn is_of_base64(character: char) -> bool {
    character.is_ascii_alphanumeric() || "+/=_-".contains(character)
}

fn base64(run: &str) -> Option<Zeroizing<String>> {
    let bare = run.trim_matches('=');
    if bare.len() % 4 == 1 || bare.contains('=') {
        return None;
    }
    let decoded = STANDARD.decode(bare).or_else(|_| FOR_URLS.decode(bare)).or_else(|_| STANDARD_NO_PAD.decode(bare));
    readable(&Zeroizing::new(decoded.ok()?))
}

/// What hexadecimal groups spell that follow each other.
fn hexadecimal(tokens: &[&str]) -> Vec<Zeroizing<String>> {
    let is_group = |token: &&str| {
        let digits = digits_of(token);
        !digits.is_empty() && digits.len().is_multiple_of(2) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    let rows = tokens.split(|token| !is_group(token));
    rows.filter(|row| !row.is_empty()).flat_map(bytes_of).collect()
}

fn digits_of(token: &str) -> &str {
    let token = token.trim_end_matches([':', '.', 'h']);
    token.strip_prefix("0x").or_else(|| token.strip_prefix("\\x")).unwrap_or(token)
}

/// What groups of hexadecimal digits spell, and what they do with the bytes of each backwards, as a number in memory has them.
fn bytes_of(groups: &[&str]) -> Vec<Zeroizing<String>> {
    let (mut ahead, mut backwards) = (Zeroizing::new(Vec::new()), Zeroizing::new(Vec::new()));
    for group in groups {
        let Some(bytes) = ethers_core::utils::hex::decode(digits_of(group)).ok().map(Zeroizing::new) else {
            return Vec::new();
        };
        ahead.extend_from_slice(&bytes);
        let is_number = bytes.len() * 2 <= WIDEST;
        let turned = bytes.iter().rev().copied();
        if is_number { backwards.extend(turned) } else { backwards.extend_from_slice(&bytes) }
    }
    [readable(&ahead), readable(&backwards)].into_iter().flatten().collect()
}

/// What character codes spell that are written one by one.
fn codes(tokens: &[&str], radix: u32, digits: &std::ops::RangeInclusive<usize>) -> Option<Zeroizing<String>> {
    let code = |token: &&str| {
        let token = token.trim_start_matches("0b").trim_start_matches("0o");
        digits.contains(&token.len()).then(|| u8::from_str_radix(token, radix).ok()).flatten()
    };
    let is_code = |token: &&str| code(token).is_some();
    let rows = tokens.split(|token| !is_code(token)).filter(|row| row.len() >= SHORTEST);
    let mut texts = rows.filter_map(|row| readable(&Zeroizing::new(row.iter().filter_map(code).collect::<Vec<u8>>())));
    // Percents and counts are letters, too; a text has blanks, or figures and letters.
    let is_text = |text: &str| {
        let is_of_text = |character: char| character.is_ascii_alphanumeric() || " \r\n\t,;:._+/=-".contains(character);
        text.chars().all(is_of_text)
            && text.contains(|character: char| character.is_ascii_lowercase())
            && text.contains(|character: char| character.is_ascii_digit() || character.is_whitespace())
    };
    texts.find(|text| is_text(text))
}

/// Words of which each is base64 by itself.
fn words(tokens: &[&str]) -> Option<Zeroizing<String>> {
    let word = |token: &&str| {
        let bare = token.trim_end_matches('=');
        let bytes = Zeroizing::new(STANDARD.decode(bare).ok()?);
        let is_word = bytes.len() > 2 && bytes.iter().all(u8::is_ascii_alphabetic);
        is_word.then(|| str::from_utf8(&bytes).ok().map(|word| Zeroizing::new(format!("{word} ")))).flatten()
    };
    let words: Vec<Zeroizing<String>> = tokens.iter().filter_map(word).collect();
    (words.len() >= FEWEST_WORDS && words.len() * 4 >= tokens.len() * 3)
        .then(|| Zeroizing::new(words.iter().map(|word| word.as_str()).collect()))
}

/// What letters spell that stand one by one. Figures are looked at elsewhere.
fn letters(tokens: &[&str]) -> Option<Zeroizing<String>> {
    let is_one = |token: &&str| matches!(token.as_bytes(), [letter] if letter.is_ascii_alphabetic());
    // A mark stands between words, perhaps.
    let is_mark = |token: &&&str| token.bytes().all(|byte| byte.is_ascii_punctuation());
    let tokens: Vec<&str> = tokens.iter().filter(|token| !is_mark(token)).copied().collect();
    let rows = tokens.split(|token| !is_one(token)).filter(|row| row.len() >= SHORTEST);
    rows.map(|row| Zeroizing::new(row.concat())).next()
}

/// The text that bytes are, if somebody can read it.
fn readable(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(bytes.iter().copied().filter(|byte| *byte != 0).collect());
    let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() >= SHORTEST)?;
    let is_readable = |character: char| !character.is_control() || character.is_whitespace();
    text.chars().all(is_readable).then(|| Zeroizing::new(text.to_owned()))
}
