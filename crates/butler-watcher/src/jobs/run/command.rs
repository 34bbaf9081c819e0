//! Work that a program does.

use ring::digest::{SHA256, digest};
use serde_json::json;

use butler_core::domain::job::Argument;
use butler_core::runtime::report::one_line;

use super::argv::filled;
use super::artifact::Place;
use super::child::{Finished, How, NotRun};
use super::flight::Flight;
use super::postcondition::{Judge, on_disk};
use super::task::{Ended, Record, hex};
use super::textfile::Ran;

/// Runs the program and takes what it made; also how it ran, if it did.
pub(super) async fn process(
    judge: &Judge<'_>,
    argv: &[Argument],
    flight: &Flight,
    record: &impl Record,
) -> (Ended, Ran) {
    let draft = judge.place.as_ref().map(Place::draft_path);
    let argv = match filled(argv, judge.task, draft.as_deref()) {
        Ok(argv) => argv,
        Err(why) => return (Ended::refused(why), Ran::Nothing),
    };
    if let Some(place) = &judge.place
        && let Err(error) = on_disk(place, Place::prepare).await
    {
        return (Ended::retry(one_line(&error)), Ran::Nothing);
    }
    let words = digest(&SHA256, argv.join("\0").as_bytes());
    let intent = json!({
        "way": "command", "argv": hex(words.as_ref()), "key": judge.task.key, "attempt": judge.task.attempt,
    });
    if let Err(lost) = record.record(intent).await {
        return (Ended::retry(lost.to_string()), Ran::Nothing);
    }
    let file = draft.as_deref().zip(judge.place.as_ref().map(Place::limit));
    let mut ran = Ran::Nothing;
    let ended = match judge.run(flight, &argv, file).await {
        Err(NotRun::Refused(why)) => Ended::refused(why),
        Err(NotRun::Later(why)) => Ended::retry(why),
        Ok((finished, told)) => match note(&mut ran, &finished) {
            How::Code(0) => judge.accept(flight, &format!("exit code 0 after {} s", finished.took.as_secs())).await,
            How::Stuck => Ended::Busy { reason: told },
            How::Code(_) | How::Signal(_) | How::Late | How::Talks | How::Grows => Ended::retry(told),
        },
    };
    if !matches!(ended, Ended::Done { .. } | Ended::Busy { .. })
        && let Some(place) = &judge.place
        && let Err(error) = on_disk(place, Place::clear).await
    {
        tracing::warn!("what `{}/{}` left is not removed: {}", judge.task.pipeline, judge.task.job, one_line(&error));
    }
    (ended, ran)
}

fn note(ran: &mut Ran, finished: &Finished) -> How {
    let code = match finished.how {
        How::Code(code) => Some(code),
        How::Signal(_) | How::Late | How::Talks | How::Grows | How::Stuck => None,
    };
    *ran = Ran::Program { took: finished.took, code };
    finished.how
}
