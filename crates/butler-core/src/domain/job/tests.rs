//! The rules of jobs as tables and properties.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use proptest::prelude::*;

use super::*;

fn job(name: &str) -> JobName {
    name.parse().unwrap()
}

fn nodes(list: &[(&str, &str, bool)]) -> BTreeMap<JobName, JobNode> {
    let node = |after: &str, ordered| JobNode { after: after.split_whitespace().map(job).collect(), ordered };
    list.iter().map(|(name, after, ordered)| (job(name), node(after, *ordered))).collect()
}

fn faults(list: &[(&str, &str, bool)]) -> Vec<String> {
    Graph::new(nodes(list)).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_name_is_short_and_plain() {
    for good in ["a", "snos", "state-update_2", &"a".repeat(NAME_LIMIT)] {
        assert_eq!(good.parse::<JobName>().unwrap().as_str(), good);
    }
    for wrong in ["", "-o", "_a", "1a", "A", "a b", "a/b", "a.b", "a\n", "ä", &"a".repeat(NAME_LIMIT + 1)] {
        assert_eq!(wrong.parse::<JobName>(), Err(InvalidName), "{wrong:?}");
        assert_eq!(wrong.parse::<PipelineName>(), Err(InvalidName), "{wrong:?}");
    }
    assert_eq!("blocks/snos".parse::<JobId>().unwrap().to_string(), "blocks/snos");
    for wrong in ["", "/", "blocks", "blocks/", "/snos", "a/b/c"] {
        assert_eq!(wrong.parse::<JobId>(), Err(InvalidJobId), "{wrong}");
    }
}

#[test]
fn a_value_is_a_whole_argument_and_braces_that_are_none_are_refused() {
    for value in
        ["{item}", "{first}", "{last}", "{previous}", "{key}", "{try}", "{artifact}", "{input.snos}", "{digest.snos}"]
    {
        let argument: Argument = value.parse().unwrap();
        assert!(argument.value().is_some(), "{value}");
        assert_eq!(argument.to_string(), value);
    }
    for wrong in [
        "--block={item}",
        "{item}{last}",
        "{ item }",
        "{items}",
        "{}",
        "{",
        "}",
        "}{",
        "{{item}}",
        "{input}",
        "{input.}",
        "{input.A}",
        "{input.a.b}",
        "{output.a}",
        "a{b",
    ] {
        assert_eq!(wrong.parse::<Argument>(), Err(InvalidArgument::NotWhole), "{wrong}");
    }
    for plain in ["", "-o", "$(reboot)", "; true", "--out", "a b", "*"] {
        assert_eq!(plain.parse(), Ok(Argument::Fixed(plain.to_owned())));
    }
    for wrong in ["a\nb", "a\0", "\u{1b}[2J", "\r", "\u{85}"] {
        assert_eq!(wrong.parse::<Argument>(), Err(InvalidArgument::Control), "{wrong:?}");
    }
    assert_eq!("a".repeat(ARGUMENT_LIMIT + 1).parse::<Argument>(), Err(InvalidArgument::TooLong));
}

#[test]
fn an_artifact_lies_below_its_folder_and_is_another_one_for_each_item() {
    let path: ArtifactPath = "{item}/pie-{first}_{last}.bin".parse().unwrap();
    assert_eq!(path.of(Item::new(7, 9).unwrap()), "7-9/pie-7_9.bin");
    assert_eq!(path.to_string(), "{item}/pie-{first}_{last}.bin");
    for (wrong, why) in [
        ("", InvalidPath::Artifact),
        ("/{item}", InvalidPath::Artifact),
        ("{item}/", InvalidPath::Artifact),
        ("../{item}", InvalidPath::Artifact),
        ("{item}/./a", InvalidPath::Artifact),
        ("a//{item}", InvalidPath::Artifact),
        ("{item}\n", InvalidPath::Artifact),
        ("pie.bin", InvalidPath::NoItem),
        ("{key}", InvalidPath::Value),
        ("{input.snos}/{item}", InvalidPath::Value),
        ("{item", InvalidPath::Value),
        ("item}", InvalidPath::Value),
    ] {
        assert_eq!(wrong.parse::<ArtifactPath>(), Err(why), "{wrong:?}");
    }
}

#[test]
fn a_services_path_has_values_as_whole_parts() {
    let path: ServicePath = "/v1/proofs/{id}/artifact".parse().unwrap();
    assert!(path.has_id());
    assert_eq!(path.to_string(), "/v1/proofs/{id}/artifact");
    assert_eq!("/".parse::<ServicePath>().unwrap().to_string(), "/");
    for wrong in ["", "v1", "/v1/p-{id}", "/a?b", "/a#b", "/%2e", "/..", "/./a", "/a b", "/{key}", "/ä", "/a\\b", "/\n"]
    {
        assert_eq!(wrong.parse::<ServicePath>(), Err(InvalidPath::Service), "{wrong:?}");
    }
}

#[test]
fn an_item_is_written_and_read_in_one_way() {
    assert_eq!("7".parse(), Ok(Item::one(7)));
    assert_eq!("7-9".parse(), Ok(Item::new(7, 9).unwrap()));
    assert_eq!("0".parse(), Ok(Item::one(0)));
    for wrong in ["", "-", "7-", "-7", "07", "7-7", "9-7", "7-8-9", "+7", "18446744073709551616", " 7"] {
        assert_eq!(wrong.parse::<Item>(), Err(InvalidItem), "{wrong}");
    }
    assert_eq!(Item::new(4, 6).unwrap().before(), Item::new(1, 3));
    assert_eq!(Item::new(1, 3).unwrap().before(), None);
    assert_eq!(Item::one(u64::MAX).after(), None);
    assert_eq!(Item::new(0, u64::MAX).unwrap().before(), None);
}

#[test]
fn whatever_is_wrong_with_a_graph_is_told_at_once_and_a_circle_is_named() {
    assert_eq!(faults(&[]), ["the pipeline has no job"]);
    assert_eq!(
        faults(&[("c", "c nobody b b", false), ("b", "", false)]),
        ["`c` waits for `nobody`, which the pipeline does not have", "`c` waits for itself", "`c` waits for `b` twice"]
    );
    assert_eq!(
        faults(&[("d", "b", false), ("c", "a", false), ("b", "c", false), ("a", "b", false), ("e", "", false)]),
        ["each waits for the next: `a` → `b` → `c` → `a`"]
    );
}

#[test]
fn a_job_is_created_when_everything_that_it_waits_for_is_done() {
    let list = [("snos", "", false), ("prove", "snos", false), ("update", "prove data", true), ("data", "snos", false)];
    let graph = Graph::new(nodes(&list)).unwrap();
    assert_eq!(graph.order(), ["snos", "data", "prove", "update"].map(job));
    let set = |names: &str| -> BTreeSet<JobName> { names.split_whitespace().map(job).collect() };
    for (created, done, before, expected) in [
        ("", "", None, "snos"),
        ("snos", "", None, ""),
        ("snos", "snos", None, "data prove"),
        ("snos data prove", "snos data", None, ""),
        ("snos data prove", "snos data prove", None, "update"),
        ("snos data prove", "snos data prove", Some("snos data prove"), ""),
        ("snos data prove", "snos data prove", Some("update"), "update"),
        ("snos data prove update", "snos data prove", Some("update"), ""),
    ] {
        let standing = Standing { created: set(created), done: set(done) };
        let before = before.map(set);
        let creatable: BTreeSet<JobName> = graph.creatable(&standing, before.as_ref()).into_iter().collect();
        assert_eq!(creatable, set(expected), "{created} / {done} / {before:?}");
    }
    assert_eq!(graph.dependants(&job("snos")).cloned().collect::<Vec<_>>(), ["data", "prove"].map(job));
}

#[test]
fn a_picture_names_jobs_and_lets_nothing_out_of_its_quotes() {
    let graph = Graph::new(nodes(&[("end", "", true), ("prove", "end", false)])).unwrap();
    let picture = mermaid(&"blocks".parse().unwrap(), "cron \"0 3\"]; click", &graph);
    insta::assert_snapshot!(picture, @r#"
    flowchart TD
        trigger(["blocks: cron #34;0 3#34;#93;#59; click"])
        job0["end"]
        trigger --> job0
        job0 -.->|"next item"| job0
        job1["prove"]
        job0 --> job1
    "#);
}

#[test]
fn a_period_is_that_of_its_epoch_and_so_many_ahead() {
    let epochs = NonZeroU64::new(256).unwrap();
    for (epoch, ahead, expected) in
        [(0, 0, Some(0)), (255, 1, Some(1)), (256, 1, Some(2)), (u64::MAX, 0, Some(u64::MAX / 256))]
    {
        assert_eq!(period_of_epoch(epoch, epochs, ahead), expected);
    }
    assert_eq!(period_of_epoch(u64::MAX, NonZeroU64::MIN, 1), None);
}

proptest! {
    #[test]
    fn items_follow_each_other_without_gap_whatever_room_there_is(
        from in 0..100_u64, step in 1..5_u64, newest in 0..200_u64, rooms in prop::collection::vec(0..7_usize, 0..40)
    ) {
        let stream = Stream { from, step: NonZeroU64::new(step).unwrap() };
        let mut begun = None;
        let mut next = from;
        for room in rooms {
            let items = stream.items(begun, newest, room);
            prop_assert!(items.len() <= room);
            for item in items {
                prop_assert_eq!(item.first(), next);
                prop_assert_eq!(item.last() - item.first() + 1, step);
                prop_assert!(item.last() <= newest);
                next = item.last() + 1;
                begun = Some(item);
            }
        }
        prop_assert!(stream.items(begun, newest, usize::MAX).first().is_none_or(|item| item.first() == next));
    }

    #[test]
    fn whatever_is_an_argument_is_written_as_it_was_read(text in "[{}a-z.$;-]{0,12}|\\PC{0,12}") {
        if let Ok(argument) = text.parse::<Argument>() {
            prop_assert_eq!(argument.to_string(), text);
        }
    }

    #[test]
    fn whatever_is_an_artifacts_path_stays_below_its_folder(text in "[{}itemfrsla./]{0,16}", first: u64, length in 0..9_u64) {
        if let (Ok(path), Some(item)) = (text.parse::<ArtifactPath>(), Item::new(first, first.saturating_add(length))) {
            let path = path.of(item);
            prop_assert!(path.split('/').all(|part| !matches!(part, "" | "." | "..")), "{}", path);
        }
    }

    #[test]
    fn doing_what_can_be_created_ends_with_everything_done_once(edges in prop::collection::vec((0..6_usize, 0..6_usize), 0..12)) {
        let mut list: BTreeMap<JobName, JobNode> =
            (0..6).map(|at| (job(&format!("j{at}")), JobNode { after: Vec::new(), ordered: false })).collect();
        for (from, to) in edges {
            let (low, high) = (from.min(to), from.max(to));
            let node = list.get_mut(&job(&format!("j{high}"))).unwrap();
            let low = job(&format!("j{low}"));
            if low.as_str() != format!("j{high}") && !node.after.contains(&low) {
                node.after.push(low);
            }
        }
        let graph = Graph::new(list).unwrap();
        let mut standing = Standing::default();
        for _ in 0..=6 {
            for job in graph.creatable(&standing, None) {
                prop_assert!(graph.nodes()[&job].after.iter().all(|after| standing.done.contains(after)));
                prop_assert!(standing.created.insert(job));
            }
            standing.done = standing.created.clone();
        }
        prop_assert!(graph.is_complete(&standing.done));
    }
}
