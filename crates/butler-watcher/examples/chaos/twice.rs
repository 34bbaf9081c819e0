//! Each call made twice, as by a caller that never got its answer: the second time nothing changes.

use std::path::Path;
use std::time::Duration;

use butler_watcher::journal::{
    Batch, Journal as _, JournalError, Keeper, Outcome, Renewal, Retraction, Settled, Settlement,
};

use crate::judge::Tally;
use crate::script::{Hand, Scenario, action, claim, range};
use crate::worker::{digest, open};

pub(crate) fn twice(room: &Path) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    for scenario in Scenario::SWEPT {
        let hand = Hand::default();
        let keeper = open(&room.join(format!("{scenario:?}")), false, &hand)?;
        for count in 1..=6 {
            let batch = range(&keeper, count)?;
            keeper.commit(&batch)?;
            same(&keeper, &mut tally, "a range", || match keeper.commit(&batch) {
                Err(JournalError::CursorConflict { current, .. }) => Ok(current == batch.cursor.as_ref().map(|c| c.to)),
                Ok(_) => Ok(false),
                Err(error) => Err(error),
            })?;
        }
        let Some(leased) = keeper.claim(&claim())?.pop() else { continue };
        // A claim whose answer was lost comes back when the lease has run out; till then nobody else has it.
        let other = keeper.claim(&claim())?;
        tally.doubled += u64::from(other.iter().any(|other| other.lease.key == leased.lease.key));
        let renewal = Renewal { lease: Duration::from_secs(60), intent: Some("nonce 1".into()), ..Renewal::default() };
        let lease = keeper.renew(&leased.lease, &renewal)?;
        let again = keeper.renew(&leased.lease, &renewal)?;
        tally.inconsistent += u64::from(again != lease);
        let settlement = Settlement { lease, outcome: Outcome::Proven { proof: None } };
        keeper.settle(std::slice::from_ref(&settlement))?;
        same(&keeper, &mut tally, "an outcome", || {
            Ok(matches!(keeper.settle(std::slice::from_ref(&settlement))?.as_slice(), [Settled::LostLease(_)]))
        })?;
        same(&keeper, &mut tally, "a plan that is done", || {
            let done = settlement.lease.key.clone();
            let plans = (10..80).map(action).filter(|action| action.key == done);
            let plans = plans.map(|action| butler_watcher::journal::Plan {
                action,
                policy: butler_core::domain::action::Policy::Auto,
            });
            Ok(keeper.commit(&Batch { plans: plans.collect(), ..Batch::default() })?.planned.is_empty())
        })?;
        let retraction = Retraction { key: action(60).key, reason: "twice".to_owned() };
        let batch = Batch { retractions: vec![retraction], ..Batch::default() };
        keeper.commit(&batch)?;
        same(&keeper, &mut tally, "a retraction", || Ok(keeper.commit(&batch)?.dropped.is_empty()))?;
        tally.rounds += 1;
    }
    Ok(tally)
}

/// Whether a call answers as it should, and changes nothing.
fn same(
    keeper: &Keeper,
    tally: &mut Tally,
    what: &str,
    call: impl FnOnce() -> Result<bool, JournalError>,
) -> anyhow::Result<()> {
    let before = digest(keeper)?;
    if !call()? || digest(keeper)? != before {
        eprintln!("{what} made twice is not the same as once");
        tally.doubled += 1;
    }
    Ok(())
}
