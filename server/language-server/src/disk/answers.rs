//! Answers that take time, kept while the disk is unchanged and found on threads of their own.

use super::stamp::Stamp;
use crate::log::Log;
use configuration::{
    CancellableFacts, ClassFolders, Facts as _, FolderError, ImageExamination, ModelFacts,
    ModelProblem, ReportedAdvice,
};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;

/// So many answers are looked for at a time.
const WORKERS: usize = 2;

/// So many answers are kept that no document asks for at the moment.
const SPARE: usize = 16;

/// A question whose answer takes time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Question {
    /// What a model says about itself, at this input size where it leaves that open.
    Model(PathBuf, Option<[usize; 2]>),
    /// How many JPEG images a folder has.
    CalibrationImages(PathBuf),
    /// Which of them cannot be read.
    UnreadableImages(PathBuf),
    /// The class folders of a folder.
    ClassFolders(PathBuf),
    /// What a quantization report advises.
    Advice(PathBuf),
}

/// The answer to a [`Question`] of the same name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Model(Result<Arc<ModelFacts>, ModelProblem>),
    CalibrationImages(Result<usize, FolderError>),
    UnreadableImages(Arc<ImageExamination>),
    ClassFolders(Result<Arc<ClassFolders>, FolderError>),
    Advice(Option<Arc<ReportedAdvice>>),
}

/// All answers that are known, and those that are being looked for.
#[derive(Debug)]
pub(crate) struct Answers {
    state: Mutex<HashMap<Question, State>>,
    workers: Arc<Semaphore>,
    /// Takes each question whose search has ended, and whether its answer is a new one.
    found: UnboundedSender<(Question, bool)>,
    /// Number of questions that are on their way through `found`.
    underway: AtomicUsize,
    log: Log,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Known>,
    /// Set to give up the search that is on.
    search: Option<Arc<AtomicBool>>,
}

#[derive(Debug)]
struct Known {
    /// `None` where looking for the answer has failed by a fault of this program.
    answer: Option<Answer>,
    stamp: Stamp,
}

impl Answers {
    /// Without any answer yet. Each question whose search has ended goes to `found`, and has to be
    /// confirmed by [`Answers::delivered`].
    pub(crate) fn new(found: UnboundedSender<(Question, bool)>, log: Log) -> Answers {
        Answers {
            state: Mutex::default(),
            workers: Arc::new(Semaphore::new(WORKERS)),
            found,
            underway: AtomicUsize::new(0),
            log,
        }
    }

    /// Whether answers are being looked for, or new ones are not yet taken up.
    pub(crate) fn are_sought(&self) -> bool {
        let state = self.lock();
        self.underway.load(Ordering::SeqCst) > 0 || state.values().any(|it| it.search.is_some())
    }

    /// Confirms that everybody who asked a question knows of the end of its search.
    pub(crate) fn delivered(&self) {
        self.underway.fetch_sub(1, Ordering::SeqCst);
    }

    /// The answer, if it is known.
    pub(super) fn known(&self, question: &Question) -> Option<Answer> {
        self.lock().get(question)?.known.as_ref()?.answer.clone()
    }

    /// The answer, if it is known; otherwise it is looked for from now on. To be called within the
    /// runtime.
    pub(super) fn ask(self: &Arc<Self>, question: &Question) -> Option<Answer> {
        let mut state = self.lock();
        let entry = state.entry(question.clone()).or_default();
        if entry.known.is_none() && entry.search.is_none() {
            self.search(question, entry);
        }
        entry.known.as_ref()?.answer.clone()
    }

    /// Compares all answers with the disk, and looks for those again that may not hold any more.
    /// They stay known until then. Takes a moment: one system call a folder.
    pub(crate) fn refresh(self: &Arc<Self>, changed: &HashSet<PathBuf>) {
        let stamps: Vec<(Question, Stamp)> = self
            .lock()
            .iter()
            .filter(|(_, state)| state.search.is_none())
            .filter_map(|(question, state)| {
                Some((question.clone(), state.known.as_ref()?.stamp.clone()))
            })
            .collect();
        for (question, stamp) in stamps {
            let touched = || changed.iter().any(|path| path.starts_with(question.path()));
            if stamp.holds() && stamp.is_reliable() && !touched() {
                continue;
            }
            let mut state = self.lock();
            if let Some(entry) = state.get_mut(&question)
                && entry.search.is_none()
            {
                self.search(&question, entry);
            }
        }
    }

    /// Gives up the search for answers that nobody wants any more, and forgets old ones.
    pub(crate) fn retain(&self, wanted: &HashSet<Question>) {
        let mut spare = 0;
        self.lock().retain(|question, state| {
            if wanted.contains(question) {
                return true;
            }
            if let Some(cancelled) = state.search.take() {
                cancelled.store(true, Ordering::Relaxed);
            }
            spare += 1;
            state.known.is_some() && spare <= SPARE
        });
    }

    fn search(self: &Arc<Self>, question: &Question, state: &mut State) {
        let cancelled = Arc::new(AtomicBool::new(false));
        state.search = Some(Arc::clone(&cancelled));
        let (answers, question) = (Arc::clone(self), question.clone());
        Handle::current().spawn(async move {
            // The semaphore is never closed.
            let _worker = Arc::clone(&answers.workers).acquire_owned().await;
            let (for_search, flag) = (question.clone(), Arc::clone(&cancelled));
            let search = move || {
                let cancelled = || flag.load(Ordering::Relaxed);
                for_search.answer(&cancelled)
            };
            let known = match tokio::task::spawn_blocking(search).await {
                Ok(found) => found,
                Err(fault) => {
                    let shown = question.path().display();
                    answers
                        .log
                        .error(format!("{shown} cannot be examined: {fault}"));
                    let stamp = Stamp::of(question.path(), false, &|| false);
                    Some(Known {
                        answer: None,
                        stamp,
                    })
                }
            };
            answers.settle(question, &cancelled, known);
        });
    }

    /// Keeps what a search has found, if it is still the search for this question.
    fn settle(&self, question: Question, search: &Arc<AtomicBool>, known: Option<Known>) {
        let mut state = self.lock();
        let Some(entry) = state.get_mut(&question) else {
            return;
        };
        if !entry
            .search
            .as_ref()
            .is_some_and(|now| Arc::ptr_eq(now, search))
        {
            return;
        }
        entry.search = None;
        let Some(known) = known else { return };
        let is_new = entry
            .known
            .as_ref()
            .is_none_or(|before| before.answer != known.answer);
        entry.known = Some(known);
        self.underway.fetch_add(1, Ordering::SeqCst);
        // The receiver is gone only when the server is about to end.
        let _ = self.found.send((question, is_new));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Question, State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Question {
    fn path(&self) -> &Path {
        match self {
            Question::Model(path, _)
            | Question::CalibrationImages(path)
            | Question::UnreadableImages(path)
            | Question::ClassFolders(path)
            | Question::Advice(path) => path,
        }
    }

    /// Finds the answer; `None` when cancelled. The stamp is older than the answer, so that a
    /// change in between shows.
    fn answer(&self, cancelled: &dyn Fn() -> bool) -> Option<Known> {
        let facts = CancellableFacts { cancelled };
        // A model may be a folder whose files matter.
        let files = matches!(self, Question::Model(..));
        let mut stamp = Stamp::of(self.path(), files, cancelled);
        let answer = match self {
            Question::Model(path, size) => Answer::Model(facts.model(path, *size)?),
            Question::CalibrationImages(folder) => {
                Answer::CalibrationImages(facts.calibration_images(folder)?)
            }
            Question::UnreadableImages(folder) => {
                let examination = facts.unreadable_images(folder)?;
                // Their repair changes no folder.
                let files = examination
                    .unreadable
                    .iter()
                    .map(|(path, _)| path.as_path());
                stamp = stamp.and(files);
                Answer::UnreadableImages(examination)
            }
            Question::ClassFolders(folder) => Answer::ClassFolders(facts.class_folders(folder)?),
            Question::Advice(report) => Answer::Advice(facts.advice(report)),
        };
        (!cancelled()).then_some(Known {
            answer: Some(answer),
            stamp,
        })
    }
}
