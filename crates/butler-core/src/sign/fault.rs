//! Why an encrypted key does not open.

use thiserror::Error;

/// What is wrong with an encrypted key. No word of the file is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeystoreFault {
    /// It is not such a file.
    #[error("this is no encrypted key (a V3 keystore)")]
    NotV3,
    /// It is one of another version.
    #[error("an encrypted key of version {0}; known is 3")]
    Version(u64),
    /// It is encrypted in a way that is not known.
    #[error("an encrypted key with a {0} that is not known here")]
    Unknown(&'static str),
    /// Something of it has the wrong length.
    #[error("an encrypted key whose {0} cannot be")]
    Malformed(&'static str),
    /// To open it would take more than any wallet asks for.
    #[error("an encrypted key that costs more memory or time to open than is granted")]
    TooCostly,
    /// The password is another one, or the file was changed.
    #[error("the password does not open the encrypted key")]
    WrongPassword,
}
