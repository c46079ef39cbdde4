//! The configurations that are kept with runs. They are a record of what a job has read and belong
//! to the folder that the job has read them in, so nobody checks or runs them where they lie.

use std::path::Path;

/// Name of the configuration in the folder of a run.
pub const KEPT_CONFIGURATION: &str = "configuration.json";

/// Whether `name` is that of a run's folder: `2026-01-31T23-59-59.250Z-quantize`, and `-2` and so
/// on behind it where a millisecond has several.
pub fn is_run_name(name: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00-00-00.000Z-";
    let Some((time, rest)) = name.split_at_checked(SHAPE.len()) else {
        return false;
    };
    let fits = |(&letter, &shape): (&u8, &u8)| match shape {
        b'0' => letter.is_ascii_digit(),
        shape => letter == shape,
    };
    let (job, number) = rest.split_once('-').unwrap_or((rest, "2"));
    time.as_bytes().iter().zip(SHAPE).all(fits)
        && matches!(job, "quantize" | "evaluate")
        && (1..=3).contains(&number.len())
        && number.bytes().all(|letter| letter.is_ascii_digit())
}

/// Whether `file` is the configuration that was kept with a run. The name of the folder tells, also
/// where the run was moved or its record is gone; nobody gives a folder such a name by chance.
pub fn is_kept_configuration(file: &Path) -> bool {
    let folder = file.parent().and_then(Path::file_name);
    file.file_name()
        .is_some_and(|name| name == KEPT_CONFIGURATION)
        && folder
            .and_then(|name| name.to_str())
            .is_some_and(is_run_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_runs_have_one_shape() {
        let check = |name: &str, expected: bool| assert_eq!(is_run_name(name), expected, "{name}");
        check("2026-01-31T23-59-59.250Z-quantize", true);
        check("2026-01-31T23-59-59.250Z-evaluate", true);
        check("2026-01-31T23-59-59.250Z-evaluate-2", true);
        check("2026-01-31T23-59-59.250Z-evaluate-", false);
        check("2026-01-31T23-59-59.250Z-evaluate-x", false);
        check("2026-01-31T23-59-59.250Z-my notes", false);
        check("2026-01-31 23-59-59.250Z-quantize", false);
        check("2026-01-31T23-59-59Z-quantize", false);
        check("2026-01-31T23-59-59", false);
        check("ä026-01-31T23-59-59.250Z-quantize", false);
        check("", false);
    }

    #[test]
    fn kept_configurations_lie_in_folders_of_runs() {
        let check = |file: &str, expected: bool| {
            assert_eq!(is_kept_configuration(Path::new(file)), expected, "{file}");
        };
        let run = "/p/output/runs/2026-01-31T23-59-59.250Z-quantize-2";
        check(&format!("{run}/configuration.json"), true);
        check(&format!("{run}/mine.json"), false);
        check(&format!("{run}/mine/configuration.json"), false);
        check(
            "/archive/2026-01-31T23-59-59.250Z-evaluate/configuration.json",
            true,
        );
        check("/p/output/runs/configuration.json", false);
        check("/p/runs/2026-01-31-quantize/configuration.json", false);
        check("configuration.json", false);
    }
}
