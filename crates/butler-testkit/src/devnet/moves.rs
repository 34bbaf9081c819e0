//! What people do to the chain, for tests that watch it: stake, flush, add keys, exit, slash, let time pass.
//!
//! Every move acts through the account that may do it (anvil impersonates), and fails when its transaction reverts.

use anyhow::Context as _;
use ethers_core::{
    abi::{ParamType, Token},
    types::{Address, H256, U256},
};
use serde_json::json;

use super::{
    Chain, KeyStore,
    transact::{Follows, invalid_key, key_store, number},
};

/// One thing that happens on the chain.
#[derive(Clone, Debug)]
pub enum Move {
    /// A delegator stakes with the provider's first key, at the current take rate.
    Stake {
        /// Provider id.
        provider: u64,
    },
    /// A delegator stakes with the provider's first key, and lets somebody else withdraw.
    StakeFor {
        /// Provider id.
        provider: u64,
        /// Who may withdraw.
        withdrawer: Address,
    },
    /// A delegator stakes with the provider's first key, for this rollup for good: the stake does not follow the latest one.
    StakeStaying {
        /// Provider id.
        provider: u64,
    },
    /// The next epoch begins and somebody flushes the entry queue.
    Flush,
    /// The provider drops its first keys.
    Drip {
        /// Provider id.
        provider: u64,
        /// How many keys.
        count: u64,
    },
    /// The provider adds keys, for instance from [`super::Oracle::spare_keys`].
    AddKeys {
        /// Provider id.
        provider: u64,
        /// The keys.
        keys: Vec<KeyStore>,
    },
    /// The provider adds a key with this address and BLS values that no flush will accept. The address may be a duplicate.
    AddKeysRaw {
        /// Provider id.
        provider: u64,
        /// Address of the key.
        attester: Address,
    },
    /// Governance sets what the staking escrow grants its verifier of proofs, in gas.
    SetProofGasLimit {
        /// Gas.
        gas: u64,
    },
    /// The provider's admin sets another take rate, in basis points.
    SetTakeRate {
        /// Provider id.
        provider: u64,
        /// The new rate.
        rate: u16,
    },
    /// The provider's admin names a successor, who is pending until [`Move::AcceptAdmin`].
    ProposeAdmin {
        /// Provider id.
        provider: u64,
        /// The successor.
        admin: Address,
    },
    /// The pending admin accepts. Refused where nobody is named.
    AcceptAdmin {
        /// Provider id.
        provider: u64,
    },
    /// Somebody deposits directly, with BLS values that no flush will accept.
    Deposit {
        /// Address of the key.
        attester: Address,
    },
    /// Somebody deposits a valid key directly.
    DepositKey {
        /// The key.
        key: KeyStore,
    },
    /// Somebody deposits a valid key directly, and lets another withdraw.
    DepositKeyFor {
        /// The key.
        key: KeyStore,
        /// Who withdraws.
        withdrawer: Address,
    },
    /// The withdrawer starts the exit of an active attester.
    InitiateWithdraw {
        /// The attester.
        attester: Address,
    },
    /// Somebody finishes an exit that is due; see [`Move::JumpSeconds`].
    FinalizeWithdraw {
        /// The attester.
        attester: Address,
    },
    /// The slasher takes so many whole tokens.
    Slash {
        /// The attester.
        attester: Address,
        /// Whole tokens.
        tokens: u64,
    },
    /// The next slot begins and its proposer votes to slash. Its signature is made with the devnet's own keys.
    VoteToSlash {
        /// Two bits for each position of the committees that the round votes on, four positions to a byte.
        votes: Vec<u8>,
    },
    /// Somebody executes a slashing round that is due.
    ExecuteSlashes {
        /// The round.
        round: u64,
    },
    /// The vetoer stops what a slashing round would do now.
    VetoSlashes {
        /// The round.
        round: u64,
    },
    /// The vetoer pauses all slashing for three days.
    PauseSlashing,
    /// The next slot begins and its proposer signals for a payload.
    Signal {
        /// The payload.
        payload: Address,
    },
    /// The governance's proposer makes a payload a proposal, as if it had won a round.
    Propose {
        /// The payload.
        payload: Address,
    },
    /// Somebody submits the winner of a round of signals, which makes it a proposal.
    SubmitPayload {
        /// The round.
        round: u64,
    },
    /// So many whole tokens of rewards wait for a coinbase. No block is ever proposed here, so they are written into the
    /// rollup's storage.
    SetRewards {
        /// The coinbase.
        coinbase: Address,
        /// Whole tokens.
        tokens: u64,
    },
    /// An empty block.
    Mine,
    /// So many epochs pass; one block at the end.
    JumpEpochs(u64),
    /// So many seconds pass; one block at the end.
    JumpSeconds(u64),
    /// The last blocks are replaced by as many empty ones.
    Reorg {
        /// How many blocks.
        depth: u64,
    },
}

/// What a move did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// The block that holds it; for a reorg the head.
    pub block: u64,
    /// Its transaction, if there was one.
    pub transaction: Option<H256>,
}

impl Chain {
    /// Lets it happen, at the oracle's rollup.
    ///
    /// # Errors
    /// When a call fails or the transaction reverts.
    pub async fn play(&self, action: Move) -> anyhow::Result<Played> {
        self.play_at(self.oracle()?.contracts.rollup_address, action).await
    }

    /// Lets it happen at another rollup. Ballots are those of the oracle's all the same.
    ///
    /// # Errors
    /// When a call fails or the transaction reverts.
    pub async fn play_at(&self, rollup: Address, action: Move) -> anyhow::Result<Played> {
        let contracts = self.oracle()?.contracts;
        let registry = contracts.staking_registry_address;
        match action {
            Move::Stake { provider } => {
                self.stake(rollup, provider, self.oracle()?.account("delegator1")?, Follows::Latest).await
            }
            Move::StakeFor { provider, withdrawer } => self.stake(rollup, provider, withdrawer, Follows::Latest).await,
            Move::StakeStaying { provider } => {
                self.stake(rollup, provider, self.oracle()?.account("delegator1")?, Follows::Nobody).await
            }
            Move::Flush => {
                self.jump(self.epoch_seconds()?).await?;
                self.send(self.oracle()?.account("stranger")?, rollup, "flushEntryQueue()", &[]).await
            }
            Move::Drip { provider, count } => {
                let arguments = [number(provider), number(count)];
                self.send(self.admin(provider).await?, registry, "dripProviderQueue(uint256,uint256)", &arguments).await
            }
            Move::AddKeys { provider, keys } => {
                let keys = keys.iter().map(key_store).collect::<anyhow::Result<_>>()?;
                self.add_keys(provider, keys).await
            }
            Move::AddKeysRaw { provider, attester } => self.add_keys(provider, vec![invalid_key(attester)]).await,
            Move::SetProofGasLimit { gas } => {
                let gse = contracts.gse_address;
                let answer = self.read(gse, "owner()", &[], &[ParamType::Address]).await?;
                let owner =
                    answer.into_iter().next().and_then(Token::into_address).context("a GSE without an owner")?;
                self.send(owner, gse, "setProofOfPossessionGasLimit(uint64)", &[number(gas)]).await
            }
            Move::SetTakeRate { provider, rate } => {
                let arguments = [number(provider), number(rate.into())];
                self.send(self.admin(provider).await?, registry, "updateProviderTakeRate(uint256,uint16)", &arguments)
                    .await
            }
            Move::ProposeAdmin { provider, admin } => {
                let arguments = [number(provider), Token::Address(admin)];
                self.send(self.admin(provider).await?, registry, "updateProviderAdmin(uint256,address)", &arguments)
                    .await
            }
            Move::AcceptAdmin { provider } => {
                let pending = self.read_address(registry, "pendingProviderAdmins(uint256)", number(provider)).await?;
                // The chain lets anybody be impersonated here, also the account zero, whose key nobody has.
                anyhow::ensure!(!pending.is_zero(), "nobody is named to become the admin of provider {provider}");
                self.send(pending, registry, "acceptProviderAdmin(uint256)", &[number(provider)]).await
            }
            Move::Deposit { attester } => {
                self.deposit(rollup, invalid_key(attester), self.oracle()?.account("solo")?).await
            }
            Move::DepositKey { key } => self.deposit(rollup, key_store(&key)?, self.oracle()?.account("solo")?).await,
            Move::DepositKeyFor { key, withdrawer } => self.deposit(rollup, key_store(&key)?, withdrawer).await,
            Move::InitiateWithdraw { attester } => {
                let gse = contracts.gse_address;
                let withdrawer = self.read_address(gse, "getWithdrawer(address)", Token::Address(attester)).await?;
                let recipient = self.oracle()?.account("recipient")?;
                let arguments = [Token::Address(attester), Token::Address(recipient)];
                self.send(withdrawer, rollup, "initiateWithdraw(address,address)", &arguments).await
            }
            Move::FinalizeWithdraw { attester } => {
                let stranger = self.oracle()?.account("stranger")?;
                self.send(stranger, rollup, "finalizeWithdraw(address)", &[Token::Address(attester)]).await
            }
            Move::Slash { attester, tokens } => {
                let amount = U256::from(tokens) * U256::exp10(18);
                let arguments = [Token::Address(attester), Token::Uint(amount)];
                let slasher = self.slasher_of(rollup).await?;
                self.send(slasher, rollup, "slash(address,uint256)", &arguments).await
            }
            Move::VoteToSlash { votes } => self.vote_to_slash(votes).await,
            Move::ExecuteSlashes { round } => self.execute_slashes(round).await,
            Move::VetoSlashes { round } => self.veto_slashes(round).await,
            Move::PauseSlashing => self.pause_slashing().await,
            Move::Signal { payload } => self.signal(payload).await,
            Move::Propose { payload } => self.propose(payload).await,
            Move::SubmitPayload { round } => self.submit_payload(round).await,
            Move::SetRewards { coinbase, tokens } => self.set_rewards(rollup, coinbase, tokens).await,
            Move::Mine => {
                self.mine().await?;
                self.head().await
            }
            Move::JumpEpochs(epochs) => {
                self.jump(epochs * self.epoch_seconds()?).await?;
                self.head().await
            }
            Move::JumpSeconds(seconds) => {
                self.jump(seconds).await?;
                self.head().await
            }
            Move::Reorg { depth } => {
                self.rpc("anvil_reorg", json!([depth, []])).await?;
                self.head().await
            }
        }
    }
}
