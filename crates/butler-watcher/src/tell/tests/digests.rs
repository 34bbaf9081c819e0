//! What one message says.

use butler_core::domain::action::{ActionKind, Priority};
use proptest::prelude::*;

use super::{Narrow, coinbase, condition, told};
use crate::tell::channels::channel::Channel as _;
use crate::tell::digest::Digest;
use crate::tell::plain::units;

fn digest(count: u64) -> Digest {
    let mut digest = Digest::default();
    (0..count).for_each(|number| digest.plan(number + 1, condition(number)));
    digest
}

#[test]
fn one_thing_is_said_in_one_line_and_is_the_title() {
    let digest = digest(1);
    assert_eq!(digest.title(None), "butler: high condition_began: publisher 0 runs dry");
    assert_eq!(digest.text(&Narrow(2000), None), "butler, chain 1\n• high condition\\_began: publisher 0 runs dry");
}

#[test]
fn a_storm_is_counted_and_its_first_ten_are_listed() {
    let mut digest = digest(10_000);
    digest.plan(20_000, told(ActionKind::Slashed, 1, Priority::Urgent, "it was slashed"));
    let text = digest.text(&Narrow(2000), None);
    assert!(
        text.starts_with("butler, chain 1: 10001 to tell (10000 condition\\_began, 1 slashed)\n• URGENT slashed: "),
        "{text}"
    );
    assert_eq!(text.matches("\n• ").count(), 10);
    assert!(text.ends_with("\n… and 9991 more: butler-cli actions history"), "{text}");
    assert_eq!(digest.title(None), "butler: 10001 to tell (10000 condition_began, 1 slashed)");
}

#[test]
fn a_thousand_delegations_of_a_block_are_one_message_that_counts_them() {
    let mut digest = Digest::default();
    (0..1000).for_each(|number| digest.plan(number + 1, coinbase(number)));
    let text = digest.text(&Narrow(2000), None);
    assert!(text.starts_with("butler, chain 1: 1000 to tell (1000 configure\\_coinbase)\n• URGENT "), "{text}");
    assert!(text.contains("… and 990 more"), "{text}");
}

#[test]
fn what_ended_before_it_was_told_is_not_told_and_what_was_told_is_taken_back() {
    let mut digest = digest(3);
    assert!(digest.drop_planned(&condition(1).key) && !digest.drop_planned(&condition(1).key));
    digest.take_back(coinbase(7).key, "the attester has left".to_owned());
    let text = digest.text(&Narrow(2000), None);
    assert!(text.contains("(2 condition\\_began, 1 taken back)") && !text.contains("publisher 1"), "{text}");
    let short = coinbase(7).key.short();
    assert!(text.contains(&format!("• taken back: configure\\_coinbase 7 ({short}): ")), "{text}");
    assert!(text.ends_with(": the attester has left"), "{text}");
}

proptest! {
    #[test]
    fn no_text_is_longer_than_its_channel_takes(why in "[&_a-z \\PC]{0,600}", count in 1_u64..30, most in 400_usize..3000) {
        let mut digest = Digest::default();
        (0..count).for_each(|number| digest.plan(number + 1, told(ActionKind::Slashed, number, Priority::High, &why)));
        let channel = Narrow(most);
        let (text, short) = (digest.text(&channel, None), digest.short(&channel));
        prop_assert!(units(&text) <= most && units(&short) <= most, "{} of {}: {}", units(&text), most, text);
        prop_assert_eq!(text.contains("more: "), text.matches("\n• ").count() < usize::try_from(count).unwrap());
        prop_assert!(!text.contains(channel.escape("@").as_str()));
    }
}

#[test]
fn a_line_is_worded_as_the_operator_wants_and_foreign_text_in_it_stays_text() {
    let mut digest = Digest::default();
    digest.plan(1, told(ActionKind::Slashed, 1, Priority::Urgent, "@everyone see https://x.example \u{202e}now"));
    let worded = |template: &str| {
        let template = template.parse().unwrap();
        (digest.title(Some(&template)), digest.text(&Narrow(2000), Some(&template)))
    };
    let (title, text) = worded("{priority}! {kind} on {chain}: {why} {until} {seen}");
    assert_eq!(title, "butler: urgent! slashed on 1: ＠everyone see https[:]//x[.]example now");
    assert_eq!(text, "butler, chain 1\n• urgent! slashed on 1: ＠everyone see https[:]//x[.]example now");
    let (_, text) = worded("{subject} {key}");
    assert!(
        text.lines().any(|line| line.starts_with("• the network ") && line.len() == "• the network ".len() + 8),
        "{text}"
    );
}
