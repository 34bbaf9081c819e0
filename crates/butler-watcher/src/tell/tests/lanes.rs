//! What a chat has to tell, read off a journal: through restarts, refusals, quiet nights and what is taken back.

use std::sync::Arc;
use std::time::Duration;

use butler_core::config::Manner;
use butler_core::domain::action::{Action, Policy, Priority};
use tempfile::TempDir;
use tokio::time::Instant;

use super::{Narrow, coinbase, condition, told};
use crate::journal::{Batch, Claim, Journal as _, Keeper, Outcome, Plan, Retraction, Settings, Settlement, Work};
use crate::tell::channels::channel::Answer;
use crate::tell::chat::{Chat, Listener, Outgoing, gather};

pub(super) const NOON: u64 = 1_700_006_400 / 86_400 * 86_400 + 43_200;
const MIDNIGHT: u64 = NOON - 43_200;

pub(super) struct World {
    _folder: TempDir,
    pub(super) keeper: Keeper,
    pub(super) now: Instant,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let keeper = Keeper::open(&folder.path().join("journal"), Settings::default()).unwrap();
        Self { _folder: folder, keeper, now: Instant::now() }
    }

    pub(super) fn plan(&self, actions: impl IntoIterator<Item = Action>) {
        let plans = actions.into_iter().map(|action| Plan { action, policy: Policy::Notify }).collect();
        self.keeper.commit(&Batch { plans, ..Batch::default() }).unwrap();
    }

    fn retract(&self, action: &Action) {
        let retractions = vec![Retraction { key: action.key.clone(), reason: "it has left".to_owned() }];
        self.keeper.commit(&Batch { retractions, ..Batch::default() }).unwrap();
    }

    /// Everything that is due is done, with that proof.
    fn finish(&self, proof: Option<&str>) {
        let ask = Claim { limit: 1000, lease: Duration::from_secs(60), chain_time: 0, holds: false, work: Work::Tell };
        let outcome = Outcome::Proven { proof: proof.map(str::to_owned) };
        let leased = self.keeper.claim(&ask).unwrap().into_iter();
        let settlements: Vec<_> =
            leased.map(|leased| Settlement { lease: leased.lease, outcome: outcome.clone() }).collect();
        self.keeper.settle(&settlements).unwrap();
    }

    pub(super) fn chat(&self, manner: Manner) -> Chat {
        Chat::open(&self.keeper, Listener { channel: Arc::new(Narrow(2000)), manner }).unwrap()
    }

    pub(super) fn next(&self, chat: &mut Chat, moment: u64) -> Option<Outgoing> {
        gather(&self.keeper, std::slice::from_mut(chat)).unwrap();
        chat.next(&self.keeper, "journal", (self.now, moment), |_| false).unwrap()
    }

    pub(super) fn take(&mut self, chat: &mut Chat, moment: u64) -> Option<String> {
        let outgoing = self.next(chat, moment)?;
        chat.settle(&self.keeper, self.now, (&outgoing.id, outgoing.share), Answer::Taken).unwrap();
        self.now += Duration::from_secs(60);
        Some(outgoing.text)
    }
}

pub(super) fn manner() -> Manner {
    Manner { min_priority: Priority::Normal, messages_per_minute: 6, quiet_hours: None, template: None }
}

#[test]
fn what_is_planned_together_is_one_message_and_what_is_urgent_comes_first_and_alone() {
    let mut world = World::new();
    let mut chat = world.chat(manner());
    assert!(world.next(&mut chat, NOON).is_none());
    world.plan((0..1000).map(coinbase).chain((0..10_000).map(condition)));
    assert!(world.next(&mut chat, NOON).is_some_and(|first| first.text.contains("1000 to tell (1000 configure")));
    assert_eq!(chat.waiting(), 11_000);
    assert!(world.next(&mut chat, NOON).is_none(), "one at a time");
    let mut again = world.chat(manner());
    let first = world.take(&mut again, NOON).unwrap();
    assert!(first.contains("1000 to tell (1000 configure"), "{first}");
    let second = world.take(&mut again, NOON).unwrap();
    assert!(second.contains("10000 to tell (10000 condition"), "{second}");
    assert_eq!((world.take(&mut again, NOON), again.waiting()), (None, 0));
}

#[test]
fn a_restart_between_sending_and_knowing_sends_the_same_message_with_the_same_id() {
    let mut world = World::new();
    let mut chat = world.chat(manner());
    world.plan([condition(1), condition(2)]);
    let first = world.next(&mut chat, NOON).unwrap();
    drop(chat);
    world.plan([condition(3)]);
    let mut chat = world.chat(manner());
    let again = world.next(&mut chat, NOON).unwrap();
    assert_eq!((first.id, first.text), (again.id.clone(), again.text));
    chat.settle(&world.keeper, world.now, (&again.id, again.share), Answer::Taken).unwrap();
    let third = world.next(&mut chat, NOON).unwrap();
    assert!(third.text.contains("publisher 3") && !third.text.contains("publisher 1"), "{}", third.text);
    assert_ne!(third.id, again.id);
    chat.settle(&world.keeper, world.now, (&third.id, third.share), Answer::Taken).unwrap();
    let mut chat = world.chat(manner());
    world.now += Duration::from_secs(60);
    assert!(world.take(&mut chat, NOON).is_none(), "told already");
}

#[test]
fn a_channel_begins_with_what_is_planned_after_it_was_configured() {
    let mut world = World::new();
    world.plan([condition(1)]);
    let mut chat = world.chat(manner());
    assert!(world.take(&mut chat, NOON).is_none());
    world.plan([condition(2)]);
    assert!(world.take(&mut chat, NOON).is_some_and(|text| text.contains("publisher 2")));
}

#[test]
fn a_failure_is_waited_for_as_long_as_the_platform_asks_and_a_refused_text_is_said_in_short() {
    let mut world = World::new();
    let mut chat = world.chat(manner());
    world.plan([condition(1)]);
    let first = world.next(&mut chat, NOON).unwrap();
    let later = Answer::Later { after: Some(Duration::from_secs(40)), why: "answers 429".to_owned() };
    chat.settle(&world.keeper, world.now, (&first.id, first.share), later).unwrap();
    world.now += Duration::from_secs(39);
    assert!(world.next(&mut chat, NOON).is_none());
    world.now += Duration::from_secs(2);
    // Meanwhile there is more: it comes in a message of its own.
    world.plan([condition(2)]);
    let again = world.next(&mut chat, NOON).unwrap();
    assert_eq!((&first.id, &first.text), (&again.id, &again.text));
    chat.settle(&world.keeper, world.now, (&again.id, again.share), Answer::Refused("answers 400".to_owned())).unwrap();
    world.now += Duration::from_secs(60);
    let short = world.next(&mut chat, NOON).unwrap();
    assert!(short.text.starts_with("butler has 1 to tell") && !short.text.contains("publisher"), "{}", short.text);
    chat.settle(&world.keeper, world.now, (&short.id, short.share), Answer::Refused("answers 404".to_owned())).unwrap();
    world.now += Duration::from_secs(60);
    // It may have been the channel: nothing is lost.
    assert!(world.take(&mut chat, NOON).is_some_and(|text| text.contains("publisher 1")));
    assert!(world.take(&mut chat, NOON).is_some_and(|text| text.contains("publisher 2")));
}

#[test]
fn in_quiet_hours_only_what_is_urgent_is_told_and_the_rest_together_in_the_morning() {
    let mut world = World::new();
    let quiet_hours = Some("22:00-07:00".parse().unwrap());
    let mut chat = world.chat(Manner { quiet_hours, ..manner() });
    world.plan([condition(1)]);
    assert!(world.take(&mut chat, MIDNIGHT).is_none());
    world.plan([coinbase(1)]);
    assert!(world.take(&mut chat, MIDNIGHT).is_some_and(|text| text.contains("attester 1")));
    world.plan([condition(2)]);
    world.finish(None);
    // That it is not asked for any more can wait.
    world.retract(&coinbase(1));
    assert!(world.take(&mut chat, MIDNIGHT).is_none());
    // A restart at night forgets nothing.
    let mut chat = world.chat(Manner { quiet_hours, ..manner() });
    assert!(world.take(&mut chat, MIDNIGHT).is_none());
    assert!(world.take(&mut chat, NOON).is_some_and(|text| text.contains("taken back")));
    let rest = world.take(&mut chat, NOON).unwrap();
    assert!(rest.contains("publisher 1") && rest.contains("publisher 2"), "{rest}");
}

#[test]
fn what_is_less_pressing_than_asked_is_not_told() {
    let mut world = World::new();
    let mut chat = world.chat(Manner { min_priority: Priority::High, ..manner() });
    let normal = told(butler_core::domain::action::ActionKind::KeysAdded, 1, Priority::Normal, "keys came");
    world.plan([normal, condition(1)]);
    assert!(
        world.take(&mut chat, NOON).is_some_and(|text| text.contains("publisher 1") && !text.contains("keys came"))
    );
    assert!(world.take(&mut chat, NOON).is_none());
}

#[test]
fn what_is_taken_back_before_it_was_told_is_not_told_and_after_that_it_is_said() {
    let mut world = World::new();
    let mut chat = world.chat(manner());
    world.plan([coinbase(1), coinbase(2)]);
    world.retract(&coinbase(1));
    let first = world.take(&mut chat, NOON).unwrap();
    assert!(first.contains("attester 2") && !first.contains("attester 1"), "{first}");
    // Taken back while it is due.
    world.retract(&coinbase(2));
    assert!(
        world.take(&mut chat, NOON).is_some_and(|text| text.contains("taken back") && text.contains("it has left"))
    );
    // And again asked for, done, and taken back.
    world.plan([coinbase(2), coinbase(3)]);
    assert!(world.take(&mut chat, NOON).is_some_and(|text| text.contains("attester 2")));
    world.finish(None);
    world.retract(&coinbase(2));
    assert!(world.take(&mut chat, NOON).is_some_and(|text| text.contains("taken back")));
    // Whose goal held was never told.
    world.plan([coinbase(4)]);
    world.finish(Some("the key files name this coinbase"));
    let mut chat = world.chat(manner());
    gather(&world.keeper, std::slice::from_mut(&mut chat)).unwrap();
    let over = |action: &Action| action.key == coinbase(4).key;
    assert!(chat.next(&world.keeper, "journal", (world.now, NOON), over).unwrap().is_none());
    world.retract(&coinbase(4));
    assert!(world.take(&mut chat, NOON).is_none());
}

#[test]
fn no_more_messages_are_sent_than_the_pace_allows_and_the_rest_is_told_together() {
    let mut world = World::new();
    let mut chat = world.chat(manner());
    let mut sent = Vec::new();
    for second in 0..60 {
        world.plan((0..20).map(|number| condition(second * 20 + number)));
        if let Some(outgoing) = world.next(&mut chat, NOON) {
            chat.settle(&world.keeper, world.now, (&outgoing.id, outgoing.share), Answer::Taken).unwrap();
            sent.push(outgoing.text);
        }
        world.now += Duration::from_secs(1);
    }
    assert_eq!(sent.len(), 8, "{sent:?}");
    assert!(sent.last().is_some_and(|text| text.contains("200 to tell")), "{sent:?}");
}

#[test]
fn an_answer_counts_for_its_own_message_only_and_a_chat_that_leaves_waits_for_its_own() {
    let mut world = World::new();
    let mut chat = world.chat(manner());
    assert!(world.next(&mut chat, NOON).is_none());
    world.plan([coinbase(1)]);
    let first = world.next(&mut chat, NOON).unwrap();
    // Whoever it was, it was not this one.
    chat.settle(&world.keeper, world.now, ("another", first.share), Answer::Taken).unwrap();
    assert!(!chat.leave() && !chat.is_gone());
    world.plan([coinbase(2)]);
    assert!(world.next(&mut chat, NOON).is_none());
    // It comes back before the answer, and nothing is said twice.
    chat.adopt(Listener { channel: Arc::new(Narrow(2000)), manner: manner() });
    assert!(world.next(&mut chat, NOON).is_none());
    chat.settle(&world.keeper, world.now, (&first.id, first.share), Answer::Taken).unwrap();
    world.now += Duration::from_secs(60);
    let second = world.next(&mut chat, NOON).unwrap();
    assert!(second.id != first.id, "{}", second.text);
    chat.settle(&world.keeper, world.now, (&first.id, first.share), Answer::Taken).unwrap();
    assert!(!chat.leave());
    chat.settle(&world.keeper, world.now, (&second.id, second.share), Answer::Taken).unwrap();
    assert!(chat.is_gone());
}
