mod check;
mod compare;
mod doctor;
mod init;
mod inspect;
mod lsp;
mod runs;

pub(crate) use check::check;
pub(crate) use compare::compare;
pub(crate) use doctor::doctor;
pub(crate) use init::init;
pub(crate) use inspect::inspect;
pub(crate) use lsp::lsp;
pub(crate) use runs::runs;

use configuration::Job;

use crate::Ending;
use crate::arguments::{JobArguments, QuantizeArguments};
use crate::job::run;

pub(crate) fn quantize(arguments: &QuantizeArguments) -> Result<Ending, String> {
    let seed = arguments.seed;
    let job = move |settings: &mut configuration::Settings, context: &mut jobs::Context| {
        if let Some(seed) = seed {
            settings.quantization.seed = seed;
        }
        jobs::quantize(settings, context)
    };
    run(Job::Quantize, &arguments.job, job, |_| Ending::Done)
}

pub(crate) fn evaluate(arguments: &JobArguments) -> Result<Ending, String> {
    let job = |settings: &mut configuration::Settings, context: &mut jobs::Context| {
        jobs::evaluate(settings, context)
    };
    run(Job::Evaluate, arguments, job, |outcome| {
        if outcome.unreadable_images > 0 {
            Ending::Findings
        } else {
            Ending::Done
        }
    })
}
