//! `PyTorch`'s state dicts in the form that it wrote before version 1.6: a few pickles, then the
//! storages one after the other. (Later ones are zip archives, which candle reads.) Nothing that a
//! pickle names is ever called, and of all its types only tensors of floats are taken.

use std::collections::HashMap;

use candle_core::pickle::{Object, Stack};
use candle_core::{Device, Result, Tensor, bail};

/// What such a file begins with: the magic number and the protocol's version, each a pickle.
const HEAD: &[u8] = &[
    0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e, 0x80,
    0x02, 0x4d, 0xe9, 0x03, 0x2e,
];
/// Bytes of the count before a storage.
const COUNT: usize = 8;

/// A tensor as the pickle describes it.
struct Described {
    name: String,
    storage: String,
    /// In numbers, not in bytes.
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

/// The tensors of floats in a file, by name.
///
/// # Errors
/// It is no such file, or it is damaged.
pub(super) fn read(bytes: &[u8]) -> Result<HashMap<String, Tensor>> {
    let Some(mut rest) = bytes.strip_prefix(HEAD) else {
        bail!("it is no state dict in PyTorch's old form");
    };
    // Sizes of C's types on the machine that wrote it: those of the storages are fixed.
    unpickle(&mut rest)?;
    let Object::Dict(entries) = unpickle(&mut rest)? else {
        bail!("its content is no dictionary");
    };
    let Object::List(order) = unpickle(&mut rest)? else {
        bail!("it does not say in which order its storages lie");
    };
    let mut widths = HashMap::new();
    let mut described = Vec::new();
    for (name, value) in &entries {
        described.extend(tensor(name, value, &mut widths));
    }
    let mut storages = HashMap::new();
    for key in &order {
        let Object::Unicode(key) = key else {
            bail!("a storage has no name");
        };
        let width = widths.get(key.as_str()).copied().unwrap_or(0);
        storages.insert(key.as_str(), storage(&mut rest, width)?);
    }
    let tensors = described.into_iter().map(|one| {
        let values = storages.get(one.storage.as_str()).copied();
        let values = values.and_then(|values| one.values(values));
        let Some(values) = values else {
            bail!("{} lies outside of its storage", one.name);
        };
        let tensor = Tensor::from_vec(values, one.shape, &Device::Cpu)?;
        Ok((one.name, tensor))
    });
    tensors.collect()
}

fn unpickle(rest: &mut &[u8]) -> Result<Object> {
    let mut stack = Stack::empty();
    stack.read_loop(rest)?;
    stack.finalize()
}

/// What an entry says, if it is a tensor of floats. Its storage's width in bytes is noted, also that
/// of a tensor of whole numbers, which is passed over later.
fn tensor(name: &Object, value: &Object, widths: &mut HashMap<String, usize>) -> Option<Described> {
    let (Object::Unicode(name), Object::Reduce { args, .. }) = (name, value) else {
        return None;
    };
    let Object::Tuple(args) = &**args else {
        return None;
    };
    let [Object::PersistentLoad(id), offset, shape, strides, ..] = args.as_slice() else {
        return None;
    };
    let Object::Tuple(id) = &**id else {
        return None;
    };
    let [
        _,
        Object::Class { class_name, .. },
        Object::Unicode(storage),
        ..,
    ] = id.as_slice()
    else {
        return None;
    };
    let width = match class_name.as_str() {
        "FloatStorage" | "IntStorage" => 4,
        "DoubleStorage" | "LongStorage" => 8,
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => 2,
        "ByteStorage" | "CharStorage" | "BoolStorage" => 1,
        _ => return None,
    };
    widths.insert(storage.clone(), width);
    if class_name != "FloatStorage" {
        return None;
    }
    Some(Described {
        name: name.clone(),
        storage: storage.clone(),
        offset: whole(offset)?,
        shape: wholes(shape)?,
        strides: wholes(strides)?,
    })
}

fn whole(value: &Object) -> Option<usize> {
    match value {
        Object::Int(value) => usize::try_from(*value).ok(),
        Object::Long(value) => usize::try_from(*value).ok(),
        _ => None,
    }
}

fn wholes(value: &Object) -> Option<Vec<usize>> {
    let Object::Tuple(values) = value else {
        return None;
    };
    values.iter().map(whole).collect()
}

/// The bytes of the next storage, whose numbers have `width` bytes.
fn storage<'a>(rest: &mut &'a [u8], width: usize) -> Result<&'a [u8]> {
    if width == 0 {
        bail!("a storage belongs to nothing that can be read");
    }
    let whole: &'a [u8] = rest;
    let Some((count, after)) = whole.split_first_chunk::<COUNT>() else {
        bail!("it is cut off");
    };
    let count = usize::try_from(u64::from_le_bytes(*count)).ok();
    let length = count.and_then(|count| count.checked_mul(width));
    let Some((values, after)) = length.and_then(|length| after.split_at_checked(length)) else {
        bail!("it is cut off");
    };
    *rest = after;
    Ok(values)
}

impl Described {
    /// Its numbers one after the other, out of a storage in which they may lie any way; `None` if one
    /// lies outside.
    fn values(&self, storage: &[u8]) -> Option<Vec<f32>> {
        if self.shape.len() != self.strides.len() {
            return None;
        }
        let mut count = 1_usize;
        for length in &self.shape {
            count = count.checked_mul(*length)?;
        }
        // No tensor of these networks shows a number of its storage twice.
        if count > storage.len() / size_of::<f32>() {
            return None;
        }
        (0..count)
            .map(|place| {
                let (mut rest, mut at) = (place, self.offset);
                for (length, stride) in self.shape.iter().zip(&self.strides).rev() {
                    at = at.checked_add((rest % length).checked_mul(*stride)?)?;
                    rest /= length;
                }
                let bytes = storage.get(at.checked_mul(4)?..)?.first_chunk::<4>()?;
                Some(f32::from_le_bytes(*bytes))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by models/golden/judge.py: `a` counts from 0 to 5 as 2 x 3, `b` is the same storage
    /// seen from its side (3 x 2), and `count` holds one whole number.
    const OLD: &[u8] = include_bytes!("../../golden/judge/old.pt");

    #[test]
    fn tensors_are_read_whichever_way_they_lie() {
        let tensors = read(OLD).expect("a state dict");
        assert_eq!(tensors.len(), 2, "whole numbers are left out");
        let rows = |name: &str| tensors[name].to_vec2::<f32>().expect("rows");
        assert_eq!(rows("a"), [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
        assert_eq!(rows("b"), [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]);
    }

    #[test]
    fn what_is_no_state_dict_or_ends_early_is_told() {
        let error = |bytes: &[u8]| read(bytes).expect_err("not usable").to_string();
        assert!(error(b"PK\x03\x04").contains("old form"));
        assert!(error(&[]).contains("old form"));
        // Whatever is missing at the end, it is an error and no panic.
        for length in HEAD.len()..OLD.len() {
            assert!(read(&OLD[..length]).is_err(), "{length} bytes");
        }
        assert!(error(&OLD[..OLD.len() - 1]).contains("cut off"));
    }
}
