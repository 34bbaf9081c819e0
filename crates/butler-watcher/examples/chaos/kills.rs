//! A child that works on and on is killed at random, again and again in the same folder.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::child::run_child;
use crate::judge::{Tally, judge};
use crate::script::Scenario;

/// One pseudo-random number after another (xorshift).
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end.max(1)
    }
}

pub(crate) fn kills(room: &Path, rounds: u64, seed: u64) -> anyhow::Result<Tally> {
    let (mut dice, mut tally, begun) = (Dice::new(seed), Tally::default(), Instant::now());
    let folder = room.join("journal");
    for round in 0..rounds {
        // A journal that grew old is left behind.
        if round % 100 == 0 && folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let after = Duration::from_micros(2_000 + dice.below(60_000));
        let told = run_child(&folder, &[], Scenario::All, &["--endless"], Some(after))?;
        tally.rounds += 1;
        if folder.exists() {
            tally.add(&judge(&folder, &told, &[], &format!("kill {round} after {after:.1?}")));
        }
    }
    eprintln!("kills: {rounds} rounds in {:.1?}", begun.elapsed());
    Ok(tally)
}
