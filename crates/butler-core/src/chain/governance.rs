//! Reading how governance stands: signals of the rounds that count, and the newest proposals.

use ethers_core::types::{Address, U256};

use super::convicts::Convicts;
use super::error::{Contract, SnapshotError};
use super::reads::{Answers, Reads, Slot};
use crate::client::l1::L1Client;
use crate::contracts::bindings::{aztec_registry, governance, governance_proposer as proposer};
use crate::contracts::call::{DecodeError, GETTER_GAS};
use crate::contracts::decode;
use crate::domain::block::BlockRef;
use crate::domain::governance::{GovernanceFacts, Leader, Proposal, ProposalState, SignalRound, SignalRules};
use crate::domain::rollup::RollupClock;

/// How many proposals are read, newest first. An older one was decided long ago.
const PROPOSALS: u64 = 32;
/// The most rounds that are read; the contract has five.
const ROUND_LIMIT: u64 = 64;
/// Gas of one proposal's state, which adds up votes.
const PROPOSAL_GAS: u64 = 200_000;

/// What to read.
#[derive(Debug, Clone, Copy)]
pub struct GovernanceRequest {
    /// Aztec's registry, which names the governance.
    pub aztec_registry: Address,
    /// The canonical rollup, whose proposers signal.
    pub rollup: Address,
    /// The rollup's clock.
    pub clock: RollupClock,
}

/// Reads governance again and again.
#[derive(Debug, Default)]
pub struct GovernanceReader {
    /// The proposer that was found last.
    proposer: Option<Address>,
}

impl GovernanceReader {
    /// Reads governance at `pin`.
    ///
    /// # Errors
    /// See [`SnapshotError`]; nothing partial is ever returned.
    pub async fn read(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        request: &GovernanceRequest,
    ) -> Result<GovernanceFacts, SnapshotError> {
        let mut convicts = Convicts::default();
        loop {
            match self.read_once(client, pin, request).await {
                Err(error) if convicts.take(client, &error) => self.proposer = None,
                result => return result,
            }
        }
    }

    async fn read_once(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        request: &GovernanceRequest,
    ) -> Result<GovernanceFacts, SnapshotError> {
        let registry = request.aztec_registry;
        let mut reads = Reads::default();
        let slot: Slot<Address> =
            reads.push(Contract::AztecRegistry, registry, GETTER_GAS, aztec_registry::GetGovernanceCall);
        let answers = reads.fetch(client, pin).await?;
        let governance = answers.checked(&slot, |address| decode::present("getGovernance", address))?;

        let mut reads = Reads::default();
        let contract = Contract::Governance;
        let address: Slot<Address> = reads.push(contract, governance, GETTER_GAS, governance::GovernanceProposerCall);
        let count: Slot<U256> = reads.push(contract, governance, GETTER_GAS, governance::ProposalCountCall);
        // Asked beside the governance: a proposer that was known before is most likely still the one.
        let known = self.proposer.map(|known| (known, RuleSlots::plan(&mut reads, known)));
        let mut answers = reads.fetch(client, pin).await?;
        let address = answers.checked(&address, |address| decode::present("governanceProposer", address))?;
        let proposal_count = answers.checked(&count, |count| decode::small("proposalCount", count))?;
        let slots = match known {
            Some((known, slots)) if known == address => slots,
            Some(_) | None => {
                let mut reads = Reads::default();
                let slots = RuleSlots::plan(&mut reads, address);
                answers = reads.fetch(client, pin).await?;
                slots
            }
        };
        let rules = slots.take(&answers, address, registry)?;
        self.proposer = Some(address);

        let times = || {
            let round = rules.round_at(&request.clock, pin.timestamp)?;
            Some((round, rules.round_end(&request.clock, round)?))
        };
        let proposer = (Contract::GovernanceProposer, address);
        let (current_round, current_end) =
            times().ok_or_else(|| answers.nonsense(proposer, "ROUND_SIZE", "a round that lies in no time"))?;
        let mut reads = Reads::default();
        let data: Vec<(u64, Slot<proposer::GetRoundDataReturn>)> = (current_round.saturating_sub(rules.lifetime_rounds)
            ..=current_round)
            .map(|round| {
                let call = proposer::GetRoundDataCall { instance: request.rollup, round: round.into() };
                (round, reads.push(Contract::GovernanceProposer, address, GETTER_GAS, call))
            })
            .collect();
        let proposals = ProposalSlots::plan(&mut reads, governance, proposal_count);
        let answers = reads.fetch(client, pin).await?;
        let proposals = proposals.take(&answers)?;
        let mut reads = Reads::default();
        let mut slots: Vec<(SignalRound, Option<SignalSlot>)> = Vec::new();
        for (round, slot) in &data {
            let found = answers.get(slot)?.0;
            let signals = decode::optional(found.payload_with_most_signals).map(|payload| {
                let call = proposer::SignalCountCall { instance: request.rollup, round: (*round).into(), payload };
                (payload, reads.push(Contract::GovernanceProposer, address, GETTER_GAS, call))
            });
            slots.push((SignalRound { round: *round, leader: None, is_submitted: found.executed }, signals));
        }
        let answers = reads.fetch(client, pin).await?;
        let mut rounds = Vec::new();
        for (mut round, signals) in slots {
            if let Some((payload, slot)) = signals {
                let signals =
                    answers.checked(&slot, |count| decode::length("signalCount", count, rules.round_slots))?;
                round.leader = Some(Leader { payload, signals });
            }
            rounds.push(round);
        }
        Ok(GovernanceFacts { block: *pin, rules, current_round, current_end, rounds, proposal_count, proposals })
    }
}

/// Where the answers about a proposer's rules are.
struct RuleSlots {
    figures: [Slot<U256>; 4],
    /// The registry that it was deployed for.
    registry: Slot<Address>,
}

impl RuleSlots {
    fn plan(reads: &mut Reads, address: Address) -> Self {
        macro_rules! figure {
            ($call:ident) => {
                reads.push(Contract::GovernanceProposer, address, GETTER_GAS, proposer::$call)
            };
        }
        Self {
            figures: [
                figure!(QuorumSizeCall),
                figure!(RoundSizeCall),
                figure!(LifetimeInRoundsCall),
                figure!(ExecutionDelayInRoundsCall),
            ],
            registry: reads.push_if_supported(
                Contract::GovernanceProposer,
                address,
                GETTER_GAS,
                proposer::RegistryCall,
            ),
        }
    }

    fn take(&self, answers: &Answers, address: Address, registry: Address) -> Result<SignalRules, SnapshotError> {
        // It signals for the rollups of that registry, and proposes to its governance.
        if answers.get_if_supported(&self.registry)?.is_some_and(|own| own != registry) {
            let proposer = (Contract::GovernanceProposer, address);
            return Err(answers.nonsense(
                proposer,
                "REGISTRY",
                "another registry than the one whose governance names it",
            ));
        }
        let mut figures = [0; 4];
        for (figure, slot) in figures.iter_mut().zip(&self.figures) {
            *figure = answers.checked(slot, |value| decode::small("GovernanceProposer", value))?;
        }
        let [quorum, round_slots, lifetime_rounds, execution_delay_rounds] = figures;
        if round_slots == 0 || lifetime_rounds > ROUND_LIMIT {
            let proposer = (Contract::GovernanceProposer, address);
            return Err(answers.nonsense(proposer, "ROUND_SIZE", "rounds of no slots, or rounds that live too long"));
        }
        Ok(SignalRules { quorum, round_slots, lifetime_rounds, execution_delay_rounds })
    }
}

/// A payload, and where the answer about its signals is.
type SignalSlot = (Address, Slot<U256>);

/// Where the answers about the newest proposals are.
struct ProposalSlots(Vec<(Slot<governance::GetProposalReturn>, Slot<u8>)>);

impl ProposalSlots {
    fn plan(reads: &mut Reads, governance: Address, count: u64) -> Self {
        let contract = Contract::Governance;
        let slots = (count.saturating_sub(PROPOSALS)..count).map(|id| {
            let proposal_id = U256::from(id);
            let proposal = reads.push(contract, governance, PROPOSAL_GAS, governance::GetProposalCall { proposal_id });
            let state =
                reads.push(contract, governance, PROPOSAL_GAS, governance::GetProposalStateCall { proposal_id });
            (proposal, state)
        });
        Self(slots.collect())
    }

    fn take(&self, answers: &Answers) -> Result<Vec<Proposal>, SnapshotError> {
        const FUNCTION: &str = "getProposal";
        let proposal = |(proposal, state): &(Slot<governance::GetProposalReturn>, Slot<u8>)| {
            let state = answers.checked(state, |number| {
                ProposalState::try_from(number)
                    .map_err(|error| DecodeError::nonsense("getProposalState", error.to_string()))
            })?;
            answers.checked(proposal, |found| {
                let config = found.0.config;
                let mut phases = [0; 4];
                let found_phases =
                    [config.voting_delay, config.voting_duration, config.execution_delay, config.grace_period];
                for (phase, seconds) in phases.iter_mut().zip(found_phases) {
                    *phase = decode::small(FUNCTION, seconds)?;
                }
                Ok(Proposal { state, created_at: decode::small(FUNCTION, found.0.creation)?, phases })
            })
        };
        self.0.iter().map(proposal).collect()
    }
}
