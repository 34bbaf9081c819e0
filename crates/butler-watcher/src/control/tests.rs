use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream as Blocking;

use butler_core::control::{ActionRow, Ask, Choice, WatcherStatus};
use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, EffectKey, Goal, Phase, Place, Policy, Priority, Schema,
};
use ethers_core::types::Address;
use tempfile::TempDir;

use super::*;
use crate::journal::{Batch, Claim, Keeper, Outcome, Plan, Settings, Settlement};

fn setting() -> (TempDir, Arc<dyn Journal>, Arc<Health>) {
    let folder = TempDir::new().unwrap();
    let journal = Keeper::open(&folder.path().join("journal"), Settings::default()).unwrap();
    (folder, Arc::new(journal), Arc::new(Health::default()))
}

async fn ask(path: PathBuf, text: Vec<u8>) -> String {
    tokio::task::spawn_blocking(move || {
        let mut stream = Blocking::connect(path).unwrap();
        let _ = stream.write_all(&text);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        // What was sent too much may break the connection behind the answer.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_and_what_is_none_is_refused_and_many_at_once_wait() {
    let (folder, journal, health) = setting();
    let runtime = folder.path().join("run");
    let control = Control::listen(&runtime, journal, health).unwrap();
    let own = socket_in(&runtime).parent().unwrap().to_owned();
    assert_eq!(std::fs::metadata(own).unwrap().mode() & 0o777, 0o700);
    let mut tasks = JoinSet::new();
    tasks.spawn(control.run());
    let path = socket_in(&runtime);
    let question = serde_json::to_vec(&ControlRequest { version: PROTOCOL, ask: Ask::Status }).unwrap();
    let line = [question.clone(), b"\n".to_vec()].concat();
    let status: Answer = serde_json::from_str(&ask(path.clone(), line.clone()).await).unwrap();
    assert!(matches!(status, Answer::Status(WatcherStatus { .. })));
    let newer = String::from_utf8(line.clone()).unwrap().replace("\"version\":1", "\"version\":2");
    for (text, why) in [
        (newer.into_bytes(), "version 2 is not spoken here"),
        (question, "a question is one line"),
        (vec![b'x'; 2 * REQUEST_LIMIT], "a question is one line"),
        (b"{}\n".to_vec(), "this is no question"),
        (br#"{"version":1,"ask":"approve"}"#.iter().chain(b"\n").copied().collect(), "not known here"),
    ] {
        let answer = ask(path.clone(), text).await;
        assert!(answer.contains("refused") && answer.contains(why), "{answer}");
    }
    let many = (0..4 * AT_ONCE).map(|_| ask(path.clone(), line.clone()));
    assert!(futures_util::future::join_all(many).await.iter().all(|answer| answer.starts_with("{\"status\"")));
}

#[tokio::test]
async fn a_folder_that_others_can_enter_and_a_file_in_the_way_are_refused_and_an_old_socket_is_replaced() {
    let (folder, journal, health) = setting();
    let listen = |runtime: &Path| Control::listen(runtime, Arc::clone(&journal), Arc::clone(&health));
    let open = folder.path().join("open");
    let inner = socket_in(&open).parent().unwrap().to_owned();
    std::fs::create_dir_all(&inner).unwrap();
    std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(listen(&open), Err(ControlError::Exposed(_))));
    let own = folder.path().join("own");
    drop(listen(&own).unwrap());
    assert!(socket_in(&own).exists() && listen(&own).is_ok());
    std::fs::remove_file(socket_in(&own)).unwrap();
    std::fs::create_dir(socket_in(&own)).unwrap();
    assert!(matches!(listen(&own), Err(ControlError::Occupied(_))));
}

/// A parked action, as it is shown.
fn parked(journal: &dyn Journal) -> ActionRow {
    let place = Place { chain_id: 1, contract: Address::repeat_byte(7) };
    let key = EffectKey::new(ActionKind::Slashed, &place, &[]);
    let action = Action {
        schema: Schema,
        key: key.clone(),
        kind: ActionKind::Slashed,
        place,
        subject: ActionSubject::Network,
        goal: Goal::Told,
        priority: Priority::Urgent,
        until: None,
        why: "it was slashed".to_owned(),
        evidence: Vec::new(),
        assurance: Assurance::TwoEndpoints,
    };
    let plans = vec![Plan { action, policy: Policy::Notify }];
    journal.commit(&Batch { plans, ..Batch::default() }).unwrap();
    let ask = Claim { limit: 1, lease: Duration::from_secs(60), chain_time: 0 };
    let lease = journal.claim(&ask).unwrap().remove(0).lease;
    let outcome = Outcome::Refused { reason: "the webhook pager answers 404".to_owned() };
    journal.settle(&[Settlement { lease, outcome }]).unwrap();
    row_of(journal, &key)
}

fn row_of(journal: &dyn Journal, key: &EffectKey) -> ActionRow {
    let answer = answers::answer(&Ask::Action { key: key.clone() }, 0, journal, &Health::default());
    let Answer::Action(Some(row)) = answer else { panic!("{answer:?}") };
    *row
}

fn decides(row: &ActionRow, choice: Choice) -> Ask {
    Ask::Decide { key: row.key.clone(), shown: row.shown.clone().unwrap_or_default(), choice, reason: None }
}

#[test]
fn a_decision_counts_once_for_what_was_shown_in_this_journal_and_names_its_actor() {
    let ((_folder, journal, health), (_other_folder, other, _)) = (setting(), setting());
    let (row, elsewhere) = (parked(journal.as_ref()), parked(other.as_ref()));
    assert_eq!((row.phase, row.version), (elsewhere.phase, elsewhere.version));
    let refused = |ask: &Ask, why: &str| {
        let answer = answers::answer(ask, 7, journal.as_ref(), &health);
        assert!(matches!(&answer, Answer::Refused(said) if said.contains(why)), "{answer:?}");
    };
    refused(&decides(&elsewhere, Choice::Retry), "not what was shown");
    refused(&decides(&ActionRow { shown: None, ..row.clone() }, Choice::Drop), "not what was shown");
    let answer = answers::answer(&decides(&row, Choice::Retry), 7, journal.as_ref(), &health);
    let Answer::Decided(decided) = answer else { panic!("{answer:?}") };
    assert_eq!(
        (decided.phase, decided.tries, decided.reason.as_deref()),
        (Phase::Due, Some(0), Some("revived by uid 7"))
    );
    // Again, and on what is not parked.
    refused(&decides(&row, Choice::Retry), "not what was shown");
    refused(&decides(&decided, Choice::Drop), "only an action that is parked");
    let lines = serde_json::to_string(&journal.history(0, 100).unwrap()).unwrap();
    assert!(lines.contains("revived by uid 7"), "{lines}");
    let answer = answers::answer(&decides(&elsewhere, Choice::Drop), 7, other.as_ref(), &health);
    assert!(matches!(&answer, Answer::Decided(row) if row.phase == Phase::Dropped), "{answer:?}");
    let answer = answers::answer(&decides(&elsewhere, Choice::Drop), 7, other.as_ref(), &health);
    assert!(matches!(&answer, Answer::Refused(said) if said.contains("is over: it is dropped")), "{answer:?}");
}
