//! One text or number taken apart, and rows of such parts in which a secret may lie that no single one shows.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::dense::{Dense, is_dense};
use super::digits::{Digits, Run, Token, look};
use super::escapes::{decoded, visible};
use super::found::{Found, Secret};
use super::glued::has_phrase;
use super::numbers::unsigned;
use super::phrase::{Phrase, Site, in_text};
use super::plain::{has_shape_of_uuid, is_plain, uuids};
use super::words::{Spoken, words_of};

/// What shows that a text is a key in a file's format.
const MARKS: [&str; 6] =
    ["-----BEGIN", "---- BEGIN", "PRIVATE KEY-----", "OPENSSH-KEY-V1", "PUTTY-USER-KEY-FILE", "AGE-SECRET-KEY-"];

/// The zeros of the scripts that have digits of their own; nine more follow each.
const ZEROS: [u32; 62] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450,
    0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0,
    0x16b50, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950, 0x16130, 0x1e5f1,
];

/// What a text or number is made of.
#[derive(Debug, Default)]
pub(super) struct Parts {
    tokens: Vec<Token>,
    /// Words without spaces that could be pieces of base64 and the like.
    dense: Vec<Zeroizing<String>>,
    spoken: Vec<Spoken>,
}

impl Parts {
    pub(super) fn of_number(value: Option<u128>) -> Self {
        Self { tokens: value.map(Token::number).into_iter().collect(), ..Self::default() }
    }

    /// Takes a text apart, or says what it is by itself. What it stands for counts, where it is written as something else.
    pub(super) fn of_text(text: &str) -> Result<Self, Secret> {
        let mut parts = Self::of_plain(text)?;
        for text in decoded(text) {
            parts = Self::of_plain(&text)?;
        }
        Ok(parts)
    }

    fn of_plain(text: &str) -> Result<Self, Secret> {
        let visible = Wiped(visible(text));
        let text = visible.text();
        let normal = Wiped(if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(normal(text)) });
        if has_mark(normal.text()) {
            return Err(Secret::Pem);
        }
        let mut parts = Self::default();
        let words = || normal.text().split_whitespace();
        // Two in one text are as long as a key, whatever their versions say.
        let is_grouped =
            words().map(uuids).sum::<usize>() > 1 || words().any(|word| has_shape_of_uuid(word) && !is_plain(word));
        for word in words().filter(|word| !is_plain(word) || (is_grouped && uuids(word) > 0)) {
            parts.take(word)?;
        }
        let pieces = parts.dense.iter().map(|piece| piece.as_str());
        let has_row = Self::has_row(&parts.tokens, pieces);
        if has_row {
            return Err(Secret::Scalar);
        }
        parts.spoken = words_of(text);
        let is_phrase = in_text(text, &parts.spoken) || has_phrase(text);
        if is_phrase { Err(Secret::Mnemonic) } else { Ok(parts) }
    }

    /// A word without spaces.
    fn take(&mut self, word: &str) -> Result<(), Secret> {
        if let Some(value) = negative(word) {
            self.tokens.push(Token::number(unsigned(value).into()));
            return Ok(());
        }
        let mut rest = word;
        for run in word.split(|character: char| !character.is_ascii_alphanumeric()).filter(|run| !run.is_empty()) {
            match look(run) {
                Run::Scalar => return Err(Secret::Scalar),
                Run::Other => {}
                Run::Number(token) => {
                    // An address in capitals and small letters is no base64, right checksum or not.
                    if token.is_address() {
                        let (before, after) = rest.split_once(run).unwrap_or((rest, ""));
                        self.take_dense(before)?;
                        rest = after;
                    }
                    if !token.is_checksummed() {
                        self.tokens.push(token);
                    }
                }
            }
        }
        self.take_dense(rest)
    }

    fn take_dense(&mut self, piece: &str) -> Result<(), Secret> {
        if is_dense(piece) {
            return Err(Secret::Scalar);
        }
        if !piece.is_empty() {
            self.dense.push(Zeroizing::new(piece.to_owned()));
        }
        Ok(())
    }

    /// Whether the text by itself holds a row.
    fn has_row<'a>(tokens: &[Token], pieces: impl Iterator<Item = &'a str>) -> bool {
        let (mut digits, mut dense) = (Digits::default(), Dense::default());
        tokens.iter().any(|token| digits.push(*token, 0).is_some())
            || pieces.into_iter().any(|piece| dense.push(piece, 0).is_some())
    }
}

/// A whole number with a minus before it.
fn negative(word: &str) -> Option<i64> {
    let word = word.trim_matches([',', ';', '[', ']', '(', ')', '{', '}', '"']);
    if word.starts_with('-') { word.parse().ok() } else { None }
}

/// A text that is wiped if it was made here.
struct Wiped<'a>(Cow<'a, str>);

impl Wiped<'_> {
    fn text(&self) -> &str {
        &self.0
    }
}

impl Drop for Wiped<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.0 {
            zeroize::Zeroize::zeroize(text);
        }
    }
}

/// Full-width and other letters as their plain ones.
fn normal(text: &str) -> String {
    text.nfkc().map(plain_digit).collect()
}

/// A decimal digit of any script as its plain one.
fn plain_digit(character: char) -> char {
    let code = u32::from(character);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code));
    zero.and_then(|zero| char::from_digit(code - zero, 10)).unwrap_or(character)
}

fn has_mark(text: &str) -> bool {
    text.contains('-') && {
        let upper = Zeroizing::new(text.to_ascii_uppercase());
        MARKS.iter().any(|mark| upper.contains(mark))
    }
}

/// Texts and numbers one after the other.
#[derive(Debug, Default)]
pub(super) struct Row {
    digits: Digits,
    dense: Dense,
    phrase: Phrase,
}

impl Row {
    /// A row of names of fields.
    pub(super) fn of_names() -> Self {
        Self { phrase: Phrase::of_names(), ..Self::default() }
    }

    /// Adds a text or a number. The secret that ends with it.
    pub(super) fn push(&mut self, parts: &Parts, site: Site<'_>) -> Option<Found> {
        let found = self.push_digits(parts, site);
        let words = || {
            let (first, last) = self.phrase.push(&parts.spoken, site)?;
            Some(Found { secret: Secret::Mnemonic, first, last, in_names: false })
        };
        found.or_else(words)
    }

    /// Adds all but its words.
    pub(super) fn push_digits(&mut self, parts: &Parts, site: Site<'_>) -> Option<Found> {
        let scalar = |first| Found { secret: Secret::Scalar, first, last: site.at, in_names: false };
        let digits = parts.tokens.iter().find_map(|token| self.digits.push(*token, site.at));
        let dense = || parts.dense.iter().find_map(|piece| self.dense.push(piece, site.at));
        digits.or_else(dense).map(scalar)
    }

    /// What only the end of the row shows.
    pub(super) fn finish(&mut self) -> Option<Found> {
        let (first, last) = self.phrase.finish()?;
        Some(Found { secret: Secret::Mnemonic, first, last, in_names: false })
    }
}
