//! Values of closed sets: shells offer all of them, and one that is misspelt is told with the one that was meant.

use std::collections::BTreeSet;

use butler_core::contracts::events::Source;
use butler_core::domain::action::{ActionKind, Phase};
use butler_core::domain::attester::position::Position;
use butler_core::domain::attester::state::State;
use butler_core::transaction::form::Form;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// The contracts whose events `events` lists.
const FOLLOWED: [Source; 6] = [
    Source::AztecRegistry,
    Source::StakingRegistry,
    Source::Rollup,
    Source::Gse,
    Source::Slasher,
    Source::SplitFactory,
];

/// A parser that knows all values, offers them to shells, and says what was meant where one is misspelt.
fn one_of<T: Copy + Send + Sync + 'static>(
    all: impl IntoIterator<Item = T>,
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let all: Vec<(&'static str, T)> = all.into_iter().map(|one| (name(one), one)).collect();
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    PossibleValuesParser::new(names).try_map(move |text| {
        let found = all.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text));
        found.map(|(_, one)| *one).ok_or(NoValue)
    })
}

/// A value that is not among those that there are, which the parser of names refuses first.
#[derive(Debug, thiserror::Error)]
#[error("there is no such value")]
struct NoValue;

pub(super) fn states() -> impl TypedValueParser<Value = State> {
    one_of(State::ALL, State::name)
}

pub(super) fn positions() -> impl TypedValueParser<Value = Position> {
    one_of(Position::ALL, Position::name)
}

pub(super) fn phases() -> impl TypedValueParser<Value = Phase> {
    one_of(Phase::ALL, Phase::name)
}

pub(super) fn kinds() -> impl TypedValueParser<Value = ActionKind> {
    one_of(ActionKind::ALL, ActionKind::name)
}

pub(super) fn forms() -> impl TypedValueParser<Value = Form> {
    one_of(Form::ALL, Form::name)
}

pub(super) fn event_names() -> impl TypedValueParser<Value = String> {
    let known: BTreeSet<&'static str> =
        FOLLOWED.iter().flat_map(|source| source.abi().events()).map(|event| event.name.as_str()).collect();
    one_of(known, |name| name).map(str::to_owned)
}
