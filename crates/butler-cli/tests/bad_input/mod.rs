//! Input that cannot be used: the message, the exit code, nothing on stdout, nothing left behind, and no secret shown.
//!
//! Each case runs twice, the second time with `-vvv`; the harness searches every output for the secrets that are in play.

mod configuration;
mod disk;
mod endpoints;
mod key_files;
mod ledger;
mod presets;
mod secrets;

use crate::support::{Bench, URL_KEY};
use butler_testkit::proxy::FaultProxy;

/// A URL with a key in its path and another in its query, as providers hand them out.
fn with_key(url: &str) -> String {
    format!("{url}/v2/{URL_KEY}?apikey={URL_KEY}")
}

/// Runs a command that must fail, quietly and loudly; gives what a person is told.
async fn refused(bench: &Bench, arguments: &[&str], code: i32) -> String {
    let before = bench.listing();
    let told = told_off(bench, arguments, code).await;
    assert_eq!(bench.listing(), before);
    told
}

/// The same of a command that may keep what it scanned before it failed.
async fn told_off(bench: &Bench, arguments: &[&str], code: i32) -> String {
    let ran = bench.run(arguments).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{}", ran.stderr);
    let loud = bench.run(&[arguments, &["-vvv"]].concat()).await;
    assert_eq!((loud.code, loud.stdout.as_str()), (code, ""), "{}", loud.stderr);
    ran.told(bench.folder.path())
}

/// A bench whose only endpoint is a proxy, reached by a URL that holds keys.
async fn behind_proxy(bench: &Bench) -> FaultProxy {
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.write("l1-url", &with_key(&proxy.url()));
    bench.endpoint("url_file = \"l1-url\"");
    proxy
}
