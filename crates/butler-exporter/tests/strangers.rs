//! Strangers: who sends nothing, too much or nonsense, ten thousand times, with and without TLS.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::support;
use crate::support::{Program, idle};

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
