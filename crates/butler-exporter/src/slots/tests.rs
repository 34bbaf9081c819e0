//! What a slot serves over time.

use std::collections::BTreeMap;
use std::time::Duration;

use butler_core::client::error::ErrorKind;
use butler_core::client::http::DurationCounts;
use butler_core::domain::attester::state::State;
use ethers_core::types::Address;

use super::*;
use crate::catalogue;
use crate::catalogue::values::{CountedJudgement, FailureKind, ScraperKind};
use crate::readings::{Readings, Sample};

fn slot() -> Slot {
    Slot::new("devnet", ScraperKind::L1, Duration::from_secs(60), Duration::from_secs(60))
}

fn value(slot: &Slot, family: &catalogue::Family) -> Option<f64> {
    slot.samples().into_iter().find(|sample| sample.family == family).map(|sample| sample.value)
}

fn readings(epoch: f64) -> Readings {
    let mut readings = Readings::default();
    readings.push(&catalogue::EPOCH, [], epoch);
    readings
}

#[tokio::test(start_paused = true)]
async fn a_failed_scrape_changes_no_reading_and_an_old_reading_is_not_served() {
    let slot = slot();
    assert_eq!(value(&slot, &catalogue::SCRAPE_SUCCESS), None);
    // It was read when the scrape began.
    slot.succeeded(readings(7.0).into(), Duration::from_secs(30), 1_000);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(slot.failed(FailureKind::Reorganised, Duration::from_secs(2)), 1);
    assert_eq!(value(&slot, &catalogue::EPOCH), Some(7.0));
    assert_eq!(value(&slot, &catalogue::SCRAPE_SUCCESS), Some(0.0));
    assert_eq!(value(&slot, &catalogue::SCRAPE_LAST_SUCCESS), Some(1_000.0));
    tokio::time::advance(Duration::from_secs(209)).await;
    assert_eq!(value(&slot, &catalogue::EPOCH), Some(7.0));
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(value(&slot, &catalogue::EPOCH), None);
    assert_eq!(value(&slot, &catalogue::SCRAPE_LAST_SUCCESS), Some(1_000.0));
    assert_eq!(slot.succeeded(readings(8.0).into(), Duration::from_secs(1), 1_400), 1);
    assert_eq!(value(&slot, &catalogue::EPOCH), Some(8.0));
    assert_eq!(value(&slot, &catalogue::SCRAPE_SUCCESS), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn a_staleness_of_ones_own_is_kept_and_never_shorter_than_the_interval() {
    let slot = |seconds| slot().with_staleness(Some(Duration::from_secs(seconds)));
    assert_eq!(slot(90).budget(), Duration::from_secs(90));
    assert_eq!(slot(1).budget(), Duration::from_secs(60));
    let slot = slot(90);
    slot.succeeded(readings(7.0).into(), Duration::from_secs(1), 1_000);
    tokio::time::advance(Duration::from_secs(91)).await;
    assert_eq!(value(&slot, &catalogue::EPOCH), None);
}

#[tokio::test(start_paused = true)]
async fn a_slot_takes_over_counts_and_states_but_no_readings() {
    let (before, after) = (slot(), slot());
    let states = BTreeMap::from([(Address::zero(), State::Active)]);
    let steps = vec![CountedJudgement::Documented];
    let scraped = Scraped { readings: readings(7.0), states: states.clone(), steps, ..Scraped::default() };
    before.succeeded(scraped, Duration::from_secs(1), 1_000);
    before.count_error(FailureKind::Reorganised);
    before.restarted();
    after.adopt(&before);
    assert_eq!(after.states(), states);
    assert_eq!(value(&after, &catalogue::SCRAPER_RESTARTS), Some(1.0));
    assert_eq!(value(&after, &catalogue::SCRAPE_LAST_SUCCESS), Some(1_000.0));
    let steps = |slot: &Slot| -> f64 {
        let steps = slot.samples().into_iter().filter(|sample| sample.family == &catalogue::TRANSITIONS);
        steps.map(|sample| sample.value).sum()
    };
    assert_eq!((steps(&before), steps(&after)), (1.0, 1.0));
    assert_eq!((value(&after, &catalogue::EPOCH), after.last_outcome()), (None, None));
}

#[tokio::test(start_paused = true)]
async fn an_endpoints_counts_outlive_its_client() {
    let slot = slot();
    let counted = |requests| EndpointFigures {
        name: "one".to_owned(),
        requests,
        sent: 0,
        received: 0,
        durations: DurationCounts { buckets: [1; 12], microseconds: 500_000 },
        failures: BTreeMap::from([(ErrorKind::Timeout, requests)]),
        healthy: true,
        credits: requests,
        credits_per_day: None,
    };
    slot.note_endpoints(vec![counted(7)], 1);
    slot.restarted();
    for _ in 0..2 {
        slot.note_endpoints(vec![counted(2)], 1);
    }
    assert_eq!(value(&slot, &catalogue::RPC_REQUESTS), Some(9.0));
    assert_eq!(value(&slot, &catalogue::RPC_CREDITS_TODAY), Some(9.0));
    assert_eq!(value(&slot, &catalogue::RPC_DURATION), Some(1.0));
    let errors = |sample: &Sample| sample.family == &catalogue::RPC_ERRORS;
    let errors: f64 = slot.samples().iter().filter(|sample| errors(sample)).map(|sample| sample.value).sum();
    assert_eq!(errors, 9.0);
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_error_is_there_from_the_start() {
    let samples = slot().samples();
    let errors = samples.iter().filter(|sample| sample.family == &catalogue::SCRAPE_ERRORS);
    assert_eq!(errors.count(), FailureKind::all().count());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_hangs_is_not_alive() {
    let slot = slot();
    tokio::time::advance(Duration::from_secs(180)).await;
    assert!(slot.is_alive());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(!slot.is_alive());
}

#[tokio::test(start_paused = true)]
async fn whatever_changes_is_served_at_once_and_what_does_not_is_kept() {
    let (slot, before) = (slot(), slot());
    let second = Duration::from_secs(1);
    before.count_error(FailureKind::Reorganised);
    let endpoint = EndpointFigures {
        name: "own".to_owned(),
        requests: 1,
        sent: 2,
        received: 3,
        durations: DurationCounts { microseconds: 4, ..DurationCounts::default() },
        healthy: true,
        ..EndpointFigures::default()
    };
    let changes: [(&str, &dyn Fn()); 7] = [
        ("a success", &|| {
            slot.succeeded(readings(7.0).into(), second, 1);
        }),
        ("a failure", &|| {
            slot.failed(FailureKind::Reorganised, second);
        }),
        ("an error", &|| slot.count_error(FailureKind::Reorganised)),
        ("a restart", &|| slot.restarted()),
        ("an endpoint", &|| slot.note_endpoints(vec![endpoint.clone()], 1)),
        ("a pause", &|| assert!(slot.slow(second) && !slot.slow(second * 2))),
        ("counts of another slot", &|| slot.adopt(&before)),
    ];
    for (what, change) in changes {
        let view = slot.view();
        slot.tick();
        assert_eq!(view, slot.view(), "before {what}");
        change();
        assert_ne!(view, slot.view(), "after {what}");
        assert_eq!(slot.view().progress.readings.0, slot.fresh_progress().0, "{what}");
    }
}
