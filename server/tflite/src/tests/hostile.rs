use super::{files, write_plainly};
use crate::samples::samples;
use crate::{Encodings, ReadError, read};

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// A file with many kinds of parts: quantized, per channel, lists in options.
fn victim(name: &str) -> Vec<u8> {
    let samples = samples().unwrap();
    let sample = samples.iter().find(|sample| sample.name == name).unwrap();
    write_plainly(&sample.graph, &sample.int8_encodings().unwrap())
}

#[test]
fn every_truncation_is_an_error() {
    for name in ["conv2d", "reshape"] {
        let bytes = victim(name);
        for length in 0..bytes.len() {
            // Data lies at the end, so that no proper prefix is complete.
            assert!(
                read(&bytes[..length]).is_err(),
                "{name} cut to {length} bytes"
            );
        }
    }
}

#[test]
fn damaged_files_never_panic() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let mut readable = 0;
    for name in ["conv2d", "reshape", "concatenate", "transpose_conv"] {
        let bytes = victim(name);
        for _ in 0..5000 {
            let mut damaged = bytes.clone();
            for _ in 0..=random.below(4) {
                let position = random.below(damaged.len());
                damaged[position] ^= 1 << random.below(8);
            }
            if random.below(3) == 0 {
                // Extreme numbers reach other paths than single bits do.
                let position = random.below(damaged.len() - 4);
                let extreme = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, u32::MAX];
                let number: u32 = extreme[random.below(extreme.len())];
                damaged[position..position + 4].copy_from_slice(&number.to_le_bytes());
            }
            readable += usize::from(read(&damaged).is_ok());
        }
    }
    // Most damage is in data or padding; if none were readable, the test would test nothing.
    assert!(readable > 1000, "{readable}");
}

#[test]
fn what_is_not_a_model_is_named() {
    assert_eq!(read(b""), Err(ReadError::Identifier));
    assert_eq!(read(b"\x08\0\0\0TFL2\0\0\0\0"), Err(ReadError::Identifier));
    let error = read(b"\xff\xff\xff\xffTFL3").unwrap_err();
    assert!(matches!(error, ReadError::OutOfBounds { .. }), "{error}");
}

/// A file whose list of tensors names one tensor as often as the file has room for.
#[test]
fn references_that_repeat_are_bounded() {
    let tables = 100_000u32;
    let mut bytes = Vec::new();
    let mut push = |number: u32| bytes.extend(number.to_le_bytes());
    push(28); // 0: the root is the model at 28
    push(u32::from_le_bytes(*b"TFL3"));
    push(0x0010_0010); // 8: vtable of the model, four slots: version, codes, subgraphs, description
    push(0x0000_0004);
    push(0x0000_0008);
    push(0); // padding
    push(0);
    push(20); // 28: model, whose vtable is at 8
    push(3); // version
    push(12); // 36: subgraphs at 48
    push(0x0006_0006); // 40: vtable of the subgraph: tensors
    push(0x0000_0004);
    push(1); // 48: one subgraph
    push(4); // at 56
    push(16); // 56: subgraph, whose vtable is at 40
    push(4); // tensors at 64
    push(tables); // 64
    for index in 0..tables {
        push(4 * (tables - index)); // all at the end
    }
    push(4 * tables + 28); // the tensor, with the vtable at 40
    push(0);
    let error = read(&bytes).unwrap_err();
    assert!(error.to_string().contains("again and again"), "{error}");
}

#[test]
fn messages_are_one_sentence() {
    let mut random = Random(7);
    let bytes = write_plainly(&samples().unwrap()[0].graph, &Encodings::float());
    for _ in 0..2000 {
        let mut damaged = bytes.clone();
        let position = random.below(damaged.len());
        damaged[position] = random.below(256) as u8;
        if let Err(error) = read(&damaged) {
            let message = error.to_string();
            assert!(
                !message.ends_with('.') && !message.contains('\n'),
                "{message}"
            );
            assert!(message.starts_with("the "), "{message}");
        }
    }
}

#[test]
fn intact_files_are_read() {
    assert!(files().iter().all(|(.., bytes)| read(bytes).is_ok()));
}
