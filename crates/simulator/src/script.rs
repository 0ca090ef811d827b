//! Rules by which a test makes the other side misbehave. Refuses unknown fields: a rule that silently did nothing
//! would make a test pass for the wrong reason.

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(bound = "M: DeserializeOwned + Default, A: DeserializeOwned")]
pub(crate) struct Rule<M, A> {
    #[serde(rename = "match", default)]
    matching: M,
    #[serde(rename = "do")]
    actions: Vec<A>,
    /// How often it applies; absent means always.
    #[serde(default)]
    times: Option<u32>,
}

impl<M, A> Rule<M, A> {
    pub(crate) fn actions(&self) -> &[A] {
        &self.actions
    }
}

pub(crate) struct Rules<M, A>(Mutex<Vec<Rule<M, A>>>);

impl<M, A> Default for Rules<M, A> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<M, A: Clone> Rules<M, A> {
    fn rules(&self) -> std::sync::MutexGuard<'_, Vec<Rule<M, A>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, rule: Rule<M, A>) -> Result<usize, &'static str> {
        if rule.actions.is_empty() {
            return Err("`do` is empty");
        }
        if rule.times == Some(0) {
            return Err("`times` is 0");
        }
        let mut rules = self.rules();
        rules.push(rule);
        Ok(rules.len())
    }

    pub(crate) fn clear(&self) {
        self.rules().clear();
    }

    /// The actions for one occasion, in the order the rules were added. A rule with an action for the occasion is used
    /// up by one; a rule that has only actions for other occasions is not.
    pub(crate) fn take(&self, matches: impl Fn(&M) -> bool, applies: impl Fn(&A) -> bool) -> Vec<A> {
        self.select(matches, applies, true)
    }

    /// As `take`, using nothing up.
    pub(crate) fn peek(&self, matches: impl Fn(&M) -> bool, applies: impl Fn(&A) -> bool) -> Vec<A> {
        self.select(matches, applies, false)
    }

    fn select(&self, matches: impl Fn(&M) -> bool, applies: impl Fn(&A) -> bool, consume: bool) -> Vec<A> {
        let mut rules = self.rules();
        let mut found = Vec::new();
        for rule in rules.iter_mut().filter(|rule| matches(&rule.matching)) {
            let before = found.len();
            found.extend(rule.actions.iter().filter(|action| applies(action)).cloned());
            if consume && found.len() > before {
                rule.times = rule.times.map(|left| left.saturating_sub(1));
            }
        }
        rules.retain(|rule| rule.times != Some(0));
        found
    }
}

/// A switch that is only ever written `true`; `false` would read as "the opposite", which no rule has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "bool")]
pub(crate) struct On;

impl TryFrom<bool> for On {
    type Error = &'static str;

    fn try_from(on: bool) -> Result<Self, Self::Error> {
        if on { Ok(Self) } else { Err("only `true` has a meaning here; leave the action out instead") }
    }
}

/// `true` for all of them, or the first n.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum HowMany {
    All(On),
    First(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct M {
        name: Option<String>,
    }

    #[derive(Clone, Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum A {
        DelayMs(u64),
        Drop(HowMany),
        Late(On),
    }

    fn parse(text: &str) -> Result<Rule<M, A>, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn strict() {
        for bad in [
            r#"{"match": {"nam": "x"}, "do": [{"late": true}]}"#,
            r#"{"match": {}, "do": [{"late": false}]}"#,
            r#"{"match": {}, "do": [{"later": true}]}"#,
            r#"{"match": {}, "do": [{"drop": false}]}"#,
            r#"{"match": {}, "do": [{"drop": -1}]}"#,
            r#"{"match": {}, "do": [{"delay_ms": 1, "late": true}]}"#,
            r#"{"match": {}, "do": [], "more": 1}"#,
            r#"{"match": {}}"#,
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(Rules::default().add(parse(r#"{"do": []}"#).unwrap()).is_err());
    }

    #[test]
    fn a_rule_is_used_up_only_by_its_own_occasions() {
        let rules = Rules::default();
        rules
            .add(parse(r#"{"match": {"name": "x"}, "do": [{"drop": 2}, {"late": true}], "times": 1}"#).unwrap())
            .unwrap();
        rules.add(parse(r#"{"do": [{"delay_ms": 5}, {"drop": true}]}"#).unwrap()).unwrap();
        let x = |m: &M| m.name.as_deref().is_none_or(|name| name == "x");
        let delays = |a: &A| matches!(a, A::DelayMs(_));
        let drops = |a: &A| matches!(a, A::Drop(_));
        assert_eq!(rules.take(x, delays), [A::DelayMs(5)]);
        assert_eq!(rules.peek(x, drops), [A::Drop(HowMany::First(2)), A::Drop(HowMany::All(On))]);
        assert_eq!(rules.take(x, drops), [A::Drop(HowMany::First(2)), A::Drop(HowMany::All(On))]);
        assert_eq!(rules.take(x, drops), [A::Drop(HowMany::All(On))]);
    }
}
