//! Whether a job is done: its artifact is there, and its check says so. Looked at before anything is done, and afterwards.

use std::path::Path;

use butler_core::runtime::report::one_line;
use tokio::task::spawn_blocking;

use super::argv::filled;
use super::artifact::{ArtifactError, Look, Place};
use super::child::{Finished, How, NotRun, Run, run};
use super::environment::Environment;
use super::flight::Flight;
use super::setup::Setup;
use super::task::{Ended, Task};

/// Whether it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// It is.
    Yes {
        /// The SHA-256 of its artifact.
        digest: Option<[u8; 32]>,
    },
    /// It is not.
    No(String),
    /// Nobody can say.
    Unknown(String),
    /// Nobody can say before a person has changed something.
    Refused(String),
}

/// One job of one item, as far as it can be judged.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    pub(super) task: &'a Task,
    pub(super) setup: &'a Setup,
    pub(super) place: Option<Place>,
}

impl<'a> Judge<'a> {
    /// Prepares it; looks at nothing.
    pub(super) fn new(task: &'a Task, setup: &'a Setup) -> Result<Self, Ended> {
        let place = task.artifact.as_deref().map(|target| Place::new(target, &task.key, setup.artifact_limit));
        let place = place.transpose().map_err(|error| Ended::refused(one_line(&error)))?;
        Ok(Self { task, setup, place })
    }

    /// Whether anything tells that it is done, beside a program that ends well.
    pub(super) fn can_tell(&self) -> bool {
        self.place.is_some() || self.setup.verify.is_some()
    }

    /// Looks whether it is done. An artifact that is ready since a kill is brought to its place.
    pub(super) async fn look(&self, flight: &Flight) -> Held {
        let Some(place) = &self.place else {
            if self.setup.verify.is_none() {
                return Held::No("nothing tells that it is done".to_owned());
            }
            return self.check(flight, None).await;
        };
        let there = match on_disk(place, Place::look).await {
            Ok(Look::There { digest }) => with_digest(self.check(flight, Some(place.target())).await, digest),
            Ok(Look::Missing) => Held::No("its artifact is not there".to_owned()),
            Err(error) => held(&error),
        };
        let reason = match there {
            Held::No(reason) => reason,
            Held::Yes { .. } => {
                // What is left there is in nobody's way.
                let _ = on_disk(place, Place::tidy).await;
                return there;
            }
            Held::Unknown(_) | Held::Refused(_) => return there,
        };
        match on_disk(place, Place::ready).await {
            Ok(Look::There { digest }) => self.admit(flight, place, digest).await,
            Ok(Look::Missing) => Held::No(reason),
            Err(ArtifactError::Invalid { .. }) => Held::No(reason),
            Err(error @ (ArtifactError::InTheWay { .. } | ArtifactError::Io { .. })) => held(&error),
        }
    }

    /// Takes what a program or a service has made, which ended well.
    pub(super) async fn accept(&self, flight: &Flight, how: &str) -> Ended {
        let held = match &self.place {
            None if self.setup.verify.is_none() => Held::Yes { digest: None },
            None => self.check(flight, None).await,
            Some(place) => match on_disk(place, Place::seal).await {
                Ok(digest) => self.admit(flight, place, digest).await,
                Err(error) => held(&error),
            },
        };
        match held {
            Held::Yes { digest } => Ended::done(how, digest),
            Held::No(reason) => Ended::retry(format!("{how}, and {reason}")),
            Held::Unknown(reason) => Ended::Unknown { reason: format!("{how}, and {reason}") },
            Held::Refused(reason) => Ended::refused(format!("{how}, and {reason}")),
        }
    }

    /// Brings what is ready to its place if its check accepts it.
    async fn admit(&self, flight: &Flight, place: &Place, digest: [u8; 32]) -> Held {
        let path = place.ready_path();
        match with_digest(self.check(flight, Some(&path)).await, digest) {
            held @ Held::Yes { .. } => match on_disk(place, Place::promote).await {
                Ok(()) => held,
                Err(error) => self::held(&error),
            },
            Held::No(reason) => match on_disk(place, Place::refuse).await {
                Ok(()) => Held::No(reason),
                Err(error) => self::held(&error),
            },
            held @ (Held::Unknown(_) | Held::Refused(_)) => held,
        }
    }

    /// What the check says, where there is one; `artifact` is what it is asked about.
    async fn check(&self, flight: &Flight, artifact: Option<&Path>) -> Held {
        let Some(argv) = &self.setup.verify else { return Held::Yes { digest: None } };
        let argv = match filled(argv, self.task, artifact) {
            Ok(argv) => argv,
            Err(why) => return Held::Refused(format!("its check: {why}")),
        };
        match self.run(flight, &argv, None).await {
            Err(NotRun::Refused(why)) => Held::Refused(format!("its check: {why}")),
            Err(NotRun::Later(why)) => Held::Unknown(format!("its check: {why}")),
            Ok((finished, told)) => match finished.how {
                How::Code(0) => Held::Yes { digest: None },
                How::Code(1) => Held::No(format!("its check says that it is not done: {told}")),
                How::Code(_) | How::Signal(_) | How::Late | How::Talks | How::Grows | How::Stuck => {
                    Held::Unknown(format!("its check does not tell: {told}"))
                }
            },
        }
    }

    /// Runs a program, with the last of what it said.
    pub(super) async fn run(
        &self,
        flight: &Flight,
        argv: &[String],
        file: Option<(&Path, u64)>,
    ) -> Result<(Finished, String), NotRun> {
        let programs = &self.setup.programs;
        let environment = Environment::read(programs).map_err(NotRun::Refused)?;
        let stdin = flight.stdin().map_err(|error| NotRun::Later(format!("its input cannot be had: {error}")))?;
        let finished = run(&Run { programs, argv, environment: &environment, file }, stdin).await?;
        let told = finished.told(environment.secrets());
        Ok((finished, told))
    }
}

/// Does something on the disk while others go on.
pub(super) async fn on_disk<T: Send + 'static>(
    place: &Place,
    work: fn(&Place) -> Result<T, ArtifactError>,
) -> Result<T, ArtifactError> {
    let owned = place.clone();
    let path = place.target().to_path_buf();
    let done = spawn_blocking(move || work(&owned)).await;
    done.unwrap_or_else(|error| Err(ArtifactError::Io { path, source: error.into() }))
}

fn with_digest(held: Held, digest: [u8; 32]) -> Held {
    match held {
        Held::Yes { .. } => Held::Yes { digest: Some(digest) },
        Held::No(_) | Held::Unknown(_) | Held::Refused(_) => held,
    }
}

fn held(error: &ArtifactError) -> Held {
    let told = one_line(error);
    match error {
        ArtifactError::Invalid { .. } => Held::No(told),
        ArtifactError::InTheWay { .. } => Held::Refused(told),
        ArtifactError::Io { .. } => Held::Unknown(told),
    }
}
