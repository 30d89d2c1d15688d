//! The parts that both towers are built of: attention, the small network after it, and blocks of
//! the two (Vaswani et al., arXiv:1706.03762). It knows neither words nor pictures.

use candle_core::{D, Module as _, Result, Tensor};
use candle_nn::ops::{sigmoid, softmax_last_dim};
use candle_nn::{LayerNorm, Linear};

use super::error::JointError;
use super::plan::{Activation, AttentionNames, Projection, StackPlan};
use super::weights::Weights;

/// The blocks of a tower, one after another.
pub(super) struct Stack(Vec<Block>);

struct Block {
    first_norm: LayerNorm,
    attention: Attention,
    second_norm: LayerNorm,
    network: Network,
    is_normed_last: bool,
}

/// Attention of some tokens to others, by several heads.
pub(super) struct Attention {
    question: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    heads: usize,
}

/// Two layers with an activation between them.
pub(super) struct Network {
    expand: Linear,
    contract: Linear,
    activation: Activation,
}

/// The way into the space of the embeddings.
pub(super) enum Head {
    Nothing,
    Layer(Linear),
    TwoLayers(Network),
}

/// A layer `name`: weights (out, in), and a bias unless there is none.
pub(super) fn layer(
    weights: &Weights,
    name: &str,
    [before, after]: [usize; 2],
    has_bias: bool,
) -> std::result::Result<Linear, JointError> {
    let matrix = weights.get(&format!("{name}.weight"), &[after, before])?;
    let bias = has_bias.then(|| weights.get(&format!("{name}.bias"), &[after]));
    Ok(Linear::new(matrix, bias.transpose()?))
}

/// A norm `name` over the last dimension.
pub(super) fn norm(
    weights: &Weights,
    name: &str,
    width: usize,
    epsilon: f64,
) -> std::result::Result<LayerNorm, JointError> {
    let scale = weights.get(&format!("{name}.weight"), &[width])?;
    let shift = weights.get(&format!("{name}.bias"), &[width])?;
    Ok(LayerNorm::new(scale, shift, epsilon))
}

/// Rows of unit length; a row of zeros stays one.
pub(super) fn unit(vectors: &Tensor) -> Result<Tensor> {
    let length = vectors.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?;
    vectors.broadcast_div(&length.clamp(1e-12_f32, f32::MAX)?)
}

impl Activation {
    fn apply(self, values: &Tensor) -> Result<Tensor> {
        match self {
            Self::Gelu => values.gelu_erf(),
            Self::GeluTanh => values.gelu(),
            Self::QuickGelu => values * sigmoid(&(values * 1.702)?)?,
        }
    }
}

impl Attention {
    /// Loads one whose layers are named apart or lie on top of each other. Names are whole.
    pub(super) fn load(
        weights: &Weights,
        names: &AttentionNames,
        prefix: &str,
        out: &str,
        [width, heads]: [usize; 2],
    ) -> std::result::Result<Self, JointError> {
        let [question, key, value] = match names {
            AttentionNames::Apart(names) => {
                let load =
                    |name: &str| layer(weights, &format!("{prefix}{name}"), [width, width], true);
                [load(names[0])?, load(names[1])?, load(names[2])?]
            }
            AttentionNames::Joined { weight, bias } => {
                let matrix = weights.get(&format!("{prefix}{weight}"), &[3 * width, width])?;
                let bias = weights.get(&format!("{prefix}{bias}"), &[3 * width])?;
                let part = |number: usize| -> Result<Linear> {
                    let matrix = matrix.narrow(0, number * width, width)?;
                    let bias = bias.narrow(0, number * width, width)?;
                    Ok(Linear::new(matrix, Some(bias)))
                };
                [part(0)?, part(1)?, part(2)?]
            }
        };
        Ok(Self {
            question,
            key,
            value,
            out: layer(weights, &format!("{prefix}{out}"), [width, width], true)?,
            heads,
        })
    }

    /// Tokens (rows, tokens, width) that look at others (rows, others, width). The mask is added to
    /// what each head thinks of a pair: zero, or minus infinity where it may not look.
    pub(super) fn forward(
        &self,
        tokens: &Tensor,
        others: &Tensor,
        mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let (rows, count, width) = tokens.dims3()?;
        let each = width / self.heads;
        let split = |values: Tensor| {
            let (rows, count, _) = values.dims3()?;
            let parts = values.reshape((rows, count, self.heads, each))?;
            parts.transpose(1, 2)?.contiguous()
        };
        let question = split((self.question.forward(tokens)? * (each as f64).powf(-0.5))?)?;
        let key = split(self.key.forward(others)?)?;
        let value = split(self.value.forward(others)?)?;
        let mut pairs = question.matmul(&key.t()?)?;
        if let Some(mask) = mask {
            pairs = pairs.broadcast_add(mask)?;
        }
        let seen = softmax_last_dim(&pairs)?.matmul(&value)?;
        let seen = seen.transpose(1, 2)?.reshape((rows, count, width))?;
        self.out.forward(&seen)
    }
}

impl Network {
    /// Two layers of these whole names, `inner` wide between them.
    pub(super) fn load(
        weights: &Weights,
        [expand, contract]: [&str; 2],
        [before, inner, after]: [usize; 3],
        has_bias: bool,
        activation: Activation,
    ) -> std::result::Result<Self, JointError> {
        Ok(Self {
            expand: layer(weights, expand, [before, inner], has_bias)?,
            contract: layer(weights, contract, [inner, after], has_bias)?,
            activation,
        })
    }

    pub(super) fn forward(&self, values: &Tensor) -> Result<Tensor> {
        let inner = self.activation.apply(&self.expand.forward(values)?)?;
        self.contract.forward(&inner)
    }
}

impl Block {
    fn load(
        weights: &Weights,
        plan: &StackPlan,
        number: usize,
    ) -> std::result::Result<Self, JointError> {
        let (names, prefix) = (plan.names, format!("{}{number}.", plan.prefix));
        let whole = |name: &str| format!("{prefix}{name}");
        let (width, epsilon) = (plan.width, plan.epsilon);
        let sizes = [width, plan.heads];
        Ok(Self {
            first_norm: norm(weights, &whole(names.first_norm), width, epsilon)?,
            attention: Attention::load(weights, &names.attention, &prefix, names.out, sizes)?,
            second_norm: norm(weights, &whole(names.second_norm), width, epsilon)?,
            network: Network::load(
                weights,
                [&whole(names.expand), &whole(names.contract)],
                [width, plan.inner, width],
                true,
                plan.activation,
            )?,
            is_normed_last: plan.is_normed_last,
        })
    }

    fn forward(&self, values: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        if self.is_normed_last {
            let seen = (values + self.attention.forward(values, values, mask)?)?;
            let values = self.first_norm.forward(&seen)?;
            let thought = (&values + self.network.forward(&values)?)?;
            return self.second_norm.forward(&thought);
        }
        let normed = self.first_norm.forward(values)?;
        let values = (values + self.attention.forward(&normed, &normed, mask)?)?;
        let normed = self.second_norm.forward(&values)?;
        values + self.network.forward(&normed)?
    }
}

impl Stack {
    /// Loads all blocks. What else is among their tensors is refused: another norm or a scale would
    /// change what comes out.
    pub(super) fn load(
        weights: &Weights,
        plan: &StackPlan,
    ) -> std::result::Result<Self, JointError> {
        let blocks = (0..plan.layers).map(|number| Block::load(weights, plan, number));
        let blocks = blocks.collect::<std::result::Result<_, JointError>>()?;
        match weights.unread(&plan.prefix) {
            Some(name) => Err(JointError::Unexpected(name.to_owned())),
            None => Ok(Self(blocks)),
        }
    }

    /// Tokens (rows, tokens, width) through all blocks.
    pub(super) fn forward(&self, values: Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let mut blocks = self.0.iter();
        blocks.try_fold(values, |values, block| block.forward(&values, mask))
    }
}

impl Head {
    /// Loads the way from a tower's width to that of the space.
    pub(super) fn load(
        weights: &Weights,
        projection: &Projection,
        [width, dimensions]: [usize; 2],
    ) -> std::result::Result<Self, JointError> {
        Ok(match projection {
            Projection::Nothing => Self::Nothing,
            Projection::Layer { name, has_bias } => {
                Self::Layer(layer(weights, name, [width, dimensions], *has_bias)?)
            }
            Projection::Matrix(name) => {
                let matrix = weights.get(name, &[width, dimensions])?;
                Self::Layer(Linear::new(matrix.t()?.contiguous()?, None))
            }
            Projection::TwoLayers { first, second } => {
                let sizes = [width, usize::midpoint(width, dimensions), dimensions];
                let names = [first.as_str(), second.as_str()];
                let activation = Activation::Gelu;
                Self::TwoLayers(Network::load(weights, names, sizes, false, activation)?)
            }
        })
    }

    /// Vectors (rows, width) to embeddings (rows, dimensions).
    pub(super) fn forward(&self, vectors: &Tensor) -> Result<Tensor> {
        match self {
            Self::Nothing => Ok(vectors.clone()),
            Self::Layer(layer) => layer.forward(vectors),
            Self::TwoLayers(network) => network.forward(vectors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn activations_are_those_of_the_papers() {
        let values = Tensor::new(&[-1_f32, 0.5, 2.0], &Device::Cpu).expect("a tensor");
        for (activation, expected) in [
            (Activation::Gelu, [-0.158_655, 0.345_731, 1.954_5]),
            (Activation::GeluTanh, [-0.158_808, 0.345_714, 1.954_598]),
            (Activation::QuickGelu, [-0.154_204, 0.350_386, 1.935_659]),
        ] {
            let made = activation.apply(&values).expect("three numbers");
            let made = made.to_vec1::<f32>().expect("a row");
            for (made, expected) in made.iter().zip(expected) {
                let difference = made - expected;
                assert!(difference.abs() < 1e-5, "{activation}: {made}, {expected}");
            }
        }
    }

    #[test]
    fn vectors_have_unit_length_and_zeros_stay() {
        let vectors = Tensor::new(&[[3_f32, 4.], [0., 0.]], &Device::Cpu).expect("a tensor");
        let unit = unit(&vectors).expect("two rows");
        let unit = unit.to_vec2::<f32>().expect("two dimensions");
        assert_eq!(unit, [[0.6, 0.8], [0., 0.]]);
    }
}
