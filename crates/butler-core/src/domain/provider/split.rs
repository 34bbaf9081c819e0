//! The split of each delegation, and whether the chain confirms that it is the one that the StakingRegistry made for it.
//!
//! A log alone proves nothing: one endpoint can make it up. A coinbase is confirmed when the configured factory told of
//! its creation beside the delegation, the contract itself keeps the hash of those parameters, these are the provider's
//! terms of that moment, and no other delegation claims it. Nobody is told to use any other.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};
use strum::{EnumCount as _, VariantArray as _};

use crate::text::closed::every;

pub use crate::domain::provider::split_record::{SplitRecord, WHOLE_BPS};

use crate::domain::attester::delegation::Delegation;
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::terms::{ProviderTerms, Term};

/// Why the coinbase that a delegation names is not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::VariantArray, strum::EnumCount)]
#[serde(rename_all = "snake_case")]
pub enum Unconfirmed {
    /// The factory told of no such split in the delegation's transaction.
    NoSplitBeside,
    /// The contract at the coinbase does not keep the hash of what was told of it.
    OtherHash,
    /// Its recipients or shares are not the provider's terms at that time.
    OtherTerms,
    /// What is known of the provider's terms contradicts the registry.
    TermsUnknown,
    /// Another delegation names the same coinbase.
    SharedCoinbase,
    /// Two endpoints tell different things about the delegation.
    EndpointsDisagree,
    /// One of several endpoints alone told some of what speaks for it, now and before.
    OneEndpoint,
}

impl Unconfirmed {
    /// Every reason.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The reason in words, to follow "because".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NoSplitBeside => "the factory made no such split in the delegation's transaction",
            Self::OtherHash => "the contract at that address is not the split that the log tells of",
            Self::OtherTerms => "that split has other recipients or shares than the provider's at that time",
            Self::TermsUnknown => "the events of the provider's terms contradict the registry",
            Self::SharedCoinbase => "several delegations name that coinbase",
            Self::EndpointsDisagree => "the L1 endpoints tell different things about the delegation",
            Self::OneEndpoint => "only one of the L1 endpoints tells it, and no other confirmed it yet",
        }
    }
}

/// What is known of the split of one coinbase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitCheck {
    /// The chain confirms it.
    Confirmed(SplitRecord),
    /// It does not.
    Unconfirmed(Unconfirmed),
}

impl SplitCheck {
    /// The split, where it is confirmed.
    #[must_use]
    pub fn confirmed(&self) -> Option<&SplitRecord> {
        match self {
            Self::Confirmed(record) => Some(record),
            Self::Unconfirmed(_) => None,
        }
    }

    /// Why it is not confirmed.
    #[must_use]
    pub fn unconfirmed(&self) -> Option<Unconfirmed> {
        match self {
            Self::Confirmed(_) => None,
            Self::Unconfirmed(why) => Some(*why),
        }
    }
}

/// What was read to judge splits by.
#[derive(Debug, Clone, Copy)]
pub struct SplitEvidence<'a> {
    /// Every delegation of our providers, with what the factory told beside it.
    pub delegations: &'a [Delegation],
    /// The terms of their providers.
    pub terms: &'a BTreeMap<ProviderId, ProviderTerms>,
    /// The coinbases that keep the hash of their record at this block.
    pub intact: &'a BTreeSet<Coinbase>,
    /// Coinbases that the factory told of in a form that the registry never gives.
    pub misfits: &'a BTreeSet<Coinbase>,
    /// Coinbases about whose delegations or contracts endpoints disagree.
    pub disputed: &'a BTreeSet<Coinbase>,
}

/// What is known of each coinbase that a delegation names.
#[must_use]
pub fn check_splits(evidence: &SplitEvidence<'_>) -> BTreeMap<Coinbase, SplitCheck> {
    let mut claims: BTreeMap<Coinbase, usize> = BTreeMap::new();
    for delegation in evidence.delegations {
        *claims.entry(delegation.coinbase).or_default() += 1;
    }
    let registered = registered_recipients(evidence);
    evidence
        .delegations
        .iter()
        .map(|delegation| {
            let is_shared = claims.get(&delegation.coinbase).is_none_or(|claims| *claims > 1);
            let check = match judge(evidence, &registered, delegation, is_shared) {
                Ok(record) => SplitCheck::Confirmed(record),
                Err(why) => SplitCheck::Unconfirmed(why),
            };
            (delegation.coinbase, check)
        })
        .collect()
}

/// The one recipient that all splits have which were made before their provider first changed it; `None` where they differ.
fn registered_recipients(evidence: &SplitEvidence<'_>) -> BTreeMap<ProviderId, Option<Address>> {
    let mut recipients: BTreeMap<ProviderId, Option<Address>> = BTreeMap::new();
    for delegation in evidence.delegations {
        let term = evidence.terms.get(&delegation.provider_id).map(|terms| terms.recipient_at(delegation.log));
        let (Some(Term::AsRegistered), Some(record)) = (term, delegation.split) else { continue };
        let common = recipients.entry(delegation.provider_id).or_insert(Some(record.provider_recipient));
        *common = common.filter(|recipient| *recipient == record.provider_recipient);
    }
    recipients
}

fn judge(
    evidence: &SplitEvidence<'_>,
    registered: &BTreeMap<ProviderId, Option<Address>>,
    delegation: &Delegation,
    is_shared: bool,
) -> Result<SplitRecord, Unconfirmed> {
    if is_shared {
        return Err(Unconfirmed::SharedCoinbase);
    }
    if evidence.disputed.contains(&delegation.coinbase) {
        return Err(Unconfirmed::EndpointsDisagree);
    }
    let is_misfit = evidence.misfits.contains(&delegation.coinbase);
    let without = if is_misfit { Unconfirmed::OtherTerms } else { Unconfirmed::NoSplitBeside };
    let record = delegation.split.ok_or(without)?;
    if !evidence.intact.contains(&delegation.coinbase) {
        return Err(Unconfirmed::OtherHash);
    }
    let terms = evidence.terms.get(&delegation.provider_id).ok_or(Unconfirmed::TermsUnknown)?;
    let recipient = match terms.recipient_at(delegation.log) {
        Term::Known(recipient) => Some(recipient),
        Term::AsRegistered => registered.get(&delegation.provider_id).copied().flatten(),
        Term::Contradicted => return Err(Unconfirmed::TermsUnknown),
    };
    let fits_rate = match terms.take_rate_at(delegation.log) {
        Term::Known(rate) => record.provider_bps == rate,
        Term::AsRegistered => true,
        Term::Contradicted => return Err(Unconfirmed::TermsUnknown),
    };
    if recipient != Some(record.provider_recipient) || !fits_rate {
        return Err(Unconfirmed::OtherTerms);
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use ethers_core::types::U256;

    use super::*;
    use crate::domain::provider::terms::{TermsChange, TermsEvent, provider_terms};
    use crate::domain::samples::{address, coinbase, delegation, provider, provider_id, record};

    fn checks(
        delegations: &[Delegation],
        events: &[TermsEvent],
        intact: &[u64],
        disputed: &[u64],
    ) -> BTreeMap<Coinbase, SplitCheck> {
        let terms = provider_terms(&BTreeMap::from([(provider_id(1), provider(&[]))]), events);
        let set = |numbers: &[u64]| numbers.iter().map(|number| coinbase(*number)).collect();
        let (intact, disputed) = (set(intact), set(disputed));
        let misfits = BTreeSet::from([coinbase(113)]);
        let evidence =
            SplitEvidence { delegations, terms: &terms, intact: &intact, misfits: &misfits, disputed: &disputed };
        check_splits(&evidence)
    }

    fn why(delegation: Delegation, intact: &[u64], disputed: &[u64]) -> Option<Unconfirmed> {
        checks(&[delegation], &[], intact, disputed)[&delegation.coinbase].unconfirmed()
    }

    #[test]
    fn a_split_is_confirmed_when_log_hash_and_terms_fit() {
        let good = Delegation { split: Some(record()), ..delegation(10, 1, coinbase(110)) };
        assert_eq!(why(good, &[110], &[]), None);
        assert_eq!(why(Delegation { split: None, ..good }, &[110], &[]), Some(Unconfirmed::NoSplitBeside));
        assert_eq!(why(good, &[111], &[]), Some(Unconfirmed::OtherHash));
        assert_eq!(why(good, &[110], &[110]), Some(Unconfirmed::EndpointsDisagree));
        for other in [
            SplitRecord { provider_recipient: address(66), ..record() },
            SplitRecord { provider_bps: 999, ..record() },
            // A thief that puts itself first.
            SplitRecord { provider_recipient: address(66), delegator_recipient: address(8_001), ..record() },
        ] {
            let other = Delegation { split: Some(other), ..good };
            assert_eq!(why(other, &[110], &[]), Some(Unconfirmed::OtherTerms));
        }
        let misfit = Delegation { split: None, ..delegation(10, 1, coinbase(113)) };
        assert_eq!(why(misfit, &[], &[]), Some(Unconfirmed::OtherTerms));
        let stranger = Delegation { provider_id: provider_id(2), ..good };
        assert_eq!(why(stranger, &[110], &[]), Some(Unconfirmed::TermsUnknown));
    }

    #[test]
    fn a_coinbase_that_two_delegations_claim_is_nobodys() {
        let one = Delegation { split: Some(record()), ..delegation(10, 1, coinbase(110)) };
        let other = Delegation { split: Some(record()), ..delegation(11, 2, coinbase(110)) };
        let checks = checks(&[one, other], &[], &[110], &[]);
        assert_eq!(checks[&coinbase(110)], SplitCheck::Unconfirmed(Unconfirmed::SharedCoinbase));
    }

    #[test]
    fn before_the_first_change_all_splits_must_have_one_recipient() {
        let log = delegation(50, 1, coinbase(1)).log;
        let change = TermsChange::Recipient { recipient: address(8_001) };
        let events = [TermsEvent { log, provider_id: provider_id(1), change }];
        let first = SplitRecord { provider_recipient: address(8_000), ..record() };
        let made =
            |block: u64, split| Delegation { split: Some(split), ..delegation(block, block, coinbase(100 + block)) };
        let old = [made(10, first), made(20, first), made(60, record())];
        let intact = [110, 120, 130, 160];
        assert!(checks(&old, &events, &intact, &[]).values().all(|check| check.confirmed().is_some()));
        let forged = SplitRecord { provider_recipient: address(66), ..record() };
        let with_forged = [made(10, first), made(20, first), made(30, forged), made(60, record())];
        let found = checks(&with_forged, &events, &intact, &[]);
        let confirmed: Vec<bool> = found.values().map(|check| check.confirmed().is_some()).collect();
        assert_eq!(confirmed, [false, false, false, true], "nobody can say which of them is right");
    }

    #[test]
    fn only_parameters_of_the_registrys_form_are_a_record() {
        let parameters = |recipients: &[u64], parts: &[u64], total: u64, incentive| {
            let recipients: Vec<Address> = recipients.iter().map(|number| address(*number)).collect();
            let parts: Vec<U256> = parts.iter().map(|part| (*part).into()).collect();
            SplitRecord::new(&recipients, &parts, total.into(), incentive)
        };
        let record = parameters(&[1, 2], &[700, 9_300], 10_000, 0).unwrap();
        assert_eq!((record.provider_recipient, record.provider_bps), (address(1), 700));
        assert!(parameters(&[1, 2], &[0, 10_000], 10_000, 0).is_some());
        assert!(parameters(&[1, 2], &[10_000, 0], 10_000, 0).is_some());
        for (recipients, parts, total, incentive) in [
            (&[1, 2][..], &[700, 9_300][..], 9_999, 0),
            (&[1, 2], &[700, 9_300], 10_000, 1),
            (&[1, 2], &[7, 93], 100, 0),
            (&[1, 2], &[700, 9_301], 10_000, 0),
            (&[1, 2], &[70_000, 0], 70_000, 0),
            (&[1, 2, 3], &[700, 9_300], 10_000, 0),
            (&[1, 2], &[700, 9_299, 1], 10_000, 0),
            (&[1], &[10_000], 10_000, 0),
            (&[], &[], 0, 0),
        ] {
            assert_eq!(parameters(recipients, parts, total, incentive), None, "{recipients:?} {parts:?} {total}");
        }
        assert_eq!(record.provider_part(199.into()), Some(13.into()), "rounded down");
        assert_eq!(record.provider_part(U256::MAX), None);
    }
}
