//! The control: what a careless writer leaves must be told, each in turn. Otherwise the judge could not tell.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::bench::{Bench, FILE, OTHER, SERVER, STATE, write};
use super::verdict::{Expected, Fault, Faults, check_journal};

/// Whether everything was told. `room` is of a round that ended well.
pub(super) fn control(bench: &Bench, room: &Path, new: &[u8]) -> anyhow::Result<bool> {
    let work = room.join("w");
    let expected = Expected::of(bench, &work, Some(new))?;
    let folder = work.join(SERVER);
    let path = folder.join(FILE);
    let half = new.get(..new.len() / 2).unwrap_or_default();
    let secret = bench.secrets.first().map(String::as_str).unwrap_or_default();
    let backup = work.join(STATE).join("keystores").join("left.before");
    let mut caught = true;
    let mut expect = |name: &str, fault: Option<Fault>, is_taken: bool| -> anyhow::Result<()> {
        let mut faults = Faults::default();
        let remains = expected.look(room, &work, is_taken, &mut faults)?;
        remains.check_tidy(&mut faults);
        let is_told = match fault {
            Some(fault) => faults.0.iter().any(|(found, _)| *found == fault),
            None => faults.0.is_empty(),
        };
        if !is_told {
            eprintln!("control: {name} was judged {:?}", faults.0);
        }
        caught &= is_told;
        Ok(())
    };
    expect("what is right", None, true)?;
    expect("a written file without an old one, which no node took", Some(Fault::Lost), false)?;
    write(&path, half)?;
    expect("half a file", Some(Fault::Lost), true)?;
    write(&path, new)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    expect("another mode", Some(Fault::Inconsistent), true)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640))?;
    write(&folder.join(OTHER), b"{}")?;
    expect("another validator's file", Some(Fault::Lost), true)?;
    write(&folder.join(OTHER), &bench.other)?;
    for (name, left) in [
        ("a draft that is left", folder.join(format!("{FILE}.tmp"))),
        ("a copy beside the key file", folder.join(format!("{FILE}.bak"))),
        ("a private key in the state", work.join(STATE).join("notes")),
        ("an old content that is left, and not private", backup),
    ] {
        write(&left, if name.contains("old content") { &bench.old } else { secret.as_bytes() })?;
        expect(name, Some(Fault::Inconsistent), true)?;
        std::fs::remove_file(left)?;
    }
    expect("what is right again", None, true)?;
    let mut faults = Faults::default();
    check_journal(&work, &bench.key, 2, &mut faults)?;
    if !faults.0.iter().any(|(fault, _)| *fault == Fault::Lost) {
        eprintln!("control: an action that is done once less than it should be was judged {:?}", faults.0);
        caught = false;
    }
    let mut faults = Faults::default();
    check_journal(&work, &bench.key, 0, &mut faults)?;
    caught &= faults.0.iter().any(|(fault, _)| *fault == Fault::Doubled);
    Ok(caught)
}
