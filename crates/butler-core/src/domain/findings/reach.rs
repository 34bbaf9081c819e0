//! Every kind of finding is found from facts: none is only a word of the list.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{H256, U256};

use super::*;
use crate::domain::attester::bls_key::BlsKey;
use crate::domain::attester::coinbase::{CoinbasePolicies, CoinbasePolicy};
use crate::domain::attester::duplicates::{ReplicaPolicy, tests::planted};
use crate::domain::attester::overview::{AttesterRow, CoinbaseRules, overview};
use crate::domain::attester::view::OnChainStatus::{None as NoStatus, Validating, Zombie};
use crate::domain::attester::view::{AttesterView, Exit};
use crate::domain::block::BlockRef;
use crate::domain::capability::{AttesterExits, Capability, DatedSlasher, SlasherChange};
use crate::domain::governance::{GovernanceFacts, Leader, Proposal, ProposalState, SignalRound, SignalRules};
use crate::domain::ids::ProviderId;
use crate::domain::operator::host::HostCheck;
use crate::domain::operator::key_book::{CoinbaseFault, KeyBook, KeyEntry, KeyFileGap};
use crate::domain::operator::node::Standing;
use crate::domain::provider::publisher::{Minimum, top_ups};
use crate::domain::provider::rewards::ProviderRewards;
use crate::domain::rollup::QueuedDeposit;
use crate::domain::rollups::{FormerRollup, RollupId};
use crate::domain::samples::{
    address, coinbase, confirm, delegation, deposit, key_entry, network, provider, provider_id, view,
};
use crate::domain::slashing::offence::{OffenceKind, OffenceSum};
use crate::domain::slashing::sentinel::{AttesterDuties, DutyCounts, DutyScope, HeldReport, SentinelReport};
use crate::domain::slashing::{
    Blindness, NetworkSlashing, OpenRound, Pause, PositionVotes, ProposerFacts, SlashAction, SlashingFacts,
    SlashingProposer, SlashingRules,
};
use crate::domain::snapshot::NetworkSnapshot;

const LIMITS: fn() -> Thresholds = Thresholds::default;

/// What is found in a snapshot with these entries of key files.
pub(super) fn of_chain(snapshot: &NetworkSnapshot, book: &KeyBook, policy: CoinbasePolicy) -> Vec<Finding> {
    let rules = CoinbaseRules {
        policies: CoinbasePolicies { network: policy, by_provider: BTreeMap::new() },
        ..CoinbaseRules::default()
    };
    let rows = overview(snapshot, book, &BTreeMap::new(), rules);
    found_with(snapshot, book, &rows)
}

pub(super) fn found_with(snapshot: &NetworkSnapshot, book: &KeyBook, rows: &[AttesterRow]) -> Vec<Finding> {
    let publishers = top_ups(
        book,
        &snapshot.publisher_balances,
        Minimum { per_attester: U256::exp10(17), per_publisher: U256::zero() },
    )
    .unwrap();
    let facts = chain::ChainFacts {
        snapshot,
        book,
        rows,
        publishers: &publishers,
        has_key_files: true,
        of_files: Vec::new(),
        watched: keys::Watched::default(),
        admins: &[],
        replicas: ReplicaPolicy::Refuse,
    };
    chain::of_chain(facts, &LIMITS())
}

pub(super) fn book(entries: Vec<KeyEntry>) -> KeyBook {
    KeyBook { entries, ..KeyBook::default() }
}

/// Attesters 1 to 9, of which most have something wrong.
fn wrong() -> (NetworkSnapshot, KeyBook) {
    let mut snapshot = network();
    snapshot.providers.insert(provider_id(1), provider(&[20, 21]));
    snapshot.providers.get_mut(&provider_id(1)).unwrap().pending_admin = Some(address(1));
    snapshot.providers.insert(provider_id(2), provider(&[]));
    snapshot.attesters = [1, 2, 3, 6].map(|n| (address(n), view(Validating, true))).into();
    snapshot.attesters.extend([4, 5, 8, 20, 21].map(|n| (address(n), view(NoStatus, false))));
    snapshot.attesters.insert(address(7), view(Zombie, true));
    // A stranger's deposit comes first of attester 5; attester 4 was refunded, and 8 once of twice.
    let strangers = QueuedDeposit { withdrawer: address(66), ..deposit(5) };
    snapshot.entry_queue = vec![strangers, deposit(5), deposit(8), deposit(20)];
    snapshot.delegations = [1, 2, 3, 4, 5, 6, 7, 8].map(|n| delegation(n, n, coinbase(100 + n))).to_vec();
    snapshot.delegations.push(delegation(80, 8, coinbase(180)));
    confirm(&mut snapshot);
    snapshot.pending_rewards.insert(coinbase(1), U256::one());
    snapshot.publisher_balances = [(address(50), U256::zero()), (address(51), U256::exp10(16) * 9)].into();
    let registered = H256::repeat_byte(1);
    snapshot.attesters.get_mut(&address(1)).unwrap().bls_public_key = Some(registered);
    let entry = |n, place| key_entry(n, "paris", "paris.json", place);
    let keys = book(vec![
        KeyEntry { publishers: vec![address(50)], bls_public_key: Some(BlsKey(H256::repeat_byte(2))), ..entry(1, 0) },
        KeyEntry { coinbase: Some(coinbase(101)), publishers: vec![address(51)], ..entry(2, 1) },
        KeyEntry { coinbase_fault: Some(CoinbaseFault::Zero), ..entry(3, 2) },
        KeyEntry { coinbase: Some(coinbase(101)), ..entry(6, 4) },
        KeyEntry { coinbase: Some(coinbase(9)), ..entry(21, 3) },
    ]);
    (snapshot, keys)
}

fn of_snapshots() -> Vec<Finding> {
    let (snapshot, keys) = wrong();
    let mut found = of_chain(&snapshot, &keys, CoinbasePolicy::Split);
    // With a file that cannot be read nothing is said of a coinbase that no other names.
    let gap = KeyFileGap::of_anybody("rome.json", "it is empty");
    found.extend(of_chain(&snapshot, &KeyBook { gaps: vec![gap], ..keys }, CoinbasePolicy::Split));
    // No key file has those that validate.
    let one = book(vec![key_entry(9, "paris", "paris.json", 0)]);
    found.extend(of_chain(&snapshot, &one, CoinbasePolicy::Split));
    for planted in planted() {
        found.extend(of_chain(&planted, &KeyBook::default(), CoinbasePolicy::Split));
    }
    let twice = KeyEntry {
        coinbase: Some(coinbase(9)),
        publishers: vec![address(50)],
        bls_public_key: Some(BlsKey(H256::repeat_byte(2))),
        ..key_entry(1, "rome", "rome.json", 0)
    };
    let files = [
        book(vec![twice.clone(), KeyEntry { coinbase: Some(coinbase(8)), ..key_entry(1, "paris", "paris.json", 0) }]),
        book(vec![twice.clone(), key_entry(1, "rome", "rome.json", 1)]),
        book(vec![twice.clone(), KeyEntry { server: "paris".to_owned(), attester: address(2), ..twice.clone() }]),
    ];
    for keys in files {
        found.extend(of_chain(&network(), &keys, CoinbasePolicy::Split));
    }
    let mut left = network();
    left.rollup.attester_exits = Some(AttesterExits { window_seconds: Some(1), limit: None });
    let exit = Exit {
        withdrawal_id: U256::zero(),
        amount: left.rollup.activation_threshold,
        exitable_at: 1,
        unlocks_at: None,
        recipient_or_withdrawer: address(1),
        is_recipient: false,
    };
    left.attesters = [(address(1), AttesterView { exit: Some(exit), ..view(Zombie, true) })].into();
    found.extend(of_chain(&left, &KeyBook::default(), CoinbasePolicy::Split));
    let mut cut_over = network();
    let mut former = FormerRollup::empty(RollupId { address: address(9_100), version: 7.into() }, 0);
    former.attesters = [(address(1), view(Validating, true))].into();
    former.pending_rewards = [(coinbase(101), U256::exp10(18))].into();
    cut_over.attesters = former.attesters.clone();
    let unread = FormerRollup { unread: Some("getAttesterView".to_owned()), ..FormerRollup::empty(former.id, 0) };
    cut_over.former_rollups = vec![former, unread];
    let dated = |at| Some(DatedSlasher { slasher: address(9_200), at });
    cut_over.rollup.slasher_change = Some(SlasherChange { pending: dated(5_000), legacy: dated(6_000) });
    cut_over.rollup.missing.insert(Capability::ExitLimit);
    found.extend(of_chain(&cut_over, &KeyBook::default(), CoinbasePolicy::Split));
    let runway = provider::of_runway(provider_id(1), &provider(&[1]), 1, 0, &LIMITS());
    found.extend(runway.into_iter().chain(publisher::of_runway(address(50), 1, 0, &LIMITS())));
    found.extend(super::keys::of_gone_admins(&[address(77)], &BTreeMap::new()));
    found.extend([program::of_clock(5), program::of_unconfirmed("a")]);
    found.extend(program::of_block(1, 0, 1_000, &LIMITS()));
    found
}

fn of_files() -> Vec<Finding> {
    vec![
        keys::of_fault("a.json", "a.json: it is empty".to_owned()),
        keys::of_kept("a.json", "it is gone"),
        keys::of_all_gone(1),
        keys::of_mixed_schemas("keys", &["a.json".to_owned()]),
        keys::of_dropped_funding("a.json"),
        keys::of_leaking_defaults("a.json", "b.json"),
        keys::of_server_without_keys("server-1"),
        keys::of_unproven_bls(address(1), "a.json", 0),
        keys::of_own_publishers("a.json", 1),
        keys::of_unread_queues(),
        keys::of_cut_queues(),
    ]
}

fn of_slasher() -> Vec<Finding> {
    let clock = network().rollup.clock;
    let rules = SlashingRules {
        quorum: 3,
        round_slots: 4,
        round_epochs: 2,
        committee_size: 2,
        execution_delay_rounds: 1,
        lifetime_rounds: 5,
        offset_rounds: 2,
        amounts: [1, 2, 3].map(|n| U256::exp10(22) * n),
    };
    let mut snapshot = network();
    snapshot.attesters = [1, 2].map(|n| (address(n), view(Validating, true))).into();
    for (attester, stake) in [(1, 11), (2, 12)] {
        let view = snapshot.attesters.get_mut(&address(attester)).unwrap();
        view.effective_balance = U256::exp10(21) * stake;
    }
    let now = snapshot.block.timestamp;
    let current = rules.round_at(&clock, now).unwrap();
    let of = |age: u64, votes: u64, is_paused: bool| {
        let action = SlashAction { attester: address(1), amount: U256::exp10(22) * 3 };
        let round = OpenRound {
            round: current - age,
            vote_count: votes,
            committees: vec![vec![address(1), address(2)], Vec::new()],
            votes: vec![
                PositionVotes([0, 0, votes]),
                PositionVotes([0; 3]),
                PositionVotes([0; 3]),
                PositionVotes([0; 3]),
            ],
            actions: if votes < 3 { Vec::new() } else { vec![action] },
            is_vetoed: false,
        };
        let tally = ProposerFacts {
            address: address(9_003),
            rules,
            current_round: current,
            current_votes: votes,
            current_end: rules.voting_end(&clock, current).unwrap(),
            rounds: vec![round],
        };
        let pause = if is_paused { Pause::Until(now + 1) } else { Pause::None };
        let proposer = SlashingProposer::Tally(Box::new(tally));
        let facts = SlashingFacts { block: snapshot.block, pause, ends_at: None, proposer };
        slashing::of_slashing(&NetworkSlashing::of_one(&snapshot, facts), &snapshot, &LIMITS()).unwrap()
    };
    let mut found = of(0, 1, true);
    found.extend(of(1, 3, false));
    found.extend(of(3, 3, false));
    let blind = SlashingFacts {
        block: snapshot.block,
        pause: Pause::None,
        ends_at: None,
        proposer: SlashingProposer::Unreadable(Blindness::Empire),
    };
    found.extend(
        slashing::of_slashing(&NetworkSlashing::of_one(&snapshot, blind), &snapshot, &LIMITS()).unwrap_or_default(),
    );
    found
}

fn of_governance() -> Vec<Finding> {
    let rules = SignalRules { quorum: 3, round_slots: 5, lifetime_rounds: 5, execution_delay_rounds: 0 };
    let leader = Some(Leader { payload: address(1), signals: 3 });
    let proposal = |state| Proposal { state, created_at: 0, phases: [1; 4] };
    let facts = GovernanceFacts {
        block: BlockRef { ..network().block },
        rules,
        current_round: 10,
        current_end: 0,
        rounds: vec![SignalRound { round: 10, leader, is_submitted: false }],
        proposal_count: 2,
        proposals: vec![proposal(ProposalState::Active), proposal(ProposalState::Queued)],
    };
    governance::of_governance(&facts, 0, &LIMITS())
}

/// Lets a node follow that version.
fn follow(node: &mut node::NodeState, version: u64, standing: Standing) {
    node.rollup = Some(RollupId { address: address(9_000), version: version.into() });
    node.standing = Some(standing);
}

/// A sentinel with this window, which is so many slots behind.
pub(super) fn held_report(slot_window: u64, lag: u64) -> HeldReport {
    HeldReport {
        report: SentinelReport { last_processed_slot: Some(0), slot_window, ..SentinelReport::default() },
        rollup: RollupId { address: address(9_000), version: U256::one() },
        slot: Some(lag),
        scope: DutyScope::All,
    }
}

fn of_machines() -> Vec<Finding> {
    let node = |name: &str, change: fn(&mut node::NodeState)| {
        let mut state = node::NodeState { name: name.to_owned(), is_up: true, ..node::NodeState::default() };
        change(&mut state);
        state
    };
    let nodes = [
        node("down", |node| node.is_up = false),
        node("bad", |node| {
            follow(node, 3, Standing::Canonical);
            node.is_ready = Some(false);
            node.l1_answers = Some(false);
            node.world_in_step = Some(false);
            (node.peers, node.lag, node.proposed) = (Some(0), Some(99), Some(1));
            node.version = Some("1".to_owned());
        }),
        node("elsewhere", |node| follow(node, 1, Standing::Other)),
        node("leaving", |node| {
            follow(node, 2, Standing::Leaving);
            node.is_well = Some(false);
        }),
        node("mute", |node| node.unread = vec!["its tips (timeout)".to_owned()]),
        node("best", |node| {
            follow(node, 3, Standing::Canonical);
            (node.peers, node.proposed) = (Some(1), Some(1_000));
            node.version = Some("2".to_owned());
        }),
    ];
    let mut found = node::of_nodes(&nodes, &LIMITS());
    found.push(sentinel::of_admin_port("alpha", "does not answer"));
    for slot_window in [40, 0] {
        let reports = BTreeMap::from([("alpha".to_owned(), held_report(slot_window, 99))]);
        found.extend(sentinel::of_sentinels(&reports, &BTreeMap::new(), &LIMITS()));
    }
    let silent = BTreeMap::from([("alpha".to_owned(), "timeout".to_owned())]);
    found.extend(sentinel::of_sentinels(&BTreeMap::new(), &silent, &LIMITS()));
    found.push(sentinel::of_untold_rule("alpha", "timeout", false));
    for streak in [3, 16] {
        let counts = DutyCounts { missed: streak, streak, total: None };
        let duties = AttesterDuties { attestations: counts, proposals: counts };
        found.extend(sentinel::of_duties(&BTreeMap::from([(address(1), duties)]), LIMITS().inactive_streak, &LIMITS()));
    }
    let offences = OffenceSum { offences: 1, amount: U256::zero() };
    found.extend(sentinel::of_offences(&BTreeMap::from([((address(1), OffenceKind::Inactivity), offences)])));
    let host = host::HostState {
        name: "paris".to_owned(),
        failed: vec![HostCheck::Dns, HostCheck::P2p],
        certificate_end: Some(0),
    };
    found.extend(host::of_host(&host, 0, &LIMITS()));
    found
}

/// What L1 alone proves of attester 1: a wrong coinbase, another one that proposed nothing, duties missed, a log that is missing.
fn of_duties_on_l1() -> Vec<Finding> {
    use super::duties::tests::{duty, proposal, seen};
    use crate::domain::duties::{Done, DutiesSeen, DutyKind, Gap, NetworkRates};
    use crate::domain::slashing::ToldInSlot;
    let expected = [1, 2].map(|n| (address(n), (coinbase(100 + n), 0))).into();
    let attested = (100..160).map(|slot| duty(DutyKind::Attest, slot, Done::MissedAlone));
    let proposed = [101, 102].map(|slot| duty(DutyKind::Propose, slot, Done::MissedAlone));
    let duties = attested.chain(proposed).chain([duty(DutyKind::Attest, 99, Done::MissedWithMany)]).collect();
    let facts = DutiesSeen {
        network: NetworkRates { members: 1_000, attested: 900, ..NetworkRates::default() },
        gap: Some(Gap { last: 4, found: 6, block: 700 }),
        ..seen(vec![proposal(120, 66), proposal(130, 66)], duties)
    };
    let mut found = super::duties::of_seen(&facts, &expected, &[1, 2].map(address).into(), &LIMITS());
    let mended = DutiesSeen { proposals: vec![proposal(120, 66), proposal(130, 101)], ..facts };
    found.extend(super::duties::of_seen(&mended, &expected, &[1, 2].map(address).into(), &LIMITS()));
    found.push(super::duties::of_failure("timeout"));
    let mut held = held_report(40, 0);
    held.report.told.insert(address(1), vec![(101, ToldInSlot::Mined)]);
    found.extend(contradicted::of_contradicted(
        &DutiesSeen { gap: None, ..mended },
        &BTreeMap::from([("alpha".to_owned(), held)]),
        &LIMITS(),
    ));
    found
}

fn of_program() -> Vec<Finding> {
    let scraper = program::ScraperState {
        name: "l1".to_owned(),
        failed: Some(true),
        restarted_at: Some(0),
        is_unkept: true,
        bad_endpoints: vec!["a".to_owned()],
        ..program::ScraperState::default()
    };
    let process = program::ProcessState {
        certificate_is_current: Some(false),
        configuration_is_current: false,
        textfile_written_at: Some(0),
    };
    let mut found = program::of_scraper(&scraper, 0, &LIMITS());
    found.extend(program::of_process(&process, 1_000_000, &LIMITS()));
    let rewards = ProviderRewards { pending: None, former_recipients: 1, unconfirmed: 0 };
    found.extend(provider::of_rewards(&BTreeMap::<ProviderId, _>::from([(provider_id(1), rewards)])));
    found
}

#[test]
fn every_kind_is_found_from_facts_with_a_severity_that_it_says_it_can_have() {
    let all =
        [of_snapshots(), of_files(), of_slasher(), of_governance(), of_machines(), of_duties_on_l1(), of_program()]
            .concat();
    let found: BTreeSet<FindingKind> = all.iter().map(|finding| finding.kind).collect();
    let never: Vec<&str> = FindingKind::all().filter(|kind| !found.contains(kind)).map(FindingKind::code).collect();
    assert_eq!(never, [""; 0], "nothing makes these");
    for finding in &all {
        assert!(finding.kind.severities().contains(&finding.severity), "{} {}", finding.kind, finding.severity);
        let text = format!("{}. {}", finding.line(), finding.remedy());
        assert!(!text.contains("  ") && !finding.remedy().is_empty() && !finding.remedy().ends_with('.'), "{text}");
    }
}
