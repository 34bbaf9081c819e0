//! The program tells its version, checks its configuration, and refuses what it cannot run.

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
fn an_address_that_others_reach_needs_a_token_or_insistence() {
    let folder = tempfile::tempdir().unwrap();
    let check = |variables: &[(&str, &str)]| {
        let mut command = program(folder.path());
        command.envs(variables.iter().copied()).args(["--check", "--config", EXAMPLE]);
        command.env("BUTLER__EXPORTER__LISTEN", "0.0.0.0:9464").assert()
    };
    let refused = check(&[]).code(3);
    let stderr = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(stderr.contains("exporter.listen") && stderr.contains("bearer_token_file"), "{stderr}");
    check(&[("BUTLER__EXPORTER__INSECURE", "true")]).code(0);
    check(&[("BUTLER__EXPORTER__BEARER_TOKEN_ENV", "TOKEN"), ("TOKEN", "hunter2")]).code(0);
}

#[test]
fn half_a_certificate_and_bad_users_are_faults_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("users");
    butler_core::store::file::save_atomic(&users, b"alice:hunter2\n", 0o600).unwrap();
    let users = users.to_str().unwrap();
    for (key, value, expected) in [
        ("TLS_CERTIFICATE_FILE", "a.pem", "there is a certificate and no key"),
        ("TLS_KEY_FILE", "a.pem", "there is a key and no certificate"),
        ("TLS_KEY_CREDENTIAL", "key", "there is a key and no certificate"),
        ("BASIC_USERS_FILE", "missing", "there is no such file"),
        ("BASIC_USERS_FILE", users, "line 1 of `"),
    ] {
        let mut command = program(folder.path());
        command.env(format!("BUTLER__EXPORTER__{key}"), value).args(["--check", "--config", EXAMPLE]);
        let output = command.assert().code(3);
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(stderr.contains(expected) && stderr.contains(&key.to_lowercase()), "{stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
}

#[test]
fn what_is_switched_off_and_a_port_in_use_are_told_by_their_codes() {
    let folder = tempfile::tempdir().unwrap();
    let mut off = program(folder.path());
    off.env("BUTLER__EXPORTER__ENABLED", "false").args(["--config", EXAMPLE]).assert().code(3);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut busy = program(folder.path());
    let output = busy.env("BUTLER__EXPORTER__LISTEN", &address).args(["--config", EXAMPLE]).assert().code(7);
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(stderr.contains(&address), "{stderr}");
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
