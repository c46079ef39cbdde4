//! Which prebuilt libraries belong to which machine.

use std::env::consts::{ARCH, OS};

/// A native library inside a wheel.
pub struct Library {
    /// Path below the folder that the wheel is unpacked to.
    pub path_in_wheel: &'static str,
    /// Name under which the linker and bindgen look for it.
    pub file_name: &'static str,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: &'static str,
}

/// A machine for which a prebuilt runtime exists.
pub struct Platform {
    /// Operating system and processor, as the standard library names them.
    pub name: &'static str,
    /// The target for which Rust compiles.
    pub target: &'static str,
    /// The target for which VS Code installs a package.
    pub vscode_target: &'static str,
    /// Platform tags under which pip finds the wheels.
    pub wheel_tags: &'static [&'static str],
    /// The TFLite runtime.
    pub tflite: Library,
    /// The library with which bindgen reads C headers.
    pub clang: Library,
}

/// Every machine for which a prebuilt runtime exists.
pub const PLATFORMS: [Platform; 3] = [
    Platform {
        name: "linux-x86_64",
        target: "x86_64-unknown-linux-gnu",
        vscode_target: "linux-x64",
        wheel_tags: &["manylinux_2_35_x86_64", "manylinux2010_x86_64"],
        tflite: Library {
            path_in_wheel: "pymicro_wakeword/lib/libtensorflowlite_c.so",
            file_name: "libtensorflowlite_c.so",
            sha256: "25465edb5cd7aadd00249d4d28f1d922ce5cc90195ad4403458111dd63493bae",
        },
        clang: Library {
            path_in_wheel: "libclang-18.1.1.data/platlib/clang/native/libclang.so",
            file_name: "libclang.so",
            sha256: "a8612b1c9a7125701277f63e5616f1d1eb9c91410c4bf195878067868c927f94",
        },
    },
    Platform {
        name: "linux-aarch64",
        target: "aarch64-unknown-linux-gnu",
        vscode_target: "linux-arm64",
        wheel_tags: &["manylinux_2_35_aarch64", "manylinux2014_aarch64"],
        tflite: Library {
            path_in_wheel: "pymicro_wakeword/lib/libtensorflowlite_c.so",
            file_name: "libtensorflowlite_c.so",
            sha256: "12062437bfde367b1be592ebc4a9fe64b8453f90b3b7dc21fade002c38e1ac1a",
        },
        clang: Library {
            path_in_wheel: "libclang-18.1.1.data/platlib/clang/native/libclang.so",
            file_name: "libclang.so",
            sha256: "87cc443de7278fa112ed50fac8844b1d5c6344f549b8b514e4381f26da006f65",
        },
    },
    Platform {
        name: "macos-aarch64",
        target: "aarch64-apple-darwin",
        vscode_target: "darwin-arm64",
        wheel_tags: &["macosx_15_0_universal2", "macosx_11_0_arm64"],
        tflite: Library {
            path_in_wheel: "pymicro_wakeword/lib/libtensorflowlite_c.dylib",
            file_name: "libtensorflowlite_c.dylib",
            sha256: "e77597b3710e43f58f1c37a9c8979a82901ed9f3a11de71e95f2154a4c9ce6d7",
        },
        clang: Library {
            path_in_wheel: "libclang-18.1.1.data/platlib/clang/native/libclang.dylib",
            file_name: "libclang.dylib",
            sha256: "58ed3e937d7d87fdf13b177e39b6d7b26089fe1460c0d1e958707661277b6454",
        },
    },
];

/// The platform this program was built for.
///
/// # Errors
/// A sentence when there is no prebuilt runtime for it.
pub fn current() -> Result<&'static Platform, String> {
    named(&format!("{OS}-{ARCH}"))
}

fn named(name: &str) -> Result<&'static Platform, String> {
    PLATFORMS
        .iter()
        .find(|platform| platform.name == name)
        .ok_or_else(|| {
            let known: Vec<&str> = PLATFORMS.iter().map(|platform| platform.name).collect();
            format!(
                "there is no prebuilt TFLite runtime for {name}, only for {}; \
                 `cargo build --release` makes a program that quantizes but does not evaluate \
                 .tflite files",
                known.join(", ")
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_platforms_by_name() {
        let check = |name, expected| assert_eq!(named(name).is_ok(), expected, "{name}");
        check("linux-x86_64", true);
        check("linux-aarch64", true);
        check("macos-aarch64", true);
        check("windows-x86_64", false);
        check("linux", false);
    }

    #[test]
    fn the_lock_file_has_one_hash_for_each_wheel() {
        let lock = include_str!("../runtime.lock");
        assert_eq!(lock.matches("--hash=sha256:").count(), 2 * PLATFORMS.len());
    }
}
