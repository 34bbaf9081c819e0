//! Checkpoints that are really proposed, as a sequencer of 4.1.2 does: signed by the committee with its keys, taken by the contract.
//!
//! No L2 stands behind them, so archive and hashes are made up; and the rollup's check of the transaction's blobs is switched off. All else
//! is the contract's own business: proposer, committee, signatures, fees, slots and numbers.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use ethers_core::{
    abi::{ParamType, Token, encode},
    types::{Address, H256, U256},
    utils::{hash_message, hex, id, keccak256},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::keys::{attester_key, sign};
use super::transact::number;
use super::{Chain, Played};

const PROPOSE: &str = "propose((bytes32,(int256),(bytes32,bytes32,bytes32,bytes32,bytes32,uint256,uint256,address,bytes32,(uint128,uint128),uint256)),(bytes,bytes),address[],(uint8,bytes32,bytes32),bytes)";
const MULTICALL3: &str = "0xcA11bde05977b3631167028862bE2a173976CA11";
/// The inbox's root without messages.
const EMPTY_INBOX: &str = "00de7b349d2306334734e4f58b1302a6ed5a6c796a706f6597a5641b6d468223";
/// Of one blob of zeros, whose commitment is `c0` and 47 bytes of zero.
const BLOBS_HASH: &str = "001cedbd7ea5309ef9d1d159209835409bf41b6b1802597a52fa70cc82e934d9";
/// Where the rollup keeps whether blobs are checked.
const CHECK_BLOB: u64 = 4;

/// How a proposal reaches the rollup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Called by Multicall3, as nodes do.
    #[default]
    Wrapped,
    /// Called by an account.
    Direct,
}

/// What is proposed, and how.
#[derive(Clone, Debug, Default)]
pub struct CheckpointWish {
    /// Whom it pays.
    pub coinbase: Address,
    /// Members that do not attest; the proposer always does.
    pub absent: BTreeSet<Address>,
    /// How it is sent.
    pub way: Way,
}

/// What was proposed.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposedCheckpoint {
    /// Its slot.
    pub slot: u64,
    /// The checkpoint's number.
    pub number: u64,
    /// Whose turn it was.
    pub proposer: Address,
    /// Whom it pays.
    pub coinbase: Address,
    /// The committee, each with whether it attested.
    pub committee: Vec<(Address, bool)>,
    /// Block and transaction.
    pub played: Played,
    attestations: Token,
}

impl Chain {
    /// The proposer of the next slot.
    ///
    /// # Errors
    /// A call fails, or there is no committee.
    pub async fn next_proposer(&self) -> anyhow::Result<(u64, Address)> {
        self.next_proposer_at(self.oracle()?.contracts.rollup_address).await
    }

    /// The same at another rollup.
    ///
    /// # Errors
    /// A call fails, or there is no committee.
    pub async fn next_proposer_at(&self, rollup: Address) -> anyhow::Result<(u64, Address)> {
        let (slot, began) = self.next_slot_of(rollup).await?;
        let proposer = self.read_address(rollup, "getProposerAt(uint256)", number(began)).await?;
        Ok((slot, proposer))
    }

    /// Lets a slot pass without a proposal.
    ///
    /// # Errors
    /// A call fails.
    pub async fn pass_slot(&self) -> anyhow::Result<u64> {
        self.pass_slot_at(self.oracle()?.contracts.rollup_address).await
    }

    /// The same at another rollup.
    ///
    /// # Errors
    /// A call fails.
    pub async fn pass_slot_at(&self, rollup: Address) -> anyhow::Result<u64> {
        let (slot, began) = self.next_slot_of(rollup).await?;
        self.rpc("evm_setNextBlockTimestamp", json!([began + 2])).await?;
        self.mine().await?;
        Ok(slot)
    }

    /// Proposes a checkpoint in the next slot.
    ///
    /// # Errors
    /// A call fails, or the contract refuses it.
    pub async fn propose_checkpoint(&self, wish: &CheckpointWish) -> anyhow::Result<ProposedCheckpoint> {
        self.propose_checkpoint_at(self.oracle()?.contracts.rollup_address, wish).await
    }

    /// The same at another rollup, whose slots and epochs are as long.
    ///
    /// # Errors
    /// A call fails, or the contract refuses it.
    pub async fn propose_checkpoint_at(
        &self,
        rollup: Address,
        wish: &CheckpointWish,
    ) -> anyhow::Result<ProposedCheckpoint> {
        self.leave_blobs_unchecked(rollup).await?;
        let (_, began) = self.next_slot_of(rollup).await?;
        let slot = self.pass_slot_at(rollup).await?;
        let epoch = slot / self.oracle()?.rollup.epoch_duration;
        let committee = self.committee(rollup, epoch).await?;
        let proposer = self.read_address(rollup, "getProposerAt(uint256)", number(began)).await?;
        let (parent, last) = self.parent(rollup, began).await?;
        let fee = self.uint(rollup, "getManaMinFeeAt(uint256,bool)", &[number(began), Token::Bool(true)]).await?;
        let fixed = |digits: &str| Ok::<_, anyhow::Error>(Token::FixedBytes(hex::decode(digits)?));
        let archive = H256(keccak256([&slot.to_be_bytes()[..], wish.coinbase.as_bytes()].concat()));
        let word = |value: u64| Token::FixedBytes(H256::from_low_u64_be(value).0.to_vec());
        let header = vec![
            Token::FixedBytes(parent.0.to_vec()),
            word(1),
            fixed(BLOBS_HASH)?,
            fixed(EMPTY_INBOX)?,
            word(2),
            number(slot),
            number(began),
            Token::Address(wish.coinbase),
            word(3),
            Token::Tuple(vec![number(0), Token::Uint(fee)]),
            number(0),
        ];
        let header_hash = hash_of(&header, (slot, began), (wish.coinbase, fee))?;
        let proposal = vec![
            Token::FixedBytes(archive.0.to_vec()),
            Token::Tuple(vec![Token::Int(U256::zero())]),
            Token::FixedBytes(header_hash.to_vec()),
        ];
        let digest = keccak256(encode(&[number(1), Token::Tuple(proposal)]));
        let signed = hash_message(digest);
        let attested: Vec<(Address, bool)> =
            committee.iter().map(|member| (*member, *member == proposer || !wish.absent.contains(member))).collect();
        let (mut bitmap, mut packed) = (vec![0_u8; committee.len().div_ceil(8)], Vec::new());
        for (index, (member, signs)) in attested.iter().enumerate() {
            if !*signs {
                packed.extend(member.as_bytes());
                continue;
            }
            *bitmap.get_mut(index / 8).context("a short bitmap")? |= 1 << (7 - index % 8);
            let (v, r, s) = sign(&attester_key(*member)?, signed)?;
            packed.extend([&[v], r.as_bytes(), s.as_bytes()].concat());
        }
        let attestations = Token::Tuple(vec![Token::Bytes(bitmap), Token::Bytes(packed)]);
        let signers = attested.iter().filter(|(_, signs)| *signs).map(|(member, _)| Token::Address(*member));
        let signers = Token::Array(signers.collect());
        let bundle = keccak256(encode(&[number(2), attestations.clone(), signers.clone()]));
        let (v, r, s) = sign(&attester_key(proposer)?, hash_message(bundle))?;
        let half = |half: H256| Token::FixedBytes(half.0.to_vec());
        let arguments = [
            Token::Tuple(vec![
                Token::FixedBytes(archive.0.to_vec()),
                Token::Tuple(vec![Token::Int(U256::zero())]),
                Token::Tuple(header),
            ]),
            attestations.clone(),
            signers,
            Token::Tuple(vec![number(v.into()), half(r), half(s)]),
            Token::Bytes([&[1, 0xc0][..], &[0; 47]].concat()),
        ];
        let sender = self.oracle()?.account("stranger")?;
        let played = match wish.way {
            Way::Direct => self.send(sender, rollup, PROPOSE, &arguments).await?,
            Way::Wrapped => {
                let call = [&id(PROPOSE)[..], &encode(&arguments)].concat();
                let call = Token::Tuple(vec![Token::Address(rollup), Token::Bool(false), Token::Bytes(call)]);
                let to: Address = MULTICALL3.parse()?;
                self.send(sender, to, "aggregate3((address,bool,bytes)[])", &[Token::Array(vec![call])]).await?
            }
        };
        let pending = self.uint(rollup, "getPendingCheckpointNumber()", &[]).await?.as_u64();
        ensure!(pending == last + 1, "checkpoint {pending} was proposed upon {last}");
        let (number, coinbase) = (pending, wish.coinbase);
        Ok(ProposedCheckpoint { slot, number, proposer, coinbase, committee: attested, played, attestations })
    }

    /// Somebody shows that a checkpoint has too few attestations: it and all after it are gone.
    ///
    /// # Errors
    /// The contract finds enough of them, or a call fails.
    pub async fn invalidate(&self, made: &ProposedCheckpoint) -> anyhow::Result<Played> {
        let rollup = self.oracle()?.contracts.rollup_address;
        let committee = made.committee.iter().map(|(member, _)| Token::Address(*member)).collect();
        let arguments = [number(made.number), made.attestations.clone(), Token::Array(committee)];
        let signature = "invalidateInsufficientAttestations(uint256,(bytes,bytes),address[])";
        self.send(self.oracle()?.account("stranger")?, rollup, signature, &arguments).await
    }

    /// Lets time pass until what nobody proved can be pruned, and prunes it.
    ///
    /// # Errors
    /// There is nothing to prune, or a call fails.
    pub async fn prune(&self) -> anyhow::Result<Played> {
        let rollup = self.oracle()?.contracts.rollup_address;
        self.jump(self.epoch_seconds()? * 2).await?;
        self.send(self.oracle()?.account("stranger")?, rollup, "prune()", &[]).await
    }

    /// The next slot of a rollup, and when it begins.
    async fn next_slot_of(&self, rollup: Address) -> anyhow::Result<(u64, u64)> {
        let genesis = self.uint(rollup, "getGenesisTime()", &[]).await?.as_u64();
        let seconds = self.oracle()?.rollup.slot_duration;
        let slot = (self.timestamp().await? - genesis) / seconds + 1;
        Ok((slot, genesis + slot * seconds))
    }

    /// The archive to build upon, and the number of its checkpoint.
    async fn parent(&self, rollup: Address, time: u64) -> anyhow::Result<(H256, u64)> {
        let answer = self.read(rollup, "canPruneAtTime(uint256)", &[number(time)], &[ParamType::Bool]).await?;
        let is_cut = answer == [Token::Bool(true)];
        let getter = if is_cut { "getProvenCheckpointNumber()" } else { "getPendingCheckpointNumber()" };
        let last = self.uint(rollup, getter, &[]).await?;
        let word = [ParamType::FixedBytes(32)];
        let answer = self.read(rollup, "archiveAt(uint256)", &[Token::Uint(last)], &word).await?;
        let archive = answer.into_iter().next().and_then(Token::into_fixed_bytes).context("no archive")?;
        Ok((H256::from_slice(&archive), last.as_u64()))
    }

    async fn committee(&self, rollup: Address, epoch: u64) -> anyhow::Result<Vec<Address>> {
        let members = [ParamType::Array(Box::new(ParamType::Address))];
        let answer = self.read(rollup, "getEpochCommittee(uint256)", &[number(epoch)], &members).await?;
        let members = answer.into_iter().next().and_then(Token::into_array).context("no committee")?;
        members.into_iter().map(|member| member.into_address().context("no member")).collect()
    }

    async fn uint(&self, to: Address, signature: &str, arguments: &[Token]) -> anyhow::Result<U256> {
        let answer = self.read(to, signature, arguments, &[ParamType::Uint(256)]).await?;
        answer.into_iter().next().and_then(Token::into_uint).with_context(|| format!("{signature} gave no number"))
    }

    async fn leave_blobs_unchecked(&self, rollup: Address) -> anyhow::Result<()> {
        let is_checked = async || self.read(rollup, "checkBlob()", &[], &[ParamType::Bool]).await;
        if is_checked().await? == [Token::Bool(true)] {
            let slot = format!("{:#066x}", U256::from(CHECK_BLOB));
            self.rpc("anvil_setStorageAt", json!([rollup, slot, H256::zero()])).await?;
        }
        ensure!(is_checked().await? == [Token::Bool(false)], "the rollup checks blobs all the same");
        Ok(())
    }
}

/// The hash of a header: of its fields in a row, the time in 8 bytes and fees in 16 (`ProposedHeaderLib`, 4.1.2).
fn hash_of(header: &[Token], (slot, began): (u64, u64), (coinbase, fee): (Address, U256)) -> anyhow::Result<[u8; 32]> {
    let fixed = |index: usize| {
        let token = header.get(index).cloned().and_then(Token::into_fixed_bytes);
        token.context("a field is no word")
    };
    let mut bytes = Vec::new();
    for index in 0..5 {
        bytes.extend(fixed(index)?);
    }
    bytes.extend(H256::from_low_u64_be(slot).0);
    bytes.extend(began.to_be_bytes());
    bytes.extend(coinbase.as_bytes());
    bytes.extend(fixed(8)?);
    bytes.extend([0_u128.to_be_bytes(), fee.as_u128().to_be_bytes()].concat());
    bytes.extend([0; 32]);
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let mut hash = [0; 32];
    hash[1..].copy_from_slice(&digest[..31]);
    Ok(hash)
}
