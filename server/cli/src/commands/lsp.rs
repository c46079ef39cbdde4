use language_server::{Ended, Options, run};

use crate::Ending;
use crate::arguments::LspArguments;

/// Serves an editor until it is done or gone. Exit codes are the protocol's: 0 after `shutdown`,
/// else 1.
pub(crate) fn lsp(arguments: LspArguments) -> Result<Ending, String> {
    let program = std::env::current_exe()
        .map_err(|error| format!("cannot tell where this program is ({error})"))?;
    let options = Options {
        program,
        log: arguments.log,
    };
    match run(options) {
        Ok(Ended::Properly) => Ok(Ending::Done),
        Ok(Ended::Abruptly) => Ok(Ending::Findings),
        Err(error) => Err(format!("the language server cannot start ({error})")),
    }
}
