//! Time and memory of a child process.
//!
//! Processor time and memory come from Linux's `/proc` (man page proc(5)); elsewhere they are
//! unknown.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::cannot_start;

/// What one run of a command cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    /// From start to end.
    pub wall: Duration,
    /// Of all cores together, in user and in system mode.
    pub processor: Option<Duration>,
    /// The largest resident size, in bytes.
    pub peak_memory: Option<u64>,
}

/// How often the memory is read. Linux itself keeps the peak, so little is missed between the last
/// look and the end.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Linux counts processor time in this unit, on every processor that has a TFLite runtime.
const CLOCK_TICK: Duration = Duration::from_millis(10);

/// Runs a command to its end.
///
/// # Errors
/// A sentence when it fails or cannot be started.
pub fn measure(mut command: Command) -> Result<Measurement, String> {
    let processor_before = processor_time_of_children();
    let start = Instant::now();
    let mut child = command
        .spawn()
        .map_err(|error| cannot_start(&command, &error))?;
    let status_file = format!("/proc/{}/status", child.id());
    let has_ended = AtomicBool::new(false);
    let (status, wall, peak_memory) = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = None;
            while !has_ended.load(Ordering::Relaxed) {
                let status = fs::read_to_string(&status_file).unwrap_or_default();
                peak = peak.max(peak_memory(&status));
                thread::sleep(LOOK_EVERY);
            }
            peak
        });
        let status = child.wait();
        let wall = start.elapsed();
        has_ended.store(true, Ordering::Relaxed);
        (status, wall, watcher.join().unwrap_or_default())
    });
    if !status.is_ok_and(|status| status.success()) {
        return Err(format!("{command:?} failed"));
    }
    let processor = processor_time_of_children()
        .zip(processor_before)
        .map(|(after, before)| after.saturating_sub(before));
    Ok(Measurement {
        wall,
        processor,
        peak_memory,
    })
}

/// Runs a command of milliseconds several times: the median wall time, the mean processor time, and
/// no peak memory, which such a short run does not let one see.
///
/// # Errors
/// A sentence when it fails or cannot be started.
pub fn median_of(runs: usize, command: impl Fn() -> Command) -> Result<Measurement, String> {
    let costs = (0..runs)
        .map(|_| measure(command()))
        .collect::<Result<Vec<_>, _>>()?;
    let processor = costs
        .iter()
        .map(|cost| cost.processor)
        .sum::<Option<Duration>>();
    Ok(Measurement {
        wall: median(costs.iter().map(|cost| cost.wall).collect()),
        processor: processor
            .zip(u32::try_from(runs).ok())
            .and_then(|(sum, runs)| sum.checked_div(runs)),
        peak_memory: None,
    })
}

/// The duration in the unit that suits it.
pub fn readable(duration: Duration) -> String {
    if duration < Duration::from_millis(100) {
        format!("{:.1} ms", duration.as_secs_f64() * 1e3)
    } else {
        format!("{:.2} s", duration.as_secs_f64())
    }
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    let upper = durations.get(durations.len() / 2);
    let lower = durations.get(durations.len().saturating_sub(1) / 2);
    upper
        .zip(lower)
        .map_or(Duration::ZERO, |(upper, lower)| (*upper + *lower) / 2)
}

/// Of all children that have ended.
fn processor_time_of_children() -> Option<Duration> {
    processor_time(&fs::read_to_string("/proc/self/stat").ok()?)
}

fn processor_time(stat: &str) -> Option<Duration> {
    // The program's name, in parentheses, may have spaces. After it comes field 3.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(16 - 3);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    CLOCK_TICK.checked_mul(user.checked_add(system)?)
}

fn peak_memory(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_processor_time_of_children() {
        let check = |stat, expected: Option<u64>| {
            assert_eq!(
                processor_time(stat),
                expected.map(Duration::from_millis),
                "{stat}"
            );
        };
        check(
            "42 (a ) b) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 120 30 20 0 1 0 99 1000 10",
            Some(1500),
        );
        check("42 (short) S 1 1", None);
        check("", None);
    }

    #[test]
    fn reads_the_peak_memory() {
        let check = |status, expected| assert_eq!(peak_memory(status), expected, "{status}");
        check(
            "VmPeak:\t  9000 kB\nVmHWM:\t    2000 kB\nVmRSS:\t 1 kB\n",
            Some(2_048_000),
        );
        check("Name:\tkthreadd\n", None);
    }

    #[test]
    fn takes_the_median() {
        let check = |milliseconds: &[u64], expected| {
            let durations = milliseconds
                .iter()
                .copied()
                .map(Duration::from_millis)
                .collect();
            assert_eq!(median(durations), Duration::from_millis(expected));
        };
        check(&[], 0);
        check(&[7], 7);
        check(&[9, 1, 5], 5);
        check(&[4, 100, 2, 1], 3);
    }

    #[test]
    fn chooses_the_unit() {
        let check = |microseconds, expected| {
            assert_eq!(readable(Duration::from_micros(microseconds)), expected);
        };
        check(4_160, "4.2 ms");
        check(99_900, "99.9 ms");
        check(100_000, "0.10 s");
        check(7_704_000, "7.70 s");
    }

    #[cfg(unix)]
    #[test]
    fn measures_a_command_and_refuses_a_failing_one() {
        let shell = |script| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            shell
        };
        let cost = measure(shell("sleep 0.1")).unwrap();
        assert!(cost.wall >= Duration::from_millis(100));
        assert_eq!(cost.peak_memory.is_some(), cfg!(target_os = "linux"));
        assert!(measure(shell("exit 2")).is_err());
        assert!(measure(Command::new("/no/such/program")).is_err());
    }
}
