//! A queue that serves people in fair turns, whatever each of them asks for: who has had the least
//! of the device comes first, and among equals the server that has had the least. Pure data: it
//! measures nothing and waits for nobody.
//!
//! It is start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996) with the cost charged after
//! the work, when it is known.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};

use super::caller::Caller;

/// Requests of many people, each with a line of their own.
#[derive(Debug)]
pub struct FairQueue<T> {
    lines: HashMap<u64, Line<T>>,
    /// What each server has had, in units of cost over weight.
    servers: HashMap<u64, f64>,
    /// What the person served last had before that turn: nobody who comes back may claim more
    /// of the past than this.
    clock: f64,
    arrivals: u64,
    length: usize,
}

#[derive(Debug)]
struct Line<T> {
    waiting: VecDeque<Waiting<T>>,
    served: f64,
}

#[derive(Debug)]
struct Waiting<T> {
    caller: Caller,
    arrival: u64,
    item: T,
}

impl<T> Default for FairQueue<T> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            servers: HashMap::new(),
            clock: 0.0,
            arrivals: 0,
            length: 0,
        }
    }
}

impl<T> FairQueue<T> {
    /// How many requests wait.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Puts a request at the end of its caller's line.
    pub fn push(&mut self, caller: Caller, item: T) {
        self.arrivals += 1;
        let waiting = Waiting {
            caller,
            arrival: self.arrivals,
            item,
        };
        self.line(caller.user).waiting.push_back(waiting);
        self.length += 1;
    }

    /// Puts a request that has begun back at the head of its caller's line, for its next step.
    pub fn push_front(&mut self, caller: Caller, item: T) {
        let waiting = Waiting {
            caller,
            arrival: 0,
            item,
        };
        // Whose request is at work has not paused: the line keeps its place.
        let clock = self.clock;
        let line = self.lines.entry(caller.user).or_insert_with(|| Line {
            waiting: VecDeque::new(),
            served: clock,
        });
        line.waiting.push_front(waiting);
        self.length += 1;
    }

    /// Takes the request whose turn it is.
    pub fn pop(&mut self) -> Option<(Caller, T)> {
        self.pop_where(|_| true)
    }

    /// Takes the first request in fair order that is at the head of its line and fits.
    pub fn pop_where(&mut self, fits: impl Fn(&T) -> bool) -> Option<(Caller, T)> {
        let user = self
            .lines
            .iter()
            .filter_map(|(user, line)| Some((user, line, line.waiting.front()?)))
            .filter(|(_, _, head)| fits(&head.item))
            .min_by(|(_, one, first), (_, other, second)| {
                self.before(one.served, first, other.served, second)
            })
            .map(|(user, _, _)| *user)?;
        let line = self.lines.get_mut(&user)?;
        let head = line.waiting.pop_front()?;
        self.clock = self.clock.max(line.served);
        self.length -= 1;
        Some((head.caller, head.item))
    }

    /// Counts what a request took, in any unit that is the same for all.
    pub fn charge(&mut self, caller: Caller, cost: f64) {
        let cost = cost.max(0.0) / caller.weight;
        self.line(caller.user).served += cost;
        let servers_share = self.servers.entry(caller.server).or_insert(0.0);
        *servers_share += cost;
        self.forget_who_is_even();
    }

    /// Removes and returns the requests that nobody waits for any more.
    pub fn remove_where(&mut self, mut gone: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut removed = Vec::new();
        for line in self.lines.values_mut() {
            let waiting = std::mem::take(&mut line.waiting);
            for entry in waiting {
                if gone(&entry.item) {
                    removed.push(entry.item);
                } else {
                    line.waiting.push_back(entry);
                }
            }
        }
        self.length -= removed.len();
        removed
    }

    /// The line of a person. Who comes newly, or comes back, starts level with the clock: a
    /// pause earns no claim on the device, and a first request waits for nobody's history.
    fn line(&mut self, user: u64) -> &mut Line<T> {
        let clock = self.clock;
        let line = self.lines.entry(user).or_insert_with(|| Line {
            waiting: VecDeque::new(),
            served: clock,
        });
        if line.waiting.is_empty() {
            line.served = line.served.max(clock);
        }
        line
    }

    fn before(
        &self,
        one_served: f64,
        one: &Waiting<T>,
        other_served: f64,
        other: &Waiting<T>,
    ) -> Ordering {
        let server = |waiting: &Waiting<T>| {
            self.servers
                .get(&waiting.caller.server)
                .copied()
                .unwrap_or_default()
        };
        one_served
            .total_cmp(&other_served)
            .then_with(|| server(one).total_cmp(&server(other)))
            .then_with(|| one.arrival.cmp(&other.arrival))
    }

    /// Who waits for nothing and is level with the clock would be met anew just the same.
    fn forget_who_is_even(&mut self) {
        let clock = self.clock;
        self.lines
            .retain(|_, line| !line.waiting.is_empty() || line.served > clock);
        if self.lines.is_empty() {
            self.servers.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn caller(user: u64, server: u64) -> Caller {
        Caller::new(user, server)
    }

    /// Serves everything at the same cost and returns the users in order.
    fn order(queue: &mut FairQueue<u64>) -> Vec<u64> {
        std::iter::from_fn(|| {
            let (caller, _) = queue.pop()?;
            queue.charge(caller, 1.0);
            Some(caller.user)
        })
        .collect()
    }

    #[test]
    fn one_with_many_requests_does_not_starve_the_others() {
        let mut queue = FairQueue::default();
        for item in 0..20 {
            queue.push(caller(1, 1), item);
        }
        queue.push(caller(2, 1), 20);
        queue.push(caller(3, 1), 21);
        assert_eq!(order(&mut queue)[..5], [1, 2, 3, 1, 1]);
    }

    #[test]
    fn a_late_comer_is_served_next_but_gets_no_arrears() {
        let mut queue = FairQueue::default();
        (0..6).for_each(|item| queue.push(caller(1, 1), item));
        for _ in 0..3 {
            let (first, _) = queue.pop().expect("waiting");
            queue.charge(first, 1.0);
        }
        (0..3).for_each(|item| queue.push(caller(2, 1), item));
        assert_eq!(order(&mut queue), [2, 1, 2, 1, 2, 1]);
    }

    #[test]
    fn among_people_who_are_even_the_server_that_had_less_comes_first() {
        let mut queue = FairQueue::default();
        queue.push(caller(1, 10), 0);
        queue.push(caller(2, 10), 0);
        queue.push(caller(3, 20), 0);
        assert_eq!(order(&mut queue), [1, 3, 2]);
    }

    #[test]
    fn a_heavier_weight_gets_more_turns() {
        let mut queue = FairQueue::default();
        for item in 0..30 {
            queue.push(caller(1, 1).with_weight(2.0), item);
            queue.push(caller(2, 1), item);
        }
        let served = order(&mut queue);
        let first = served[..30].iter().filter(|user| **user == 1).count();
        assert_eq!(first, 20);
    }

    #[test]
    fn what_is_removed_is_no_longer_counted() {
        let mut queue = FairQueue::default();
        (0..4).for_each(|item| queue.push(caller(1, 1), item));
        assert_eq!(queue.remove_where(|item| item % 2 == 0), [0, 2]);
        assert_eq!(queue.len(), 2);
        assert_eq!(queue.pop().map(|(_, item)| item), Some(1));
    }

    proptest! {
        /// At any time, two people who both still wait differ by less than one request's cost.
        #[test]
        fn nobody_gets_ahead_by_more_than_one_request(
            demand in prop::collection::vec(1_usize..30, 2..12),
        ) {
            let mut queue = FairQueue::default();
            for (user, requests) in demand.iter().enumerate() {
                (0..*requests).for_each(|item| queue.push(caller(user as u64, 1), item as u64));
            }
            let mut served = vec![0_usize; demand.len()];
            while let Some((next, _)) = queue.pop() {
                queue.charge(next, 1.0);
                served[next.user as usize] += 1;
                let open: Vec<usize> = (0..demand.len())
                    .filter(|user| served[*user] < demand[*user])
                    .map(|user| served[user])
                    .collect();
                if let (Some(least), Some(most)) = (open.iter().min(), open.iter().max()) {
                    prop_assert!(most - least <= 1);
                }
            }
            prop_assert_eq!(served, demand);
        }
    }
}
