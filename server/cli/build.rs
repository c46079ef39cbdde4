//! Lets the program find the TFLite runtime beside itself, or in the `lib` folder next to its own.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_TFLITE_RUNTIME").is_none() {
        return;
    }
    let here = match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux") => "$ORIGIN",
        Ok("macos") => "@loader_path",
        _ => return,
    };
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{here}");
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{here}/../lib");
}
