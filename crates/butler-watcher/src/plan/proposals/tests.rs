use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use butler_core::config::{WantedConfig, WantedFunding, WantedKeys};
use butler_core::domain::action::{ActionKind, Assurance, Place, Proposal, ProposedCall, Wish};
use butler_core::domain::attester::queue_key::{BadQueueKey, Obstacle};
use butler_core::domain::block::BlockRef;
use butler_core::domain::findings::Thresholds;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::provider::facts::{ProviderFacts, ProviderQueueEntry};
use butler_core::domain::provider::runway::DelegationPace;
use butler_core::transaction::change::Change;
use butler_core::transaction::permitted::Places;
use butler_core::transaction::plan::{Decision, Plan, Wanted as WantedChange};
use butler_core::transaction::wish::proposal_of;
use ethers_core::types::{Address, H256, U256};
use proptest::prelude::*;

use super::*;

const PLACE: Place = Place { chain_id: 1, contract: Address::repeat_byte(0xf0) };
const DAY: u64 = 86_400;

fn address(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

fn id() -> ProviderId {
    7_u64.try_into().unwrap()
}

fn places() -> Places {
    Places {
        chain_id: 1,
        staking_registry: PLACE.contract,
        rollup: address(0xf1),
        staking_asset: address(0xf2),
        funded: (1..9).map(address).collect(),
    }
}

fn rate(take_rate_bps: u16) -> Wish {
    Wish::SetTakeRate { provider: id(), take_rate_bps }
}

fn wanted_change(change: Change) -> WantedChange {
    WantedChange { change, from: address(0xaa), effects: vec!["it is so".to_owned()], remarks: Vec::new() }
}

fn proposal(wish: Wish, change: Change) -> Proposal {
    proposal_of(&Plan::new(wanted_change(change), places()).unwrap(), wish)
}

fn of_rate(take_rate_bps: u16) -> Proposal {
    proposal(rate(take_rate_bps), Change::SetTakeRate { provider: id(), take_rate_bps })
}

fn transfers(amounts: &[(u8, u64)]) -> BTreeMap<Address, U256> {
    amounts.iter().map(|(to, wei)| (address(*to), U256::from(*wei))).collect()
}

fn of_funding(amounts: &[(u8, u64)]) -> Proposal {
    proposal(Wish::FundPublishers, Change::Fund { transfers: transfers(amounts) })
}

fn draft(proposal: Proposal, number: u64) -> Draft {
    let block = BlockRef { number, hash: H256::from_low_u64_be(number), timestamp: number };
    Draft { proposal, why: "the configuration wants it".to_owned(), block }
}

fn said(take_rate_bps: u16) -> Said {
    Said::Wanted(Box::new(draft(of_rate(take_rate_bps), 9)))
}

fn live(take_rate_bps: u16, at: At) -> Before {
    let action = action_of(draft(of_rate(take_rate_bps), 5), PLACE, Assurance::TwoEndpoints, None);
    Before::Live(Box::new(action), at)
}

/// The name of what is to be done.
fn name(next: &Next) -> &'static str {
    match next {
        Next::Leave => "leave",
        Next::Ask(_) => "ask",
        Next::Renew(..) => "renew",
        Next::Retract(_) => "retract",
        Next::Fulfil(_) => "fulfil",
        Next::Forget => "forget",
    }
}

#[test]
fn what_becomes_of_a_slot_is_written_down() {
    let already = || Said::Already("so".to_owned());
    let refused = || Said::Refused("no".to_owned());
    let ended = |rate_bps, became| Before::Ended(rate(rate_bps), became);
    for (said, before, expected) in [
        (said(1), Before::Nothing, "ask"),
        (said(1), live(1, At::Open), "leave"),
        (said(2), live(1, At::Open), "renew"),
        (said(2), live(1, At::Busy), "leave"),
        (said(2), live(1, At::Parked), "leave"),
        (said(1), ended(1, Became::Done), "ask"),
        (said(1), ended(1, Became::TakenBack), "ask"),
        (said(1), ended(1, Became::Denied), "leave"),
        (said(2), ended(1, Became::Denied), "ask"),
        (said(1), ended(1, Became::JustNow), "leave"),
        (already(), Before::Nothing, "leave"),
        (already(), live(1, At::Open), "retract"),
        (already(), live(1, At::Parked), "fulfil"),
        (already(), live(1, At::Busy), "leave"),
        (already(), ended(1, Became::Denied), "forget"),
        (already(), ended(1, Became::JustNow), "leave"),
        (refused(), Before::Nothing, "leave"),
        (refused(), live(1, At::Open), "retract"),
        (refused(), live(1, At::Parked), "leave"),
        (refused(), ended(1, Became::Denied), "leave"),
        (Said::Unknown, live(1, At::Open), "leave"),
        (Said::Unknown, ended(1, Became::Done), "leave"),
    ] {
        assert_eq!(name(&next(said.clone(), before.clone())), expected, "{said:?} {before:?}");
    }
}

#[test]
fn one_that_is_shown_anew_keeps_its_key_and_a_new_occasion_has_another() {
    let of = |number, key| action_of(draft(of_rate(1), number), PLACE, Assurance::OneEndpoint, key).key;
    let first = of(5, None);
    assert_eq!(first.as_str(), format!("set_take_rate/1/{:?}/7/5", PLACE.contract));
    assert_ne!(of(6, None), first);
    assert_eq!(of(6, Some(first.clone())), first);
}

#[test]
fn an_action_says_what_is_different_afterwards_and_leaves_room_for_the_command() {
    let many = Proposal { effects: vec!["a very long effect".to_owned(); 100], ..of_rate(1) };
    let action = action_of(draft(many, 5), PLACE, Assurance::OneEndpoint, None);
    assert!(action.why.len() <= 400 && action.why.contains("so that a very long effect"), "{}", action.why);
    let notices = crate::plan::approvals::notices([&action]);
    assert!(
        notices[0].why.contains(&format!("`butler-cli actions approve {}`", action.key.short())),
        "{}",
        notices[0].why
    );
    let other = action_of(draft(of_rate(2), 5), PLACE, Assurance::OneEndpoint, None);
    assert_ne!(crate::plan::approvals::notices([&other])[0].key, notices[0].key, "it is told again");
}

#[test]
fn what_was_shown_of_a_funding_stands_while_each_lacks_that_much_and_nobody_else_does() {
    let shown = of_funding(&[(1, 50), (2, 70)]);
    for (now, expected) in [
        (of_funding(&[(1, 50), (2, 70)]), true),
        (of_funding(&[(1, 60), (2, 71)]), true),
        (of_funding(&[(1, 49), (2, 70)]), false),
        (of_funding(&[(1, 50)]), false),
        (of_funding(&[(1, 50), (2, 70), (3, 1)]), false),
        (Proposal { from: address(0xab), ..of_funding(&[(1, 50), (2, 70)]) }, false),
        (of_rate(1), false),
    ] {
        assert_eq!(is_as_shown(&shown, &now), expected, "{now:?}");
    }
    assert!(is_as_shown(&of_rate(1), &of_rate(1)) && !is_as_shown(&of_rate(1), &of_rate(2)));
}

fn approved(approved: &Proposal, now: Change) -> Approved {
    as_approved(approved, Decision::Wanted(wanted_change(now)), places()).unwrap()
}

proptest! {
    #[test]
    fn nothing_is_proposed_but_the_very_calls_that_were_approved(
        shown in prop::collection::btree_map(1_u8..5, 1_u64..100, 1..4),
        lacking in prop::collection::btree_map(1_u8..5, 1_u64..100, 1..5),
    ) {
        let [shown, lacking] = [shown, lacking].map(|amounts| amounts.into_iter().collect::<Vec<_>>());
        let proposal = of_funding(&shown);
        let lacks = |(to, wei): &(u8, u64)| lacking.iter().any(|(other, lacks)| to == other && lacks >= wei);
        let may = shown.len() == lacking.len() && shown.iter().all(lacks);
        match approved(&proposal, Change::Fund { transfers: transfers(&lacking) }) {
            Approved::Plan(plan) => {
                prop_assert!(may);
                prop_assert_eq!(proposal_of(&plan, Wish::FundPublishers).digest(), proposal.digest());
            }
            Approved::Void => prop_assert!(!may),
            Approved::Already(says) => prop_assert!(false, "{says}"),
        }
    }

    #[test]
    fn a_changed_byte_of_what_was_approved_is_void(place in any::<prop::sample::Index>(), change in 1_u8..) {
        let mut proposal = of_rate(1);
        let mut data = proposal.calls[0].data.to_vec();
        let place = place.index(data.len());
        data[place] ^= change;
        proposal.calls[0] = ProposedCall { data: data.into(), ..proposal.calls[0].clone() };
        let now = Change::SetTakeRate { provider: id(), take_rate_bps: 1 };
        prop_assert_eq!(approved(&proposal, now), Approved::Void);
    }
}

#[test]
fn keys_that_are_taken_out_elsewhere_meanwhile_make_what_was_approved_void() {
    let change = |first| Change::Drip { provider: id(), first, keys: 1 };
    let wish = Wish::Drip { provider: id(), through: address(3) };
    let shown = proposal(wish, change(4));
    assert!(matches!(approved(&shown, change(4)), Approved::Plan(_)));
    // The same call, and it would take another key.
    assert_eq!(approved(&shown, change(5)), Approved::Void);
    let already = Decision::Already { says: "so".to_owned(), name: "drip", change: None };
    assert_eq!(as_approved(&shown, already, places()), Ok(Approved::Already("so".to_owned())));
}

fn config() -> WantedConfig {
    WantedConfig {
        admin: None,
        create_provider: false,
        take_rate_bps: None,
        rewards_recipient: None,
        keys: None,
        drip_bad_keys: false,
        funding: None,
        look_interval: Duration::from_secs(60),
        service_interval: Duration::from_secs(3600),
    }
}

fn facts(keys: u8) -> ProviderFacts {
    ProviderFacts {
        admin: address(0xaa),
        pending_admin: None,
        take_rate_bps: 700,
        rewards_recipient: address(0xbb),
        queue: (1..=keys).map(|key| ProviderQueueEntry::new(u64::from(key), address(key))).collect(),
    }
}

/// What is wanted of provider 7 as it is, by kind.
fn found(config: &WantedConfig, facts: ProviderFacts, more: (&[BadQueueKey], &[ActionKind])) -> Vec<Wanted> {
    let (bad_keys, open) = more;
    let open: BTreeSet<Slot> = open.iter().map(|kind| Slot { kind: *kind, provider: Some(id()) }).collect();
    let paces = [(id(), DelegationPace { delegations: 10, seconds: 10 * DAY })].into();
    let have = Have {
        providers: &[(id(), facts)].into(),
        bad_keys,
        config,
        admins: &[],
        paces: &paces,
        open: &open,
        thresholds: &Thresholds::default(),
    };
    wishes(&have).into_values().flatten().collect()
}

fn wish_of(config: &WantedConfig, facts: ProviderFacts) -> Vec<Wish> {
    found(config, facts, (&[], &[])).into_iter().map(|wanted| wanted.wish).collect()
}

#[test]
fn what_the_configuration_wants_and_the_chain_has_otherwise_is_wanted() {
    assert_eq!(wish_of(&config(), facts(1)), []);
    let wanted = WantedConfig { take_rate_bps: Some(700), rewards_recipient: Some(address(0xbb)), ..config() };
    assert_eq!(wish_of(&wanted, facts(1)), []);
    let recipient = address(0xbc);
    let wanted = WantedConfig { take_rate_bps: Some(5), rewards_recipient: Some(recipient), ..wanted };
    let set = Wish::SetRecipient { provider: id(), rewards_recipient: recipient };
    assert_eq!(wish_of(&wanted, facts(1)), [rate(5), set]);
    // Somebody else's provider is nobody's to change.
    let theirs = WantedConfig { admin: Some(address(0xac)), ..wanted };
    assert_eq!(wish_of(&theirs, facts(1)), []);
}

#[test]
fn who_is_wanted_as_admin_accepts_once_it_was_named() {
    let next = address(0xac);
    let wanted = WantedConfig { admin: Some(next), ..config() };
    let named = |named| ProviderFacts { pending_admin: named, ..facts(1) };
    assert_eq!(wish_of(&wanted, named(None)), []);
    assert_eq!(wish_of(&wanted, named(Some(address(0xad)))), []);
    assert_eq!(wish_of(&wanted, named(Some(next))), [Wish::AcceptAdmin { provider: id(), admin: next }]);
    let is = ProviderFacts { admin: next, ..named(Some(next)) };
    assert_eq!(wish_of(&wanted, is), []);
}

#[test]
fn a_queue_is_short_by_its_keys_or_by_its_pace_and_no_longer_short_only_when_it_clearly_is_not() {
    let keys = WantedKeys { file: PathBuf::new(), runway: Duration::from_secs(14 * DAY), at_once: 10 };
    let wanted = WantedConfig { keys: Some(keys), ..config() };
    let is_short = |keys, open: &[ActionKind]| !found(&wanted, facts(keys), (&[], open)).is_empty();
    assert!(is_short(0, &[]) && is_short(4, &[]), "whatever the pace");
    assert!(is_short(13, &[]) && !is_short(14, &[]), "one key a day");
    assert!(is_short(16, &[ActionKind::AddKeys]) && !is_short(18, &[ActionKind::AddKeys]));
}

#[test]
fn keys_at_the_front_that_burn_are_taken_out_and_nothing_behind_a_good_one_is() {
    let wanted = WantedConfig { drip_bad_keys: true, ..config() };
    let bad = |index: u8, obstacle| BadQueueKey {
        provider_id: id(),
        index: index.into(),
        place: 0,
        attester: address(index),
        obstacles: vec![obstacle],
    };
    let through = |bad: &[BadQueueKey]| {
        found(&wanted, facts(4), (bad, &[])).first().map(|wanted| {
            let Wish::Drip { through, .. } = wanted.wish else { panic!("{:?}", wanted.wish) };
            through
        })
    };
    assert_eq!(through(&[]), None);
    assert_eq!(through(&[bad(2, Obstacle::Active)]), None, "a delegation takes the good one first");
    let (first, second) = (bad(1, Obstacle::BlsKeyUsed), bad(2, Obstacle::Exiting));
    assert_eq!(through(&[first.clone(), second, bad(4, Obstacle::Active)]), Some(address(2)));
    let copied = Obstacle::Copied { provider: id(), index: 1 };
    assert_eq!(through(&[bad(1, copied)]), None, "that may be good");
    let other = BadQueueKey { provider_id: 8_u64.try_into().unwrap(), ..first };
    assert_eq!(through(&[other]), None);
}

#[test]
fn a_provider_is_created_only_when_asked_for_and_that_admin_has_none_and_who_pays_funds() {
    let (admin, recipient) = (address(0xac), address(0xbc));
    let terms =
        WantedConfig { admin: Some(admin), take_rate_bps: Some(5), rewards_recipient: Some(recipient), ..config() };
    assert_eq!(wish_of(&terms, facts(1)), []);
    let asked = WantedConfig { create_provider: true, ..terms };
    let created = Wish::CreateProvider { admin, take_rate_bps: 5, rewards_recipient: recipient };
    assert_eq!(wish_of(&asked, facts(1)), [created]);
    let has = ProviderFacts { admin, take_rate_bps: 5, rewards_recipient: recipient, ..facts(1) };
    assert_eq!(wish_of(&asked, has), []);
    let funding = WantedFunding { payer: address(0xcc), cap: 1.into(), floor: None, fill_percent: 150 };
    let funded = found(&WantedConfig { funding: Some(funding), ..config() }, facts(1), (&[], &[]));
    assert_eq!(
        funded.iter().map(|wanted| (wanted.wish, wanted.from)).collect::<Vec<_>>(),
        [(Wish::FundPublishers, address(0xcc))]
    );
}
