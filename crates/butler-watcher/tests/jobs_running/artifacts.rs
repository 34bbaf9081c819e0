//! What counts as an artifact, what its check says, and what becomes of one that is none.

use std::fs::{DirBuilder, Permissions, set_permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use butler_core::store::file::save_atomic;
use butler_watcher::jobs::run::{Ended, Input, Task};

use super::room::{Recorder, Room, arguments, names, reason, runner_of};

#[tokio::test]
async fn what_is_no_file_of_ours_of_the_right_length_is_no_artifact() {
    let room = Room::new();
    let cases = [
        ("true", "it was not written"),
        (": > \"$1\"", "it is empty"),
        ("ln -s /etc/passwd \"$1\"", "it is a symbolic link"),
        ("echo x > other; ln other \"$1\"", "it has more than one name"),
        ("mkdir \"$1\"", "it is no file"),
        ("mkfifo \"$1\"", "it is no file"),
        ("head -c 1048577 /dev/zero > \"$1\"", "it is longer than it may be"),
    ];
    for (text, why) in cases {
        let ended = room.run(text).await;
        assert!(matches!(&ended, Ended::Retry { reason, .. } if reason.ends_with(why)), "{text}: {ended:?}");
        assert_eq!(room.artifact(), None);
        let private = room.path("out/7").join(&room.beside()[0]);
        assert_eq!((names(&private), private.metadata().unwrap().mode() & 0o777), (Vec::new(), 0o700), "{text}");
    }
    let ended = room.run("umask 0; echo made > \"$1\"; mkdir -p \"$1.d/a\"").await;
    assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
    assert_eq!((room.artifact().unwrap(), room.beside()), (b"made\n".to_vec(), Vec::new()));
    assert_eq!(room.path("out/7/pie.bin").metadata().unwrap().mode() & 0o777, 0o644);
}

#[tokio::test]
async fn a_check_decides_before_and_after_and_what_it_refuses_is_kept_aside() {
    let room = Room::new();
    let check = room.program(
        "check",
        "echo \"asked $1\" >> asked; case $(cat \"$1\") in good) exit 0;; bad) exit 1;; *) exit 2;; esac",
    );
    let text = |word: &str| format!("echo run >> runs; echo {word} > \"$1\"");
    let run = async |word: &str| {
        let program = room.program("job", &text(word));
        let mut setup = room.setup(&[&program, "{artifact}"]);
        setup.verify = Some(arguments(&[&check, "{artifact}"]));
        let runner = runner_of(setup);
        let ended = runner.process(&room.task(7), None, &Recorder::default()).await;
        (ended, runner.verify(&room.task(7), None).await)
    };
    let (ended, looked) = run("bad").await;
    assert!(reason(&ended).contains("its check says that it is not done"), "{ended:?}");
    assert!(matches!((&ended, &looked), (Ended::Retry { .. }, Ended::Retry { .. })), "{ended:?} {looked:?}");
    let private = room.path("out/7").join(&room.beside()[0]);
    assert_eq!((room.artifact(), names(&private)), (None, vec!["refused-pie.bin".to_owned()]));

    // One that the check does not understand is neither used nor made again: it waits for the check.
    let (ended, looked) = run("strange").await;
    assert!(matches!((&ended, &looked), (Ended::Unknown { .. }, Ended::Unknown { .. })), "{ended:?} {looked:?}");
    assert_eq!((room.artifact(), names(&private).contains(&"ready-pie.bin".to_owned())), (None, true));
    let (ended, _) = run("good").await;
    assert!(matches!(ended, Ended::Unknown { .. }), "{ended:?}");
    assert_eq!(room.read("runs").lines().count(), 2);
    std::fs::remove_dir_all(&private).unwrap();

    let (ended, looked) = run("good").await;
    assert!(matches!((&ended, &looked), (Ended::Done { .. }, Ended::Done { .. })), "{ended:?} {looked:?}");
    assert_eq!((room.read("runs").lines().count(), room.beside()), (3, Vec::new()));

    // One that is not good any more is made again, and replaced only by one that is.
    save_atomic(&room.path("out/7/pie.bin"), b"bad", 0o600).unwrap();
    let (ended, _) = run("bad").await;
    assert!(matches!(ended, Ended::Retry { .. }), "{ended:?}");
    assert_eq!(room.artifact().unwrap(), b"bad");
    let (ended, _) = run("good").await;
    assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
    assert_eq!(room.artifact().unwrap(), b"good\n");
}

#[tokio::test]
async fn an_artifact_that_is_ready_since_a_kill_is_used_and_not_made_again() {
    let room = Room::new();
    let check = room.program("check", "[ -e works ] || exit 9; exit 0");
    let program = room.program("job", "echo run >> runs; echo made > \"$1\"");
    let mut setup = room.setup(&[&program, "{artifact}"]);
    setup.verify = Some(arguments(&[&check, "{artifact}"]));
    let runner = runner_of(setup);
    let ended = runner.process(&room.task(7), None, &Recorder::default()).await;
    assert!(matches!(ended, Ended::Unknown { .. }) && room.artifact().is_none(), "{ended:?}");
    save_atomic(&room.path("works"), b"", 0o600).unwrap();
    let ended = runner.verify(&room.task(7), None).await;
    assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
    assert_eq!((room.artifact().unwrap(), room.read("runs").as_str()), (b"made\n".to_vec(), "run\n"));
}

#[tokio::test]
async fn a_job_without_an_artifact_is_judged_by_its_check_or_by_its_exit_code_alone() {
    let room = Room::new();
    let program = room.program("job", "echo run >> runs; : > done");
    let task = Task { artifact: None, ..room.task(7) };
    let mut setup = room.setup(&[&program]);
    setup.verify = Some(arguments(&[&room.program("check", "[ -e done ]")]));
    let runner = runner_of(setup);
    for _ in 0..2 {
        let ended = runner.process(&task, None, &Recorder::default()).await;
        assert!(matches!(ended, Ended::Done { digest: None, .. }), "{ended:?}");
    }
    assert_eq!(room.read("runs"), "run\n");

    let runner = runner_of(room.setup(&[&program]));
    let ended = runner.process(&task, None, &Recorder::default()).await;
    assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
    // Whether one that was begun was done, nobody can say: a person must.
    assert!(matches!(runner.verify(&task, None).await, Ended::Refused { .. }));
}

#[tokio::test]
async fn what_is_in_the_way_is_told_and_left_alone() {
    let room = Room::new();
    DirBuilder::new().recursive(true).create(room.path("out/7/pie.bin/inner")).unwrap();
    let ended = room.run("echo made > \"$1\"").await;
    assert!(matches!(&ended, Ended::Refused { reason } if reason.contains("in the way")), "{ended:?}");

    let room = Room::new();
    DirBuilder::new().recursive(true).create(room.path("out/7")).unwrap();
    save_atomic(&room.path("victim"), b"precious", 0o600).unwrap();
    symlink(room.path("victim"), room.path("out/7/pie.bin")).unwrap();
    let ended = room.run("echo made > \"$1\"").await;
    assert!(matches!(&ended, Ended::Refused { reason } if reason.contains("symbolic link")), "{ended:?}");
    assert_eq!(room.read("victim"), "precious");

    // A private folder that others can use, or that leads elsewhere.
    let room = Room::new();
    assert!(matches!(room.run("exit 1").await, Ended::Retry { .. }));
    let private = room.path("out/7").join(&room.beside()[0]);
    set_permissions(&private, Permissions::from_mode(0o777)).unwrap();
    let ended = room.run("echo made > \"$1\"").await;
    assert!(reason(&ended).contains("others can use it") && room.artifact().is_none(), "{ended:?}");
    std::fs::remove_dir(&private).unwrap();
    DirBuilder::new().create(room.path("elsewhere")).unwrap();
    symlink(room.path("elsewhere"), &private).unwrap();
    let ended = room.run("echo made > \"$1\"").await;
    assert!(reason(&ended).contains("in the way") && names(&room.path("elsewhere")).is_empty(), "{ended:?}");
}

#[tokio::test]
async fn an_input_is_what_it_was_or_nothing_runs() {
    let room = Room::new();
    let program = room.program("job", "cat \"$2\" > \"$1\"");
    let runner = runner_of(room.setup(&[&program, "{artifact}", "{input.pie}"]));
    let path = room.path("input");
    let digest: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(b"input").into();
    let task = Task { inputs: [("pie".to_owned(), Input { path: path.clone(), digest })].into(), ..room.task(7) };
    let recorder = Recorder::default();
    let ended = runner.process(&task, None, &recorder).await;
    assert!(matches!(&ended, Ended::Retry { reason, .. } if reason == "the artifact of `pie` is gone"), "{ended:?}");
    save_atomic(&path, b"inpuT", 0o600).unwrap();
    let ended = runner.process(&task, None, &recorder).await;
    assert!(matches!(&ended, Ended::Refused { reason } if reason.contains("is not what it was")), "{ended:?}");
    assert_eq!(recorder.count(), 0);
    save_atomic(&path, b"input", 0o600).unwrap();
    let ended = runner.process(&task, None, &recorder).await;
    assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
    assert_eq!(room.artifact().unwrap(), b"input");
}
