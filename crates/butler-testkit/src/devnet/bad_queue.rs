//! Keys in an own queue that cannot be staked or will fail at the flush: one for every cause that a chain can have.

use ethers_core::types::Address;

use super::stories::with_wrong_proof;
use super::{Chain, KeyStore, Move};

/// A key that was put into the queue of provider 1.
#[derive(Debug, Clone)]
pub struct BadQueueKey {
    /// Its address.
    pub attester: Address,
    /// Where the reason begins, as `queue` tells it; empty for a good key.
    pub why: &'static str,
}

impl Chain {
    /// Fills the queue of provider 1 with bad keys, in their order, after the two good ones that were there.
    ///
    /// # Errors
    /// When a move fails.
    pub async fn fill_queue_badly(&self) -> anyhow::Result<Vec<BadQueueKey>> {
        let oracle = self.oracle()?.clone();
        let of = |name: &str| oracle.attester(name).map(|attester| attester.address);
        let spare = &oracle.spare_keys;
        let spare = |at: usize| spare.get(at).cloned().ok_or_else(|| anyhow::anyhow!("no spare key {at}"));
        let (exiting, zombie, active) = (of("A0")?, of("A1")?, of("A2")?);
        self.play(Move::InitiateWithdraw { attester: exiting }).await?;
        // 200,000 staked, ejected under 190,000.
        self.play(Move::Slash { attester: zombie, tokens: 20_000 }).await?;
        let (deposited, used, copied, repeated, wrong) = (spare(0)?, spare(1)?, spare(2)?, spare(3)?, spare(4)?);
        self.play(Move::DepositKey { key: used.clone() }).await?;
        self.flush_all().await?;
        self.play(Move::DepositKey { key: deposited.clone() }).await?;
        self.play(Move::AddKeys { provider: 2, keys: vec![copied.clone()] }).await?;
        let of_used = KeyStore { attester: Address::repeat_byte(0xb1), ..used };
        let mut told = Vec::new();
        for (attester, why) in [
            (exiting, "its address is exiting"),
            (zombie, "its address was slashed out"),
            (active, "its address validates already"),
        ] {
            self.play(Move::AddKeysRaw { provider: 1, attester }).await?;
            told.push(BadQueueKey { attester, why });
        }
        for (key, why) in [
            (of_used, "its BLS key was registered once"),
            (deposited, "its address or BLS key waits in the entry queue already"),
            (copied, "its address or BLS key stands in the queue of provider 2, too"),
            (repeated.clone(), ""),
            (
                KeyStore { attester: Address::repeat_byte(0xb2), ..repeated },
                "its address or BLS key stands in the queue of provider 1 before it",
            ),
            (with_wrong_proof(&wrong), "its proof of possession is wrong"),
        ] {
            let attester = key.attester;
            self.play(Move::AddKeys { provider: 1, keys: vec![key] }).await?;
            told.push(BadQueueKey { attester, why });
        }
        Ok(told)
    }
}
