//! Telling people: every chat and mailbox on its own, so that one that is down, slow or asleep keeps nothing from another.
//!
//! What there is to tell is read off the journal's history; nothing of it waits in memory alone, and the loop that follows the chain
//! never waits for anybody here.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use butler_core::domain::action::Action;
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::failures::FailureStreak;
use tokio::sync::watch;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Instant, sleep};

use super::channels::channel::{Answer, Letter};
use super::chat::{Chat, Outgoing, gather};
use super::lane::Share;
use super::named::Configured;
use super::offer::Channels;
use crate::health::Health;
use crate::journal::{Journal, JournalError};

/// Time between two looks at the journal: what comes in between is told together.
const LOOK: Duration = Duration::from_secs(1);
/// A look that takes long keeps the journal from others: so many times as long it is left alone, up to the longest pause.
const SHARE: u32 = 20;
const LONGEST: Duration = Duration::from_secs(30);

/// Tells people.
#[derive(Debug)]
pub struct Crier {
    channels: watch::Receiver<Channels>,
    journal: Arc<dyn Journal>,
    health: Arc<Health>,
    configured: watch::Receiver<Configured>,
    chats: Vec<Chat>,
    /// Whether every chat of the configuration is among them; not while the disk is full.
    is_whole: bool,
}

/// How a message was received: the channel's name, its lane and id, and the answer.
type Received = (String, Share, String, Answer);

impl Crier {
    /// Takes the chats up where the journal says they stand. Before anything is planned: what was planned before a chat was
    /// configured is not told there. Blocks.
    ///
    /// # Errors
    /// The journal cannot be read or written.
    pub fn open(
        channels: watch::Receiver<Channels>,
        (journal, health): (Arc<dyn Journal>, Arc<Health>),
        configured: watch::Receiver<Configured>,
    ) -> Result<Self, JournalError> {
        let mut crier = Self { channels, journal, health, configured, chats: Vec::new(), is_whole: false };
        crier.adopt()?;
        Ok(crier)
    }

    /// Tells until it is dropped.
    ///
    /// # Errors
    /// The journal is not what it was.
    pub async fn run(mut self) -> Result<(), JournalError> {
        // Of nothing else: not of a copy that was taken over, nor of an export that was read in.
        let name = block_in_place(|| self.journal.status())?.place;
        let (mut sends, mut streak) = (JoinSet::<Received>::new(), FailureStreak::default());
        let (mut is_offered, mut next_look) = (true, Instant::now());
        loop {
            if next_look <= Instant::now() {
                let begun = Instant::now();
                if !self.is_whole {
                    let adopted = block_in_place(|| self.adopt());
                    waits_for_room(adopted)?;
                }
                let read = block_in_place(|| gather(self.journal.as_ref(), &mut self.chats));
                waits_for_room(read)?;
                let pause = begun.elapsed().saturating_mul(SHARE).clamp(LOOK, LONGEST);
                next_look = Instant::now().checked_add(pause).unwrap_or(begun);
            }
            let turn = block_in_place(|| self.turn(&name, &mut sends));
            if !waits_for_room(turn)? {
                streak.ended();
            } else if streak.failed().is_some() {
                tracing::error!("people are told nothing: the disk is full");
            }
            tokio::select! {
                changed = self.channels.changed(), if is_offered => {
                    is_offered = changed.is_ok();
                    let adopted = block_in_place(|| self.adopt());
                    waits_for_room(adopted)?;
                }
                Some(received) = sends.join_next() => match received {
                    Ok(received) => {
                        let settled = block_in_place(|| self.settle(received));
                        waits_for_room(settled)?;
                    }
                    // The program ends, and begins anew.
                    Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                    Err(_) => {}
                },
                () = sleep(LOOK) => {}
            }
        }
    }

    fn adopt(&mut self) -> Result<(), JournalError> {
        self.is_whole = false;
        let channels = self.channels.borrow_and_update().clone();
        self.health.channels(&channels.names());
        let names: BTreeSet<&str> = channels.chats.iter().map(|chat| chat.channel.name()).collect();
        // A message that is on its way is waited for: its answer says where the channel stands, also when it comes back.
        self.chats.retain_mut(|chat| names.contains(chat.name()) || !chat.leave());
        for listener in channels.chats.iter() {
            match self.chats.iter_mut().find(|chat| chat.name() == listener.channel.name()) {
                Some(chat) => chat.adopt(listener.clone()),
                None => self.chats.push(Chat::open(self.journal.as_ref(), listener.clone())?),
            }
        }
        self.is_whole = true;
        Ok(())
    }

    fn turn(&mut self, name: &str, sends: &mut JoinSet<Received>) -> Result<(), JournalError> {
        let now = (Instant::now(), unix_now());
        let configured = self.configured.borrow().clone();
        let is_over =
            |action: &Action| configured.get(&action.place).is_some_and(|named| named.fulfils(action).is_some());
        let mut done = Ok(());
        for chat in &mut self.chats {
            match chat.next(self.journal.as_ref(), name, now, is_over) {
                Ok(Some(outgoing)) => {
                    sends.spawn(send(outgoing));
                }
                Ok(None) => {}
                // The others are read on all the same.
                Err(error) => done = Err(error),
            }
            self.health.untold(chat.name(), chat.waiting());
        }
        done
    }

    fn settle(&mut self, (name, share, id, answer): Received) -> Result<(), JournalError> {
        let Some(place) = self.chats.iter().position(|chat| chat.name() == name) else { return Ok(()) };
        let Some(chat) = self.chats.get_mut(place) else { return Ok(()) };
        self.health.told(&name, answer == Answer::Taken);
        let settled = chat.settle(self.journal.as_ref(), Instant::now(), (&id, share), answer);
        if chat.is_gone() {
            self.chats.remove(place);
        }
        settled
    }
}

/// Whether the disk is full, which is waited for. Whatever else is wrong with the journal ends the program.
fn waits_for_room(done: Result<(), JournalError>) -> Result<bool, JournalError> {
    match done {
        Ok(()) => Ok(false),
        Err(JournalError::Full { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

async fn send(outgoing: Outgoing) -> Received {
    let Outgoing { channel, share, id, title, text } = outgoing;
    let answer = channel.send(Letter { id: &id, title: &title, text: &text }).await;
    (channel.name().to_owned(), share, id, answer)
}
