//! The program tells its version, checks its configuration, and does not pretend to run.

use assert_cmd::Command;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/butler.toml");

fn program(folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_butler-exporter"));
    command.env_clear().env("HOME", folder);
    command
}

#[test]
fn version_and_help_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let version = program(folder.path()).arg("--version").assert().success();
    assert!(version.get_output().stdout.starts_with(b"butler-exporter "));
    program(folder.path()).arg("--help").assert().success();
}

#[test]
fn a_good_configuration_passes_its_check() {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path()).args(["--check", "--config", EXAMPLE]).assert().code(0);
}

#[test]
fn without_check_it_refuses_to_pretend() {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path()).args(["--config", EXAMPLE]).assert().code(2);
}

#[test]
fn a_missing_configuration_and_an_unknown_key_are_code_3() {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path()).args(["--check", "--config", "missing.toml"]).assert().code(3);
    let output = program(folder.path())
        .env("BUTLER__EXPORTER__NO_SUCH_KEY", "1")
        .args(["--check", "--config", EXAMPLE])
        .assert()
        .code(3);
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(stderr.to_lowercase().contains("no_such_key"), "{stderr}");
}
