//! The fuzz targets as programs of libFuzzer.

pub use fuzz_targets::Target;
pub use libfuzzer_sys::fuzz_target;

/// Makes the program of the target with this name.
#[macro_export]
macro_rules! program {
    ($name:literal) => {
        static TARGET: std::sync::LazyLock<$crate::Target> =
            std::sync::LazyLock::new(|| $crate::Target::named($name));
        $crate::fuzz_target!(
            init: TARGET.plant(),
            |input: &[u8]| (TARGET.examine)(input)
        );
    };
}
