//! A job that is cancelled ends within a second and leaves everything as it was.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Finished, Project};

const LIMIT: Duration = Duration::from_secs(1);

/// A project on which each job takes several seconds.
fn large() -> Project {
    const COPIES: usize = 12;
    let project = Project::flowers();
    project.set("iteration_count", 1_000_000);
    project.job("quantize", &["--seed", "1"]);
    for set in ["training", "validation"] {
        for class in fs::read_dir(project.path("dataset").join(set)).unwrap() {
            let class = class.unwrap().path();
            let pictures = fs::read_dir(&class).unwrap().collect::<Result<Vec<_>, _>>();
            for picture in pictures.unwrap() {
                for copy in 1..COPIES {
                    let name = format!("{copy}_{}", picture.file_name().to_str().unwrap());
                    fs::hard_link(picture.path(), class.join(name)).unwrap();
                }
            }
        }
    }
    project
}

/// Starts a job, cancels it after its first report of progress, and checks how it ends.
#[track_caller]
fn check(project: &Project, job: &str, options: &[&str], cancel: impl Fn(&mut Child)) {
    let arguments = [
        &[
            job,
            "configuration.json",
            "--threads",
            "1",
            "--message-format",
            "json",
        ],
        options,
    ];
    let mut child = project
        .command(&arguments.concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    while !printed.contains(r#""event":"progress""#) {
        assert_ne!(output.read_line(&mut printed).unwrap(), 0, "{printed}");
    }
    let cancelled = Instant::now();
    cancel(&mut child);
    output.read_to_string(&mut printed).unwrap();
    let mut finished: Finished = child.wait_with_output().unwrap().into();
    let elapsed = cancelled.elapsed();
    finished.stdout = printed;
    let finished = finished.assert_code(2);
    assert!(elapsed < LIMIT, "{elapsed:?}");
    let events = finished.events();
    let last = events.last().unwrap();
    assert_eq!(last["event"], "error");
    assert_eq!(last["cancelled"], true);
    assert!(
        last["message"].as_str().unwrap().starts_with("cancelled"),
        "{last}"
    );
    assert_eq!(finished.stderr, "");
}

fn close_input(child: &mut Child) {
    drop(child.stdin.take());
}

#[cfg(unix)]
fn interrupt(child: &mut Child) {
    let status = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn cancelled_jobs_end_soon_and_leave_nothing() {
    let project = large();
    let check_both = |job| {
        let before = project.snapshot();
        #[cfg(unix)]
        check(&project, job, &[], interrupt);
        check(&project, job, &["--stop-with-stdin"], close_input);
        before.assert_unchanged(&project);
    };
    // There are models, but no results yet.
    check_both("evaluate");
    project.write("results/results.json", "earlier results");
    check_both("evaluate");
    check_both("quantize");
    project.set("output_dir", "not/there/yet");
    check_both("quantize");
}

#[test]
fn closed_input_does_not_matter_without_the_option() {
    let project = Project::small();
    // The input of these runs is empty.
    project.job("quantize", &[]);
}
