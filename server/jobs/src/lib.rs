//! Quantize and Evaluate as cancellable jobs with progress events.
