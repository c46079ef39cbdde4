//! What all parts of a running server share.

use crate::abilities::Abilities;
use crate::checks::Checks;
use crate::disk::{Answers, Question, Trust};
use crate::documents::Documents;
use crate::glob;
use crate::jobs::{Failures, Jobs};
use crate::log::Log;
use crate::options::{ClientOptions, Options};
use crate::status::Status;
use configuration::{Document, is_kept_configuration};
use localization::Localization;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tower_lsp::Client;
use tower_lsp::lsp_types::Url;

/// One client from `initialize` to `exit`.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) log: Log,
    pub(crate) documents: Documents,
    pub(crate) checks: Checks,
    pub(crate) answers: Arc<Answers>,
    pub(crate) jobs: Jobs,
    pub(crate) failures: Failures,
    pub(crate) status: Status,
    /// The program that runs jobs.
    pub(crate) program: PathBuf,
    /// Tells the server's main task that the client wants the end.
    pub(crate) exit: Notify,
    /// Tells that the disk has changed.
    pub(crate) disk_changed: Notify,
    abilities: OnceLock<Abilities>,
    localization: OnceLock<Localization>,
    shut_down: AtomicBool,
    choices: Mutex<Choices>,
}

/// What the client may change while it is connected.
#[derive(Debug, Default)]
struct Choices {
    options: Arc<ClientOptions>,
    /// The folders of the workspace.
    folders: Vec<PathBuf>,
    /// Files that the client has said to have changed.
    changed: HashSet<PathBuf>,
}

impl Session {
    /// A session, and the questions whose answers are found while it lasts.
    pub(crate) fn new(
        client: Client,
        options: &Options,
    ) -> (Session, UnboundedReceiver<(Question, bool)>) {
        let (sender, found) = unbounded_channel();
        let log = Log::new(client.clone(), options.log.as_deref());
        let session = Session {
            client,
            documents: Documents::default(),
            checks: Checks::default(),
            answers: Arc::new(Answers::new(sender, log.clone())),
            jobs: Jobs::default(),
            failures: Failures::default(),
            status: Status::default(),
            program: options.program.clone(),
            exit: Notify::new(),
            disk_changed: Notify::new(),
            abilities: OnceLock::new(),
            localization: OnceLock::new(),
            shut_down: AtomicBool::new(false),
            choices: Mutex::default(),
            log,
        };
        (session, found)
    }

    /// Keeps what the client said in `initialize`. From now on its documents count.
    pub(crate) fn introduce(
        &self,
        abilities: Abilities,
        localization: Localization,
        options: ClientOptions,
        folders: Vec<PathBuf>,
    ) {
        {
            let mut choices = self.choices();
            choices.options = Arc::new(options);
            choices.folders = folders;
        }
        // The library refuses a second `initialize`.
        let _ = self.localization.set(localization);
        let _ = self.abilities.set(abilities);
    }

    /// Whether documents and requests count: after `initialize` and before `shutdown`.
    pub(crate) fn is_open(&self) -> bool {
        self.abilities.get().is_some() && !self.is_shut_down()
    }

    pub(crate) fn shut_down(&self) {
        self.shut_down.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::SeqCst)
    }

    pub(crate) fn abilities(&self) -> Abilities {
        self.abilities.get().copied().unwrap_or(Abilities::NONE)
    }

    /// The language of what the client shows. The log, and everything that is kept, is English.
    pub(crate) fn localization(&self) -> Localization {
        self.localization.get().copied().unwrap_or_default()
    }

    pub(crate) fn options(&self) -> Arc<ClientOptions> {
        Arc::clone(&self.choices().options)
    }

    pub(crate) fn set_options(&self, options: ClientOptions) {
        self.choices().options = Arc::new(options);
    }

    pub(crate) fn change_folders(&self, removed: &[PathBuf], added: Vec<PathBuf>) {
        let mut choices = self.choices();
        choices.folders.retain(|folder| !removed.contains(folder));
        choices.folders.extend(added);
    }

    /// Notes files that the client has seen to change.
    pub(crate) fn files_changed(&self, files: impl IntoIterator<Item = PathBuf>) {
        self.choices().changed.extend(files);
        self.disk_changed.notify_one();
    }

    /// The files that were noted since the last call.
    pub(crate) fn take_changed_files(&self) -> HashSet<PathBuf> {
        std::mem::take(&mut self.choices().changed)
    }

    /// What may be looked at on behalf of a document. Its own folder always may: the user has
    /// opened it.
    pub(crate) fn trust(&self, document: &Document) -> Trust {
        let choices = self.choices();
        Trust {
            everything: choices.options.trusted,
            folders: [document.folder().to_owned()]
                .into_iter()
                .chain(choices.folders.iter().cloned())
                .collect(),
        }
    }

    /// Whether a document is a configuration of this program. Other programs' files of that name
    /// stay silent, and so do the copies that were kept with runs.
    pub(crate) fn is_configuration(&self, document: &Document) -> bool {
        if is_kept_configuration(document.file()) {
            return false;
        }
        let options = self.options();
        let path = document.file().to_string_lossy();
        document.is_ours()
            || options
                .configuration_files
                .iter()
                .any(|glob| glob::matches(glob, &path))
    }

    /// The open documents that are configurations.
    pub(crate) fn configurations(&self) -> Vec<Url> {
        let mut uris = self.documents.uris();
        uris.retain(|uri| {
            let snapshot = self.documents.snapshot(uri);
            snapshot.is_some_and(|snapshot| self.is_configuration(snapshot.document()))
        });
        uris
    }

    /// Tells the client whether everything is checked, if that has changed.
    pub(crate) async fn tell_status(&self) {
        if self.options().status_events {
            let quiescent = || self.checks.are_idle() && !self.answers.are_sought();
            self.status.tell(&self.client, quiescent).await;
        }
    }

    fn choices(&self) -> MutexGuard<'_, Choices> {
        self.choices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
