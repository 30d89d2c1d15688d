//! The lanes beside each other: each a fair queue, sharing the device by weight of what they took.

use super::caller::{Caller, Lane};
use super::fair_queue::FairQueue;

/// One fair queue a lane.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    lanes: Vec<Share<T>>,
    /// What the lane that was served last had had before: no lane that comes back may claim more
    /// of the past than this, nor is it held back by it.
    clock: f64,
}

#[derive(Debug)]
struct Share<T> {
    lane: Lane,
    queue: FairQueue<T>,
    /// What the lane had of the device, over its weight.
    served: f64,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        let lanes = Lane::ALL.map(|lane| Share {
            lane,
            queue: FairQueue::default(),
            served: 0.0,
        });
        Self {
            lanes: lanes.into(),
            clock: 0.0,
        }
    }
}

impl<T> Lanes<T> {
    /// How many requests wait in all lanes.
    pub(super) fn len(&self) -> usize {
        self.lanes.iter().map(|share| share.queue.len()).sum()
    }

    /// How many requests wait in one lane.
    pub(super) fn len_of(&self, lane: Lane) -> usize {
        self.share(lane).map_or(0, |share| share.queue.len())
    }

    pub(super) fn push(&mut self, lane: Lane, caller: Caller, item: T) {
        let clock = self.clock;
        if let Some(share) = self.share_mut(lane) {
            if share.queue.is_empty() {
                share.served = share.served.max(clock);
            }
            share.queue.push(caller, item);
        }
    }

    /// Puts a request that has begun back at the head of its line.
    pub(super) fn push_front(&mut self, lane: Lane, caller: Caller, item: T) {
        if let Some(share) = self.share_mut(lane) {
            share.queue.push_front(caller, item);
        }
    }

    /// Takes the next request of the lane that has had the least for its weight.
    pub(super) fn pop(&mut self) -> Option<(Lane, Caller, T)> {
        let share = self
            .lanes
            .iter_mut()
            .filter(|share| !share.queue.is_empty())
            .min_by(|one, other| one.served.total_cmp(&other.served))?;
        self.clock = self.clock.max(share.served);
        let (caller, item) = share.queue.pop()?;
        Some((share.lane, caller, item))
    }

    /// Takes the next request of one lane that fits.
    pub(super) fn pop_where(
        &mut self,
        lane: Lane,
        fits: impl Fn(&T) -> bool,
    ) -> Option<(Caller, T)> {
        self.share_mut(lane)?.queue.pop_where(fits)
    }

    /// Counts what a request took.
    pub(super) fn charge(&mut self, lane: Lane, caller: Caller, cost: f64) {
        self.charge_caller(lane, caller, cost);
        self.charge_lane(lane, cost);
    }

    /// Counts what a request is about to take, for its caller.
    pub(super) fn charge_caller(&mut self, lane: Lane, caller: Caller, cost: f64) {
        if let Some(share) = self.share_mut(lane) {
            share.queue.charge(caller, cost);
        }
    }

    /// Counts what a batch took, for its lane.
    pub(super) fn charge_lane(&mut self, lane: Lane, cost: f64) {
        if let Some(share) = self.share_mut(lane) {
            share.served += cost / lane.weight();
        }
    }

    /// Removes the requests that nobody waits for any more.
    pub(super) fn remove_where(&mut self, mut gone: impl FnMut(&T) -> bool) -> Vec<T> {
        self.lanes
            .iter_mut()
            .flat_map(|share| share.queue.remove_where(&mut gone))
            .collect()
    }

    fn share(&self, lane: Lane) -> Option<&Share<T>> {
        self.lanes.iter().find(|share| share.lane == lane)
    }

    fn share_mut(&mut self, lane: Lane) -> Option<&mut Share<T>> {
        self.lanes.iter_mut().find(|share| share.lane == lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(lanes: &mut Lanes<u32>, turns: usize) -> Vec<Lane> {
        (0..turns)
            .filter_map(|_| {
                let (lane, caller, _) = lanes.pop()?;
                lanes.charge(lane, caller, 1.0);
                Some(lane)
            })
            .collect()
    }

    #[test]
    fn a_busy_interactive_lane_leaves_the_others_their_share() {
        let mut lanes = Lanes::default();
        for lane in Lane::ALL {
            (0..500).for_each(|item| lanes.push(lane, Caller::LOCAL, item));
        }
        let order = served(&mut lanes, 210);
        let count = |lane| order.iter().filter(|served| **served == lane).count();
        assert_eq!(count(Lane::Interactive), 160);
        assert_eq!(count(Lane::Long), 40);
        assert_eq!(count(Lane::Batch), 10);
    }

    #[test]
    fn a_question_goes_before_an_import_that_runs_alone_for_long() {
        let mut lanes = Lanes::default();
        (0..100).for_each(|item| lanes.push(Lane::Batch, Caller::LOCAL, item));
        served(&mut lanes, 50);
        lanes.push(Lane::Interactive, Caller::new(1, 1), 0);
        lanes.push(Lane::Interactive, Caller::new(1, 1), 1);
        let order = served(&mut lanes, 3);
        assert_eq!(
            order
                .iter()
                .filter(|lane| **lane == Lane::Interactive)
                .count(),
            2
        );
    }

    #[test]
    fn neither_lane_pays_for_what_it_had_while_the_other_was_idle() {
        for (early, late) in [
            (Lane::Interactive, Lane::Batch),
            (Lane::Batch, Lane::Interactive),
        ] {
            let mut lanes = Lanes::default();
            (0..1_000).for_each(|item| lanes.push(early, Caller::LOCAL, item));
            served(&mut lanes, 1_000);
            (0..100).for_each(|item| lanes.push(late, Caller::LOCAL, item));
            served(&mut lanes, 20);
            lanes.push(early, Caller::LOCAL, 0);
            (0..100).for_each(|item| lanes.push(early, Caller::LOCAL, item));
            let order = served(&mut lanes, 40);
            assert!(order[..20].contains(&early), "{order:?}");
            assert!(order.contains(&late), "{order:?}");
        }
    }
}
