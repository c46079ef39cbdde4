//! What the program and the client choose.

use serde::Deserialize;
use std::path::PathBuf;

/// What the program that runs the server chooses.
#[derive(Clone, Debug)]
pub struct Options {
    /// The `model-quantizer` program, which runs the jobs.
    pub program: PathBuf,
    /// A file that everything logged is added to.
    pub log: Option<PathBuf>,
}

/// What the client chooses: the `initializationOptions` of its `initialize` request, and later the
/// member `modelQuantizer` of the settings in `workspace/didChangeConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClientOptions {
    /// Whether the server reports what the JSON service of an editor would report as well. False
    /// in VS Code, so that each problem shows once.
    pub(crate) report_syntax: bool,
    /// Whether the user trusts the workspace. Otherwise models and images are not read, paths
    /// outside the workspace are not looked at, and no job starts.
    pub(crate) trusted: bool,
    /// Files that are configurations whatever is in them, as globs of their paths.
    pub(crate) configuration_files: Vec<String>,
    /// Whether the client takes `modelQuantizer/job` notifications. Without them a job's failure
    /// is shown as a message.
    pub(crate) job_events: bool,
    /// Whether the client takes `modelQuantizer/status` notifications.
    pub(crate) status_events: bool,
    /// Where `diagnostics.md` is, as a URI.
    pub(crate) documentation: Option<String>,
    /// The client's command that proposes completions, for proposals that lead to further ones.
    pub(crate) suggest_command: Option<String>,
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            report_syntax: true,
            trusted: true,
            configuration_files: Vec::new(),
            job_events: false,
            status_events: false,
            documentation: None,
            suggest_command: None,
        }
    }
}
