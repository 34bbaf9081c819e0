//! Each obstacle alone, and several at once.

use super::*;
use crate::domain::rollups::FormerRollup;
use crate::domain::samples::{address, deposit, network, provider, provider_id, view};

/// Provider 1 has attesters 1, 2 and 3 in its queue at indices 1 to 3, with BLS keys of their own and right proofs.
fn healthy() -> NetworkSnapshot {
    let mut snapshot = network();
    snapshot.providers.insert(provider_id(1), provider(&[1, 2, 3]));
    for entry in snapshot.providers.values_mut().flat_map(|provider| &mut provider.queue) {
        entry.bls_public_key = Some(H256::from_low_u64_be(entry.index));
        entry.escrow = Some(EscrowView { bls_key_used: false, proof: Some(ProofVerdict::Valid) });
    }
    snapshot.attesters = [1, 2, 3].map(|n| (address(n), view(OnChainStatus::None, false))).into();
    snapshot
}

/// What is found after a change, of each key: place and obstacles.
fn found(change: impl FnOnce(&mut NetworkSnapshot)) -> Vec<(u64, Vec<Obstacle>)> {
    let mut snapshot = healthy();
    change(&mut snapshot);
    bad_queue_keys(&snapshot).into_iter().map(|bad| (bad.place, bad.obstacles)).collect()
}

fn entry(snapshot: &mut NetworkSnapshot, place: usize) -> &mut ProviderQueueEntry {
    &mut snapshot.providers.get_mut(&provider_id(1)).unwrap().queue[place]
}

#[test]
fn a_healthy_queue_has_no_bad_keys() {
    assert_eq!(found(|_| ()), []);
    let unknown = found(|snapshot| entry(snapshot, 0).escrow = Some(EscrowView { bls_key_used: false, proof: None }));
    assert_eq!(unknown, [], "what could not be found out is no finding");
}

#[test]
fn an_address_that_was_ever_registered_is_of_no_use() {
    for (status, was_active, obstacle) in [
        (OnChainStatus::Exiting, true, Obstacle::Exiting),
        (OnChainStatus::Zombie, true, Obstacle::Zombie),
        (OnChainStatus::Validating, true, Obstacle::Active),
        (OnChainStatus::None, true, Obstacle::AddressUsed),
    ] {
        let found = found(|snapshot| {
            snapshot.attesters.insert(address(2), view(status, was_active));
        });
        assert_eq!(found, [(1, vec![obstacle])]);
    }
}

#[test]
fn what_the_escrow_refuses_is_found() {
    for (escrow, obstacle) in [
        (EscrowView { bls_key_used: true, proof: None }, Obstacle::BlsKeyUsed),
        (EscrowView { bls_key_used: false, proof: Some(ProofVerdict::Wrong) }, Obstacle::ProofWrong),
        (
            EscrowView { bls_key_used: false, proof: Some(ProofVerdict::TooDear { cap: 250_000 }) },
            Obstacle::ProofTooDear { cap: 250_000 },
        ),
    ] {
        assert_eq!(found(|snapshot| entry(snapshot, 2).escrow = Some(escrow)), [(2, vec![obstacle])]);
    }
}

#[test]
fn a_key_that_stands_elsewhere_is_found_by_its_address_and_by_its_bls_key() {
    let proven = |n| judged(deposit(n), Some(ProofVerdict::Valid));
    let waiting = found(|snapshot| snapshot.entry_queue = [90, 91, 3].map(proven).to_vec());
    assert_eq!(waiting, [(2, vec![Obstacle::Deposited { place: 2 }])]);
    let stolen = found(|snapshot| {
        let bls_public_key = Some(H256::from_low_u64_be(1));
        snapshot.entry_queue = vec![QueuedDeposit { bls_public_key, ..proven(90) }];
    });
    assert_eq!(stolen, [(0, vec![Obstacle::Deposited { place: 0 }])], "another address with our BLS key");
    let copied = |index, change: fn(&mut ProviderQueueEntry)| {
        found(|snapshot| {
            let mut other = provider(&[80, 81]);
            change(&mut other.queue[index]);
            snapshot.other_providers.insert(provider_id(7), other);
        })
    };
    let obstacle = Obstacle::Copied { provider: provider_id(7), index: 2 };
    assert_eq!(copied(1, |entry| entry.attester = address(1)), [(0, vec![obstacle])]);
    assert_eq!(copied(1, |entry| entry.bls_public_key = Some(H256::from_low_u64_be(1))), [(0, vec![obstacle])]);
}

fn judged(deposit: QueuedDeposit, proof: Option<ProofVerdict>) -> QueuedDeposit {
    QueuedDeposit { escrow: Some(EscrowView { bls_key_used: false, proof }), ..deposit }
}

#[test]
fn a_rival_that_is_refused_itself_takes_nothing_from_a_key_and_one_of_unknown_proof_may() {
    let waiting = |proof| found(|snapshot| snapshot.entry_queue = vec![judged(deposit(1), proof)]);
    assert_eq!(waiting(Some(ProofVerdict::Wrong)), []);
    assert_eq!(waiting(Some(ProofVerdict::TooDear { cap: 9 })), []);
    assert_eq!(waiting(Some(ProofVerdict::Valid)), [(0, vec![Obstacle::Deposited { place: 0 }])]);
    let unproven = Obstacle::DepositedUnproven { rollup: network().canonical(), place: 0 };
    assert_eq!((waiting(None), unproven.effect()), (vec![(0, vec![unproven])], Effect::MayBurn));
    let wrong = Some(EscrowView { bls_key_used: false, proof: Some(ProofVerdict::Wrong) });
    let twins = found(|snapshot| {
        entry(snapshot, 0).escrow = wrong;
        entry(snapshot, 2).attester = address(1);
    });
    assert_eq!(twins, [(0, vec![Obstacle::ProofWrong])], "the one behind its bad twin is good");
    let elsewhere =
        |providers: fn(&mut NetworkSnapshot) -> &mut std::collections::BTreeMap<ProviderId, ProviderFacts>| {
            found(|snapshot| {
                let mut other = provider(&[1]);
                other.queue[0].escrow = wrong;
                providers(snapshot).insert(provider_id(7), other);
            })
            .into_iter()
            .filter(|(_, obstacles)| *obstacles != [Obstacle::ProofWrong])
            .collect::<Vec<_>>()
        };
    assert_eq!(elsewhere(|snapshot| &mut snapshot.other_providers), []);
    let doubled = elsewhere(|snapshot| &mut snapshot.providers);
    assert_eq!(doubled.iter().filter(|(_, why)| !why.contains(&Obstacle::ProofWrong)).count(), 0, "{doubled:?}");
}

#[test]
fn a_key_that_will_be_let_in_at_a_former_rollup_is_taken_as_it_was_before_the_cut_over() {
    let former = RollupId { version: 1.into(), ..network().canonical() };
    let at_former = |moves: bool, proof| {
        found(|snapshot| {
            let waiting = QueuedDeposit { move_with_latest_rollup: moves, ..judged(deposit(2), proof) };
            let entry_queue = vec![judged(deposit(90), None), waiting];
            snapshot.former_rollups = vec![FormerRollup { entry_queue, ..FormerRollup::empty(former, 7) }];
        })
    };
    let told = |obstacle| vec![(1, vec![obstacle])];
    let valid = Some(ProofVerdict::Valid);
    assert_eq!(at_former(false, valid), told(Obstacle::DepositedAtFormer { rollup: former, place: 1 }));
    assert_eq!(at_former(false, None), told(Obstacle::DepositedUnproven { rollup: former, place: 1 }));
    assert_eq!(at_former(false, Some(ProofVerdict::Wrong)), []);
    assert_eq!(at_former(true, valid), [], "what moves along is refused there");
}

#[test]
fn of_a_key_that_we_have_twice_the_later_one_is_bad() {
    let repeated = Obstacle::Repeated { provider: provider_id(1), index: 1 };
    assert_eq!(found(|snapshot| entry(snapshot, 2).attester = address(1)), [(2, vec![repeated])]);
    let same_key = found(|snapshot| entry(snapshot, 1).bls_public_key = Some(H256::from_low_u64_be(1)));
    assert_eq!(same_key, [(1, vec![repeated])]);
}

#[test]
fn of_a_key_in_two_of_our_queues_neither_is_before_the_other() {
    let mut snapshot = healthy();
    snapshot.providers.insert(provider_id(4), provider(&[80, 1]));
    let found: Vec<_> = bad_queue_keys(&snapshot)
        .into_iter()
        .map(|bad| (bad.provider_id, bad.place, bad.effect(), bad.obstacles))
        .collect();
    let doubled = |provider, index| vec![Obstacle::Doubled { provider: provider_id(provider), index }];
    let expected =
        [(provider_id(1), 0, Effect::MayBurn, doubled(4, 2)), (provider_id(4), 1, Effect::MayBurn, doubled(1, 1))];
    assert_eq!(found, expected);
    assert!(bad_queue_keys(&snapshot).iter().all(BadQueueKey::is_only_doubled));
}

#[test]
fn the_worst_comes_first_and_decides_what_happens() {
    let mut snapshot = healthy();
    snapshot.attesters.insert(address(2), view(OnChainStatus::Zombie, true));
    entry(&mut snapshot, 1).escrow = Some(EscrowView { bls_key_used: true, proof: Some(ProofVerdict::Valid) });
    let [bad] = bad_queue_keys(&snapshot).try_into().unwrap();
    assert_eq!(bad.obstacles, [Obstacle::Zombie, Obstacle::BlsKeyUsed]);
    assert_eq!(bad.effect(), Effect::Blocks);
    assert_eq!((bad.index, bad.attester), (2, address(2)));
}

#[test]
fn words_and_names_are_there_for_each() {
    let id = provider_id(7);
    let all = [
        Obstacle::Exiting,
        Obstacle::Zombie,
        Obstacle::Active,
        Obstacle::AddressUsed,
        Obstacle::BlsKeyUsed,
        Obstacle::Deposited { place: 3 },
        Obstacle::DepositedAtFormer { rollup: network().canonical(), place: 3 },
        Obstacle::Repeated { provider: id, index: 9 },
        Obstacle::DepositedUnproven { rollup: network().canonical(), place: 3 },
        Obstacle::Copied { provider: id, index: 9 },
        Obstacle::Doubled { provider: id, index: 9 },
        Obstacle::ProofTooDear { cap: 250_000 },
        Obstacle::ProofWrong,
    ];
    assert!(all.is_sorted());
    for obstacle in all {
        assert!(obstacle.to_string().starts_with("its "), "{obstacle}");
        let json = serde_json::to_value(obstacle).unwrap();
        let name = json.as_str().or_else(|| json.as_object()?.keys().next().map(String::as_str)).unwrap();
        assert_eq!(name, obstacle.name());
    }
}
