mod check;
mod doctor;
mod init;
mod inspect;

pub(crate) use check::check;
pub(crate) use doctor::doctor;
pub(crate) use init::init;
pub(crate) use inspect::inspect;

use configuration::Job;

use crate::Ending;
use crate::arguments::JobArguments;
use crate::job::run;

pub(crate) fn quantize(arguments: &JobArguments) -> Result<Ending, String> {
    run(Job::Quantize, arguments, jobs::quantize, |_| Ending::Done)
}

pub(crate) fn evaluate(arguments: &JobArguments) -> Result<Ending, String> {
    run(Job::Evaluate, arguments, jobs::evaluate, |outcome| {
        if outcome.unreadable_images > 0 {
            Ending::Findings
        } else {
            Ending::Done
        }
    })
}
