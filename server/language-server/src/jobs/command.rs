//! The commands that start jobs, and a job from its start to its end.

use super::arguments::{Arguments, WhenRunning, WhenUnsaved};
use super::child::{Event, GRACE, Process};
use super::progress::Progress;
use super::registry::Job;
use super::stages::percentage;
use super::status::{JobChanged, JobStatus, State, name};
use crate::disk::Asked;
use crate::session::Session;
use configuration::{Configuration, Document, Job as Kind, LoadError, stops};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tower_lsp::jsonrpc::{Error, ErrorCode};
use tower_lsp::lsp_types::request::WorkDoneProgressCreate;
use tower_lsp::lsp_types::{MessageType, ProgressToken, WorkDoneProgressCreateParams};

/// How long the client may take to agree to show progress. Then the job goes on without.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the client may take to agree when the job is over already.
const PARTING: Duration = Duration::from_secs(1);

/// Shortest time between two reports that differ in their number only.
const INTERVAL: Duration = Duration::from_millis(100);

/// `RequestFailed` of the protocol: the request was right, and the answer is no.
const REQUEST_FAILED: i64 = -32803;

/// Starts a job and returns its id, or says why it does not start.
///
/// # Errors
/// `InvalidParams` for arguments that make no sense; `RequestFailed` with a `reason` in its data
/// where a finding, an unsaved change or another job is in the way.
pub(crate) async fn start(
    session: &Arc<Session>,
    kind: Kind,
    arguments: &[Value],
    token: Option<ProgressToken>,
) -> Result<Value, Error> {
    if !session.options().trusted {
        return Err(refusal(
            "jobs read models, which is not done in a workspace that is not trusted; trust it and start again".to_owned(),
            json!({"reason": "untrusted"}),
        ));
    }
    let arguments =
        Arguments::read(arguments, &session.configurations()).map_err(Error::invalid_params)?;
    if arguments.choices.running == WhenRunning::Refuse
        && let Some(running) = session.jobs.running(&arguments.path).first()
    {
        let id = running.status().id;
        return Err(refusal(
            format!("{id} is running on this configuration; wait for its end or cancel it"),
            json!({"reason": "running", "id": id}),
        ));
    }
    let to_check = arguments.clone();
    let for_check = Arc::clone(session);
    let checked = tokio::task::spawn_blocking(move || ready(&for_check, kind, &to_check));
    checked
        .await
        .unwrap_or_else(|_| Err(Error::internal_error()))?;
    if arguments.choices.running == WhenRunning::Replace {
        for job in session.jobs.running(&arguments.path) {
            job.cancel();
        }
    }
    let job = session.jobs.add(
        name(kind),
        arguments.uri.clone(),
        arguments.path.clone(),
        token.clone(),
    );
    let status = job.status();
    tokio::spawn(run(Arc::clone(session), job, kind, arguments, token));
    Ok(json!({"id": status.id}))
}

/// Whether a job may start: what is in the editor is on disk, and no finding stops the job.
fn ready(session: &Session, kind: Kind, arguments: &Arguments) -> Result<(), Error> {
    let shown = arguments.path.display();
    let unreadable = |error: LoadError| refusal(error.to_string(), json!({"reason": "unreadable"}));
    let texts = HashMap::new();
    let place = Document::new(String::new(), &arguments.path);
    // What is not known yet, the job itself will find.
    let facts = Asked::in_passing(&session.answers, session.trust(&place), &texts);
    let configuration = Configuration::load(&arguments.path, &facts).map_err(unreadable)?;
    let open = session.documents.snapshot(&arguments.uri);
    let unsaved = open.is_some_and(|open| open.lines.text() != configuration.text());
    if unsaved && arguments.choices.unsaved == WhenUnsaved::Refuse {
        return Err(refusal(
            format!(
                "{shown} has changes that are not saved, and a job reads the file; save it and start again"
            ),
            json!({"reason": "unsaved", "uri": arguments.uri}),
        ));
    }
    let stopping: Vec<_> = configuration
        .findings()
        .iter()
        .filter(|finding| stops(finding, kind))
        .collect();
    let Some(first) = stopping.first() else {
        return Ok(());
    };
    let lines = crate::lines::Lines::new(configuration.text());
    let range = lines.range(first.range);
    let (line, column) = (range.start.line + 1, range.start.character + 1);
    let more = match stopping.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    Err(refusal(
        format!("{shown}:{line}:{column}: {}{more}", first.message),
        json!({
            "reason": "findings",
            "uri": arguments.uri,
            "code": first.code.name(),
            "range": range,
            "count": stopping.len(),
        }),
    ))
}

/// The answer "no" to a request that makes sense.
pub(crate) fn refusal(message: String, data: Value) -> Error {
    Error {
        code: ErrorCode::ServerError(REQUEST_FAILED),
        message: message.into(),
        data: Some(data),
    }
}

/// Runs a job to its end, and tells about it.
async fn run(
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
    };
    run.show(token).await;
    let driven = AssertUnwindSafe(run.drive(kind, &arguments)).catch_unwind();
    let ending = driven.await.unwrap_or_else(|_| {
        Ending::Failed("the language server has a fault; its log tells more, and so does the job on the command line".to_owned())
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
    Succeeded(Value),
    Failed(String),
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
        let verb = match status.job {
            "quantize" => "Quantizing",
            _ => "Evaluating",
        };
        let begun = Progress::begin(
            self.session.client.clone(),
            self.job.token.clone(),
            format!("{verb} {shown}"),
            status.message,
            status.percentage,
        );
        self.shown = Shown::Progress(begun.await);
    }

    async fn drive(&mut self, kind: Kind, arguments: &Arguments) -> Ending {
        let mut cancellation = self.job.cancellation();
        let turn = self.session.jobs.turn(&self.job.path);
        let waiting = turn.try_lock().is_err();
        if waiting {
            let message = "waiting for the job before it".to_owned();
            self.tell(|status| status.message = message, true).await;
        }
        let _turn = tokio::select! {
            turn = turn.lock() => turn,
            () = stopped(&mut cancellation) => return Ending::Cancelled,
        };
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
                return Ending::Failed(format!(
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
                Ending::Failed(format!(
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
                let change = |status: &mut JobStatus| {
                    status.message = title;
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
                let change = |status: &mut JobStatus| {
                    let title = status.message.split(": ").next().unwrap_or_default();
                    status.message = format!("{title}: {done}/{total} {unit}");
                    status.percentage = status.percentage.max(reached);
                };
                self.tell(change, false).await;
            }
            Event::Log { message } => self.session.log.info(format!("{job}: {message}")),
            Event::Error {
                cancelled: true, ..
            } => return Some(Ending::Cancelled),
            Event::Error { message, .. } => return Some(Ending::Failed(message)),
            Event::Result(result) => return Some(Ending::Succeeded(result)),
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
            progress.report(&status.message, status.percentage).await;
        }
        self.notify(&status).await;
    }

    async fn notify(&self, status: &JobStatus) {
        if self.session.options().job_events
            && let Ok(params) = serde_json::to_value(status)
        {
            self.session
                .client
                .send_notification::<JobChanged>(params)
                .await;
        }
    }

    async fn end(mut self, ending: Ending) {
        let status = self.job.update(|status| match ending {
            Ending::Succeeded(result) => {
                status.state = State::Succeeded;
                status.percentage = 100;
                status.message = "done".to_owned();
                status.result = Some(result);
            }
            Ending::Failed(error) => {
                status.state = State::Failed;
                status.message = "failed".to_owned();
                status.error = Some(error);
            }
            Ending::Cancelled => {
                status.state = State::Cancelled;
                status.message = "cancelled".to_owned();
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
        if let Shown::Progress(progress) = self.shown {
            progress.end(status.message.clone()).await;
        }
        if let Some(error) = status.error
            && !self.session.options().job_events
        {
            let client = &self.session.client;
            client.show_message(MessageType::ERROR, error).await;
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
