//! Takes the place of the `curl` crate in the build script of `tflitec`.
//!
//! That script downloads C headers when it is not given any. `cargo xtask build` gives it ours, so
//! nothing is ever downloaded, and the real crate would only add a system OpenSSL to what a build
//! needs. Should the script try all the same, [`easy::Easy::perform`] says what to run instead.

/// The part of curl's "easy" interface that `tflitec` calls.
pub mod easy {
    use std::fmt;

    /// A transfer that always fails.
    #[derive(Debug, Default)]
    pub struct Easy;

    /// Why nothing is downloaded.
    pub struct Error;

    /// What a write callback may return; never made here.
    #[derive(Debug)]
    pub struct WriteError;

    impl fmt::Debug for Error {
        fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
            formatter.write_str("this build downloads nothing; run `cargo xtask build`")
        }
    }

    impl Easy {
        /// A transfer without an address.
        pub fn new() -> Self {
            Self
        }

        /// Takes the address, and ignores it.
        ///
        /// # Errors
        /// None; the type is that of the real crate.
        pub fn url(&mut self, _url: &str) -> Result<(), Error> {
            Ok(())
        }

        /// Takes the callback for received bytes, and drops it.
        ///
        /// # Errors
        /// None; the type is that of the real crate.
        pub fn write_function<F>(&mut self, _write: F) -> Result<(), Error>
        where
            F: FnMut(&[u8]) -> Result<usize, WriteError>,
        {
            Ok(())
        }

        /// Refuses.
        ///
        /// # Errors
        /// Always [`Error`].
        pub fn perform(&self) -> Result<(), Error> {
            Err(Error)
        }
    }
}
