#![no_main]
libfuzzer_programs::program!("tflite");
