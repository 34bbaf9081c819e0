//! A secret that was found, and where: never what it is.

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secret {
    Scalar,
    Mnemonic,
    Pem,
}

impl Secret {
    /// With its article, for messages.
    pub(crate) fn words(self) -> &'static str {
        match self {
            // Whether it is one cannot be seen; nothing else that belongs here looks like it.
            Self::Scalar => "what could be a private key",
            Self::Mnemonic => "a mnemonic",
            Self::Pem => "a PEM block",
        }
    }
}

/// A secret, and the numbers of the first and the last value or name that it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) secret: Secret,
    pub(crate) first: usize,
    pub(crate) last: usize,
    /// Whether names of fields are parts of it.
    pub(crate) in_names: bool,
}
