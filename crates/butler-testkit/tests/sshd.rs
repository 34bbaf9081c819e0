//! Commands run through a real OpenSSH server.

use std::{
    fs,
    io::Write as _,
    process::{Command, Output, Stdio},
};

use butler_testkit::sshd::{Access, Sshd, find};

/// Runs a client's command with that input.
fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A client that ends early does not read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_command_runs_with_its_input_output_and_exit_code() {
    let Some(tools) = find() else { return };
    let server = Sshd::start(&tools, &Access::Any).unwrap();
    let output = run(server.client().arg("tr a-z A-Z; echo said >&2; exit 7"), "hello");
    assert_eq!(output.status.code(), Some(7), "{} {}", text(&output.stderr), server.log());
    assert_eq!(text(&output.stdout), "HELLO");
    // A user without a home is told so before.
    assert!(text(&output.stderr).ends_with("said\n"), "{}", text(&output.stderr));
    let argv = server.argv();
    let output = run(Command::new(&argv[0]).args(&argv[1..]).arg("cat"), &"x".repeat(1 << 20));
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 1 << 20));
}

#[test]
fn a_forced_command_runs_whatever_the_client_asks_for() {
    let Some(tools) = find() else { return };
    let forced = Access::Forced(r#"echo "$SSH_ORIGINAL_COMMAND" was asked; cat; exit 3"#.to_owned());
    let server = Sshd::start(&tools, &forced).unwrap();
    let output = run(server.client().arg("rm -rf nothing"), "input");
    assert_eq!(output.status.code(), Some(3), "{}", server.log());
    assert_eq!(text(&output.stdout), "rm -rf nothing was asked\ninput");
}

#[test]
fn a_host_with_another_key_is_not_spoken_to() {
    let Some(tools) = find() else { return };
    let (server, other) = (Sshd::start(&tools, &Access::Any).unwrap(), Sshd::start(&tools, &Access::Any).unwrap());
    let (own, strange) =
        (fs::read_to_string(server.known_hosts()).unwrap(), fs::read_to_string(other.known_hosts()).unwrap());
    let line = format!("{} {}", own.split_once(' ').unwrap().0, strange.split_once(' ').unwrap().1);
    fs::File::create(server.known_hosts()).unwrap().write_all(line.as_bytes()).unwrap();
    let output = run(server.client().arg("echo never"), "");
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(255), ""));
}

#[test]
fn a_server_that_was_stopped_is_not_reached() {
    let Some(tools) = find() else { return };
    let mut server = Sshd::start(&tools, &Access::Any).unwrap();
    assert_eq!(run(server.client().arg("true"), "").status.code(), Some(0), "{}", server.log());
    server.stop();
    assert_eq!(run(server.client().arg("true"), "").status.code(), Some(255));
}
