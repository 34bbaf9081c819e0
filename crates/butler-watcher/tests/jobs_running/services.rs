//! Work of a service that breaks, forgets, repeats itself and lies.

use std::collections::BTreeMap;
use std::time::Duration;

use butler_core::client::http::{HttpSettings, LONGEST_WAIT};
use butler_core::store::file::save_atomic;
use butler_testkit::prover::{FakeProver, Fault};
use butler_watcher::jobs::run::{Ended, Input, Runner, Service, Setup, Task, Work};

use super::room::{Recorder, Room, arguments, reason, runner_of};

const TOKEN: &str = "s3cr3t-t0ken-of-the-prover";

struct Stage {
    room: Room,
    prover: FakeProver,
    recorder: Recorder,
    runner: Runner,
}

fn service(prover: &FakeProver) -> Service {
    let http = HttpSettings {
        url: prover.url().parse().unwrap(),
        authorization: Some(format!("Bearer {TOKEN}").into()),
        api_key: None,
        timeout: Duration::from_secs(20),
        max_response_bytes: 64 * 1024,
        ca_file: None,
        clock: || 0,
    };
    let argument = |name: &str, text: &str| (name.to_owned(), text.parse().unwrap());
    Service {
        http,
        submit: "/proofs".parse().unwrap(),
        body: BTreeMap::from([argument("block", "{item}"), argument("note", "$(id); \"x\"")]),
        upload: None,
        id: "/id".to_owned(),
        status: "/proofs/{id}".parse().unwrap(),
        state: "/status".to_owned(),
        done: vec!["done".to_owned()],
        failed: vec!["failed".to_owned()],
        fetch: Some("/proofs/{id}/artifact".parse().unwrap()),
        look_interval: Duration::from_secs(30),
    }
}

impl Stage {
    async fn new(change: impl FnOnce(&mut Setup, &mut Service)) -> Self {
        let (room, prover) = (Room::new(), FakeProver::start().await.unwrap());
        let (mut setup, mut service) = (room.setup(&["/bin/false"]), service(&prover));
        change(&mut setup, &mut service);
        setup.work = Work::Service(Box::new(service));
        let runner = runner_of(setup);
        Self { room, prover, recorder: Recorder::default(), runner }
    }

    async fn honest() -> Self {
        Self::new(|_, _| {}).await
    }

    async fn process(&self) -> Ended {
        let intent = self.recorder.last();
        let ended = self.runner.process(&self.room.task(7), intent.as_ref(), &self.recorder).await;
        assert!(!format!("{ended:?}").contains(TOKEN));
        ended
    }

    async fn verify(&self) -> Ended {
        let intent = self.recorder.last();
        let ended = self.runner.verify(&self.room.task(7), intent.as_ref()).await;
        assert!(!format!("{ended:?}").contains(TOKEN));
        ended
    }

    fn keys(&self) -> Vec<String> {
        self.prover.submissions().into_iter().map(|submission| submission.key).collect()
    }
}

fn submitted(ended: &Ended) -> Option<&str> {
    if let Ended::Submitted { id, .. } = ended { Some(id) } else { None }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_submitted_once_looked_at_until_it_is_done_and_its_artifact_is_fetched() {
    let stage = Stage::honest().await;
    let ended = stage.process().await;
    let expected = Ended::Submitted { id: "proof-1".to_owned(), look_after: Duration::from_secs(30) };
    assert_eq!(ended, expected);
    // The key was durable before, the service's name of it after.
    let intents = stage.recorder.intents.lock().unwrap().clone();
    assert_eq!((intents[0]["key"].as_str(), &intents[0]["id"]), (Some("blocks-snos-7.1"), &serde_json::Value::Null));
    assert_eq!(intents[1]["id"], "proof-1");
    let submission = &stage.prover.submissions()[0];
    let body: serde_json::Value = serde_json::from_slice(&submission.body).unwrap();
    assert_eq!(body, serde_json::json!({ "block": "7", "note": "$(id); \"x\"" }));
    assert_eq!((submission.key.as_str(), submission.kind.as_str()), ("blocks-snos-7.1", "application/json"));

    let pending = stage.verify().await;
    assert_eq!(pending, Ended::Pending { reason: "the service says `running`".to_owned() });
    // A try while the service is about it submits nothing.
    assert_eq!((submitted(&stage.process().await), stage.prover.begun()), (Some("proof-1"), 1));
    stage.prover.end_all("done", b"proof");
    let done = stage.verify().await;
    assert!(matches!(&done, Ended::Done { digest: Some(_), .. }), "{done:?}");
    assert_eq!((stage.room.artifact().unwrap(), stage.room.beside()), (b"proof".to_vec(), Vec::new()));
    let asked = stage.prover.asked();
    assert!(matches!((stage.verify().await, stage.process().await), (Ended::Done { .. }, Ended::Done { .. })));
    assert_eq!((stage.prover.asked(), stage.prover.begun()), (asked, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_lost_is_asked_for_again_under_the_same_key() {
    let stage = Stage::honest().await;
    stage.prover.break_next([Some(Fault::LostReply), Some(Fault::LostReply)]);
    assert_eq!(submitted(&stage.process().await), Some("proof-1"));
    assert_eq!((stage.keys().len(), stage.prover.begun()), (3, 1));

    // Lost for good in this try: the next one has the same key.
    let stage = Stage::honest().await;
    stage.prover.break_next([Some(Fault::LostReply), Some(Fault::LostReply), Some(Fault::LostReply)]);
    assert!(matches!(stage.process().await, Ended::Retry { .. }));
    assert!(matches!(stage.verify().await, Ended::Retry { .. }), "nothing tells whether it came");
    assert_eq!(submitted(&stage.process().await), Some("proof-1"));
    assert!(stage.keys().iter().all(|key| key == "blocks-snos-7.1"));
    assert_eq!(stage.prover.begun(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_asked_too_often_or_fails_is_asked_later_and_a_long_wait_is_bounded() {
    let stage = Stage::honest().await;
    for status in [500, 502, 503, 408] {
        stage.prover.break_next([Some(Fault::Status(status))]);
        let ended = stage.process().await;
        assert!(
            matches!(&ended, Ended::Retry { after: None, .. }) && reason(&ended).contains(&status.to_string()),
            "{ended:?}"
        );
    }
    for (seconds, wait) in [(7, Duration::from_secs(7)), (u64::MAX, LONGEST_WAIT)] {
        stage.prover.break_next([Some(Fault::TooOften(seconds))]);
        let ended = stage.process().await;
        assert!(matches!(&ended, Ended::Retry { after: Some(after), .. } if *after == wait), "{ended:?}");
    }
    for status in [400, 401, 403, 409, 422] {
        stage.prover.break_next([Some(Fault::Status(status))]);
        let ended = stage.process().await;
        assert!(matches!(ended, Ended::Refused { .. }), "{ended:?}");
    }
    assert_eq!(submitted(&stage.process().await), Some("proof-1"));
    // And while it is looked at, nothing of that loses the work.
    for fault in [Fault::Status(500), Fault::TooOften(3), Fault::Nonsense, Fault::LostReply, Fault::Endless] {
        stage.prover.break_next([Some(fault.clone()), Some(fault)]);
        let ended = stage.verify().await;
        assert!(matches!(ended, Ended::Unknown { .. }), "{ended:?}");
    }
    stage.prover.break_next([Some(Fault::Status(500))]);
    assert!(matches!(stage.process().await, Ended::Retry { .. }));
    assert_eq!((stage.prover.begun(), stage.keys().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_the_service_forgot_or_that_failed_is_submitted_anew_under_the_next_key() {
    let stage = Stage::honest().await;
    stage.process().await;
    // It knows the key still, and would answer it with what it has forgotten.
    stage.prover.forget_work();
    let ended = stage.verify().await;
    assert_eq!(reason(&ended), "the service does not know the work any more");
    assert!(matches!(ended, Ended::Retry { .. }), "{ended:?}");
    assert_eq!(submitted(&stage.process().await), Some("proof-2"));
    stage.prover.end_all("failed", b"");
    let ended = stage.verify().await;
    assert_eq!(reason(&ended), "the service says `failed`");
    assert_eq!(submitted(&stage.process().await), Some("proof-3"));
    assert_eq!(stage.keys(), ["blocks-snos-7.1", "blocks-snos-7.2", "blocks-snos-7.3"]);
    stage.prover.end_all("done", b"proof");
    assert!(matches!(stage.verify().await, Ended::Done { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_service_that_answers_twice_with_other_names_one_artifact_counts() {
    let stage = Stage::honest().await;
    stage.prover.ignore_keys();
    stage.prover.break_next([Some(Fault::LostReply)]);
    assert_eq!(submitted(&stage.process().await), Some("proof-2"));
    // An answer for other work than was asked for is not believed.
    for other in [r#"{"id":"proof-1","status":"done"}"#, r#"{"id":"proof-1","status":"failed"}"#] {
        stage.prover.break_next([Some(Fault::Says(other.to_owned()))]);
        let ended = stage.verify().await;
        assert!(matches!(&ended, Ended::Unknown { reason } if reason.contains("other work")), "{ended:?}");
    }
    stage.prover.end_all("done", b"proof");
    assert!(matches!(stage.verify().await, Ended::Done { .. }));
    assert!(matches!(stage.process().await, Ended::Done { .. }));
    assert_eq!((stage.prover.begun(), stage.room.artifact().unwrap()), (2, b"proof".to_vec()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_that_its_check_refuses_is_never_used_and_the_work_is_submitted_anew() {
    let room = Room::new();
    let check = room.program("check", "[ \"$(cat \"$1\")\" = good ]");
    let stage = Stage::new(|setup, _| setup.verify = Some(arguments(&[&check, "{artifact}"]))).await;
    stage.process().await;
    stage.prover.end_all("done", b"bad");
    let ended = stage.verify().await;
    assert!(matches!(&ended, Ended::Retry { reason, .. } if reason.contains("its check says")), "{ended:?}");
    assert_eq!(submitted(&stage.process().await), Some("proof-2"));
    // One that is longer than it may be is none either.
    stage.prover.end_all("done", &vec![b'x'; (1 << 20) + 1]);
    let ended = stage.verify().await;
    assert!(matches!(&ended, Ended::Retry { reason, .. } if reason.contains("longer than it may be")), "{ended:?}");
    assert_eq!((submitted(&stage.process().await), stage.room.artifact()), (Some("proof-3"), None));
    stage.prover.end_all("done", b"good");
    assert!(matches!(stage.verify().await, Ended::Done { .. }));
    assert_eq!(stage.room.artifact().unwrap(), b"good");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_that_does_not_come_is_fetched_again_and_half_of_it_is_never_used() {
    let stage = Stage::honest().await;
    stage.process().await;
    stage.prover.end_all("done", b"proof");
    let faults = [Fault::Status(500), Fault::LostReply, Fault::Status(404), Fault::TooOften(3)];
    for fault in faults {
        stage.prover.break_next([None, Some(fault.clone()), Some(fault)]);
        let ended = stage.verify().await;
        assert!(matches!(&ended, Ended::Unknown { reason } if reason.contains("is not fetched")), "{ended:?}");
        assert_eq!(stage.room.artifact(), None);
    }
    // An answer without an end is cut at the limit.
    stage.prover.break_next([None, Some(Fault::Endless)]);
    let ended = stage.verify().await;
    assert!(matches!(&ended, Ended::Retry { reason, .. } if reason.contains("longer than it may be")), "{ended:?}");
    let private = super::room::names(&stage.room.path("out/7").join(&stage.room.beside()[0]));
    assert!(private.is_empty() && stage.room.artifact().is_none(), "{private:?}");
    assert!(matches!(stage.verify().await, Ended::Done { .. }));
    assert_eq!(stage.prover.begun(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_refused_and_nothing_is_sent_there() {
    let (stage, other) = (Stage::honest().await, FakeProver::start().await.unwrap());
    let redirect = || Some(Fault::Redirect(format!("{}/proofs", other.url())));
    stage.prover.break_next([redirect()]);
    let ended = stage.process().await;
    assert!(matches!(&ended, Ended::Refused { reason } if reason.contains("redirect")), "{ended:?}");
    stage.process().await;
    stage.prover.break_next([redirect()]);
    assert!(matches!(stage.verify().await, Ended::Refused { .. }));
    stage.prover.end_all("done", b"proof");
    stage.prover.break_next([None, redirect()]);
    assert!(matches!(stage.verify().await, Ended::Refused { .. }));
    assert_eq!((other.asked(), stage.room.artifact()), (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_names_of_work_are_not_taken() {
    let names = ["..", ".", "", "a/b", "a b", "a\\nb", "%2e%2e", "?x", "\u{202e}x"];
    let answers = names.map(|name| format!("{{\"id\":\"{name}\"}}"));
    let more = ["", "[]", "{}", "{\"id\":null}", "{\"id\":[1]}", "<html>"].map(str::to_owned);
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(129));
    let stage = Stage::honest().await;
    for answer in answers.into_iter().chain(more).chain([long]) {
        stage.prover.break_next([Some(Fault::Says(answer.clone()))]);
        let ended = stage.process().await;
        assert!(
            matches!(&ended, Ended::Retry { reason, .. } if reason.contains("what it calls the work")),
            "{answer}: {ended:?}"
        );
    }
    stage.prover.break_next([Some(Fault::Endless)]);
    assert!(matches!(stage.process().await, Ended::Retry { .. }));
    assert_eq!(stage.recorder.last().unwrap()["id"], serde_json::Value::Null);
    stage.prover.break_next([Some(Fault::Says("{\"id\":42}".to_owned()))]);
    assert_eq!(submitted(&stage.process().await), Some("42"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_says_is_one_line_without_the_token() {
    let stage = Stage::honest().await;
    stage.process().await;
    let text = format!("\\u001b[31m{TOKEN}\\nsecond line");
    stage.prover.break_next([Some(Fault::Says(format!("{{\"id\":\"proof-1\",\"status\":\"{text}\"}}")))]);
    let ended = stage.verify().await;
    let told = reason(&ended);
    assert!(matches!(&ended, Ended::Pending { .. }) && !told.contains(['\n', '\x1b']), "{ended:?}");
    assert!(told.contains("<hidden>"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_is_uploaded_as_it_is() {
    let stage = Stage::new(|_, service| {
        service.body = BTreeMap::new();
        service.upload = Some("snos".parse().unwrap());
    })
    .await;
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let path = stage.room.path("input");
    save_atomic(&path, &content, 0o600).unwrap();
    let digest: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&content).into();
    let task = Task { inputs: [("snos".to_owned(), Input { path, digest })].into(), ..stage.room.task(7) };
    let ended = stage.runner.process(&task, None, &stage.recorder).await;
    assert_eq!(submitted(&ended), Some("proof-1"));
    let submission = &stage.prover.submissions()[0];
    assert!(submission.kind == "application/octet-stream" && submission.body == content, "{}", submission.kind);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_is_asked_again_under_the_same_key() {
    let stage = Stage::new(|_, service| service.http.url = "http://127.0.0.1:1/".parse().unwrap()).await;
    for _ in 0..2 {
        let ended = stage.process().await;
        assert!(matches!(&ended, Ended::Retry { reason, .. } if reason.contains("does not answer")), "{ended:?}");
        assert_eq!(stage.recorder.last().unwrap()["key"], "blocks-snos-7.1");
    }
}
