//! What `domain/findings` says is wrong: told when it begins, when it gets worse, and when it ends.
//!
//! An episode is known by its finding, its subject, the finding's mark and the block at which it was seen first, so that looking
//! again tells nothing twice, and what comes back later is told again. Whatever is worse than everything that was told of it
//! is told once more; what gets better is not. The memory is the caller's to keep: whatever it says is open is planned again
//! at each look, which changes nothing where that was planned before.

use std::collections::BTreeMap;

use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, EffectKey, Evidence, Goal, Part, Place, Priority, Schema, WHY_LIMIT,
};
use butler_core::domain::block::BlockRef;
use butler_core::domain::findings::{Finding, FindingKind, Severity, Source};
use serde::{Deserialize, Serialize};

/// One thing that is or was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Episode {
    /// The finding's code.
    pub code: String,
    /// What it is about, as findings print it.
    pub subject: String,
    /// What tells it from others of that code and subject.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mark: String,
    /// The block at which it was seen first.
    pub since: BlockRef,
    /// How bad it was at its worst.
    pub worst: Severity,
    /// How many findings of that code, subject and mark there were at most.
    pub most: usize,
    /// The block since which it is that bad.
    pub rose: BlockRef,
    /// What the worst of them said last.
    pub line: String,
    /// When it is too late for it; unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// From when it is critical, also when nobody can be asked; unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical_from: Option<u64>,
    /// The block at which it was gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<BlockRef>,
}

/// Code, subject and mark: what findings of one look have in common when nothing tells them apart.
type Identity = (String, String, String);

/// What one look found of one identity.
struct Seen<'a> {
    worst: &'a Finding,
    count: usize,
}

impl Episode {
    fn identity(&self) -> Identity {
        (self.code.clone(), self.subject.clone(), self.mark.clone())
    }

    /// Who found it; `None` for what this program does not know any more.
    fn source(&self) -> Option<Source> {
        FindingKind::all().find(|kind| kind.code() == self.code).map(FindingKind::source)
    }

    fn new((code, subject, mark): Identity, seen: &Seen<'_>, block: &BlockRef) -> Self {
        let mut episode = Self {
            code,
            subject,
            mark,
            since: *block,
            worst: seen.worst.severity_at(block.timestamp),
            most: seen.count,
            rose: *block,
            line: String::new(),
            until: None,
            critical_from: None,
            ended: None,
        };
        episode.says(seen);
        episode
    }

    fn says(&mut self, Seen { worst, count }: &Seen<'_>) {
        self.line = match count.saturating_sub(1) {
            0 => worst.line(),
            more => format!("{}; and {more} more like it", worst.line()),
        };
        (self.until, self.critical_from) = (worst.until, worst.critical_from);
    }

    /// Takes in how bad it is at a block. The most urgent severity is the least.
    fn rise(&mut self, severity: Severity, count: usize, block: &BlockRef) {
        if severity < self.worst || count > self.most {
            self.rose = *block;
        }
        self.worst = self.worst.min(severity);
        self.most = self.most.max(count);
    }
}

/// What a look at `block` makes of the memory: what is gone is marked as ended, what is new is added, and what got worse says so.
/// What was found by whoever could not be asked is left as it was, but for the time that passes. Whoever has planned the ended ones
/// durably forgets them.
pub fn look(memory: &mut Vec<Episode>, findings: &[Finding], unasked: &[Source], block: &BlockRef) {
    let mut seen: BTreeMap<Identity, Seen<'_>> = BTreeMap::new();
    for finding in findings {
        let identity = (finding.kind.code().to_owned(), finding.subject.to_string(), finding.mark().to_owned());
        let severity = |finding: &Finding| finding.severity_at(block.timestamp);
        seen.entry(identity)
            .and_modify(|seen| {
                seen.count = seen.count.saturating_add(1);
                if severity(finding) < severity(seen.worst) {
                    seen.worst = finding;
                }
            })
            .or_insert(Seen { worst: finding, count: 1 });
    }
    for episode in memory.iter_mut().filter(|episode| episode.ended.is_none()) {
        match seen.remove(&episode.identity()) {
            Some(seen) => {
                episode.rise(seen.worst.severity_at(block.timestamp), seen.count, block);
                episode.says(&seen);
            }
            None if episode.source().is_some_and(|source| unasked.contains(&source)) => {
                if episode.critical_from.is_some_and(|from| from <= block.timestamp) {
                    episode.rise(Severity::Critical, episode.most, block);
                }
            }
            None => episode.ended = Some(*block),
        }
    }
    memory.extend(seen.into_iter().map(|(identity, seen)| Episode::new(identity, &seen, block)));
}

/// Plans to tell every episode of the memory: that it began or got worse, or that it ended.
#[must_use]
pub fn plan(memory: &[Episode], place: &Place, assurance: Assurance) -> Vec<Action> {
    memory.iter().map(|episode| told(episode, place, assurance)).collect()
}

fn told(episode: &Episode, place: &Place, assurance: Assurance) -> Action {
    let name = format!("{}/{}/{}", episode.code, episode.subject, episode.mark);
    let about = [Part::Name(&name), Part::Number(episode.since.number)];
    let most = u64::try_from(episode.most).unwrap_or(u64::MAX);
    let (kind, at, key, why) = match episode.ended {
        None => {
            let kind = ActionKind::ConditionBegan;
            // How bad it is, is a part of what is told: a rise is another effect.
            let [name, since] = about;
            let about = [name, since, Part::Name(episode.worst.name()), Part::Number(most)];
            let worse = if episode.rose == episode.since { "" } else { "worse than before: " };
            (kind, episode.rose, EffectKey::new(kind, place, &about), format!("{worse}{}", episode.line))
        }
        Some(ended) => {
            let kind = ActionKind::ConditionEnded;
            (kind, ended, EffectKey::new(kind, place, &about), format!("no longer: {}", episode.line))
        }
    };
    let is_open = episode.ended.is_none();
    Action {
        schema: Schema,
        key,
        kind,
        place: *place,
        subject: ActionSubject::Named(episode.subject.clone()),
        goal: Goal::Told,
        priority: if is_open { priority(episode.worst) } else { Priority::Normal },
        until: episode.until.filter(|_| is_open),
        why: shortened(why),
        evidence: vec![Evidence::Finding { code: episode.code.clone(), block_number: at.number, block_hash: at.hash }],
        assurance,
        edits: Vec::new(),
    }
}

fn priority(severity: Severity) -> Priority {
    match severity {
        Severity::Critical => Priority::Urgent,
        Severity::Warning => Priority::High,
        Severity::Info => Priority::Normal,
    }
}

/// Cuts a text to what an action may say.
pub(crate) fn shortened(text: String) -> String {
    shortened_to(text, WHY_LIMIT)
}

/// Cuts a text to so many bytes.
pub(super) fn shortened_to(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit.saturating_sub('…'.len_utf8())).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    text
}
