//! How an operator wants one thing worded that people are told.

use std::str::FromStr;

use crate::config::setting::{Problem, Setting};
use crate::text::secrets::without_secrets;
use strum::{EnumString, VariantNames as _};
use thiserror::Error;

/// The longest template, in characters.
const MOST: usize = 400;

/// What stands for a field of what is told, in braces: `{why}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum TemplateField {
    /// `urgent`, `high` or `normal`.
    Priority,
    /// The kind of the action, such as `configure_coinbase`.
    Kind,
    /// What happened and what is to be done, in a sentence.
    Why,
    /// `until` and a moment, or nothing.
    Until,
    /// The chain's number.
    Chain,
    /// Whom it is about: an address, or another name.
    Subject,
    /// The action's short key, for `butler-cli actions show`.
    Key,
    /// `seen by one endpoint`, or nothing.
    Seen,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplatePiece {
    /// As it stands there.
    Text(String),
    /// What is put there.
    Field(TemplateField),
}

/// One line about one thing: text with fields in it, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    written: String,
    pieces: Vec<TemplatePiece>,
}

/// What is wrong with a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// It has several lines, is too long, or has no field.
    #[error("expected {}", Template::EXPECTED)]
    Form,
    /// A brace is not closed.
    #[error("a `{{` without its `}}`")]
    Open,
    /// Nothing has that name.
    #[error("a field that does not exist")]
    Field,
}

impl Template {
    /// Text and fields in their order.
    #[must_use]
    pub fn pieces(&self) -> &[TemplatePiece] {
        &self.pieces
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        if text.chars().count() > MOST || text.chars().any(char::is_control) {
            return Err(TemplateError::Form);
        }
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (field, after) = after.split_once('}').ok_or(TemplateError::Open)?;
            let field = field.parse().map_err(|_| TemplateError::Field)?;
            pieces.extend((!before.is_empty()).then(|| TemplatePiece::Text(before.to_owned())));
            pieces.push(TemplatePiece::Field(field));
            rest = after;
        }
        if pieces.is_empty() {
            return Err(TemplateError::Form);
        }
        pieces.extend((!rest.is_empty()).then(|| TemplatePiece::Text(rest.to_owned())));
        Ok(Self { written: text.to_owned(), pieces })
    }
}

impl Setting for Template {
    const KIND: &'static str = "template";
    const EXPECTED: &'static str = "one line of at most 400 characters with fields such as \"{kind}: {why}\"";

    fn from_text(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|error: TemplateError| {
            let fields = TemplateField::VARIANTS.iter().map(|field| format!("{{{field}}}"));
            Problem::new(error.to_string()).hint(fields.collect::<Vec<_>>().join(" "))
        })
    }
    fn show(&self) -> String {
        without_tokens(&without_secrets(&self.written))
    }
}

/// Letters and figures of a word that is a token and none of a sentence.
const TOKEN: usize = 16;

/// A template without what could give somebody a right: the path of a URL, and words like those that platforms make. Which short word is a
/// password nobody can know.
fn without_tokens(written: &str) -> String {
    let mut shown = String::with_capacity(written.len());
    for word in written.split_inclusive(|letter: char| letter.is_whitespace() || matches!(letter, '{' | '}')) {
        let text = word.trim_end_matches(|letter: char| letter.is_whitespace() || matches!(letter, '{' | '}'));
        let place = text.split_once("://").map(|(_, place)| place);
        // Whoever stands before an `@` in it has a password.
        let is_open = place.is_some_and(|place| place.trim_end_matches('/').contains(['/', '?', '#', '@']));
        if is_open || is_token(text) {
            shown.push_str("<hidden>");
            shown.push_str(word.get(text.len()..).unwrap_or_default());
        } else {
            shown.push_str(word);
        }
    }
    shown
}

/// Whether a word has a long stretch of letters with figures, as tokens have.
fn is_token(word: &str) -> bool {
    let stretches = word.split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '_'));
    stretches.into_iter().any(|stretch| {
        let figures = stretch.bytes().filter(u8::is_ascii_digit).count();
        stretch.len() >= TOKEN && figures > 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_fields_are_told_apart_and_mistakes_named() {
        let template = Template::from_text("[{priority}] {why}!").unwrap();
        let text = |text: &str| TemplatePiece::Text(text.to_owned());
        let (priority, why) = (TemplatePiece::Field(TemplateField::Priority), TemplatePiece::Field(TemplateField::Why));
        assert_eq!(template.pieces(), [text("["), priority, text("] "), why, text("!")]);
        assert_eq!(template.show(), "[{priority}] {why}!");
        for (written, told) in [
            ("no field", "one line of at most"),
            ("", "one line of at most"),
            ("{why}\n", "one line of at most"),
            (&format!("{{why}}{}", "x".repeat(400)), "one line of at most"),
            ("{why", "without its `}`"),
            ("{whom}", "does not exist"),
            ("{}", "does not exist"),
        ] {
            let problem = format!("{:?}", Template::from_text(written).unwrap_err());
            assert!(problem.contains(told), "{written}: {problem}");
        }
        assert!(format!("{:?}", Template::from_text("{x}").unwrap_err()).contains("{kind}"));
    }

    #[test]
    fn a_token_that_was_typed_into_a_template_is_not_shown() {
        let shown = |text: &str| Template::from_text(text).unwrap().show();
        for secret in [
            "7654321:AAF-telegr4m-t0ken-planted",
            "https://hooks.slack.com/services/T0/B0/abc",
            "https://butler:pass@mail.example.com",
            "https://hooks.example.com/abc/",
            "xoxb-123456789012-abcdefghij",
            "d1sc0rdt0kenplanted",
            "0x4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d",
        ] {
            for text in
                [format!("{secret} {{why}}"), format!("{{why}} see {secret}, please"), format!("{{why}}{secret}")]
            {
                let shown = shown(&text);
                assert!(!shown.contains(secret) && shown.contains("<hidden"), "{shown}");
            }
        }
        for plain in [
            "[{priority}] {kind} on {chain}: {why} ({until}) {seen}",
            "on-call of 2027, see https://wiki.example.com/ {why}",
            "{why} https://wiki.example.com {key}",
            "Verantwortlichkeitsbereich {why}",
        ] {
            assert_eq!(shown(plain), plain);
        }
    }
}
