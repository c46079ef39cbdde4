//! JPEG pictures.

use std::path::Path;

use images::{DecodeLimits, decode_bytes, examine};

use crate::{Target, scratch, seeds};

pub(crate) const TARGET: Target = Target {
    name: "jpeg",
    seeds: || seeds::contents(seeds::fixtures("images", &["jpg", "jpeg"])),
    examine: |input| {
        let limits = DecodeLimits {
            side: 4096,
            pixels: 1 << 20,
            ..DecodeLimits::default()
        };
        let decoded = decode_bytes(input, Path::new("picture.jpg"), &limits);
        let examined = examine(&scratch::write("picture.jpg", input));
        if let Ok(picture) = decoded {
            let pixels = picture.width() as u64 * picture.height() as u64;
            assert!(pixels <= limits.pixels);
            // What decodes is not called unreadable in an editor.
            examined.unwrap();
        }
    },
};
