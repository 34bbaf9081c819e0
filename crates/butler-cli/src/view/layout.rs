//! Which columns of a table fit a width, and how wide each is. Only decides.
//!
//! Whatever is one thing keeps its width; words may be folded. Columns take their places in the order of their importance, as long as
//! there is room, with what can be written shorter written so where that makes room for one more. Where not even those fit that a
//! row is nothing without, there is no table.

use super::value::Form;

/// Columns between two columns.
pub(super) const GAP: usize = 2;
/// Words are not folded to less than that: five words in five lines are no sentence.
const SENTENCE: usize = 24;

/// What a column of a table needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    /// How little it matters: 0 never goes.
    pub(super) rank: u8,
    /// Whether it says nothing in any row.
    pub(super) is_empty: bool,
    pub(super) long: Extent,
    /// With what is written shorter.
    pub(super) short: Extent,
}

/// How wide a column is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// With everything in one line.
    pub(super) natural: usize,
    /// What it cannot do without.
    pub(super) least: usize,
}

/// A table that fits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) form: Form,
    /// Which columns stand in it, from left to right, and how wide.
    pub(super) shown: Vec<(usize, usize)>,
}

/// The table with the most that fits; nothing when not even those columns do that never go.
pub(super) fn layout(needs: &[Need], width: usize) -> Option<Layout> {
    let ranked = |at: &usize| needs.get(*at).map(|need| (need.is_empty, need.rank, *at));
    let (mut kept, mut optional): (Vec<usize>, Vec<usize>) =
        (0..needs.len()).partition(|at| needs.get(*at).is_some_and(|need| need.rank == 0));
    // What says nothing is missed by nobody.
    optional.sort_by_key(ranked);
    let mut best = fitting(needs, &kept, width)?;
    for at in optional {
        let mut more = kept.clone();
        more.push(at);
        more.sort_unstable();
        if let Some(layout) = fitting(needs, &more, width) {
            (kept, best) = (more, layout);
        }
    }
    (!best.shown.is_empty()).then_some(best)
}

/// These columns side by side, with what is written shorter only where that is needed.
fn fitting(needs: &[Need], kept: &[usize], width: usize) -> Option<Layout> {
    [Form::Long, Form::Short].into_iter().find_map(|form| {
        let extents: Vec<Extent> = kept.iter().filter_map(|at| needs.get(*at)).map(|need| need.extent(form)).collect();
        Some(Layout { form, shown: kept.iter().copied().zip(widths(&extents, width)?).collect() })
    })
}

impl Need {
    fn extent(&self, form: Form) -> Extent {
        match form {
            Form::Long => self.long,
            Form::Short => self.short,
        }
    }
}

/// How wide each column is when all of them fit: what room is left goes to those that want more, evenly.
fn widths(extents: &[Extent], width: usize) -> Option<Vec<usize>> {
    let gaps = GAP.saturating_mul(extents.len().saturating_sub(1));
    let least = |extent: &Extent| extent.least.max(extent.natural.min(SENTENCE));
    let mut widths: Vec<usize> = extents.iter().map(least).collect();
    let taken = widths.iter().fold(gaps, |sum, width| sum.saturating_add(*width));
    let mut left = width.checked_sub(taken)?;
    loop {
        let wanting = || widths.iter().zip(extents).filter(|(width, extent)| **width < extent.natural);
        let share = left.checked_div(wanting().count()).unwrap_or_default();
        if share == 0 {
            return Some(widths);
        }
        for (width, extent) in widths.iter_mut().zip(extents) {
            let more = share.min(extent.natural.saturating_sub(*width));
            *width = width.saturating_add(more);
            left = left.saturating_sub(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one_thing(rank: u8, width: usize) -> Need {
        let extent = Extent { natural: width, least: width };
        Need { rank, is_empty: false, long: extent, short: extent }
    }

    fn words(rank: u8, natural: usize, least: usize) -> Need {
        let extent = Extent { natural, least };
        Need { rank, is_empty: false, long: extent, short: extent }
    }

    fn shown(needs: &[Need], width: usize) -> Option<Vec<usize>> {
        layout(needs, width).map(|layout| layout.shown.into_iter().map(|(at, _)| at).collect())
    }

    #[test]
    fn the_least_important_column_goes_first_and_a_key_never() {
        let needs = [one_thing(0, 20), one_thing(2, 10), one_thing(1, 10), one_thing(2, 10)];
        assert_eq!(shown(&needs, 56), Some(vec![0, 1, 2, 3]));
        assert_eq!(shown(&needs, 55), Some(vec![0, 1, 2]));
        assert_eq!(shown(&needs, 43), Some(vec![0, 2]));
        assert_eq!(shown(&needs, 31), Some(vec![0]));
        assert_eq!(shown(&needs, 19), None);
    }

    #[test]
    fn a_narrow_column_stands_where_a_wider_one_that_matters_more_has_no_room() {
        assert_eq!(shown(&[one_thing(0, 20), one_thing(1, 30), one_thing(2, 8)], 50), Some(vec![0, 2]));
    }

    #[test]
    fn what_is_written_shorter_keeps_a_column_in() {
        let short = Extent { natural: 11, least: 11 };
        let address = Need { short, ..one_thing(0, 42) };
        let found = layout(&[address, one_thing(1, 20)], 40).unwrap();
        assert_eq!((found.form, found.shown), (Form::Short, vec![(0, 11), (1, 20)]));
        assert_eq!(layout(&[address, one_thing(1, 20)], 64).unwrap().form, Form::Long);
    }

    #[test]
    fn a_column_that_says_nothing_goes_before_one_that_matters_less() {
        let empty = Need { is_empty: true, ..one_thing(1, 8) };
        assert_eq!(shown(&[one_thing(0, 20), empty, one_thing(9, 8)], 30), Some(vec![0, 2]));
    }

    #[test]
    fn words_take_the_room_that_is_left_and_are_not_squeezed() {
        let needs = [one_thing(0, 10), words(0, 200, 8), words(1, 100, 8)];
        let found = layout(&needs, 80).unwrap();
        assert_eq!(found.shown, [(0, 10), (1, 33), (2, 33)]);
        assert_eq!(layout(&needs, 60).unwrap().shown, [(0, 10), (1, 48)]);
    }

    fn need() -> impl Strategy<Value = Need> {
        (0_u8..4, any::<bool>(), 1_usize..90, 1_usize..90).prop_map(|(rank, is_empty, natural, least)| {
            let extent = Extent { natural, least: least.min(natural) };
            Need { rank, is_empty, long: extent, short: extent }
        })
    }

    proptest! {
        #[test]
        fn what_is_laid_out_fits_and_nothing_is_narrower_than_it_can_be(
            needs in prop::collection::vec(need(), 1..10),
            width in 40_usize..200,
        ) {
            if let Some(found) = layout(&needs, width) {
                let sum: usize = found.shown.iter().map(|(_, width)| width).sum();
                prop_assert!(sum + GAP * (found.shown.len() - 1) <= width);
                for (at, width) in &found.shown {
                    prop_assert!(needs[*at].long.least <= *width && *width <= needs[*at].long.natural);
                }
                let keys = needs.iter().filter(|need| need.rank == 0).count();
                prop_assert_eq!(found.shown.iter().filter(|(at, _)| needs[*at].rank == 0).count(), keys);
            }
        }
    }
}
