//! What `domain/findings` says is wrong: told when it begins and when it ends.
//!
//! An episode is known by its finding, its subject and the block at which it was seen first, so that looking again tells
//! nothing twice, and what comes back later is told again. The memory is the caller's to keep: whatever it says is open is
//! planned again at each look, which changes nothing where that was planned before.

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
    /// The block at which it was seen first.
    pub since: BlockRef,
    /// The block at which it was gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<BlockRef>,
}

impl Episode {
    fn is_of(&self, finding: &Finding) -> bool {
        self.ended.is_none() && self.code == finding.kind.code() && self.subject == finding.subject.to_string()
    }

    /// Who found it; `None` for what this program does not know any more.
    fn source(&self) -> Option<Source> {
        FindingKind::all().find(|kind| kind.code() == self.code).map(FindingKind::source)
    }
}

/// What a look at `block` makes of the memory: what is gone is marked as ended, what is new is added. What was found by whoever
/// could not be asked is left as it was. Whoever has planned the ended ones durably forgets them.
pub fn look(memory: &mut Vec<Episode>, findings: &[Finding], unasked: &[Source], block: &BlockRef) {
    for episode in memory.iter_mut().filter(|episode| episode.ended.is_none()) {
        if episode.source().is_some_and(|source| unasked.contains(&source)) {
            continue;
        }
        if !findings.iter().any(|finding| episode.is_of(finding)) {
            episode.ended = Some(*block);
        }
    }
    for finding in findings {
        if !memory.iter().any(|episode| episode.is_of(finding)) {
            let (code, subject) = (finding.kind.code().to_owned(), finding.subject.to_string());
            memory.push(Episode { code, subject, since: *block, ended: None });
        }
    }
}

/// Plans to tell every episode of the memory: that it began, or that it ended.
#[must_use]
pub fn plan(memory: &[Episode], findings: &[Finding], place: &Place, assurance: Assurance) -> Vec<Action> {
    let actions = memory.iter().map(|episode| {
        let finding = findings.iter().find(|finding| episode.is_of(finding));
        let (kind, at) = match episode.ended {
            None => (ActionKind::ConditionBegan, episode.since),
            Some(ended) => (ActionKind::ConditionEnded, ended),
        };
        let why = match (finding, episode.ended) {
            (Some(finding), _) => finding.line(),
            (None, Some(_)) => format!("{}: no longer {}", episode.subject, episode.code),
            (None, None) => format!("{}: {}", episode.subject, episode.code),
        };
        let name = format!("{}/{}", episode.code, episode.subject);
        Action {
            schema: Schema,
            key: EffectKey::new(kind, place, &[Part::Name(&name), Part::Number(episode.since.number)]),
            kind,
            place: *place,
            subject: ActionSubject::Named(episode.subject.clone()),
            goal: Goal::Told,
            priority: finding.map_or(Priority::Normal, |finding| priority(finding.severity_at(at.timestamp))),
            until: finding.and_then(|finding| finding.until),
            why: shortened(why),
            evidence: vec![Evidence::Finding {
                code: episode.code.clone(),
                block_number: at.number,
                block_hash: at.hash,
            }],
            assurance,
        }
    });
    actions.collect()
}

fn priority(severity: Severity) -> Priority {
    match severity {
        Severity::Critical => Priority::Urgent,
        Severity::Warning => Priority::High,
        Severity::Info => Priority::Normal,
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > WHY_LIMIT {
        let end = (0..=WHY_LIMIT.saturating_sub('…'.len_utf8())).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    text
}
