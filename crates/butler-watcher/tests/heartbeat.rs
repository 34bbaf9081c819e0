//! The heartbeat of the real program: told while every network is followed, silent while one is not, and again afterwards.

#![expect(clippy::disallowed_methods, reason = "a test may fail, and its tasks end with it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support;
use crate::support::Bench;

/// Somebody outside who counts heartbeats, and answers 503 where it is told to.
#[derive(Debug, Default)]
struct Ear {
    beats: AtomicU64,
    is_deaf: AtomicBool,
}

impl Ear {
    async fn start() -> (Arc<Self>, String) {
        let ear = Arc::new(Self::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/beat/s3cret-path", listener.local_addr().unwrap());
        let here = Arc::clone(&ear);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let ear = Arc::clone(&here);
                tokio::spawn(async move {
                    let mut head = [0; 4096];
                    while let Ok(1..) = stream.read(&mut head).await {
                        let status =
                            if ear.is_deaf.load(Ordering::SeqCst) { "503 Service Unavailable" } else { "200 OK" };
                        ear.beats.fetch_add(1, Ordering::SeqCst);
                        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        (ear, url)
    }

    fn beats(&self) -> u64 {
        self.beats.load(Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_heart_beats_while_every_network_is_followed_and_stops_when_one_is_not() {
    let bench = Bench::start().await;
    bench.settle().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    support::operator(bench.folder.path(), bench.oracle(), &[proxy.url()]);
    let (ear, url) = Ear::start().await;
    let keys = format!("[watcher]\nheartbeat_url = \"{url}\"\nheartbeat_interval = \"1s\"\n");
    bench.configure(&bench.config().replace("[watcher]\n", &keys));
    let watcher = bench.watch();
    watcher.until("three beats", async || (ear.beats() >= 3).then_some(())).await;
    // Nobody answers: whoever waits for the next beat waits in vain.
    proxy.set(FaultPlan::always(Fault::Close));
    let problem =
        async || watcher.metric("butler_watcher_unread{network=\"devnet\"}").await.filter(|unread| *unread == 1.0);
    watcher.until("the network is unread", problem).await;
    let before = ear.beats();
    let rounds = async || watcher.metric("butler_watcher_looks_total{network=\"devnet\",result=\"failure\"}").await;
    let first = rounds().await.unwrap_or_default();
    watcher.until("more failed looks", async || (rounds().await? >= first + 2.0).then_some(())).await;
    // One may have been on its way.
    assert!(ear.beats() <= before + 1, "{before} and {} beats", ear.beats());
    proxy.set(FaultPlan::none());
    let stopped_at = ear.beats();
    watcher.until("beats again", async || (ear.beats() >= stopped_at + 2).then_some(())).await;
    // Whoever does not take it is named once, without the URL's path.
    ear.is_deaf.store(true, Ordering::SeqCst);
    watcher
        .until("a word about it", async || watcher.log().contains("the heartbeat is not taken: ").then_some(()))
        .await;
    let (_, log) = watcher.stop();
    assert!(!log.contains("s3cret-path"), "{log}");
}
