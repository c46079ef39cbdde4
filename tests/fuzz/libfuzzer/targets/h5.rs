#![no_main]
libfuzzer_programs::program!("h5");
