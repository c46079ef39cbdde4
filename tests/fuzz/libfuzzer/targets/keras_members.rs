#![no_main]
libfuzzer_programs::program!("keras_members");
