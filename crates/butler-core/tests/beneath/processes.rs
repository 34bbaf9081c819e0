//! Several writers in processes of their own.

use butler_core::store::beneath::{Folder, Swept};

use super::child::command;
use super::{NAME, Room};

#[test]
fn of_several_writers_none_loses_what_another_wrote() {
    let room = Room::new(0o640);
    room.put(NAME, b"0", 0o640);
    let children: Vec<_> = (0..3).map(|_| command(&[], "counts", &room).spawn().unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!((room.content(), room.rights().2), (b"150".to_vec(), 0o640));
    let folder = Folder::open(room.path()).unwrap();
    assert_eq!((folder.sweep(NAME).unwrap(), room.names()), (Swept::Nothing, vec![NAME.to_owned()]));
}
