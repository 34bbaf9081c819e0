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
