use configuration::report::{human, records};
use configuration::{Configuration, DiskFacts};

use crate::Ending;
use crate::arguments::{CheckArguments, MessageFormat};
use crate::print::print;

/// Prints what is wrong with a configuration.
pub(crate) fn check(arguments: &CheckArguments) -> Result<Ending, String> {
    let path = &arguments.configuration;
    let configuration = Configuration::load(path, &DiskFacts).map_err(|error| error.to_string())?;
    let findings = configuration.findings();
    let shown = path.to_string_lossy();
    let text = match arguments.format {
        MessageFormat::Human if findings.is_empty() => format!("{shown}: no problems\n"),
        MessageFormat::Human => human(&shown, configuration.text(), findings),
        MessageFormat::Json => {
            let records = records(configuration.text(), findings);
            let json = serde_json::to_string_pretty(&records).map_err(|error| error.to_string())?;
            json + "\n"
        }
    };
    print(&text)?;
    let serious = findings
        .iter()
        .any(|finding| finding.severity() != configuration::Severity::Hint);
    Ok(if serious {
        Ending::Findings
    } else {
        Ending::Done
    })
}
