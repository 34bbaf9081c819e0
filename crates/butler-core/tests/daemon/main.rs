//! What daemons share is enough to make one: the small one in `program.rs` is run as a process of its own and looked at from
//! outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::exit,
    reason = "a test may fail, and its program is small"
)]

mod program;
mod support;

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use support::{Daemon, Identity, PATIENCE};

/// Not a test: the daemon itself, when a test starts this binary for it.
#[test]
#[ignore = "it is started by the other tests"]
fn the_daemon() {
    let file = PathBuf::from(std::env::var_os("DAEMON_CONFIG").unwrap());
    let code = program::run(file);
    std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS));
}

const TOKEN: &str = "Authorization: Bearer correct horse";

/// With a token, a certificate, and a first greeting.
fn secured() -> (Daemon, Identity) {
    let (daemon, identity) = (Daemon::prepared(), Identity::new());
    identity.write(daemon.folder());
    daemon.write("token", "correct horse\n");
    configure(&daemon, "info");
    (daemon, identity)
}

fn configure(daemon: &Daemon, level: &str) {
    let lines =
        "bearer_token_file = \"token\"\ntls_certificate_file = \"certificate.pem\"\ntls_key_file = \"key.pem\"\n";
    daemon.write("butler.toml", &format!("[log]\nlevel = \"{level}\"\n[exporter]\nlisten = \"127.0.0.1:0\"\n{lines}"));
}

#[test]
fn a_route_is_served_over_tls_to_whoever_has_the_token_and_to_nobody_else() {
    let (mut daemon, identity) = secured();
    daemon.start(&[]);
    for wrong in [&[][..], &["Authorization: Bearer wrong"]] {
        let refused = daemon.get(&identity, "/", wrong);
        assert!(refused.starts_with("HTTP/1.1 401") && !refused.contains("hello"), "{refused}");
    }
    // Whether it lives is no secret: whoever supervises it has no token.
    assert!(daemon.get(&identity, "/livez", &[]).ends_with("alive\n"));
    let answer = daemon.get(&identity, "/", &[TOKEN]);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello info\n"), "{answer}");
    assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
    assert!(daemon.get(&identity, "/nothing", &[TOKEN]).starts_with("HTTP/1.1 404"));
    assert!(daemon.get(&identity, "/metrics", &[TOKEN]).contains("\nbutler_certificate_current 1"));
    assert_eq!(daemon.end("TERM"), Some(0));
}

#[test]
fn a_changed_file_and_a_hangup_are_taken_and_a_fault_leaves_what_was() {
    let (mut daemon, identity) = secured();
    daemon.start(&[]);
    let greets =
        |daemon: &Daemon, name: &str| daemon.get(&identity, "/", &[TOKEN]).ends_with(&format!("hello {name}\n"));
    configure(&daemon, "debug");
    daemon.wait_for("the greeting of the changed file", || greets(&daemon, "debug"));
    daemon.write("butler.toml", "[log]\nlevel = 7\n");
    let is_refused = || daemon.get(&identity, "/metrics", &[TOKEN]).contains("butler_config_last_reload_successful 0");
    daemon.wait_for("the refusal", is_refused);
    assert!(greets(&daemon, "debug"));
    configure(&daemon, "info");
    daemon.signal("HUP");
    daemon.wait_for("the greeting after the hangup", || greets(&daemon, "info"));
    // A new token counts at once, for everybody.
    daemon.write("token", "battery staple\n");
    daemon.signal("HUP");
    daemon.wait_for("the new token", || daemon.get(&identity, "/", &[TOKEN]).starts_with("HTTP/1.1 401"));
    // What means nothing ends nothing.
    daemon.signal("USR1");
    daemon.wait_for("the answer to a signal", || daemon.log().contains("SIGUSR1 means nothing"));
    assert_eq!(daemon.end("INT"), Some(0));
}

#[test]
fn the_service_manager_hears_of_the_start_of_life_of_reloads_and_of_the_end() {
    let (mut daemon, _identity) = secured();
    let socket = UnixDatagram::bind(daemon.folder().join("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let heard = |expected: &str| {
        let mut buffer = [0; 256];
        loop {
            let length = socket.recv(&mut buffer).unwrap();
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.starts_with(expected) {
                return;
            }
            assert!(text.starts_with("WATCHDOG=1"), "{text:?} instead of {expected:?}");
        }
    };
    let path = daemon.folder().join("notify").display().to_string();
    daemon.start(&[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "100000")]);
    heard("READY=1");
    for _ in 0..3 {
        heard("WATCHDOG=1");
    }
    daemon.signal("HUP");
    heard("RELOADING=1");
    heard("READY=1");
    daemon.signal("TERM");
    heard("STOPPING=1");
    assert_eq!(daemon.ended(), Some(0));
}

#[test]
fn a_panic_ends_the_program_where_that_is_the_policy() {
    let (mut daemon, identity) = secured();
    daemon.start(&[]);
    assert!(daemon.get(&identity, "/panic", &[TOKEN]).starts_with("HTTP/1.1 200"));
    assert_eq!(daemon.ended(), Some(1));
    daemon.wait_for("the log's end", || daemon.log().contains("error: `fragile` panicked"));
    assert!(daemon.log().contains("somebody asked for it"));
}
