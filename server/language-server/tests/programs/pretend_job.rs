//! A job that does what `pretend.txt` beside the configuration says, one instruction a line:
//! `print TEXT`, `error TEXT` (to standard error), `sleep MILLISECONDS`, `until-input-closes`,
//! `forever`, `exit CODE`, and `arguments FILE`, which notes what the program was called with.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let configuration = arguments.last().map_or("", String::as_str);
    let script = Path::new(configuration).with_file_name("pretend.txt");
    let script = std::fs::read_to_string(script).unwrap_or_default();
    for line in script.lines() {
        let (instruction, argument) = line.split_once(' ').unwrap_or((line, ""));
        match instruction {
            "print" => println!("{argument}"),
            "error" => eprintln!("{argument}"),
            "sleep" => {
                let milliseconds = argument.parse().unwrap_or(0);
                std::thread::sleep(Duration::from_millis(milliseconds));
            }
            "until-input-closes" => {
                // An error ends the input as well.
                let _ = std::io::stdin().read_to_end(&mut Vec::new());
            }
            "forever" => loop {
                std::thread::sleep(Duration::from_secs(60));
            },
            "exit" => std::process::exit(argument.parse().unwrap_or(0)),
            "arguments" => {
                let noted = std::fs::write(argument, arguments.join("\n"));
                assert!(noted.is_ok(), "{argument} cannot be written");
            }
            other => eprintln!("there is no instruction {other}"),
        }
    }
}
