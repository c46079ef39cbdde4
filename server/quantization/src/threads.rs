use crate::error::QuantizationError;

/// Threads for a part of the work.
pub(crate) fn thread_pool(threads: usize) -> Result<rayon::ThreadPool, QuantizationError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|_| QuantizationError::NoThreads { threads })
}
