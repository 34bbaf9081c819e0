//! The program tells its version, checks its configuration, and does not pretend to run.

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
        .env("BUTLER__WATCHER__NO_SUCH_KEY", "1")
        .args(["--check", "--config", EXAMPLE])
        .assert()
        .code(3);
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(stderr.to_lowercase().contains("no_such_key"), "{stderr}");
}

/// The idle program; killed when dropped.
struct Idle(std::process::Child);

impl Drop for Idle {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn idle_it_is_alive_and_never_ready_and_ends_at_a_signal() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_butler-watcher"));
    command.env_clear().env("HOME", folder.path()).env("BUTLER__LOG__FORMAT", "text");
    command.args(["--config", EXAMPLE, "--idle", "127.0.0.1:0"]);
    let mut program = Idle(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(program.0.stderr.take().unwrap()).lines().map_while(Result::ok);
    let address = lines.find_map(|line| {
        let (_, rest) = line.split_once("listening on ")?;
        Some(rest.split_once(',')?.0.to_owned())
    });
    let address = address.unwrap();
    let get = |path: &str| {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(get("/livez").starts_with("HTTP/1.1 200"));
    let ready = get("/readyz");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("not built yet"), "{ready}");
    assert!(get("/metrics").contains("\nbutler_build_info{version="));
    assert!(get("/nothing").starts_with("HTTP/1.1 404"));
    assert!(Command::new("kill").args(["-s", "TERM", &program.0.id().to_string()]).status().unwrap().success());
    assert_eq!(program.0.wait().unwrap().code(), Some(0));
}

#[test]
fn idle_it_listens_only_where_nobody_else_can_reach_it() {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path()).args(["--config", EXAMPLE, "--idle", "0.0.0.0:0"]).assert().code(2);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    program(folder.path()).args(["--config", EXAMPLE, "--idle", &address]).assert().code(7);
}
