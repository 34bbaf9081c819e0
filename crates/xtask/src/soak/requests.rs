//! What a scrape of the chain costs in requests, before a fault and after it: a passing fault must not stay expensive.
//!
//! The exporter's own counter is read whenever a scrape ended well. What other scrapers ask now and then falls into one scrape
//! and not into the next, so one dear scrape is no finding; two cheap ones in a row end a search.

use super::answer::Answer;

/// Scrapes within which the cost must be what it was.
pub(super) const WITHIN: usize = 10;
/// What it may cost more.
const TOLERANCE: f64 = 1.0;
/// Scrapes of which the median is the usual cost.
const USUAL: usize = 7;

/// Requests of each good scrape.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Tells one scrape from the next: when it ended and how long it took.
    last: Option<(f64, f64)>,
    total: f64,
    per_scrape: Vec<f64>,
}

impl Requests {
    /// Looks at an answer of the exporter.
    pub(super) fn note(&mut self, answer: &Answer) {
        const LABELS: &str = "{network=\"devnet\",scraper=\"l1\"}";
        if !answer.is_good() {
            return;
        }
        let of = |family: &str| answer.get(&format!("{family}{LABELS}"));
        let scrape = (of("butler_scrape_last_success_timestamp_seconds"), of("butler_scrape_duration_seconds"));
        if self.last == Some(scrape) {
            return;
        }
        let total = answer.sum("butler_rpc_requests_total", "\"devnet\"");
        // The counter of a client that is new begins at zero.
        let made = if total >= self.total { total - self.total } else { total };
        if self.last.replace(scrape).is_some() {
            self.per_scrape.push(made);
        }
        self.total = total;
    }

    /// How many good scrapes there were, to look at those that come after.
    pub(super) fn count(&self) -> usize {
        self.per_scrape.len()
    }

    /// The usual cost of late.
    pub(super) fn usual(&self) -> f64 {
        let from = self.per_scrape.len().saturating_sub(USUAL);
        let mut last = self.per_scrape.get(from..).unwrap_or_default().to_vec();
        last.sort_by(f64::total_cmp);
        last.get(last.len() / 2).copied().unwrap_or_default()
    }

    /// After how many scrapes since `mark` the cost was as before: two in a row within the tolerance.
    pub(super) fn settled(&self, mark: usize, before: f64) -> Option<usize> {
        let after = self.per_scrape.get(mark..).unwrap_or_default();
        let is_usual = |made: &f64| *made <= before + TOLERANCE;
        after.windows(2).position(|pair| pair.iter().all(is_usual)).map(|at| at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_usual_again_when_two_scrapes_in_a_row_are() {
        let requests =
            Requests { per_scrape: vec![5.0, 4.0, 5.0, 40.0, 40.0, 5.0, 41.0, 6.0, 5.0], ..Requests::default() };
        assert_eq!(Requests { per_scrape: vec![5.0, 4.0, 5.0, 9.0], ..Requests::default() }.usual(), 5.0);
        assert_eq!(requests.settled(3, 5.0), Some(5));
        assert_eq!(requests.settled(3, 3.0), None);
        assert_eq!(requests.settled(3, 40.0), Some(1));
    }
}
