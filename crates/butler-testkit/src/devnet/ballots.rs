//! Ballots of proposers: votes to slash, and signals for payloads. Each is cast by the proposer of a slot of its own.

use anyhow::Context as _;
use ethers_core::{
    abi::{ParamType, Token},
    types::{Address, H256, U256},
};

use super::{
    Chain, Move, Played,
    keys::{attester_key, sign},
    transact::number,
};

/// Slots of a slashing round, and votes that decide, as the devnet was deployed.
const ROUND_SLOTS: u64 = 128;
const QUORUM: usize = 65;
/// Two bits for each member of the committees.
const VOTES_PER_BYTE: usize = 4;

impl Chain {
    /// The committees that a slashing round votes on, by epoch.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn slash_target_committees(&self, round: u64) -> anyhow::Result<Vec<Vec<Address>>> {
        let proposer = self.oracle()?.contracts.slashing_proposer_address;
        let committee = ParamType::Array(Box::new(ParamType::Address));
        let types = [ParamType::Array(Box::new(committee))];
        let answer = self.read(proposer, "getSlashTargetCommittees(uint256)", &[number(round)], &types).await?;
        let committees = answer.into_iter().next().and_then(Token::into_array).unwrap_or_default();
        let addresses = |committee: Token| {
            committee.into_array().unwrap_or_default().into_iter().filter_map(Token::into_address).collect()
        };
        Ok(committees.into_iter().map(addresses).collect())
    }

    /// What the slashing proposer would do in a round: who loses how much.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn slash_tally(&self, round: u64) -> anyhow::Result<Vec<(Address, U256)>> {
        let actions = self.tally_token(round).await?.into_array().unwrap_or_default();
        let action = |action: Token| {
            let mut fields = action.into_tuple()?.into_iter();
            Some((fields.next()?.into_address()?, fields.next()?.into_uint()?))
        };
        actions.into_iter().map(action).collect::<Option<_>>().context("an action of another shape")
    }

    /// The slot and the slashing round of the head.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn slot(&self) -> anyhow::Result<u64> {
        let rollup = &self.oracle()?.rollup;
        Ok((self.timestamp().await? - rollup.genesis_time) / rollup.slot_duration)
    }

    /// So many votes of the present round against one attester of provider 1 that its slash is decided.
    ///
    /// # Errors
    /// When none of them is in a committee, or a vote is refused.
    pub async fn decide_a_slash(&self) -> anyhow::Result<()> {
        let round = self.slot().await? / ROUND_SLOTS;
        let members: Vec<Address> = self.slash_target_committees(round).await?.concat();
        let named = self.oracle()?.attesters.iter().filter(|(name, _)| name.starts_with('A'));
        let own: Vec<Address> = named.map(|(_, attester)| attester.address).collect();
        let member = members.iter().position(|attester| own.contains(attester)).context("none is in a committee")?;
        let mut votes = vec![0_u8; members.len() / VOTES_PER_BYTE];
        // The votes are two bits each, and one is the smallest slash.
        let vote = votes.get_mut(member / VOTES_PER_BYTE).context("a member beyond the votes")?;
        *vote = 1 << (2 * (member % VOTES_PER_BYTE));
        for _ in 0..QUORUM {
            self.play(Move::VoteToSlash { votes: votes.clone() }).await?;
        }
        Ok(())
    }

    pub(super) async fn vote_to_slash(&self, votes: Vec<u8>) -> anyhow::Result<Played> {
        self.vote_to_slash_at(self.oracle()?.contracts.slashing_proposer_address, votes).await
    }

    pub(super) async fn vote_to_slash_at(&self, target: Address, votes: Vec<u8>) -> anyhow::Result<Played> {
        let slot = self.next_slot().await?;
        let key = attester_key(self.slot_proposer().await?)?;
        let arguments = [Token::Bytes(votes.clone()), number(slot)];
        let types = [ParamType::FixedBytes(32)];
        let digest = self.read(target, "getVoteSignatureDigest(bytes,uint256)", &arguments, &types).await?;
        let digest = digest.into_iter().next().and_then(Token::into_fixed_bytes).context("no digest")?;
        let (v, r, s) = sign(&key, H256::from_slice(&digest))?;
        let half = |half: H256| Token::FixedBytes(half.as_bytes().to_vec());
        let arguments = [Token::Bytes(votes), Token::Tuple(vec![Token::Uint(v.into()), half(r), half(s)])];
        let sender = self.oracle()?.account("stranger")?;
        self.send(sender, target, "vote(bytes,(uint8,bytes32,bytes32))", &arguments).await
    }

    pub(super) async fn execute_slashes(&self, round: u64) -> anyhow::Result<Played> {
        let target = self.oracle()?.contracts.slashing_proposer_address;
        let arguments = [number(round), self.committees_token(round).await?];
        let sender = self.oracle()?.account("stranger")?;
        self.send(sender, target, "executeRound(uint256,address[][])", &arguments).await
    }

    pub(super) async fn veto_slashes(&self, round: u64) -> anyhow::Result<Played> {
        let contracts = self.oracle()?.contracts;
        let arguments = [number(round), self.tally_token(round).await?];
        let signature = "getPayloadAddress(uint256,(address,uint256)[])";
        let answer =
            self.read(contracts.slashing_proposer_address, signature, &arguments, &[ParamType::Address]).await?;
        let payload = answer.into_iter().next().context("no payload")?;
        self.send(self.vetoer().await?, contracts.slasher_address, "vetoPayload(address)", &[payload]).await
    }

    pub(super) async fn pause_slashing(&self) -> anyhow::Result<Played> {
        let slasher = self.oracle()?.contracts.slasher_address;
        self.send(self.vetoer().await?, slasher, "setSlashingEnabled(bool)", &[Token::Bool(false)]).await
    }

    pub(super) async fn signal(&self, payload: Address) -> anyhow::Result<Played> {
        self.next_slot().await?;
        let target = self.governance_proposer().await?;
        self.send(self.slot_proposer().await?, target, "signal(address)", &[Token::Address(payload)]).await
    }

    pub(super) async fn propose(&self, payload: Address) -> anyhow::Result<Played> {
        let governance = self.oracle()?.contracts.governance_address;
        self.send(self.governance_proposer().await?, governance, "propose(address)", &[Token::Address(payload)]).await
    }

    pub(super) async fn submit_payload(&self, round: u64) -> anyhow::Result<Played> {
        let sender = self.oracle()?.account("stranger")?;
        self.send(sender, self.governance_proposer().await?, "submitRoundWinner(uint256)", &[number(round)]).await
    }

    /// Lets the next slot begin, with one block at its beginning.
    async fn next_slot(&self) -> anyhow::Result<u64> {
        let next = self.slot().await? + 1;
        let rollup = &self.oracle()?.rollup;
        let start = rollup.genesis_time + next * rollup.slot_duration;
        let seconds = start - self.timestamp().await?;
        // A block comes no sooner than after its interval, and no ballot may slip into the slot after.
        self.jump(seconds).await?;
        self.slot().await
    }

    async fn slot_proposer(&self) -> anyhow::Result<Address> {
        let rollup = self.oracle()?.contracts.rollup_address;
        let answer = self.read(rollup, "getCurrentProposer()", &[], &[ParamType::Address]).await?;
        answer.into_iter().next().and_then(Token::into_address).context("a slot without a proposer")
    }

    async fn vetoer(&self) -> anyhow::Result<Address> {
        let slasher = self.oracle()?.contracts.slasher_address;
        let answer = self.read(slasher, "VETOER()", &[], &[ParamType::Address]).await?;
        answer.into_iter().next().and_then(Token::into_address).context("a slasher without a vetoer")
    }

    async fn governance_proposer(&self) -> anyhow::Result<Address> {
        let governance = self.oracle()?.contracts.governance_address;
        let answer = self.read(governance, "governanceProposer()", &[], &[ParamType::Address]).await?;
        answer.into_iter().next().and_then(Token::into_address).context("a governance without a proposer")
    }

    async fn committees_token(&self, round: u64) -> anyhow::Result<Token> {
        let committees = self.slash_target_committees(round).await?;
        let committee = |members: Vec<Address>| Token::Array(members.into_iter().map(Token::Address).collect());
        Ok(Token::Array(committees.into_iter().map(committee).collect()))
    }

    async fn tally_token(&self, round: u64) -> anyhow::Result<Token> {
        let target = self.oracle()?.contracts.slashing_proposer_address;
        let arguments = [number(round), self.committees_token(round).await?];
        let action = ParamType::Tuple(vec![ParamType::Address, ParamType::Uint(256)]);
        let types = [ParamType::Array(Box::new(action))];
        let answer = self.read(target, "getTally(uint256,address[][])", &arguments, &types).await?;
        answer.into_iter().next().context("no tally")
    }
}
