//! Stories of keys whose other deposit has the very withdrawer of our delegation: the same delegator stakes through another
//! provider that has the key, too, or somebody deposits it for that delegator. The escrow's withdrawer does not tell them
//! apart. They are played like those of `stories`, with spare keys of their own.

use ethers_core::types::Address;

use super::stories::with_wrong_proof;
use super::{Chain, KeyStore, Move};

/// What happens to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It is staked with our provider.
    Ours,
    /// It is staked with our provider, with a proof of something else.
    OursWrong,
    /// It is staked with another provider.
    Theirs,
    /// It is staked with another provider, with a proof of something else.
    TheirsWrong,
    /// It is deposited for the delegator.
    Direct,
    /// It is deposited for the delegator, with a proof of something else.
    DirectWrong,
}

/// One key with a second deposit of the same withdrawer. Everything is flushed after each round.
#[derive(Clone, Copy, Debug)]
pub struct Rival {
    /// The story in words.
    pub name: &'static str,
    rounds: [&'static [Step]; 2],
    /// What became of the stakes with our provider.
    pub fates: &'static [&'static str],
    /// Which of them counts; `None` where another deposit made it a validator.
    pub counts: Option<usize>,
}

const fn lost(name: &'static str, rounds: [&'static [Step]; 2]) -> Rival {
    Rival { name, rounds, fates: &["refunded"], counts: None }
}

const fn won(name: &'static str, rounds: [&'static [Step]; 2]) -> Rival {
    Rival { name, rounds, fates: &["succeeded"], counts: Some(0) }
}

/// Every order of ours and the other deposit. The spare key of that place plays each.
pub const WITH_RIVAL: [Rival; 16] = {
    use Step::{Direct, DirectWrong, Ours, OursWrong, Theirs, TheirsWrong};
    [
        lost("theirs before ours", [&[Theirs, Ours], &[]]),
        lost("theirs a flush before ours", [&[Theirs], &[Ours]]),
        won("ours before theirs", [&[Ours, Theirs], &[]]),
        won("ours a flush before theirs", [&[Ours], &[Theirs]]),
        lost("a direct deposit before ours", [&[Direct, Ours], &[]]),
        lost("a direct deposit a flush before ours", [&[Direct], &[Ours]]),
        won("ours before a direct deposit", [&[Ours, Direct], &[]]),
        won("theirs with a wrong proof before ours", [&[TheirsWrong, Ours], &[]]),
        won("a direct deposit with a wrong proof before ours", [&[DirectWrong], &[Ours]]),
        lost("ours with a wrong proof before theirs", [&[OursWrong, Theirs], &[]]),
        lost("ours with a wrong proof a flush before theirs", [&[OursWrong], &[Theirs]]),
        lost("ours with a wrong proof before a direct deposit", [&[OursWrong, Direct], &[]]),
        lost("ours with a wrong proof a flush before a direct deposit", [&[OursWrong], &[Direct]]),
        Rival {
            fates: &["refunded", "refunded"],
            ..lost("a direct deposit before two of ours", [&[Direct, Ours, Ours], &[]])
        },
        Rival {
            fates: &["refunded", "succeeded"],
            counts: Some(1),
            ..won("ours with a wrong proof, ours, a direct deposit", [&[OursWrong, Ours, Direct], &[]])
        },
        won("ours alone", [&[Ours], &[]]),
    ]
};

/// A story that was told.
#[derive(Clone, Debug)]
pub struct ToldOfRival {
    /// Which.
    pub story: Rival,
    /// Its key.
    pub attester: Address,
    /// The splits of the stakes with our provider, oldest first.
    pub coinbases: Vec<Address>,
}

impl Chain {
    /// Plays [`WITH_RIVAL`] with the first spare keys; "theirs" is provider 2.
    ///
    /// # Errors
    /// When a move fails.
    pub async fn meet_rivals(&self) -> anyhow::Result<Vec<ToldOfRival>> {
        for provider in [1, 2] {
            self.play(Move::Drip { provider, count: 2 }).await?;
        }
        self.flush_all().await?;
        let keys = self.oracle()?.spare_keys.clone();
        let tell = |(story, key): (&Rival, &KeyStore)| ToldOfRival {
            story: *story,
            attester: key.attester,
            coinbases: Vec::new(),
        };
        let mut told: Vec<ToldOfRival> = WITH_RIVAL.iter().zip(&keys).map(tell).collect();
        for round in 0..2 {
            for (story, key) in told.iter_mut().zip(&keys) {
                for step in story.story.rounds.get(round).copied().unwrap_or_default() {
                    let split = self.step_of_rivals(*step, key).await?;
                    story.coinbases.extend(split);
                }
            }
            self.flush_all().await?;
        }
        Ok(told)
    }

    /// Returns the split of a stake with our provider.
    async fn step_of_rivals(&self, step: Step, key: &KeyStore) -> anyhow::Result<Option<Address>> {
        let key = match step {
            Step::Ours | Step::Theirs | Step::Direct => key.clone(),
            Step::OursWrong | Step::TheirsWrong | Step::DirectWrong => with_wrong_proof(key),
        };
        let provider = match step {
            Step::Ours | Step::OursWrong => 1,
            Step::Theirs | Step::TheirsWrong => 2,
            Step::Direct | Step::DirectWrong => {
                let withdrawer = self.oracle()?.account("delegator1")?;
                self.play(Move::DepositKeyFor { key, withdrawer }).await?;
                return Ok(None);
            }
        };
        self.play(Move::AddKeys { provider, keys: vec![key] }).await?;
        let played = self.play(Move::Stake { provider }).await?;
        if provider == 1 { self.split_of(played.block).await.map(Some) } else { Ok(None) }
    }
}
