//! What an encoder is made of: sizes, steps and the names of its tensors. One description for all
//! layouts, from which the same network is built; reading it out of a configuration is done in the
//! modules of the layouts.

use std::fmt;

use super::picture::Preprocessing;
use crate::manifest::Layout;

/// A whole encoder: its two towers end in one space.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) layout: Layout,
    /// Length of an embedding.
    pub(super) dimensions: usize,
    pub(super) pictures: Preprocessing,
    pub(super) vision: VisionPlan,
    pub(super) text: TextPlan,
}

/// A vision transformer (Dosovitskiy et al., arXiv:2010.11929).
#[derive(Debug, Clone)]
pub(super) struct VisionPlan {
    /// Width and height of a patch, in pixels.
    pub(super) patch: usize,
    pub(super) stack: StackPlan,
    pub(super) names: VisionNames,
    pub(super) pool: VisionPool,
    pub(super) projection: Projection,
}

/// What the tensors around a vision transformer's blocks are called.
#[derive(Debug, Clone)]
pub(super) struct VisionNames {
    /// The convolution that makes tokens of patches.
    pub(super) patches: String,
    pub(super) has_patch_bias: bool,
    /// The token that stands for the whole picture, where there is one.
    pub(super) class: Option<String>,
    pub(super) positions: String,
    /// Whether class token and positions have a first length of 1, for a batch.
    pub(super) is_batched: bool,
    pub(super) norm_before: Option<String>,
    pub(super) norm_after: String,
}

/// How the tokens of a picture become one vector.
#[derive(Debug, Clone)]
pub(super) enum VisionPool {
    /// The class token's.
    Class,
    /// A learnt question that looks at all tokens, then a layer of its own (Zhai et al.,
    /// arXiv:2303.15343); the prefix of its tensors.
    Attention(String),
}

/// A text transformer.
#[derive(Debug, Clone)]
pub(super) struct TextPlan {
    /// Tokens that the network knows.
    pub(super) vocabulary: usize,
    /// Most tokens of a text, those at its ends among them.
    pub(super) context: usize,
    pub(super) stack: StackPlan,
    pub(super) names: TextNames,
    pub(super) mask: Mask,
    pub(super) place: Place,
    /// Fills every text up to the context with the tokenizer's padding, else with this token;
    /// `None` where padding is never seen.
    pub(super) fill: Option<u32>,
    pub(super) projection: Projection,
}

/// What the tensors around a text transformer's blocks are called.
#[derive(Debug, Clone)]
pub(super) struct TextNames {
    pub(super) tokens: String,
    pub(super) positions: String,
    /// Rows of the positions: the context, or more.
    pub(super) places: usize,
    /// BERT's kinds of a token; a text alone is all of the first kind.
    pub(super) kinds: Option<String>,
    pub(super) norm_before: Option<String>,
    pub(super) norm_after: Option<String>,
}

/// What a token of a text may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mask {
    /// Itself and those before it.
    Causal,
    /// All, padding among them.
    Nothing,
    /// All but padding.
    Padding,
}

/// The token whose vector stands for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The one with the largest number, which is the end of the text.
    Largest,
    /// The first with this number.
    Token(u32),
    /// The last, be it padding.
    Last,
    /// The first.
    First,
}

/// Blocks of attention and a small network each, one after another.
#[derive(Debug, Clone)]
pub(super) struct StackPlan {
    /// Prefix of the blocks, before their number.
    pub(super) prefix: String,
    pub(super) names: &'static BlockNames,
    pub(super) layers: usize,
    pub(super) width: usize,
    pub(super) heads: usize,
    /// Width in the middle of the small network.
    pub(super) inner: usize,
    pub(super) activation: Activation,
    /// Added to a variance before it divides.
    pub(super) epsilon: f64,
    /// Whether a norm comes after each sum, as in BERT, and not before each step.
    pub(super) is_normed_last: bool,
}

/// What a neuron makes of its sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    /// GELU by the error function (arXiv:1606.08415).
    Gelu,
    /// Its approximation by the hyperbolic tangent.
    GeluTanh,
    /// Its approximation by the logistic function, as OpenAI's CLIP has it.
    QuickGelu,
}

impl fmt::Display for Activation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Gelu => "GELU",
            Self::GeluTanh => "GELU by tanh",
            Self::QuickGelu => "QuickGELU",
        })
    }
}

/// The way from a tower's width to the space of the embeddings. Names are whole.
#[derive(Debug, Clone)]
pub(super) enum Projection {
    /// None: the width is that of the space.
    Nothing,
    /// A layer: weights (out, in).
    Layer { name: String, has_bias: bool },
    /// A matrix (in, out).
    Matrix(String),
    /// Two layers without bias, GELU between them, half-way wide.
    TwoLayers { first: String, second: String },
}

/// What the tensors of a block are called, after its prefix.
#[derive(Debug)]
pub(super) struct BlockNames {
    /// The norm of the attention.
    pub(super) first_norm: &'static str,
    pub(super) attention: AttentionNames,
    pub(super) out: &'static str,
    /// The norm of the small network.
    pub(super) second_norm: &'static str,
    pub(super) expand: &'static str,
    pub(super) contract: &'static str,
}

/// What the tensors before attention are called.
#[derive(Debug)]
pub(super) enum AttentionNames {
    /// Three layers: question, key and value.
    Apart([&'static str; 3]),
    /// The three on top of each other.
    Joined {
        weight: &'static str,
        bias: &'static str,
    },
}

/// Blocks in Hugging Face's CLIP and SigLIP.
pub(super) const HUGGING_FACE: BlockNames = BlockNames {
    first_norm: "layer_norm1",
    attention: AttentionNames::Apart(["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]),
    out: "self_attn.out_proj",
    second_norm: "layer_norm2",
    expand: "mlp.fc1",
    contract: "mlp.fc2",
};

/// Blocks in `open_clip`.
pub(super) const OPEN_CLIP: BlockNames = BlockNames {
    first_norm: "ln_1",
    attention: AttentionNames::Joined {
        weight: "attn.in_proj_weight",
        bias: "attn.in_proj_bias",
    },
    out: "attn.out_proj",
    second_norm: "ln_2",
    expand: "mlp.c_fc",
    contract: "mlp.c_proj",
};

/// Blocks in timm's vision transformers.
pub(super) const TIMM: BlockNames = BlockNames {
    first_norm: "norm1",
    attention: AttentionNames::Joined {
        weight: "attn.qkv.weight",
        bias: "attn.qkv.bias",
    },
    out: "attn.proj",
    second_norm: "norm2",
    expand: "mlp.fc1",
    contract: "mlp.fc2",
};

/// Blocks in Hugging Face's BERT.
pub(super) const BERT: BlockNames = BlockNames {
    first_norm: "attention.output.LayerNorm",
    attention: AttentionNames::Apart([
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
    ]),
    out: "attention.output.dense",
    second_norm: "output.LayerNorm",
    expand: "intermediate.dense",
    contract: "output.dense",
};
