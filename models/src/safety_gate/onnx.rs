//! The part of an ONNX file (<https://onnx.ai/onnx/repo-docs/IR.html>) that a network of convolutions
//! needs: its tensors by name, and its convolutions in order. The file is a Protocol Buffers message,
//! read field by field; nothing in it is run.

use std::collections::HashMap;

/// Largest tensor that is read, in numbers.
const LARGEST: usize = 64_000_000;
/// The data type of 32-bit floats.
const FLOAT: u64 = 1;

/// Why a file is no ONNX file that can be read; a part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    #[error("it ends before its content does")]
    Short,
    #[error("it holds a field of a kind that there isn't ({0})")]
    Kind(u64),
    #[error("a name in it is no text")]
    Name,
    #[error("the tensor {name} has {found} numbers in place of {expected}")]
    Size {
        name: String,
        found: usize,
        expected: usize,
    },
}

/// What is read of a file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Graph {
    /// The tensors of floats.
    pub(super) tensors: HashMap<String, Floats>,
    /// The convolutions, in the order in which they are computed.
    pub(super) convolutions: Vec<Convolution>,
    /// The products with a matrix and the sums, likewise: the names of their inputs.
    pub(super) last: Vec<Vec<String>>,
}

/// A tensor of floats.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Floats {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

/// A convolution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Convolution {
    /// Names: of what it is computed from, of its weights and of its bias.
    pub(super) inputs: Vec<String>,
    /// Down and across; empty for 1.
    pub(super) strides: Vec<usize>,
    /// Zeros on the four sides; empty for none.
    pub(super) pads: Vec<usize>,
}

/// Reads a file.
pub(super) fn read(file: &[u8]) -> Result<Graph, Damage> {
    let mut graph = Graph::default();
    for field in Fields(file) {
        if let (7, Value::Bytes(content)) = field? {
            graph.add(content)?;
        }
    }
    Ok(graph)
}

impl Graph {
    fn add(&mut self, content: &[u8]) -> Result<(), Damage> {
        for field in Fields(content) {
            match field? {
                (1, Value::Bytes(node)) => self.add_node(node)?,
                (5, Value::Bytes(tensor)) => {
                    if let Some((name, tensor)) = tensor_of(tensor)? {
                        self.tensors.insert(name, tensor);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add_node(&mut self, content: &[u8]) -> Result<(), Damage> {
        let (mut kind, mut node) = (String::new(), Convolution::default());
        for field in Fields(content) {
            match field? {
                (1, Value::Bytes(name)) => node.inputs.push(text(name)?),
                (4, Value::Bytes(name)) => kind = text(name)?,
                (5, Value::Bytes(attribute)) => {
                    let (name, numbers) = attribute_of(attribute)?;
                    match name.as_str() {
                        "strides" => node.strides = numbers,
                        "pads" => node.pads = numbers,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        match kind.as_str() {
            "Conv" => self.convolutions.push(node),
            "MatMul" | "Add" => self.last.push(node.inputs),
            _ => {}
        }
        Ok(())
    }
}

/// An attribute's name and its whole numbers.
fn attribute_of(content: &[u8]) -> Result<(String, Vec<usize>), Damage> {
    let (mut name, mut numbers) = (String::new(), Vec::new());
    for field in Fields(content) {
        match field? {
            (1, Value::Bytes(content)) => name = text(content)?,
            (8, value) => add_numbers(&mut numbers, value)?,
            _ => {}
        }
    }
    Ok((name, numbers))
}

/// A tensor and its name; `None` if it doesn't hold floats.
fn tensor_of(content: &[u8]) -> Result<Option<(String, Floats)>, Damage> {
    let (mut name, mut kind, mut raw) = (String::new(), 0, [].as_slice());
    let mut shape = Vec::new();
    for field in Fields(content) {
        match field? {
            (1, value) => add_numbers(&mut shape, value)?,
            (2, Value::Number(number)) => kind = number,
            (8, Value::Bytes(content)) => name = text(content)?,
            (9, Value::Bytes(content)) => raw = content,
            _ => {}
        }
    }
    if kind != FLOAT {
        return Ok(None);
    }
    let expected = shape
        .iter()
        .try_fold(1_usize, |product, side| product.checked_mul(*side))
        .filter(|product| *product <= LARGEST);
    let found = raw.len() / 4;
    if expected != Some(found) || raw.len() % 4 != 0 {
        let expected = expected.unwrap_or(usize::MAX);
        return Err(Damage::Size {
            name,
            found,
            expected,
        });
    }
    let (numbers, _) = raw.as_chunks::<4>();
    let values = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
    let values = values.collect();
    Ok(Some((name, Floats { shape, values })))
}

/// Adds whole numbers that stand one by one, or packed into one field.
fn add_numbers(numbers: &mut Vec<usize>, value: Value<'_>) -> Result<(), Damage> {
    let mut add = |number: u64| numbers.push(usize::try_from(number).unwrap_or(usize::MAX));
    match value {
        Value::Number(number) => add(number),
        Value::Bytes(mut packed) => {
            while !packed.is_empty() {
                add(varint(&mut packed)?);
            }
        }
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<String, Damage> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Damage::Name)
}

/// A field's content.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value<'a> {
    /// A whole number, or the bits of another one.
    Number(u64),
    /// Text, bytes, a message or packed numbers.
    Bytes(&'a [u8]),
}

/// The fields of a message: number and content. After damage there are no more.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = next_field(&mut self.0);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

fn next_field<'a>(rest: &mut &'a [u8]) -> Result<(u64, Value<'a>), Damage> {
    let key = varint(rest)?;
    let value = match key & 7 {
        0 => Value::Number(varint(rest)?),
        1 => Value::Number(u64::from_le_bytes(fixed(rest)?)),
        2 => {
            let length = usize::try_from(varint(rest)?).map_err(|_| Damage::Short)?;
            Value::Bytes(taken(rest, length)?)
        }
        5 => Value::Number(u64::from(u32::from_le_bytes(fixed(rest)?))),
        kind => return Err(Damage::Kind(kind)),
    };
    Ok((key >> 3, value))
}

/// A whole number, seven bits a byte, the lowest first.
fn varint(rest: &mut &[u8]) -> Result<u64, Damage> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let [byte] = fixed(rest)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Damage::Short)
}

fn fixed<const LENGTH: usize>(rest: &mut &[u8]) -> Result<[u8; LENGTH], Damage> {
    let (bytes, after) = rest.split_first_chunk().ok_or(Damage::Short)?;
    *rest = after;
    Ok(*bytes)
}

fn taken<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Damage> {
    let (bytes, after) = rest.split_at_checked(length).ok_or(Damage::Short)?;
    *rest = after;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field with bytes as its content.
    fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("a short field");
        [&[(number << 3) | 2, length], content].concat()
    }

    fn number(field: u8, value: u8) -> Vec<u8> {
        vec![field << 3, value]
    }

    fn tensor(name: &str, shape: &[u8], values: &[f32]) -> Vec<u8> {
        let raw: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let shape = shape.iter().flat_map(|side| number(1, *side)).collect();
        [
            shape,
            number(2, 1),
            bytes(8, name.as_bytes()),
            bytes(9, &raw),
        ]
        .concat()
    }

    #[test]
    fn tensors_and_convolutions_are_read() {
        let strides = [bytes(1, b"strides"), number(8, 2), number(8, 2)].concat();
        let pads = [bytes(1, b"pads"), bytes(8, &[1, 1, 1, 1])].concat();
        let node = [
            bytes(1, b"x"),
            bytes(1, b"w"),
            bytes(4, b"Conv"),
            bytes(5, &strides),
            bytes(5, &pads),
        ]
        .concat();
        let product = [bytes(1, b"a"), bytes(1, b"b"), bytes(4, b"MatMul")].concat();
        let whole = [number(2, 7), bytes(8, b"n")].concat();
        let graph = [
            bytes(1, &node),
            bytes(1, &product),
            bytes(5, &tensor("w", &[1, 2], &[0.5, -2.0])),
            bytes(5, &whole),
            bytes(2, b"a name"),
        ]
        .concat();
        let file = [number(1, 7), bytes(7, &graph)].concat();
        let read = read(&file).expect("a whole file");
        assert_eq!(read.tensors.len(), 1, "whole numbers are passed over");
        assert_eq!(read.tensors["w"].values, [0.5, -2.0]);
        assert_eq!(read.tensors["w"].shape, [1, 2]);
        assert_eq!(read.convolutions[0].inputs, ["x", "w"]);
        assert_eq!(read.convolutions[0].strides, [2, 2]);
        assert_eq!(read.convolutions[0].pads, [1, 1, 1, 1]);
        assert_eq!(read.last, [["a", "b"]]);
    }

    #[test]
    fn what_is_cut_short_or_too_large_is_refused() {
        let graph = bytes(5, &tensor("w", &[3], &[1.0, 2.0]));
        let error = read(&bytes(7, &graph)).expect_err("two of three");
        assert!(
            error.to_string().contains("2 numbers in place of 3"),
            "{error}"
        );
        let whole = bytes(7, &bytes(5, &tensor("w", &[2], &[1.0, 2.0])));
        for length in 1..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
        assert_eq!(read(&[0x0b]), Err(Damage::Kind(3)));
        assert_eq!(read(&[0xff; 20]), Err(Damage::Short));
        let shape: Vec<u8> = (0..9).flat_map(|_| number(1, 127)).collect();
        let huge = [shape, number(2, 1), bytes(8, b"h")].concat();
        assert!(read(&bytes(7, &bytes(5, &huge))).is_err());
    }
}
