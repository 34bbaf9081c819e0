//! One job of one item: looked at, done where it is not done already, and looked at again.
//!
//! A job is a program of this machine or the work of a service, and ends with an artifact, a check, or both. Nothing here knows the
//! journal: what must be durable before something leaves goes through [`Record`], and [`Ended`] says what comes next. Whatever is in
//! the way, the artifact's place holds nothing, what was there before, or a whole new artifact that its check accepts.

mod argv;
mod artifact;
mod child;
mod command;
mod desk;
mod environment;
mod fetch;
mod flight;
mod input;
mod output;
mod postcondition;
mod service;
mod setup;
mod task;
mod textfile;

use butler_core::client::http::{HttpPeer, HttpSetupError};
use butler_core::domain::job::{Item, JobId};
use serde_json::Value;
use tokio::sync::Mutex;

use self::desk::Desk;
use self::flight::{Flight, FlightError};
use self::postcondition::{Held, Judge};
pub use self::setup::{Programs, Service, Setup, Work};
pub use self::task::{Ended, Input, LostLease, Record, Task};
pub use self::textfile::TextfileSetup;
use self::textfile::{Ran, Textfile};

/// Does one job, for whatever item.
#[derive(Debug)]
pub struct Runner {
    setup: Setup,
    /// Of work that a service does.
    peer: Option<HttpPeer>,
    textfile: Option<Mutex<Textfile>>,
}

impl Runner {
    /// Prepares the job with that name; reads what its textfile says, and connects to nothing.
    ///
    /// # Errors
    /// See [`HttpSetupError`].
    pub fn new(id: &JobId, setup: Setup) -> Result<Self, HttpSetupError> {
        let peer = match &setup.work {
            Work::Command(_) => None,
            Work::Service(service) => Some(HttpPeer::new(&service.http)?),
        };
        let textfile = setup.textfile.clone();
        let textfile = textfile.map(|setup| Mutex::new(Textfile::open(setup, id.pipeline.as_str(), id.job.as_str())));
        Ok(Self { setup, peer, textfile })
    }

    /// It was looked what is to be done: the newest item of it, none yet, or nobody could tell.
    pub async fn checked(&self, looked: Result<Option<Item>, ()>) {
        if let Some(textfile) = &self.textfile {
            textfile.lock().await.checked(looked).await;
        }
    }

    /// Does the job unless it is done already; `intent` is what an earlier try recorded last.
    pub async fn process(&self, task: &Task, intent: Option<&Value>, record: &impl Record) -> Ended {
        let (ended, ran) = self.try_once(task, intent, record).await;
        // What was done already, or is somebody else's, was no try.
        if ran.is_program() || matches!(ended, Ended::Submitted { .. } | Ended::Retry { .. } | Ended::Refused { .. }) {
            self.tell(task, &ended, ran).await;
        }
        ended
    }

    async fn try_once(&self, task: &Task, intent: Option<&Value>, record: &impl Record) -> (Ended, Ran) {
        let (flight, judge) = match self.begin(task) {
            Ok(begun) => begun,
            Err(ended) => return (ended, Ran::Nothing),
        };
        match judge.look(&flight).await {
            Held::Yes { digest } => return (Ended::done("it was done already", digest), Ran::Nothing),
            Held::Unknown(reason) => return (Ended::Unknown { reason }, Ran::Nothing),
            Held::Refused(reason) => return (Ended::Refused { reason }, Ran::Nothing),
            Held::No(_) => {}
        }
        if let Err(ended) = input::check(&task.inputs).await {
            return (ended, Ran::Nothing);
        }
        match (&self.setup.work, &self.peer) {
            (Work::Service(service), Some(peer)) => {
                let desk = Desk { judge: &judge, service, peer, flight: &flight };
                (desk.process(intent, record).await, Ran::Nothing)
            }
            (Work::Command(argv), _) => command::process(&judge, argv, &flight, record).await,
            (Work::Service(_), None) => (Ended::refused("there is no client of the service"), Ran::Nothing),
        }
    }

    async fn tell(&self, task: &Task, ended: &Ended, ran: Ran) {
        if let Some(textfile) = &self.textfile {
            textfile.lock().await.ended(task.item, ended, ran).await;
        }
    }

    /// Looks whether the job is done; `intent` is what was recorded last.
    pub async fn verify(&self, task: &Task, intent: Option<&Value>) -> Ended {
        let ended = self.look_once(task, intent).await;
        // A program's end is told by its try, a service's by the look that finds it.
        if matches!(self.setup.work, Work::Service(_)) {
            self.tell(task, &ended, Ran::Service).await;
        }
        ended
    }

    async fn look_once(&self, task: &Task, intent: Option<&Value>) -> Ended {
        let (flight, judge) = match self.begin(task) {
            Ok(begun) => begun,
            Err(ended) => return ended,
        };
        let reason = match judge.look(&flight).await {
            Held::Yes { digest } => return Ended::done("it is there", digest),
            Held::Unknown(reason) => return Ended::Unknown { reason },
            Held::Refused(reason) => return Ended::Refused { reason },
            Held::No(reason) => reason,
        };
        match (&self.setup.work, &self.peer) {
            (Work::Service(service), Some(peer)) => {
                let desk = Desk { judge: &judge, service, peer, flight: &flight };
                desk.look(intent).await
            }
            (Work::Command(_), _) if judge.can_tell() => Ended::retry(reason),
            (Work::Command(_), _) => {
                Ended::refused("it was begun, and neither an artifact nor a check tells whether it was done")
            }
            (Work::Service(_), None) => Ended::refused("there is no client of the service"),
        }
    }

    fn begin<'a>(&'a self, task: &'a Task) -> Result<(Flight, Judge<'a>), Ended> {
        let judge = Judge::new(task, &self.setup)?;
        let flight = Flight::begin(&self.setup.locks, &task.key).map_err(|error| match error {
            FlightError::Busy => Ended::Busy { reason: "what was started for it before still runs".to_owned() },
            FlightError::Io(error) => Ended::Retry { after: None, reason: format!("its lock cannot be had: {error}") },
        })?;
        Ok((flight, judge))
    }
}
