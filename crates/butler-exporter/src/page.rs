//! The page at `/`, for a person with a browser: which networks, how fresh, and what needs attention.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::catalogue;
use crate::readings::Readings;
use crate::status::{Outcome, Slot};

/// The page.
#[must_use]
pub(crate) fn render(slots: &[Arc<Slot>]) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>butler-exporter</title>\
         <style>body{font:16px/1.5 sans-serif;margin:2rem;max-width:60rem}td,th{padding:.1rem 1rem .1rem 0;text-align:left}\
         .bad{color:#b00020}</style><h1>butler-exporter</h1>\
         <p><a href=\"/metrics\">metrics</a> · <a href=\"/livez\">livez</a> · <a href=\"/readyz\">readyz</a></p>\n",
    );
    for slot in slots {
        // Writing to a string can not fail.
        let _ = writeln!(page, "<h2>{} · {}</h2>", escape(&slot.network), slot.kind.name());
        let (class, last) = match slot.last_outcome() {
            None => ("", "not scraped yet"),
            Some(Outcome::Success) => ("", "the last scrape succeeded"),
            Some(Outcome::Failure) => ("bad", "the last scrape failed"),
        };
        let _ = write!(page, "<p class=\"{class}\">{last}; ");
        match slot.readings() {
            None => page.push_str("there are no readings.</p>\n"),
            Some((readings, age)) => {
                let _ = writeln!(page, "the readings are {} s old.</p>", age.as_secs());
                push_readings(&mut page, &readings);
            }
        }
    }
    page
}

fn push_readings(page: &mut String, readings: &Readings) {
    page.push_str("<table>\n");
    for sample in &readings.0 {
        let is_attention = [&catalogue::COINBASE_MISSING, &catalogue::COINBASE_WRONG].contains(&sample.family)
            || ([&catalogue::DUPLICATES, &catalogue::KEY_FILE_FAULTS, &catalogue::PUBLISHER_TOP_UP]
                .contains(&sample.family)
                && sample.value > 0.0)
            || ([&catalogue::NODE_UP, &catalogue::NODE_READY].contains(&sample.family) && sample.value == 0.0);
        if !is_attention && sample.family != &catalogue::ATTESTERS {
            continue;
        }
        let class = if is_attention { "bad" } else { "" };
        let labels: Vec<String> = sample.labels.iter().map(|label| escape(label)).collect();
        let name = sample.family.name;
        let _ = writeln!(page, "<tr class=\"{class}\"><td>{name}<td>{}<td>{}", labels.join(", "), sample.value);
    }
    page.push_str("</table>\n");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
