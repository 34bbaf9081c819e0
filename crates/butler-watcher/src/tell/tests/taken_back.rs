//! What was posted and is not asked for any more is posted as such, once, with a number of its own.

use std::time::Duration;

use butler_core::config::WebhookConfig;
use butler_core::domain::action::Policy;
use butler_testkit::chat::{Kind, Platform, Reply};

use super::{coinbase, wire};
use crate::health::Health;
use crate::journal::{Batch, Claim, Journal as _, Keeper, Outcome, Plan, Retraction, Settings, Settlement, Work};
use crate::tell::afterwards::Afterwards;
use crate::tell::channels::webhook::Webhook;

fn plan(keeper: &Keeper, number: u64) {
    let plans = vec![Plan { action: coinbase(number), policy: Policy::Notify }];
    keeper.commit(&Batch { plans, ..Batch::default() }).unwrap();
}

/// Whatever is due is claimed, and told with that proof.
fn finish(keeper: &Keeper, proof: Option<&str>) {
    let ask = Claim { limit: 10, lease: Duration::from_secs(60), chain_time: 0, holds: false, work: Work::Tell };
    for leased in keeper.claim(&ask).unwrap() {
        let outcome = Outcome::Proven { proof: proof.map(str::to_owned) };
        keeper.settle(&[Settlement { lease: leased.lease, outcome }]).unwrap();
    }
}

fn retract(keeper: &Keeper, number: u64) {
    let retractions = vec![Retraction { key: coinbase(number).key, reason: "the attester has left".to_owned() }];
    keeper.commit(&Batch { retractions, ..Batch::default() }).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_hears_once_of_what_is_taken_back_through_failures_and_restarts() {
    let folder = tempfile::TempDir::new().unwrap();
    let keeper = Keeper::open(&folder.path().join("journal"), Settings::default()).unwrap();
    let platform = Platform::start(Kind::Webhook, "hook", &[Reply::Status(500)]).await.unwrap();
    let config = WebhookConfig { endpoint: wire::endpoint(&platform.url()), secret: None };
    let (webhooks, health) = ([Webhook::new(&config).unwrap()], Health::default());
    let mut afterwards = Afterwards::default();
    afterwards.tell((&keeper, &health), "journal", &webhooks).await.unwrap();
    // Told and done; told by nobody, since its goal held; never begun.
    plan(&keeper, 1);
    finish(&keeper, None);
    plan(&keeper, 2);
    finish(&keeper, Some("the key files name this coinbase"));
    plan(&keeper, 3);
    (1..=3).for_each(|number| retract(&keeper, number));
    afterwards.tell((&keeper, &health), "journal", &webhooks).await.unwrap();
    assert_eq!((platform.asked(), platform.taken().len()), (1, 0));
    // The program is started anew, and has the number of the first try.
    let mut afterwards = Afterwards::default();
    for _ in 0..2 {
        afterwards.tell((&keeper, &health), "journal", &webhooks).await.unwrap();
    }
    let taken = platform.taken();
    assert_eq!(taken.len(), 1, "{taken:?}");
    let body = &taken[0].body;
    assert_eq!((body["retracted"].as_bool(), body["sequence"].as_u64()), (Some(true), Some(1)));
    assert_eq!(
        (body["key"].as_str(), body["kind"].as_str()),
        (Some(coinbase(1).key.as_str()), Some("configure_coinbase"))
    );
    assert_eq!(body["why"], "the attester has left");
    assert_eq!(keeper.counter("webhook/ops").unwrap(), 1);
    // One that is asked for again, begun, and taken back has the next number.
    plan(&keeper, 3);
    finish(&keeper, None);
    retract(&keeper, 3);
    let mut afterwards = Afterwards::default();
    afterwards.tell((&keeper, &health), "journal", &webhooks).await.unwrap();
    let taken = platform.taken();
    assert_eq!(taken.last().and_then(|message| message.body["sequence"].as_u64()), Some(2));
    assert!(keeper.verify().unwrap().faults.is_empty());
}
