//! Files that are renamed, also over others, swapped, split, merged and moved below, in any order and with illegible states between: whoever stood in
//! them stands as often as before, with what was read of it last.
//!
//! The model is the files as their operator means them. A reading sees each of them whole, cut, or with an entry that is not legible.

use std::collections::BTreeMap;
use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::key_files::RegisteredKeys;

const NAMES: [&str; 5] = ["keys/a.json", "keys/b.json", "keys/c.json", "keys/d.json", "keys/sub/a.json"];

/// What the operator does with files, by their numbers.
#[derive(Debug, Clone, Copy)]
enum Step {
    Nothing,
    Move(usize, usize),
    Swap(usize, usize),
    Split(usize, usize),
    Merge(usize, usize),
    Over(usize, usize),
    Edit(u64),
}

/// What a reading sees of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    Whole,
    Cut,
    NoCoinbase,
    NoAttester,
}

/// The files: attesters in the order of their entries.
struct Model {
    bench: Bench,
    files: [Vec<u64>; NAMES.len()],
    /// The coinbase of each attester as it stands in the files, and as it was read last.
    written: BTreeMap<u64, u64>,
    said: BTreeMap<u64, u64>,
    /// Who stood in a file over which another one was renamed.
    lost: Vec<u64>,
}

impl Model {
    fn new() -> Self {
        let mut bench = Bench::new();
        bench.remove("keys");
        bench.patterns = vec!["keys/**/*.json".to_owned()];
        let written: BTreeMap<u64, u64> = (1..=5).map(|attester| (attester, 100 * attester)).collect();
        // The last one stands in two files all along.
        let files = [vec![1, 2, 5], vec![3, 4, 5], vec![], vec![], vec![]];
        Self { bench, files, said: written.clone(), written, lost: Vec::new() }
    }

    fn take(&mut self, step: Step) {
        match step {
            // What is lost counts until something else takes its last place.
            _ if !self.lost.is_empty() => {}
            Step::Nothing => {}
            Step::Move(from, to) if self.files[to].is_empty() => self.files.swap(from, to),
            Step::Swap(from, to) => self.files.swap(from, to),
            Step::Split(from, to) if self.files[to].is_empty() => {
                let at = self.files[from].len() / 2;
                self.files[to] = self.files[from].split_off(at);
            }
            Step::Merge(from, to) if !self.files[from].iter().any(|attester| self.files[to].contains(attester)) => {
                let moved = std::mem::take(&mut self.files[from]);
                self.files[to].extend(moved);
            }
            // Of whoever stands in two files nobody can say which of the two is meant.
            Step::Over(from, to)
                if self.lost.is_empty()
                    && ![from, to].iter().any(|at| self.files[*at].is_empty() || self.files[*at].contains(&5)) =>
            {
                let moved = std::mem::take(&mut self.files[from]);
                self.lost.extend(std::mem::replace(&mut self.files[to], moved));
            }
            Step::Move(..) | Step::Split(..) | Step::Merge(..) | Step::Over(..) => {}
            Step::Edit(attester) => *self.written.get_mut(&attester).unwrap() += 1,
        }
    }

    /// Writes the files as they are seen, and notes what can be read of whom.
    fn write(&mut self, sights: &[Sight]) {
        let folder = self.bench.folder.path().join("keys");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        for ((name, attesters), sight) in NAMES.iter().zip(&self.files).zip(sights) {
            if attesters.is_empty() {
                continue;
            }
            let mut entries = Vec::new();
            for (at, attester) in attesters.iter().enumerate() {
                let coinbase = self.written[attester];
                let (mut shown, mut paid) = (format!("0x{attester:040x}"), format!("0x{coinbase:040x}"));
                match (sight, at) {
                    (Sight::NoCoinbase, 0) => paid = "0xzz".to_owned(),
                    (Sight::NoAttester, 0) => shown = "0xzz".to_owned(),
                    (Sight::Cut, _) => {}
                    (Sight::Whole | Sight::NoCoinbase | Sight::NoAttester, _) => {
                        self.said.insert(*attester, coinbase);
                    }
                }
                entries.push(format!(r#"{{"attester": "{shown}", "coinbase": "{paid}"}}"#));
            }
            let whole = format!(r#"{{"validators": [{}]}}"#, entries.join(","));
            let end = if *sight == Sight::Cut { whole.len() / 2 } else { whole.len() };
            // Without the care of the bench, which costs time.
            let path = self.bench.folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::File::create(path).unwrap().write_all(&whole.as_bytes()[..end]).unwrap();
        }
    }

    fn restart(&mut self) {
        let record = serde_json::from_value(serde_json::to_value(self.bench.kept.record()).unwrap()).unwrap();
        self.bench.kept = KeptFiles::default();
        self.bench.kept.restore(record);
    }

    /// Whoever stands in the files is told as often, and with what was read last.
    fn check(&mut self, why: &str) {
        let report = self.bench.load();
        // As a scrape does, which then holds the keys against the chain.
        self.bench.kept.learn(&RegisteredKeys::new());
        let mut told = BTreeMap::<u64, Vec<Option<u64>>>::new();
        for entry in &report.book.entries {
            let coinbase = entry.coinbase.map(|coinbase| coinbase.address().to_low_u64_be());
            told.entry(entry.attester.to_low_u64_be()).or_default().push(coinbase);
        }
        let mut expected = BTreeMap::<u64, Vec<Option<u64>>>::new();
        for attester in self.files.iter().flatten().chain(&self.lost) {
            expected.entry(*attester).or_default().push(Some(self.said[attester]));
        }
        let kept: Vec<_> = report.kept.iter().map(|kept| (&kept.file, kept.why)).collect();
        assert_eq!(told, expected, "{why}: {kept:?}");
    }
}

fn steps() -> impl Strategy<Value = Step> {
    let pair = || (0..NAMES.len(), 0..NAMES.len()).prop_filter("two", |(from, to)| from != to);
    prop_oneof![
        Just(Step::Nothing),
        pair().prop_map(|(from, to)| Step::Move(from, to)),
        pair().prop_map(|(from, to)| Step::Swap(from, to)),
        pair().prop_map(|(from, to)| Step::Split(from, to)),
        pair().prop_map(|(from, to)| Step::Merge(from, to)),
        pair().prop_map(|(from, to)| Step::Over(from, to)),
        // Of the one in two files nobody can say which of the two was read last.
        (1_u64..5).prop_map(Step::Edit),
    ]
}

fn sights() -> impl Strategy<Value = Vec<Sight>> {
    let one = prop_oneof![
        4 => Just(Sight::Whole),
        1 => Just(Sight::Cut),
        1 => Just(Sight::NoCoinbase),
        1 => Just(Sight::NoAttester),
    ];
    prop::collection::vec(one, NAMES.len())
}

type Event = (Step, Vec<Sight>, bool);

/// What happens, one thing after the other, and everything legible in the end.
fn run(events: &[Event]) {
    let mut model = Model::new();
    model.write(&[Sight::Whole; NAMES.len()]);
    model.check("at first");
    for (at, (step, sights, is_restarted)) in events.iter().enumerate() {
        model.take(*step);
        model.write(sights);
        if *is_restarted {
            model.restart();
        }
        model.check(&format!("after step {at}"));
        model.check(&format!("once more after step {at}"));
    }
    model.write(&[Sight::Whole; NAMES.len()]);
    model.check("in the end");
    let report = model.bench.load();
    assert_eq!((report.kept.len(), report.book.gaps.len()), (usize::from(!model.lost.is_empty()), 0));
}

#[test]
fn whoever_is_not_legible_in_a_file_that_was_gone_or_illegible_before_is_not_lost() {
    use Sight::{Cut, NoAttester, Whole};
    run(&[
        (Step::Nothing, vec![Cut, Whole, Whole, Whole, Whole], false),
        (Step::Move(0, 3), vec![Whole, Cut, Whole, Whole, Whole], false),
        (Step::Split(3, 0), vec![NoAttester, Whole, Whole, Whole, Whole], false),
    ]);
    run(&[
        (Step::Swap(4, 1), vec![Whole, Whole, Whole, Whole, Cut], false),
        (Step::Swap(0, 4), vec![Whole, Whole, Whole, Whole, NoAttester], false),
    ]);
    run(&[
        (Step::Split(1, 4), vec![Whole, NoAttester, Whole, Whole, Cut], false),
        (Step::Nothing, vec![NoAttester, Whole, Whole, Whole, Cut], false),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_to_files_nobody_is_lost_doubled_or_told_anything_else(
        events in prop::collection::vec((steps(), sights(), any::<bool>()), 1..8)
    ) {
        run(&events);
    }
}
