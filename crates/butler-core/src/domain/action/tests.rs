use std::collections::BTreeSet;

use ethers_core::types::{Address, H256};

use super::*;

const STEPS: [Step; 17] = [
    Step::Admit(Policy::Off),
    Step::Admit(Policy::Notify),
    Step::Admit(Policy::Approve),
    Step::Admit(Policy::Auto),
    Step::Approve,
    Step::Deny,
    Step::ApprovalExpired,
    Step::Claim,
    Step::LeaseExpired,
    Step::Acted,
    Step::Proven,
    Step::Retry,
    Step::Unknown,
    Step::Refuse,
    Step::GiveUp,
    Step::Retract,
    Step::Revive,
];

fn place() -> Place {
    Place { chain_id: u64::MAX, contract: Address::repeat_byte(0xee) }
}

fn action() -> Action {
    let attester = Address::repeat_byte(0xaa);
    let coinbase = Coinbase::try_from(Address::repeat_byte(0xcc)).unwrap();
    let about = [Part::Address(attester), Part::Address(coinbase.address())];
    Action {
        schema: Schema,
        key: EffectKey::new(ActionKind::ConfigureCoinbase, &place(), &about),
        kind: ActionKind::ConfigureCoinbase,
        place: Place { chain_id: 1, contract: Address::repeat_byte(0xee) },
        subject: ActionSubject::Attester(attester),
        goal: Goal::CoinbaseConfigured {
            provider_id: ProviderId::try_from(7_u64).unwrap(),
            rollup: Address::repeat_byte(0xdd),
            coinbase,
        },
        priority: Priority::Urgent,
        until: Some(1_700_000_000),
        why: "provider 7 was staked with this attester".to_owned(),
        evidence: vec![
            Evidence::Log(LogId {
                block_number: 9,
                log_index: 2,
                block_hash: H256::repeat_byte(1),
                transaction_hash: H256::repeat_byte(2),
            }),
            Evidence::Finding {
                code: "coinbase_missing".to_owned(),
                block_number: 9,
                block_hash: H256::repeat_byte(1),
            },
        ],
        assurance: Assurance::OneEndpoint,
        edits: Vec::new(),
    }
}

/// Every phase with every step: a table that a reader can check against the diagram.
#[test]
fn the_table_of_all_phases_and_steps_is_written_down() {
    let mut table = String::new();
    for phase in Phase::ALL {
        for step in STEPS {
            if let Ok(next) = phase.after(step) {
                table.push_str(&format!("{phase} · {step:?} → {next}\n"));
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_refused_step_names_the_phase_and_changes_nothing() {
    let refused = Phase::Done.after(Step::Claim).unwrap_err();
    assert_eq!(refused.to_string(), "an action that is done does not take the step Claim");
    assert!(
        Phase::ALL.iter().filter(|phase| phase.is_final()).all(|phase| STEPS.iter().all(|s| phase.after(*s).is_err()))
    );
}

#[test]
fn every_phase_is_reached_and_an_end_is_reached_from_every_phase() {
    let mut reached = BTreeSet::from([Phase::Planned]);
    while let Some(next) = reached
        .iter()
        .flat_map(|phase| STEPS.iter().filter_map(|step| phase.after(*step).ok()))
        .find(|next| !reached.contains(next))
    {
        reached.insert(next);
    }
    assert_eq!(reached.len(), Phase::ALL.len());
    let mut ends: BTreeSet<Phase> = Phase::ALL.into_iter().filter(|phase| phase.is_final()).collect();
    while let Some(before) = Phase::ALL.into_iter().find(|phase| {
        !ends.contains(phase) && STEPS.iter().any(|step| phase.after(*step).is_ok_and(|next| ends.contains(&next)))
    }) {
        ends.insert(before);
    }
    assert_eq!(ends.len(), Phase::ALL.len());
}

#[test]
fn nothing_that_writes_is_done_before_a_person_or_the_policy_says_so() {
    let ways: Vec<Step> = STEPS.into_iter().filter(|step| Phase::Planned.after(*step) == Ok(Phase::Due)).collect();
    assert_eq!(ways, [Step::Admit(Policy::Notify), Step::Admit(Policy::Auto)]);
    for kind in ActionKind::ALL {
        let expected = if kind.writes() { Policy::Approve } else { Policy::Notify };
        assert_eq!(kind.default_policy(), expected, "{kind}");
    }
}

#[test]
fn one_endpoint_alone_is_never_enough_to_write_without_a_person() {
    let one = action();
    assert_eq!(one.policy(Policy::Auto), Policy::Approve);
    assert_eq!(one.policy(Policy::Notify), Policy::Notify);
    let two = Action { assurance: Assurance::TwoEndpoints, ..action() };
    assert_eq!(two.policy(Policy::Auto), Policy::Auto);
}

#[test]
fn a_try_whose_end_is_unknown_is_verified_and_not_repeated() {
    for step in [Step::Unknown, Step::LeaseExpired, Step::Acted] {
        assert_eq!(Phase::Running.after(step), Ok(Phase::Verifying));
        assert_eq!(Phase::Verifying.after(step), Ok(Phase::Verifying));
    }
    assert!(Phase::Running.after(Step::Retract).is_err());
    assert!(Phase::Verifying.after(Step::Retract).is_err());
}

#[test]
fn the_longest_key_of_every_kind_fits_and_is_read_again() {
    let address = Part::Address(Address::repeat_byte(0xab));
    let happened = Part::Occurrence(H256::repeat_byte(0xcd), 99_999);
    let long = "strange name/".repeat(40);
    for kind in ActionKind::ALL {
        for about in [[address, address], [address, happened], [Part::Name(&long), happened], [happened, happened]] {
            let key = EffectKey::new(kind, &place(), &about);
            assert!(key.as_str().len() <= KEY_LIMIT, "{} bytes: {key}", key.as_str().len());
            assert_eq!(key.to_string().parse::<EffectKey>(), Ok(key));
        }
        let many = EffectKey::new(kind, &place(), &[happened; 9]);
        assert!(many.to_string().parse::<EffectKey>() == Ok(many));
    }
    for wrong in ["", "a b", "ä", "a\n", &"x".repeat(KEY_LIMIT + 1)] {
        assert_eq!(wrong.parse::<EffectKey>(), Err(InvalidKey), "{wrong}");
    }
}

#[test]
fn strange_names_neither_collide_nor_break_a_key() {
    let names = ["node-1", "node/1", "node 1", "", "node-1\n", "~node-1", "n".repeat(41).leak()];
    let keys: BTreeSet<EffectKey> =
        names.iter().map(|name| EffectKey::new(ActionKind::ConditionBegan, &place(), &[Part::Name(name)])).collect();
    assert_eq!(keys.len(), names.len());
}

#[test]
fn an_action_is_kept_as_it_is_and_another_schema_is_refused() {
    let kept = serde_json::to_string(&action()).unwrap();
    assert_eq!(serde_json::from_str::<Action>(&kept).unwrap(), action());
    insta::assert_snapshot!(serde_json::to_string_pretty(&action()).unwrap());
    let newer = kept.replacen("\"schema\":1", "\"schema\":2", 1);
    let error = serde_json::from_str::<Action>(&newer).unwrap_err().to_string();
    assert!(error.starts_with("the action has schema 2, this program knows 1"), "{error}");
    assert!(serde_json::from_str::<Action>(&kept.replacen('{', "{\"more\":1,", 1)).is_err());
}

#[test]
fn names_of_kinds_phases_and_policies_are_read_as_they_are_written() {
    assert!(ActionKind::ALL.iter().all(|kind| kind.name().parse() == Ok(*kind)));
    assert!(Phase::ALL.iter().all(|phase| phase.name().parse() == Ok(*phase)));
    assert!(Policy::ALL.iter().all(|policy| policy.name().parse() == Ok(*policy)));
    assert!(
        "sudo".parse::<ActionKind>().is_err() && "sudo".parse::<Phase>().is_err() && "sudo".parse::<Policy>().is_err()
    );
}
