//! The course of a session: which question is open, what a tutor's button does, and when time is
//! up. Pure: the store keeps the state and asks here what comes next, so that a session goes on
//! after any restart. Times are milliseconds since 1970.

use serde::{Deserialize, Serialize};

/// Shortest and longest time for a question, in seconds.
pub const TIMER: (i64, i64) = (5, 3_600);
/// Most questions of a session.
pub const MOST_QUESTIONS: usize = 100;

/// Whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// It goes on.
    Running,
    /// The tutor has paused it.
    Paused,
    /// It is over.
    Ended,
}

impl Course {
    /// Its name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Ended => "ended",
        }
    }

    /// A name that the database's own check has let in.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "running" => Self::Running,
            "paused" => Self::Paused,
            _ => Self::Ended,
        }
    }
}

/// How a question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It comes later.
    Waiting,
    /// It takes answers.
    Open,
    /// Its key was shown.
    Revealed,
    /// It was passed over, and doesn't count.
    Skipped,
}

impl Phase {
    /// Its name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Open => "open",
            Self::Revealed => "revealed",
            Self::Skipped => "skipped",
        }
    }

    /// A name that the database's own check has let in.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "open" => Self::Open,
            "revealed" => Self::Revealed,
            "skipped" => Self::Skipped,
            _ => Self::Waiting,
        }
    }
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Whether it goes on.
    pub course: Course,
    /// Place of the current question, from 0.
    pub place: usize,
    /// Number of questions.
    pub count: usize,
    /// How the current question stands.
    pub phase: Phase,
    /// Seconds for each question, if there is a limit.
    pub timer: Option<i64>,
    /// When the current question closes.
    pub closes_ms: Option<i64>,
    /// Time that was left when the session was paused.
    pub left_ms: Option<i64>,
}

/// What can be done with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Show the key.
    Reveal,
    /// Show the key because the time is up. No tutor does this.
    TimeUp,
    /// Go on to the next question, or to the end.
    Next,
    /// Pass over the open question.
    Skip,
    /// Stop for a while.
    Pause,
    /// Go on after a pause.
    Resume,
    /// End it. An open question doesn't count.
    End,
}

impl Step {
    /// Its name, as the audit keeps it and a button carries it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reveal => "reveal",
            Self::TimeUp => "time_up",
            Self::Next => "next",
            Self::Skip => "skip",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::End => "end",
        }
    }

    /// The step of that name, as a tutor's button carries it; time is up for nobody's pressing.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Reveal,
            Self::Next,
            Self::Skip,
            Self::Pause,
            Self::Resume,
            Self::End,
        ]
        .into_iter()
        .find(|step| step.name() == name)
    }
}

/// Why a step can't be taken; one sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoStep {
    /// The session is over.
    #[error("This session has ended.")]
    Ended,
    /// It is paused.
    #[error("The session is paused. Resume it first.")]
    Paused,
    /// It isn't paused.
    #[error("The session is not paused.")]
    NotPaused,
    /// The key was not shown yet.
    #[error("This question is still open. Reveal or skip it first.")]
    StillOpen,
    /// The key was shown.
    #[error("This question is closed already.")]
    Closed,
    /// There is time left.
    #[error("There is time left for this question.")]
    TimeLeft,
    /// Somebody was faster: the session stands elsewhere.
    #[error("Somebody else was faster: the session has moved on.")]
    MovedOn,
}

impl Standing {
    /// A session whose first question is open.
    pub fn begin(count: usize, timer: Option<i64>, now_ms: i64) -> Self {
        Self {
            course: Course::Running,
            place: 0,
            count,
            phase: Phase::Open,
            timer,
            closes_ms: closes(timer, now_ms),
            left_ms: None,
        }
    }

    /// Where the session stands after a step, together with what became of the question that was
    /// current before it.
    ///
    /// # Errors
    /// [`NoStep`] if it can't be taken now.
    pub fn after(&self, step: Step, now_ms: i64) -> Result<(Self, Phase), NoStep> {
        if self.course == Course::Ended {
            return Err(NoStep::Ended);
        }
        match step {
            Step::End => {
                let left = if self.phase == Phase::Open {
                    Phase::Skipped
                } else {
                    self.phase
                };
                Ok((self.ended(left), left))
            }
            Step::Resume if self.course == Course::Paused => Ok((self.resumed(now_ms), self.phase)),
            Step::Resume => Err(NoStep::NotPaused),
            _ if self.course == Course::Paused => Err(NoStep::Paused),
            Step::Pause => Ok((self.paused(now_ms), self.phase)),
            Step::Reveal => self.revealed(),
            Step::TimeUp => {
                if self.phase == Phase::Open && !self.is_late(now_ms) {
                    return Err(NoStep::TimeLeft);
                }
                self.revealed()
            }
            Step::Skip if self.phase == Phase::Open => {
                Ok((self.next(Phase::Skipped, now_ms), Phase::Skipped))
            }
            Step::Skip => Err(NoStep::Closed),
            Step::Next if self.phase == Phase::Open => Err(NoStep::StillOpen),
            Step::Next => Ok((self.next(self.phase, now_ms), self.phase)),
        }
    }

    /// Whether the current question's time is up.
    pub fn is_late(&self, now_ms: i64) -> bool {
        self.closes_ms.is_some_and(|closes| closes <= now_ms)
    }

    /// Whether the current question takes answers.
    pub fn takes_answers(&self, now_ms: i64) -> bool {
        self.course == Course::Running && self.phase == Phase::Open && !self.is_late(now_ms)
    }

    fn revealed(&self) -> Result<(Self, Phase), NoStep> {
        if self.phase != Phase::Open {
            return Err(NoStep::Closed);
        }
        let after = Self {
            phase: Phase::Revealed,
            closes_ms: None,
            ..*self
        };
        Ok((after, Phase::Revealed))
    }

    /// The next question, or the end; `left` is what became of the one before.
    fn next(&self, left: Phase, now_ms: i64) -> Self {
        if self.place + 1 >= self.count {
            return self.ended(left);
        }
        Self {
            place: self.place + 1,
            phase: Phase::Open,
            closes_ms: closes(self.timer, now_ms),
            ..*self
        }
    }

    fn paused(&self, now_ms: i64) -> Self {
        let left = self
            .closes_ms
            .map(|closes| closes.saturating_sub(now_ms).max(0));
        Self {
            course: Course::Paused,
            closes_ms: None,
            left_ms: left,
            ..*self
        }
    }

    fn resumed(&self, now_ms: i64) -> Self {
        Self {
            course: Course::Running,
            closes_ms: self.left_ms.map(|left| now_ms.saturating_add(left)),
            left_ms: None,
            ..*self
        }
    }

    fn ended(&self, phase: Phase) -> Self {
        Self {
            course: Course::Ended,
            phase,
            closes_ms: None,
            left_ms: None,
            ..*self
        }
    }
}

fn closes(timer: Option<i64>, now_ms: i64) -> Option<i64> {
    timer.map(|seconds| now_ms.saturating_add(seconds.saturating_mul(1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    fn after(standing: Standing, step: Step, now: i64) -> Standing {
        standing.after(step, now).expect("it can be taken").0
    }

    #[test]
    fn a_session_goes_from_question_to_question_to_its_end() {
        let mut standing = Standing::begin(2, None, NOW);
        assert!(standing.takes_answers(NOW));
        assert_eq!(standing.after(Step::Next, NOW), Err(NoStep::StillOpen));
        standing = after(standing, Step::Reveal, NOW);
        assert!(!standing.takes_answers(NOW));
        assert_eq!(standing.after(Step::Reveal, NOW), Err(NoStep::Closed));
        assert_eq!(standing.after(Step::Skip, NOW), Err(NoStep::Closed));
        standing = after(standing, Step::Next, NOW);
        assert_eq!((standing.place, standing.phase), (1, Phase::Open));
        let (ended, left) = standing.after(Step::Skip, NOW).expect("it is open");
        assert_eq!((ended.course, left), (Course::Ended, Phase::Skipped));
        for step in [Step::Reveal, Step::Next, Step::Resume, Step::End] {
            assert_eq!(ended.after(step, NOW), Err(NoStep::Ended));
        }
    }

    #[test]
    fn a_pause_keeps_the_time_that_is_left() {
        let standing = Standing::begin(1, Some(30), NOW);
        assert_eq!(standing.closes_ms, Some(NOW + 30_000));
        let paused = after(standing, Step::Pause, NOW + 10_000);
        assert_eq!((paused.closes_ms, paused.left_ms), (None, Some(20_000)));
        assert!(!paused.takes_answers(NOW + 10_000));
        for step in [Step::Reveal, Step::Skip, Step::Pause, Step::TimeUp] {
            assert_eq!(paused.after(step, NOW), Err(NoStep::Paused));
        }
        let resumed = after(paused, Step::Resume, NOW + 500_000);
        assert_eq!(resumed.closes_ms, Some(NOW + 520_000));
        assert_eq!(resumed.after(Step::Resume, NOW), Err(NoStep::NotPaused));
    }

    #[test]
    fn time_is_up_when_it_is_up_and_not_before() {
        let standing = Standing::begin(1, Some(30), NOW);
        assert!(standing.takes_answers(NOW + 29_999));
        assert!(!standing.takes_answers(NOW + 30_000));
        let early = standing.after(Step::TimeUp, NOW + 29_999);
        assert_eq!(early, Err(NoStep::TimeLeft));
        let late = after(standing, Step::TimeUp, NOW + 30_000);
        assert_eq!((late.phase, late.closes_ms), (Phase::Revealed, None));
        assert_eq!(late.after(Step::TimeUp, NOW + 30_000), Err(NoStep::Closed));
        let without = Standing::begin(1, None, NOW);
        assert_eq!(without.after(Step::TimeUp, i64::MAX), Err(NoStep::TimeLeft));
    }

    #[test]
    fn an_open_question_does_not_count_when_the_session_is_ended() {
        let open = Standing::begin(3, None, NOW);
        let (_, left) = open.after(Step::End, NOW).expect("it runs");
        assert_eq!(left, Phase::Skipped);
        let revealed = after(open, Step::Reveal, NOW);
        let paused = after(revealed, Step::Pause, NOW);
        let (_, left) = paused.after(Step::End, NOW).expect("a paused one can end");
        assert_eq!(left, Phase::Revealed);
    }

    #[test]
    fn buttons_carry_steps_and_no_button_says_that_time_is_up() {
        for step in [
            Step::Reveal,
            Step::Next,
            Step::Skip,
            Step::Pause,
            Step::Resume,
            Step::End,
        ] {
            assert_eq!(Step::parse(step.name()), Some(step));
        }
        assert_eq!(Step::parse(Step::TimeUp.name()), None);
    }
}
