//! Half-precision numbers.

/// The value of a number in IEEE 754 binary16.
pub(crate) fn to_f32(bits: u16) -> f32 {
    let mantissa = u32::from(bits & 0x3ff);
    let magnitude = match u32::from(bits >> 10) & 0x1f {
        // Subnormal numbers count in steps of 2^-24.
        0 => mantissa as f32 / 16_777_216.0,
        0x1f if mantissa == 0 => f32::INFINITY,
        0x1f => f32::NAN,
        // The exponent's bias is 15 here and 127 in single precision.
        exponent => f32::from_bits((exponent + 112) << 23 | mantissa << 13),
    };
    if bits >> 15 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

/// The value of a bfloat16 number, the upper half of one in single precision.
pub(crate) fn bfloat16_to_f32(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let check = |bits, expected: f32| assert_eq!(to_f32(bits), expected, "{bits:#06x}");
        check(0x0000, 0.0);
        check(0x3c00, 1.0);
        check(0xc000, -2.0);
        check(0x3555, 0.333_251_95);
        check(0x7bff, 65504.0);
        check(0x0400, 6.103_515_6e-5);
        check(0x0001, 5.960_464_5e-8);
        check(0xfc00, f32::NEG_INFINITY);
        assert!(to_f32(0x7e00).is_nan());
    }

    #[test]
    fn bfloat16_is_a_shortened_f32() {
        let check = |bits, expected: f32| assert_eq!(bfloat16_to_f32(bits), expected);
        check(0x3f80, 1.0);
        check(0xc049, -3.140_625);
    }
}
