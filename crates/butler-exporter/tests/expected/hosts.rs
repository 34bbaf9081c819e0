//! A host on loopback whose every check passes.

use std::net::{IpAddr, ToSocketAddrs as _};

use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::proxy::FaultProxy;

use crate::support::Bench;

/// The beginning of the year at which the proxy's certificate ends.
const CERTIFICATE_END: f64 = 3_976_214_400.0;

/// A host that runs the node: by its name over HTTPS, by its addresses, and with the devnet as its L1.
pub(crate) async fn stand_up(bench: &Bench, node: &FakeAztecNode) -> FaultProxy {
    let proxy = FaultProxy::start_tls(&node.url()).await.unwrap();
    let ips: Vec<IpAddr> = ("localhost", 0).to_socket_addrs().unwrap().map(|address| address.ip()).collect();
    let ips: Vec<String> = ips.iter().map(|ip| format!("\"{ip}\"")).collect();
    let port = node.url().rsplit_once(':').unwrap().1.to_owned();
    bench.append(&format!(
        "[[networks.devnet.hosts]]\nname = \"by-name\"\nips = [{}]\ndomain = \"localhost\"\n\
         rpc_url = \"{}\"\nca_file = \"{}\"\nl1_url = \"{}\"\n\
         [[networks.devnet.hosts]]\nname = \"by-address\"\nips = [\"127.0.0.1\"]\np2p_port = {port}\nrpc_port = {port}",
        ips.join(", "),
        proxy.url(),
        proxy.ca_pem_path().unwrap().display(),
        bench.chain.url(),
    ));
    proxy
}

pub(crate) fn expected() -> Vec<(String, f64)> {
    let checks =
        [("by-name", "dns"), ("by-name", "rpc"), ("by-name", "l1"), ("by-address", "p2p"), ("by-address", "rpc_by_ip")];
    let success = checks.map(|(host, check)| {
        (format!("butler_host_check_success{{network=\"devnet\",host=\"{host}\",check=\"{check}\"}}"), 1.0)
    });
    let info = ["by-name", "by-address"]
        .map(|host| (format!("butler_host_info{{network=\"devnet\",host=\"{host}\",version=\"4.1.2\"}}"), 1.0));
    let expiry = "butler_host_tls_certificate_expiry_timestamp_seconds{network=\"devnet\",host=\"by-name\"}";
    success.into_iter().chain(info).chain([(expiry.to_owned(), CERTIFICATE_END)]).collect()
}
