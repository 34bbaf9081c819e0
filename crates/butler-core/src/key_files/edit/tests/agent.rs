//! A change is previewed, written, taken back or finished, and whatever is in the way of it leaves everything as it was.

use std::fs;
use std::os::unix::fs::symlink;

use super::bench::{Bench, digest, keystore, name, wish};
use super::samples::{address, split};
use crate::key_files::edit::{
    Ask, EditError, Failure, Later, Misunderstood, ObstacleKind, Refused, Request, Said, Setting, Wish, backup_id,
    frame,
};
use crate::store::beneath::Refusal;

fn applied(bench: &Bench, ask: &Ask) -> Vec<bool> {
    let said = bench.ask(ask.clone());
    let Said::Applied { files } = said else { panic!("{said:?}") };
    files.iter().map(|file| file.was_already).collect()
}

#[test]
fn a_change_is_written_as_it_was_previewed_and_once() {
    let old = keystore(&[(0, ""), (1, r#""coinbase": null, "#)]);
    let bench = Bench::new(&[("keys.json", &old)]);
    bench.mode("keys.json", 0o640);
    let changes = vec![wish(0), Wish { before: Setting::Null, ..wish(1) }];
    let previewed = bench.preview(vec![bench.edit("keys.json", changes.clone())]).remove(0);
    assert_eq!((bench.text("keys.json"), bench.kept()), (old.clone(), vec![]), "a preview writes nothing");
    assert_eq!((previewed.changes.len(), previewed.frame), (2, frame(old.as_bytes()).unwrap()));
    let apply = Ask::Apply { edits: bench.bound(vec![bench.edit("keys.json", changes)]) };

    assert_eq!(applied(&bench, &apply), [false]);
    let new = bench.text("keys.json");
    assert_eq!((digest(&new), bench.mode_of("keys.json")), (previewed.digest_after, 0o640));
    let (folder, backups) = bench.look();
    let settings: Vec<Setting> = folder.files[0].validators.iter().map(|validator| validator.coinbase).collect();
    assert_eq!(settings, [Setting::Address(split(0)), Setting::Address(split(1))]);
    assert_eq!(folder.files[0].digest, previewed.digest_after);
    assert_eq!(backups, [backup_id(&name("keys.json"), digest(&old))]);
    let kept = bench.state().join(&bench.kept()[0]);
    assert_eq!(fs::read_to_string(&kept).unwrap(), old);
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&kept.metadata().unwrap()) & 0o7777, 0o600);

    // Again, as after an answer that was lost.
    assert_eq!(applied(&bench, &apply), [true]);
    assert_eq!(bench.text("keys.json"), new);
    assert_eq!(bench.ask(Ask::Finish { backups: backups.clone() }), Said::Finished { removed: 1 });
    assert_eq!(bench.ask(Ask::Finish { backups }), Said::Finished { removed: 0 });
    assert_eq!((bench.kept(), applied(&bench, &apply)), (vec![], vec![true]));
}

#[test]
fn what_was_written_is_taken_back_and_nothing_else_is() {
    let old = keystore(&[(0, ""), (1, "")]);
    let bench = Bench::new(&[("keys.json", &old)]);
    let edits = bench.bound(vec![bench.edit("keys.json", vec![wish(0)])]);
    let written = edits[0].digest_after;
    let restore = Ask::Restore { file: name("keys.json"), digest_written: written, digest_before: digest(&old) };
    assert_eq!(bench.ask(restore.clone()), Said::Restored { was_already: true }, "nothing was written");
    assert_eq!(applied(&bench, &Ask::Apply { edits: edits.clone() }), [false]);

    // Somebody else writes: that is theirs, and the backup stays until somebody says otherwise.
    let new = bench.text("keys.json");
    let theirs = new.replace("schemaVersion\": 1", "schemaVersion\" : 1");
    bench.put("keys.json", &theirs);
    let conflict = Failure::Conflict { file: name("keys.json"), found: Some(digest(&theirs)) };
    assert_eq!(bench.failure(restore.clone()), conflict);
    assert_eq!((bench.text("keys.json"), bench.kept().len()), (theirs, 1));

    bench.put("keys.json", &new);
    assert_eq!(bench.ask(restore.clone()), Said::Restored { was_already: false });
    assert_eq!((bench.text("keys.json"), bench.kept()), (old.clone(), vec![]));
    assert_eq!(bench.ask(restore.clone()), Said::Restored { was_already: true });

    // A backup of another content is none.
    assert_eq!(applied(&bench, &Ask::Apply { edits }), [false]);
    let kept = bench.state().join(&bench.kept()[0]);
    crate::store::private::save_private(&kept, b"{}").unwrap();
    let why = Failure::Refused { file: Some(name("keys.json")), why: Refused::NoBackup };
    assert_eq!((bench.failure(restore), bench.text("keys.json")), (why, new));
}

#[test]
fn a_conflict_touches_no_file_though_others_could_be_written() {
    let (one, two) = (keystore(&[(0, "")]), keystore(&[(1, "")]));
    let bench = Bench::new(&[("a.json", &one), ("b.json", &two)]);
    let edits = bench.bound(vec![bench.edit("a.json", vec![wish(0)]), bench.edit("b.json", vec![wish(1)])]);
    let apply = Ask::Apply { edits };
    let theirs = two.replace('\n', "");
    bench.put("b.json", &theirs);
    let conflict = Failure::Conflict { file: name("b.json"), found: Some(digest(&theirs)) };
    assert_eq!(bench.failure(apply.clone()), conflict);
    assert_eq!((bench.text("a.json"), bench.text("b.json"), bench.kept()), (one, theirs, vec![]));
    fs::remove_file(bench.keys().join("b.json")).unwrap();
    assert_eq!(bench.failure(apply.clone()), Failure::Conflict { file: name("b.json"), found: None });
    bench.put("b.json", &two);
    assert_eq!(applied(&bench, &apply), [false, false]);
    assert_eq!(bench.kept().len(), 2);
    // One that is there already does not keep the other from being written.
    bench.put("b.json", &two);
    assert_eq!(applied(&bench, &apply), [true, false]);
}

#[test]
fn nothing_is_written_that_the_node_would_refuse() {
    let (good, twice) = (keystore(&[(0, "")]), keystore(&[(1, ""), (0, "")]));
    let bench = Bench::new(&[("a.json", &good)]);
    let apply = Ask::Apply { edits: bench.bound(vec![bench.edit("a.json", vec![wish(0)])]) };
    for (file, content, kind) in [
        ("b.json", twice.as_str(), ObstacleKind::DuplicateAttester),
        (".b.json", "{", ObstacleKind::Broken),
        ("b.JSON", r#"{"mappings": {}}"#, ObstacleKind::NotAKeystore),
    ] {
        bench.put(file, content);
        let failure = bench.failure(apply.clone());
        let Failure::Refused { file: None, why: Refused::Folder { obstacles } } = failure else {
            panic!("{failure:?}")
        };
        assert_eq!(obstacles.iter().map(|obstacle| obstacle.kind).collect::<Vec<_>>(), [kind], "{file}");
        assert_eq!((bench.text("a.json"), bench.kept()), (good.clone(), vec![]));
        fs::remove_file(bench.keys().join(file)).unwrap();
    }
    // What only the node can know does not.
    symlink("nowhere", bench.keys().join("link.json")).unwrap();
    assert_eq!(applied(&bench, &apply), [false]);
}

#[test]
fn a_coinbase_is_no_account_of_another_file_either() {
    let bench = Bench::new(&[("a.json", &keystore(&[(0, "")])), ("b.json", &keystore(&[(1, "")]))]);
    let change = Wish { after: address(1).try_into().unwrap(), ..wish(0) };
    let edits = vec![bench.edit("a.json", vec![change])];
    let why = Refused::Edit(EditError::OfAKey { attester: address(0) });
    assert_eq!(bench.failure(Ask::Preview { edits }), Failure::Refused { file: Some(name("a.json")), why });
}

#[test]
fn what_is_asked_must_fit_what_is_there() {
    let old = keystore(&[(0, ""), (1, "")]);
    let bench = Bench::new(&[("keys.json", &old)]);
    let refused = |why| Failure::Refused { file: Some(name("keys.json")), why };
    let preview = |changes| Ask::Preview { edits: vec![bench.edit("keys.json", changes)] };
    let other = Refused::OtherBefore { attester: address(0), found: Setting::Absent };
    assert_eq!(bench.failure(preview(vec![Wish { before: Setting::Null, ..wish(0) }])), refused(other));
    assert_eq!(bench.failure(preview(vec![wish(0), wish(0)])), refused(Refused::Question));
    let twice = vec![bench.edit("keys.json", vec![wish(0)]), bench.edit("keys.json", vec![wish(1)])];
    assert_eq!(bench.failure(Ask::Preview { edits: twice }), refused(Refused::Question));
    let absent = Refused::Edit(EditError::NotThere { attester: address(5) });
    assert_eq!(bench.failure(preview(vec![wish(5)])), refused(absent));

    let mut edits = bench.bound(vec![bench.edit("keys.json", vec![wish(0)])]);
    edits[0].edit.changes = vec![wish(1)];
    assert_eq!(bench.failure(Ask::Apply { edits }), refused(Refused::OtherAfter));
    assert_eq!((bench.text("keys.json"), bench.kept()), (old, vec![]));
}

#[test]
fn files_that_are_not_plain_keystores_of_one_owner_are_left_alone() {
    let old = keystore(&[(0, "")]);
    let bench = Bench::new(&[("keys.json", &old)]);
    let edits = bench.bound(vec![bench.edit("keys.json", vec![wish(0)])]);
    let refused = |file: &str, why| Failure::Refused { file: Some(name(file)), why };
    let under = |file: &str| {
        let mut edits = edits.clone();
        edits[0].edit.file = name(file);
        Ask::Apply { edits }
    };
    bench.mode("keys.json", 0o606);
    assert_eq!(bench.failure(under("keys.json")), refused("keys.json", Refused::Exposed));
    bench.mode("keys.json", 0o604);
    symlink("keys.json", bench.keys().join("link.json")).unwrap();
    assert_eq!(bench.failure(under("link.json")), refused("link.json", Refused::File(Refusal::Link)));
    fs::create_dir(bench.keys().join("folder.json")).unwrap();
    assert_eq!(bench.failure(under("folder.json")), refused("folder.json", Refused::File(Refusal::NotAFile)));
    fs::remove_dir(bench.keys().join("folder.json")).unwrap();
    bench.put("keys.txt", &old);
    assert_eq!(bench.failure(under("keys.txt")), refused("keys.txt", Refused::File(Refusal::Name)));
    fs::hard_link(bench.keys().join("keys.json"), bench.root.path().join("other")).unwrap();
    assert_eq!(bench.failure(under("keys.json")), refused("keys.json", Refused::File(Refusal::HardLink)));
    fs::remove_file(bench.root.path().join("other")).unwrap();
    assert_eq!((bench.text("keys.json"), bench.kept()), (old, vec![]));
    assert_eq!(applied(&bench, &under("keys.json")), [false], "others may read it, as before");
    assert_eq!(bench.mode_of("keys.json"), 0o604);
}

#[test]
fn the_agent_s_own_folder_is_private_and_apart_and_one_agent_writes() {
    let bench = Bench::new(&[("keys.json", &keystore(&[(0, "")]))]);
    let apply = Ask::Apply { edits: bench.bound(vec![bench.edit("keys.json", vec![wish(0)])]) };
    let folder = bench.state();
    let lock = fs::File::create(folder.join("agent.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    assert_eq!(bench.failure(apply.clone()), Failure::Later { file: None, why: Later::Busy });
    bench.look();
    drop(lock);
    let unfit = Failure::Refused { file: None, why: Refused::State };
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o750)).unwrap();
    assert_eq!(bench.failure(apply.clone()), unfit);
    fs::remove_dir_all(&folder).unwrap();
    symlink(bench.keys(), &folder).unwrap();
    fs::set_permissions(bench.keys(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(bench.failure(apply.clone()), unfit);
    fs::remove_file(&folder).unwrap();
    assert_eq!(applied(&bench, &apply), [false]);
    fs::remove_dir_all(bench.keys()).unwrap();
    assert_eq!(bench.failure(Ask::Look), Failure::Refused { file: None, why: Refused::Unopened });
}

#[test]
fn a_look_removes_what_killed_writers_left_and_tells_what_is_somebody_else_s() {
    let old = keystore(&[(0, "")]);
    let bench = Bench::new(&[("keys.json", &old)]);
    bench.look();
    // A draft is known by its sticky bit.
    let id = "ab".repeat(32);
    for draft in [bench.keys().join("keys.json.tmp"), bench.state().join(format!("{id}.before.tmp"))] {
        fs::copy(bench.keys().join("keys.json"), &draft).unwrap();
        fs::set_permissions(&draft, std::os::unix::fs::PermissionsExt::from_mode(0o1600)).unwrap();
    }
    let (_, backups) = bench.look();
    assert_eq!((backups, bench.kept(), bench.keys().join("keys.json.tmp").exists()), (vec![], vec![], false));
    bench.put("keys.json.tmp", &old);
    let said = bench.ask(Ask::Look);
    let Said::Looked { beside, .. } = said else { panic!("{said:?}") };
    assert_eq!(beside, [name("keys.json")]);
    assert!(bench.keys().join("keys.json.tmp").exists());
}

#[test]
fn a_question_that_is_not_understood_is_not_guessed() {
    let bench = Bench::new(&[]);
    let agent = crate::key_files::edit::KeystoreAgent::new(bench.keys(), bench.state());
    let look = serde_json::to_string(&Request::new(Ask::Look)).unwrap();
    assert_eq!(look, r#"{"version":1,"ask":"look"}"#);
    for (text, why) in [
        (String::new(), Misunderstood::NoRequest),
        (look.replace('1', "2"), Misunderstood::Version { spoken: 1 }),
        (look.replace("look", "erase"), Misunderstood::NoRequest),
        (look.replace('}', r#","more":1}"#), Misunderstood::NoRequest),
        (format!("{look}{look}"), Misunderstood::NoRequest),
        (
            r#"{"version":1,"ask":{"restore":{"file":"../x.json","digest_written":"0x00","digest_before":"0x00"}}}"#
                .into(),
            Misunderstood::NoRequest,
        ),
        (format!("{look}{}", " ".repeat(1 << 20)), Misunderstood::TooLong),
    ] {
        let said = agent.answer_text(text.as_bytes()).said;
        let Said::Failed { failure: Failure::Misunderstood(told), .. } = said else { panic!("{said:?}") };
        assert_eq!(told, why, "{text:.99}");
    }
    let other = Request { version: 2, ask: Ask::Look };
    let why = Failure::Misunderstood(Misunderstood::Version { spoken: 1 });
    assert!(matches!(agent.answer(&other).said, Said::Failed { failure, .. } if failure == why));
    assert!(!bench.state().exists());
}

#[test]
fn what_would_be_refused_for_rights_is_told_before_and_nothing_is_written() {
    let bench = Bench::new(&[("keys.json", &keystore(&[(0, "")])), ("none.json", &keystore(&[]))]);
    let agent = crate::key_files::edit::KeystoreAgent::new(bench.keys(), bench.state());
    let look = || agent.examine().map(|view| view.files.len());
    let mode = |path: std::path::PathBuf, mode| {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    assert_eq!(look(), Ok(2));
    // A file without validators is never changed.
    bench.mode("none.json", 0o666);
    assert_eq!(look(), Ok(2));
    bench.mode("keys.json", 0o606);
    let exposed = Failure::Refused { file: Some(name("keys.json")), why: Refused::Exposed };
    assert_eq!(look(), Err(exposed));
    bench.mode("keys.json", 0o1600);
    let special = Failure::Refused { file: Some(name("keys.json")), why: Refused::File(Refusal::SpecialBits) };
    assert_eq!(look(), Err(special));
    bench.mode("keys.json", 0o600);
    for open in [0o777, 0o1777, 0o702] {
        mode(bench.keys(), open);
        let exposed = Failure::Refused { file: None, why: Refused::ExposedFolder };
        assert_eq!(look(), Err(exposed.clone()), "{open:o}");
        assert!(!bench.state().exists());
        assert_eq!(bench.failure(Ask::Preview { edits: vec![bench.edit("keys.json", vec![wish(0)])] }), exposed);
        assert_eq!(bench.kept(), Vec::<String>::new());
        fs::remove_dir_all(bench.state()).unwrap();
    }
    mode(bench.keys(), 0o700);
    assert_eq!(look(), Ok(2));
    assert!(!bench.state().exists() && fs::read_dir(bench.keys()).unwrap().count() == 2);
}
