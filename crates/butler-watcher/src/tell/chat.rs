//! One channel for people: when it may be told, and what it is told next.

use std::sync::Arc;
use std::time::Duration;

use butler_core::config::Manner;
use butler_core::domain::action::{Action, Part};
use butler_core::runtime::backoff::Backoff;
use butler_core::runtime::failures::FailureStreak;
use ethers_core::utils::hex;
use ring::digest::{SHA256, digest};
use tokio::time::Instant;

use super::channels::channel::{Answer, Channel};
use super::lane::{Lane, Share};
use super::pace::Pace;
use crate::journal::{Journal, JournalError};

/// Pauses after a failure.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));
/// Lines of the history that are read at once, and how often that is done in one look.
const PAGE: usize = 10_000;
const PAGES: usize = 10;
/// Bytes of a message's id.
const ID_BYTES: usize = 16;

/// A channel with how it wants to be told.
#[derive(Debug, Clone)]
pub(super) struct Listener {
    pub(super) channel: Arc<dyn Channel>,
    pub(super) manner: Manner,
}

/// A message that is on its way.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) channel: Arc<dyn Channel>,
    pub(super) share: Share,
    pub(super) id: String,
    pub(super) title: String,
    pub(super) text: String,
}

/// One channel and where it stands.
#[derive(Debug)]
pub(super) struct Chat {
    listener: Listener,
    lanes: [Lane; 2],
    pace: Pace,
    pauses: Backoff,
    /// Nothing is sent before.
    until: Option<Instant>,
    /// The message was refused, and is tried in a few own words.
    is_short: bool,
    /// The id of the message that is on its way.
    busy: Option<String>,
    /// The configuration does not name it any more: it says nothing new, and goes when the message that is on its way was answered.
    is_leaving: bool,
    streak: FailureStreak,
}

impl Chat {
    /// Takes a channel up where the journal says it stands. Blocks.
    pub(super) fn open(journal: &dyn Journal, listener: Listener) -> Result<Self, JournalError> {
        let Manner { min_priority, messages_per_minute, .. } = listener.manner.clone();
        let open = |share| Lane::open(journal, listener.channel.name(), share, min_priority);
        let lanes = [open(Share::Urgent)?, open(Share::Rest)?];
        let (pace, pauses) = (Pace::new(messages_per_minute), Backoff::new(PAUSES.0, PAUSES.1));
        Ok(Self {
            listener,
            lanes,
            pace,
            pauses,
            until: None,
            is_short: false,
            busy: None,
            is_leaving: false,
            streak: FailureStreak::default(),
        })
    }

    pub(super) fn name(&self) -> &str {
        self.listener.channel.name()
    }

    /// Follows a new configuration.
    pub(super) fn adopt(&mut self, listener: Listener) {
        self.pace.change(listener.manner.messages_per_minute);
        self.lanes.iter_mut().for_each(|lane| lane.set_least(listener.manner.min_priority));
        self.listener = listener;
        self.is_leaving = false;
        // What was wrong may be mended.
        (self.until, self.is_short) = (None, false);
        self.pauses.reset();
    }

    /// From now on it says nothing new. Whether it can go at once: nothing is on its way.
    pub(super) fn leave(&mut self) -> bool {
        self.is_leaving = true;
        self.busy.is_none()
    }

    /// Whether nothing of it is left to wait for.
    pub(super) fn is_gone(&self) -> bool {
        self.is_leaving && self.busy.is_none()
    }

    /// How many things wait to be told.
    pub(super) fn waiting(&self) -> usize {
        self.lanes.iter().map(Lane::waiting).sum()
    }

    /// After which line of the history it reads on; `None` while it holds as much as it may.
    fn reads_after(&self) -> Option<u64> {
        self.lanes.iter().filter_map(Lane::reads_after).min()
    }

    /// The message to send now, if there is one. `journal_name` is the journal's name, `moment` the time of day in unix seconds. Blocks.
    pub(super) fn next(
        &mut self,
        journal: &dyn Journal,
        journal_name: &str,
        (now, moment): (Instant, u64),
        is_over: impl Fn(&Action) -> bool,
    ) -> Result<Option<Outgoing>, JournalError> {
        if self.is_leaving
            || self.busy.is_some()
            || self.until.is_some_and(|until| until > now)
            || !self.pace.allows(now)
        {
            return Ok(None);
        }
        let is_quiet = self.listener.manner.quiet_hours.is_some_and(|hours| hours.contains(moment));
        let (channel, template) = (&self.listener.channel, self.listener.manner.template.as_ref());
        for lane in &mut self.lanes {
            if is_quiet && lane.share == Share::Rest {
                continue;
            }
            let Some((after, to, digest)) = lane.begin(journal, &is_over, is_quiet)? else { continue };
            let text =
                if self.is_short { digest.short(channel.as_ref()) } else { digest.text(channel.as_ref(), template) };
            let outgoing = Outgoing {
                channel: Arc::clone(channel),
                share: lane.share,
                id: id(&[journal_name, channel.name(), &format!("{:?}/{after}/{to}", lane.share)]),
                title: digest.title(template),
                text,
            };
            self.pace.spend(now);
            self.busy = Some(outgoing.id.clone());
            return Ok(Some(outgoing));
        }
        Ok(None)
    }

    /// Takes in how the message with that id was received; an answer to any other one says nothing of this one. Blocks.
    pub(super) fn settle(
        &mut self,
        journal: &dyn Journal,
        now: Instant,
        (id, share): (&str, Share),
        answer: Answer,
    ) -> Result<(), JournalError> {
        if self.busy.take_if(|busy| busy == id).is_none() {
            return Ok(());
        }
        let (after, why) = match answer {
            Answer::Taken => {
                (self.until, self.is_short) = (None, false);
                self.pauses.reset();
                if let Some(failures) = self.streak.ended() {
                    tracing::info!(
                        "the channel {} takes what it is told again, after {failures} failures",
                        self.name()
                    );
                }
                let lane = self.lanes.iter_mut().find(|lane| lane.share == share);
                return lane.map_or(Ok(()), |lane| lane.taken(journal));
            }
            Answer::Later { after, why } => (after, why),
            // Another time it may be the channel that is refused, and not what is said there.
            Answer::Refused(why) => {
                self.is_short = !self.is_short;
                (None, why)
            }
        };
        let pause = self.pauses.pause().max(after.unwrap_or_default());
        self.until = now.checked_add(pause);
        if let Some(failures) = self.streak.failed() {
            tracing::warn!(failures, "the channel {} {why}; it is tried again in {pause:?}", self.name());
        }
        Ok(())
    }
}

/// Reads the journal's history on for all of them at once. Blocks.
pub(super) fn gather(journal: &dyn Journal, chats: &mut [Chat]) -> Result<(), JournalError> {
    for _ in 0..PAGES {
        let Some(after) = chats.iter().filter_map(Chat::reads_after).min() else { break };
        let lines = journal.history(after, PAGE)?;
        if lines.is_empty() {
            break;
        }
        for line in &lines {
            chats.iter_mut().flat_map(|chat| chat.lanes.iter_mut()).for_each(|lane| lane.take(line));
        }
    }
    Ok(())
}

/// The same at each try of one message, and of no other.
fn id(parts: &[&str]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| Part::Name(part).to_string()).collect();
    let digest = digest(&SHA256, parts.join("\n").as_bytes());
    hex::encode(digest.as_ref().iter().take(ID_BYTES).copied().collect::<Vec<u8>>())
}
