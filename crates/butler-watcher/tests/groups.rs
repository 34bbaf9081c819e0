//! A thousand delegations in one block: one notice, and one group that one command of a person decides on.

use std::time::Duration;

use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, EffectKey, Evidence, Goal, Part, Place, Policy, Priority, Schema,
};
use butler_core::domain::attester::delegation::LogId;
use butler_core::domain::ids::{Coinbase, ProviderId};
use butler_testkit::chat::{Kind, Platform};
use butler_watcher::journal::{Batch, Journal as _, Keeper, Plan, Settings};
use butler_watcher::plan::approvals::notices;
use butler_watcher::program::journal_directory;
use ethers_core::types::{Address, H256};

use crate::support::Bench;
use crate::support::person::{begun, cli_as, listed, own, text, wait_for};

/// The coinbase of the n-th of many delegations in one block.
fn delegated(number: u64) -> Action {
    let (rollup, attester) = (Address::repeat_byte(0xe0), Address::from_low_u64_be(0x1_0000 + number));
    let coinbase = Coinbase::try_from(Address::from_low_u64_be(0x2_0000 + number)).unwrap();
    let place = Place { chain_id: 31_337, contract: rollup };
    let block_hash = H256::from_low_u64_be(10);
    let transaction_hash = H256::from_low_u64_be(0x7000 + number);
    Action {
        schema: Schema,
        key: EffectKey::new(ActionKind::ConfigureCoinbase, &place, &[Part::Number(number)]),
        kind: ActionKind::ConfigureCoinbase,
        place,
        subject: ActionSubject::Attester(attester),
        goal: Goal::CoinbaseConfigured { provider_id: ProviderId::try_from(1_u64).unwrap(), rollup, coinbase },
        priority: Priority::Urgent,
        until: None,
        why: format!("a delegation took {attester:?}"),
        evidence: vec![Evidence::Log(LogId { block_number: 10, log_index: number, block_hash, transaction_hash })],
        assurance: Assurance::TwoEndpoints,
        edits: Vec::new(),
    }
}

/// Plans these while nobody watches.
fn plan(bench: &Bench, actions: Vec<Action>, approval: Option<Duration>) {
    let directory = journal_directory(&bench.folder.path().join("state"));
    let keeper = Keeper::open(&directory, Settings::default()).unwrap();
    let plans = actions.into_iter().map(|action| Plan { action, policy: Policy::Approve }).collect();
    keeper.commit(&Batch { plans, approval, ..Batch::default() }).unwrap();
}

/// A watcher that has seen its chain, and ended.
async fn watched(bench: &Bench) {
    bench.chain.mine().await.unwrap();
    bench.settle().await;
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    watcher.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_that_nobody_approved_in_time_are_few_messages_and_so_are_a_thousand_that_ask_again() {
    let bench = begun(&format!("approvers = [\"{}\"]\n", own()), "").await;
    let discord = Platform::start(Kind::Discord, "of-discord", &[]).await.unwrap();
    let webhook = Platform::start(Kind::Webhook, "hook", &[]).await.unwrap();
    bench.configure(&format!(
        "{}[[watcher.discord]]\nname = \"ops\"\nurl = \"{}\"\n[[watcher.webhooks]]\nname = \"pager\"\nurl = \"{}\"\n",
        bench.config(),
        discord.url(),
        webhook.url()
    ));
    watched(&bench).await;
    plan(&bench, (0..1_000).map(delegated).collect(), Some(Duration::ZERO));
    let watcher = bench.watch();
    // How many messages say so, and of how many actions.
    let said = |what: &str| {
        let texts = discord.texts();
        let lines = texts.iter().flat_map(|text| text.lines()).filter(|line| line.contains(what));
        let counts: Vec<u64> = lines.map(|line| line.split(' ').nth(2).unwrap().parse().unwrap()).collect();
        (counts.len(), counts.iter().sum::<u64>())
    };
    let posted = |kind: &str| {
        let bodies = webhook.taken().into_iter().map(|message| message.body).filter(|body| body["kind"] == kind);
        let counts: Vec<u64> = bodies.filter_map(|body| body["count"].as_u64()).collect();
        (counts.len(), counts.iter().sum::<u64>())
    };
    watcher
        .until("all parked", async || (said("are parked").1 == 1_000 && posted("parked").1 == 1_000).then_some(()))
        .await;
    assert_eq!((said("are parked").0, posted("parked").0), (1, 1), "{:#?}", discord.texts());
    let (_, shown) = listed(&bench, "parked").await;
    let retry = ["--json", "actions", "retry", "--kind", "configure_coinbase", "--shown", &shown];
    let (code, report, told) = cli_as(&bench, own(), &retry).await;
    assert_eq!((code, report["decided"].as_array().unwrap().len()), (0, 1_000), "{told}");
    let (again, asks) = ("wait for an approval again", "approval_needed");
    watcher.until("all asking again", async || (said(again).1 == 1_000 && posted(asks).1 == 1_000).then_some(())).await;
    assert!(said(again).0 <= 3 && posted(asks).0 <= 10, "{:?} {:?}", said(again), posted(asks));
    assert_eq!(listed(&bench, "awaiting_approval").await.0.len(), 1_000);
    assert_eq!(watcher.stop().0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_delegations_of_a_block_are_one_notice_and_one_group_that_one_command_approves() {
    let bench = begun(&format!("approvers = [\"{}\"]\n", own()), "").await;
    watched(&bench).await;
    let actions: Vec<Action> = (0..1_000).map(delegated).collect();
    let notices = notices(&actions);
    assert_eq!(notices.len(), 1);
    assert!(notices[0].why.starts_with("1000 actions of one block wait for an approval"), "{}", notices[0].why);
    plan(&bench, actions, None);
    let watcher = bench.watch();
    let rows = wait_for(&bench, &watcher, "awaiting_approval", 1_000).await;
    let (_, shown) = listed(&bench, "awaiting_approval").await;
    let group = |shown| ["--json", "actions", "approve", "--kind", "configure_coinbase", "--shown", shown];
    let (code, _, said) = cli_as(&bench, own(), &group(text(&rows[0], "shown"))).await;
    assert!(code == 6 && said.contains("not the actions that were shown"), "{code} {said}");
    let (code, report, said) = cli_as(&bench, own(), &group(&shown)).await;
    assert_eq!((code, report["decided"].as_array().unwrap().len()), (0, 1_000), "{said}");
    assert!(listed(&bench, "awaiting_approval").await.0.is_empty());
    assert_eq!(watcher.stop().0, 0);
}
