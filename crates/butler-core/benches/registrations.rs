//! How long registrations of a thousand keys take to be made and to be verified, all at once and one by one in the same run:
//! `cargo bench --package butler-core --features sign --bench registrations`.
//!
//! What was verified is remembered, so each round has keys of its own. Times are the best of several rounds.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints what it measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use butler_core::contracts::bn254::{Registration, Secret, are_proven, registrations};
use serde_json::json;

const KEYS: u64 = 1_000;
const ROUNDS: u64 = 3;

fn secrets(round: u64) -> Vec<Secret> {
    let secret = |number: u64| {
        let mut bytes = [0; 32];
        // As large as secrets are, and another one for each round.
        bytes[1..9].copy_from_slice(&(round * KEYS + number + 1).to_be_bytes());
        bytes[24..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        Secret::of_bytes(&bytes).unwrap()
    };
    (0..KEYS).map(secret).collect()
}

fn took<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let done = work();
    (began.elapsed(), done)
}

fn main() {
    let [mut made, mut verified, mut made_alone, mut verified_alone, mut half_bad] = [Duration::MAX; 5];
    for round in 0..ROUNDS {
        let (all_at_once, alone, spoilt) = (secrets(round * 3), secrets(round * 3 + 1), secrets(round * 3 + 2));
        let (time, published) = took(|| registrations(&all_at_once));
        made = made.min(time);
        let (time, proven) = took(|| are_proven(&published));
        verified = verified.min(time);
        assert!(proven.iter().all(|is_proven| *is_proven));
        let one = |secret: &Secret| registrations(std::slice::from_ref(secret));
        let (time, published) = took(|| alone.iter().flat_map(one).collect::<Vec<_>>());
        made_alone = made_alone.min(time);
        let (time, proven) = took(|| published.iter().all(|one| black_box(one.is_proven())));
        verified_alone = verified_alone.min(time);
        assert!(proven);
        let published = registrations(&spoilt);
        let other = published[0].proof;
        let bad: Vec<Registration> = published
            .iter()
            .enumerate()
            .map(|(place, one)| if place % 2 == 1 { Registration { proof: other, ..*one } } else { *one })
            .collect();
        let (time, proven) = took(|| are_proven(&bad));
        half_bad = half_bad.min(time);
        assert_eq!(proven.iter().filter(|is_proven| **is_proven).count(), bad.len() / 2);
    }
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap();
    let per_second = |time: Duration| KEYS * 1_000_000 / u64::try_from(time.as_micros()).unwrap();
    let (together, alone) = (made + verified, made_alone + verified_alone);
    println!(
        "{}",
        json!({
            "keys": KEYS,
            "cores": std::thread::available_parallelism().unwrap().get(),
            "made_ms": ms(made),
            "verified_ms": ms(verified),
            "verified_one_by_one_ms": ms(verified_alone),
            "verified_times_one_by_one": format!("{:.1}", verified_alone.as_secs_f64() / verified.as_secs_f64()),
            "verified_with_every_second_bad_ms": ms(half_bad),
            "registered_per_second": per_second(together),
            "registered_times_one_by_one": format!("{:.1}", alone.as_secs_f64() / together.as_secs_f64()),
        })
    );
}
