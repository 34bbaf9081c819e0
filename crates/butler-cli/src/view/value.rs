//! One value of a table: its text, how good or bad it is, and whether it may stand in several lines.

use ethers_core::types::Address;

use super::format;
use crate::output::{Output, columns, widest_word};

/// How good or bad a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing to say.
    Plain,
    /// As it should be.
    Good,
    /// Look at it soon.
    Warning,
    /// Act now.
    Bad,
    /// Of little interest.
    Faint,
}

/// How a value stands in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stance {
    /// In one line.
    Whole,
    /// In one line, at the right.
    Number,
    /// In as many lines as it needs, broken between words.
    Words,
}

/// A value in a table.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    text: String,
    /// What stands for it where there is no room.
    short: Option<String>,
    tone: Tone,
    stance: Stance,
}

/// What is one thing: a name, a state, a time. It is never broken.
pub(crate) fn plain(text: impl Into<String>) -> Value {
    Value { text: text.into(), short: None, tone: Tone::Plain, stance: Stance::Whole }
}

/// The same with a tone.
pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Value {
    plain(text).in_tone(tone)
}

/// A number, which stands at the right.
pub(crate) fn number(text: impl Into<String>) -> Value {
    Value { stance: Stance::Number, ..plain(text) }
}

/// What is said in words. It may be broken between them.
pub(crate) fn words(text: impl Into<String>) -> Value {
    Value { stance: Stance::Words, ..plain(text) }
}

/// An address that its row is about: where there is no room its ends stand for it.
pub(crate) fn named(address: &Address) -> Value {
    Value { short: Some(format::short_address(address)), ..plain(format::address(address)) }
}

/// What a finding or a check is about: an address, or another thing by its name.
pub(crate) fn subject(text: &str) -> Value {
    let address = text.strip_prefix("0x").and_then(|digits| digits.parse().ok());
    address.map_or_else(|| plain(text), |address| named(&address))
}

impl Value {
    /// The same with a tone.
    #[must_use]
    pub(crate) fn in_tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    /// The same as it is shown: moments in the zone that is asked for, and no character that moves the cursor.
    #[must_use]
    pub(super) fn shown(mut self, output: &Output) -> Self {
        self.text = output.in_zone(&self.text).replace(|character: char| character.is_control(), " ");
        self
    }

    pub(super) fn text(&self, form: Form) -> &str {
        match (form, &self.short) {
            (Form::Short, Some(short)) => short,
            (Form::Short | Form::Long, _) => &self.text,
        }
    }

    pub(super) fn tone(&self) -> Tone {
        self.tone
    }

    pub(super) fn stance(&self) -> Stance {
        self.stance
    }

    /// Columns that it takes in one line.
    pub(super) fn natural(&self, form: Form) -> usize {
        columns(self.text(form))
    }

    /// Columns that it cannot do without.
    pub(super) fn least(&self, form: Form) -> usize {
        match self.stance {
            Stance::Whole | Stance::Number => self.natural(form),
            Stance::Words => widest_word(&self.text),
        }
    }
}

/// Whether addresses are written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Long,
    Short,
}

/// Text in the colour of its tone.
#[must_use]
pub(crate) fn painted(output: &Output, text: &str, tone: Tone) -> String {
    let code = match tone {
        Tone::Plain => return text.to_owned(),
        Tone::Good => 32,
        Tone::Warning => 33,
        Tone::Bad => 31,
        Tone::Faint => 90,
    };
    if output.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
