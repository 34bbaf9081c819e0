//! The whole program, in a world where everything fails: the real watcher on a real chain behind three endpoints, one of which lies,
//! is slow or is away; killed at random, its clock stepped, its disk full, its chain reorged; while stakes and whatever else may
//! happen arrive. In the morning its journal must hold what one clean pass over the final chain plans: each thing once, told,
//! and nothing else.

mod hook;
mod moves;
pub(crate) mod running;
mod trouble;
mod verdict;
mod world;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use self::world::World;
use crate::judge::Tally;
use crate::kills::Dice;

/// Rounds on one chain, with one journal.
const NIGHT: u64 = 25;

/// Runs so many rounds, a night on one chain after the other.
pub(crate) fn program(room: &Path, watcher: &Path, rounds: u64, seed: u64) -> anyhow::Result<Tally> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut dice, mut tally, begun) = (Dice::new(seed), Tally::default(), Instant::now());
    trouble::say_what_is_missing();
    let mut left = rounds;
    while left > 0 {
        let some = left.min(NIGHT);
        left -= some;
        let folder = room.join(format!("night-{left}"));
        std::fs::create_dir(&folder)?;
        tally.add(&runtime.block_on(night(folder, watcher, some, &mut dice))?);
        eprintln!("program: {left} rounds are left after {:.0?}", begun.elapsed());
    }
    Ok(tally)
}

async fn night(folder: PathBuf, watcher: &Path, rounds: u64, dice: &mut Dice) -> anyhow::Result<Tally> {
    let mut world = World::start(folder, watcher).await?;
    let mut tally = Tally::default();
    for _ in 0..rounds {
        moves::some(&world.chain, dice, &mut world.keys).await;
        world.trouble(dice)?;
        let round = world.run_for(Duration::from_millis(20 + dice.below(1_200)), dice).await?;
        tally.add(&round);
        tally.rounds += 1;
    }
    world.morning(&mut tally).await?;
    Ok(tally)
}
