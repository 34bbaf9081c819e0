//! Keystores that are loaded as they are: what was approved and nothing else, until every node took it, and never done without that.

use butler_core::domain::action::KeystoreContent;
use butler_core::key_files::edit::FolderView;

use super::*;
use crate::journal::{Known, Op, Verdict};
use crate::plan::views::content;

/// A server whose file names the coinbase of one of its two attesters since its node loaded it.
async fn world() -> World {
    let world = World::with(&[("keys.json", &[0x51, 0x61])], true).await;
    write(&world, COINBASE);
    world
}

/// Somebody gives the first attester that coinbase, by hand.
fn write(world: &World, coinbase: Address) {
    let file = keys(world.folder.path()).join("keys.json");
    let mut text: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    text["validators"][0]["coinbase"] = format!("{coinbase:?}").into();
    save_atomic(&file, text.to_string().as_bytes(), 0o600).unwrap();
}

async fn view(world: &World) -> (Place, Vec<String>, FolderView) {
    let (place, (keystores, _)) = world.executor.networks.first_key_value().unwrap();
    let (_, nodes) = keystores.servers().next().unwrap();
    (*place, nodes, keystores.all()[0].look().await.unwrap())
}

async fn plan(world: &World, change: impl FnOnce(KeystoreContent) -> KeystoreContent) -> EffectKey {
    let (place, nodes, view) = view(world).await;
    let key = EffectKey::new(ActionKind::ReloadKeystore, &place, &[Part::Name("paris"), Part::Number(7)]);
    let server = "paris".to_owned();
    let action = Action {
        key: key.clone(),
        kind: ActionKind::ReloadKeystore,
        subject: ActionSubject::Named(server.clone()),
        goal: Goal::KeystoreLoaded { server, nodes, content: change(content(&view)) },
        edits: Vec::new(),
        ..world.plans[0].action.clone()
    };
    let plans = vec![Plan { action, policy: Policy::Auto }];
    world.journal.commit(&Batch { plans, ..Batch::default() }).unwrap();
    key
}

fn done(world: &World, key: &EffectKey) -> String {
    let Some(Known::Finished(finished)) = world.journal.look_up(key).unwrap() else { panic!("it is not over") };
    assert_eq!(finished.phase, Phase::Done);
    finished.reason.unwrap()
}

/// How often it was made durable that a node is about to be asked.
fn intents(world: &World) -> usize {
    let lines = world.journal.history(0, 1_000).unwrap();
    let is_intent =
        |op: &Op| matches!(op, Op::Moved { by, standing, .. } if by == "intend" && standing.intent.is_some());
    lines.iter().filter(|line| is_intent(&line.op)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_is_loaded_once_and_that_is_known_from_then_on() {
    let mut world = world().await;
    let key = plan(&world, |content| content).await;
    let (place, ..) = view(&world).await;
    assert_eq!(loaded_at(world.journal.as_ref(), &place, "paris").unwrap(), None);
    assert!(world.after(1).await.is_none());
    assert_eq!(done(&world, &key), "taken as approved by the nodes of paris");
    assert_eq!((world.used(), world.node.reloads().accepted, intents(&world)), (1, 1, 1));
    assert!(loaded_at(world.journal.as_ref(), &place, "paris").unwrap().is_some());
    world.after(400).await;
    assert_eq!(world.node.reloads().asked, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_something_else_by_now_is_not_loaded_and_stays_to_be_shown_anew() {
    let mut world = world().await;
    plan(&world, |content| content).await;
    write(&world, Address::repeat_byte(0x98));
    for turn in 0..20 {
        let standing = world.after(400).await.unwrap().standing;
        assert_eq!((standing.phase, standing.tries), (Phase::Due, 0), "turn {turn}");
        assert_eq!(standing.reason.unwrap(), "the keystore is not what was shown any more");
    }
    assert_eq!((world.node.reloads().asked, intents(&world)), (0, 0));
    // One more file is something else, too.
    write(&world, COINBASE);
    let more = keys(world.folder.path()).join("more.json");
    std::fs::copy(keys(world.folder.path()).join("keys.json"), &more).unwrap();
    let reason = world.after(400).await.unwrap().standing.reason.unwrap();
    assert!(reason.starts_with("the node would refuse its keystore: "), "{reason}");
    std::fs::remove_file(&more).unwrap();
    assert!(world.after(400).await.is_none(), "it is what was approved again");
    assert_eq!((world.node.reloads().asked, world.used()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_refuses_is_parked_with_the_reason_and_no_file_is_touched() {
    let mut world = world().await;
    plan(&world, |content| content).await;
    let before = std::fs::read(keys(world.folder.path()).join("keys.json")).unwrap();
    world.node.script(Effect::Nothing, Answer::Refusal("no".to_owned()));
    let standing = world.after(1).await.unwrap().standing;
    let reason = standing.reason.unwrap();
    assert_eq!(standing.phase, Phase::Parked, "{reason}");
    assert!(reason.contains("refused the keystore") && reason.ends_with("nothing was changed"), "{reason}");
    world.after(400).await;
    assert_eq!((world.node.reloads().asked, world.used()), (1, 0));
    assert_eq!(std::fs::read(keys(world.folder.path()).join("keys.json")).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_asked_for_again_and_needs_no_old_content() {
    let mut world = world().await;
    let key = plan(&world, |content| content).await;
    world.node.script(Effect::Reload, Answer::Close);
    let standing = world.after(1).await.unwrap().standing;
    assert_eq!(standing.phase, Phase::Verifying, "{:?}", standing.reason);
    assert!(standing.reason.unwrap().contains("it is asked again, which does no harm"));
    let (place, ..) = view(&world).await;
    assert_eq!(world.executor.needed(place, "paris").unwrap(), Some(BTreeSet::new()));
    assert!(!is_begun(standing.intent.as_ref()), "it is nobody's who writes");
    assert!(world.after(400).await.is_none());
    done(&world, &key);
    assert_eq!((world.node.reloads().accepted, world.used(), intents(&world)), (2, 1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_cut_off_is_done_only_after_its_node_took_it() {
    let mut world = world().await;
    let key = plan(&world, |content| content).await;
    // Somebody claimed it, and came no further.
    let ask = Claim { limit: 1, lease: LEASE, chain_time: 0, holds: false, work: Work::CarryOut };
    assert_eq!(world.journal.claim(&ask).unwrap().len(), 1);
    world.journal.take_back().unwrap();
    assert_eq!(world.node.reloads().asked, 0);
    assert!(world.after(1).await.is_none());
    done(&world, &key);
    assert_eq!((world.node.reloads().accepted, world.used()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_cut_off_and_is_not_what_was_shown_is_due_again() {
    let mut world = world().await;
    plan(&world, |content| content).await;
    let ask = Claim { limit: 1, lease: LEASE, chain_time: 0, holds: false, work: Work::CarryOut };
    world.journal.claim(&ask).unwrap();
    world.journal.take_back().unwrap();
    write(&world, Address::repeat_byte(0x98));
    let entry = world.after(1).await.unwrap();
    assert_eq!((entry.standing.phase, world.node.reloads().asked), (Phase::Due, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_or_a_keystore_that_is_away_is_waited_for() {
    let mut world = world().await;
    let key = plan(&world, |content| content).await;
    let gone = world.folder.path().join("gone");
    world.node.stop();
    for turn in 0..20 {
        if turn == 10 {
            rename(keys(world.folder.path()), &gone).unwrap();
        }
        let standing = world.after(400).await.unwrap().standing;
        assert_eq!((standing.phase, standing.tries), (Phase::Due, 0), "turn {turn}: {:?}", standing.reason);
    }
    rename(&gone, keys(world.folder.path())).unwrap();
    world.node.restart().await.unwrap();
    assert!(world.after(400).await.is_none());
    done(&world, &key);
    assert_eq!((world.used(), world.node.reloads().accepted), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_takes_back_is_not_loaded() {
    let mut world = world().await;
    let key = plan(&world, |content| content).await;
    let Some(Known::Live(entry)) = world.journal.look_up(&key).unwrap() else { panic!("it is over") };
    let decision = crate::journal::Decision::Deny;
    let verdict = Verdict { key, version: entry.standing.version, decision, actor: "uid 1".to_owned(), reason: None };
    world.journal.decide(&verdict).unwrap();
    assert!(world.after(400).await.is_none());
    assert_eq!(world.node.reloads().asked, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coinbase_that_its_node_took_is_known_as_a_load() {
    let mut world = World::new(false).await;
    world.after(1).await;
    let (place, ..) = view(&world).await;
    assert!(loaded_at(world.journal.as_ref(), &place, "paris").unwrap().is_some());
}
