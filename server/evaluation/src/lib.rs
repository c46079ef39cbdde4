//! Top-1 and top-5 accuracy, confusion and agreement.
