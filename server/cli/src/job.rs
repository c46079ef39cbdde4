use std::io::Read as _;
use std::num::NonZero;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use configuration::report::human;
use configuration::{Configuration, DiskFacts, Job, Settings};
use jobs::{Cancellation, Context, Event, JobError, KeptConfiguration};
use localization::{Message as _, Text};

use crate::Ending;
use crate::arguments::{JobArguments, MessageFormat};
use crate::print::note;
use crate::reporting::{Reporter, reporter};

/// How long a cancelled job may take to wind up before the process ends without it. Jobs write
/// only at their very end, so nothing half-done is left behind.
const GRACE: Duration = Duration::from_millis(700);

/// How often the reporter may redraw when nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// Runs a job on a thread of its own, and reports its events until it ends or is cancelled.
pub(crate) fn run<T: Send + 'static>(
    kind: Job,
    arguments: &JobArguments,
    job: impl FnOnce(&mut Settings, &mut Context) -> Result<T, JobError> + Send + 'static,
    ending: impl FnOnce(&T) -> Ending,
) -> Result<Ending, String> {
    let mut reporter = reporter(arguments);
    let (mut settings, configuration) = match settings(kind, arguments) {
        Ok(read) => read,
        Err(refusal) => return refuse(arguments, reporter.as_mut(), refusal),
    };
    // Before anything else prints on standard error.
    inference::start_tflite_runtime();
    let cancellation = Cancellation::default();
    listen_for_interrupts(&cancellation)?;
    if arguments.stop_with_stdin {
        listen_for_closed_input(&cancellation);
    }
    let threads = arguments
        .threads
        .map_or_else(available_threads, usize::from);
    let (sender, events) = mpsc::channel();
    let for_job = cancellation.clone();
    let kept = (!arguments.no_history).then_some(configuration);
    let worker = std::thread::spawn(move || {
        let mut listener = |event: Event| {
            // The receiver is gone only when the process is about to end.
            let _ = sender.send(event);
        };
        let mut context = Context::new(threads, for_job, &mut listener);
        context.configuration = kept;
        job(&mut settings, &mut context)
    });
    let mut cancelled_at = None;
    loop {
        match events.recv_timeout(TICK) {
            Ok(event) => reporter.event(&event),
            Err(mpsc::RecvTimeoutError::Timeout) => reporter.tick(),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        if cancellation.is_cancelled() {
            let since = *cancelled_at.get_or_insert_with(Instant::now);
            if since.elapsed() > GRACE && !cancellation.is_committing() {
                reporter.event(&Event::Error {
                    cancelled: true,
                    message: JobError::Cancelled.text(),
                    key: None,
                });
                return Ok(Ending::Failed);
            }
        }
    }
    let ending = match worker.join() {
        Ok(Ok(outcome)) => ending(&outcome),
        // The reporter has printed the error event.
        Ok(Err(_)) => Ending::Failed,
        Err(_) => {
            reporter.event(&Event::Error {
                cancelled: false,
                message: JobError::Panicked.text(),
                key: None,
            });
            Ending::Failed
        }
    };
    reporter.finish()?;
    Ok(ending)
}

/// Why a job does not start.
struct Refusal {
    /// One sentence.
    message: Text,
    /// The key that the sentence is about.
    key: Option<String>,
    /// All findings with excerpts of the configuration, if that is the reason.
    report: Option<String>,
}

/// The settings for a job and the configuration that they are from, or every finding that stops it.
fn settings(kind: Job, arguments: &JobArguments) -> Result<(Settings, KeptConfiguration), Refusal> {
    let path = &arguments.configuration;
    let configuration = Configuration::load(path, &DiskFacts).map_err(|error| Refusal {
        message: error.text(),
        key: None,
        report: None,
    })?;
    let kept = KeptConfiguration {
        path: std::path::absolute(path).unwrap_or_else(|_| path.clone()),
        text: configuration.text().to_owned(),
    };
    configuration
        .settings_for(kind)
        .map(|settings| (settings.clone(), kept))
        .map_err(|findings| {
            let findings: Vec<_> = findings.into_iter().cloned().collect();
            let file = path.to_string_lossy();
            Refusal {
                message: findings
                    .first()
                    .map_or_else(Text::default, |finding| finding.message.clone()),
                key: findings
                    .first()
                    .and_then(|finding| finding.path.first().cloned()),
                report: Some(human(&file, configuration.text(), &findings)),
            }
        })
}

fn refuse(
    arguments: &JobArguments,
    reporter: &mut dyn Reporter,
    refusal: Refusal,
) -> Result<Ending, String> {
    match refusal.report {
        Some(report) if arguments.message_format == MessageFormat::Human => note(report.trim_end()),
        _ => reporter.event(&Event::Error {
            cancelled: false,
            message: refusal.message,
            key: refusal.key,
        }),
    }
    Ok(Ending::Failed)
}

fn listen_for_interrupts(cancellation: &Cancellation) -> Result<(), String> {
    let cancellation = cancellation.clone();
    ctrlc::set_handler(move || {
        if cancellation.is_cancelled() {
            std::process::exit(Ending::Failed as i32);
        }
        cancellation.cancel();
    })
    .map_err(|error| format!("cannot listen for interrupts: {error}"))
}

fn listen_for_closed_input(cancellation: &Cancellation) {
    let cancellation = cancellation.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        let mut input = std::io::stdin().lock();
        while matches!(input.read(&mut buffer), Ok(count) if count > 0) {}
        cancellation.cancel();
    });
}

/// One thread for each core that this process may use.
pub(crate) fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}
