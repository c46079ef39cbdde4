//! The configuration that `init` writes.

use crate::schema::keys;
use serde_json::Value;

/// A configuration with the ten required keys at their proposed values, each below a comment that
/// says what it means. It satisfies the schema; the paths in it have to be filled in.
pub fn starting_configuration() -> String {
    let members: Vec<String> = keys(&[])
        .into_iter()
        .filter(|help| help.required)
        .map(|help| {
            let comment = Value::from(format!("{}: {}", help.title, help.description));
            let value = help.default.unwrap_or_else(|| "null".to_owned());
            format!("  \"// {0}\": {comment},\n  \"{0}\": {value}", help.key)
        })
        .collect();
    format!("{{\n{}\n}}\n", members.join(",\n\n"))
}
