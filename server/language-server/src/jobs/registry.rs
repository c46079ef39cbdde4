//! All jobs of this server, those that have ended included.

use super::status::{JobStatus, State};
use localization::Text;
use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tower_lsp::lsp_types::{ProgressToken, Url};

/// So many jobs are remembered after their end.
const REMEMBERED: usize = 100;

/// All jobs.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    state: Mutex<Registry>,
}

#[derive(Debug, Default)]
struct Registry {
    started: u64,
    jobs: VecDeque<Arc<Job>>,
    /// Jobs on one configuration run one after the other.
    turns: HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>,
}

/// One job.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) path: PathBuf,
    /// What its progress is called.
    pub(crate) token: ProgressToken,
    status: Mutex<JobStatus>,
    cancelled: watch::Sender<bool>,
}

impl Job {
    pub(crate) fn status(&self) -> JobStatus {
        lock(&self.status).clone()
    }

    /// Changes the status, and gives the new one.
    pub(crate) fn update(&self, change: impl FnOnce(&mut JobStatus)) -> JobStatus {
        let mut status = lock(&self.status);
        change(&mut status);
        status.clone()
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.send_replace(true);
    }

    /// Becomes true when somebody wants the job to stop.
    pub(crate) fn cancellation(&self) -> watch::Receiver<bool> {
        self.cancelled.subscribe()
    }
}

impl Jobs {
    /// A new job. Its progress has the client's token where there is one.
    pub(crate) fn add(
        &self,
        job: &'static str,
        uri: Url,
        path: PathBuf,
        token: Option<ProgressToken>,
    ) -> Arc<Job> {
        let mut registry = lock(&self.state);
        registry.started += 1;
        let id = format!("{job}-{}", registry.started);
        let added = Arc::new(Job {
            path,
            token: token.unwrap_or_else(|| ProgressToken::String(format!("modelQuantizer/{id}"))),
            status: Mutex::new(JobStatus {
                id,
                job,
                uri,
                state: State::Queued,
                message: Text::default(),
                percentage: 0,
                result: None,
                warnings: Vec::new(),
                error: None,
                range: None,
            }),
            cancelled: watch::Sender::new(false),
        });
        registry.jobs.push_back(Arc::clone(&added));
        if registry.jobs.len() > REMEMBERED {
            let ended = |job: &Arc<Job>| job.status().state.is_final();
            if let Some(oldest) = registry.jobs.iter().position(ended) {
                registry.jobs.remove(oldest);
            }
        }
        added
    }

    /// What a job on this configuration has to hold while it runs.
    pub(crate) fn turn(&self, path: &Path) -> Arc<tokio::sync::Mutex<()>> {
        let mut registry = lock(&self.state);
        let turn = registry.turns.entry(path.to_owned()).or_default();
        Arc::clone(turn)
    }

    /// The jobs on this configuration that have not ended.
    pub(crate) fn running(&self, path: &Path) -> Vec<Arc<Job>> {
        let here = |job: &&Arc<Job>| job.path == path && !job.status().state.is_final();
        lock(&self.state)
            .jobs
            .iter()
            .filter(here)
            .cloned()
            .collect()
    }

    /// How all jobs stand, in the order in which they were started.
    pub(crate) fn statuses(&self) -> Vec<JobStatus> {
        let jobs = lock(&self.state).jobs.clone();
        jobs.iter().map(|job| job.status()).collect()
    }

    /// How one job stands.
    pub(crate) fn status(&self, id: &str) -> Option<JobStatus> {
        self.statuses().into_iter().find(|status| status.id == id)
    }

    /// Cancels the job of this name, and tells whether there is one.
    pub(crate) fn cancel(&self, id: &str) -> bool {
        self.cancel_where(|job| job.status().id == id)
    }

    /// Cancels the job whose progress has this token.
    pub(crate) fn cancel_progress(&self, token: &ProgressToken) -> bool {
        self.cancel_where(|job| job.token == *token)
    }

    /// Cancels every job.
    pub(crate) fn cancel_all(&self) {
        self.cancel_where(|_| true);
    }

    /// Whether every job has ended.
    pub(crate) fn are_over(&self) -> bool {
        self.statuses().iter().all(|status| status.state.is_final())
    }

    fn cancel_where(&self, meant: impl Fn(&Job) -> bool) -> bool {
        let jobs = lock(&self.state).jobs.clone();
        let mut found = false;
        for job in jobs.iter().filter(|job| meant(job)) {
            job.cancel();
            found = true;
        }
        found
    }
}

/// A lock that a panic elsewhere does not close: what it guards is always whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
