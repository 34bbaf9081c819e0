//! An alert's labels in a runbook's commands: words in capitals stand for them. Only a value that a shell takes as one plain word is filled in.

use butler_core::daemon::http::asked::Asked;
use butler_core::text::shell::is_plain_word;

/// A word in capitals, and the label that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placeholder {
    pub(super) word: &'static str,
    pub(super) label: &'static str,
}

macro_rules! placeholders {
    ($($word:literal $label:literal),* $(,)?) => {
        /// Every word that stands for something.
        const ALL: &[Placeholder] = &[$(Placeholder { word: $word, label: $label }),*];
    };
}

placeholders! {
    "NETWORK" "network", "ATTESTER" "attester", "PROVIDER" "provider", "PUBLISHER" "publisher", "SERVER" "server",
    "NODE" "node", "HOST" "host", "DOMAIN" "domain", "FILE" "file", "FOLDER" "folder", "STATE" "state",
    "CERTIFICATE" "certificate", "CHANNEL" "channel", "KEY" "key", "KIND" "kind", "ENDPOINT" "endpoint",
    "SCRAPER" "scraper", "PIPELINE" "pipeline", "JOB" "job", "LABEL" "label", "VERSION" "version",
    "NODE_URL" "node_url", "TIME" "time", "INSTANCE" "instance",
}

/// What is known of an alert.
#[derive(Debug, Default)]
pub(super) struct Labels {
    filled: Vec<(&'static Placeholder, String)>,
    refused: Vec<&'static str>,
}

impl Labels {
    /// The labels that were asked for; `network` where none was.
    pub(super) fn of(asked: &Asked, network: Option<&str>) -> Self {
        let mut labels = Self::default();
        for placeholder in ALL {
            let given = asked.get(placeholder.label).or(network.filter(|_| placeholder.label == "network"));
            match given {
                Some(value) if is_plain_word(value) => labels.filled.push((placeholder, value.to_owned())),
                Some(_) => labels.refused.push(placeholder.label),
                None => {}
            }
        }
        labels
    }

    /// Labels whose values are not filled in.
    pub(super) fn refused(&self) -> &[&'static str] {
        &self.refused
    }

    /// A link to another runbook that keeps them.
    pub(super) fn link(&self, path: &str) -> String {
        Asked::new(path, self.filled.iter().map(|(placeholder, value)| (placeholder.label, value.as_str()))).link()
    }

    fn value(&self, placeholder: &Placeholder) -> Option<&str> {
        self.filled.iter().find(|(known, _)| *known == placeholder).map(|(_, value)| value.as_str())
    }
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// As it stands there.
    Text(&'a str),
    /// What a placeholder stands for.
    Filled(&'a str),
    /// A placeholder of which nothing is known.
    Open(&'a str),
}

/// A text in pieces.
pub(super) fn pieces<'a>(text: &'a str, labels: &'a Labels) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((at, placeholder)) = first(rest) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let (word, after) = from.split_at_checked(placeholder.word.len()).unwrap_or((from, ""));
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(labels.value(placeholder).map_or(Piece::Open(word), Piece::Filled));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// The placeholders of a text, each once, in the order of the list.
pub(super) fn placeholders(text: &str) -> Vec<&'static Placeholder> {
    ALL.iter().filter(|placeholder| words(text).any(|(_, word)| word == placeholder.word)).collect()
}

fn first(text: &str) -> Option<(usize, &'static Placeholder)> {
    words(text).find_map(|(at, word)| Some((at, ALL.iter().find(|placeholder| placeholder.word == word)?)))
}

/// The words of a text with their places.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut start = 0_usize;
    text.split(move |character| !is_part(character)).map(move |word| {
        let at = start;
        // One character that is no part of a word, which may be longer than a byte, follows.
        let end = at.saturating_add(word.len());
        let next = text.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        start = end.saturating_add(next);
        (at, word)
    })
}

#[cfg(test)]
mod tests {
    use super::super::carried::RUNBOOKS;
    use super::*;

    /// Words in capitals that commands have and nobody fills in: states.
    const MEANT: [&str; 1] = ["NO_LONGER_ACTIVE"];

    #[test]
    fn every_word_in_capitals_of_a_command_stands_for_a_label() {
        let mut found = 0;
        for (name, text) in RUNBOOKS {
            let blocks = text.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
            for (_, word) in blocks.flat_map(words) {
                let is_capital = |character: char| character.is_ascii_uppercase() || character == '_';
                if word.len() > 1 && word.chars().all(is_capital) && !MEANT.contains(&word) {
                    assert!(ALL.iter().any(|placeholder| placeholder.word == word), "{name}: {word}");
                    found += 1;
                }
            }
        }
        assert!(found > 100);
    }

    #[test]
    fn only_whole_words_stand_for_labels() {
        let asked = Asked::new("/", [("network", "mainnet"), ("key", "a/b"), ("server", "a b")]);
        let labels = Labels::of(&asked, Some("other"));
        assert_eq!(labels.refused(), ["server"]);
        assert_eq!(labels.link("/x"), "/x?network=mainnet&key=a%2Fb");
        let text = "… --network NETWORK, KEY_STORE of SERVER, MYNETWORK: KEY";
        let expected = [
            Piece::Text("… --network "),
            Piece::Filled("mainnet"),
            Piece::Text(", KEY_STORE of "),
            Piece::Open("SERVER"),
            Piece::Text(", MYNETWORK: "),
            Piece::Filled("a/b"),
        ];
        assert_eq!(pieces(text, &labels), expected);
        let found: Vec<&str> = placeholders(text).iter().map(|placeholder| placeholder.label).collect();
        assert_eq!(found, ["network", "server", "key"]);
        assert_eq!(pieces("", &labels), []);
    }
}
