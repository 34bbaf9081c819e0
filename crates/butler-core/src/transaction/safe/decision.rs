//! Whether an effect is to be proposed now: not while anything alive does it, whoever proposed that, and not twice because an
//! answer was lost.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};
use thiserror::Error;

use super::contents::{NothingToDo, calls_transaction, contents_of};
use super::effect::{Repeated, repeated};
use super::queue::{ChainBehind, QueuedTransaction, free_nonce};
use crate::client::safe::{ListedTransaction, PreparedProposal};
use crate::contracts::safe::{SafeState, SafeTransaction, UnknownVersion};
use crate::domain::action::EffectKey;
use crate::transaction::Call;

/// A proposal that was written down here before it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptProposal {
    /// What it is for.
    pub effect: EffectKey,
    /// It.
    pub proposal: PreparedProposal,
    /// Whether the service was seen to have it.
    pub has_arrived: bool,
}

/// What is known of a Safe when that is decided.
#[derive(Debug, Clone, Copy)]
pub struct SafeView<'a> {
    /// The chain's word, at the newest block.
    pub state: &'a SafeState,
    /// The Safe's nonce at the final block. A transaction that lost its nonce since then may get it back in a reorg, so until that is final
    /// nothing is proposed in its place: both could be executed.
    pub final_nonce: u64,
    /// The service's word: everything from that nonce on.
    pub listed: &'a [ListedTransaction],
    /// What was written down here for this Safe.
    pub kept: &'a [KeptProposal],
    /// What is not executed as things are: it reverts, or somebody deleted it.
    pub dead: &'a BTreeSet<H256>,
}

/// What is to be done for an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: this waits for signatures, to be executed, or for what became of it to be final.
    Waits {
        /// Its hash.
        transaction: H256,
        /// Its nonce.
        nonce: u64,
        /// How much of the effect it is.
        repeated: Repeated,
        /// The account that proposed it; `None` where the service does not say so.
        by: Option<Address>,
    },
    /// This one may not have arrived: its very bytes are sent again.
    SendAgain(H256),
    /// This is proposed.
    Propose(Box<NewProposal>),
}

/// A proposal that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProposal {
    /// What is to be signed.
    pub transaction: SafeTransaction,
    /// Dead ones that it replaces.
    pub replaces: BTreeSet<H256>,
    /// What waits and cannot be read: a person must look whether it is the same effect.
    pub unreadable: BTreeSet<H256>,
}

/// Why it cannot be decided.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Undecided {
    /// The Safe's version is not known.
    #[error(transparent)]
    Version(#[from] UnknownVersion),
    /// The chain was read too early.
    #[error(transparent)]
    Behind(#[from] ChainBehind),
    /// A dead one of the same effect could come to life beside a new one, since that would have another nonce.
    #[error(
        "transaction {transaction:?} of nonce {nonce} is for the same effect and cannot be executed as things are, but could be later\n\
         hint: reject it, or have its nonce used by another transaction"
    )]
    Dead {
        /// It.
        transaction: H256,
        /// Its nonce.
        nonce: u64,
    },
    /// There is no call.
    #[error(transparent)]
    Nothing(#[from] NothingToDo),
}

/// Decides what is done for the effect `key`, which these calls have.
///
/// # Errors
/// See [`Undecided`].
pub fn decide(key: &EffectKey, calls: &[Call], view: &SafeView<'_>) -> Result<Decision, Undecided> {
    let version = view.state.version.clone()?;
    let final_nonce = view.final_nonce.min(view.state.nonce);
    let is_dead = |hash: &H256| view.dead.contains(hash);
    let (mut unreadable, mut dead) = (BTreeSet::new(), BTreeMap::new());
    let mut found: Option<Decision> = None;
    // Anybody can post what nobody signed: that neither stands for an effect nor takes a place.
    let listed = || view.listed.iter().filter(|one| one.is_trusted || !one.confirmed_by.is_empty());
    for one in listed().filter(|one| one.transaction.nonce >= final_nonce) {
        let contents = contents_of(&one.transaction, version);
        if contents.calls.is_empty() && !is_dead(&one.hash) {
            unreadable.insert(one.hash);
        }
        let Some(repeated) = repeated(key, calls, &contents, one.origin.as_deref()) else { continue };
        let nonce = one.transaction.nonce;
        if is_dead(&one.hash) {
            dead.insert(one.hash, nonce);
            continue;
        }
        let waits = Decision::Waits { transaction: one.hash, nonce, repeated, by: one.delegate.or(one.proposer) };
        if repeated == Repeated::Wholly {
            return Ok(waits);
        }
        found.get_or_insert(waits);
    }
    let kept = || view.kept.iter().filter(|one| one.proposal.nonce >= final_nonce);
    for KeptProposal { proposal, has_arrived, .. } in kept().filter(|one| one.effect == *key) {
        let PreparedProposal { hash, nonce, sender, .. } = proposal;
        if is_dead(hash) {
            dead.insert(*hash, *nonce);
            continue;
        }
        // Once its nonce is used it cannot be sent again; whether it stays so is not known yet.
        return Ok(if *has_arrived || *nonce < view.state.nonce {
            let repeated = Repeated::Wholly;
            Decision::Waits { transaction: *hash, nonce: *nonce, repeated, by: Some(*sender) }
        } else {
            Decision::SendAgain(*hash)
        });
    }
    if let Some(partly) = found {
        return Ok(partly);
    }
    let listed = listed().map(|one| QueuedTransaction {
        hash: one.hash,
        nonce: one.transaction.nonce,
        is_executed: one.executed.is_some(),
        is_dead: is_dead(&one.hash),
    });
    // What may never have arrived takes no place: all behind it would wait for ever. Should it be there after all, one of both replaces the other.
    let is_there = |one: &&KeptProposal| one.has_arrived && !is_dead(&one.proposal.hash);
    let ours = kept().filter(is_there).map(|KeptProposal { proposal, .. }| QueuedTransaction {
        hash: proposal.hash,
        nonce: proposal.nonce,
        is_executed: false,
        is_dead: false,
    });
    let free = free_nonce(view.state.nonce, &listed.chain(ours).collect::<Vec<_>>())?;
    // Of two with one nonce only one can ever be executed.
    if let Some((transaction, nonce)) = dead.into_iter().find(|(_, nonce)| *nonce != free.nonce) {
        return Err(Undecided::Dead { transaction, nonce });
    }
    let transaction = calls_transaction(calls, version, free.nonce)?;
    Ok(Decision::Propose(Box::new(NewProposal { transaction, replaces: free.replaces, unreadable })))
}

#[cfg(test)]
mod tests {
    use ethers_core::k256::ecdsa::SigningKey;
    use ethers_core::utils::secret_key_to_address;

    use super::*;
    use crate::contracts::safe::{SafeAccount, SafeVersion};
    use crate::transaction::safe::origin_of_effect;

    const VERSION: SafeVersion = SafeVersion::V1_4_1;
    const SAFE: SafeAccount = SafeAccount { chain_id: 1, address: Address::repeat_byte(0x5a) };
    /// The Safe's next nonce.
    const NEXT: u64 = 5;

    fn call(byte: u8) -> Call {
        Call { to: Address::repeat_byte(byte), value: 0.into(), data: vec![byte; 36].into() }
    }

    fn key(text: &str) -> EffectKey {
        text.parse().unwrap()
    }

    fn listed(calls: &[Call], nonce: u64) -> ListedTransaction {
        let transaction = calls_transaction(calls, VERSION, nonce).unwrap();
        ListedTransaction {
            hash: transaction.hash(&SAFE),
            transaction,
            proposer: Some(Address::repeat_byte(1)),
            delegate: None,
            executed: None,
            submitted: None,
            origin: None,
            is_trusted: true,
            confirmed_by: BTreeSet::new(),
        }
    }

    fn kept(effect: &str, calls: &[Call], nonce: u64, has_arrived: bool) -> KeptProposal {
        let signer = SigningKey::from_slice(&[7; 32]).unwrap();
        let transaction = calls_transaction(calls, VERSION, nonce).unwrap();
        let (signature, recovery) = signer.sign_prehash_recoverable(transaction.hash(&SAFE).as_bytes()).unwrap();
        let signature = [&signature.to_bytes()[..], &[27 + recovery.to_byte()]].concat().try_into().unwrap();
        let (effect, sender) = (key(effect), secret_key_to_address(&signer));
        let origin = origin_of_effect(&effect);
        let proposal = PreparedProposal::new(&SAFE, VERSION, &transaction, (sender, &signature), &origin).unwrap();
        KeptProposal { effect, proposal, has_arrived }
    }

    /// What is decided for the effect `k`, which is two calls.
    fn judge(listed: &[ListedTransaction], kept: &[KeptProposal], dead: &[H256]) -> Decision {
        try_to(listed, kept, dead).unwrap()
    }

    fn try_to(listed: &[ListedTransaction], kept: &[KeptProposal], dead: &[H256]) -> Result<Decision, Undecided> {
        let owners = BTreeSet::from([Address::repeat_byte(1)]);
        let state = SafeState { version: Ok(VERSION), owners, threshold: 1, nonce: NEXT };
        let dead = dead.iter().copied().collect();
        let view = SafeView { state: &state, final_nonce: NEXT - 1, listed, kept, dead: &dead };
        decide(&key("k"), &[call(1), call(2)], &view)
    }

    fn nonce_of(decision: &Decision) -> Option<u64> {
        match decision {
            Decision::Propose(new) => Some(new.transaction.nonce),
            Decision::Waits { .. } | Decision::SendAgain(_) => None,
        }
    }

    #[test]
    fn what_nobody_signed_stands_for_nothing_and_takes_no_place() {
        let posted = |is_trusted, confirmed_by: BTreeSet<Address>| {
            [ListedTransaction { is_trusted, confirmed_by, ..listed(&[call(1), call(2)], NEXT) }]
        };
        assert_eq!(nonce_of(&judge(&posted(false, BTreeSet::new()), &[], &[])), Some(NEXT));
        for signed in [posted(true, BTreeSet::new()), posted(false, BTreeSet::from([Address::repeat_byte(1)]))] {
            assert!(matches!(judge(&signed, &[], &[]), Decision::Waits { nonce: NEXT, .. }));
        }
    }

    #[test]
    fn the_same_of_anybody_is_waited_for_and_that_of_the_past_is_not() {
        let persons = listed(&[call(2), call(9), call(1)], 7);
        let (transaction, by) = (persons.hash, persons.proposer);
        let waits = Decision::Waits { transaction, nonce: 7, repeated: Repeated::Wholly, by };
        assert_eq!(judge(std::slice::from_ref(&persons), &[], &[]), waits);
        assert_eq!(
            nonce_of(&judge(&[listed(&[call(1), call(2)], NEXT - 2)], &[], &[])),
            Some(NEXT),
            "its nonce is used"
        );
        let part = listed(&[call(1)], 6);
        let partly = judge(std::slice::from_ref(&part), &[], &[]);
        assert!(matches!(partly, Decision::Waits { repeated: Repeated::Partly, nonce: 6, .. }));
        assert_eq!(judge(&[part, persons], &[], &[]), waits, "that of all of it is told first");
    }

    #[test]
    fn what_may_not_have_arrived_is_sent_again_and_takes_no_place_from_others() {
        let ours = kept("k", &[call(1), call(2)], NEXT, false);
        let hash = ours.proposal.hash;
        assert_eq!(judge(&[], std::slice::from_ref(&ours), &[]), Decision::SendAgain(hash));
        let arrived = KeptProposal { has_arrived: true, ..ours.clone() };
        assert!(matches!(judge(&[], &[arrived], &[]), Decision::Waits { transaction, .. } if transaction == hash));
        let of_other = |has_arrived| kept("other", &[call(8)], NEXT, has_arrived);
        assert_eq!(nonce_of(&judge(&[], &[of_other(false)], &[])), Some(NEXT));
        assert_eq!(nonce_of(&judge(&[], &[of_other(true)], &[])), Some(NEXT + 1), "lists lag");
        assert_eq!(nonce_of(&judge(&[], &[ours], &[hash])), Some(NEXT), "deleted, or of no use any more");
    }

    #[test]
    fn what_is_dead_is_replaced_under_its_own_nonce_or_not_at_all() {
        let of = |nonce| listed(&[call(1), call(2)], nonce);
        let dead = of(NEXT);
        let Decision::Propose(new) = judge(std::slice::from_ref(&dead), &[], &[dead.hash]) else {
            panic!("it is dead")
        };
        assert_eq!((new.transaction.nonce, new.replaces), (NEXT, BTreeSet::from([dead.hash])));
        // Elsewhere it could be executed beside the new one: behind a gap, beside a second one, before it is final.
        for one in [of(NEXT + 1), of(NEXT - 1)] {
            let (transaction, nonce) = (one.hash, one.transaction.nonce);
            assert_eq!(try_to(&[one], &[], &[transaction]), Err(Undecided::Dead { transaction, nonce }));
        }
        let ours = kept("k", &[call(1), call(2)], NEXT + 1, true);
        let both = [dead.hash, ours.proposal.hash];
        assert!(matches!(try_to(&[dead], &[ours], &both), Err(Undecided::Dead { nonce, .. }) if nonce == NEXT + 1));
    }

    #[test]
    fn what_lost_its_nonce_is_waited_for_until_that_is_final() {
        let replaced = listed(&[call(1), call(2)], NEXT - 1);
        let waits = |decision| matches!(decision, Decision::Waits { nonce, .. } if nonce == NEXT - 1);
        assert!(waits(judge(&[replaced], &[], &[])));
        for has_arrived in [true, false] {
            assert!(waits(judge(&[], &[kept("k", &[call(1), call(2)], NEXT - 1, has_arrived)], &[])));
        }
        assert_eq!(nonce_of(&judge(&[], &[kept("k", &[call(1), call(2)], NEXT - 2, true)], &[])), Some(NEXT));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let mut strange = listed(&[call(1)], NEXT);
        strange.transaction.operation = crate::contracts::safe::Operation::DelegateCall;
        let Decision::Propose(new) = judge(std::slice::from_ref(&strange), &[], &[]) else { panic!("it is another") };
        assert_eq!((new.transaction.nonce, new.unreadable), (NEXT + 1, BTreeSet::from([strange.hash])));
    }

    #[test]
    fn an_unknown_version_or_an_older_chain_decides_nothing() {
        let owners = BTreeSet::from([Address::repeat_byte(1)]);
        let state = SafeState { version: "1.1.1".parse(), owners, threshold: 1, nonce: NEXT };
        let dead = BTreeSet::new();
        let view = SafeView { state: &state, final_nonce: NEXT, listed: &[], kept: &[], dead: &dead };
        assert!(matches!(decide(&key("k"), &[call(1)], &view), Err(Undecided::Version(_))));
        let state = SafeState { version: Ok(VERSION), ..state.clone() };
        let executed = crate::client::safe::ListedExecution { is_successful: Some(true), transaction: None };
        let ahead = [ListedTransaction { executed: Some(executed), ..listed(&[call(3)], NEXT) }];
        let view = SafeView { state: &state, listed: &ahead, ..view };
        assert!(matches!(decide(&key("k"), &[call(1)], &view), Err(Undecided::Behind(_))));
        let view = SafeView { state: &state, listed: &[], ..view };
        assert!(matches!(decide(&key("k"), &[], &view), Err(Undecided::Nothing(_))));
    }
}
