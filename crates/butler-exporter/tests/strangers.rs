//! Strangers: who sends nothing, too much or nonsense, ten thousand times, with and without TLS.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpSocket;

use crate::support;
use crate::support::{PATIENCE, Program, idle};

/// Strangers altogether, and how many of them hold on at the same time: this process may have 1,024 files open.
const STRANGERS: usize = 10_000;
const AT_ONCE: usize = 500;

/// What a stranger sends before it waits.
fn nonsense(index: usize) -> Vec<u8> {
    match index % 5 {
        0 => Vec::new(),
        1 => b"GET /metrics HTTP/1.1\r\nHost:".to_vec(),
        2 => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
        // What begins a TLS handshake, and garbage.
        3 => [b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".as_slice(), &[0xff; 100]].concat(),
        _ => (0_u8..=255).cycle().take(2_000).collect(),
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
    stream
}

/// Sends bytes, and reads until the other side closes.
fn send(program: &Program, bytes: &[u8]) -> String {
    let mut stream = connect(program.address);
    // The other side may close before everything is sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Asks on a connection that stays open, and reads the whole answer.
fn ask(stream: &mut TcpStream) {
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    while !answer.ends_with("alive\n") {
        let mut part = [0; 1024];
        let length = stream.read(&mut part).unwrap();
        assert!(length > 0, "closed after {answer:?}");
        answer.push_str(std::str::from_utf8(&part[..length]).unwrap());
    }
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

/// The memory that the program uses, in KiB.
fn memory(program: &Program) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_strangers_stop_nobody() {
    let (_folder, program) = idle("").await;
    let began = Instant::now();
    let mut regular = connect(program.address);
    ask(&mut regular);
    let before = memory(&program);
    let mut waiting = VecDeque::new();
    for index in 0..STRANGERS {
        let mut stream = TcpStream::connect(program.address).unwrap();
        let _ = stream.write_all(&nonsense(index));
        waiting.push_back(stream);
        if waiting.len() > AT_ONCE {
            waiting.pop_front();
        }
        if index % 250 == 0 {
            assert_eq!(program.get("/metrics").status, 200);
            // Whoever was answered before keeps the connection, until it is a minute old.
            if began.elapsed() < Duration::from_secs(50) {
                ask(&mut regular);
            }
        }
    }
    assert_eq!(program.get("/metrics").status, 200);
    let grown = memory(&program).saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB more than before");
    assert!(!program.log().contains("panicked"), "{}", program.log());
    // Those who are left are closed for lack of a request.
    for mut stream in waiting {
        stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
        let mut rest = Vec::new();
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_a_megabyte_garbage_and_http_2_are_refused() {
    let (_folder, program) = idle("").await;
    let long = format!("X-Long: {}", "x".repeat(1 << 20));
    let answer = send(&program, format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{long}\r\n\r\n").as_bytes());
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many = "X-Many: y\r\n".repeat(10_000);
    let answer = send(&program, format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{many}\r\n").as_bytes());
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    for index in [2, 3, 4] {
        let answer = send(&program, &nonsense(index));
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    assert_eq!(program.get("/metrics").status, 200);
}

/// Clients that try passwords, and what one of them counts.
const GUESSERS: usize = 200;

fn basic(user: &str, password: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Has whoever guesses stop, also where an assertion fails: nothing else ends their threads.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Tries one password after the other until it is told to stop. How many were refused.
fn guess(address: SocketAddr, number: usize, stop: &AtomicBool, refused: &AtomicUsize) {
    for attempt in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        // The names are those of users: whoever guesses may know them.
        let user = ["scraper", "late", "near"][number % 3];
        let password = basic(user, &format!("{number} {attempt}"));
        let head = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{password}\r\n\r\n");
        let Ok(mut stream) = TcpStream::connect(address) else { continue };
        let mut answer = Vec::new();
        if stream.write_all(head.as_bytes()).and_then(|()| stream.read_to_end(&mut answer)).is_ok()
            && answer.starts_with(b"HTTP/1.1 401")
        {
            refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Asks with a password from an address of this machine, again while nobody has time to look at it. How long until it was answered.
async fn until_let_in(program: &Program, from: &str, user: &str) -> Duration {
    let began = Instant::now();
    loop {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
        let stream = socket.connect(program.address).await.unwrap().into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        match support::request(stream, "GET", "/metrics", &[&basic(user, "hunter2")]).status {
            200 => return began.elapsed(),
            status => assert!(status == 503 && began.elapsed() < PATIENCE * 4, "{user}: {status}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_who_guess_passwords_lock_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users");
    // A debug build takes for this cost what a release takes for 9 or 10.
    let users = ["scraper", "late", "near"].map(|user| format!("{user}:{}\n", bcrypt::hash("hunter2", 4).unwrap()));
    butler_core::store::file::save_atomic(&path, users.concat().as_bytes(), 0o600).unwrap();
    let (_folder, program) = idle(&format!("basic_users_file = \"{}\"", path.display())).await;
    until_let_in(&program, "127.0.0.1", "scraper").await;
    let (stop, refused, address) = (AtomicBool::new(false), AtomicUsize::new(0), program.address);
    let (known, late, near) = std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        for number in 0..GUESSERS {
            let (stop, refused) = (&stop, &refused);
            scope.spawn(move || guess(address, number, stop, refused));
        }
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let began = Instant::now();
                while refused.load(Ordering::Relaxed) < 20 {
                    assert!(began.elapsed() < PATIENCE * 4, "nobody who guesses is refused");
                    tokio::task::yield_now().await;
                }
                let mut known = Vec::new();
                for _ in 0..50 {
                    known.push(until_let_in(&program, "127.0.0.1", "scraper").await);
                    assert_eq!(program.get("/livez").status, 200);
                }
                let late = until_let_in(&program, "127.0.0.2", "late").await;
                let near = until_let_in(&program, "127.0.0.1", "near").await;
                (known, late, near)
            })
        })
    });
    let slowest = known.iter().max().unwrap();
    println!(
        "beside {GUESSERS} who guess ({} refused): known, {slowest:?} at most; first time from another address, {late:?}; from theirs, {near:?}",
        refused.load(Ordering::Relaxed)
    );
    assert!(!program.log().contains("hunter"), "{}", program.log());
}
