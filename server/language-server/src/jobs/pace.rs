//! What a stage of a job is doing, in words, with the time that it will still take.

use localization::{Text, text};
use std::time::Duration;
use tokio::time::Instant;

/// An estimate from less than this says nothing.
const SETTLED: Duration = Duration::from_millis(500);

/// A step of unknown length tells how long it has taken from here on.
const LONG: Duration = Duration::from_secs(2);

/// From here on remaining time is told in minutes, in seconds.
const MINUTES: u64 = 90;

/// How a stage gets on. Times are those of its own stage; what comes later is not foreseen.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    title: Text,
    started: Instant,
    /// Steps done, steps in all, what a step is, and when this was told.
    steps: Option<(u64, u64, Text, Instant)>,
}

impl Pace {
    /// A stage that begins.
    pub(crate) fn begin(title: Text, now: Instant) -> Pace {
        Pace {
            title,
            started: now,
            steps: None,
        }
    }

    /// Notes that `done` of `total` steps are done.
    pub(crate) fn advance(&mut self, done: u64, total: u64, unit: Text, now: Instant) {
        self.steps = Some((done, total, unit, now));
    }

    /// The message at a moment, such as `calibrating: 312/500 images, 4 s left`.
    pub(crate) fn message(&self, now: Instant) -> Text {
        let title = &self.title;
        let Some((done, total, unit, told)) = &self.steps else {
            let taken = now.duration_since(self.started);
            return match taken >= LONG && !title.is_empty() {
                true => text!("{title}, {time} so far", time = rounded(taken)),
                false => title.clone(),
            };
        };
        let counted = text!("{title}: {done}/{total} {unit}");
        let taken = told.duration_since(self.started);
        if *done == 0 || done >= total || taken < SETTLED {
            return counted;
        }
        let needed = taken.as_secs_f64() / *done as f64 * (total - done) as f64;
        let left = Duration::try_from_secs_f64(needed).unwrap_or(Duration::MAX);
        let left = left.saturating_sub(now.duration_since(*told));
        text!("{counted}, {time} left", time = rounded(left))
    }
}

/// Whole seconds, at least one, or whole minutes; rounded up.
fn rounded(time: Duration) -> Text {
    let seconds = time
        .as_secs()
        .saturating_add(u64::from(time.subsec_nanos() > 0))
        .max(1);
    if seconds < MINUTES {
        text!("{seconds} s")
    } else {
        text!("{minutes} min", minutes = seconds.div_ceil(60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_time_follows_the_pace_and_runs_down() {
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut pace = Pace::begin(Text::verbatim("calibrating"), start);
        let check = |pace: &Pace, time, expected: &str| {
            assert_eq!(pace.message(after(time)), expected);
        };
        check(&pace, 0, "calibrating");
        pace.advance(0, 500, Text::verbatim("images"), after(50));
        check(&pace, 60, "calibrating: 0/500 images");
        pace.advance(10, 500, Text::verbatim("images"), after(100));
        check(&pace, 100, "calibrating: 10/500 images");
        pace.advance(250, 500, Text::verbatim("images"), after(10_000));
        check(&pace, 10_000, "calibrating: 250/500 images, 10 s left");
        check(&pace, 14_000, "calibrating: 250/500 images, 6 s left");
        check(&pace, 99_000, "calibrating: 250/500 images, 1 s left");
        pace.advance(500, 500, Text::verbatim("images"), after(99_000));
        check(&pace, 99_000, "calibrating: 500/500 images");
    }

    #[test]
    fn a_step_of_unknown_length_tells_how_long_it_takes() {
        let start = Instant::now();
        let pace = Pace::begin(Text::verbatim("reading the model"), start);
        let message = |seconds| pace.message(start + Duration::from_secs(seconds));
        assert_eq!(message(1), "reading the model");
        assert_eq!(message(7), "reading the model, 7 s so far");
    }

    #[test]
    fn times_are_rounded_up() {
        let check = |seconds: f64, expected: &str| {
            assert_eq!(rounded(Duration::from_secs_f64(seconds)), expected);
        };
        check(0.0, "1 s");
        check(3.2, "4 s");
        check(89.0, "89 s");
        check(91.0, "2 min");
        check(3600.0, "60 min");
        assert!(rounded(Duration::MAX).to_string().ends_with(" min"));
    }
}
