//! The network of the safety gate: a ResNet-50 with half the filters, whose convolutions are taken
//! from the file in order and must be those that are expected. Values lie pixel by pixel, channels
//! last, as in the image encoder.

use std::collections::HashMap;

use candle_core::{Device, Result, Tensor, bail};

use super::onnx::{Convolution as Node, Floats, Graph};
use crate::kernels::{Dense, Padding, Then, patches};

/// Channels of a picture.
pub(super) const CHANNELS: usize = 3;
/// Blocks of each stage, and the channels that come out of it.
const STAGES: [(usize, usize); 4] = [(3, 128), (4, 256), (6, 512), (3, 1024)];
/// Channels after the first convolution.
const STEM: usize = 64;
/// A block is four times as narrow inside.
const NARROW: usize = 4;

/// The network.
pub(super) struct Network {
    stem: Convolution,
    blocks: Vec<Block>,
    last: Dense,
}

/// Three convolutions, to whose result the input is added.
struct Block {
    /// Of the input, where the shape changes.
    shortcut: Option<Convolution>,
    narrow: Convolution,
    inner: Convolution,
    wide: Convolution,
}

struct Convolution {
    product: Dense,
    kernel: usize,
    stride: usize,
    padding: usize,
}

/// What a convolution must be: kernel, stride, channels in and out, and what follows it.
#[derive(Clone, Copy)]
struct Shape {
    kernel: usize,
    stride: usize,
    before: usize,
    after: usize,
    then: Then,
}

/// The convolutions that were not taken yet.
struct Rest {
    nodes: std::vec::IntoIter<Node>,
    tensors: HashMap<String, Floats>,
}

impl Network {
    /// Builds it of a file's content.
    ///
    /// # Errors
    /// What is missing or has another shape.
    pub(super) fn of(graph: Graph) -> Result<Self> {
        let last = graph.last;
        let mut rest = Rest {
            nodes: graph.convolutions.into_iter(),
            tensors: graph.tensors,
        };
        let stem = rest.convolution(Shape {
            kernel: 7,
            stride: 2,
            before: CHANNELS,
            after: STEM,
            then: Then::Relu,
        })?;
        let (mut blocks, mut before) = (Vec::new(), STEM);
        for (stage, (count, after)) in STAGES.into_iter().enumerate() {
            for number in 0..count {
                let stride = if number == 0 && stage > 0 { 2 } else { 1 };
                blocks.push(rest.block((before, after), stride, number == 0)?);
                before = after;
            }
        }
        if rest.nodes.next().is_some() {
            bail!("it has further convolutions");
        }
        let last = rest.last(&last, before)?;
        Ok(Self { stem, blocks, last })
    }

    /// Inputs of `side` rows and pixels to two numbers each.
    ///
    /// # Errors
    /// The inputs are not whole pictures.
    pub(super) fn forward(&self, inputs: Vec<f32>, side: usize) -> Result<Vec<[f32; 2]>> {
        let pictures = inputs.len() / (side * side * CHANNELS).max(1);
        let inputs = Tensor::from_vec(inputs, (pictures, side, side, CHANNELS), &Device::Cpu)?;
        let mut values = pooled(&self.stem.forward(&inputs)?)?;
        for block in &self.blocks {
            values = block.forward(&values)?;
        }
        let (pictures, rows, columns, channels) = values.dims4()?;
        let values = values.reshape((pictures, rows * columns, channels))?;
        let logits = self.last.forward(&values.mean(1)?)?.to_vec2::<f32>()?;
        let pairs = logits.into_iter().filter_map(|pair| pair.try_into().ok());
        Ok(pairs.collect())
    }
}

/// The largest of three by three, at every second place. Zeros stand after the last ones: no value is
/// below them here.
fn pooled(values: &Tensor) -> Result<Tensor> {
    let values = values.permute((0, 3, 1, 2))?.contiguous()?;
    let values = values.pad_with_zeros(2, 0, 1)?.pad_with_zeros(3, 0, 1)?;
    let values = values.max_pool2d_with_stride(3, 2)?;
    values.permute((0, 2, 3, 1))?.contiguous()
}

impl Block {
    fn forward(&self, values: &Tensor) -> Result<Tensor> {
        let inner = self.inner.forward(&self.narrow.forward(values)?)?;
        let wide = self.wide.forward(&inner)?;
        match &self.shortcut {
            Some(shortcut) => (wide + shortcut.forward(values)?)?.relu(),
            None => (wide + values)?.relu(),
        }
    }
}

impl Convolution {
    fn forward(&self, values: &Tensor) -> Result<Tensor> {
        if self.kernel == 1 && self.stride == 1 {
            return self.product.forward(values);
        }
        let padding = Padding::Each(self.padding);
        let under = patches(values, self.kernel, self.stride, padding)?;
        self.product.forward(&under)
    }
}

impl Rest {
    fn block(
        &mut self,
        (before, after): (usize, usize),
        stride: usize,
        is_first: bool,
    ) -> Result<Block> {
        let inside = after / NARROW;
        let shape = |kernel, stride, (before, after), then| Shape {
            kernel,
            stride,
            before,
            after,
            then,
        };
        let shortcut = is_first.then(|| {
            let shape = shape(1, stride, (before, after), Then::Nothing);
            self.convolution(shape)
        });
        let shortcut = shortcut.transpose()?;
        Ok(Block {
            shortcut,
            narrow: self.convolution(shape(1, stride, (before, inside), Then::Relu))?,
            inner: self.convolution(shape(3, 1, (inside, inside), Then::Relu))?,
            wide: self.convolution(shape(1, 1, (inside, after), Then::Nothing))?,
        })
    }

    /// The next convolution, if it is as it must be.
    fn convolution(&mut self, shape: Shape) -> Result<Convolution> {
        let Some(node) = self.nodes.next() else {
            bail!("a convolution is missing");
        };
        let Shape {
            kernel,
            stride,
            before,
            after,
            then,
        } = shape;
        let padding = kernel / 2;
        let all_are = |numbers: &[usize], number: usize| numbers.iter().all(|one| *one == number);
        let has_pads = padding == 0 || node.pads.len() == 4;
        if !all_are(&node.strides, stride) || !all_are(&node.pads, padding) || !has_pads {
            bail!("a convolution has another stride or padding");
        }
        if stride != 1 && node.strides.is_empty() {
            bail!("a convolution has no stride");
        }
        let [_, weights, bias] = node.inputs.as_slice() else {
            bail!("a convolution has no weights or no bias");
        };
        let weights = self.tensor(weights, &[after, before, kernel, kernel])?;
        let weights = weights.permute((2, 3, 1, 0))?.contiguous()?;
        let weights = weights.reshape((kernel * kernel * before, after))?;
        Ok(Convolution {
            product: Dense::new(weights, self.tensor(bias, &[after])?, then),
            kernel,
            stride,
            padding,
        })
    }

    /// The product at the end, which alone has a matrix, and the sum after it.
    fn last(&self, nodes: &[Vec<String>], before: usize) -> Result<Dense> {
        let find = |shape: &[usize]| {
            let mut names = nodes.iter().flatten();
            let has = |name: &&String| {
                let tensor = self.tensors.get(name.as_str());
                tensor.is_some_and(|tensor| tensor.shape == shape)
            };
            match names.find(has) {
                Some(name) => self.tensor(name, shape),
                None => bail!("the last layer is missing"),
            }
        };
        Ok(Dense::new(find(&[before, 2])?, find(&[2])?, Then::Nothing))
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        match self.tensors.get(name) {
            Some(found) if found.shape == shape => {
                Tensor::from_vec(found.values.clone(), shape, &Device::Cpu)
            }
            Some(found) => bail!("{name} is {:?} in place of {shape:?}", found.shape),
            None => bail!("{name} is missing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_network_is_refused_with_what_is_wrong() {
        let told = |graph: Graph| {
            let refused = Network::of(graph).err();
            refused.expect("it is another one").to_string()
        };
        assert!(told(Graph::default()).contains("a convolution is missing"));
        let node = Node {
            inputs: ["x", "w", "b"].map(str::to_owned).to_vec(),
            strides: vec![2, 2],
            pads: vec![3; 4],
        };
        let with = |shape: Vec<usize>, node: Node| {
            let values = vec![0.0; shape.iter().product()];
            Graph {
                tensors: HashMap::from([("w".to_owned(), Floats { shape, values })]),
                convolutions: vec![node],
                last: Vec::new(),
            }
        };
        let wide = with(vec![32, 3, 7, 7], node.clone());
        assert!(told(wide).contains("[32, 3, 7, 7] in place of [64, 3, 7, 7]"));
        let right = with(vec![64, 3, 7, 7], node.clone());
        assert!(told(right).contains("b is missing"));
        let slow = Node {
            strides: vec![1, 1],
            ..node
        };
        let slow = with(vec![64, 3, 7, 7], slow);
        assert!(told(slow).contains("another stride"));
    }

    #[test]
    fn pooling_takes_the_largest_with_room_after_the_last() {
        let values: Vec<f32> = (0..16_u8).map(f32::from).collect();
        let values = Tensor::from_vec(values, (1, 4, 4, 1), &Device::Cpu).expect("a picture");
        let pooled = pooled(&values).expect("pooled");
        assert_eq!(pooled.dims(), [1, 2, 2, 1]);
        let pooled = pooled.flatten_all().expect("numbers");
        let pooled = pooled.to_vec1::<f32>().expect("numbers");
        assert_eq!(pooled, [10.0, 11.0, 14.0, 15.0]);
    }
}
