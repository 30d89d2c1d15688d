//! An engine that makes pictures in milliseconds: the real code with networks of random weights, which
//! the repository holds for comparing them with Python's. What it draws is noise, and looks like no
//! other noise: enough for everything but beauty.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use mirage::config::Config;
use mirage::engine::{
    Caller, Engine, GeneratorNetwork, GeneratorSpec, Lane, Step, StepReport, Steps, Ticket,
};
use mirage::generate::Checks;
use mirage_models::diffusion::{Device, Pipeline};
use mirage_models::image_encoder::ImageEncoder;
use mirage_models::joint_encoder;
use mirage_models::resolver::Resolver;
use mirage_models::safety_gate::{self, SafetyGate};
use mirage_models::text_encoder::TextEncoder;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

/// Side in pixels of the pictures that it makes.
pub const SIDE: u32 = 32;
/// Name and version of what makes them.
pub const MODEL: &str = "tiny@random00";
/// Tokens that the tiny encoder reads.
const TOKENS: usize = 77;

static ENGINE: OnceCell<Engine> = OnceCell::const_new();
static GATE: OnceCell<PathBuf> = OnceCell::const_new();

fn golden(name: &str) -> PathBuf {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/golden");
    golden.join(name)
}

/// One engine for all tests that make pictures.
///
/// # Errors
/// A network can't be read.
pub async fn drawing_engine() -> Result<Engine> {
    let engine = ENGINE.get_or_try_init(|| async {
        let (texts, pictures) = encoders()?;
        let folder = golden("diffusion/minilm");
        let generator = GeneratorNetwork {
            spec: GeneratorSpec {
                identity: MODEL.to_owned(),
                size: SIDE,
            },
            memory: 1,
            load: Box::new(move || Ok(Arc::new(Pipeline::load(&folder, &Device::Cpu)?))),
        };
        anyhow::Ok(Engine::with_networks(
            texts,
            Some(pictures),
            Some(generator),
        )?)
    });
    Ok(engine.await?.clone())
}

fn encoders() -> Result<(Arc<dyn TextEncoder>, Arc<dyn ImageEncoder>)> {
    let found = joint_encoder::inspect(&golden("tiny/clip"))?;
    let identity = "tiny-clip@random00";
    let texts: Arc<dyn TextEncoder> = Arc::new(found.text_encoder(identity.to_owned(), TOKENS)?);
    let pictures: Arc<dyn ImageEncoder> = Arc::new(found.image_encoder(identity.to_owned())?);
    Ok((texts, pictures))
}

/// The checks with the real safety gate, whose file is fetched where it is missing.
///
/// # Errors
/// It is neither cached nor can it be fetched.
pub async fn checks() -> Result<Checks> {
    let gate = GATE.get_or_try_init(|| async {
        let weights = Config::from_environment()?.weights();
        let folder = weights.join(SafetyGate::FOLDER);
        Resolver::new(&folder)
            .ensure(&safety_gate::files()?, |_| {})
            .await?;
        anyhow::Ok(folder)
    });
    Ok(Checks::new(gate.await?.clone(), golden("diffusion/minilm")))
}

/// Somebody at the keyboard whose questions leave little of the device to pictures, until the value
/// is dropped: a run then takes long enough to be watched and cancelled.
pub struct Crowd {
    _ticket: Ticket<()>,
}

impl Crowd {
    /// Questions of so many milliseconds each, one after the other.
    ///
    /// # Errors
    /// The engine takes no more.
    pub async fn asking(milliseconds: u64) -> Result<Self> {
        let engine = drawing_engine().await?;
        let questions = Questions(Duration::from_millis(milliseconds));
        let caller = Caller::new(u64::MAX, u64::MAX);
        let cancel = CancellationToken::new();
        let ticket = engine.submit(caller, Lane::Interactive, questions, cancel)?;
        Ok(Self { _ticket: ticket })
    }
}

struct Questions(Duration);

impl Steps for Questions {
    type Output = ();

    #[expect(
        clippy::disallowed_methods,
        reason = "it stands for a network at work, on the engine's own thread"
    )]
    fn step(&mut self) -> Result<Step<()>, String> {
        std::thread::sleep(self.0);
        Ok(Step::Going(StepReport::default()))
    }
}
