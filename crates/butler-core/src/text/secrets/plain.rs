//! What is known not to be a secret by its shape: dates, addresses of the network, UUIDs, digests, node records.

use std::net::IpAddr;

/// Whether a word is plainly something else than a piece of a secret. Several may stand in one word, with commas between.
pub(super) fn is_plain(word: &str) -> bool {
    let part = |part: &str| {
        let part = part.trim_matches(['"', '\'', '(', ')', '[', ']', '<', '>', '.']);
        part.is_empty() || is_one(part)
    };
    // The shortest is an address such as `1.1.1.1`, and most have a mark.
    word.len() >= 7
        && (word.bytes().any(|byte| b"-:./".contains(&byte)) || is_peer(word))
        && word.split([',', ';', '|']).all(part)
}

fn is_one(part: &str) -> bool {
    is_date(part)
        || is_uuid(part)
        || is_hardware_address(part)
        || is_network_address(part)
        || is_node_record(part)
        || is_image(part)
        || is_peer(part)
        || is_multiaddress(part)
}

/// `2026-11-26`, with a time or without.
fn is_date(part: &str) -> bool {
    let number = |range: std::ops::Range<usize>| part.get(range).and_then(|digits| digits.parse::<u32>().ok());
    let is_day = part.get(4..5) == Some("-")
        && part.get(7..8) == Some("-")
        && number(0..4).is_some_and(|year| (1970..2100).contains(&year))
        && number(5..7).is_some_and(|month| (1..=12).contains(&month))
        && number(8..10).is_some_and(|day| (1..=31).contains(&day));
    let rest = part.get(10..).unwrap_or_default();
    is_day
        && rest.len() <= 30
        && (rest.is_empty() || rest.starts_with('T'))
        && rest.bytes().all(|byte| byte.is_ascii_digit() || b"TZ:.+-".contains(&byte))
}

/// A UUID of a known version.
fn is_uuid(part: &str) -> bool {
    let part = part.strip_prefix("urn:uuid:").unwrap_or(part);
    let at = |at: usize, known: &[u8]| part.as_bytes().get(at).is_some_and(|byte| known.contains(byte));
    has_shape_of_uuid(part) && at(14, b"12345678") && at(19, b"89abAB")
}

/// How many UUIDs, of whatever version, stand in a word, with commas between.
pub(super) fn uuids(word: &str) -> usize {
    if !word.contains('-') {
        return 0;
    }
    let bare = |part: &str| {
        let part = part.trim_matches(|character: char| !character.is_ascii_alphanumeric());
        has_shape_of_uuid(part.strip_prefix("urn:uuid:").unwrap_or(part))
    };
    word.split([',', ';', '|']).filter(|part| bare(part)).count()
}

/// Whether digits stand in the groups of a UUID: beside one without a version nothing of that shape is one.
pub(super) fn has_shape_of_uuid(part: &str) -> bool {
    let mut groups = part.split('-');
    let is_grouped = [8, 4, 4, 4, 12].iter().all(|length| {
        let is_group = |group: &str| group.len() == *length && group.bytes().all(|byte| byte.is_ascii_hexdigit());
        groups.next().is_some_and(is_group)
    });
    is_grouped && groups.next().is_none()
}

/// `aa:bb:cc:dd:ee:ff`.
fn is_hardware_address(part: &str) -> bool {
    [':', '-'].iter().any(|between| {
        let mut groups = 0;
        let all = part.split(*between).all(|group| {
            groups += 1;
            group.len() == 2 && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        all && groups == 6
    })
}

/// An IP address, with a port or the width of a network. Of IPv6 those that are in use: others may be anything.
fn is_network_address(part: &str) -> bool {
    if let Ok(socket) = part.parse::<std::net::SocketAddr>() {
        return is_in_use(socket.ip());
    }
    let bare = part.split_once('/').map_or(part, |(bare, _)| bare);
    bare.parse::<IpAddr>().is_ok_and(is_in_use)
}

fn is_in_use(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => {
            let [first, ..] = address.segments();
            let zeros = address.segments().iter().filter(|segment| **segment == 0).count();
            zeros >= 2 || (0x2000..0x3000).contains(&first)
        }
    }
}

/// A record of a node, which holds its public key and a signature.
fn is_node_record(part: &str) -> bool {
    part.starts_with("enr:-") && part.len() > 100
}

/// A thing that is named by its digest: `image@sha256:…`.
fn is_image(part: &str) -> bool {
    part.rsplit_once("@sha256:").is_some_and(|(name, digest)| {
        !name.is_empty() && digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Where a peer of libp2p is to be reached: `/ip4/1.2.3.4/tcp/40400/p2p/16Uiu2…`.
fn is_multiaddress(part: &str) -> bool {
    let Some(parts) = part.strip_prefix('/') else { return false };
    let is_protocol = |part: &str| {
        let known =
            ["ip4", "ip6", "dns", "dns4", "dns6", "dnsaddr", "tcp", "udp", "quic", "quic-v1", "ws", "wss", "p2p"];
        known.contains(&part) || ["ipfs", "tls", "http", "https", "p2p-circuit", "webtransport"].contains(&part)
    };
    let is_host = |part: &str| {
        let is_label = |label: &str| {
            label.len() <= 24 && label.bytes().all(|byte| byte.is_ascii_lowercase() || b"-0123456789".contains(&byte))
        };
        part.contains('.') && part.len() <= 64 && part.split('.').all(is_label) && !part.split('.').any(is_hexadecimal)
    };
    let is_value = |part: &str| {
        (part.len() <= 5 && part.bytes().all(|byte| byte.is_ascii_digit()))
            || part.parse::<IpAddr>().is_ok_and(is_in_use)
            || is_peer(part)
            || is_host(part)
    };
    let mut parts = parts.trim_end_matches('/').split('/');
    parts.next().is_some_and(is_protocol) && parts.all(|part| is_protocol(part) || is_value(part))
}

/// Digits that are too many for a name.
fn is_hexadecimal(label: &str) -> bool {
    label.len() >= 8 && label.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A peer of libp2p, by the hash of its public key or by that key, or a content by its hash.
fn is_peer(part: &str) -> bool {
    let part = part.strip_prefix("ipfs://").unwrap_or(part);
    [("16Uiu2HA", 53), ("12D3KooW", 52), ("Qm", 46), ("bafybei", 59), ("bafkrei", 59)]
        .iter()
        .any(|(prefix, length)| part.starts_with(prefix) && part.len() == *length)
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
