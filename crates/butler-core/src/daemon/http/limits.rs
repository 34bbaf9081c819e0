//! What one client, and all of them together, may take of the server.

use std::time::Duration;

/// How long a client may take for the head of a request; also how long an idle connection stays.
pub(super) const HEADER_TIME: Duration = Duration::from_secs(5);
/// The bytes of a request's head.
pub(super) const HEADER_BYTES: usize = 16 * 1024;
/// How long a password waits until somebody looks at it, where its client does: two hundred others of cost 12 that came before it take two
/// minutes on two processors that have other work.
pub(super) const TURN: Duration = Duration::from_secs(300);
/// How long a connection lives; a request that is under way then is still answered.
pub(super) const LIFE: Duration = Duration::from_secs(60);
/// How long a connection gets for its last response.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// The most connections at once.
pub(super) const CONNECTIONS: usize = 256;
/// How many of them may be newcomers, before newcomers are closed for newcomers.
pub(super) const NEWCOMERS: usize = 64;
/// How long to wait after a connection could not be accepted.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
