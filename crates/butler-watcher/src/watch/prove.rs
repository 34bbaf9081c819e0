//! What own proposals prove, judged and planned after the logs of a look.

use tokio::task::block_in_place;

use super::duties::Read;
use super::error::Failed;
use super::{Batch, Cursor, Watch};

impl Watch {
    /// Plans what own proposals prove, which moves no checkpoint.
    pub(super) async fn prove(&mut self, read: &Read, to: Cursor) -> Result<(), Failed> {
        let is_contradicted = block_in_place(|| self.duties.judge(read, &self.health)).map_err(Failed::Memory)?;
        let place = self.place();
        // What would mend it is told by the keystores as they are now.
        if is_contradicted
            && self.edits.look((self.journal.as_ref(), &self.health), place, true).await.map_err(Failed::Journal)?
        {
            let keys = self.follower.network().keys.clone();
            self.show_coinbases(&keys);
        }
        block_in_place(|| self.plan_proofs(read, to))
    }

    fn plan_proofs(&mut self, read: &Read, to: Cursor) -> Result<(), Failed> {
        let (place, config) = (self.place(), self.wishes.borrow().clone());
        let asked = (self.journal.as_ref(), config.as_ref());
        let plans = self.duties.plan((self.follower.network(), read), place, &self.edits, asked);
        let (plans, keeps) = plans.map_err(Failed::Journal)?;
        let batch = Batch { keeps, ..self.batch(plans, None) };
        if !batch.plans.is_empty() || !batch.retractions.is_empty() {
            self.carry_out(&batch, to).map_err(Failed::Journal)?;
        }
        self.duties.settle();
        Ok(())
    }
}
