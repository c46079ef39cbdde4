//! The machine that a measurement was made on.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::thread;

/// One paragraph: processor, cores, system, and how busy the machine is.
pub fn describe() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let averages = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let processor = processor(&information).unwrap_or("unknown processor");
    let mut text = format!("{processor}, {cores} cores, {OS} {ARCH}");
    if let Some(load) = load(&averages) {
        text += &format!(", load average {load:.2} at the start");
        if load > BUSY * cores as f64 {
            text += "\nThe machine is busy with something else: times are too long.";
        }
    }
    text
}

/// The load of one core from which on measured times mean little.
const BUSY: f64 = 0.5;

fn processor(information: &str) -> Option<&str> {
    let line = information
        .lines()
        .find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

fn load(averages: &str) -> Option<f64> {
    averages.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_tells() {
        let information = "processor\t: 0\nmodel name\t: AMD EPYC 7B13\ncache\t: 512\n";
        assert_eq!(processor(information), Some("AMD EPYC 7B13"));
        assert_eq!(processor("processor\t: 0\n"), None);
        assert_eq!(load("2.17 3.27 4.21 1/80 25965\n"), Some(2.17));
        assert_eq!(load(""), None);
    }
}
