//! Who may ask, and who may decide: the kernel names the user, the configuration what that user may do.

use std::collections::BTreeSet;

use butler_core::config::{NOBODY, User, WatcherConfig};
use nix::unistd::User as Account;
use thiserror::Error;

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Right {
    /// Ask.
    Read,
    /// Decide on actions, and ask.
    Approve,
}

/// A user who cannot be given a right. Name another one.
#[derive(Debug, Error)]
pub enum UnknownUser {
    /// Nobody has that name.
    #[error("`watcher.{key}`: this machine has no user `{name}`")]
    Absent {
        /// The key that names the user.
        key: &'static str,
        /// The name.
        name: String,
    },
    /// The name is that of whoever the kernel cannot name.
    #[error("`watcher.{key}`: `{name}` is whoever the kernel cannot name, and may neither ask nor decide")]
    Nobody {
        /// The key that names the user.
        key: &'static str,
        /// The name.
        name: String,
    },
}

/// Who may do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    own: u32,
    readers: BTreeSet<u32>,
    approvers: BTreeSet<u32>,
}

impl Access {
    /// Looks the users of a configuration up. Blocks.
    ///
    /// # Errors
    /// One is not known here.
    pub fn of(config: &WatcherConfig) -> Result<Self, UnknownUser> {
        Ok(Self {
            own: rustix::process::geteuid().as_raw(),
            readers: ids("readers", &config.readers)?,
            approvers: ids("approvers", &config.approvers)?,
        })
    }

    /// Of these users, with whoever runs this program.
    #[cfg(test)]
    pub(super) fn new(readers: &[u32], approvers: &[u32]) -> Self {
        let set = |users: &[u32]| users.iter().copied().collect();
        Self { own: rustix::process::geteuid().as_raw(), readers: set(readers), approvers: set(approvers) }
    }

    /// What this user may do; `None` for a stranger. The watcher's own user and root may ask. Nobody may decide who is not named.
    pub(super) fn right(&self, user: u32) -> Option<Right> {
        match user {
            NOBODY => None,
            user if self.approvers.contains(&user) => Some(Right::Approve),
            user if user == 0 || user == self.own || self.readers.contains(&user) => Some(Right::Read),
            _ => None,
        }
    }

    /// Whether anybody but the watcher's own user and root must reach the socket.
    pub(super) fn has_others(&self) -> bool {
        self.readers.union(&self.approvers).any(|user| *user != 0 && *user != self.own)
    }
}

fn ids(key: &'static str, users: &[User]) -> Result<BTreeSet<u32>, UnknownUser> {
    let id = |user: &User| match user {
        User::Id(id) => Ok(*id),
        User::Name(name) => match Account::from_name(name) {
            Ok(Some(account)) if account.uid.as_raw() == NOBODY => Err(UnknownUser::Nobody { key, name: name.clone() }),
            Ok(Some(account)) => Ok(account.uid.as_raw()),
            Ok(None) | Err(_) => Err(UnknownUser::Absent { key, name: name.clone() }),
        },
    };
    users.iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_decides_who_is_not_named_root_neither_and_who_decides_may_ask() {
        let access = Access { own: 900, readers: [7].into(), approvers: [1000, NOBODY].into() };
        let rights = [0, 900, 7, 1000, 8, NOBODY].map(|user| access.right(user));
        let (read, approve) = (Some(Right::Read), Some(Right::Approve));
        assert_eq!(rights, [read, read, read, approve, None, None]);
        let alone = Access { own: 900, readers: BTreeSet::new(), approvers: [0, 900].into() };
        assert!(access.has_others() && !alone.has_others());
        assert_eq!(alone.right(0), approve);
    }

    #[test]
    fn a_name_is_looked_up_and_an_unknown_one_is_named() {
        assert_eq!(ids("approvers", &[User::Name("root".to_owned()), User::Id(5)]).unwrap(), [0, 5].into());
        let error = ids("approvers", &[User::Name("nobody-has-this-name".to_owned())]).unwrap_err();
        assert_eq!(error.to_string(), "`watcher.approvers`: this machine has no user `nobody-has-this-name`");
        let error = ids("approvers", &[User::Name("nobody".to_owned())]).unwrap_err();
        assert!(
            error.to_string().ends_with("`nobody` is whoever the kernel cannot name, and may neither ask nor decide")
        );
    }
}
