//! Texts and numbers that belong together, looked at as if they stood in one text: those of one list or object, and those of one kind.
//!
//! So lines of a dump, pieces of base64, character codes and numbered words are found wherever somebody has put them.

use zeroize::Zeroizing;

use super::counted;
use super::found::{Found, Secret};
use super::parts::Parts;
use super::signs::Sign;
use super::spelled::texts_in;

/// Characters that are looked at together.
const MOST_TEXT: usize = 1 << 14;
/// Words and numbers that are looked at together.
const MOST_SIGNS: usize = 1_024;

/// Texts, names and numbers in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// The texts and numbers, each in a line; `None` where they are too long.
    lines: Option<Zeroizing<String>>,
    /// Words and numbers of all of them, and of names; `None` where they are too many.
    signs: Option<Vec<Sign>>,
    count: usize,
    ends: Option<(usize, usize)>,
    has_names: bool,
}

impl Joined {
    pub(super) fn new() -> Self {
        Self { lines: Some(Zeroizing::default()), signs: Some(Vec::new()), ..Self::default() }
    }

    /// Adds a text or a number, which stands there under the number of its value.
    pub(super) fn push(&mut self, text: &str, signs: &[Sign], at: usize) {
        self.add(signs, (at, at));
        self.lines = self.lines.take().filter(|lines| lines.len() + text.len() < MOST_TEXT).map(|mut lines| {
            lines.push_str(text);
            lines.push('\n');
            lines
        });
    }

    /// Adds the name of a field.
    pub(super) fn push_name(&mut self, signs: &[Sign], at: usize) {
        self.has_names = true;
        self.add(signs, (at, at));
    }

    /// Adds the words and numbers of a list or object within.
    pub(super) fn take(&mut self, inner: Self) {
        self.has_names |= inner.has_names;
        match (inner.signs, inner.ends) {
            (Some(signs), Some(ends)) => self.add(&signs, ends),
            (None, _) => self.signs = None,
            (Some(_), None) => {}
        }
    }

    fn add(&mut self, signs: &[Sign], (first, last): (usize, usize)) {
        self.count += 1;
        self.ends = Some(self.ends.map_or((first, last), |(begin, _)| (begin, last)));
        self.signs = self.signs.take().filter(|known| known.len() + signs.len() <= MOST_SIGNS);
        if let Some(known) = &mut self.signs {
            known.extend_from_slice(signs);
        }
    }

    /// What they are together. One alone was looked at already.
    pub(super) fn find(&self) -> Option<Found> {
        let (first, last) = self.ends.filter(|_| self.count > 1)?;
        let found = |secret, in_names| Found { secret, first, last, in_names };
        if self.signs.as_ref().is_some_and(|signs| counted::is_any_counted(signs)) {
            return Some(found(Secret::Mnemonic, self.has_names));
        }
        let texts = self.lines.as_ref().map(|lines| texts_in(lines)).unwrap_or_default();
        texts.iter().find_map(|text| Parts::of_text(text).err()).map(|secret| found(secret, false))
    }
}
