//! A disk that is full, and a reader that went away.

use std::fs::File;
use std::process::Stdio;

use crate::support::{Bench, butler, finish, program};

/// The command line of a shell that does `prepare` and then becomes `butler-cli status --json`.
fn shell(bench: &Bench, prepare: &str) -> tokio::process::Command {
    let mut command = program("sh", bench.folder.path());
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.args([
        "-c",
        &format!("{prepare}; exec \"$0\" \"$@\""),
        env!("CARGO_BIN_EXE_butler-cli"),
        "status",
        "--json",
    ]);
    command
}

#[tokio::test]
async fn a_full_disk_costs_the_ledger_and_not_the_result() {
    let bench = Bench::start().await;
    let mount = "mkdir -p cache && mount -t tmpfs -o size=64k none cache";
    let unshare = |script: String| {
        let mut command = program("unshare", bench.folder.path());
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("CACHE_DIRECTORY", bench.path("cache"));
        command.args(["--map-root-user", "--mount", "sh", "-c", &script, env!("CARGO_BIN_EXE_butler-cli")]);
        command
    };
    if !unshare(mount.to_owned()).status().await.is_ok_and(|status| status.success()) {
        // Containers often forbid it; the limit below is what they have instead.
        return;
    }
    let fill = "cat /dev/zero >cache/fill 2>/dev/null";
    let run = "\"$0\" status --json; code=$?; ls -A cache >&2; exit $code";
    let ran = finish(&mut unshare(format!("{mount}; {fill}; {run}"))).await;
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    insta::assert_snapshot!(ran.told(bench.folder.path()), @r"
    warning: the result is complete, but the ledger could not be kept for next time: cannot write `cache/devnet-ledger.json`: no space left; the old content is unchanged
      because No space left on device (os error 28)
    hint: make room there, or set `cache_directory` to a folder that can be written
    fill
    ");
    assert_eq!(ran.json(), bench.json(&["status"], 0).await);
}

#[tokio::test]
async fn a_limit_on_the_length_of_files_costs_the_ledger_and_not_the_result() {
    let bench = Bench::start().await;
    let before = bench.listing();
    let ran = finish(&mut shell(&bench, "trap '' XFSZ; ulimit -f 0")).await;
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    insta::assert_snapshot!(ran.told(bench.folder.path()), @r"
    warning: the result is complete, but the ledger could not be kept for next time: cannot write `.cache/butler/devnet-ledger.json`; the old content is unchanged
      because File too large (os error 27)
    hint: make room there, or set `cache_directory` to a folder that can be written
    ");
    let files = |listing: std::collections::BTreeMap<_, u64>| -> Vec<_> {
        listing.into_iter().filter(|(path, _): &(std::path::PathBuf, u64)| path.is_file()).collect()
    };
    assert_eq!(files(bench.listing()), files(before));
    assert_eq!(ran.json(), bench.json(&["status"], 0).await);
}

#[tokio::test]
async fn a_folder_in_the_ledgers_place_costs_the_ledger_and_not_the_result() {
    let bench = Bench::start().await;
    std::fs::create_dir_all(bench.path(".cache/butler/devnet-ledger.json")).unwrap();
    let ran = bench.run(&["status", "--json"]).await;
    assert_eq!(ran.code, 7);
    insta::assert_snapshot!(ran.told(bench.folder.path()), @r"
     WARN the ledger is scanned anew: `.cache/butler/devnet-ledger.json` is not a regular file
    warning: the result is complete, but the ledger could not be kept for next time: `.cache/butler/devnet-ledger.json` is not a regular file
    hint: make room there, or set `cache_directory` to a folder that can be written
    ");
    std::fs::remove_dir(bench.path(".cache/butler/devnet-ledger.json")).unwrap();
    assert_eq!(ran.json(), bench.json(&["status"], 0).await);
}

#[tokio::test]
async fn a_result_that_cannot_be_written_is_a_local_failure() {
    let bench = Bench::start().await;
    let full = File::options().write(true).open("/dev/full").unwrap();
    let ran = finish(butler(bench.folder.path()).args(["status"]).stdout(Stdio::from(full))).await;
    assert_eq!(ran.code, 7);
    insta::assert_snapshot!(ran.stderr, @r"
    error: failed to write the result
      because No space left on device (os error 28)
    ");
}

#[tokio::test]
async fn a_reader_that_went_away_is_no_failure() {
    let bench = Bench::start().await;
    for arguments in
        [&["events"][..], &["events", "--json"], &["--help"], &["config", "show"], &["completions", "zsh"], &["man"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = finish(butler(bench.folder.path()).args(arguments).stdout(Stdio::from(writer))).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
    }
    let script = format!("set -o pipefail; '{}' events | head -1", env!("CARGO_BIN_EXE_butler-cli"));
    let ran = finish(program("bash", bench.folder.path()).env("PATH", "/usr/bin:/bin").args(["-c", &script])).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout.lines().count(), 1);
}
