use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use configuration::Job;
use localization::{Message as _, Phrase, Text};

use crate::error::JobError;
use crate::event::{Event, Level, Outcome, Stage, Timing};

/// Asks a job to stop. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<State>);

#[derive(Debug, Default)]
struct State {
    cancelled: AtomicBool,
    committing: AtomicBool,
}

impl Cancellation {
    /// Asks the job to stop; it does so within a fraction of a second.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the job was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Relaxed)
    }

    /// Whether the job is moving its files to their places, which must not be cut short.
    pub fn is_committing(&self) -> bool {
        self.0.committing.load(Ordering::Relaxed)
    }

    pub(crate) fn begin_commit(&self) {
        self.0.committing.store(true, Ordering::Relaxed);
    }

    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.0.cancelled
    }
}

/// Shortest time between two progress events of a stage.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// What a job runs with: how many threads, whom it tells, and who can stop it.
pub struct Context<'a> {
    /// Number of worker threads, at least one.
    pub threads: usize,
    /// Stops the job.
    pub cancellation: Cancellation,
    /// The configuration to keep with the run; `None` keeps no run.
    pub configuration: Option<KeptConfiguration>,
    started: Instant,
    listener: &'a mut dyn FnMut(Event),
    stage: Option<RunningStage>,
    timings: Vec<Timing>,
    warnings: Vec<Text>,
}

/// The configuration of a job, as it is kept with the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptConfiguration {
    /// Where it was read; relative paths in it start at its folder.
    pub path: PathBuf,
    /// The content of the file.
    pub text: String,
}

struct RunningStage {
    stage: Stage,
    unit: Phrase,
    total: u64,
    started: Instant,
    told: Instant,
    /// Whether the last step has been told.
    complete: bool,
}

impl<'a> Context<'a> {
    /// A context that hands events to `listener`.
    pub fn new(
        threads: usize,
        cancellation: Cancellation,
        listener: &'a mut dyn FnMut(Event),
    ) -> Self {
        Self {
            threads: threads.max(1),
            cancellation,
            configuration: None,
            started: Instant::now(),
            listener,
            stage: None,
            timings: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Begins a stage and ends the one before.
    pub(crate) fn begin(&mut self, stage: Stage, title: Phrase, total: usize, unit: Phrase) {
        self.end_stage();
        let total = total as u64;
        let now = Instant::now();
        self.stage = Some(RunningStage {
            stage,
            unit,
            total,
            started: now,
            told: now,
            complete: false,
        });
        (self.listener)(Event::Stage {
            stage,
            title: title.into(),
            total,
            unit,
        });
    }

    /// Tells how far the stage is, at most ten times a second, and at its end.
    pub(crate) fn progress(&mut self, done: usize) {
        let done = done as u64;
        let Some(running) = &mut self.stage else {
            return;
        };
        let complete = done >= running.total;
        let early = !complete && running.told.elapsed() < PROGRESS_INTERVAL;
        if running.complete || early {
            return;
        }
        running.complete = complete;
        running.told = Instant::now();
        (self.listener)(Event::Progress {
            stage: running.stage,
            done,
            total: running.total,
            unit: running.unit,
        });
    }

    pub(crate) fn warn(&mut self, message: impl Into<Text>) {
        let message = message.into();
        self.warnings.push(message.clone());
        self.log(Level::Warning, message);
    }

    /// All warnings so far.
    pub(crate) fn warnings(&self) -> &[Text] {
        &self.warnings
    }

    pub(crate) fn log(&mut self, level: Level, message: impl Into<Text>) {
        (self.listener)(Event::Log {
            level,
            message: message.into(),
        });
    }

    /// Time since the context was made, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Ends the last stage and gives all timings.
    pub(crate) fn finish(&mut self) -> Vec<Timing> {
        self.end_stage();
        std::mem::take(&mut self.timings)
    }

    /// Tells how the job ended.
    pub(crate) fn tell<T>(
        &mut self,
        job: Job,
        outcome: &Result<T, JobError>,
        wrap: impl Fn(&T) -> Outcome,
    ) {
        (self.listener)(match outcome {
            Ok(outcome) => Event::Result(wrap(outcome)),
            Err(error) => Event::Error {
                cancelled: matches!(error, JobError::Cancelled),
                message: error.text(),
                key: error.key(job).map(str::to_owned),
            },
        });
    }

    /// # Errors
    /// [`JobError::Cancelled`] when the job was asked to stop.
    pub(crate) fn check_cancelled(&self) -> Result<(), JobError> {
        if self.cancellation.is_cancelled() {
            Err(JobError::Cancelled)
        } else {
            Ok(())
        }
    }

    fn end_stage(&mut self) {
        if let Some(running) = self.stage.take() {
            let (stage, seconds) = (running.stage, running.started.elapsed().as_secs_f64());
            // A search comes back to a stage.
            match self.timings.iter_mut().find(|timing| timing.stage == stage) {
                Some(timing) => timing.seconds += seconds,
                None => self.timings.push(Timing { stage, seconds }),
            }
        }
    }
}
