//! The pages on telephones and desks, light and dark, with no attester, with ten and with a thousand: nothing is wider than the screen,
//! and axe-core has nothing to say. `BUTLER_PICTURES=FOLDER` leaves pictures there to be looked at.

mod network;

use std::path::Path;
use std::sync::Arc;

use butler_core::config::{EndpointUrl, HttpConfig};
use butler_core::daemon::http::desk::Desk;
use butler_core::daemon::http::server::serve;
use butler_exporter::routes::ExporterRoutes;
use butler_testkit::browser::{Browser, Device, PageAt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const WIDTHS: [u32; 4] = [320, 390, 1280, 1440];

/// Serves what is known of a network with so many attesters; gives its address.
async fn served(attesters: u64, servers: &mut JoinSet<()>) -> String {
    let slots = Arc::new(network::slots(attesters));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = listener.local_addr().unwrap();
    let config = HttpConfig {
        section: "exporter".to_owned(),
        listen,
        bearer_token: None,
        basic_users: Vec::new(),
        tls: None,
        host_names: Vec::new(),
    };
    let routes = ExporterRoutes::new(Arc::clone(&slots));
    routes.lead_to_watcher(Some(&EndpointUrl::parse("http://127.0.0.1:9465/").unwrap()));
    let desk = Arc::new(Desk::new(routes, &config, None, Arc::clone(slots.process())));
    servers.spawn(serve(listener, desk, std::future::pending()));
    format!("http://{listen}")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_every_device_and_is_accessible() {
    let Some(browser) = Browser::found() else { return };
    let mut servers = JoinSet::new();
    let none = served(0, &mut servers).await;
    let ten = served(10, &mut servers).await;
    let thousand = served(1_000, &mut servers).await;
    let attester = network::address(1);
    let pages: Vec<PageAt> = [
        ("overview-0", &none, "/".to_owned()),
        ("overview-10", &ten, "/".to_owned()),
        ("overview-1000", &thousand, "/".to_owned()),
        ("attesters-0", &none, "/attesters".to_owned()),
        ("attesters-10", &ten, "/attesters".to_owned()),
        ("attesters-1000", &thousand, "/attesters?state=IN_STAKING_QUEUE&finding=none".to_owned()),
        ("findings-1000", &thousand, "/findings?severity=critical".to_owned()),
        ("tables-1000", &thousand, "/tables?network=mainnet&table=publishers&page=2".to_owned()),
        ("runbooks", &none, "/runbooks/".to_owned()),
        ("runbook", &ten, format!("/runbooks/ButlerCoinbaseMissing6h?network=mainnet&attester={attester}")),
        ("runbook-open", &ten, "/runbooks/ButlerWatcherKeystoreDown".to_owned()),
    ]
    .into_iter()
    .map(|(name, host, path)| PageAt { name: name.to_owned(), url: format!("{host}{path}") })
    .collect();
    let devices: Vec<Device> =
        WIDTHS.into_iter().flat_map(|width| [false, true].map(|is_dark| Device { width, is_dark })).collect();
    let folder = std::env::var_os("BUTLER_PICTURES");
    let looks = tokio::task::spawn_blocking(move || browser.look(&pages, &devices, folder.as_deref().map(Path::new)))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(looks.len(), 11 * WIDTHS.len() * 2);
    let faults: Vec<_> = looks
        .iter()
        .filter(|look| {
            look.inner_width != look.width
                || !look.wider.is_empty()
                || !look.broken.is_empty()
                || !look.violations.is_empty()
                || !look.refused.is_empty()
        })
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    // However much there is, the first page is one that somebody reads.
    let longest =
        looks.iter().filter(|look| look.page == "overview-1000" && look.width >= 1_280).map(|look| look.height);
    assert!(longest.max().is_some_and(|height| height < 6_000), "{looks:#?}");
}
