//! Checks of what changes a provider's record or shortens its queue. Keys are added in `keys`.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use super::change::{Change, DRIP};
use super::plan::{Decision, Wanted};
use super::refusal::Refusal;
use crate::domain::ids::ProviderId;
use crate::domain::provider::facts::ProviderFacts;
use crate::text::address::checksummed;
use crate::text::time::count;

/// All of a share, in basis points.
const ALL_BPS: u16 = 10_000;
/// How many keys are named one by one.
const NAMED: usize = 10;

/// A provider as the chain has it, and who is to send the change.
#[derive(Debug, Clone, Copy)]
pub struct Provider<'a> {
    /// Its number.
    pub id: ProviderId,
    /// Its record and queue.
    pub facts: &'a ProviderFacts,
    /// Who is to send it, where somebody said so; the admin otherwise.
    pub from: Option<Address>,
}

impl Provider<'_> {
    /// The admin, who sends it.
    ///
    /// # Errors
    /// `NotAdmin` where somebody else was to send it.
    pub fn admin(&self) -> Result<Address, Refusal> {
        let admin = self.facts.admin;
        match self.from.filter(|from| *from != admin) {
            Some(from) => Err(Refusal::NotAdmin { provider: self.id, admin, from }),
            None => Ok(admin),
        }
    }

    /// Sets the share of future delegations, in basis points.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn set_take_rate(&self, take_rate_bps: u16) -> Result<Decision, Refusal> {
        let change = Change::SetTakeRate { provider: self.id, take_rate_bps };
        check_rate(take_rate_bps)?;
        let from = self.admin()?;
        let (id, now) = (self.id, self.facts.take_rate_bps);
        if now == take_rate_bps {
            return Ok(already(format!("provider {id} keeps {} already", percent(now)), change));
        }
        let effect = format!(
            "provider {id} keeps {} of future delegations, and no longer {}",
            percent(take_rate_bps),
            percent(now)
        );
        let remarks = vec![
            "delegations of before keep the share that they were made with".to_owned(),
            format!("delegations that are signed and expect {} will fail, and must be made anew", percent(now)),
        ];
        Ok(wanted(change, from, vec![effect], remarks))
    }

    /// Sets who receives the share of future delegations.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn set_recipient(&self, rewards_recipient: Address) -> Result<Decision, Refusal> {
        let change = Change::SetRecipient { provider: self.id, rewards_recipient };
        present(rewards_recipient, "who receives rewards")?;
        let from = self.admin()?;
        let (id, now) = (self.id, self.facts.rewards_recipient);
        let to = checksummed(&rewards_recipient);
        if now == rewards_recipient {
            return Ok(already(format!("{to} receives the share of provider {id} already"), change));
        }
        let effect = format!("{to} receives the share of future delegations, and no longer {}", checksummed(&now));
        let remarks = vec!["delegations of before pay who received their share then".to_owned()];
        Ok(wanted(change, from, vec![effect], remarks))
    }

    /// Names who may become admin.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn name_admin(&self, admin: Address) -> Result<Decision, Refusal> {
        let change = Change::NameAdmin { provider: self.id, admin };
        present(admin, "the next admin")?;
        let (id, next) = (self.id, checksummed(&admin));
        match self.facts.pending_admin {
            // After the successor accepted, who named it is no admin any more, and there is nothing left to do.
            None if self.facts.admin == admin => {
                return Ok(already(format!("{next} is the admin of provider {id} already"), change));
            }
            Some(named) if self.facts.admin == admin => {
                return Err(Refusal::SuccessorNamed { provider: id, admin, named });
            }
            Some(named) if named == admin => {
                return Ok(already(format!("{next} may take over as admin of provider {id} already"), change));
            }
            Some(_) | None => {}
        }
        let from = self.admin()?;
        let mut effects = vec![format!("{next} may take over as admin of provider {id}")];
        if let Some(named) = self.facts.pending_admin {
            effects.push(format!("{} no longer may", checksummed(&named)));
        }
        let remarks = vec![format!(
            "until {next} accepts (`butler-cli provider accept-admin`), {} is the admin; try first whether it can: a Safe must be able to send",
            checksummed(&from)
        )];
        Ok(wanted(change, from, effects, remarks))
    }

    /// Has the one who was named, the sender, become admin.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn accept_admin(&self, from: Address) -> Result<Decision, Refusal> {
        let change = Change::AcceptAdmin { provider: self.id, admin: from };
        let (id, next) = (self.id, checksummed(&from));
        let named = self.facts.pending_admin;
        if named != Some(from) {
            if self.facts.admin == from {
                return Ok(already(format!("{next} is the admin of provider {id} already"), change));
            }
            return Err(Refusal::NotNamed { provider: id, named, from });
        }
        let effect = format!("{next} is the admin of provider {id}, and no longer {}", checksummed(&self.facts.admin));
        Ok(wanted(change, from, vec![effect], Vec::new()))
    }

    /// Takes keys out of the front of the queue up to this one; `gone` are those that were taken out before.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn drip(&self, last: Address, gone: &BTreeSet<Address>) -> Result<Decision, Refusal> {
        let queue = &self.facts.queue;
        let Some(place) = queue.iter().position(|entry| entry.attester == last) else {
            if gone.contains(&last) {
                let says = format!("{} was taken out already", checksummed(&last));
                return Ok(Decision::Already { says, name: DRIP, change: None });
            }
            return Err(Refusal::NotQueued { provider: self.id, attester: last });
        };
        let going = queue.get(..=place).unwrap_or_default();
        let first = going.first().map_or(0, |entry| entry.index);
        let keys = u64::try_from(going.len()).unwrap_or(u64::MAX);
        let from = self.admin()?;
        let named = going.iter().take(NAMED).map(|entry| format!("{} leaves the queue", checksummed(&entry.attester)));
        let mut effects: Vec<String> = named.collect();
        if let Some(more) = going.len().checked_sub(NAMED).filter(|more| *more > 0) {
            effects.push(format!("so do {} after it", count(more, "key")));
        }
        let remarks = vec![
            "keys that are still good can be added again, at the end of the queue".to_owned(),
            "a delegation that comes before it takes the front key: then one key more goes than is said here"
                .to_owned(),
        ];
        let change = Change::Drip { provider: self.id, first, keys };
        Ok(wanted(change, from, effects, remarks))
    }
}

/// Registers a provider, unless one of `all` has that admin.
///
/// # Errors
/// See [`Refusal`].
pub fn create(
    all: &BTreeMap<ProviderId, &ProviderFacts>,
    (admin, take_rate_bps, rewards_recipient): (Address, u16, Address),
    from: Option<Address>,
) -> Result<Decision, Refusal> {
    let change = Change::CreateProvider { admin, take_rate_bps, rewards_recipient };
    present(admin, "the admin")?;
    present(rewards_recipient, "who receives rewards")?;
    check_rate(take_rate_bps)?;
    let mut of_admin = all.iter().filter(|(_, facts)| facts.admin == admin);
    let is_same =
        |facts: &ProviderFacts| (facts.take_rate_bps, facts.rewards_recipient) == (take_rate_bps, rewards_recipient);
    if let Some((id, _)) = of_admin.clone().find(|(_, facts)| is_same(facts)) {
        return Ok(already(format!("that is provider {id} already"), change));
    }
    if let Some((id, _)) = of_admin.next() {
        return Err(Refusal::OtherTerms { provider: *id, admin });
    }
    let (who, to) = (checksummed(&admin), checksummed(&rewards_recipient));
    let effects = vec![
        format!("there is a provider whose admin is {who}"),
        format!("it keeps {} of its delegations' rewards, which {to} receives", percent(take_rate_bps)),
    ];
    let remarks = vec![
        "its number is not known before: `butler-cli provider find ADMIN` tells it afterwards".to_owned(),
        "nobody has to be asked, and anybody can register a provider in your name: compare all terms with what was meant".to_owned(),
    ];
    Ok(wanted(change, from.unwrap_or(admin), effects, remarks))
}

fn check_rate(take_rate_bps: u16) -> Result<(), Refusal> {
    if take_rate_bps > ALL_BPS { Err(Refusal::TakeRate(take_rate_bps)) } else { Ok(()) }
}

fn present(address: Address, role: &'static str) -> Result<(), Refusal> {
    if address.is_zero() { Err(Refusal::ZeroAddress(role)) } else { Ok(()) }
}

fn already(says: String, change: Change) -> Decision {
    Decision::made_by(change, says)
}

fn wanted(change: Change, from: Address, effects: Vec<String>, remarks: Vec<String>) -> Decision {
    Decision::Wanted(Wanted { change, from, effects, remarks })
}

fn percent(basis_points: u16) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{address, provider, provider_id};
    use crate::transaction::permitted::Places;
    use crate::transaction::plan::Plan;

    fn facts() -> ProviderFacts {
        let queue = provider(&[11, 12, 13]);
        ProviderFacts {
            admin: address(1),
            pending_admin: Some(address(2)),
            take_rate_bps: 1_000,
            rewards_recipient: address(3),
            ..queue
        }
    }

    fn with<'a>(facts: &'a ProviderFacts, from: Option<u64>) -> Provider<'a> {
        Provider { id: provider_id(1), facts, from: from.map(address) }
    }

    /// Who sends it, `None` where it is so already.
    fn sender(decision: Result<Decision, Refusal>) -> Result<Option<Address>, Refusal> {
        decision.map(|decision| match decision {
            Decision::Already { .. } => None,
            Decision::Wanted(wanted) => Some(wanted.from),
        })
    }

    #[test]
    fn what_is_so_already_is_nothing_to_do_and_what_is_not_is_sent_by_the_admin() {
        let facts = facts();
        let ours = with(&facts, None);
        let (admin, nobody) = (Ok(Some(address(1))), Ok(None));
        assert_eq!(sender(ours.set_take_rate(1_000)), nobody);
        assert_eq!(sender(ours.set_take_rate(10_000)), admin);
        assert_eq!(sender(ours.set_recipient(address(3))), nobody);
        assert_eq!(sender(ours.set_recipient(address(4))), admin);
        assert_eq!(sender(ours.name_admin(address(2))), nobody);
        assert_eq!(sender(ours.name_admin(address(5))), admin);
        assert_eq!(sender(ours.accept_admin(address(2))), Ok(Some(address(2))));
        assert_eq!(sender(ours.accept_admin(address(1))), nobody);
        assert_eq!(sender(ours.drip(address(12), &BTreeSet::new())), admin);
        assert_eq!(sender(ours.drip(address(9), &BTreeSet::from([address(9)]))), nobody);
    }

    #[test]
    fn nobody_but_the_admin_sends_it() {
        let facts = facts();
        let other = with(&facts, Some(9));
        let refused = Err(Refusal::NotAdmin { provider: provider_id(1), admin: address(1), from: address(9) });
        assert_eq!(sender(other.set_take_rate(5)), refused);
        assert_eq!(sender(other.set_recipient(address(4))), refused);
        assert_eq!(sender(other.name_admin(address(5))), refused);
        assert_eq!(sender(other.drip(address(11), &BTreeSet::new())), refused);
        let named = Some(address(2));
        let not_named = Err(Refusal::NotNamed { provider: provider_id(1), named, from: address(9) });
        assert_eq!(sender(other.accept_admin(address(9))), not_named);
    }

    #[test]
    fn what_the_registry_or_nobody_could_use_is_refused() {
        let facts = facts();
        let ours = with(&facts, None);
        let zero = Address::zero();
        for refused in [sender(ours.set_recipient(zero)), sender(ours.name_admin(zero))] {
            assert!(matches!(refused, Err(Refusal::ZeroAddress(_))), "{refused:?}");
        }
        assert_eq!(sender(ours.set_take_rate(10_001)), Err(Refusal::TakeRate(10_001)));
        let (provider, admin, named) = (provider_id(1), address(1), address(2));
        assert_eq!(sender(ours.name_admin(admin)), Err(Refusal::SuccessorNamed { provider, admin, named }));
        let attester = address(9);
        assert_eq!(sender(ours.drip(attester, &BTreeSet::new())), Err(Refusal::NotQueued { provider, attester }));
    }

    #[test]
    fn all_keys_up_to_the_one_that_is_named_are_taken_out() {
        let facts = facts();
        let Ok(Decision::Wanted(wanted)) = with(&facts, None).drip(address(12), &BTreeSet::new()) else { panic!() };
        assert_eq!(wanted.change, Change::Drip { provider: provider_id(1), first: 1, keys: 2 });
        assert_eq!(wanted.effects.len(), 2);
    }

    /// What the chain has once a change was made.
    fn after(mut facts: ProviderFacts, change: &Change) -> ProviderFacts {
        match change {
            Change::SetTakeRate { take_rate_bps, .. } => facts.take_rate_bps = *take_rate_bps,
            Change::SetRecipient { rewards_recipient, .. } => facts.rewards_recipient = *rewards_recipient,
            Change::NameAdmin { admin, .. } => facts.pending_admin = Some(*admin),
            Change::AcceptAdmin { admin, .. } => (facts.admin, facts.pending_admin) = (*admin, None),
            Change::Drip { keys, .. } => drop(facts.queue.drain(..usize::try_from(*keys).unwrap())),
            Change::CreateProvider { .. } | Change::AddKeys { .. } | Change::Fund { .. } | Change::Deposit { .. } => {
                panic!("{change:?}")
            }
        }
        facts
    }

    proptest::proptest! {
        #[test]
        fn what_was_made_is_nothing_to_do_and_only_a_permitted_call_makes_it(
            (admin, named, recipient) in (1_u64..4, proptest::option::of(1_u64..4), 1_u64..4),
            (rate, wanted_rate) in (0_u16..10_001, 0_u16..10_001),
            (which, who) in (0..5, 1_u64..16),
        ) {
            let facts = ProviderFacts {
                admin: address(admin),
                pending_admin: named.map(address),
                take_rate_bps: rate,
                rewards_recipient: address(recipient),
                ..provider(&[11, 12, 13])
            };
            let decide = |facts: &ProviderFacts, gone: &BTreeSet<Address>| {
                let ours = with(facts, None);
                match which {
                    0 => ours.set_take_rate(wanted_rate),
                    1 => ours.set_recipient(address(who)),
                    2 => ours.name_admin(address(who)),
                    3 => ours.accept_admin(address(who)),
                    _ => ours.drip(address(who), gone),
                }
            };
            if let Ok(Decision::Wanted(wanted)) = decide(&facts, &BTreeSet::new()) {
                let places = Places {
                    chain_id: 1,
                    staking_registry: address(90),
                    rollup: address(91),
                    staking_asset: address(92),
                    funded: BTreeSet::new(),
                };
                let plan = Plan::new(wanted, places).unwrap();
                let facts = after(facts, plan.change());
                let again = decide(&facts, &BTreeSet::from([address(who)]));
                proptest::prop_assert!(matches!(again, Ok(Decision::Already { .. })), "{:?}", again);
            }
        }
    }

    #[test]
    fn an_admin_registers_once() {
        let facts = facts();
        let all = BTreeMap::from([(provider_id(1), &facts)]);
        let create = |admin, rate, to| sender(create(&all, (address(admin), rate, address(to)), None));
        assert_eq!(create(1, 1_000, 3), Ok(None));
        let (provider, admin) = (provider_id(1), address(1));
        assert_eq!(create(1, 1_001, 3), Err(Refusal::OtherTerms { provider, admin }));
        assert_eq!(create(7, 1_000, 3), Ok(Some(address(7))));
        for (admin, to) in [(0, 3), (7, 0)] {
            assert!(matches!(create(admin, 1, to), Err(Refusal::ZeroAddress(_))), "{admin} {to}");
        }
    }
}
