//! Key files that are cut, unreadable or gone under the running program: what it served is fed to the shipped alert rules.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;

use crate::support::film::{BLOCK, Clock, Film, MINUTES, without_prometheus};
use crate::support::{self, Bench, Program, Series};

/// What must fire because of the files, and nothing else may.
const OF_FILES: &str = "ButlerKeyFileUnreadable|ButlerKeyFilesGone";

/// The files whose last content is served, by the ends of their paths.
fn kept(series: &Series) -> BTreeSet<String> {
    let files = series.keys().filter_map(|key| key.strip_prefix("butler_key_file_kept{")?.split("file=\"").nth(1));
    files.map(|rest| rest.split('"').next().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
}

/// Waits until exactly these files are served from memory, and looks twice: once more after another scrape.
async fn look(film: &mut Film, program: &Program, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
    let first = program.when("the files", |series| kept(series) == expected).await;
    film.look(&first);
    let at = "butler_scrape_last_success_timestamp_seconds{network=\"devnet\",scraper=\"l1\"}";
    let second = program.when("another scrape", |series| series[at] > first[at]).await;
    assert_eq!(kept(&second), expected);
    film.look(&second);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_alarm_resolves_and_none_fires_because_of_a_file_and_one_names_it() {
    if without_prometheus() {
        return;
    }
    let bench = Bench::start().await;
    let program = bench.run().await;
    for scraper in ["l1", "slashing", "governance", "rewards"] {
        program.when_scraped("devnet", scraper).await;
    }
    let mut film = Film::new(Clock::From(program.series()[BLOCK]));
    let keys = |name: &str| bench.path(&format!("keys/{name}"));
    look(&mut film, &program, &[]).await;
    // Long enough for the alert that waits longest, which is an hour.
    film.hold(8);
    let good = film.looks.len();

    let whole = bench.read("keys/server-1.json");
    bench.write("keys/server-1.json", &whole[..whole.len() / 2]);
    look(&mut film, &program, &["server-1.json"]).await;
    // A link to itself is an error of the system for every user, as a missing right is for all but one.
    std::fs::remove_file(keys("server-2.json")).unwrap();
    symlink("server-2.json", keys("server-2.json")).unwrap();
    bench.write("keys/server-1.json", &whole);
    look(&mut film, &program, &["server-2.json"]).await;
    std::fs::rename(bench.path("keys"), bench.path("elsewhere")).unwrap();
    look(&mut film, &program, &["server-1.json", "server-2.json"]).await;
    let page = support::text_of(&program.get("/").text());
    assert!(page.contains("ButlerKeyFilesGone") && !page.contains("ButlerKeyFileFaults"), "{page}");
    assert!(page.contains("server-1.json: it was good") && page.contains("server-2.json: it was good"), "{page}");

    let baseline = good * MINUTES - 1;
    let firing = format!("ALERTS{{alertstate=\"firing\",alertname!~\"{OF_FILES}\"}}");
    let before = format!("{firing} @ {}", baseline * 60);
    let empty = [format!("{firing} unless {before}"), format!("{before} unless {firing}")];
    let named = |file: &str| {
        format!("sum(ALERTS{{alertstate=\"firing\",alertname=\"ButlerKeyFileUnreadable\",file=~\".*/{file}\"}})")
    };
    let critical = "sum(ALERTS{alertstate=\"firing\",alertname=\"ButlerKeyFilesGone\"})".to_owned();
    let judged =
        "count(ALERTS{alertstate=\"firing\",alertname=~\"ButlerCoinbaseOverdue|ButlerCoinbaseWrong\"})".to_owned();
    let last = film.minutes() - 1;
    let known = [
        (baseline, judged.clone(), 2.0),
        (good * MINUTES + 15, named("server-1.json"), 1.0),
        ((good + 2) * MINUTES + 15, named("server-2.json"), 1.0),
        (last, named("server-1.json"), 1.0),
        (last, named("server-2.json"), 1.0),
        (last, critical, 1.0),
        (last, judged, 2.0),
    ];
    film.judge(bench.folder.path(), good, &empty, &known).unwrap_or_else(|said| panic!("{said}"));

    // As a program that counts an unreadable file as empty would have it: the rules see that.
    for look in &mut film.looks[good..] {
        look.retain(|key, _| !key.starts_with("butler_coinbase_wrong"));
    }
    let said = film.judge(bench.folder.path(), good, &empty, &known).unwrap_err();
    assert!(said.contains("ButlerCoinbaseWrong"), "{said}");
}
