//! The lists and objects that are open around a value, with what stands in each: looked at when they end.

use super::found::{Found, Secret};
use super::joined::Joined;
use super::members::{MOST, Member, find};

/// What stands in the lists and objects that are open, from the outside in.
#[derive(Debug, Default)]
pub(super) struct Places {
    open: Vec<Place>,
}

/// What stands in one, and in those within it. `None` for what is too much to be looked at together.
#[derive(Debug)]
struct Place {
    own: Option<Vec<Member>>,
    inner: Option<Vec<Member>>,
    joined: Joined,
}

impl Places {
    /// A list or an object begins.
    pub(super) fn open(&mut self) {
        self.open.push(Place { own: Some(Vec::new()), inner: Some(Vec::new()), joined: Joined::new() });
    }

    /// The innermost one ends. A key that stands in it.
    pub(super) fn close(&mut self) -> Option<Found> {
        let Place { own, inner, joined } = self.open.pop()?;
        let found = own.as_ref().and_then(|own| find(own, 0));
        let mut all = own;
        let is_flat = inner.as_ref().is_some_and(Vec::is_empty);
        extend(&mut all, inner);
        // In the order of the file, whichever of them stand deeper.
        if let Some(all) = all.as_mut() {
            all.sort_by_key(Member::at);
        }
        let among_all = || all.as_ref().filter(|_| !is_flat).and_then(|all| find(all, all.len() / 2));
        let found = found.or_else(among_all).map(|(first, last)| {
            let within = |member: &&Member| (first.at()..=last.at()).contains(&member.at());
            let in_names = all.iter().flatten().filter(within).any(|member| member.is_name);
            Found { secret: Secret::Scalar, first: first.at(), last: last.at(), in_names }
        });
        let found = found.or_else(|| joined.find());
        if let Some(outer) = self.open.last_mut() {
            extend(&mut outer.inner, all);
            outer.joined.take(joined);
        }
        found
    }

    /// What the innermost one says, to be looked at together.
    pub(super) fn joined(&mut self) -> Option<&mut Joined> {
        self.open.last_mut().map(|innermost| &mut innermost.joined)
    }

    /// Adds what a value or a name is made of.
    pub(super) fn push(&mut self, members: impl Iterator<Item = Member>) {
        if let Some(innermost) = self.open.last_mut() {
            extend(&mut innermost.own, Some(members.collect()));
        }
    }
}

fn extend(known: &mut Option<Vec<Member>>, members: Option<Vec<Member>>) {
    match (known.as_mut(), members) {
        (Some(known), Some(members)) if known.len() + members.len() <= MOST => known.extend(members),
        (Some(_) | None, Some(_) | None) => *known = None,
    }
}
