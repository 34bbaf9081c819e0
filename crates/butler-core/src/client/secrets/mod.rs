//! What one peer must never be quoted with: the path and query of its URL, its token, key, user and password.
//!
//! The other side knows them all, for they are sent to it, and some repeat them: in statuses, pages, error messages. All text
//! that comes from there passes through [`Secrets::foreign`] before anybody sees it. Secrets are found raw, percent-encoded,
//! escaped as JSON or HTML, in base64 and in hex, with anything between their letters, and in pieces of eight characters.

use std::collections::HashSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ethers_core::utils::hex;
use secrecy::ExposeSecret as _;

use super::http::HttpSettings;
use super::text::{is_visible, printable};

/// What stands where a secret was.
const HIDDEN: &str = "<hidden>";
/// Characters of a secret that give it away.
const PIECE: usize = 8;
/// A part of a path or a query that is shorter than this is a word such as `v2`.
const SHORTEST_PART: usize = 6;
/// The most bytes of foreign text that are looked at.
const LOOK: usize = 4096;

/// The secrets of one peer.
#[derive(Default)]
pub struct Secrets {
    /// Short secrets, in lower case.
    words: HashSet<Vec<u8>>,
    /// Pieces of long ones, in lower case.
    pieces: HashSet<[u8; PIECE]>,
    longest: usize,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(<hidden>)")
    }
}

impl Secrets {
    /// Of a peer that has none.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Of the peer that is reached so.
    #[must_use]
    pub fn of(settings: &HttpSettings) -> Self {
        let mut secrets = Self::default();
        let url = &settings.url;
        secrets.add_whole(url.path());
        url.path().split('/').for_each(|part| secrets.add_part(part));
        if let Some(query) = url.query() {
            secrets.add_whole(query);
            for pair in query.split('&') {
                // A query without names is a key itself.
                let (name, value) = pair.split_once('=').unwrap_or(("", pair));
                secrets.add_part(if value.is_empty() { name } else { value });
            }
        }
        secrets.add_pair(url.username(), url.password().unwrap_or_default());
        if let Some(value) = &settings.authorization {
            secrets.add_authorization(value.expose_secret());
        }
        if let Some(key) = &settings.api_key {
            secrets.add(key.expose_secret());
        }
        secrets
    }

    fn add_authorization(&mut self, value: &str) {
        let token = value.split_once(' ').map_or(value, |(_, token)| token).trim();
        self.add(token);
        let pair = base64::engine::general_purpose::STANDARD.decode(token).ok();
        if let Some(pair) = pair.and_then(|pair| String::from_utf8(pair).ok())
            && let Some((user, password)) = pair.split_once(':')
        {
            self.add_pair(user, password);
        }
    }

    fn add_pair(&mut self, user: &str, password: &str) {
        if !user.is_empty() || !password.is_empty() {
            [user, password, &format!("{user}:{password}")].into_iter().for_each(|secret| self.add(secret));
        }
    }

    fn add_part(&mut self, part: &str) {
        if part.len() >= SHORTEST_PART {
            self.add(part);
        }
    }

    /// A path or a query, whose parts may be harmless words: found as a whole only.
    fn add_whole(&mut self, text: &str) {
        for form in [text.to_owned(), percent_decoded(text)] {
            if form.len() > 1 {
                self.longest = self.longest.max(form.len() * 3);
                self.words.insert(form.to_ascii_lowercase().into_bytes());
            }
        }
    }

    fn add(&mut self, secret: &str) {
        for form in [secret.to_owned(), percent_decoded(secret)] {
            self.add_form(form.as_bytes());
            let letters: Vec<u8> = form.bytes().filter(u8::is_ascii_alphanumeric).collect();
            if letters.len() >= PIECE {
                self.add_form(&letters);
            }
            if form.len() >= 4 {
                self.add_form(hex::encode(&form).as_bytes());
            }
            if form.len() >= SHORTEST_PART {
                base64_cores(form.as_bytes()).for_each(|core| self.add_form(core.as_bytes()));
            } else if form.len() > 1 {
                self.add_form(STANDARD_NO_PAD.encode(&form).as_bytes());
            }
        }
    }

    fn add_form(&mut self, form: &[u8]) {
        let form = form.to_ascii_lowercase();
        self.longest = self.longest.max(form.len() * 3);
        if form.len() >= PIECE {
            self.pieces.extend(form.windows(PIECE).filter_map(|piece| <[u8; PIECE]>::try_from(piece).ok()));
        } else if form.len() > 1 {
            self.words.insert(form);
        }
    }

    /// One line of the other side's text that may be printed: bounded, without control characters, paths of URLs, secrets.
    #[must_use]
    pub fn foreign(&self, text: &str) -> String {
        let most = LOOK.saturating_add(self.longest);
        let mut end = text.len().min(most);
        if text.len() > most {
            // A secret that the cut goes through is not recognised any more.
            end = end.saturating_sub(self.longest);
        }
        let cut = text.get(..text.floor_char_boundary(end)).unwrap_or_default();
        // Once more, for what joined when whitespace was squeezed.
        self.hide(&printable(&self.hide(cut)))
    }

    /// As [`Self::foreign`], of bytes that may not be text.
    #[must_use]
    pub fn foreign_bytes(&self, bytes: &[u8]) -> String {
        let most = LOOK.saturating_add(self.longest).saturating_add(self.longest);
        self.foreign(&String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)))
    }

    fn hide(&self, text: &str) -> String {
        if self.words.is_empty() && self.pieces.is_empty() {
            return text.to_owned();
        }
        let mut hidden = vec![false; text.len()];
        for units in [plain(text), decoded(text)] {
            self.mark(&units, &mut hidden);
            // Some put blanks or dashes between.
            let letters: Vec<Unit> = units.into_iter().filter(|unit| unit.byte.is_ascii_alphanumeric()).collect();
            self.mark_pieces(&letters, &mut hidden);
        }
        let mut out = String::new();
        let mut within = false;
        for (at, character) in text.char_indices() {
            let hide = hidden.get(at).copied().unwrap_or_default();
            if !hide {
                out.push(character);
            } else if !within {
                out.push_str(HIDDEN);
            }
            within = hide;
        }
        out
    }

    fn mark_pieces(&self, units: &[Unit], hidden: &mut [bool]) {
        let bytes: Vec<u8> = units.iter().map(|unit| unit.byte).collect();
        for (at, window) in bytes.windows(PIECE).enumerate() {
            if <[u8; PIECE]>::try_from(window).is_ok_and(|piece| self.pieces.contains(&piece)) {
                cover(units, at, PIECE, hidden);
            }
        }
    }

    fn mark(&self, units: &[Unit], hidden: &mut [bool]) {
        self.mark_pieces(units, hidden);
        let bytes: Vec<u8> = units.iter().map(|unit| unit.byte).collect();
        for word in &self.words {
            for (at, window) in bytes.windows(word.len()).enumerate() {
                if window == word && (word.len() >= SHORTEST_PART || stands_alone(&bytes, at, word)) {
                    cover(units, at, word.len(), hidden);
                }
            }
        }
    }
}

fn cover(units: &[Unit], from: usize, count: usize, hidden: &mut [bool]) {
    if let (Some(first), Some(last)) = (units.get(from), units.get(from + count - 1)) {
        hidden.iter_mut().take(last.end).skip(first.start).for_each(|hidden| *hidden = true);
    }
}

/// Whether a short secret is not a part of a longer word.
fn stands_alone(bytes: &[u8], at: usize, word: &[u8]) -> bool {
    let joins = |inner: Option<&u8>, outer: Option<&u8>| {
        inner.is_some_and(u8::is_ascii_alphanumeric) && outer.is_some_and(u8::is_ascii_alphanumeric)
    };
    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
    !joins(word.first(), before) && !joins(word.last(), bytes.get(at + word.len()))
}

/// What is the same in the base64 of every text that holds the secret: one for each place in a group of three bytes.
fn base64_cores(secret: &[u8]) -> impl Iterator<Item = String> {
    [0, 1, 2].into_iter().flat_map(move |shift| {
        let mut bytes = vec![0; shift];
        bytes.extend(secret);
        // Characters that also depend on what stands before or after.
        let (before, after) = ((shift * 8).div_ceil(6), usize::from(!bytes.len().is_multiple_of(3)));
        [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]
            .into_iter()
            .filter_map(move |text| text.get(before..text.len().checked_sub(after)?).map(ToOwned::to_owned))
    })
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A byte of the text, in lower case, and where it stands there.
struct Unit {
    byte: u8,
    start: usize,
    end: usize,
}

fn plain(text: &str) -> Vec<Unit> {
    let unit = |(at, byte): (usize, &u8)| Unit { byte: byte.to_ascii_lowercase(), start: at, end: at + 1 };
    text.as_bytes().iter().enumerate().map(unit).collect()
}

/// The text as it is when `%2F`, `\u002f`, `\x2f`, `\/`, `&#47;`, `&#x2f;` and `&amp;` are read as what they stand for.
fn decoded(text: &str) -> Vec<Unit> {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let (character, length) = escape(rest).unwrap_or((first, first.len_utf8()));
        rest = rest.get(length..).unwrap_or_default();
        if !is_visible(character) {
            // What cannot be seen does not break a secret up.
            continue;
        }
        let mut buffer = [0; 4];
        for byte in character.encode_utf8(&mut buffer).bytes() {
            units.push(Unit { byte: byte.to_ascii_lowercase(), start: at, end: at + length });
        }
    }
    units
}

/// The character that an escape at the beginning of `text` stands for, and the escape's length.
fn escape(text: &str) -> Option<(char, usize)> {
    let in_hex = |from: usize, to: usize| {
        let digits = text.get(from..to).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, to))
    };
    match (text.as_bytes().first()?, text.as_bytes().get(1)?) {
        (b'%', _) => in_hex(1, 3).filter(|(character, _)| character.is_ascii()),
        (b'\\', b'u') => in_hex(2, 6),
        (b'\\', b'x') => in_hex(2, 4),
        (b'\\', b'/' | b'\\' | b'"') => Some((text.chars().nth(1)?, 2)),
        (b'&', b'#') => {
            let end = text.get(..12).unwrap_or(text).find(';')?;
            let number = text.get(2..end)?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            Some((char::from_u32(number)?, end + 1))
        }
        (b'&', _) => [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&apos;", '\'')]
            .into_iter()
            .find_map(|(entity, character)| text.starts_with(entity).then_some((character, entity.len()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
