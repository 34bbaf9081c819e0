//! What is parked, and what waits for an approval anew, is told once: to people in few words, to webhooks under numbers of their own.

use std::time::Duration;

use butler_core::config::WebhookConfig;
use butler_core::domain::action::{Action, Policy};
use butler_testkit::chat::{Kind, Platform, Reply};
use serde_json::Value;

use super::lanes::{NOON, World, manner};
use super::{coinbase, condition, wire};
use crate::health::Health;
use crate::journal::{
    Batch, Claim, Decision, Journal as _, Keeper, Known, Outcome, Plan, Retraction, Settings, Settlement, Verdict, Work,
};
use crate::tell::afterwards::Afterwards;
use crate::tell::channels::webhook::Webhook;

const ASK: Claim = Claim { limit: 5000, lease: Duration::from_secs(60), chain_time: 0, holds: false, work: Work::Tell };

/// Plans what nobody can approve in time, and lets it expire.
fn expire(keeper: &Keeper, actions: impl IntoIterator<Item = Action>) {
    let plans = actions.into_iter().map(|action| Plan { action, policy: Policy::Approve }).collect();
    keeper.commit(&Batch { plans, approval: Some(Duration::ZERO), ..Batch::default() }).unwrap();
    assert!(keeper.claim(&ASK).unwrap().is_empty());
}

/// A person has these tried again, all in one decision.
fn retry(keeper: &Keeper, actions: impl IntoIterator<Item = Action>) {
    let verdict = |action: Action| {
        let Some(Known::Live(entry)) = keeper.look_up(&action.key).unwrap() else { panic!("it is live") };
        let decision = Decision::Revive { policy: entry.standing.policy, approval: Duration::from_secs(3600) };
        let version = entry.standing.version;
        Verdict { key: action.key, version, decision, actor: "uid 7".to_owned(), reason: None }
    };
    let verdicts: Vec<_> = actions.into_iter().map(verdict).collect();
    assert!(keeper.decide_all(&verdicts).unwrap().iter().all(Result::is_ok));
}

/// Everything that is due is refused by a channel.
fn refuse(keeper: &Keeper) {
    let outcome = Outcome::Refused { reason: "the webhook pager answers 404".to_owned() };
    let leased = keeper.claim(&ASK).unwrap().into_iter();
    let settlements: Vec<_> =
        leased.map(|leased| Settlement { lease: leased.lease, outcome: outcome.clone() }).collect();
    assert!(!settlements.is_empty());
    keeper.settle(&settlements).unwrap();
}

#[test]
fn a_thousand_that_expired_are_one_line_that_a_restart_does_not_double() {
    let mut world = World::new();
    let mut chat = world.chat(manner());
    expire(&world.keeper, (0..1000).map(coinbase));
    let first = world.next(&mut chat, NOON).unwrap();
    drop(chat);
    let mut chat = world.chat(manner());
    let again = world.next(&mut chat, NOON).unwrap();
    assert_eq!((first.id, &first.text), (again.id.clone(), &again.text));
    let line = "• URGENT 1000 configure\\_coinbase are parked (`butler-cli actions retry --kind configure\\_coinbase`, or `drop`): nobody approved it in time";
    assert_eq!(again.text, format!("butler: 1000 to tell (1000 parked)\n{line}"));
    chat.settle(&world.keeper, world.now, (&again.id, again.share), crate::tell::channels::channel::Answer::Taken)
        .unwrap();
    let mut chat = world.chat(manner());
    world.now += Duration::from_secs(60);
    assert!(world.take(&mut chat, NOON).is_none(), "told already");
}

#[test]
fn what_is_tried_again_asks_people_again_and_nobody_hears_that_it_was_parked_meanwhile() {
    let mut world = World::new();
    let mut chat = world.chat(manner());
    expire(&world.keeper, [coinbase(1), coinbase(2), coinbase(3)]);
    retry(&world.keeper, [coinbase(1), coinbase(2)]);
    let text = world.take(&mut chat, NOON).unwrap();
    assert!(text.starts_with("butler: 3 to tell (1 parked, 2 wait again)\n"), "{text}");
    assert!(text.contains("• URGENT 2 configure\\_coinbase wait for an approval again (`butler-cli actions approve --kind configure\\_coinbase`): revived by uid 7"), "{text}");
    let short = coinbase(3).key.short();
    assert!(
        text.contains(&format!(
            "• URGENT configure\\_coinbase 3 ({short}) is parked (`butler-cli actions retry {short}`, or `drop`)"
        )),
        "{text}"
    );
    // One that ends before it was told is told to nobody; one alone has its key in its command.
    expire(&world.keeper, [coinbase(4), coinbase(5)]);
    let reason = "it has left".to_owned();
    let retractions = vec![Retraction { key: coinbase(4).key, reason }];
    world.keeper.commit(&Batch { retractions, ..Batch::default() }).unwrap();
    retry(&world.keeper, [coinbase(5)]);
    let text = world.take(&mut chat, NOON).unwrap();
    let key = coinbase(5).key.short();
    assert!(text.contains(&format!("waits for an approval again (`butler-cli actions approve {key}`)")), "{text}");
    assert!(!text.contains("parked"), "{text}");
    // The same again is told again.
    let one = coinbase(3);
    retry(&world.keeper, [one.clone()]);
    assert!(world.take(&mut chat, NOON).is_some_and(|text| text.contains("waits for an approval again")));
    assert!(world.take(&mut chat, NOON).is_none());
}

#[test]
fn what_a_channel_refused_is_told_elsewhere_by_its_reason_and_as_pressing_as_it_is() {
    let mut world = World::new();
    let mut all = world.chat(manner());
    let urgent = butler_core::domain::action::Priority::Urgent;
    let mut some = world.chat(butler_core::config::Manner { min_priority: urgent, ..manner() });
    world.plan((0..30).map(condition));
    refuse(&world.keeper);
    let text = world.take(&mut all, NOON).unwrap();
    assert!(text.contains("• 30 condition\\_began are parked"), "{text}");
    assert!(text.contains("the webhook pager answers 404"), "{text}");
    assert!(world.take(&mut some, NOON).is_none());
    // At night it waits like the rest; what changes something does not.
    expire(&world.keeper, [coinbase(1)]);
    assert!(world.take(&mut some, NOON).is_some_and(|text| text.contains("is parked")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_down_keeps_nothing_from_another_one_however_much_there_is() {
    let folder = tempfile::TempDir::new().unwrap();
    let keeper = Keeper::open(&folder.path().join("journal"), Settings::default()).unwrap();
    let good = Platform::start(Kind::Webhook, "hook", &[]).await.unwrap();
    let down = Platform::start(Kind::Webhook, "hook", &[Reply::Status(500); 30]).await.unwrap();
    let webhook = |name: &str, platform: &Platform| {
        let endpoint = butler_core::config::EndpointConfig { name: name.to_owned(), ..wire::endpoint(&platform.url()) };
        Webhook::new(&WebhookConfig { endpoint, secret: None }).unwrap()
    };
    let (webhooks, health) = ([webhook("down", &down), webhook("good", &good)], Health::default());
    let mut afterwards = Afterwards::default();
    afterwards.tell((&keeper, &health), "journal", &webhooks).await.unwrap();
    // Each is a message of its own, and they are more than are held.
    let (actions, count) = ((0..60).map(coinbase), 60);
    let plans = actions.clone().map(|action| Plan { action, policy: Policy::Notify }).collect();
    keeper.commit(&Batch { plans, ..Batch::default() }).unwrap();
    let outcome = Outcome::Proven { proof: None };
    let leased = keeper.claim(&ASK).unwrap().into_iter();
    let done: Vec<_> = leased.map(|leased| Settlement { lease: leased.lease, outcome: outcome.clone() }).collect();
    keeper.settle(&done).unwrap();
    let retract = |action: Action| Retraction { key: action.key, reason: "it has left".to_owned() };
    keeper.commit(&Batch { retractions: actions.map(retract).collect(), ..Batch::default() }).unwrap();
    for _ in 0..200 {
        if good.taken().len() < count {
            afterwards.tell((&keeper, &health), "journal", &webhooks).await.unwrap();
        }
    }
    assert_eq!((good.taken().len(), down.taken().len()), (count, 0));
    // Once it is up again, it hears all of it as well, under numbers without a hole. A start forgets the pause.
    while down.taken().len() < count {
        Afterwards::default().tell((&keeper, &health), "journal", &webhooks).await.unwrap();
    }
    let numbers: Vec<u64> = down.taken().iter().filter_map(|one| one.body["sequence"].as_u64()).collect();
    assert_eq!(numbers, (1..=60).collect::<Vec<_>>());
    assert_eq!(good.taken().len(), count);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_hears_once_of_what_is_parked_and_asks_again_in_one_message_for_a_commit() {
    let folder = tempfile::TempDir::new().unwrap();
    let keeper = Keeper::open(&folder.path().join("journal"), Settings::default()).unwrap();
    let platform = Platform::start(Kind::Webhook, "hook", &[Reply::Status(500)]).await.unwrap();
    let config = WebhookConfig { endpoint: wire::endpoint(&platform.url()), secret: None };
    let (webhooks, health) = ([Webhook::new(&config).unwrap()], Health::default());
    let tell = async |afterwards: &mut Afterwards| {
        afterwards.tell((&keeper, &health), "journal", &webhooks).await.unwrap();
    };
    let mut afterwards = Afterwards::default();
    tell(&mut afterwards).await;
    expire(&keeper, (0..150).map(coinbase));
    tell(&mut afterwards).await;
    // It is down, and left alone for a moment.
    tell(&mut afterwards).await;
    assert_eq!((platform.asked(), platform.taken().len()), (1, 0));
    // A restart: the same number for the same message, and none is lost.
    let mut afterwards = Afterwards::default();
    retry(&keeper, (0..30).map(coinbase));
    for _ in 0..2 {
        tell(&mut afterwards).await;
    }
    let bodies: Vec<Value> = platform.taken().into_iter().map(|message| message.body).collect();
    let of =
        |body: &Value| (body["sequence"].as_u64(), body["kind"].as_str().map(str::to_owned), body["count"].as_u64());
    assert_eq!(
        bodies.iter().map(of).collect::<Vec<_>>(),
        [(Some(1), Some("parked".to_owned()), Some(150)), (Some(2), Some("approval_needed".to_owned()), Some(30))]
    );
    let body = &bodies[0];
    assert_eq!((body["of"].as_str(), body["priority"].as_str()), (Some("configure_coinbase"), Some("urgent")));
    assert_eq!(
        (body["retracted"].as_bool(), body["reason"].as_str()),
        (Some(false), Some("nobody approved it in time"))
    );
    assert_eq!((body["keys"].as_array().map(Vec::len), &body["keys"][0]), (Some(100), &body["key"]));
    // Another start has nothing to tell.
    tell(&mut Afterwards::default()).await;
    assert_eq!(platform.taken().len(), 2);
    assert_eq!(keeper.counter("webhook/ops").unwrap(), 2);
    assert!(keeper.verify().unwrap().faults.is_empty());
}
