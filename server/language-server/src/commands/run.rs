//! A job from its start to its end, and what the client is told of it.

use crate::checking::schedule;
use crate::jobs::{
    Arguments, Event, GRACE, Job, JobChanged, JobStatus, Pace, Process, Progress, State, percentage,
};
use crate::session::Session;
use configuration::{DiskFacts, Job as Kind};
use futures_util::FutureExt as _;
use localization::{Text, phrase, text};
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tower_lsp::lsp_types::request::WorkDoneProgressCreate;
use tower_lsp::lsp_types::{MessageType, ProgressToken, WorkDoneProgressCreateParams};

/// How long the client may take to agree to show progress. Then the job goes on without.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the client may take to agree when the job is over already.
const PARTING: Duration = Duration::from_secs(1);

/// Shortest time between two reports that differ in their number only.
const INTERVAL: Duration = Duration::from_millis(100);

/// While a job runs, something is told at least so often.
const HEARTBEAT: Duration = Duration::from_millis(950);

impl Ending {
    /// A failure that is nobody's configuration.
    fn failed(message: impl Into<Text>) -> Ending {
        Ending::Failed {
            message: message.into(),
            key: None,
        }
    }
}

/// Runs a job to its end, and tells about it.
pub(super) async fn run(
    session: Arc<Session>,
    job: Arc<Job>,
    kind: Kind,
    arguments: Arguments,
    token: Option<ProgressToken>,
) {
    let mut run = Run {
        session,
        job,
        shown: Shown::Nothing,
        told: Instant::now(),
        pace: Pace::begin(Text::default(), Instant::now()),
    };
    run.show(token).await;
    let driven = AssertUnwindSafe(run.drive(kind, &arguments)).catch_unwind();
    let ending = driven.await.unwrap_or_else(|_| {
        Ending::failed(phrase!("the language server has a fault; its log tells more, and so does the job on the command line"))
    });
    run.end(ending).await;
}

/// A job and what is shown of it.
struct Run {
    session: Arc<Session>,
    job: Arc<Job>,
    shown: Shown,
    /// When something was told last.
    told: Instant,
    pace: Pace,
}

/// The progress that the client shows.
enum Shown {
    Nothing,
    /// The client was asked whether it will.
    Asked(JoinHandle<bool>),
    Progress(Progress),
}

/// How a job has ended.
enum Ending {
    /// With a result and its warnings.
    Succeeded(Value, Vec<Text>),
    Failed {
        message: Text,
        /// The key of the configuration that is at fault.
        key: Option<String>,
    },
    Cancelled,
}

impl Run {
    /// Begins to show progress at the client's token, or asks for a place to show it.
    async fn show(&mut self, token: Option<ProgressToken>) {
        if token.is_some() {
            self.begin().await;
        } else if self.session.abilities().work_done_progress {
            let client = self.session.client.clone();
            let token = self.job.token.clone();
            let asked = async move {
                let params = WorkDoneProgressCreateParams { token };
                let request = client.send_request::<WorkDoneProgressCreate>(params);
                matches!(timeout(PATIENCE, request).await, Ok(Ok(())))
            };
            self.shown = Shown::Asked(tokio::spawn(asked));
        }
    }

    async fn begin(&mut self) {
        let status = self.job.status();
        let file = self.job.path.file_name().unwrap_or_default();
        let folder = self.job.path.parent().and_then(|folder| folder.file_name());
        let shown = match folder {
            Some(folder) => format!("{}/{}", folder.display(), file.display()),
            None => file.display().to_string(),
        };
        let title = match status.job {
            "quantize" => text!("Quantizing {file}", file = shown),
            _ => text!("Evaluating {file}", file = shown),
        };
        let localization = self.session.localization();
        let begun = Progress::begin(
            self.session.client.clone(),
            self.job.token.clone(),
            localization.text(&title),
            localization.text(&status.message),
            status.percentage,
        );
        self.shown = Shown::Progress(begun.await);
    }

    async fn drive(&mut self, kind: Kind, arguments: &Arguments) -> Ending {
        let mut cancellation = self.job.cancellation();
        let turn = self.session.jobs.turn(&self.job.path);
        let waiting = turn.try_lock().is_err();
        if waiting {
            let message = text!("waiting for the job before it");
            self.tell(|status| status.message = message, true).await;
        }
        let _turn = tokio::select! {
            turn = turn.lock() => turn,
            () = stopped(&mut cancellation) => return Ending::Cancelled,
        };
        self.forget_failure().await;
        let started = Process::start(
            &self.session.program,
            kind,
            &self.job.path,
            arguments.choices,
            &self.session.log,
        );
        let mut process = match started {
            Ok(process) => process,
            Err(error) => {
                let program = self.session.program.display();
                return Ending::failed(text!(
                    "the program {program} does not start ({error}); check that it is still there"
                ));
            }
        };
        self.tell(|status| status.state = State::Running, true)
            .await;
        let mut ending = None;
        let mut kill_at = None;
        loop {
            tokio::select! {
                event = process.event() => match event {
                    Some(event) => ending = self.event(event).await.or(ending),
                    None => break,
                },
                agreed = asked(&mut self.shown), if matches!(self.shown, Shown::Asked(_)) => {
                    self.shown = Shown::Nothing;
                    if agreed {
                        self.begin().await;
                    }
                }
                () = sleep_until(self.told + HEARTBEAT) => {
                    let message = self.pace.message(Instant::now());
                    self.tell(|status| status.message = message, true).await;
                }
                () = stopped(&mut cancellation), if kill_at.is_none() => {
                    process.stop();
                    kill_at = Some(Instant::now() + GRACE);
                }
                () = sleep_until(kill_at.unwrap_or_else(Instant::now)), if kill_at.is_some() => {
                    process.kill();
                    break;
                }
            }
        }
        let ended = process.wait().await;
        match ending {
            Some(ending) => ending,
            None if kill_at.is_some() => Ending::Cancelled,
            None => {
                let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                Ending::failed(text!(
                    "the job ended without a result ({how}); the log of the language server may tell why"
                ))
            }
        }
    }

    /// Passes on what the job has printed. Its last event gives the ending.
    async fn event(&mut self, event: Event) -> Option<Ending> {
        let job = self.job.status().job;
        match event {
            Event::Stage { stage, title } => {
                let reached = percentage(job, &stage, 0, 0).unwrap_or(0);
                self.pace = Pace::begin(title, Instant::now());
                let message = self.pace.message(Instant::now());
                let change = |status: &mut JobStatus| {
                    status.message = message;
                    status.percentage = status.percentage.max(reached);
                };
                self.tell(change, true).await;
            }
            Event::Progress {
                stage,
                done,
                total,
                unit,
            } => {
                let reached = percentage(job, &stage, done, total).unwrap_or(0);
                self.pace.advance(done, total, unit, Instant::now());
                let message = self.pace.message(Instant::now());
                let change = |status: &mut JobStatus| {
                    status.message = message;
                    status.percentage = status.percentage.max(reached);
                };
                self.tell(change, false).await;
            }
            Event::Log { message } => self.session.log.info(format!("{job}: {message}")),
            Event::Error {
                cancelled: true, ..
            } => return Some(Ending::Cancelled),
            Event::Error { message, key, .. } => return Some(Ending::Failed { message, key }),
            Event::Result(result, warnings) => {
                return Some(Ending::Succeeded(result, warnings));
            }
            Event::Other => {}
        }
        None
    }

    /// Changes the status and tells it, unless something was told a moment ago and this is not
    /// urgent.
    async fn tell(&mut self, change: impl FnOnce(&mut JobStatus), urgent: bool) {
        let status = self.job.update(change);
        if !urgent && self.told.elapsed() < INTERVAL {
            return;
        }
        self.told = Instant::now();
        if let Shown::Progress(progress) = &self.shown {
            let localization = self.session.localization();
            let message = localization.text(&status.message);
            progress.report(&message, status.percentage).await;
        }
        self.notify(&status).await;
    }

    async fn notify(&self, status: &JobStatus) {
        if self.session.options().job_events
            && let Ok(params) =
                serde_json::to_value(status.clone().shown(self.session.localization()))
        {
            self.session
                .client
                .send_notification::<JobChanged>(params)
                .await;
        }
    }

    /// A failure of the job before is no news once this one starts.
    async fn forget_failure(&self) {
        let (session, path) = (Arc::clone(&self.session), self.job.path.clone());
        let begun = tokio::task::spawn_blocking(move || session.failures.begin(&path, &DiskFacts));
        if begun.await.is_ok() {
            self.check_again();
        }
    }

    /// Has the failure shown or not shown.
    fn check_again(&self) {
        if let Some(uri) = self.session.documents.uri_of(&self.job.path) {
            schedule(&self.session, uri);
        }
    }

    async fn end(mut self, ending: Ending) {
        let range = match &ending {
            Ending::Failed {
                message,
                key: Some(key),
            } => self.session.failures.fail(&self.job.path, key, message),
            _ => None,
        };
        if range.is_some() {
            self.check_again();
        }
        let status = self.job.update(|status| match ending {
            Ending::Succeeded(result, warnings) => {
                status.state = State::Succeeded;
                status.percentage = 100;
                status.message = text!("done");
                status.result = Some(result);
                status.warnings = warnings;
            }
            Ending::Failed { message, .. } => {
                status.state = State::Failed;
                status.message = text!("failed");
                status.error = Some(message);
                status.range = range;
            }
            Ending::Cancelled => {
                status.state = State::Cancelled;
                status.message = text!("cancelled");
            }
        });
        self.notify(&status).await;
        let (id, message) = (&status.id, &status.message);
        match &status.error {
            Some(error) => self.session.log.error(format!("{id} failed: {error}")),
            None => self.session.log.info(format!("{id}: {message}")),
        }
        // A short job may be over before the client has agreed to show it.
        if timeout(PARTING, asked(&mut self.shown)).await == Ok(true) {
            self.begin().await;
        }
        let localization = self.session.localization();
        if let Shown::Progress(progress) = self.shown {
            let message = localization.text(&status.message);
            progress.end(message).await;
        }
        if let Some(error) = status.error
            && !self.session.options().job_events
        {
            let client = &self.session.client;
            let message = localization.text(&error);
            client.show_message(MessageType::ERROR, message).await;
        }
    }
}

/// Whether the client, which was asked, agrees to show progress.
async fn asked(shown: &mut Shown) -> bool {
    match shown {
        Shown::Asked(answer) => answer.await.unwrap_or(false),
        Shown::Nothing | Shown::Progress(_) => false,
    }
}

/// Returns when somebody wants the job to stop.
async fn stopped(cancellation: &mut watch::Receiver<bool>) {
    // The sender lives as long as the job.
    let _ = cancellation.wait_for(|cancelled| *cancelled).await;
}
