use configuration::report::{human, records, sarif};
use configuration::{Configuration, DiskFacts, Finding, Severity};
use serde_json::to_string_pretty;

use crate::Ending;
use crate::arguments::{CheckArguments, FindingFormat};
use crate::print::print;

/// Prints what is wrong with a configuration. Hints alone are no reason to fail.
pub(crate) fn check(arguments: &CheckArguments) -> Result<Ending, String> {
    let path = &arguments.configuration;
    let configuration = Configuration::load(path, &DiskFacts).map_err(|error| error.to_string())?;
    let (text, findings) = (configuration.text(), configuration.findings());
    let shown = path.to_string_lossy();
    let report = match arguments.format {
        FindingFormat::Human if findings.is_empty() => format!("{shown}: no problems\n"),
        FindingFormat::Human => human(&shown, text, findings),
        FindingFormat::Json => document(to_string_pretty(&records(text, findings)))?,
        FindingFormat::Sarif => {
            let log = sarif(&shown, text, findings, env!("CARGO_PKG_VERSION"));
            document(to_string_pretty(&log))?
        }
    };
    print(&report)?;
    let serious = |finding: &Finding| finding.severity() > Severity::Hint;
    Ok(match findings.iter().any(serious) {
        true => Ending::Findings,
        false => Ending::Done,
    })
}

fn document(json: Result<String, serde_json::Error>) -> Result<String, String> {
    json.map(|json| json + "\n")
        .map_err(|error| error.to_string())
}
