//! The program tells its version, checks its configuration, and refuses what it cannot follow.

use assert_cmd::Command;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/butler.toml");

fn program(folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_butler-watcher"));
    command.env_clear().env("HOME", folder);
    command
}

#[test]
fn version_and_help_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let version = program(folder.path()).arg("--version").assert().success();
    assert!(version.get_output().stdout.starts_with(b"butler-watcher "));
    program(folder.path()).arg("--help").assert().success();
}

#[test]
fn completions_need_no_configuration() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let printed =
            program(folder.path()).args(["completions", shell, "--config", "missing.toml"]).assert().success();
        let script = String::from_utf8_lossy(&printed.get_output().stdout).into_owned();
        assert!(script.contains("butler-watcher") && script.contains("replay") && script.contains("compact"));
    }
}

#[test]
fn a_good_configuration_passes_its_check() {
    let folder = tempfile::tempdir().unwrap();
    let begin = ("BUTLER__NETWORKS__MAINNET__START_BLOCK", "1");
    program(folder.path()).envs([begin]).args(["--check", "--config", EXAMPLE]).assert().code(0);
}

#[test]
fn a_network_without_a_block_to_begin_with_is_refused_with_code_3() {
    let folder = tempfile::tempdir().unwrap();
    let output = program(folder.path())
        .env("BUTLER__WATCHER__LISTEN", "127.0.0.1:0")
        .args(["--config", EXAMPLE])
        .assert()
        .code(3);
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(stderr.contains("`start_block`"), "{stderr}");
}

#[test]
fn a_missing_configuration_and_an_unknown_key_are_code_3() {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path()).args(["--check", "--config", "missing.toml"]).assert().code(3);
    let output = program(folder.path())
        .env("BUTLER__WATCHER__NO_SUCH_KEY", "1")
        .args(["--check", "--config", EXAMPLE])
        .assert()
        .code(3);
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(stderr.to_lowercase().contains("no_such_key"), "{stderr}");
}

#[test]
fn an_address_that_is_taken_is_code_7() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    program(folder.path()).env("BUTLER__WATCHER__LISTEN", address).args(["--config", EXAMPLE]).assert().code(7);
}
