//! Our JSON in less room, as the store keeps it: names of fields that come again and again are a byte each, hashes and addresses their
//! raw bytes.
//!
//! JSON has no bytes below 0x20 but in escapes, so these stand for what is left out. What is packed is the same bytes again when it
//! is unpacked. The list is part of the format of a store: it may be added to, and nothing in it may change.

/// Stand for `0x` with so many hex digits, whose bytes follow.
const ADDRESS: u8 = 0x02;
const HASH: u8 = 0x03;
/// The first byte of those that stand for a piece of text.
const FIRST: u8 = 0x04;

/// What is left out, the longer before the shorter that it begins with.
const TEXTS: [&str; 28] = [
    "{\"schema\":1,\"key\":\"",
    "{\"key\":\"",
    "\",\"kind\":\"",
    "\",\"place\":{\"chain_id\":",
    ",\"contract\":\"",
    "\"},\"subject\":{\"attester\":\"",
    "\"},\"subject\":",
    "\"},\"goal\":",
    "{\"coinbase_configured\":{\"provider_id\":",
    ",\"rollup\":\"",
    "\",\"coinbase\":\"",
    ",\"goal\":",
    "\"told\",\"priority\":\"",
    "\"}},\"priority\":\"",
    "\",\"until\":null,\"why\":\"",
    "\",\"until\":",
    ",\"why\":\"",
    "\",\"evidence\":[{\"log\":{\"block_number\":",
    ",\"log_index\":",
    ",\"block_hash\":\"",
    "\",\"transaction_hash\":\"",
    "\"}}],\"assurance\":\"two_endpoints\"}",
    "\",\"policy\":\"notify\",\"due\":",
    "{\"phase\":\"",
    "\",\"version\":",
    ",\"generation\":",
    ",\"tries\":0,\"looks\":0}",
    "\",\"phase\":\"done\",\"version\":",
];

/// Packs `text`; `None` when it is not of the kind that can be packed.
pub(crate) fn pack(text: &[u8]) -> Option<Vec<u8>> {
    if text.iter().any(|byte| *byte < 0x20) {
        return None;
    }
    let mut packed = Vec::with_capacity(text.len() / 2);
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = if let Some((token, length)) = text_at(rest) {
            packed.push(token);
            rest.get(length..).unwrap_or_default()
        } else if let Some((token, bytes)) = hex_at(rest) {
            packed.push(token);
            packed.extend_from_slice(&bytes);
            rest.get(2 + bytes.len() * 2..).unwrap_or_default()
        } else {
            packed.push(*byte);
            after
        };
    }
    Some(packed)
}

/// The text that was packed; `None` when that is not what was packed.
pub(crate) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(packed.len() * 2);
    let mut rest = packed;
    while let Some((byte, mut after)) = rest.split_first() {
        match *byte {
            token @ (ADDRESS | HASH) => {
                let bytes;
                (bytes, after) = after.split_at_checked(if token == ADDRESS { 20 } else { 32 })?;
                text.extend_from_slice(b"0x");
                for byte in bytes {
                    text.extend([digit(byte >> 4), digit(byte & 15)]);
                }
            }
            token if token < 0x20 => {
                text.extend_from_slice(TEXTS.get(usize::from(token.checked_sub(FIRST)?))?.as_bytes());
            }
            plain => text.push(plain),
        }
        rest = after;
    }
    Some(text)
}

/// The token of a piece of text, and its length.
fn text_at(rest: &[u8]) -> Option<(u8, usize)> {
    if !matches!(rest.first(), Some(b'"' | b'{' | b',')) {
        return None;
    }
    (FIRST..).zip(TEXTS).find(|(_, text)| rest.starts_with(text.as_bytes())).map(|(token, text)| (token, text.len()))
}

/// An address or a hash in small hex digits, and no longer than that.
fn hex_at(rest: &[u8]) -> Option<(u8, Vec<u8>)> {
    let digits = rest.strip_prefix(b"0x")?;
    let count = digits.iter().take(65).take_while(|byte| value(**byte).is_some()).count();
    let token = match count {
        40 => ADDRESS,
        64 => HASH,
        _ => return None,
    };
    let pairs = digits.get(..count)?.chunks_exact(2);
    let bytes: Option<Vec<u8>> =
        pairs.map(|pair| Some((value(*pair.first()?)? << 4) | value(*pair.last()?)?)).collect();
    Some((token, bytes?))
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round(text: &str) -> usize {
        let packed = pack(text.as_bytes()).unwrap();
        assert_eq!(unpack(&packed).unwrap(), text.as_bytes(), "{packed:?}");
        packed.len()
    }

    #[test]
    fn records_are_the_same_again_and_take_two_thirds_at_most() {
        let key = format!("deposit_queued/1/0x{}/0x{}/0x{}.0", "e0".repeat(20), "a1".repeat(20), "c2".repeat(32));
        let finished = format!(
            "{{\"key\":\"{key}\",\"kind\":\"deposit_queued\",\"phase\":\"done\",\"version\":4,\"generation\":1,\"at\":1700000000000}}"
        );
        assert!(round(&finished) * 3 < finished.len() * 2);
        let hash = "9f".repeat(32);
        let text = format!(
            "{{\"a\":\"0x{hash}\",\"b\":\"0x{hash}0\",\"c\":\"0x{}\",\"d\":\"0xAB\",\"e\":\"0x\"}}",
            &hash[..40]
        );
        round(&text);
        for part in TEXTS {
            assert!(round(part) == 1, "{part} begins with a shorter one that stands before it");
        }
        for byte in 0..0x20 {
            assert!(pack(&[byte]).is_none());
        }
        assert!(unpack(&[HASH, 1, 2]).is_none() && unpack(&[0]).is_none());
    }

    proptest! {
        #[test]
        fn whatever_is_packed_is_the_same_again(parts in prop::collection::vec("0x[0-9a-f]{38,66}|\\PC{0,20}|[a-z0-9/x]{0,12}", 0..8), known in prop::collection::vec(0..TEXTS.len(), 0..8)) {
            let mut text = parts.concat();
            text.extend(known.iter().map(|index| TEXTS[*index]));
            if text.bytes().all(|byte| byte >= 0x20) {
                round(&text);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(&bytes);
            let _ = pack(&bytes);
        }
    }
}
