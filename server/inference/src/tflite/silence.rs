//! The runtime tells on standard error that it has made its first delegate, and has no switch for
//! that; in the middle of a progress bar nobody wants to know.

use std::sync::Mutex;

/// Whether the runtime has said its piece.
static SAID: Mutex<bool> = Mutex::new(false);

/// Runs `first` without standard error the first time it is called in this process.
pub(super) fn without_first_notice<T>(first: impl FnOnce() -> T) -> T {
    let mut said = SAID.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if *said {
        drop(said);
        return first();
    }
    *said = true;
    let silence = Silence::begin();
    let result = first();
    drop(silence);
    result
}

#[cfg(unix)]
struct Silence(Option<rustix::fd::OwnedFd>);

#[cfg(unix)]
impl Silence {
    /// Leaves standard error as it is if it cannot be put aside.
    fn begin() -> Self {
        let aside = rustix::io::dup(rustix::stdio::stderr()).ok();
        let nowhere = std::fs::File::options().write(true).open("/dev/null").ok();
        match (aside, nowhere) {
            (Some(aside), Some(nowhere)) if rustix::stdio::dup2_stderr(&nowhere).is_ok() => {
                Self(Some(aside))
            }
            _ => Self(None),
        }
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        if let Some(aside) = &self.0 {
            // Fails only without descriptors, and then nothing more can be printed anyway.
            let _ = rustix::stdio::dup2_stderr(aside);
        }
    }
}

#[cfg(not(unix))]
struct Silence;

#[cfg(not(unix))]
impl Silence {
    fn begin() -> Self {
        Self
    }
}
