//! Which programs run, with which words, environment and folder.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use butler_core::domain::job::Argument;
use butler_watcher::jobs::run::{Ended, Task, Work};

use super::room::{Recorder, Room, is_root, reason, runner_of};

#[tokio::test]
async fn a_value_reaches_the_program_as_exactly_one_argument() {
    let room = Room::new();
    let program = room.program("job", r#"printf '%s\n' "$#" "$@" > "$3""#);
    let argv = [program.as_str(), "$(id); rm -rf /", "-o", "{artifact}", "{item}", "{key}", "`id`", "a|b>c", "*"];
    let ended = room.process(room.setup(&argv)).await;
    assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
    let told = String::from_utf8(room.artifact().unwrap()).unwrap();
    let words: Vec<&str> = told.lines().collect();
    assert_eq!(words[..3], ["8", "$(id); rm -rf /", "-o"]);
    assert!(words[3].ends_with("draft-pie.bin"));
    assert_eq!(words[4..], ["7", "blocks-snos-7", "`id`", "a|b>c", "*"]);
}

#[tokio::test]
async fn a_value_that_could_be_an_option_or_two_words_is_refused_and_nothing_runs() {
    let room = Room::new();
    let program = room.program("job", r#"echo ran > "$1""#);
    let runner = runner_of(room.setup(&[&program, "{artifact}", "{key}"]));
    for key in ["-o", "--help", "a\nb", "$(id)", ";id", ""] {
        let recorder = Recorder::default();
        let ended = runner.process(&Task { key: key.to_owned(), ..room.task(7) }, None, &recorder).await;
        assert!(matches!(ended, Ended::Refused { .. }), "{key:?}: {ended:?}");
        assert_eq!((recorder.count(), room.artifact()), (0, None));
    }
}

#[test]
fn text_with_a_newline_is_no_argument() {
    for text in ["a\nb", "a\0b", "{item}.json", "--out={artifact}", "{unknown}"] {
        assert!(text.parse::<Argument>().is_err(), "{text:?}");
    }
}

#[tokio::test]
async fn a_program_of_another_or_that_others_could_write_is_refused() {
    let room = Room::new();
    let program = room.program("job", r#"echo ran > "$1""#);
    let setup = || room.setup(&[&program, "{artifact}"]);
    for mode in [0o720, 0o702] {
        set_permissions(&program, Permissions::from_mode(mode)).unwrap();
        let ended = room.process(setup()).await;
        assert!(matches!(&ended, Ended::Refused { reason } if reason.contains("can write it")), "{ended:?}");
    }
    set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
    if is_root() {
        chown(&program, Some(65_534), None).unwrap();
        let ended = room.process(setup()).await;
        assert!(matches!(&ended, Ended::Refused { reason } if reason.contains("belongs neither")), "{ended:?}");
        chown(&program, Some(0), None).unwrap();
    } else {
        eprintln!("left out: another's program, since this is not root");
    }
    let folder = Path::new(&program).parent().unwrap();
    set_permissions(folder, Permissions::from_mode(0o770)).unwrap();
    let ended = room.process(setup()).await;
    assert!(matches!(&ended, Ended::Refused { reason } if reason.contains("the folder")), "{ended:?}");
    assert_eq!(room.artifact(), None);
    set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
    assert!(matches!(room.process(setup()).await, Ended::Done { .. }));
}

#[tokio::test]
async fn what_is_no_program_is_refused() {
    let room = Room::new();
    let script = room.program("script", "");
    let text = std::fs::read_to_string(&script).unwrap().replace("/bin/sh", "/nowhere/sh");
    butler_core::store::file::save_atomic(&room.path("orphan"), text.as_bytes(), 0o700).unwrap();
    let orphan = room.path("orphan").display().to_string();
    for program in ["job", "./job", "/nowhere/job", "/", &orphan] {
        let ended = room.process(room.setup(&[program])).await;
        assert!(matches!(ended, Ended::Refused { .. }), "{program}: {ended:?}");
    }
    let mut setup = room.setup(&["/bin/true"]);
    setup.work = Work::Command(Vec::new());
    assert!(matches!(room.process(setup).await, Ended::Refused { .. }));
}

#[tokio::test]
async fn a_program_gets_the_named_variables_only_its_folder_and_an_input_that_is_over() {
    let room = Room::new();
    let program = room.program("job", r#"{ /usr/bin/env | sort; pwd; cat; echo over; } > "$1""#);
    let mut setup = room.setup(&[&program, "{artifact}"]);
    setup.programs.environment = [("RUST_LOG".to_owned(), "in fo; $(id)".to_owned())].into();
    setup.programs.folder = "/usr".into();
    let ended = room.process(setup).await;
    assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
    let told = String::from_utf8(room.artifact().unwrap()).unwrap();
    let lines: Vec<&str> = told.lines().filter(|line| !line.starts_with("_=") && !line.starts_with("PATH=")).collect();
    // The shell sets the working folder itself.
    assert_eq!(lines, ["PWD=/usr", "RUST_LOG=in fo; $(id)", "/usr", "over"]);
}

#[tokio::test]
async fn what_is_about_to_happen_is_recorded_before_and_nothing_happens_to_who_lost_the_lease() {
    let room = Room::new();
    let program = room.program("job", r#"echo ran > "$1""#);
    let runner = runner_of(room.setup(&[&program, "{artifact}"]));
    let lost = Recorder { is_lost: true, ..Recorder::default() };
    let ended = runner.process(&room.task(7), None, &lost).await;
    assert!(matches!(ended, Ended::Retry { .. }), "{ended:?}");
    assert_eq!(room.artifact(), None);
    let recorder = Recorder::default();
    let ended = runner.process(&room.task(7), None, &recorder).await;
    let intent = recorder.last().unwrap();
    assert_eq!((intent["key"].as_str(), intent["argv"].as_str().map(str::len)), (Some("blocks-snos-7"), Some(64)));
    let Ended::Done { proof, digest: Some(digest) } = &ended else { panic!("{ended:?}") };
    let expected = <sha2::Sha256 as sha2::Digest>::digest(b"ran\n");
    assert!(digest.iter().eq(expected.iter()));
    assert!(proof.starts_with("exit code 0 after ") && proof.contains("sha256 "), "{proof}");
    // And once it is done nothing happens again.
    let again = runner.process(&room.task(7), None, &lost).await;
    assert!(matches!(&again, Ended::Done { .. }) && reason(&again).starts_with("it was done already"), "{again:?}");
}
