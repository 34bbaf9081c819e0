//! Whoever guesses passwords, two hundred at a time, and who is right beside them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use crate::support::{Program, idle, wait_for};

/// How many guess, each in a closed loop.
const GUESSERS: usize = 200;
const RIGHT: &str = "hunter2";

/// The addresses of those who guess: each of a network of its own, so that nothing is known of any before it was wrong itself.
fn guesser(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, u8::try_from(number).unwrap() + 3, 7, 1)
}

/// The address of whoever was right before.
const KNOWN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);

/// The addresses of those who ask for the first time.
fn newcomer(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 2, 0, u8::try_from(number).unwrap())
}

/// Asks with a password, from an address of this machine. The status, and none where the connection broke.
async fn ask(program: SocketAddr, from: Ipv4Addr, user: &str, password: &str) -> Option<u16> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind((from, 0).into()).ok()?;
    let mut stream = socket.connect(program).await.ok()?;
    let basic = STANDARD.encode(format!("{user}:{password}"));
    let head = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic {basic}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}

/// How long somebody who is right waited for the answer, to the first request.
async fn let_in(program: SocketAddr, from: Ipv4Addr, user: &str) -> Duration {
    let began = Instant::now();
    assert_eq!(ask(program, from, user, RIGHT).await, Some(200), "{user} after {:?}", began.elapsed());
    began.elapsed()
}

/// A program that was just started, whose users have passwords of this cost.
async fn started(cost: u32, users: usize) -> (TempDir, TempDir, Program) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("users");
    let hash = bcrypt::hash(RIGHT, cost).unwrap();
    let lines: String = (0..users).map(|number| format!("user{number}:{hash}\n")).collect();
    butler_core::store::file::save_atomic(&path, lines.as_bytes(), 0o600).unwrap();
    let (own, program) = idle(&format!("basic_users_file = \"{}\"", path.display())).await;
    (folder, own, program)
}

/// Those who guess. They end when it is dropped.
struct Guessers {
    _tasks: JoinSet<()>,
    refused: Arc<AtomicUsize>,
}

impl Guessers {
    /// Each from an address of its own, or all from the same. The names are those of users: whoever guesses may know them.
    fn begin(program: SocketAddr, from: impl Fn(usize) -> Ipv4Addr) -> Self {
        let (mut tasks, refused) = (JoinSet::new(), Arc::<AtomicUsize>::default());
        for number in 0..GUESSERS {
            let (from, refused) = (from(number), Arc::clone(&refused));
            tasks.spawn(async move {
                for attempt in 0.. {
                    let user = format!("user{}", number % 4);
                    if ask(program, from, &user, &format!("{number} {attempt}")).await == Some(401) {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        Self { _tasks: tasks, refused }
    }

    async fn were_refused(&self, times: usize) {
        wait_for("refusals", || (self.refused.load(Ordering::Relaxed) >= times).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_who_guess_from_as_many_addresses_keep_nobody_waiting_in_vain() {
    // Nobody was right yet, nor wrong.
    let (_users, _folder, program) = started(8, 3).await;
    let guessers = Guessers::begin(program.address, guesser);
    guessers.were_refused(1).await;
    let_in(program.address, newcomer(0), "user0").await;
    let known = let_in(program.address, newcomer(0), "user0").await;
    guessers.were_refused(GUESSERS + 20).await;
    let late = let_in(program.address, newcomer(1), "user1").await;
    let_in(program.address, guesser(0), "user2").await;
    assert_eq!(program.get("/livez").status, 200);
    println!("beside {GUESSERS} who guess: known, {known:?}; for the first time, {late:?}");
    assert!(!program.log().contains(RIGHT), "{}", program.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_who_guess_from_one_address_lock_out_neither_it_nor_others() {
    let (_users, _folder, program) = started(8, 3).await;
    let guessers = Guessers::begin(program.address, |_| KNOWN);
    guessers.were_refused(GUESSERS).await;
    let other = let_in(program.address, newcomer(0), "user0").await;
    let near = let_in(program.address, KNOWN, "user1").await;
    println!("beside {GUESSERS} who guess from one address: from another, {other:?}; from theirs, {near:?}");
}

/// Half, most, and all of them waited no longer.
#[expect(clippy::print_stdout, reason = "a measurement that is asked for by hand")]
fn told(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |hundredth: usize| times[(times.len() * hundredth / 100).min(times.len() - 1)];
    println!("  {what}: p50 {:.2?}, p95 {:.2?}, max {:.2?} of {}", at(50), at(95), times[times.len() - 1], times.len());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes, and prints the figures of docs/performance.md"]
async fn how_long_whoever_is_right_waits_beside_two_hundred_who_guess() {
    for cost in [10, 12] {
        let (_users, _folder, program) = started(cost, 41).await;
        let address = program.address;
        let_in(address, KNOWN, "user40").await;
        let (guessers, began) = (Guessers::begin(address, guesser), Instant::now());
        guessers.were_refused(1).await;
        let ask = move |number| async move { let_in(address, newcomer(number), &format!("user{number}")).await };
        let mut first: JoinSet<_> = (0..20).map(ask).collect();
        let (mut at_once, mut known, mut alive) = (Vec::new(), Vec::new(), Vec::new());
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        while at_once.len() < 20 {
            pace.tick().await;
            known.push(let_in(address, KNOWN, "user40").await);
            let asked = Instant::now();
            assert_eq!(tokio::task::block_in_place(|| program.get("/livez")).status, 200);
            alive.push(asked.elapsed());
            while let Some(ended) = first.try_join_next() {
                at_once.push(ended.unwrap());
            }
        }
        while guessers.refused.load(Ordering::Relaxed) < GUESSERS + 20 {
            pace.tick().await;
        }
        let mut later = Vec::new();
        for number in 20..40 {
            later.push(ask(number).await);
        }
        println!("cost {cost}: {} guesses in {:.1?}", guessers.refused.load(Ordering::Relaxed), began.elapsed());
        told("for the first time, when nobody was wrong yet", at_once);
        told("for the first time, when all who guess were wrong once", later);
        told("known", known);
        told("/livez", alive);
    }
}
