//! What one peer must never be quoted with: the path and query of its URL, its token, key, user and password.
//!
//! The other side knows them all, for they are sent to it, and some repeat them: in statuses, pages, error messages. All text
//! that comes from there passes through [`Secrets::foreign`] before anybody sees it. What is shown is not that text but its
//! plain form (`normal`), so that there is nothing left to turn back; of that, words with any six characters of a secret in
//! a row are hidden, whatever stands between them, and where there is a secret so is what is neither language nor a figure
//! (`opaque`).

mod normal;
mod opaque;

use std::collections::HashSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ethers_core::utils::hex;
use secrecy::ExposeSecret as _;

use self::normal::normal;
use self::opaque::opaque;
use super::http::HttpSettings;
use super::text::printable;

/// What stands where a secret was.
const HIDDEN: &str = "<hidden>";
/// Characters of a secret that give it away.
const PIECE: usize = 6;
/// A part of a path or a query that is shorter than this is a word such as `v2`.
const SHORTEST_PART: usize = 6;
/// The most bytes of foreign text that are looked at.
const LOOK: usize = 4096;
/// Bytes before the end of that which are not shown.
const LOST: usize = 64;

/// The secrets of one peer.
#[derive(Default)]
pub struct Secrets {
    /// Short secrets, and paths and queries as a whole, in lower case.
    words: HashSet<Vec<u8>>,
    /// Pieces of long ones, in lower case.
    pieces: HashSet<[u8; PIECE]>,
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

    /// Of whoever is handed these, in whatever way.
    #[must_use]
    pub fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut secrets = Self::default();
        texts.into_iter().for_each(|text| secrets.add(text));
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
        for form in forms(text) {
            if form.len() > 1 {
                self.words.insert(form.to_ascii_lowercase().into_bytes());
            }
        }
    }

    fn add(&mut self, secret: &str) {
        for form in forms(secret) {
            self.add_form(form.as_bytes());
            let letters: Vec<u8> = form.bytes().filter(u8::is_ascii_alphanumeric).collect();
            if letters.len() >= PIECE {
                self.add_form(&letters);
                // Whoever turns it round or shifts it hides it from nobody.
                let back: Vec<u8> = letters.iter().rev().copied().collect();
                [shifted(&letters), shifted(&back), back].iter().for_each(|form| self.add_form(form));
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
        if form.len() >= PIECE {
            self.pieces.extend(form.windows(PIECE).filter_map(|piece| <[u8; PIECE]>::try_from(piece).ok()));
        } else if form.len() > 1 {
            self.words.insert(form);
        }
    }

    /// One line of the other side's text that may be printed: bounded, without control characters, paths of URLs, secrets.
    #[must_use]
    pub fn foreign(&self, text: &str) -> String {
        let cut = text.get(..text.floor_char_boundary(LOOK)).unwrap_or_default();
        if self.words.is_empty() && self.pieces.is_empty() {
            return printable(cut);
        }
        let Some(plain) = normal(cut) else { return HIDDEN.to_owned() };
        let mut shown = self.hide(&plain);
        if cut.len() < text.len() {
            // Of a secret that the cut goes through, too little may be left to know it by.
            shown.truncate(shown.floor_char_boundary(shown.len().saturating_sub(LOST)));
        }
        printable(&shown)
    }

    /// As [`Self::foreign`], of bytes that may not be text.
    #[must_use]
    pub fn foreign_bytes(&self, bytes: &[u8]) -> String {
        self.foreign(&String::from_utf8_lossy(bytes.get(..2 * LOOK).unwrap_or(bytes)))
    }

    /// Of a text in its plain form, which is ASCII but for what is no letter.
    fn hide(&self, text: &str) -> String {
        let mut hidden = vec![false; text.len()];
        let quoted = units(text);
        self.mark(&quoted, &mut hidden);
        for units in [without_tags(&quoted), from_quoted_printable(&quoted)] {
            self.mark_letters(&units, &mut hidden);
        }
        self.mark_letters(&quoted, &mut hidden);
        opaque(text).into_iter().for_each(|(from, to)| hide_range(&mut hidden, from, to));
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

    /// Letters and digits, whatever stands between them.
    fn mark_letters(&self, units: &[Unit], hidden: &mut [bool]) {
        let letters: Vec<Unit> = units.iter().filter(|unit| unit.byte.is_ascii_alphanumeric()).copied().collect();
        self.mark_pieces(&letters, hidden);
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

/// A secret as it is sent, and as it is meant.
fn forms(secret: &str) -> HashSet<String> {
    let decoded = percent_encoding::percent_decode_str(secret).decode_utf8_lossy().into_owned();
    let plain = [secret, &decoded].into_iter().filter_map(normal).collect::<Vec<_>>();
    plain.into_iter().chain([secret.to_owned(), decoded]).collect()
}

/// By thirteen letters of the alphabet.
fn shifted(letters: &[u8]) -> Vec<u8> {
    let shift = |letter: &u8| match letter.to_ascii_lowercase() {
        letter @ b'a'..=b'm' => letter + 13,
        letter @ b'n'..=b'z' => letter - 13,
        other => other,
    };
    letters.iter().map(shift).collect()
}

fn cover(units: &[Unit], from: usize, count: usize, hidden: &mut [bool]) {
    if let (Some(first), Some(last)) = (units.get(from), units.get(from + count - 1)) {
        hide_range(hidden, first.start, last.end);
    }
}

fn hide_range(hidden: &mut [bool], from: usize, to: usize) {
    hidden.iter_mut().take(to).skip(from).for_each(|hidden| *hidden = true);
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

/// A byte of the text, in lower case, and where it stands there.
#[derive(Debug, Clone, Copy)]
struct Unit {
    byte: u8,
    start: usize,
    end: usize,
}

fn units(text: &str) -> Vec<Unit> {
    let unit = |(at, byte): (usize, &u8)| Unit { byte: byte.to_ascii_lowercase(), start: at, end: at + 1 };
    text.as_bytes().iter().enumerate().map(unit).collect()
}

/// Without what stands between `<` and `>`.
fn without_tags(units: &[Unit]) -> Vec<Unit> {
    let mut depth = 0_u32;
    let mut outside = |unit: &&Unit| {
        depth = match unit.byte {
            b'<' => 1,
            b'>' => 0,
            _ => depth,
        };
        depth == 0
    };
    units.iter().filter(|unit| outside(unit)).copied().collect()
}

/// With `=6b` read as what it stands for. It is read for the comparison only: `limit=50` is nothing of the kind.
fn from_quoted_printable(units: &[Unit]) -> Vec<Unit> {
    let mut out = Vec::with_capacity(units.len());
    let mut rest = units;
    while let Some(first) = rest.first() {
        let read = match rest {
            [Unit { byte: b'=', start, .. }, high, low, ..] => hex_byte(high.byte, low.byte).map(|byte| Unit {
                byte: byte.to_ascii_lowercase(),
                start: *start,
                end: low.end,
            }),
            _ => None,
        };
        out.push(read.unwrap_or(*first));
        rest = rest.get(if read.is_some() { 3 } else { 1 }..).unwrap_or_default();
    }
    out
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests;
