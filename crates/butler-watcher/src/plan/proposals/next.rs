//! What becomes of a slot: asked for, shown anew, taken back, or left alone.

use butler_core::domain::action::{Action, Proposal, Wish};

use super::draft::Draft;
use super::shown::is_as_shown;

/// What was found of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// This is to be proposed.
    Wanted(Box<Draft>),
    /// The chain has it, or nobody wants it any more.
    Already(String),
    /// It is wanted, and cannot be proposed as things are.
    Refused(String),
    /// That is not known now.
    Unknown,
}

/// Where an action of the slot stands that is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Nobody acts on it: it may be changed or taken back.
    Open,
    /// It is being done, or may have been.
    Busy,
    /// A person decides.
    Parked,
}

/// What became of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It is done.
    Done,
    /// It was taken back.
    TakenBack,
    /// A person said no, or nobody was asked: the same is not asked for again.
    Denied,
    /// It ended after this look began, which may not see that.
    JustNow,
}

/// What the journal has of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// Nothing that counts.
    Nothing,
    /// This one is not over.
    Live(Box<Action>, At),
    /// The last one for that wish is over.
    Ended(Wish, Became),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Leave,
    /// It is asked for, on a new occasion.
    Ask(Box<Draft>),
    /// What is asked for is shown anew.
    Renew(Box<Action>, Box<Draft>),
    /// What is asked for is not needed.
    Retract(String),
    /// What is parked is so by now.
    Fulfil(String),
    /// The last one is of the past.
    Forget,
}

/// Decides on a slot.
#[must_use]
pub fn next(said: Said, before: Before) -> Next {
    match (said, before) {
        (Said::Unknown, _)
        | (_, Before::Live(_, At::Busy))
        | (Said::Wanted(_) | Said::Refused(_), Before::Live(_, At::Parked))
        | (Said::Already(_) | Said::Refused(_), Before::Nothing)
        | (Said::Refused(_), Before::Ended(..)) => Next::Leave,
        (Said::Wanted(draft), Before::Nothing) => Next::Ask(draft),
        (Said::Wanted(draft), Before::Live(action, At::Open)) => match action.proposal() {
            Some(shown) if is_as_shown(shown, &draft.proposal) => Next::Leave,
            Some(_) | None => Next::Renew(action, draft),
        },
        (Said::Wanted(draft), Before::Ended(wish, became)) => asked_again(draft, wish, became),
        (Said::Already(says), Before::Live(_, At::Open)) => Next::Retract(format!("it is not needed any more: {says}")),
        (Said::Already(says), Before::Live(_, At::Parked)) => Next::Fulfil(says),
        (Said::Already(_), Before::Ended(_, Became::JustNow)) => Next::Leave,
        (Said::Already(_), Before::Ended(..)) => Next::Forget,
        (Said::Refused(why), Before::Live(_, At::Open)) => Next::Retract(format!("it cannot be done any more: {why}")),
    }
}

fn asked_again(draft: Box<Draft>, wish: Wish, became: Became) -> Next {
    let Proposal { wish: wanted, .. } = &draft.proposal;
    match became {
        Became::JustNow => Next::Leave,
        Became::Denied if *wanted == wish => Next::Leave,
        Became::Denied | Became::Done | Became::TakenBack => Next::Ask(draft),
    }
}
