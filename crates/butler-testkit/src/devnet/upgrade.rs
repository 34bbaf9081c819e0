//! The cut-over: governance makes a new rollup canonical, in one transaction, as the devnet's build did it.
//!
//! The second rollup stands in for one of a newer release; `examples/devnet/lib/upgrade.mjs` says in what. It can begin exits
//! for attesters ([`Chain::exit_by_attester`]) and change its slasher slowly ([`Chain::queue_slasher`]).

use anyhow::Context as _;
use ethers_core::{
    abi::{ParamType, Token},
    types::{Address, U256},
};

use super::{Chain, DevnetState, Move, Played, transact::number};

/// A governance's configuration: nine words, of which the third to the fifth are times.
const CONFIGURATION: [ParamType; 9] = [const { ParamType::Uint(256) }; 9];

impl Chain {
    /// Lets governance execute the payload; the chain's oracle is then the one of afterwards.
    ///
    /// # Errors
    /// When the chain was not started from [`DevnetState::upgrade`], a call fails or a transaction reverts.
    pub async fn cut_over(&mut self, state: &DevnetState) -> anyhow::Result<Played> {
        let payload = self.oracle()?.upgrade.as_ref().context("a devnet without a next rollup")?.payload;
        let contracts = self.oracle()?.contracts;
        let governance = contracts.governance_address;
        let word = |answer: Vec<Token>, place: usize| {
            answer.into_iter().nth(place).and_then(Token::into_uint).context("an answer of another shape")
        };
        let id = word(self.read(governance, "proposalCount()", &[], &[ParamType::Uint(256)]).await?, 0)?;
        self.play(Move::Propose { payload }).await?;
        let configuration = self.read(governance, "getConfiguration()", &[], &CONFIGURATION).await?;
        let seconds = |place| anyhow::Ok(word(configuration.clone(), place)?.as_u64());
        self.jump(seconds(2)? + 12).await?;
        // The power of all stakes is the escrow's.
        let escrow = contracts.gse_address;
        let power =
            self.read(governance, "powerNow(address)", &[Token::Address(escrow)], &[ParamType::Uint(256)]).await?;
        let ballot = [Token::Uint(id), Token::Uint(word(power, 0)?), Token::Bool(true)];
        self.send(escrow, governance, "vote(uint256,uint256,bool)", &ballot).await?;
        self.jump(seconds(3)? + seconds(4)? + 12).await?;
        let stranger = self.oracle()?.account("stranger")?;
        let played = self.send(stranger, governance, "execute(uint256)", &[Token::Uint(id)]).await?;
        self.mine().await?;
        self.set_oracle(state.oracle_after()?);
        Ok(played)
    }

    /// After a cut-over: lets `D2` in at the former rollup, whose committees are then `A8`, `D2` and two others that stayed. Answers the rollup.
    ///
    /// # Errors
    /// A call fails or a transaction reverts.
    pub async fn stay_behind(&self) -> anyhow::Result<Address> {
        let upgrade = self.oracle()?.upgrade.as_ref().context("a devnet without a next rollup")?;
        let former = upgrade.former.address;
        self.play_at(former, Move::Flush).await?;
        // Committees are sampled from those who validated some epochs before.
        self.play(Move::JumpEpochs(4)).await?;
        Ok(former)
    }

    /// The attester begins its exit, at the oracle's rollup.
    ///
    /// # Errors
    /// When the rollup has no such function, or refuses.
    pub async fn exit_by_attester(&self, attester: Address) -> anyhow::Result<Played> {
        let rollup = self.oracle()?.contracts.rollup_address;
        self.send(attester, rollup, "initiateWithdrawByAttester(address)", &[Token::Address(attester)]).await
    }

    /// One attester in so many may leave by itself within a window. A devnet is too small for the originals' 20.
    ///
    /// # Errors
    /// When the rollup has no such function.
    pub async fn set_exit_divisor(&self, divisor: u64) -> anyhow::Result<Played> {
        let rollup = self.oracle()?.contracts.rollup_address;
        let stranger = self.oracle()?.account("stranger")?;
        self.send(stranger, rollup, "standInExitDivisor(uint256)", &[number(divisor)]).await
    }

    /// Governance names another slasher, which may be installed after 60 days.
    ///
    /// # Errors
    /// When the rollup has no such function.
    pub async fn queue_slasher(&self, slasher: Address) -> anyhow::Result<Played> {
        let contracts = self.oracle()?.contracts;
        let arguments = [Token::Address(slasher)];
        self.send(contracts.governance_address, contracts.rollup_address, "queueSetSlasher(address)", &arguments).await
    }

    /// Somebody installs the slasher whose time has come.
    ///
    /// # Errors
    /// When there is none, or it is too early.
    pub async fn finalize_slasher(&self) -> anyhow::Result<Played> {
        let stranger = self.oracle()?.account("stranger")?;
        self.send(stranger, self.oracle()?.contracts.rollup_address, "finalizeSetSlasher()", &[]).await
    }

    /// What waits for a coinbase at a rollup.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn rewards_at(&self, rollup: Address, coinbase: Address) -> anyhow::Result<U256> {
        let arguments = [Token::Address(coinbase)];
        let answer = self.read(rollup, "getSequencerRewards(address)", &arguments, &[ParamType::Uint(256)]).await?;
        answer.into_iter().next().and_then(Token::into_uint).context("no amount")
    }
}
