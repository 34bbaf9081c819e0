//! Secrets reach the program and nobody else.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};

use base64::Engine as _;
use butler_core::store::file::save_atomic;
use butler_watcher::jobs::run::{Ended, Runner};

use super::room::{Recorder, Room, is_root, runner_of};

const SECRET: &str = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";

fn runner(room: &Room, text: &str) -> Runner {
    let program = room.program("job", text);
    let mut setup = room.setup(&[&program, "{artifact}"]);
    setup.programs.environment_files = [("SP1_PRIVATE_KEY".to_owned(), room.path("key"))].into();
    runner_of(setup)
}

#[tokio::test]
async fn a_secret_reaches_the_program_and_is_in_nothing_that_is_told() {
    let room = Room::new();
    save_atomic(&room.path("key"), format!("{SECRET}\n").as_bytes(), 0o400).unwrap();
    let echo = r#"printf %s "$SP1_PRIVATE_KEY" > "$1"
        echo "key $SP1_PRIVATE_KEY" >&2
        printf %s "$SP1_PRIVATE_KEY" | base64 -w0 >&2; echo >&2
        printf %s "$SP1_PRIVATE_KEY" | sed 's/./& /g' >&2; echo >&2"#;
    let recorder = Recorder::default();
    let failing = runner(&room, &format!("{echo}\nexit 4"));
    let ended = failing.process(&room.task(7), None, &recorder).await;
    assert!(matches!(ended, Ended::Retry { .. }), "{ended:?}");
    let told = format!("{ended:?} {:?} {failing:?}", recorder.last());
    let base64 = base64::engine::general_purpose::STANDARD.encode(SECRET);
    let pieces = [SECRET, &SECRET[2..], &SECRET[40..52], &base64, &base64[8..24]];
    for piece in pieces {
        assert!(!told.contains(piece), "{piece}: {told}");
    }
    assert!(!told.replace(' ', "").contains(&SECRET[20..40]), "{told}");
    assert!(told.contains("hidden"), "{told}");

    let ended = runner(&room, echo).process(&room.task(7), None, &recorder).await;
    assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
    assert_eq!(room.artifact().unwrap(), SECRET.as_bytes());
}

#[tokio::test]
async fn a_secret_that_others_can_read_or_that_is_none_is_refused_and_nothing_runs() {
    let room = Room::new();
    let runner = runner(&room, "echo ran > \"$1\"");
    let run = async || runner.process(&room.task(7), None, &Recorder::default()).await;
    assert!(matches!(run().await, Ended::Refused { .. }), "it is missing");
    for mode in [0o640, 0o604, 0o620] {
        save_atomic(&room.path("key"), SECRET.as_bytes(), 0o600).unwrap();
        set_permissions(room.path("key"), Permissions::from_mode(mode)).unwrap();
        let ended = run().await;
        let is_refused = matches!(&ended, Ended::Refused { reason } if reason.contains("SP1_PRIVATE_KEY") && !reason.contains("0x4c"));
        assert!(is_refused, "{mode:o}: {ended:?}");
    }
    for content in [b"".as_slice(), b"\n", b"a\0b", b"\xff\xfe"] {
        save_atomic(&room.path("key"), content, 0o600).unwrap();
        assert!(matches!(run().await, Ended::Refused { .. }), "{content:?}");
    }
    if is_root() {
        save_atomic(&room.path("key"), SECRET.as_bytes(), 0o600).unwrap();
        chown(room.path("key"), Some(65_534), None).unwrap();
        assert!(matches!(run().await, Ended::Refused { .. }), "it is another's");
    } else {
        eprintln!("left out: another's secret, since this is not root");
    }
    assert_eq!(room.artifact(), None);
}
