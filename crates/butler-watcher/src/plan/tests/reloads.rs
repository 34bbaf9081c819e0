//! When the nodes of a server are asked to load a keystore whose files are right, when not, and when that is taken back.

use std::collections::BTreeMap;

use butler_core::domain::action::{Action, Assurance, CoinbaseBefore, KeystoreContent, KeystoreFile, Part};
use butler_core::domain::duties::{Fate, SeenProposal, Used};
use butler_core::key_files::edit::{FileView, FolderView, Setting as Value, ValidatorView};
use butler_core::text::address::checksummed;

use super::*;
use crate::plan::proofs::{
    Asked, At, Became, Contradiction, Live, Reloading, Reloads, Remedy, Server, Telling, decide,
};
use crate::plan::views::Views;

const SLOT: u64 = 72;
const RIGHT: u8 = 1;

fn wrong(attester: u8, first: u64, last: u64, count: u64) -> (Address, Contradiction) {
    let at = |slot: u64| SeenProposal {
        number: slot,
        slot,
        proposer: address(attester),
        coinbase: address(2),
        transaction: H256::from_low_u64_be(slot),
        block: slot * 6,
        fate: Fate::Stands,
        rollup: None,
    };
    let (first, last) = (at(first), at(last));
    let one = Contradiction {
        id: first.slot,
        id_block: Some(first.block),
        right: coinbase(RIGHT),
        first,
        last,
        used: Used::Wrong,
        count,
        ended: None,
    };
    (address(attester), one)
}

/// A keystore that gives these attesters that coinbase.
fn keystore(attesters: &[u8], coinbase: u8) -> FolderView {
    let validator = |(index, attester): (usize, &u8)| ValidatorView {
        index,
        attesters: vec![address(*attester)],
        is_single: true,
        coinbase: Value::Address(address(coinbase)),
        publishers: Vec::new(),
    };
    let file = FileView {
        name: "keys.json".to_owned().try_into().unwrap(),
        digest: H256::repeat_byte(coinbase),
        frame: Some(H256::zero()),
        mode: 0o600,
        uid: 0,
        gid: 0,
        coinbase: Value::Absent,
        validators: attesters.iter().enumerate().map(validator).collect(),
    };
    FolderView { files: vec![file], hidden: 0, obstacles: Vec::new() }
}

fn content(byte: u8) -> KeystoreContent {
    KeystoreContent::of(vec![KeystoreFile { name: "keys.json".to_owned(), digest: H256::repeat_byte(byte) }])
}

/// A server that runs attesters 5 and 6, of which nothing was asked yet.
fn server() -> Server<'static> {
    Server {
        name: "paris",
        nodes: vec!["one".to_owned()],
        content: Some(content(RIGHT)),
        loaded_at: None,
        is_served: false,
        is_wanted: true,
        live: None,
        last: None,
    }
}

fn decided(server: &Server<'_>, open: &[(Address, Contradiction)], seen: Option<&FolderView>) -> Reloads {
    let mut views = Views::default();
    // What was seen before stands.
    views.take("paris", Ok(seen.cloned().unwrap_or_else(|| keystore(&[5, 6], RIGHT))));
    let remedy = |(attester, one): &(Address, Contradiction)| {
        let edits = views.edits(*attester, one.right);
        let servers = BTreeSet::from(["paris".to_owned()]);
        let is_right = |before: CoinbaseBefore| before == CoinbaseBefore::AsWanted;
        let remedy = match edits.first() {
            Some(edit) if is_right(edit.before) => Remedy::Reload(servers),
            Some(_) => Remedy::Write(servers),
            None => Remedy::Unknown,
        };
        (*attester, remedy)
    };
    let (remedies, reloads, former) = (open.iter().map(remedy).collect(), BTreeMap::new(), BTreeMap::new());
    let telling = Telling {
        place: setting().at(address(REGISTRY)),
        assurance: Assurance::TwoEndpoints,
        clock: RollupClock { genesis_time: 0, slot_seconds: SLOT, epoch_slots: 32 },
        former: &former,
        remedies: &remedies,
        reloads: &reloads,
    };
    let open: Vec<_> = open.iter().map(|(attester, one)| (*attester, one)).collect();
    let mut into = Reloads::default();
    decide(server, &open, seen, &telling, &mut into);
    into
}

fn right() -> FolderView {
    keystore(&[5, 6], RIGHT)
}

/// What is asked for of a server of which nothing is live.
fn asked(server: &Server<'_>, open: &[(Address, Contradiction)]) -> Option<(Action, Asked)> {
    let found = decided(server, open, Some(&right()));
    assert!(found.anew.is_empty() && found.retractions.is_empty(), "{found:?}");
    found.asks.into_iter().next()
}

/// The server with what was asked for it because of those, at a place of its life.
fn live(open: &[(Address, Contradiction)], at: At) -> Server<'static> {
    let (action, asked) = asked(&server(), open).unwrap();
    Server { live: Some(Live { action, at }), last: Some((asked, Became::Live)), ..server() }
}

#[test]
fn however_many_attesters_are_contradicted_one_reload_is_asked_for_that_says_why_and_what() {
    let (action, remembered) = asked(&server(), &[wrong(6, 12, 20, 3), wrong(5, 10, 10, 1)]).unwrap();
    let place = setting().at(address(REGISTRY));
    assert_eq!(
        action.key,
        EffectKey::new(ActionKind::ReloadKeystore, &place, &[Part::Name("paris"), Part::Number(120)])
    );
    assert_eq!((action.subject.clone(), action.priority), (ActionSubject::Named("paris".to_owned()), Priority::Urgent));
    let nodes = vec!["one".to_owned()];
    assert_eq!(action.goal, Goal::KeystoreLoaded { server: "paris".to_owned(), nodes, content: content(RIGHT) });
    let [five, six] = [5, 6].map(|byte| checksummed(&address(byte)).to_string());
    let words = format!("the 4 proposals of {five} since slot 10, {six} since slot 12 paid others");
    assert!(action.why.contains(&words), "{}", action.why);
    assert_eq!(action.evidence.len(), 3, "the first of each and the newest");
    assert_eq!(remembered, Asked { key: action.key, block: 120, count: 4, before: 0 });

    let many: Vec<_> = (10..40).map(|attester| wrong(attester, u64::from(attester), 50, 9)).collect();
    let attesters: Vec<u8> = (10..40).collect();
    let found = decided(&server(), &many, Some(&keystore(&attesters, RIGHT)));
    let why = &found.asks[0].0.why;
    assert!(why.contains("and 27 more attesters") && why.ends_with("load it as it is") && why.len() <= 640, "{why}");
}

#[test]
fn nothing_is_asked_for_where_it_would_be_of_no_use() {
    let open = [wrong(5, 10, 10, 1)];
    let table = [
        ("no admin port", Server { nodes: Vec::new(), ..server() }),
        ("it is not seen, or its node would refuse it", Server { content: None, ..server() }),
        ("a coinbase is being configured there", Server { is_served: true, ..server() }),
        ("its nodes loaded it since", Server { loaded_at: Some(10 * SLOT + 1), ..server() }),
        ("it was proposed within a slot of that", Server { loaded_at: Some(9 * SLOT + 1), ..server() }),
    ];
    for (why, server) in table {
        assert_eq!(asked(&server, &open), None, "{why}");
    }
    assert!(asked(&Server { loaded_at: Some(9 * SLOT), ..server() }, &open).is_some(), "a slot lies between");
    assert_eq!(asked(&server(), &[]), None);
    for (why, view) in [("a file is wrong", keystore(&[5], 9)), ("it runs others", keystore(&[7], RIGHT))] {
        assert_eq!(decided(&server(), &open, Some(&view)), Reloads::default(), "{why}");
    }
}

#[test]
fn what_was_asked_for_is_asked_again_only_for_what_was_proposed_since_or_for_four_times_as_many() {
    let first = [wrong(5, 10, 10, 1)];
    let (_, remembered) = asked(&server(), &first).unwrap();
    let after = |became, loaded_at| Server { last: Some((remembered.clone(), became)), loaded_at, ..server() };
    let at = |slot: u64| Some(slot * SLOT);
    let again =
        |server: &Server<'_>, open: &[(Address, Contradiction)]| asked(server, open).map(|(action, _)| action.key);
    let key = |slot: u64| {
        let place = setting().at(address(REGISTRY));
        Some(EffectKey::new(ActionKind::ReloadKeystore, &place, &[Part::Name("paris"), Part::Number(slot * 6)]))
    };
    let (three, four) = ([wrong(5, 10, 30, 3)], [wrong(5, 10, 40, 4)]);
    let other = [wrong(6, 30, 30, 1)];
    for (server, open, expected, why) in [
        (after(Became::Loaded, at(15)), &first, None, "proposed before"),
        (after(Became::Loaded, at(15)), &three, key(30), "proposed after it was loaded"),
        (after(Became::Loaded, at(15)), &other, key(30), "another attester, after it was loaded"),
        (after(Became::Denied, None), &first, None, "a person said no"),
        (after(Became::Denied, None), &three, None, "not four times as many"),
        (after(Became::Denied, None), &four, key(40), "four times as many"),
        (after(Became::Denied, None), &other, key(30), "another case: all of it began since"),
        (after(Became::TakenBack, None), &first, key(10), "nobody decided: the same once more"),
    ] {
        assert_eq!(again(&server, open), expected, "{why}");
    }
    // Not all of it began since.
    assert_eq!(again(&after(Became::Denied, None), &[first[0].clone(), other[0].clone()]), None);
}

#[test]
fn what_was_only_told_is_asked_for_once_the_policy_has_it_carried_out_and_each_time_under_another_key() {
    let (first, three) = ([wrong(5, 10, 10, 1)], [wrong(5, 10, 30, 3)]);
    let (told, remembered) = asked(&server(), &first).unwrap();
    let unasked = Server { last: Some((remembered, Became::Unasked)), ..server() };
    let unwanted = Server { is_wanted: false, ..unasked.clone() };
    assert_eq!((asked(&unwanted, &first), asked(&unwanted, &three)), (None, None));
    assert!(asked(&unwanted, &[wrong(5, 10, 40, 4)]).is_some(), "four times as many are told once more");
    let (action, second) = asked(&unasked, &first).unwrap();
    assert_eq!((action.key.as_str(), second.before), (format!("{}/1", told.key).as_str(), 1));
    assert_eq!(asked(&unasked, &three).unwrap().1.before, 0, "another proposal is another occasion");
    // Taken back it is the same once more, told again meanwhile another one, and denied it is over.
    let after = |became| Server { last: Some((second.clone(), became)), ..server() };
    assert_eq!(asked(&after(Became::TakenBack), &first).unwrap().1, second);
    assert_eq!(asked(&after(Became::Unasked), &first).unwrap().1.before, 2);
    assert_eq!(asked(&after(Became::Denied), &first), None);
    // Shown anew it stays what it is.
    let live = Some(Live { action, at: At::Open });
    let changed = Server { content: Some(content(9)), live, ..after(Became::Live) };
    let found = decided(&changed, &first, Some(&right()));
    assert_eq!((&found.anew[0].0.key, found.anew[0].1.before), (&second.key, 1));
}

#[test]
fn one_that_is_live_is_neither_asked_for_twice_nor_changed_by_more_proposals() {
    for at in [At::Open, At::Busy, At::Parked] {
        let server = live(&[wrong(5, 10, 10, 1)], at);
        for open in
            [vec![wrong(5, 10, 10, 1)], vec![wrong(5, 10, 30, 3)], vec![wrong(5, 10, 10, 1), wrong(6, 11, 11, 1)]]
        {
            assert_eq!(decided(&server, &open, Some(&right())), Reloads::default(), "{at:?} {open:?}");
        }
        // It may be away for a while.
        let away = Server { content: None, ..server.clone() };
        assert_eq!(decided(&away, &[wrong(5, 10, 10, 1)], None), Reloads::default(), "{at:?}");
    }
    let parked = live(&[wrong(5, 10, 10, 1)], At::Parked);
    let grown = decided(&parked, &[wrong(5, 10, 40, 4)], Some(&right()));
    assert_eq!((grown.asks.len(), grown.retractions.len()), (1, 1), "four times as many");
    assert_eq!(grown.retractions[0].key, parked.live.unwrap().action.key);
}

#[test]
fn what_would_be_loaded_is_shown_anew_when_it_is_something_else_by_now() {
    let open = [wrong(5, 10, 10, 1)];
    let server = live(&open, At::Open);
    let key = server.live.as_ref().map(|live| live.action.key.clone());
    let changed = Server { content: Some(content(9)), ..server.clone() };
    let other = Server { nodes: vec!["one".to_owned(), "two".to_owned()], ..server.clone() };
    for now in [changed, other] {
        let served = Server { is_served: true, ..now.clone() };
        assert_eq!(decided(&served, &open, Some(&right())), Reloads::default(), "it changes in a moment");
        let found = decided(&now, &open, Some(&right()));
        let [(action, asked)] = found.anew.as_slice() else { panic!("{found:?}") };
        assert_eq!((Some(&action.key), &asked.key), (key.as_ref(), &action.key));
        let expected = Goal::KeystoreLoaded {
            server: "paris".to_owned(),
            nodes: now.nodes.clone(),
            content: now.content.clone().unwrap(),
        };
        assert_eq!(action.goal, expected);
        assert!(found.asks.is_empty() && found.retractions.is_empty());
        for at in [At::Busy, At::Parked] {
            let live = now.live.clone().map(|live| Live { at, ..live });
            assert_eq!(decided(&Server { live, ..now.clone() }, &open, Some(&right())), Reloads::default(), "{at:?}");
        }
    }
}

#[test]
fn what_is_not_needed_any_more_is_taken_back_and_says_why() {
    let open = [wrong(5, 10, 10, 1)];
    let server = live(&open, At::Open);
    let loaded = Server { loaded_at: Some(10 * SLOT), ..server.clone() };
    let gone = Server { nodes: Vec::new(), ..server.clone() };
    let (files, others, wrong_file) = (right(), keystore(&[7], RIGHT), keystore(&[5], 9));
    let none: &[(Address, Contradiction)] = &[];
    for (server, open, seen, why) in [
        (&server, none, Some(&files), "no attester of the server has another coinbase by its last proposal any more"),
        (&server, none, None, "no attester of the server has another coinbase by its last proposal any more"),
        (
            &server,
            &open[..],
            Some(&others),
            "no attester of the server has another coinbase by its last proposal any more",
        ),
        (
            &server,
            &open[..],
            Some(&wrong_file),
            "a key file names another coinbase by now, which is to be corrected first",
        ),
        (&loaded, &open[..], Some(&files), "its nodes loaded it since"),
        (&gone, &open[..], Some(&files), "its keystore, or the admin port of its nodes, is not configured any more"),
    ] {
        let found = decided(server, open, seen);
        let [taken] = found.retractions.as_slice() else { panic!("{why}: {found:?}") };
        assert_eq!((taken.why, &taken.key), (why, &server.live.as_ref().unwrap().action.key));
        let live = server.live.clone().map(|live| Live { at: At::Busy, ..live });
        let busy = Server { live, ..server.clone() };
        assert_eq!(decided(&busy, open, seen), Reloads::default(), "it ends by itself");
        assert!(found.asks.is_empty() && found.anew.is_empty());
    }
}

#[test]
fn the_contradiction_says_what_becomes_of_the_reload() {
    let servers: BTreeSet<String> = ["oslo", "paris"].map(str::to_owned).into();
    let remedies = BTreeMap::from([(address(5), Remedy::Reload(servers))]);
    let mut proofs = crate::plan::proofs::Proofs::default();
    let expected = [(address(5), (coinbase(RIGHT), 0))].into();
    proofs.look(&[wrong(5, 10, 10, 1).1.first], &[], &expected, u64::MAX);
    for (state, words) in [
        (
            Reloading::Waits,
            "`reload_keystore` of paris waits for an approval; reload the keystore of oslo, or start the node",
        ),
        (Reloading::Due, "`reload_keystore` of paris is due; reload the keystore of oslo"),
        (Reloading::Parked, "`reload_keystore` of paris is parked; reload"),
        (Reloading::Refused, "the nodes of paris would refuse the keystore as it is; reload"),
    ] {
        let (reloads, former) = (BTreeMap::from([("paris".to_owned(), state)]), BTreeMap::new());
        let telling = Telling {
            place: setting().at(address(REGISTRY)),
            assurance: Assurance::TwoEndpoints,
            clock: RollupClock { genesis_time: 0, slot_seconds: SLOT, epoch_slots: 32 },
            former: &former,
            remedies: &remedies,
            reloads: &reloads,
        };
        let told = proofs.plan(&telling).actions;
        assert!(told[0].why.contains(words) && told[0].why.len() <= 640, "{}", told[0].why);
    }
}
