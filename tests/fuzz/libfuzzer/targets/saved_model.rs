#![no_main]
libfuzzer_programs::program!("saved_model");
