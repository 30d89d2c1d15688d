//! Why a job was not accepted.

use std::time::Duration;

use crate::store::StoreError;
use crate::store::jobs::Refusal;

/// Why a job was not accepted; one or two plain sentences.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// A limit is reached.
    #[error("{}", sentence(*refusal, *again))]
    Refused {
        /// Which limit.
        refusal: Refusal,
        /// How long until a place is likely to be free.
        again: Duration,
    },
    /// The store can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn sentence(refusal: Refusal, again: Duration) -> String {
    let full = match refusal {
        Refusal::User(most) => {
            format!("You have {most} jobs waiting or running, which is the most at one time.")
        }
        Refusal::Server(most) => {
            format!(
                "This server has {most} jobs waiting or running, which is the most at one time."
            )
        }
        Refusal::Full(most) => format!("The queue is full: {most} jobs wait."),
    };
    format!("{full} Try again in {}.", roughly(again))
}

/// A time as people say it: "about 40 s", "about 3 min", "about 2 h".
pub fn roughly(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..=1.0 => "about a second".to_owned(),
        ..=10.0 => format!("about {} s", seconds.ceil()),
        ..=90.0 => format!("about {} s", (seconds / 5.0).ceil() * 5.0),
        ..=5400.0 => format!("about {} min", (seconds / 60.0).ceil()),
        _ => format!("about {} h", (seconds / 3600.0).ceil()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let said = |seconds: f64| roughly(Duration::from_secs_f64(seconds));
        assert_eq!(said(0.0), "about a second");
        assert_eq!(said(3.2), "about 4 s");
        assert_eq!(said(38.0), "about 40 s");
        assert_eq!(said(125.0), "about 3 min");
        assert_eq!(said(7_300.0), "about 3 h");
    }

    #[test]
    fn a_refusal_says_why_and_when_to_come_back() {
        let refused = JobsError::Refused {
            refusal: Refusal::User(2),
            again: Duration::from_secs(40),
        };
        assert_eq!(
            refused.to_string(),
            "You have 2 jobs waiting or running, which is the most at one time. Try again in \
             about 40 s."
        );
    }
}
