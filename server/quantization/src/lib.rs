//! Calibration statistics, threshold search, corrections and the int8 model.
