//! Language models on mistral.rs, from files on this machine alone.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mistralrs::core::{
    AutoDeviceMapParams, DeviceMapSetting, GGUFLoaderBuilder, GGUFSpecificConfig, GLOBAL_HF_CACHE,
    MistralRsBuilder, NormalRequest, Pipeline, Request,
};
use mistralrs::model_builder_trait::{
    build_model_from_pipeline, build_multimodal_pipeline, build_text_pipeline,
};
use mistralrs::{
    Constraint, DefaultSchedulerMethod, Model, ModelDType, MultimodalModelBuilder, RequestMessage,
    SamplingParams, SchedulerConfig, TextModelBuilder, TokenSource,
};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc};

use super::allow_list::{Form, Found};
use super::answer::{Clock, hand_on};
use super::special_tokens::Markers;
use super::{
    LanguageModel, LanguageModelError, Message, Pieces, Sampling, VisionLanguageModel, request,
    template,
};
use crate::image_encoder::Rgb;

/// Answers that are written at once. Several pictures in one batch fail, and on a processor a
/// second answer takes from the first what it gains.
const AT_ONCE: NonZeroUsize = NonZeroUsize::MIN;

/// Pieces that may wait for the one who asked.
const WAITING: usize = 16;

/// Further messages than one a token that the engine may send.
const SPARE: usize = 8;

/// Tokens that frame a conversation: once, and with each message. Generous, since the engine
/// doesn't stop at the end of what the network has positions for.
const FRAME: usize = 64;
const FRAME_OF_A_MESSAGE: usize = 8;

/// Counts the tokens of a text. The engine's tokenizer is of another version than ours, so its
/// type can't be named here.
type Count = Box<dyn Fn(&str) -> Result<usize, String> + Send + Sync>;

/// A model that is loaded.
pub struct MistralModel {
    identity: String,
    model: Arc<Model>,
    context: usize,
    count: Count,
    markers: Markers,
    sees: bool,
    breaks_at_pictures: bool,
}

impl fmt::Debug for MistralModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MistralModel")
            .field("identity", &self.identity)
            .field("context", &self.context)
            .field("sees", &self.sees)
            .finish_non_exhaustive()
    }
}

impl MistralModel {
    /// Loads what [`super::inspect`] found. Takes seconds, and as much memory as the weights: call
    /// it from a thread that may block. Nothing is fetched.
    ///
    /// # Errors
    /// [`LanguageModelError::Load`] with the engine's reason, also where the engine panics.
    pub fn load(found: Found, identity: String) -> Result<Self, LanguageModelError> {
        let file = found.path.display().to_string();
        let refuse = |reason: &str| LanguageModelError::Load {
            file: file.clone(),
            reason: reason.trim_end_matches('.').to_owned(),
        };
        // A thread and a runtime of its own: the caller may be on one already, and what panics at
        // weights that are not as they should be ends here.
        let loading = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(engine)?;
            runtime.block_on(load(found, identity))
        });
        match loading.join() {
            Ok(loaded) => loaded.map_err(|error| match error {
                Failure::Ours(error) => error,
                Failure::Engine(reason) => refuse(&reason),
            }),
            // The reason is on standard error, where the panic left it.
            Err(_) => Err(refuse("the engine broke down at it")),
        }
    }

    /// Whether it sees pictures.
    pub fn sees(&self) -> bool {
        self.sees
    }

    /// Refuses what has no room, before anything is computed.
    fn check_room(&self, messages: &[Message], answer: usize) -> Result<(), LanguageModelError> {
        let mut prompt = FRAME;
        for message in messages {
            prompt += FRAME_OF_A_MESSAGE + self.count_tokens(&message.content)?;
        }
        if prompt.saturating_add(answer) <= self.context {
            return Ok(());
        }
        Err(LanguageModelError::TooLong {
            prompt,
            answer,
            context: self.context,
        })
    }

    fn start(
        &self,
        messages: Vec<Message>,
        pictures: &[Rgb],
        sampling: Sampling,
    ) -> Result<Pieces, LanguageModelError> {
        let no_runtime = |_| LanguageModelError::Engine("it was asked outside of tokio".to_owned());
        let runtime = Handle::try_current().map_err(no_runtime)?;
        let messages = request::clean(messages, &self.markers)?;
        let parameters = request::parameters(&sampling)?;
        let constraint = request::constraint(sampling.grammar)?;
        self.check_room(&messages, sampling.maximum_tokens)?;
        let messages = if self.sees {
            let config = self.model.config().map_err(of_engine)?;
            request::with_pictures(&messages, pictures, &config.category)?
        } else {
            request::of_texts(messages)
        };
        // A full channel would hold up every other answer: so all of this one has room in it.
        let (send, receive) = mpsc::channel(sampling.maximum_tokens.saturating_add(SPARE));
        let (to, pieces) = mpsc::channel(WAITING);
        let model = Arc::clone(&self.model);
        let id = model.inner().next_request_id();
        let normal = normal(id, messages, parameters, constraint, send);
        runtime.spawn(async move {
            let clock = Clock::start();
            let sent = match model.inner().get_sender(None) {
                Ok(engine) => engine.send(normal).await.map_err(of_engine),
                Err(error) => Err(of_engine(error)),
            };
            match sent {
                Ok(()) => hand_on(receive, to, clock).await,
                Err(error) => drop(to.send(Err(error)).await),
            }
        });
        Ok(pieces)
    }
}

impl LanguageModel for MistralModel {
    fn identity(&self) -> &str {
        &self.identity
    }

    fn context_length(&self) -> usize {
        self.context
    }

    fn count_tokens(&self, text: &str) -> Result<usize, LanguageModelError> {
        (self.count)(text).map_err(LanguageModelError::Tokenizer)
    }

    fn generate(
        &self,
        messages: Vec<Message>,
        sampling: Sampling,
    ) -> Result<Pieces, LanguageModelError> {
        self.start(messages, &[], sampling)
    }
}

impl VisionLanguageModel for MistralModel {
    fn generate_with_pictures(
        &self,
        messages: Vec<Message>,
        pictures: &[Rgb],
        sampling: Sampling,
    ) -> Result<Pieces, LanguageModelError> {
        let identity = || self.identity.clone();
        match (pictures.is_empty(), self.sees, self.breaks_at_pictures) {
            (true, ..) | (_, true, false) => self.start(messages, pictures, sampling),
            (_, true, true) => Err(LanguageModelError::PicturesUnsupported(identity())),
            (_, false, _) => Err(LanguageModelError::Blind(identity())),
        }
    }
}

/// Always streaming: at a request that isn't, and that nobody waits for any more, the engine's
/// thread panics.
fn normal(
    id: usize,
    messages: RequestMessage,
    sampling_params: SamplingParams,
    constraint: Constraint,
    response: mpsc::Sender<mistralrs::Response>,
) -> Request {
    let request = NormalRequest::new_simple(messages, sampling_params, response, id, None, None);
    Request::Normal(Box::new(NormalRequest {
        is_streaming: true,
        constraint,
        ..request
    }))
}

fn of_engine(error: impl fmt::Display) -> LanguageModelError {
    LanguageModelError::Engine(error.to_string())
}

/// Why loading failed: in our words, or in the engine's.
enum Failure {
    Ours(LanguageModelError),
    Engine(String),
}

impl From<LanguageModelError> for Failure {
    fn from(error: LanguageModelError) -> Self {
        Self::Ours(error)
    }
}

fn engine(error: impl fmt::Display) -> Failure {
    Failure::Engine(format!("{error:#}"))
}

async fn load(found: Found, identity: String) -> Result<MistralModel, Failure> {
    // Nothing is fetched or kept there, but without a folder and without a home the engine panics.
    let cache = cache_folder(&found.path);
    GLOBAL_HF_CACHE.get_or_init(|| hf_hub::Cache::new(cache.clone()));
    let (sees, breaks_at_pictures) = (found.sees, found.breaks_at_pictures());
    let (model, pipeline) = match found.form {
        Form::Gguf => gguf(&found.path).await?,
        Form::Safetensors if sees => vision(&found.path, cache).await?,
        Form::Safetensors => text(&found.path, cache).await?,
    };
    let tokenizer = pipeline.lock().await.tokenizer();
    let tokenizer = tokenizer.ok_or_else(|| engine("it has no tokenizer"))?;
    let added = tokenizer.get_added_tokens_decoder();
    let markers = Markers::new(added.values().map(|token| token.content.clone()));
    let count = move |text: &str| {
        let encoded = tokenizer.encode_fast(text, false);
        let encoded = encoded.map_err(|error| error.to_string())?;
        Ok(encoded.get_ids().len())
    };
    let context = model.max_sequence_length().map_err(engine)?;
    Ok(MistralModel {
        identity,
        model: Arc::new(model),
        context: context.ok_or_else(|| engine("it has no length of context"))?,
        count: Box::new(count),
        markers,
        sees,
        breaks_at_pictures,
    })
}

type Loaded = (Model, Arc<Mutex<dyn Pipeline>>);

/// A GGUF file. The engine's builder for them would compute in F16, which a processor does slowly,
/// and which overflows: so the same steps are taken here in F32.
async fn gguf(path: &Path) -> Result<Loaded, Failure> {
    let whole = local(path)?;
    let split = whole.rsplit_once(std::path::MAIN_SEPARATOR);
    let (folder, file) = split.ok_or_else(|| engine("it is in no folder"))?;
    let device = mistralrs::best_device(false).map_err(engine)?;
    let dtype = if device.is_cpu() {
        ModelDType::F32
    } else {
        ModelDType::Auto
    };
    let loader = GGUFLoaderBuilder::new(
        None,
        None,
        folder.to_owned(),
        vec![file.to_owned()],
        GGUFSpecificConfig::default(),
        false,
        None,
    )
    .build();
    let devices = DeviceMapSetting::Auto(AutoDeviceMapParams::default_text());
    let (source, quiet) = (TokenSource::None, true);
    let pipeline = loader
        .load_model_from_hf(None, source, &dtype, &device, quiet, devices, None, None)
        .map_err(engine)?;
    let scheduler = SchedulerConfig::DefaultScheduler {
        method: DefaultSchedulerMethod::Fixed(AT_ONCE),
    };
    let pipeline: Arc<Mutex<dyn Pipeline>> = pipeline;
    // The cache of prefixes never lets go of anything on a processor.
    let runner = MistralRsBuilder::new(Arc::clone(&pipeline), scheduler, false, None)
        .with_no_prefix_cache(true)
        .build()
        .await;
    Ok((Model::new(runner), pipeline))
}

/// A folder of safetensors that reads and writes text.
async fn text(folder: &Path, cache: PathBuf) -> Result<Loaded, Failure> {
    let template = template::mended(folder)?;
    let mut builder = TextModelBuilder::new(local(folder)?)
        .with_token_source(TokenSource::None)
        .from_hf_cache_path(cache)
        .with_dtype(ModelDType::F32)
        .with_max_num_seqs(AT_ONCE.get())
        .with_prefix_cache_n(None);
    if let Some(file) = &template {
        builder = builder.with_jinja_explicit(file.path().to_string_lossy().into_owned());
    }
    let (pipeline, scheduler, config) = build_text_pipeline(builder).await.map_err(engine)?;
    let model = build_model_from_pipeline(Arc::clone(&pipeline), scheduler, config).await;
    Ok((model, pipeline))
}

/// A folder of safetensors that also sees pictures.
async fn vision(folder: &Path, cache: PathBuf) -> Result<Loaded, Failure> {
    let template = template::mended(folder)?;
    let mut builder = MultimodalModelBuilder::new(local(folder)?)
        .with_token_source(TokenSource::None)
        .from_hf_cache_path(cache)
        .with_dtype(ModelDType::F32)
        .with_max_num_seqs(AT_ONCE.get())
        .with_prefix_cache_n(None);
    if let Some(file) = &template {
        builder = builder.with_jinja_explicit(file.path().to_string_lossy().into_owned());
    }
    let (pipeline, scheduler, config) = build_multimodal_pipeline(builder).await.map_err(engine)?;
    let model = build_model_from_pipeline(Arc::clone(&pipeline), scheduler, config).await;
    Ok((model, pipeline))
}

/// A file or folder as the engine takes it: what doesn't exist, it would look for on a hub.
fn local(path: &Path) -> Result<String, LanguageModelError> {
    let wrong = |reason: &str| super::allow_list::unreadable(path, reason);
    let whole = path
        .canonicalize()
        .map_err(|error| wrong(&error.to_string()))?;
    let name = whole
        .to_str()
        .ok_or_else(|| wrong("its name is not UTF-8"))?;
    Ok(name.to_owned())
}

fn cache_folder(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).join("hub")
}
