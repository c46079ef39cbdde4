use std::io::ErrorKind;

use crate::Ending;
use crate::arguments::InitArguments;
use crate::print::print;

/// Writes a configuration to start from; never over one that has any text.
pub(crate) fn init(arguments: &InitArguments) -> Result<Ending, String> {
    let folder = &arguments.folder;
    let path = folder.join("configuration.json");
    let shown = path.display();
    std::fs::create_dir_all(folder).map_err(|error| {
        format!(
            "cannot make the folder \"{}\" ({error}); choose another folder",
            folder.display()
        )
    })?;
    configuration::write_starting_configuration(&path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            format!("\"{shown}\" exists already; edit it, or choose another folder")
        }
        _ => format!("cannot write \"{shown}\" ({error}); choose another folder"),
    })?;
    print(&format!(
        "wrote {shown}\nedit its paths, then run: model-quantizer check {shown}\n"
    ))?;
    Ok(Ending::Done)
}
