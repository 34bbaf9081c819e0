//! One text or number taken apart: what is a secret by itself, and what could be a piece of one.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::counted::is_any;
use super::dense::{Kinds, is_dense, window};
use super::digits::{Run, SCALAR, look, look_whole, plain_digit};
use super::dumps::undumped;
use super::escapes::{decoded, visible};
use super::found::Secret;
use super::glued::has_phrase;
use super::members::{Member, is_in_text};
use super::numbers::{are_bytes_of_key, is_hexadecimal, unsigned};
use super::phrase::in_text;
use super::plain::{has_shape_of_uuid, is_plain, uuids};
use super::signs::{Sign, signs_of};
use super::spelled::texts_in;
use super::words::{Spoken, words_of};

/// What shows that a text is a key in a file's format.
const MARKS: [&str; 6] =
    ["-----BEGIN", "---- BEGIN", "PRIVATE KEY-----", "OPENSSH-KEY-V1", "PUTTY-USER-KEY-FILE", "AGE-SECRET-KEY-"];

/// How often a text of bytes may stand in another one.
const MOST_NESTED: usize = 3;

/// The fewest characters that cannot be seen in a text of bytes.
const FEWEST_UNSEEN: usize = 2;

/// What a text or number is made of.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) members: Vec<Member>,
    pub(super) spoken: Vec<Spoken>,
    pub(super) signs: Vec<Sign>,
}

impl Parts {
    pub(super) fn of_number(value: Option<u128>) -> Self {
        let signs = value.map(|value| signs_of(&value.to_string())).unwrap_or_default();
        Self { members: value.map(Member::of_number).into_iter().collect(), spoken: Vec::new(), signs }
    }

    /// Takes a text apart, or says what it is by itself. What it stands for counts, where it is written as something else.
    pub(super) fn of_text(text: &str) -> Result<Self, Secret> {
        Self::of_nested(text, MOST_NESTED)
    }

    fn of_nested(text: &str, deeper: usize) -> Result<Self, Secret> {
        let mut parts = Self::of_plain(text)?;
        for text in decoded(text) {
            parts = Self::of_plain(&text)?;
        }
        if let Some(text) = undumped(text).map(Zeroizing::new) {
            parts = Self::of_plain(&text)?;
        }
        if let Some(deeper) = deeper.checked_sub(1) {
            texts_in(text).iter().try_for_each(|text| Self::of_nested(text, deeper).map(|_| ()))?;
        }
        Ok(parts)
    }

    fn of_plain(text: &str) -> Result<Self, Secret> {
        if are_bytes(text) {
            return Err(Secret::Scalar);
        }
        let visible = Wiped(visible(text));
        let text = visible.text();
        let normal = Wiped(if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(normal(text)) });
        if has_mark(normal.text()) {
            return Err(Secret::Pem);
        }
        let words = || normal.text().split_whitespace();
        // Two in one text are as long as a key, whatever their versions say.
        let is_grouped =
            words().map(uuids).sum::<usize>() > 1 || words().any(|word| has_shape_of_uuid(word) && !is_plain(word));
        let is_looked_at = |word: &&str| !is_plain(word) || (is_grouped && uuids(word) > 0);
        let members = members_of(words().filter(is_looked_at))?;
        let spoken = words_of(text);
        let signs = signs_of(text);
        let is_phrase = in_text(text, &spoken) || has_phrase(text) || is_any(&signs);
        if is_phrase { Err(Secret::Mnemonic) } else { Ok(Self { members, spoken, signs }) }
    }
}

/// The words of a text as pieces of what stands around it, unless they are a secret by themselves or together.
fn members_of<'a>(words: impl Iterator<Item = &'a str> + Clone) -> Result<Vec<Member>, Secret> {
    let (mut runs, mut pieces, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for word in words.clone() {
        if let Some(value) = negative(word) {
            runs.push(Member::of_number(unsigned(value).into()));
            continue;
        }
        if is_grouped_by_letters(word) || without_addresses(word).into_iter().any(is_dense) {
            return Err(Secret::Scalar);
        }
        for run in word.split(|character: char| !character.is_ascii_alphanumeric()).filter(|run| !run.is_empty()) {
            if matches!(look(run), Run::Scalar) {
                return Err(Secret::Scalar);
            }
            runs.extend(Member::of_word(run));
        }
        let is_of_base64 = |character: char| character.is_ascii_alphanumeric() || "+/=_-".contains(character);
        let parts =
            without_addresses(word).into_iter().flat_map(|part| part.split(|character| !is_of_base64(character)));
        pieces.extend(parts.filter(|piece| !piece.is_empty()).map(Kinds::of));
        whole.extend(word.bytes().all(|byte| byte.is_ascii_graphic()).then(|| Member::of_word(word)).flatten());
    }
    if is_in_text(&runs) || window(&pieces).is_some() {
        return Err(Secret::Scalar);
    }
    // A word by itself may be any piece of something; of several only those that are no words are.
    if words.count() == 1 {
        if whole.is_empty() {
            return Ok(runs);
        }
        let is_run = matches!((runs.as_slice(), whole.as_slice()), ([run], [word]) if run.is_same(word));
        let telling = runs.into_iter().filter(|run| !is_run && run.is_number() && run.is_telling());
        Ok(whole.into_iter().chain(telling).collect())
    } else {
        Ok(runs.into_iter().filter(Member::is_telling).collect())
    }
}

/// A word without the addresses in it. One in capitals and small letters is no base64, right checksum or not.
fn without_addresses(word: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), word);
    for run in word.split(|character: char| !character.is_ascii_alphanumeric()) {
        if look_whole(run).is_some_and(|token| token.is_address()) {
            let (before, after) = rest.split_once(run).unwrap_or((rest, ""));
            parts.push(before);
            rest = after;
        }
    }
    parts.push(rest);
    parts
}

/// Whether a word is the digits of a key in equal groups with letters between that are no digits: `1ax2bx…`.
fn is_grouped_by_letters(word: &str) -> bool {
    if word.len() <= SCALAR || word.len() > SCALAR * 3 {
        return false;
    }
    let groups = || word.split(|character: char| !character.is_ascii_hexdigit()).filter(|group| !group.is_empty());
    let first = groups().next().map(str::len).unwrap_or_default();
    let shape = |group: &str| {
        let letters = group.bytes().filter(u8::is_ascii_alphabetic).count();
        (u32::try_from(letters).unwrap_or_default(), u32::try_from(group.len() - letters).unwrap_or_default())
    };
    groups().map(str::len).sum::<usize>() == SCALAR
        && groups().all(|group| group.len() == first)
        && is_hexadecimal(groups().map(shape))
}

/// Whether a text is bytes, each as the character of its number: nobody writes characters that cannot be seen.
fn are_bytes(text: &str) -> bool {
    let unseen = text.chars().filter(|character| character.is_control() && !character.is_whitespace()).count();
    if unseen < FEWEST_UNSEEN {
        return false;
    }
    let bytes: Option<Zeroizing<Vec<u8>>> = text
        .chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect::<Option<_>>()
        .map(Zeroizing::new);
    bytes.is_some_and(|bytes| are_bytes_of_key(&bytes))
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

/// Whether a text has the mark of a file's format.
pub(super) fn has_mark(text: &str) -> bool {
    text.contains('-') && {
        let upper = Zeroizing::new(text.to_ascii_uppercase());
        MARKS.iter().any(|mark| upper.contains(mark))
    }
}
