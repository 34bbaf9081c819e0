//! From signed bytes to a block, and until that is final: sent again where they are lost, and never other ones.

use std::time::Duration;

use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::client::send_reply::Reply;
use butler_core::client::sending::Spread;
use butler_core::runtime::report::one_line;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::signed::{Fate, Outcome, SignedTransaction};
use ethers_core::types::H256;
use tokio::time::{Instant, sleep};

use super::account::Standing;
use super::journal::{Journal, Kept};
use crate::commands::transactions::sent::Sent;
use crate::error::{CliError, SignedFault};
use crate::gather::Gathered;
use crate::output::remark;

/// The pauses between looks grow up to this: a block of Ethereum takes 12 seconds.
const LONGEST_PAUSE: Duration = Duration::from_secs(6);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// After so many refusals in a row of what nobody has, one is passed on.
const REFUSALS: u32 = 3;
/// After so many looks in a row that failed, the failure is passed on.
const FAILURES: u32 = 20;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// That it is in a block.
    Mined,
    /// That this block is final.
    Final,
}

/// Transactions on their way to the chain.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) journal: Journal,
    /// What is in blocks.
    pub(super) sent: Vec<Sent>,
    /// How long anything is waited for.
    until: Instant,
}

impl Delivery {
    /// Begins, and waits for so long at most.
    pub(super) fn new(journal: Journal, wait: Duration) -> Self {
        let now = Instant::now();
        Self { journal, sent: Vec::new(), until: now.checked_add(wait).unwrap_or(now) }
    }

    /// Sees what was signed with that nonce into a block; which one.
    pub(super) async fn mined(&mut self, gathered: &Gathered, nonce: u64) -> Result<u64, CliError> {
        let reached = deliver(gathered, &mut self.journal, nonce, Goal::Mined, self.until).await?;
        self.note(nonce, reached)
    }

    /// The same of what was sent before and may have ended since.
    pub(super) async fn resume(&mut self, gathered: &Gathered, nonce: u64) -> Result<u64, CliError> {
        match self.of(nonce).and_then(|kept| kept.entry.ended) {
            Some(end) => self.note(nonce, Some((end.into(), true))),
            None => self.mined(gathered, nonce).await,
        }
    }

    /// Sends what takes the place of what waits, which nobody would miss.
    pub(super) async fn send_now(&mut self, gathered: &Gathered, nonce: u64) -> Result<(), CliError> {
        match send(gathered, &self.journal, nonce, Spread::UntilTaken).await? {
            Some(reply) if !reply.has_arrived() && reply != Reply::NonceUsed => {
                Err(not_taken(&self.journal, nonce, reply))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Waits until all of it is final, or the time is over.
    pub(super) async fn finish(&mut self, gathered: &Gathered) -> Result<(), CliError> {
        let nonces: Vec<u64> = self.sent.iter().filter(|sent| !sent.is_final()).map(|sent| sent.nonce).collect();
        for nonce in nonces {
            // What ended while another one was waited for has nothing to wait for.
            let reached = match self.of(nonce).and_then(|kept| kept.entry.ended) {
                Some(end) => Some((end.into(), true)),
                None => deliver(gathered, &mut self.journal, nonce, Goal::Final, self.until).await?,
            };
            self.note(nonce, reached)?;
        }
        Ok(())
    }

    /// Notes how far one has come; its block.
    fn note(&mut self, nonce: u64, reached: Option<(Outcome, bool)>) -> Result<u64, CliError> {
        match reached {
            Some((Outcome::Succeeded { hash, block }, is_final)) => {
                let sent = Sent::new(self.says(nonce, hash), (nonce, hash), block, is_final);
                match self.sent.iter_mut().find(|one| one.nonce == nonce) {
                    Some(known) => *known = sent,
                    None => self.sent.push(sent),
                }
                Ok(block)
            }
            Some((Outcome::Reverted { hash, block }, _)) => Err(SignedFault::Reverted { hash, block }.into()),
            Some((Outcome::Displaced, _)) => Err(SignedFault::Displaced(nonce).into()),
            None => {
                let hash = self.of(nonce).and_then(Kept::last).map(SignedTransaction::hash).unwrap_or_default();
                Err(SignedFault::NotMined { hash, nonce }.into())
            }
        }
    }

    /// Before what was in a block, and seems to be in none, is looked for again.
    pub(super) async fn pause(&self, nonce: u64) -> Result<(), CliError> {
        if Instant::now() + LONGEST_PAUSE > self.until {
            let hash = self.of(nonce).and_then(Kept::last).map(SignedTransaction::hash).unwrap_or_default();
            return Err(SignedFault::NotMined { hash, nonce }.into());
        }
        sleep(LONGEST_PAUSE).await;
        Ok(())
    }

    fn of(&self, nonce: u64) -> Option<&Kept> {
        self.journal.kept().iter().rev().find(|kept| kept.entry.nonce == nonce)
    }

    /// What the transaction with that hash did.
    fn says(&self, nonce: u64, hash: H256) -> String {
        let Some(kept) = self.of(nonce) else { return String::new() };
        let is_cancellation = kept.transactions.iter().any(|one| one.hash() == hash && one.draft().is_cancellation());
        let says = &kept.entry.says;
        if is_cancellation { format!("never {says}") } else { says.clone() }
    }
}

/// Sees that what was signed with that nonce reaches the goal; how its nonce was used, and whether that is final. `None` where the time is over before
/// it is in a block.
async fn deliver(
    gathered: &Gathered,
    journal: &mut Journal,
    nonce: u64,
    goal: Goal,
    until: Instant,
) -> Result<Option<(Outcome, bool)>, CliError> {
    let (client, confirmations) = (gathered.network.reader.client(), gathered.network.config.confirmations);
    let (mut pause, mut told) = (FIRST_PAUSE, None);
    let (mut sent, mut refused, mut failed) = (0_u32, 0_u32, 0_u32);
    loop {
        let standing = match look(client, confirmations, journal).await {
            Ok(standing) => standing,
            // What was sent is on its way, whoever does not answer now.
            Err(error) if may_pass(&error) && failed < FAILURES && Instant::now() + pause < until => {
                failed = failed.saturating_add(1);
                remark(&format!("nonce {nonce} is looked for again: {}", one_line(&error)));
                sleep(pause).await;
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                continue;
            }
            // That is no refusal: it was signed, and is on its way or goes on it.
            Err(CliError::Refused(Refusal::Unconfirmed(endpoint))) => {
                return Err(SignedFault::Alone { nonce, endpoint }.into());
            }
            Err(error) => return Err(error),
        };
        failed = 0;
        let fate = standing.fates.get(&nonce).copied();
        let mut mined = None;
        // Whoever took it, and does not have it now, is not relied on.
        let spread = if sent == 0 { Spread::UntilTaken } else { Spread::Everybody };
        match fate {
            Some(Fate::Final(outcome)) => {
                journal.end(&standing.ends())?;
                return Ok(Some((outcome, true)));
            }
            // A block is there before its receipts: what was not sent from here may yet turn out to have been.
            Some(Fate::Mined(Outcome::Displaced)) => {}
            Some(Fate::Mined(outcome)) if goal == Goal::Mined => return Ok(Some((outcome, false))),
            Some(Fate::Mined(outcome)) => mined = Some((outcome, false)),
            Some(Fate::Waiting) => {
                // One that was replaced waits, and nobody has what is to take its place.
                let last = journal.open_at(nonce).and_then(Kept::last);
                if last.is_some_and(|last| !standing.known.contains(&last.hash())) {
                    send(gathered, journal, nonce, Spread::Everybody).await?;
                }
            }
            Some(Fate::Gone) => match send(gathered, journal, nonce, spread).await? {
                Some(reply) if reply.has_arrived() => {
                    (pause, refused) = (FIRST_PAUSE, 0);
                    sent = sent.saturating_add(1);
                    // It may be in a block at once. Where it is lost again and again, that is waited for.
                    if sent == 1 {
                        continue;
                    }
                }
                Some(reply) => {
                    refused = refused.saturating_add(1);
                    // Whoever refuses for its nonce may have a block that this look did not.
                    if reply != Reply::NonceUsed || refused >= REFUSALS {
                        return Err(not_taken(journal, nonce, reply));
                    }
                }
                None => {}
            },
            None => return Ok(None),
        }
        tell(&mut told, nonce, fate);
        if Instant::now() + pause > until {
            return Ok(mined);
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// How the account stands at the newest block; at the one after it where that came in between.
async fn look(client: &L1Client, confirmations: Option<u64>, journal: &Journal) -> Result<Standing, CliError> {
    let once = async || {
        let block = client.head(BlockTag::Latest, &[]).await.map_err(CliError::Rpc)?.block;
        Ok::<_, CliError>(Standing::read(client, &block, confirmations, journal).await?.confirmed()?)
    };
    let standing = once().await?;
    if standing.is_behind { once().await } else { Ok(standing) }
}

/// Whether a look may succeed the next time.
fn may_pass(error: &CliError) -> bool {
    matches!(
        error,
        CliError::Rpc(_) | CliError::Refused(Refusal::Unconfirmed(_)) | CliError::Signed(SignedFault::Disputed(_))
    )
}

/// Sends the last that was signed with that nonce; what was said to it, where anything was.
async fn send(gathered: &Gathered, journal: &Journal, nonce: u64, spread: Spread) -> Result<Option<Reply>, CliError> {
    let Some(transaction) = journal.open_at(nonce).and_then(Kept::last) else { return Ok(None) };
    let (raw, hash) = (transaction.raw(), transaction.hash());
    match gathered.network.reader.client().send_signed(raw, hash, spread).await {
        Ok(reply) => {
            if reply.has_arrived() {
                remark(&format!("sent {hash:?} with the nonce {nonce}"));
            }
            Ok(Some(reply))
        }
        Err(error) => {
            remark(&format!("nobody said whether {hash:?} arrived, which is looked for: {}", one_line(&error)));
            Ok(None)
        }
    }
}

fn not_taken(journal: &Journal, nonce: u64, reply: Reply) -> CliError {
    let hash = journal.open_at(nonce).and_then(|kept| kept.last()).map(|one| one.hash()).unwrap_or_default();
    SignedFault::NotTaken { hash, nonce, reply }.into()
}

/// Says what is waited for, once.
fn tell(told: &mut Option<Fate>, nonce: u64, fate: Option<Fate>) {
    if *told == fate {
        return;
    }
    match fate {
        Some(Fate::Waiting) => remark(&format!("nonce {nonce} waits to be in a block")),
        Some(Fate::Mined(Outcome::Succeeded { block, .. })) => {
            remark(&format!("nonce {nonce} is in block {block}, which is not final yet"));
        }
        Some(Fate::Mined(Outcome::Displaced)) => {
            remark(&format!("nonce {nonce} is used, and by what is not known yet"));
        }
        Some(Fate::Mined(_) | Fate::Final(_) | Fate::Gone) | None => {}
    }
    *told = fate;
}
