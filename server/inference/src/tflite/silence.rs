//! The runtime tells on standard error that it has made its first delegate, and has no switch for
//! that; in the middle of a progress bar nobody wants to know.

use graph::{Activation, Graph, Op};
use tflite::{Encodings, WriteOptions};

use super::{Kernels, TfliteModel};
use crate::Model as _;

/// Lets the runtime make its first delegate, for a model of one operator, while standard error is
/// put aside. Failures are left for the first real model to tell.
pub(super) fn make_first_delegate() {
    let mut graph = Graph::new("first delegate");
    let Ok(x) = graph.add_input("x", &[1, 4]) else {
        return;
    };
    let Ok(y) = graph.add_node("y", Op::Activation(Activation::Relu), &[x]) else {
        return;
    };
    graph.set_outputs(&[y]);
    let Ok(file) = tflite::write(&graph, &Encodings::float(), &WriteOptions::default()) else {
        return;
    };
    let Ok(model) = TfliteModel::from_bytes(&file, Kernels::Xnnpack) else {
        return;
    };
    let silence = Silence::begin();
    drop(model.engine());
    drop(silence);
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
