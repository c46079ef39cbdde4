//! Runs the Python program that makes the models.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::SyncSender;

use crate::Generation;

/// So many models one process makes: TensorFlow never gives all their memory back.
const MODELS_PER_PROCESS: usize = 12;

/// The Python program in the environment of one generation.
pub(crate) struct Generator {
    pub(crate) generation: Generation,
    pub(crate) python: PathBuf,
    pub(crate) script: PathBuf,
    /// Where the folders of the models lie.
    pub(crate) folder: PathBuf,
    /// Takes what the program prints for people.
    pub(crate) log: PathBuf,
}

/// A model that was asked for.
pub(crate) struct Made {
    pub(crate) generation: Generation,
    pub(crate) name: String,
    /// Its folder, or why there is none.
    pub(crate) folder: Result<PathBuf, String>,
}

impl Generator {
    /// Names of all models that this generation of Keras makes.
    ///
    /// # Errors
    /// A sentence when the program fails.
    pub(crate) fn list(&self) -> Result<Vec<String>, String> {
        let output = self
            .command()?
            .arg("--list")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| self.cannot_start(&error))?;
        if !output.status.success() {
            return Err(self.failure("could not list its models"));
        }
        let names = String::from_utf8_lossy(&output.stdout);
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// Makes models one after the other and hands each over as soon as it is there. The next one
    /// is begun when the receiver has taken it, so that few files wait. Ends early when nobody
    /// receives any more.
    pub(crate) fn make(&self, mut names: &[String], receiver: &SyncSender<Made>) {
        while let Some(next) = names.get(..names.len().min(MODELS_PER_PROCESS))
            && !next.is_empty()
        {
            let (count, ending) = self.make_some(next, receiver);
            names = names.get(count..).unwrap_or_default();
            let problem = match ending {
                Ok(()) if count == next.len() => continue,
                Ok(()) => self.failure("ended unexpectedly"),
                Err(Ending::Unreceived) => return,
                Err(Ending::Problem(problem)) => problem,
            };
            // The model that was being made when the process ended is at fault.
            if let Some((name, rest)) = names.split_first() {
                names = rest;
                if receiver.send(self.made(name, Err(problem))).is_err() {
                    return;
                }
            }
        }
    }

    /// Runs one process and counts the models that it reported.
    fn make_some(
        &self,
        names: &[String],
        receiver: &SyncSender<Made>,
    ) -> (usize, Result<(), Ending>) {
        let mut child = match self.start(names) {
            Ok(child) => child,
            Err(problem) => return (0, Err(Ending::Problem(problem))),
        };
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return (0, Ok(()));
        };
        let mut count = 0;
        let mut ending = Ok(());
        // TensorFlow prints lines of its own, which are no reports.
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let Some(made) = names.get(count).and_then(|name| self.report(name, &line)) else {
                continue;
            };
            count += 1;
            if receiver.send(made).is_err() {
                ending = Err(Ending::Unreceived);
                break;
            }
            // When the process has gone, its output ends too.
            let _ = input.write_all(b"\n");
        }
        if ending.is_err() {
            let _ = child.kill();
        }
        let _ = child.wait();
        (count, ending)
    }

    fn start(&self, names: &[String]) -> Result<Child, String> {
        self.command()?
            .arg("--wait")
            .arg(&self.folder)
            .args(names)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| self.cannot_start(&error))
    }

    fn command(&self) -> Result<Command, String> {
        let cannot_write = |error| format!("cannot write {}: {error}", self.log.display());
        fs::create_dir_all(&self.folder).map_err(cannot_write)?;
        let log = File::options()
            .append(true)
            .create(true)
            .open(&self.log)
            .map_err(cannot_write)?;
        let mut command = Command::new(&self.python);
        // No byte code beside the scripts: the repository stays as it is.
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(&self.script)
            .stderr(log);
        Ok(command)
    }

    /// Reads `ready NAME ...` or `failed NAME WORDS`.
    fn report(&self, name: &str, line: &str) -> Option<Made> {
        let (ending, rest) = line.split_once(' ')?;
        let words = rest.strip_prefix(name)?.strip_prefix(' ')?;
        match ending {
            "ready" => Some(self.made(name, Ok(self.folder.join(name)))),
            "failed" => Some(self.made(name, Err(format!("the model was not made: {words}")))),
            _ => None,
        }
    }

    fn made(&self, name: &str, folder: Result<PathBuf, String>) -> Made {
        Made {
            generation: self.generation,
            name: name.to_owned(),
            folder,
        }
    }

    fn cannot_start(&self, error: &std::io::Error) -> String {
        format!("cannot start {}: {error}", self.python.display())
    }

    fn failure(&self, what: &str) -> String {
        format!("the generator {what}; see {}", self.log.display())
    }
}

enum Ending {
    /// Nobody receives models any more.
    Unreceived,
    /// The process could not be started.
    Problem(String),
}

/// Length of all files in a folder, in bytes; what cannot be read counts nothing.
pub(crate) fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
