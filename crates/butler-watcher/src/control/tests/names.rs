//! Short keys over the socket: which action they stand for, and that a decision is for what was shown.

use butler_core::domain::action::Part;

use super::*;

/// Two keys whose digests share their first digit and not the second, and that digit.
fn alike() -> (EffectKey, EffectKey, String) {
    let key = |number| EffectKey::new(ActionKind::Slashed, &PLACE, &[Part::Number(number)]);
    let first = key(0);
    let begins = |key: &EffectKey| key.short().as_str()[..1].to_owned();
    let is_alike = |other: &EffectKey| {
        begins(other) == begins(&first) && other.short().as_str()[..2] != first.short().as_str()[..2]
    };
    let other = (1..).map(key).find(is_alike).unwrap();
    let digit = begins(&first);
    (first, other, digit)
}

fn named(name: &str, journal: &dyn Journal) -> Answer {
    answer(&Ask::Action { key: name.parse().unwrap() }, 0, Right::Read, 1, journal)
}

#[test]
fn a_short_key_is_the_action_that_begins_so_and_of_several_it_names_all() {
    let (_folder, journal, _) = setting();
    let journal = journal.as_ref();
    let (one, other, digit) = alike();
    planned_as(one.clone(), journal, Policy::Approve);
    let row = row_of(journal, &one);
    for length in [1, 2, 7, 8, 31, 32, 33, 64] {
        let short = &format!("{:x}", one.digest())[..length];
        assert_eq!(named(short, journal), Answer::Action(Some(Box::new(row.clone()))), "{short}");
        assert_eq!(named(&short.to_uppercase(), journal), named(short, journal));
    }
    let wrong = |short: &str| if short.ends_with('0') { "1" } else { "0" };
    for length in [0, 7, 31, 32, 63] {
        let short = &format!("{:x}", one.digest())[..=length];
        let none = format!("{}{}", &short[..length], wrong(short));
        assert_eq!(named(&none, journal), Answer::Action(None), "{none}");
    }
    // One that is over counts, too: nothing is guessed.
    planned_as(other.clone(), journal, Policy::Approve);
    let over = decide(&row_of(journal, &other), Choice::Reject, 1, 1, journal).unwrap();
    let Answer::Several(rows) = named(&digit, journal) else { panic!() };
    assert_eq!(rows, [row, over]);
}

#[test]
fn a_decision_by_a_short_key_is_for_what_was_shown_and_for_nothing_else() {
    let (_folder, journal, _) = setting();
    let journal = journal.as_ref();
    let (one, other, digit) = alike();
    for key in [&one, &other] {
        planned_as(key.clone(), journal, Policy::Approve);
    }
    let approve = |name: &str, shown: &ActionRow| {
        let shown = Shown { key: name.parse().unwrap(), shown: shown.shown.clone().unwrap() };
        let ask = Ask::Decide { actions: vec![shown], choice: Choice::Approve, reason: None };
        let answer = answer(&ask, 1, Right::Approve, 1, journal);
        let Answer::Decided { mut decided, mut refused } = answer else { panic!("{answer:?}") };
        decided.pop().map(|row| row.key).ok_or_else(|| refused.remove(0).why)
    };
    let (row, others) = (row_of(journal, &one), row_of(journal, &other));
    // What was shown is one of the two, and the digit is both's: which one is not guessed from the hash.
    let why = approve(&digit, &row).unwrap_err();
    for key in [&one, &other] {
        assert!(why.contains("several actions begin so") && why.contains(key.short().as_str()), "{why}");
    }
    // The short key of one with what was shown of another.
    assert!(approve(one.short().as_str(), &others).unwrap_err().contains("not what was shown"));
    assert_eq!(approve(&"0".repeat(64), &row).unwrap_err(), "nothing is known of it");
    assert_eq!(row_of(journal, &one).phase, Phase::AwaitingApproval);
    assert_eq!(row_of(journal, &other).phase, Phase::AwaitingApproval);
    assert_eq!(approve(one.short().as_str(), &row), Ok(one.clone()));
    assert!(approve(one.short().as_str(), &row).unwrap_err().contains("was decided on"));
    assert!(history(journal).contains(&digit));
}
