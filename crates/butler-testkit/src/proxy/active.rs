//! Which faults of a plan act on a request.

use serde_json::Value;

use super::fault::{Fault, FaultPlan, When};

/// A plan with the number of requests that each rule has seen.
#[derive(Debug, Default)]
pub(super) struct ActivePlan {
    rules: Vec<(Fault, When, u64)>,
}

impl From<FaultPlan> for ActivePlan {
    fn from(plan: FaultPlan) -> Self {
        Self { rules: plan.rules.into_iter().map(|(fault, when)| (fault, when, 0)).collect() }
    }
}

/// A fault that acts on this request, on all calls or on those of one method.
#[derive(Clone, Debug)]
pub(super) struct Active {
    pub(super) fault: Fault,
    pub(super) method: Option<String>,
}

impl Active {
    /// Whether it acts on this call.
    pub(super) fn concerns(&self, call: &Value) -> bool {
        self.method.as_ref().is_none_or(|method| call["method"] == method.as_str())
    }
}

impl ActivePlan {
    /// The faults that act on a request with these calls, which is counted.
    pub(super) fn faults_for(&mut self, calls: &[Value]) -> Vec<Active> {
        let mut active = Vec::new();
        for (fault, when, seen) in &mut self.rules {
            let (method, first, last) = match when {
                When::Always => (None, 1, u64::MAX),
                When::First(count) => (None, 1, *count),
                When::Nth(number) => (None, *number, *number),
                When::ForMethod(method) => (Some(method), 1, u64::MAX),
                When::FirstForMethod(count, method) => (Some(method), 1, *count),
            };
            let method = method.cloned();
            let candidate = Active { fault: fault.clone(), method };
            if candidate.method.is_some() && !calls.iter().any(|call| candidate.concerns(call)) {
                continue;
            }
            *seen += 1;
            if (first..=last).contains(seen) {
                active.push(candidate);
            }
        }
        active
    }
}
