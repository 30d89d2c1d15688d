//! Elementary functions without branches, so that the compiler does eight at a time.

/// e to the power of `x`, to about one part in ten million. Below -87 it is 0, and above 88 what
/// it is at 88.
///
/// 2 to the integer part goes into the exponent bits; the rest, within half of ln 2, is a Taylor
/// polynomial of degree 6.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, so that the product with the integer part is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let bounded = x.clamp(-87.0, 88.0);
    let power = (bounded * LOG2_E).round_ties_even();
    let rest = bounded - power * LN_2_HIGH - power * LN_2_LOW;
    let series = 1.0 / 720.0;
    let series = series * rest + 1.0 / 120.0;
    let series = series * rest + 1.0 / 24.0;
    let series = series * rest + 1.0 / 6.0;
    let series = series * rest + 0.5;
    let series = series * rest + 1.0;
    let series = series * rest + 1.0;
    let scale = f32::from_bits((((power as i32) + 127) << 23) as u32);
    let value = series * scale;
    if x < -87.0 { 0.0 } else { value }
}

/// The error function, to 1.5e-7 (Abramowitz and Stegun, 7.1.26).
#[inline(always)]
fn erf(x: f32) -> f32 {
    let size = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * size);
    let series = 1.061_405_4;
    let series = series * t - 1.453_152;
    let series = series * t + 1.421_413_8;
    let series = series * t - 0.284_496_72;
    let series = series * t + 0.254_829_6;
    (1.0 - series * t * exp(-size * size)).copysign(x)
}

/// The Gaussian error linear unit in its exact form (arXiv:1606.08415).
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The sigmoid linear unit (arXiv:1702.03118), which is also called swish.
#[inline(always)]
pub(super) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// `a * b + c`, rounded once where the processor does that in one step, else twice.
#[inline(always)]
pub(super) fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        a.mul_add(b, c)
    } else {
        a * b + c
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    fn inputs() -> Vec<f32> {
        (-4_000..=4_000).map(|step| step as f32 / 400.0).collect()
    }

    #[test]
    fn the_exponential_is_that_of_the_library() {
        for x in inputs() {
            let (ours, theirs) = (exp(x), x.exp());
            assert!((ours / theirs - 1.0).abs() < 4e-7, "{x}: {ours} {theirs}");
        }
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(1_000.0).is_finite());
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn the_unit_is_that_of_candle() {
        let inputs = inputs();
        let theirs = Tensor::new(inputs.as_slice(), &Device::Cpu).and_then(|x| x.gelu_erf());
        let theirs = theirs.expect("numbers").to_vec1::<f32>().expect("numbers");
        for (x, theirs) in inputs.into_iter().zip(theirs) {
            let ours = gelu(x);
            assert!((ours - theirs).abs() < 2e-6, "{x}: {ours} {theirs}");
        }
    }

    #[test]
    fn the_sigmoid_unit_is_that_of_candle() {
        let inputs = inputs();
        let theirs = Tensor::new(inputs.as_slice(), &Device::Cpu).and_then(|x| x.silu());
        let theirs = theirs.expect("numbers").to_vec1::<f32>().expect("numbers");
        for (x, theirs) in inputs.into_iter().zip(theirs) {
            let ours = silu(x);
            assert!((ours - theirs).abs() < 2e-6, "{x}: {ours} {theirs}");
        }
        assert!(silu(-1_000.0).abs() < 1e-30);
    }
}
