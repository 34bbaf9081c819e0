//! What keeps the watcher from starting fails its check, in the same words, and the check writes nothing.

#![expect(clippy::disallowed_methods, reason = "a test may fail, and its files are its own")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use butler_watcher::journal::{Batch, Cursor, CursorMove, Journal as _, Keeper, Settings, journal_directory};
use ethers_core::types::H256;

/// A configuration with a folder for what the watcher remembers.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn journal(&self) -> PathBuf {
        journal_directory(&self.path("state"))
    }

    fn program(&self, network: &str, watcher: &str, arguments: &[&str]) -> Command {
        let text = format!(
            "[networks.mainnet]\nprovider_ids = [4]\n{network}\n[[networks.mainnet.l1]]\nurl = \"http://127.0.0.1:9\"\n\
             [watcher]\nstate_directory = \"{}\"\n{watcher}\n",
            self.path("state").display()
        );
        std::fs::write(self.path("butler.toml"), text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_butler-watcher"));
        command.env_clear().env("HOME", self.0.path()).env("PASSWORD", "secret");
        command.arg("--config").arg(self.path("butler.toml")).args(arguments);
        command
    }

    fn ended(&self, network: &str, watcher: &str, arguments: &[&str]) -> (i32, String) {
        let output = self.program(network, watcher, arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }

    /// The names of everything in the folder of the state, with their sizes.
    fn listed(&self) -> Vec<String> {
        let found = Command::new("find").arg(self.path("state")).args(["-printf", "%p %s %m\n"]).output().unwrap();
        let mut names: Vec<String> = String::from_utf8(found.stdout).unwrap().lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// The check fails with this code and these words, writes nothing, and the start ends with the same words.
    fn both_fail(&self, (network, watcher): (&str, &str), (check, start): (i32, i32), words: &str) {
        let before = self.listed();
        let (code, said) = self.ended(network, watcher, &["--check"]);
        assert!(code == check && said.contains(words), "{code} instead of {check}, {words}: {said}");
        assert_eq!(self.listed(), before, "the check wrote");
        let (code, said) = self.ended(network, watcher, &[]);
        assert!(code == start && said.contains(words), "{code} instead of {start}, {words}: {said}");
    }

    /// A journal that follows a network of this name.
    fn follow(&self, name: &str) -> Keeper {
        let keeper = Keeper::open(&self.journal(), Settings::default()).unwrap();
        let to = Cursor { block: 7, hash: H256::from_low_u64_be(7), time: 7 };
        let cursor = Some(CursorMove { name: name.to_owned(), expected: None, to });
        keeper.commit(&Batch { cursor, ..Batch::default() }).unwrap();
        keeper
    }
}

const BEGIN: &str = "start_block = 1";
const FREE: &str = "listen = \"127.0.0.1:0\"";

#[test]
fn a_port_of_another_program_and_a_watcher_that_is_switched_off_fail_both() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let words = format!("failed to listen on {address}: Address already in use");
    place.both_fail((BEGIN, &format!("listen = \"{address}\"")), (5, 7), &words);
    place.both_fail((BEGIN, "enabled = false"), (3, 3), "`watcher.enabled` is false");
}

#[test]
fn a_network_without_a_block_to_begin_with_fails_both_until_the_journal_knows_it() {
    let words = "network `mainnet` was never followed, and has no `start_block`";
    let place = Place::new();
    place.both_fail(("", FREE), (3, 3), words);
    drop(place.follow("holesky"));
    place.both_fail(("", FREE), (3, 3), words);
    let place = Place::new();
    drop(place.follow("mainnet"));
    let (code, said) = place.ended("", FREE, &["--check"]);
    assert!(code == 0 && said.contains("has 1 checkpoints") && !said.contains("start of mainnet"), "{said}");
}

#[test]
fn a_journal_that_does_not_open_fails_both() {
    let place = Place::new();
    let keeper = place.follow("mainnet");
    place.both_fail((BEGIN, FREE), (5, 6), "is in use by another process");
    drop(keeper);
    let mode = |mode| std::fs::set_permissions(place.journal(), std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o755);
    place.both_fail((BEGIN, FREE), (5, 6), "is not a folder of this user alone (mode 0700)");
    mode(0o700);
    let identity = place.journal().join("journal.json");
    let text = std::fs::read_to_string(&identity).unwrap();
    std::fs::write(&identity, text.replacen("\"schema\":", "\"schema\":9", 1)).unwrap();
    place.both_fail((BEGIN, FREE), (5, 6), "this program knows");
    std::fs::write(&identity, &text).unwrap();
    let copy = place.path("copy");
    assert!(Command::new("cp").arg("-a").arg(place.journal()).arg(&copy).status().unwrap().success());
    std::fs::remove_dir_all(place.journal()).unwrap();
    std::fs::rename(&copy, place.journal()).unwrap();
    place.both_fail((BEGIN, FREE), (5, 6), "was copied or restored");
    std::fs::remove_file(identity).unwrap();
    place.both_fail((BEGIN, FREE), (5, 7), "`journal.json` is missing, and there is a journal");
}

#[test]
fn what_is_in_the_way_of_the_socket_fails_both() {
    let place = Place::new();
    let runtime = |path: &Path| format!("{FREE}\nruntime_directory = \"{}\"", path.display());
    let long = place.path(&"x".repeat(120));
    place.both_fail((BEGIN, &runtime(&long)), (5, 7), "failed to listen on `");
    let folder = place.path("run").join("watcher");
    std::fs::create_dir_all(&folder).unwrap();
    let mode = |mode| std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o755);
    place.both_fail((BEGIN, &runtime(&place.path("run"))), (5, 7), "is not a folder of this user alone");
    mode(0o700);
    std::fs::write(folder.join("control.sock"), b"").unwrap();
    place.both_fail((BEGIN, &runtime(&place.path("run"))), (5, 7), "control.sock` is in the way");
}

#[test]
fn authorities_that_are_none_fail_both() {
    let place = Place::new();
    let garbage = place.path("ca.pem");
    for content in ["garbage", "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&garbage, content).unwrap();
        let mail = format!(
            "{FREE}\n[[watcher.email]]\nname = \"ops\"\nhost = \"mail.example.com\"\nfrom = \"a@example.com\"\nto = [\"b@example.com\"]\n\
             user = \"a\"\npassword_env = \"PASSWORD\"\nca_file = \"{}\"",
            garbage.display()
        );
        place.both_fail((BEGIN, &mail), (5, 3), "certificate authorities of the e-mail channel `ops`");
    }
}

#[test]
fn a_check_beside_the_running_watcher_fails_nothing() {
    let place = Place::new();
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listen = format!("listen = \"{address}\"");
    let mut watcher = place.program(BEGIN, &listen, &[]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watcher.stderr.take().unwrap()).lines();
    let listens = lines.by_ref().any(|line| line.unwrap().contains("listening on"));
    let (code, said) = place.ended(BEGIN, &listen, &["--check"]);
    watcher.kill().unwrap();
    watcher.wait().unwrap();
    assert!(listens && code == 0, "{code} {said}");
    for own in ["butler-watcher itself listens there", "butler-watcher itself has it"] {
        assert!(said.contains(own), "{said}");
    }
}
