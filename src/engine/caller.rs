//! On whose behalf work is done, and how soon it is wanted.

/// A person, and the server that they ask in. Both are numbers; 0 stands for the shell and for
/// direct messages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Caller {
    /// The person.
    pub user: u64,
    /// The server (guild).
    pub server: u64,
    /// Share of the device beside others'; above 0, 1 by default.
    pub weight: f64,
}

impl Caller {
    /// Whoever works on this machine, and Mirage itself.
    pub const LOCAL: Self = Self {
        user: 0,
        server: 0,
        weight: 1.0,
    };

    /// A person in a server, with the usual share.
    pub fn new(user: u64, server: u64) -> Self {
        Self {
            user,
            server,
            weight: 1.0,
        }
    }

    /// The same person with another share; one that isn't above 0 is taken as the usual.
    #[must_use]
    pub fn with_weight(self, weight: f64) -> Self {
        let usable = weight.is_finite() && weight > 0.0;
        Self {
            weight: if usable { weight } else { 1.0 },
            ..self
        }
    }
}

/// How soon work is wanted. Lanes share the device by weight; a lane that nobody waits in costs
/// the others nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// Somebody waits at the keyboard: embeddings of queries, short chat.
    Interactive,
    /// Somebody waits, but knows that it takes a while: pictures, long chat.
    Long,
    /// Nobody waits: imports.
    Batch,
}

impl Lane {
    /// All lanes.
    pub const ALL: [Self; 3] = [Self::Interactive, Self::Long, Self::Batch];

    /// Its share of the device while all lanes have work.
    pub(super) fn weight(self) -> f64 {
        match self {
            Self::Interactive => 16.0,
            Self::Long => 4.0,
            Self::Batch => 1.0,
        }
    }

    /// Its name in figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Long => "long",
            Self::Batch => "batch",
        }
    }
}
