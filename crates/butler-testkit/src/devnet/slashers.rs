//! A second slasher, with a proposer of its own: the code of the rollup's present ones at other addresses, so that it can be queued
//! and installed, and voted with.

use anyhow::{Context as _, ensure};
use ethers_core::{
    abi::{ParamType, Token},
    types::{Address, H256, U256},
    utils::{hex, keccak256},
};
use serde_json::json;

use super::{Chain, Played};

/// So many words of storage a slasher has at most that differ from zero.
const WORDS: u64 = 8;

/// A slasher and its proposer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlasherPair {
    /// The slasher.
    pub slasher: Address,
    /// Who counts its votes.
    pub proposer: Address,
}

impl Chain {
    /// The slasher of a rollup, and its proposer.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn slashers(&self, rollup: Address) -> anyhow::Result<SlasherPair> {
        let slasher = self.slasher_of(rollup).await?;
        let answer = self.read(slasher, "PROPOSER()", &[], &[ParamType::Address]).await?;
        let proposer = answer.into_iter().next().and_then(Token::into_address).context("no proposer")?;
        Ok(SlasherPair { slasher, proposer })
    }

    /// Puts another slasher of the same kind on the chain.
    ///
    /// # Errors
    /// When the rollup's own one is of another kind than the devnet's.
    pub async fn another_slasher(&self, rollup: Address) -> anyhow::Result<SlasherPair> {
        let old = self.slashers(rollup).await?;
        let new = SlasherPair { slasher: beside(old.slasher), proposer: beside(old.proposer) };
        let code = self.code(old.slasher).await?;
        self.set_code(new.slasher, &code).await?;
        for word in 0..WORDS {
            let slot = format!("{:#066x}", U256::from(word));
            let value = self.rpc("eth_getStorageAt", json!([old.slasher, slot, "latest"])).await?;
            let value = value.as_str().context("no word")?.to_lowercase();
            let value = value.replace(&digits(old.proposer), &digits(new.proposer));
            self.rpc("anvil_setStorageAt", json!([new.slasher, slot, value])).await?;
        }
        // A stand-in keeps the contract's code beside itself.
        let inner = Address::from_slice(&keccak256(old.proposer.as_bytes())[12..]);
        let (code, behind) = (self.code(old.proposer).await?, self.code(inner).await?);
        if behind == "0x" {
            ensure!(code.contains(&digits(old.slasher)), "a proposer that does not name its slasher");
            self.set_code(new.proposer, &code.replace(&digits(old.slasher), &digits(new.slasher))).await?;
        } else {
            ensure!(behind.contains(&digits(old.slasher)), "a proposer that does not name its slasher");
            let other = beside(inner);
            self.set_code(other, &behind.replace(&digits(old.slasher), &digits(new.slasher))).await?;
            self.set_code(new.proposer, &code.replace(&digits(inner), &digits(other))).await?;
        }
        self.mine().await?;
        ensure!(self.read(new.slasher, "PROPOSER()", &[], &[ParamType::Address]).await?.len() == 1, "no proposer");
        Ok(new)
    }

    /// The proposer of the next slot votes with that contract, as [`super::Move::VoteToSlash`] does with the oracle's.
    ///
    /// # Errors
    /// When the vote is refused.
    pub async fn vote_with(&self, proposer: Address, votes: Vec<u8>) -> anyhow::Result<Played> {
        self.vote_to_slash_at(proposer, votes).await
    }

    async fn code(&self, address: Address) -> anyhow::Result<String> {
        let code = self.rpc("eth_getCode", json!([address, "latest"])).await?;
        Ok(code.as_str().context("no code")?.to_lowercase())
    }

    async fn set_code(&self, address: Address, code: &str) -> anyhow::Result<()> {
        self.rpc("anvil_setCode", json!([address, code])).await?;
        Ok(())
    }
}

/// Another address for the same contract.
fn beside(address: Address) -> Address {
    Address::from(H256(keccak256([address.as_bytes(), b"another"].concat())))
}

fn digits(address: Address) -> String {
    hex::encode(address)
}
