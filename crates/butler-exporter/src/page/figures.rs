//! Figures of the page as people read them. Times are those of core's `text::time`.

/// A figure that counts something; 0 for what is no count.
pub(super) fn whole(value: f64) -> u64 {
    format!("{value:.0}").parse().unwrap_or_default()
}

/// A figure with as many digits as it needs, four behind the point at most.
pub(super) fn figure(value: f64) -> String {
    let text = format!("{value:.4}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "0" if value > 0.0 => "<0.0001".to_owned(),
        text => text.to_owned(),
    }
}

/// The ends of an address; anything else as it is. The whole of it belongs into a title.
pub(super) fn short(text: &str) -> String {
    let is_address = text.len() == 42 && text.starts_with("0x") && text.is_ascii();
    match (text.get(..6), text.get(38..)) {
        (Some(start), Some(end)) if is_address => format!("{start}…{end}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        for (value, expected) in
            [(0.0, "0"), (10.0, "10"), (0.5, "0.5"), (1.23456, "1.2346"), (0.00001, "<0.0001"), (-2.0, "-2")]
        {
            assert_eq!(figure(value), expected);
        }
        assert_eq!((whole(3.0), whole(-1.0), whole(f64::NAN), whole(f64::INFINITY)), (3, 0, 0, 0));
        assert_eq!(short("0x7D19aB8400000000000000000000000000001234"), "0x7D19…1234");
        assert_eq!(short("server-1"), "server-1");
    }
}
