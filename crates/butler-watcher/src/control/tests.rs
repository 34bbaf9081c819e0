use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream as Blocking;

use butler_core::control::{Ask, WatcherStatus};
use tempfile::TempDir;

use super::*;
use crate::journal::{Keeper, Settings};

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
