//! Ten thousand clients of the socket, most of them rude: none gets anywhere, and the watcher goes on.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use butler_testkit::devnet::Move;

use crate::support::{Bench, path_in, posted};

/// How many come, and how many of them at once.
const CLIENTS: usize = 10_000;
const AT_ONCE: usize = 200;
/// The most memory that the watcher may have had, in KB.
const MOST_MEMORY: u64 = 200 * 1024;

/// What a client sends, by its number.
fn rude(number: usize) -> Vec<u8> {
    let whole = posted(r#"{"version":1,"ask":"status"}"#).into_bytes();
    match number % 6 {
        0 => Vec::new(),
        1 => whole[..whole.len() - 7].to_vec(),
        2 => posted(&"x".repeat(70_000)).into_bytes(),
        3 => vec![b'A'; 20_000],
        4 => b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n".to_vec(),
        _ => posted(&format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000))).into_bytes(),
    }
}

/// Comes with what number it has, and leaves without reading.
fn visit(socket: &Path, number: usize) -> Option<UnixStream> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
    let _ = stream.write_all(&rude(number));
    Some(stream)
}

/// Whether somebody who asks properly is answered.
fn is_answered(socket: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answer = String::new();
    let is_sent = stream.write_all(posted(r#"{"version":1,"ask":"status"}"#).as_bytes()).is_ok();
    is_sent && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_clients_get_nowhere_while_the_chain_is_followed_and_a_proper_one_is_answered() {
    let bench = Bench::start().await;
    bench.settle().await;
    bench.configure(&bench.config().replace("[watcher]\n", "[watcher]\nruntime_directory = \"run\"\n"));
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    let socket = path_in(&bench, "run/watcher/control.sock");
    let crowd = {
        let socket = socket.clone();
        tokio::task::spawn_blocking(move || {
            let mut came = 0;
            for wave in 0..CLIENTS / AT_ONCE {
                let visits: Vec<_> = (0..AT_ONCE).filter_map(|one| visit(&socket, wave * AT_ONCE + one)).collect();
                came += visits.len();
            }
            came
        })
    };
    // Meanwhile something happens, and is planned.
    bench.chain.play(Move::SetTakeRate { provider: 1, rate: 777 }).await.unwrap();
    bench.settle().await;
    watcher.reached(bench.last_block().await).await;
    let came = crowd.await.unwrap();
    assert!(came > CLIENTS / 2, "{came} came");
    let answered = async || {
        let socket = socket.clone();
        tokio::task::spawn_blocking(move || is_answered(&socket)).await.unwrap().then_some(())
    };
    watcher.until("an answer", answered).await;
    assert!(watcher.high_water_mark() < MOST_MEMORY, "{} KB", watcher.high_water_mark());
    let (code, log) = watcher.stop();
    assert!(code == 0 && !log.contains("panicked"), "{code}: {log}");
    assert!(log.contains("777"), "{log}");
    let lines = log.lines().count();
    assert!(lines < 1000, "{lines} lines of log for {came} clients");
}
