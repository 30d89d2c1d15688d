//! How a command ends when it can't do its work: three kinds of failure, each with its exit code
//! and one sentence on standard error.

use std::process::ExitCode;

use mirage::atlas::AtlasError;
use mirage::atlas::readers::ReadError;
use mirage::atlas::starter::StarterError;
use mirage::compare::CompareError;
use mirage::config::ConfigError;
use mirage::engine::EngineError;
use mirage::explain::ExplainError;
use mirage::generate::{CheckError, DrawError, MarkError};
use mirage::jobs::JobsError;
use mirage::store::StoreError;
use mirage_models::diffusion::DiffusionError;
use mirage_models::image_encoder::ImageEncoderError;
use mirage_models::joint_encoder::JointError;
use mirage_models::manifest::ManifestError;
use mirage_models::resolver::ResolveError;
use mirage_models::text_encoder::EncoderError;

use super::output::say;
use crate::metrics::MetricsError;
use crate::runtime::OpenError;
use crate::slash::StartError;

/// Exit code of something that the person can mend.
const USER: u8 = 1;
/// Exit code of a wrong command line; clap ends with the same.
const ARGUMENT: u8 = 2;
/// Exit code of anything else.
const UNEXPECTED: u8 = 3;
/// Exit code of a command that was interrupted: 128 and the number of SIGINT.
pub(super) const STOPPED: u8 = 130;

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The person can mend it; the sentence says how.
    User(anyhow::Error),
    /// An argument or a setting can't be used.
    Argument(anyhow::Error),
    /// Anything else. The causes are in the log.
    Unexpected(anyhow::Error),
    /// It was interrupted; the sentence says what stays.
    Stopped(&'static str),
    /// Nobody reads the output any more, as in `mirage find brain | head -1`. That is no error.
    OutputClosed,
}

impl Failure {
    /// A failure that the person can mend.
    pub(crate) fn user(sentence: impl Into<String>) -> Self {
        Self::User(anyhow::Error::msg(sentence.into()))
    }

    /// An argument that can't be used.
    pub(crate) fn argument(sentence: impl Into<String>) -> Self {
        Self::Argument(anyhow::Error::msg(sentence.into()))
    }

    /// Tells the person, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let (error, code) = match self {
            Self::OutputClosed => return ExitCode::SUCCESS,
            Self::Stopped(sentence) => {
                say(&format!("mirage: {sentence}"));
                return ExitCode::from(STOPPED);
            }
            Self::User(error) => (error, USER),
            Self::Argument(error) => (error, ARGUMENT),
            Self::Unexpected(error) => (error, UNEXPECTED),
        };
        tracing::debug!(causes = format!("{error:#}"), "the command failed");
        say(&format!("mirage: {error}"));
        match self {
            Self::Argument(_) => say("See `mirage --help`."),
            Self::Unexpected(_) => say("Run it again with MIRAGE_LOG=debug to see the causes."),
            _ => {}
        }
        ExitCode::from(code)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Argument(error.into())
    }
}

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Self {
        match error {
            ManifestError::UnknownProfile { .. } => Self::Argument(error.into()),
            ManifestError::Own { .. } => Self::User(error.into()),
            ManifestError::Malformed(_)
            | ManifestError::Unusable { .. }
            | ManifestError::Unwritable(_) => Self::Unexpected(error.into()),
        }
    }
}

impl From<JointError> for Failure {
    fn from(error: JointError) -> Self {
        Self::User(error.into())
    }
}

impl From<ResolveError> for Failure {
    fn from(error: ResolveError) -> Self {
        Self::User(error.into())
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match &error {
            EngineError::Encoder(encoder) => match &**encoder {
                EncoderError::Unreadable { .. } | EncoderError::Joint(_) => {
                    Self::User(error.into())
                }
                EncoderError::Network(_)
                | EncoderError::Tokenizer(_)
                | EncoderError::Dimensions { .. } => Self::Unexpected(error.into()),
            },
            EngineError::ImageEncoder(encoder) => match &**encoder {
                ImageEncoderError::Unreadable { .. }
                | ImageEncoderError::Joint(_)
                | ImageEncoderError::Absent(_) => Self::User(error.into()),
                ImageEncoderError::Weights(_)
                | ImageEncoderError::Network(_)
                | ImageEncoderError::Dimensions { .. }
                | ImageEncoderError::Pixels { .. } => Self::Unexpected(error.into()),
            },
            EngineError::Generator(generator) => match &**generator {
                DiffusionError::Part { .. }
                | DiffusionError::TextEncoder(_)
                | DiffusionError::NoTextEncoder { .. }
                | DiffusionError::NotFinite(_)
                | DiffusionError::Cancelled => Self::User(error.into()),
                DiffusionError::Steps { .. }
                | DiffusionError::Guidance(_)
                | DiffusionError::Strength(_)
                | DiffusionError::Size { .. }
                | DiffusionError::Scheduler(_) => Self::Argument(error.into()),
                DiffusionError::Device
                | DiffusionError::Tokenizer(_)
                | DiffusionError::Noise { .. }
                | DiffusionError::Network(_) => Self::Unexpected(error.into()),
            },
            EngineError::Overloaded { .. }
            | EngineError::Stopped
            | EngineError::Cancelled
            | EngineError::NoImageEncoder
            | EngineError::NoGenerator
            | EngineError::Memory { .. }
            | EngineError::Work(_) => Self::User(error.into()),
            EngineError::Panicked(_) | EngineError::Unstarted(_) => Self::Unexpected(error.into()),
        }
    }
}

impl From<MetricsError> for Failure {
    fn from(error: MetricsError) -> Self {
        Self::User(error.into())
    }
}

impl From<JobsError> for Failure {
    fn from(error: JobsError) -> Self {
        match error {
            JobsError::Refused { .. } => Self::User(error.into()),
            JobsError::Store(error) => error.into(),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::User(error.into())
    }
}

impl From<StarterError> for Failure {
    fn from(error: StarterError) -> Self {
        match error {
            StarterError::Media { .. } => Self::User(error.into()),
            StarterError::Definition(_) | StarterError::Manifest(_) => {
                Self::Unexpected(error.into())
            }
        }
    }
}

impl From<AtlasError> for Failure {
    fn from(error: AtlasError) -> Self {
        match error {
            AtlasError::EmptyQuery | AtlasError::LongQuery { .. } => Self::Argument(error.into()),
            AtlasError::Missing { .. }
            | AtlasError::OtherEncoder { .. }
            | AtlasError::OtherLayout { .. }
            | AtlasError::WithoutPictureVectors { .. }
            | AtlasError::NoSuchEntry { .. }
            | AtlasError::DiskFull(_)
            | AtlasError::Changing
            | AtlasError::Interrupted => Self::User(error.into()),
            AtlasError::Dataset(_) => Self::Unexpected(error.into()),
            AtlasError::Engine(error) => error.into(),
            AtlasError::Read(error) => error.into(),
            AtlasError::Starter(error) => error.into(),
        }
    }
}

impl From<CompareError> for Failure {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Same
            | CompareError::NoChange
            | CompareError::SameChange
            | CompareError::Cancelled
            | CompareError::Unchanged
            | CompareError::OtherSpace
            | CompareError::Weight
            | CompareError::TooSmall { .. }
            | CompareError::TooNarrow { .. }
            | CompareError::Media(_) => Self::Argument(error.into()),
            CompareError::Nothing | CompareError::NoneOfMode { .. } | CompareError::NotLaid => {
                Self::User(error.into())
            }
            CompareError::Atlas(error) => error.into(),
            CompareError::Drawing(_) => Self::Unexpected(error.into()),
        }
    }
}

impl From<ExplainError> for Failure {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::Empty
            | ExplainError::TooLong { .. }
            | ExplainError::NoPart { .. }
            | ExplainError::TooSmall { .. }
            | ExplainError::Media(_) => Self::Argument(error.into()),
            ExplainError::NoStructures { .. } | ExplainError::Cancelled => Self::User(error.into()),
            ExplainError::Atlas(error) => error.into(),
            ExplainError::Drawing(_) => Self::Unexpected(error.into()),
        }
    }
}

impl From<DrawError> for Failure {
    fn from(error: DrawError) -> Self {
        match error {
            DrawError::Request(_) | DrawError::Prompt(_) | DrawError::Start(_) => {
                Self::Argument(error.into())
            }
            DrawError::NoStart
            | DrawError::Refused(_)
            | DrawError::TooNear
            | DrawError::Interrupted
            | DrawError::Mark(MarkError::NotKept)
            | DrawError::Check(CheckError::Known(_) | CheckError::Interrupted) => {
                Self::User(error.into())
            }
            DrawError::Engine(error) | DrawError::Check(CheckError::Engine(error)) => error.into(),
            DrawError::Atlas(error) | DrawError::Check(CheckError::Atlas(error)) => error.into(),
            DrawError::Mark(MarkError::Empty | MarkError::Drawing(_))
            | DrawError::Check(CheckError::Pixels(_)) => Self::Unexpected(error.into()),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Weights { .. } | OpenError::LanguageModel(_) => Self::User(error.into()),
            OpenError::Profile(error) => error.into(),
            OpenError::Engine(error) => error.into(),
            OpenError::Atlas(error) => error.into(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InUse { .. }
            | StoreError::Unopened { .. }
            | StoreError::DiskFull(_)
            | StoreError::Busy(_) => Self::User(error.into()),
            StoreError::Migration(_) | StoreError::Database(_) | StoreError::Corrupt(_) => {
                Self::Unexpected(error.into())
            }
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Unreachable { .. } | StartError::Token | StartError::Gateway { .. } => {
                Self::User(error.into())
            }
            StartError::Ended(_) => Self::Unexpected(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_code() {
        let code = |failure: Failure| format!("{:?}", failure.report());
        let same = |failure: Failure, exit: u8| {
            assert_eq!(code(failure), format!("{:?}", ExitCode::from(exit)));
        };
        same(
            AtlasError::Missing {
                uri: "x".to_owned(),
            }
            .into(),
            1,
        );
        same(AtlasError::EmptyQuery.into(), 2);
        same(Failure::Unexpected(anyhow::anyhow!("a bug")), 3);
        same(Failure::OutputClosed, 0);
    }
}
