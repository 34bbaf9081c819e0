//! Files that the configuration names, however it spells them.

use super::*;

#[test]
fn what_the_configuration_does_not_name_any_more_is_forgotten() {
    let mut bench = Bench::new();
    bench.load();
    bench.patterns = vec!["keys/b/*.json".to_owned()];
    let (entries, kept, gaps) = bench.told();
    assert_eq!((entries.iter().map(|(_, attester)| *attester).collect::<Vec<_>>(), kept, gaps), (vec![3], vec![], 0));
}

#[test]
fn a_pattern_that_is_spelled_otherwise_names_the_same_files() {
    for spelled in ["./keys/*/*.json", "keys//*/*.json", "keys/./*/*.json", "other/../keys/*/*.json", "keys/*/k.json"] {
        let mut bench = Bench::new();
        bench.load();
        bench.write("keys/a/k.json", "{");
        assert_eq!(bench.told().1, [KeptWhy::Unreadable]);
        bench.patterns = vec![spelled.to_owned()];
        fs::create_dir_all(bench.folder.path().join("other")).unwrap();
        assert_eq!(bench.told(), (all(), vec![KeptWhy::Unreadable], 0), "{spelled}");
        bench.remove("keys/a");
        assert_eq!(bench.told(), (all(), vec![KeptWhy::Gone], 0), "{spelled}");
    }
}

#[test]
fn what_is_kept_survives_every_other_spelling_of_its_pattern() {
    for broken in [true, false] {
        for spelling in
            ["./keys/*/*.json", "keys//*/*.json", "keys/../keys/*/*.json", "link/*/*.json", "keys/[ab]/?.json"]
        {
            let mut bench = Bench::new();
            std::os::unix::fs::symlink("keys", bench.folder.path().join("link")).unwrap();
            bench.load();
            let whole = keystore(&[1, 2]);
            if broken {
                bench.write("keys/a/k.json", "{");
            } else {
                bench.remove("keys/a/k.json");
            }
            bench.load();
            bench.patterns = vec![spelling.to_owned()];
            let told = bench.told();
            assert_eq!((told.0, told.1.len(), told.2), (all(), 1, 0), "{spelling}");
            bench.write("keys/a/k.json", &whole);
            bench.patterns = vec!["keys/*/*.json".to_owned()];
            assert_eq!(bench.told(), (all(), vec![], 0), "{spelling}, and back");
        }
    }
}

#[test]
fn a_pattern_for_fewer_folders_names_no_file_of_a_folder_below() {
    let mut bench = Bench::new();
    bench.load();
    bench.write("keys/a.json", &keystore(&[1, 2]));
    bench.write("keys/b.json", &keystore(&[3]));
    bench.patterns = vec!["keys/*.json".to_owned()];
    assert_eq!(bench.told(), (all(), vec![], 0), "the old folders are named by nothing");
}

#[test]
fn a_relative_folder_that_is_away_at_a_start_is_the_same_when_it_is_back() {
    // Tests share their working directory, so the way to the folder begins with it.
    let here = std::env::current_dir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let up: std::path::PathBuf = here.components().skip(1).map(|_| "..").collect();
    let relative = up.join(folder.path().strip_prefix("/").unwrap());
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        crate::store::file::save_atomic(&path, text.as_bytes(), 0o600).unwrap();
    };
    write("real/a/k.json", &keystore(&[1, 2]));
    write("real/b/k.json", &keystore(&[1, 2, 3]));
    let path = |name: &str| folder.path().join(name);
    for is_linked in [false, true] {
        if is_linked {
            std::os::unix::fs::symlink("real", path("keys")).unwrap();
        } else {
            fs::rename(path("real"), path("keys")).unwrap();
        }
        let key_files = ["keys/*/*.json".to_owned()];
        let load = |kept: &mut KeptFiles, base: &std::path::Path, now: u64| {
            let private_keys = PrivateKeys::Refuse;
            let sources =
                KeySources { key_files: &key_files, node_keystores: &[], publisher_files: &[], base, private_keys };
            let report = kept.load(&sources, now);
            (report.book.entries.len(), report.kept.len())
        };
        for (first, second) in
            [(&relative, &relative), (&relative, &folder.path().to_owned()), (&folder.path().to_owned(), &relative)]
        {
            let mut kept = KeptFiles::default();
            assert_eq!(load(&mut kept, first, 1_000_000), (5, 0));
            let record = serde_json::from_value(serde_json::to_value(kept.record()).unwrap()).unwrap();
            let real = if is_linked { "real" } else { "keys" };
            fs::rename(path(real), path("away")).unwrap();
            let mut kept = KeptFiles::default();
            kept.restore(record);
            assert_eq!(load(&mut kept, second, 1_000_060), (5, 2), "{is_linked}");
            fs::rename(path("away"), path(real)).unwrap();
            assert_eq!(load(&mut kept, second, 1_000_120), (5, 0), "{is_linked}");
        }
        if !is_linked {
            fs::rename(path("keys"), path("real")).unwrap();
        }
    }
}
