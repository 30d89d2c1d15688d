//! Faults on purpose: failing or slow routes, dropped sockets, gateway commands, expired tokens.
//! Only rules live here; the REST recorder and the gateway carry them out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::gateway::GatewayFault;

/// What happens to a request that meets a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Answered with this status (an HTTP 5xx, say) instead of being handled.
    Status(u16),
    /// Answered with 429 and this time to wait.
    RateLimited {
        /// How long the bot shall wait.
        retry_after: Duration,
    },
    /// Handled after this long by the server's clock.
    Delay(Duration),
    /// The connection is cut before anything is answered. The request is not handled.
    DropConnection,
    /// Handled, events and all; then the connection is cut instead of the answer. A caller who
    /// tries again meets what the first try did: 40060 for a second callback, say.
    HandleThenDrop,
    /// Handled, events and all; then answered with this status (502, say) instead of the result.
    HandleThenStatus(u16),
}

#[derive(Debug)]
struct Rule {
    method: String,
    route: String,
    left: u32,
    fault: Fault,
}

/// The queue of rules. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    rules: Arc<Mutex<Vec<Rule>>>,
}

impl Rules {
    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault for this request, if a rule is met; the rule is used up by one.
    pub(crate) fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let mut rules = self.rules();
        let at = rules.iter().position(|rule| meets(rule, method, path))?;
        let fault = rules[at].fault;
        rules[at].left -= 1;
        if rules[at].left == 0 {
            rules.remove(at);
        }
        Some(fault)
    }
}

fn meets(rule: &Rule, method: &str, path: &str) -> bool {
    let same_method = rule.method == "*" || rule.method.eq_ignore_ascii_case(method);
    let mut segments = path.trim_matches('/').split('/');
    same_method
        && rule
            .route
            .trim_matches('/')
            .split('/')
            .filter(|wanted| !wanted.is_empty())
            .all(|wanted| {
                segments
                    .next()
                    .is_some_and(|found| wanted == "*" || wanted == found)
            })
}

/// The faults of a running server; get it with [`Server::faults`](crate::Server::faults).
#[derive(Clone)]
pub struct Faults {
    pub(crate) world: Arc<crate::world::World>,
}

impl Faults {
    /// Queues a rule: the next `times` requests with this method (`*` for any) whose path (with or
    /// without `/api/v10`) starts with the segments of `route` (`*` for any one segment, as in
    /// `/interactions/*/*/callback`) meet the fault. Rules are tried in the order they were added.
    pub fn on(&self, method: &str, route: &str, times: u32, fault: Fault) {
        if times > 0 {
            let route = route.strip_prefix(crate::rest::PREFIX).unwrap_or(route);
            let (method, route) = (method.to_owned(), route.to_owned());
            self.world.rules.rules().push(Rule {
                method,
                route,
                left: times,
                fault,
            });
        }
    }

    /// Forgets all rules.
    pub fn clear(&self) {
        self.world.rules.rules().clear();
    }

    /// How many requests are still to meet a fault.
    pub fn pending(&self) -> u32 {
        self.world.rules.rules().iter().map(|rule| rule.left).sum()
    }

    /// Cuts every gateway connection without a closing frame. Sessions stay resumable.
    pub fn drop_gateway(&self) {
        self.world.gateway_fault(GatewayFault::Drop);
    }

    /// Sends op 7: the bot shall reconnect and resume.
    pub fn reconnect_gateway(&self) {
        self.world.gateway_fault(GatewayFault::Reconnect);
    }

    /// Sends op 9. If not `resumable`, the sessions are forgotten.
    pub fn invalidate_session(&self, resumable: bool) {
        self.world
            .gateway_fault(GatewayFault::InvalidSession { resumable });
    }

    /// Stops (or starts again) answering heartbeats, as a dead connection would.
    pub fn stop_heartbeat_acks(&self, stop: bool) {
        self.world.gateway_fault(GatewayFault::StopAcks(stop));
    }

    /// Makes the tokens of all interactions so far as invalid as 15 minutes do.
    pub fn expire_interaction_tokens(&self) {
        self.world.expire_tokens();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(method: &str, route: &str, left: u32, fault: Fault) -> Rules {
        let rules = Rules::default();
        let rule = Rule {
            method: method.to_owned(),
            route: route.to_owned(),
            left,
            fault,
        };
        rules.rules().push(rule);
        rules
    }

    #[test]
    fn a_rule_is_used_up() {
        let rules = rules("POST", "/interactions/*/*/callback", 2, Fault::Status(500));
        let path = "/interactions/1/token/callback";
        assert_eq!(rules.take("GET", path), None);
        assert_eq!(rules.take("POST", "/interactions/1/token"), None);
        assert_eq!(rules.take("POST", path), Some(Fault::Status(500)));
        assert_eq!(rules.take("post", path), Some(Fault::Status(500)));
        assert_eq!(rules.take("POST", path), None);
    }

    #[test]
    fn a_route_is_a_prefix_of_whole_segments() {
        let rules = rules("*", "/channels", 9, Fault::DropConnection);
        assert!(rules.take("PUT", "/channels/1/messages").is_some());
        assert!(rules.take("PUT", "/channelsome").is_none());
    }
}
