//! What a request would like best, by the weights of its `Accept` and `Accept-Encoding` (RFC 9110, 12.4.2 and 12.5).
//!
//! The more specific range of media types counts, a weight of 0 refuses, and an item whose weight is none is left out. Where nothing
//! that we have is acceptable the usual is sent, as RFC 9110 allows: no client is helped by an empty answer.

use hyper::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName};

use crate::daemon::telemetry::metrics::format::{Coding, Format};

/// A weight in thousandths, 0 to 1000.
type Weight = u16;

/// The weight of what is named without one.
const FULL: Weight = 1000;

/// The format of metrics: OpenMetrics for who asks for it by name and does not like plain text better.
#[must_use]
pub fn format(headers: &HeaderMap) -> Format {
    let (open, text) =
        (media(headers, "application", "openmetrics-text").unwrap_or(NOT_NAMED), media(headers, "text", "plain"));
    let text = text.map_or(0, |text| text.weight);
    let is_better = open.weight > text || (open.is_by_name && open.weight == text);
    if open.weight > 0 && is_better { Format::OpenMetrics } else { Format::Text }
}

/// Whether who asks for a page has it as it is written rather than as HTML.
#[must_use]
pub fn is_markdown_wanted(headers: &HeaderMap) -> bool {
    let (written, page) = (media(headers, "text", "markdown").unwrap_or(NOT_NAMED), media(headers, "text", "html"));
    written.is_by_name && written.weight > 0 && page.is_none_or(|page| written.weight >= page.weight)
}

/// How the body may travel.
#[must_use]
pub fn coding(headers: &HeaderMap) -> Coding {
    let named = |what: &str| {
        let weights = items(headers, &ACCEPT_ENCODING).filter(|(name, _)| name.eq_ignore_ascii_case(what));
        weights.map(|(_, weight)| weight).max()
    };
    let gzip = named("gzip").or_else(|| named("x-gzip")).or_else(|| named("*")).unwrap_or(0);
    // What is not named is the last choice, and not refused.
    let is_better = named("identity").is_none_or(|identity| gzip >= identity);
    if gzip > 0 && is_better { Coding::Gzip } else { Coding::Identity }
}

/// How much a media type is wanted.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    weight: Weight,
    /// Whether that very type was named, and no range around it.
    is_by_name: bool,
}

const NOT_NAMED: Wanted = Wanted { weight: 0, is_by_name: false };

/// By the most specific range that holds the type; parameters but the weight are not looked at. Of several of one kind the one that wants it
/// most. `None` where no range holds it.
fn media(headers: &HeaderMap, kind: &str, subtype: &str) -> Option<Wanted> {
    let holds = |range: &str, kind: &str, subtype: &str| {
        range.split_once('/').is_some_and(|(given, rest)| {
            given.trim().eq_ignore_ascii_case(kind) && rest.trim().eq_ignore_ascii_case(subtype)
        })
    };
    let most = |kind: &str, subtype: &str| {
        items(headers, &ACCEPT).filter(|(range, _)| holds(range, kind, subtype)).map(|(_, weight)| weight).max()
    };
    let of = |is_by_name| move |weight| Wanted { weight, is_by_name };
    most(kind, subtype)
        .map(of(true))
        .or_else(|| most(kind, "*").map(of(false)))
        .or_else(|| most("*", "*").map(of(false)))
}

/// The items of a list with their weights. A head has a bounded length, and so has the list.
fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = (&'a str, Weight)> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let first = parts.next().filter(|first| !first.is_empty())?;
        let given = parts.find_map(|part| part.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("q")));
        Some((first, given.map_or(Some(FULL), |(_, value)| weight(value))?))
    })
}

/// `0`, `1`, or one of them with up to three digits behind a point, and no more than 1.
fn weight(text: &str) -> Option<Weight> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = part.len() <= 3 && part.bytes().all(|digit| digit.is_ascii_digit());
    let thousandths: Weight = format!("{part:0<3}").parse().ok().filter(|_| is_digits)?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(FULL),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn with(name: &HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn the_format_is_the_one_that_is_wanted_most() {
        use Format::{OpenMetrics, Text};
        for (values, expected) in [
            (&[][..], Text),
            (&["*/*"], Text),
            (&["application/openmetrics-text"], OpenMetrics),
            // What Prometheus 2 and 3 ask for.
            (
                &[
                    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                ],
                OpenMetrics,
            ),
            (
                &[
                    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,*/*;q=0.2",
                ],
                OpenMetrics,
            ),
            (&["text/plain, application/openmetrics-text"], OpenMetrics),
            (&["text/plain;q=0.9, application/openmetrics-text;q=0.8"], Text),
            (&["text/plain;q=0.9", "Application/OpenMetrics-Text; Q=0.91"], OpenMetrics),
            (&["application/openmetrics-text;q=0"], Text),
            (&["application/openmetrics-text;q=0.000, */*;q=0.1"], Text),
            // The more specific range counts, whatever stands beside it.
            (&["text/plain;q=0.1, application/*;q=0.5"], OpenMetrics),
            (&["*/*, text/plain;q=0"], OpenMetrics),
            (&["text/html, */*;q=0.8"], Text),
            (&["application/json"], Text),
            // A weight that is none names nothing.
            (&["application/openmetrics-text;q=2, text/plain;q=0.1"], Text),
            (&["application/openmetrics-text;q=", ";;,,;q=1", "/"], Text),
        ] {
            assert_eq!(format(&with(&ACCEPT, values)), expected, "{values:?}");
        }
    }

    #[test]
    fn a_page_is_html_but_for_who_asks_for_markdown_by_name() {
        for (value, expected) in [
            ("text/markdown", true),
            ("text/html;q=0.5, text/markdown", true),
            ("text/html, text/markdown;q=0.5", false),
            ("text/markdown;q=0", false),
            ("text/*", false),
            ("*/*", false),
        ] {
            assert_eq!(is_markdown_wanted(&with(&ACCEPT, &[value])), expected, "{value}");
        }
    }

    #[test]
    fn gzip_is_sent_to_who_wants_it_no_less_than_none() {
        use Coding::{Gzip, Identity};
        for (values, expected) in [
            (&[][..], Identity),
            (&[""], Identity),
            (&["gzip"], Gzip),
            (&["GZIP;q=0.1"], Gzip),
            (&["deflate, x-gzip"], Gzip),
            (&["*"], Gzip),
            (&["*;q=0"], Identity),
            (&["*, gzip;q=0"], Identity),
            (&["gzip;q=0"], Identity),
            (&["gzip; q=0.0"], Identity),
            (&["gzip;q=0.5, identity"], Identity),
            (&["gzip;q=0.5, identity;q=0.5"], Gzip),
            (&["gzip;q=0.5", "identity;q=0"], Gzip),
            (&["br"], Identity),
            (&["gzip;q=1.001"], Identity),
            (&["gzip;q=0.0001"], Identity),
            (&["gzip;q=-1"], Identity),
            (&["gzip;q=nan"], Identity),
        ] {
            assert_eq!(coding(&with(&ACCEPT_ENCODING, values)), expected, "{values:?}");
        }
    }

    #[test]
    fn a_weight_has_three_digits_at_most_and_is_one_at_most() {
        for (text, expected) in [
            ("0", Some(0)),
            ("0.", Some(0)),
            ("0.5", Some(500)),
            ("0.001", Some(1)),
            ("1", Some(1000)),
            ("1.000", Some(1000)),
        ] {
            assert_eq!(weight(text), expected, "{text}");
        }
        for text in ["", "1.001", "2", "00", "0.0000", "0,5", "+1", ".5", "1e0", "0.-1", "0.+1", "0.é"] {
            assert_eq!(weight(text), None, "{text}");
        }
    }
}
