//! The facts of one check, and what they depend on.

use super::answers::{Answer, Answers, Question};
use super::stamp::Mark;
use super::trust::{Trust, normal};
use configuration::{
    ClassFolders, DiskFacts, Entry, Facts, FolderError, ImageExamination, Listed, ModelFacts,
    ModelProblem, ReportedAdvice,
};
use localization::Text;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Facts that notice what is asked.
pub(crate) struct Asked<'a> {
    answers: &'a Arc<Answers>,
    trust: Trust,
    /// Texts of open editors, which win over the disk.
    open: &'a HashMap<PathBuf, Arc<str>>,
    /// Whether answers that are not known are looked for.
    searches: bool,
    dependencies: RefCell<Dependencies>,
}

/// What an outcome depends on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dependencies {
    /// Files and folders, as they were.
    pub(crate) places: BTreeMap<PathBuf, Option<Mark>>,
    /// Questions whose answers were asked for.
    pub(crate) questions: BTreeSet<Question>,
}

impl Dependencies {
    /// Adds a place as it is now.
    pub(crate) fn see(&mut self, place: &Path) {
        if !self.places.contains_key(place) {
            self.places.insert(place.to_owned(), Mark::of(place));
        }
    }
}

impl<'a> Asked<'a> {
    /// Facts for a check, which has to be told of changes: answers that are not known are looked
    /// for.
    pub(crate) fn by_check(
        answers: &'a Arc<Answers>,
        trust: Trust,
        open: &'a HashMap<PathBuf, Arc<str>>,
    ) -> Asked<'a> {
        Asked {
            answers,
            trust,
            open,
            searches: true,
            dependencies: RefCell::default(),
        }
    }

    /// Facts for help at this moment, from what is known.
    pub(crate) fn in_passing(
        answers: &'a Arc<Answers>,
        trust: Trust,
        open: &'a HashMap<PathBuf, Arc<str>>,
    ) -> Asked<'a> {
        Asked {
            searches: false,
            ..Asked::by_check(answers, trust, open)
        }
    }

    /// What was asked.
    pub(crate) fn dependencies(self) -> Dependencies {
        self.dependencies.into_inner()
    }

    /// Notes a place, and tells whether it may be looked at. The mark is taken before the answer,
    /// so that a change in between shows.
    fn note(&self, place: &Path) -> bool {
        let covered = self.trust.covers(place);
        if covered && self.searches {
            self.dependencies.borrow_mut().see(place);
        }
        covered
    }

    fn answer(&self, question: Question) -> Option<Answer> {
        // What is inside a file is nothing but trouble where nobody trusts it.
        if !self.trust.everything {
            return None;
        }
        if !self.searches {
            return self.answers.known(&question);
        }
        let answer = self.answers.ask(&question);
        self.dependencies.borrow_mut().questions.insert(question);
        answer
    }
}

impl Facts for Asked<'_> {
    fn entry(&self, path: &Path) -> Entry {
        if !self.note(path) {
            return Entry::OutsideTrust;
        }
        DiskFacts.entry(path)
    }

    fn link_target(&self, link: &Path) -> Option<PathBuf> {
        self.note(link).then(|| DiskFacts.link_target(link))?
    }

    fn listing(&self, folder: &Path) -> Vec<Listed> {
        if !self.note(folder) {
            return Vec::new();
        }
        DiskFacts.listing(folder)
    }

    fn size(&self, file: &Path) -> Option<u64> {
        self.note(file).then(|| DiskFacts.size(file))?
    }

    fn modified(&self, file: &Path) -> Option<SystemTime> {
        self.note(file).then(|| DiskFacts.modified(file))?
    }

    fn text(&self, file: &Path) -> Option<Result<Arc<str>, Text>> {
        if !self.note(file) {
            return None;
        }
        match self.open.get(&normal(file)) {
            Some(text) => Some(Ok(Arc::clone(text))),
            None => DiskFacts.text(file),
        }
    }

    fn model(
        &self,
        path: &Path,
        input_size: Option<[usize; 2]>,
    ) -> Option<Result<Arc<ModelFacts>, ModelProblem>> {
        match self.answer(Question::Model(path.to_owned(), input_size))? {
            Answer::Model(model) => Some(model),
            _ => None,
        }
    }

    fn calibration_images(&self, folder: &Path) -> Option<Result<usize, FolderError>> {
        match self.answer(Question::CalibrationImages(folder.to_owned()))? {
            Answer::CalibrationImages(count) => Some(count),
            _ => None,
        }
    }

    fn unreadable_images(&self, folder: &Path) -> Option<Arc<ImageExamination>> {
        match self.answer(Question::UnreadableImages(folder.to_owned()))? {
            Answer::UnreadableImages(examination) => Some(examination),
            _ => None,
        }
    }

    fn class_folders(&self, folder: &Path) -> Option<Result<Arc<ClassFolders>, FolderError>> {
        match self.answer(Question::ClassFolders(folder.to_owned()))? {
            Answer::ClassFolders(classes) => Some(classes),
            _ => None,
        }
    }

    fn advice(&self, report: &Path) -> Option<Arc<ReportedAdvice>> {
        match self.answer(Question::Advice(report.to_owned()))? {
            Answer::Advice(advice) => advice,
            _ => None,
        }
    }

    fn holds_images(&self, folder: &Path) -> Option<bool> {
        self.note(folder).then(|| DiskFacts.holds_images(folder))?
    }
}
