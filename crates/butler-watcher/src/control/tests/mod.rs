use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream as Blocking;

use butler_core::control::{
    ActionRow, Answer, Ask, Choice, ControlRequest, PROTOCOL, REQUEST_LIMIT, Shown, WatcherStatus,
};
use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, EffectKey, Goal, Phase, Place, Policy, Priority, Schema,
};
use ethers_core::types::Address;
use tempfile::TempDir;

use super::access::Right;
use super::decisions::Rules;
use super::*;
use crate::journal::{Batch, Claim, Keeper, Outcome, Plan, Settings, Settlement, Work};

mod names;

fn setting() -> (TempDir, Arc<dyn Journal>, Arc<Health>) {
    let folder = TempDir::new().unwrap();
    let journal = Keeper::open(&folder.path().join("journal"), Settings::default()).unwrap();
    (folder, Arc::new(journal), Arc::new(Health::default()))
}

/// Rights of whoever runs the tests.
fn rights(readers: &[u32], approvers: &[u32]) -> watch::Receiver<Rights> {
    let rules = Rules { persons: 1, expiry: Duration::from_secs(3600) };
    watch::channel(Rights { access: Access::new(readers, approvers), rules }).1
}

/// Sends these bytes and reads what comes: the status, and the body.
async fn send(path: PathBuf, text: Vec<u8>) -> (String, String) {
    tokio::task::spawn_blocking(move || {
        let mut stream = Blocking::connect(path).unwrap();
        let _ = stream.write_all(&text);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        // What was sent too much may break the connection behind the answer.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
    })
    .await
    .unwrap()
}

fn post(body: &[u8]) -> Vec<u8> {
    let head = format!("POST /v1/ask HTTP/1.1\r\nHost: butler\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_and_what_is_none_is_refused_and_many_at_once_wait() {
    let (folder, journal, health) = setting();
    let runtime = folder.path().join("run");
    let control = Control::listen(&runtime, rights(&[], &[]), journal, health).unwrap();
    let own = socket_in(&runtime).parent().unwrap().to_owned();
    assert_eq!(std::fs::metadata(own).unwrap().mode() & 0o777, 0o700);
    let mut tasks = JoinSet::new();
    tasks.spawn(control.run());
    let path = socket_in(&runtime);
    let question = serde_json::to_vec(&ControlRequest { version: PROTOCOL, ask: Ask::Status }).unwrap();
    let (_, body) = send(path.clone(), post(&question)).await;
    assert!(matches!(serde_json::from_str(&body).unwrap(), Answer::Status(WatcherStatus { .. })));
    let status = butler_core::control::ask(&path, Ask::Status, Duration::from_secs(5)).await.unwrap();
    assert!(matches!(status, Answer::Status(_)));
    let newer = String::from_utf8(question.clone()).unwrap().replace("\"version\":1", "\"version\":2");
    let large = vec![b' '; REQUEST_LIMIT + 1];
    let cut = post(&question)[..60].to_vec();
    for (text, status, why) in [
        (post(newer.as_bytes()), "400", "version 2 is not spoken here"),
        (post(b"{}"), "400", "this is no question"),
        (post(b"\xff\0"), "400", "this is no question"),
        (post(br#"{"version":1,"ask":"rule"}"#), "400", "not known here"),
        (post(br#"{"version":1,"ask":"status","right":"approve"}"#), "400", "not known here"),
        (post(&large), "413", "at most 65536 bytes"),
        (b"GET /v1/ask HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), "404", "are posted to"),
        (b"POST /v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".to_vec(), "404", "are posted to"),
        ([b"POST /v1/ask HTTP/1.1\r\nX: ".as_slice(), &vec![b'x'; 100_000], b"\r\n\r\n"].concat(), "431", ""),
        (b"nonsense\r\n\r\n".to_vec(), "400", ""),
        (cut, "", ""),
    ] {
        let (line, body) = send(path.clone(), text).await;
        assert!(line.contains(status) && body.contains(why), "{line} {body}");
        assert!(why.is_empty() || body.starts_with("{\"refused\":"), "{body}");
    }
    let many = (0..4 * AT_ONCE).map(|_| send(path.clone(), post(&question)));
    assert!(futures_util::future::join_all(many).await.iter().all(|(_, body)| body.starts_with("{\"status\"")));
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_clients_keep_nobody_waiting_for_longer_than_the_deadline() {
    let (folder, journal, health) = setting();
    let runtime = folder.path().join("run");
    let control = Control::listen(&runtime, rights(&[], &[]), journal, health).unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(control.run());
    let path = socket_in(&runtime);
    // They hold every place, and say nothing, or one byte.
    let idle: Vec<Blocking> = (0..2 * AT_ONCE).map(|_| Blocking::connect(&path).unwrap()).collect();
    (&idle[0]).write_all(b"P").unwrap();
    let answer = butler_core::control::ask(&path, Ask::Status, 4 * DEADLINE).await.unwrap();
    assert!(matches!(answer, Answer::Status(_)));
}

#[tokio::test]
async fn a_folder_that_others_can_enter_and_a_file_in_the_way_are_refused_and_an_old_socket_is_replaced() {
    let (folder, journal, health) = setting();
    let listen = |runtime: &Path| Control::listen(runtime, rights(&[], &[]), Arc::clone(&journal), Arc::clone(&health));
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

/// Plans an action that is slashed, under this policy.
fn planned(journal: &dyn Journal, policy: Policy) -> EffectKey {
    planned_as(EffectKey::new(ActionKind::Slashed, &PLACE, &[]), journal, policy)
}

const PLACE: Place = Place { chain_id: 1, contract: Address::repeat_byte(7) };

/// Plans an action of that key.
fn planned_as(key: EffectKey, journal: &dyn Journal, policy: Policy) -> EffectKey {
    let place = PLACE;
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
        edits: Vec::new(),
    };
    let plans = vec![Plan { action, policy }];
    let approval = Some(Duration::from_secs(3600));
    journal.commit(&Batch { plans, approval, ..Batch::default() }).unwrap();
    key
}

/// A parked action, as it is shown.
fn parked(journal: &dyn Journal) -> ActionRow {
    let key = planned(journal, Policy::Notify);
    let ask = Claim { limit: 1, lease: Duration::from_secs(60), chain_time: 0, holds: false, work: Work::Tell };
    let lease = journal.claim(&ask).unwrap().remove(0).lease;
    let outcome = Outcome::Refused { reason: "the webhook pager answers 404".to_owned() };
    journal.settle(&[Settlement { lease, outcome }]).unwrap();
    row_of(journal, &key)
}

fn answer(ask: &Ask, user: u32, right: Right, persons: usize, journal: &dyn Journal) -> Answer {
    answer_of(ask, (user, right), &[1, 2, 3, 7], persons, journal)
}

/// As `answer`, where these may decide.
fn answer_of(ask: &Ask, asker: (u32, Right), approvers: &[u32], persons: usize, journal: &dyn Journal) -> Answer {
    let rules = Rules { persons, expiry: Duration::from_secs(3600) };
    let rights = Rights { access: Access::new(&[], approvers), rules };
    answers::answer(ask, asker, &rights, journal, &Health::default())
}

fn row_of(journal: &dyn Journal, key: &EffectKey) -> ActionRow {
    let answer = answer(&Ask::Action { key: key.clone().into() }, 0, Right::Read, 1, journal);
    let Answer::Action(Some(row)) = answer else { panic!("{answer:?}") };
    *row
}

fn decides(row: &ActionRow, choice: Choice) -> Ask {
    let shown = Shown { key: row.key.clone().into(), shown: row.shown.clone().unwrap_or_default() };
    Ask::Decide { actions: vec![shown], choice, reason: None }
}

/// What becomes of a decision of this user.
fn decide(
    row: &ActionRow,
    choice: Choice,
    user: u32,
    persons: usize,
    journal: &dyn Journal,
) -> Result<ActionRow, String> {
    let answer = answer(&decides(row, choice), user, Right::Approve, persons, journal);
    let Answer::Decided { mut decided, mut refused } = answer else { panic!("{answer:?}") };
    match (decided.pop(), refused.pop()) {
        (Some(row), None) => Ok(row),
        (None, Some(refused)) => Err(refused.why),
        odd => panic!("{odd:?}"),
    }
}

fn history(journal: &dyn Journal) -> String {
    serde_json::to_string(&journal.history(0, 100).unwrap()).unwrap()
}

#[test]
fn a_decision_counts_once_for_what_was_shown_in_this_journal_and_names_its_actor() {
    let ((_folder, journal, _), (_other_folder, other, _)) = (setting(), setting());
    let (journal, other) = (journal.as_ref(), other.as_ref());
    let (row, elsewhere) = (parked(journal), parked(other));
    assert_eq!((row.phase, row.version), (elsewhere.phase, elsewhere.version));
    let refused = |row: &ActionRow, choice, why: &str| {
        let answer = decide(row, choice, 7, 1, journal);
        assert!(answer.as_ref().is_err_and(|said| said.contains(why)), "{answer:?}");
    };
    refused(&elsewhere, Choice::Retry, "not what was shown");
    refused(&ActionRow { shown: None, ..row.clone() }, Choice::Drop, "not what was shown");
    refused(&row, Choice::Approve, "nobody's approval");
    let decided = decide(&row, Choice::Retry, 7, 1, journal).unwrap();
    assert_eq!(
        (decided.phase, decided.tries, decided.reason.as_deref()),
        (Phase::Due, Some(0), Some("revived by uid 7"))
    );
    // Again.
    refused(&row, Choice::Retry, "only an action that is parked");
    let lines = history(journal);
    assert!(lines.contains("revived by uid 7") && lines.contains("not what was shown"), "{lines}");
    assert_eq!(decide(&elsewhere, Choice::Drop, 7, 1, other).unwrap().phase, Phase::Dropped);
    assert_eq!(decide(&elsewhere, Choice::Drop, 7, 1, other).unwrap_err(), "it is dropped");
}

#[test]
fn an_approval_is_of_so_many_persons_each_for_what_that_one_saw() {
    let (_folder, journal, _) = setting();
    let journal = journal.as_ref();
    let key = planned(journal, Policy::Approve);
    let shown = row_of(journal, &key);
    assert_eq!(
        decide(&shown, Choice::Retry, 1, 2, journal).unwrap_err(),
        "only an action that is parked can be tried again"
    );
    let first = decide(&shown, Choice::Approve, 1, 2, journal).unwrap();
    assert_eq!((first.phase, first.approved_by.as_slice()), (Phase::AwaitingApproval, ["uid 1".to_owned()].as_slice()));
    assert!(decide(&first, Choice::Approve, 1, 2, journal).unwrap_err().contains("somebody else must"));
    // The second person saw it before the first one approved.
    assert!(decide(&shown, Choice::Approve, 2, 2, journal).unwrap_err().contains("not what was shown"));
    let second = decide(&row_of(journal, &key), Choice::Approve, 2, 2, journal).unwrap();
    assert_eq!((second.phase, second.approved_by.len()), (Phase::Due, 2));
    assert!(decide(&second, Choice::Reject, 1, 2, journal).unwrap_err().contains("was decided on"));
    assert_eq!(decide(&second, Choice::Drop, 1, 2, journal).unwrap().phase, Phase::Dropped);
}

#[test]
fn whoever_may_only_ask_decides_nothing_and_it_is_recorded() {
    let (_folder, journal, _) = setting();
    let journal = journal.as_ref();
    let row = row_of(journal, &planned(journal, Policy::Approve));
    let answer = answer(&decides(&row, Choice::Approve), 0, Right::Read, 1, journal);
    assert!(matches!(&answer, Answer::Refused(why) if why.contains("does not name you")), "{answer:?}");
    assert_eq!(row_of(journal, &row.key).phase, Phase::AwaitingApproval);
    assert!(history(journal).contains("may not decide") && history(journal).contains("uid 0"));
}

#[test]
fn the_approval_of_whoever_may_not_decide_any_more_does_not_count() {
    let (_folder, journal, _) = setting();
    let journal = journal.as_ref();
    let key = planned(journal, Policy::Approve);
    decide(&row_of(journal, &key), Choice::Approve, 1, 2, journal).unwrap();
    // The first one is taken off the list.
    let approve = |user: u32| {
        let ask = decides(&row_of(journal, &key), Choice::Approve);
        answer_of(&ask, (user, Right::Approve), &[2, 3], 2, journal)
    };
    assert!(matches!(approve(2), Answer::Decided { refused, .. } if refused.is_empty()));
    assert_eq!(row_of(journal, &key).phase, Phase::AwaitingApproval);
    assert!(matches!(approve(3), Answer::Decided { refused, .. } if refused.is_empty()));
    let row = row_of(journal, &key);
    assert_eq!((row.phase, row.approved_by.len()), (Phase::Due, 3));
}

#[test]
fn nobody_fills_the_history_by_asking_for_what_is_refused() {
    let (_folder, journal, _) = setting();
    let journal = journal.as_ref();
    let row = row_of(journal, &planned(journal, Policy::Approve));
    for _ in 0..100 {
        let answer = answer(&decides(&row, Choice::Approve), 4_242, Right::Read, 1, journal);
        assert!(matches!(answer, Answer::Refused(_)));
    }
    assert_eq!(history(journal).matches("uid 4242").count(), 1);
}

#[test]
fn a_reason_is_one_line_that_acts_on_nothing() {
    let (_folder, journal, _) = setting();
    let journal = journal.as_ref();
    let row = row_of(journal, &planned(journal, Policy::Approve));
    let shown = Shown { key: row.key.clone().into(), shown: row.shown.clone().unwrap() };
    let reason = Some("ok\n2026-11-27  approved by uid 4242 \u{1b}[31m\u{202e}x".to_owned());
    let ask = Ask::Decide { actions: vec![shown], choice: Choice::Reject, reason };
    let Answer::Decided { decided, .. } = answer(&ask, 7, Right::Approve, 1, journal) else { panic!() };
    let said = "denied by uid 7: ok 2026-11-27 approved by uid 4242 [31mx";
    assert_eq!(decided[0].reason.as_deref(), Some(said));
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_readers_keep_no_approver_waiting() {
    let (folder, journal, health) = setting();
    let runtime = folder.path().join("run");
    // Whoever runs the tests may decide; nobody else can come here, so readers are played by asking before that was so.
    let own = rustix::process::geteuid().as_raw();
    let rules = Rules { persons: 1, expiry: Duration::from_secs(3600) };
    let of = |approvers: &[u32]| Rights { access: Access::new(&[own], approvers), rules };
    let (sender, receiver) = watch::channel(of(&[]));
    let control = Control::listen(&runtime, receiver, journal, health).unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(control.run());
    let path = socket_in(&runtime);
    let idle: Vec<Blocking> = (0..4 * AT_ONCE).map(|_| Blocking::connect(&path).unwrap()).collect();
    let question = serde_json::to_vec(&ControlRequest { version: PROTOCOL, ask: Ask::Status }).unwrap();
    // All of them were let in as readers by the time that one of them would be answered.
    while tokio::time::timeout(Duration::from_millis(50), send(path.clone(), post(&question))).await.is_ok() {}
    sender.send_replace(of(&[own]));
    let begun = std::time::Instant::now();
    let (_, body) = loop {
        let answered = tokio::time::timeout(Duration::from_secs(2), send(path.clone(), post(&question))).await;
        if let Ok(answered) = answered {
            break answered;
        }
    };
    assert!(body.starts_with("{\"status\""), "{body} after {:?}", begun.elapsed());
    assert_eq!(idle.len(), 4 * AT_ONCE);
}

#[test]
fn whoever_watches_hears_of_what_is_tried_again_and_of_no_other_decision() {
    let (_folder, journal, health) = setting();
    let rules = Rules { persons: 1, expiry: Duration::from_secs(3600) };
    let rights = Rights { access: Access::new(&[], &[7]), rules };
    let mut heard = health.retries.listen();
    let row = parked(journal.as_ref());
    for (choice, is_heard) in [(Choice::Approve, false), (Choice::Retry, true)] {
        answers::answer(&decides(&row, choice), (7, Right::Approve), &rights, journal.as_ref(), &health);
        assert_eq!(heard.has_changed().unwrap(), is_heard, "{choice:?}");
    }
    heard.mark_unchanged();
    answers::answer(&decides(&row, Choice::Retry), (7, Right::Read), &rights, journal.as_ref(), &health);
    assert!(!heard.has_changed().unwrap(), "it was refused");
}
