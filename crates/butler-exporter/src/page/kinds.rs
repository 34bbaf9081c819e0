//! The tables that there are: their columns, and which rows somebody has to look at first.

use crate::catalogue::{self, Family};

/// How a column writes its values.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Truth,
    Figure,
    /// A share of one.
    Share,
    /// The label of that name instead of the value.
    Label(&'static str),
    /// A moment, by its distance.
    Moment,
}

/// A heading, its family, the label with the value that counts where only one does, and how values are written.
pub(super) type Column = (&'static str, &'static Family, Option<(&'static str, &'static str)>, Shape);

/// A kind of table, with a row for each value of the first label after the network.
#[derive(Debug)]
pub(super) struct Kind {
    /// How links name it.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// The heading of its first column.
    pub(super) label: &'static str,
    pub(super) columns: &'static [Column],
    /// What says which rows are due first, among those of which nothing is bad.
    pub(super) due: &'static [(&'static Family, First)],
}

/// Which values of a family are due first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    Least,
    Most,
}

/// Every kind of table.
pub(super) const ALL: [&Kind; 5] = [&NODES, &HOSTS, &PROVIDERS, &PUBLISHERS, &ACCUSED];

pub(super) static NODES: Kind = Kind {
    name: "nodes",
    title: "Nodes",
    label: "node",
    columns: &[
        ("answers", &catalogue::NODE_UP, None, Shape::Truth),
        ("ready", &catalogue::NODE_READY, None, Shape::Truth),
        ("L1", &catalogue::NODE_L1_REACHABLE, None, Shape::Truth),
        ("rollup", &catalogue::NODE_ROLLUP, None, Shape::Label("rollup")),
        ("right one", &catalogue::NODE_ROLLUP_AGREES, None, Shape::Truth),
        ("peers", &catalogue::NODE_PEERS, Some(("status", "connected")), Shape::Figure),
        ("proposed", &catalogue::NODE_PROPOSED, None, Shape::Figure),
        ("proven", &catalogue::NODE_PROVEN, None, Shape::Figure),
        ("version", &catalogue::NODE, None, Shape::Label("version")),
    ],
    due: &[(&catalogue::NODE_PROPOSED, First::Least)],
};

pub(super) static HOSTS: Kind = Kind {
    name: "hosts",
    title: "Hosts",
    label: "host",
    columns: &[
        ("name", &catalogue::HOST_CHECK_SUCCESS, Some(("check", "dns")), Shape::Truth),
        ("p2p", &catalogue::HOST_CHECK_SUCCESS, Some(("check", "p2p")), Shape::Truth),
        ("RPC", &catalogue::HOST_CHECK_SUCCESS, Some(("check", "rpc")), Shape::Truth),
        ("RPC by IP", &catalogue::HOST_CHECK_SUCCESS, Some(("check", "rpc_by_ip")), Shape::Truth),
        ("L1", &catalogue::HOST_CHECK_SUCCESS, Some(("check", "l1")), Shape::Truth),
        ("certificate ends", &catalogue::HOST_CERTIFICATE_EXPIRY, None, Shape::Moment),
        ("version", &catalogue::HOST, None, Shape::Label("version")),
    ],
    due: &[(&catalogue::HOST_CERTIFICATE_EXPIRY, First::Least)],
};

pub(super) static PROVIDERS: Kind = Kind {
    name: "providers",
    title: "Providers",
    label: "provider",
    columns: &[
        ("keys left", &catalogue::PROVIDER_QUEUE_LENGTH, None, Shape::Figure),
        ("delegations", &catalogue::PROVIDER_DELEGATIONS, None, Shape::Figure),
        ("take rate", &catalogue::PROVIDER_TAKE_RATE, None, Shape::Share),
        ("own rewards, tokens", &catalogue::REWARDS_OWN, None, Shape::Figure),
        ("not confirmed", &catalogue::UNCONFIRMED_SPLITS, None, Shape::Figure),
    ],
    due: &[(&catalogue::PROVIDER_RUNWAY, First::Least), (&catalogue::PROVIDER_QUEUE_LENGTH, First::Least)],
};

pub(super) static PUBLISHERS: Kind = Kind {
    name: "publishers",
    title: "Publishers",
    label: "publisher",
    columns: &[
        ("has, ether", &catalogue::PUBLISHER_BALANCE, None, Shape::Figure),
        ("should have", &catalogue::PUBLISHER_REQUIRED, None, Shape::Figure),
        ("attesters", &catalogue::PUBLISHER_LOAD, None, Shape::Figure),
    ],
    due: &[(&catalogue::PUBLISHER_RUNWAY, First::Least), (&catalogue::PUBLISHER_BALANCE, First::Least)],
};

pub(super) static ACCUSED: Kind = Kind {
    name: "votes",
    title: "Votes against own attesters",
    label: "attester",
    columns: &[
        ("votes", &catalogue::SLASHING_VOTES, None, Shape::Figure),
        ("stage", &catalogue::SLASHING_VOTES, None, Shape::Label("stage")),
        ("can be executed", &catalogue::SLASHING_EXECUTABLE, None, Shape::Moment),
        ("takes, tokens", &catalogue::SLASHING_AMOUNT, None, Shape::Figure),
        ("slashes to ejection", &catalogue::EJECTION_SLASHES, None, Shape::Figure),
    ],
    due: &[(&catalogue::SLASHING_EXECUTABLE, First::Least), (&catalogue::SLASHING_VOTES, First::Most)],
};
