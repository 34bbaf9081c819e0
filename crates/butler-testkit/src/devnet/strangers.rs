//! Stories of keys that somebody else deposits, too: before the delegation and after it, with right and wrong proofs, let in,
//! refunded and withdrawn. They are played like those of `stories`, with spare keys of their own.

use anyhow::Context as _;
use ethers_core::types::Address;

use super::stories::with_wrong_proof;
use super::{Chain, KeyStore, Move};

/// What happens to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It is staked with our provider.
    Stake,
    /// It is staked by one who lets another withdraw.
    StakeForAnother,
    /// A stranger deposits it.
    Stranger,
    /// A stranger deposits it, with a proof of something else.
    StrangerWrong,
    /// A stranger deposits its BLS key with an address of its own.
    Thief,
}

/// One key that is staked with our provider once, and deposited by a stranger.
#[derive(Clone, Copy, Debug)]
pub struct WithStranger {
    /// The story in words.
    pub name: &'static str,
    /// What happens before the flush, and after it.
    rounds: [&'static [Step]; 2],
    /// Whether the key leaves for good after the flush.
    exits: bool,
    /// What became of the stake; `None` where that is the plain story of one that waits or succeeded.
    pub fate: Option<&'static str>,
    /// Whether its split is the coinbase that the key must have.
    pub counts: bool,
    /// The kinds of findings about its stakes, with their severities.
    pub findings: &'static [(&'static str, &'static str)],
}

const NONE: &[Step] = &[];
const CRITICAL: &[(&str, &str)] = &[("stranger_deposit", "critical")];
const QUIET: &[(&str, &str)] = &[];

const fn story(
    name: &'static str,
    rounds: [&'static [Step]; 2],
    fate: Option<&'static str>,
    counts: bool,
    findings: &'static [(&'static str, &'static str)],
) -> WithStranger {
    WithStranger { name, rounds, exits: false, fate, counts, findings }
}

/// Every order of ours and a stranger's. The spare key of that place plays each.
pub const WITH_STRANGER: [WithStranger; 13] = {
    use Step::{Stake, StakeForAnother, Stranger, StrangerWrong, Thief};
    [
        story("both wait, the stranger first", [NONE, &[Stranger, Stake]], Some("doomed"), false, CRITICAL),
        story("both wait, ours first", [NONE, &[Stake, Stranger]], None, true, QUIET),
        story("both wait, the stranger first with a wrong proof", [NONE, &[StrangerWrong, Stake]], None, true, QUIET),
        story("both wait, a thief of the BLS key first", [NONE, &[Thief, Stake]], Some("doomed"), false, CRITICAL),
        story("the stranger was let in, ours waits", [&[Stranger], &[Stake]], Some("doomed"), false, CRITICAL),
        story(
            "the stranger was let in, ours was refunded",
            [&[Stranger, Stake], NONE],
            Some("refunded"),
            false,
            &[("stake_refunded", "warning"), ("stranger_deposit", "critical")],
        ),
        story("the stranger was refunded, ours waits", [&[StrangerWrong], &[Stake]], None, true, QUIET),
        story("the stranger was refunded, ours was let in", [&[StrangerWrong, Stake], NONE], None, true, QUIET),
        story("ours was let in, the stranger was refunded", [&[Stake, Stranger], NONE], None, true, QUIET),
        story("ours was let in, the stranger waits", [&[Stake], &[Stranger]], None, true, QUIET),
        story(
            "a thief of the BLS key was let in, ours waits",
            [&[Thief], &[Stake]],
            Some("doomed"),
            false,
            &[("deposit_failed", "warning")],
        ),
        WithStranger {
            exits: true,
            ..story(
                "the stranger was let in and withdrew, ours waits",
                [&[Stranger], &[Stake]],
                Some("doomed"),
                false,
                &[("stranger_deposit", "warning")],
            )
        },
        story("ours waits for another withdrawer", [NONE, &[StakeForAnother]], None, true, QUIET),
    ]
};

/// A story that was told.
#[derive(Clone, Debug)]
pub struct ToldOfStranger {
    /// Which.
    pub story: WithStranger,
    /// Its key.
    pub attester: Address,
    /// The split of the stake.
    pub coinbase: Address,
}

impl Chain {
    /// Plays [`WITH_STRANGER`] with the first spare keys; thieves use the address of a key without a story.
    ///
    /// # Errors
    /// When a move fails.
    pub async fn meet_strangers(&self) -> anyhow::Result<Vec<ToldOfStranger>> {
        self.play(Move::Drip { provider: 1, count: 2 }).await?;
        self.flush_all().await?;
        let keys = self.oracle()?.spare_keys.clone();
        let mut coinbases: Vec<Option<Address>> = vec![None; WITH_STRANGER.len()];
        for round in 0..2 {
            for ((story, key), coinbase) in WITH_STRANGER.iter().zip(&keys).zip(&mut coinbases) {
                for step in story.rounds.get(round).copied().unwrap_or_default() {
                    *coinbase = self.step(*step, key).await?.or(*coinbase);
                }
            }
            if round == 1 {
                break;
            }
            self.flush_all().await?;
            for (_, key) in WITH_STRANGER.iter().zip(&keys).filter(|(story, _)| story.exits) {
                self.play(Move::InitiateWithdraw { attester: key.attester }).await?;
                self.play(Move::JumpSeconds(self.oracle()?.rollup.exit_delay + 12)).await?;
                self.play(Move::FinalizeWithdraw { attester: key.attester }).await?;
            }
        }
        let told = WITH_STRANGER.iter().zip(&keys).zip(coinbases).map(|((story, key), coinbase)| {
            let coinbase = coinbase.context("a story has a stake")?;
            Ok(ToldOfStranger { story: *story, attester: key.attester, coinbase })
        });
        told.collect()
    }

    /// Returns the split of a stake.
    async fn step(&self, step: Step, key: &KeyStore) -> anyhow::Result<Option<Address>> {
        let deposited = match step {
            Step::Stake | Step::StakeForAnother => {
                self.play(Move::AddKeys { provider: 1, keys: vec![key.clone()] }).await?;
                let stake = match step {
                    Step::StakeForAnother => {
                        Move::StakeFor { provider: 1, withdrawer: self.oracle()?.account("recipient")? }
                    }
                    Step::Stake | Step::Stranger | Step::StrangerWrong | Step::Thief => Move::Stake { provider: 1 },
                };
                let played = self.play(stake).await?;
                return Ok(Some(self.split_of(played.block).await?));
            }
            Step::Stranger => key.clone(),
            Step::StrangerWrong => with_wrong_proof(key),
            // An address that nobody else has: the key's own with its last bit turned.
            Step::Thief => {
                let mut attester = key.attester;
                attester.0[19] ^= 1;
                KeyStore { attester, ..key.clone() }
            }
        };
        self.play(Move::DepositKey { key: deposited }).await?;
        Ok(None)
    }
}
