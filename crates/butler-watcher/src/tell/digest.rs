//! What one message says: how many things there are, the first few of them, and what is not asked for any more.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use butler_core::config::Template;
use butler_core::domain::action::{Action, ActionKind, EffectKey};

use super::channels::channel::Channel;
use super::plain::{cut, plain, units};
use super::turn::{Common, Turned, named};
use super::wording::sentence;

/// The longest part of a message about one thing, in UTF-16 units before it is escaped.
const LINE: usize = 450;
/// The longest title.
const TITLE: usize = 120;
/// What is left free for the last line.
const TAIL: usize = 160;
/// Kinds that the head counts by name.
const KINDS: usize = 6;

/// What is to be told together.
#[derive(Debug, Clone, Default)]
pub(super) struct Digest {
    /// In the order in which it was planned.
    planned: BTreeMap<u64, Arc<Action>>,
    places: HashMap<EffectKey, u64>,
    /// Parked, or asking for an approval again.
    turned: Turned,
    /// Told before, and not asked for any more, with why.
    taken_back: BTreeMap<EffectKey, String>,
}

impl Digest {
    /// How many things it tells.
    pub(super) fn len(&self) -> usize {
        self.planned.len().saturating_add(self.turned.len()).saturating_add(self.taken_back.len())
    }

    /// Whether it only takes back.
    pub(super) fn asks_nothing(&self) -> bool {
        self.planned.is_empty() && self.turned.len() == 0
    }

    /// Takes in what was planned in a line of the history; what was planned before under its key is replaced.
    pub(super) fn plan(&mut self, line: u64, action: Action) {
        let before = self.places.insert(action.key.clone(), line);
        before.and_then(|before| self.planned.remove(&before));
        self.taken_back.remove(&action.key);
        self.turned.leave_out(&action.key);
        self.planned.insert(line, Arc::new(action));
    }

    /// Takes out what ended before it was told; answers whether there was such a thing.
    pub(super) fn drop_planned(&mut self, key: &EffectKey) -> bool {
        self.places.remove(key).and_then(|line| self.planned.remove(&line)).is_some()
    }

    /// Takes in what became of something.
    pub(super) fn turn(&mut self, key: &EffectKey, common: Common) {
        self.turned.take(key, common);
    }

    /// Takes out what had become of something that went on before it was told.
    pub(super) fn go_on(&mut self, key: &EffectKey) {
        self.turned.leave_out(key);
    }

    /// Takes in that something which was told is not asked for any more.
    pub(super) fn take_back(&mut self, key: EffectKey, why: String) {
        self.taken_back.insert(key, why);
    }

    /// Leaves out what need not be told any more.
    pub(super) fn retain(&mut self, keep: impl Fn(&Action) -> bool) {
        let places = &mut self.places;
        self.planned.retain(|_, action| {
            let stays = keep(action);
            if !stays {
                places.remove(&action.key);
            }
            stays
        });
    }

    fn kinds(&self) -> Vec<(ActionKind, usize)> {
        let mut kinds = BTreeMap::<ActionKind, usize>::new();
        for action in self.planned.values() {
            let count = kinds.entry(action.kind).or_default();
            *count = count.saturating_add(1);
        }
        let mut kinds: Vec<_> = kinds.into_iter().collect();
        kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
        kinds
    }

    /// What it is about, in one line of plain text.
    pub(super) fn title(&self, template: Option<&Template>) -> String {
        let title = match (self.planned.values().next(), self.turned.sentences().next()) {
            (Some(only), _) if self.len() == 1 => plain(&sentence(only, template), TITLE),
            (None, Some((turned, count))) if self.len() == count => plain(&turned, TITLE),
            (None, None) => format!("{} taken back", self.taken_back.len()),
            _ => self.head(),
        };
        format!("butler: {}", cut(&title, TITLE))
    }

    fn head(&self) -> String {
        let kinds = self.kinds();
        let mut named: Vec<String> = kinds.iter().take(KINDS).map(|(kind, count)| format!("{count} {kind}")).collect();
        if kinds.len() > KINDS {
            named.push("…".to_owned());
        }
        let others = self.turned.counts().into_iter().chain([(self.taken_back.len(), "taken back")]);
        named.extend(others.filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
        format!("{} to tell ({})", self.len(), named.join(", "))
    }

    /// The text for a channel, within its limits.
    pub(super) fn text(&self, channel: &dyn Channel, template: Option<&Template>) -> String {
        let chains: std::collections::BTreeSet<u64> =
            self.planned.values().map(|action| action.place.chain_id).collect();
        let chains: Vec<String> = chains.iter().map(u64::to_string).collect();
        let mut head = "butler".to_owned();
        if !chains.is_empty() {
            head.push_str(&format!(", chain {}", chains.join(", ")));
        }
        if self.len() > 1 {
            head.push_str(&format!(": {}", self.head()));
        }
        let mut text = channel.escape(&cut(&head, LINE));
        let (mut told, room) = (0_usize, channel.most().saturating_sub(TAIL));
        // The most pressing first; within that, as they came.
        let mut planned: Vec<&Arc<Action>> = self.planned.values().collect();
        planned.sort_by_key(|action| action.priority);
        let asked = planned.into_iter().map(|action| (sentence(action, template), 1));
        let taken = self.taken_back.iter().map(|(key, why)| (format!("taken back: {}: {why}", named(key)), 1));
        // What became of something asks for a person, and is a few lines however many there are.
        for (sentence, count) in self.turned.sentences().chain(asked).chain(taken).take(channel.listed()) {
            let left = room.saturating_sub(units(&text)).saturating_sub(3);
            let line = fitting(channel, &sentence, if told == 0 { left } else { LINE.saturating_mul(2).min(left) });
            let Some(line) = line else { break };
            text.push_str(&format!("\n• {line}"));
            told = told.saturating_add(count);
        }
        let rest = self.len().saturating_sub(told);
        if rest > 0 {
            let tail = format!("… and {rest} more: butler-cli actions history");
            text.push_str(&format!("\n{}", channel.escape(&tail)));
        }
        text
    }

    /// What is said where the text was refused: nothing but our own words.
    pub(super) fn short(&self, channel: &dyn Channel) -> String {
        let count = self.len();
        let text = format!("butler has {count} to tell, and this channel refused it: see butler-cli actions history");
        channel.escape(&text)
    }
}

/// A line about one thing that fits into so many units once it is escaped; `None` when hardly anything would be left of it.
fn fitting(channel: &dyn Channel, sentence: &str, room: usize) -> Option<String> {
    let mut most = LINE;
    loop {
        let line = channel.escape(&plain(sentence, most));
        if units(&line) <= room {
            return Some(line);
        }
        most /= 2;
        if most < 40 {
            return None;
        }
    }
}
