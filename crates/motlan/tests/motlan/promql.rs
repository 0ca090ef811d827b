//! What an expression of PromQL asks for: its series with the labels that they are chosen by, and the labels that it
//! groups by. It reads words, not meaning: what it does not know it refuses (prometheus.io, "Querying basics").

use std::iter::Peekable;
use std::str::Chars;

const FUNCTIONS: [&str; 8] =
    ["absent", "avg_over_time", "delta", "histogram_quantile", "increase", "max_over_time", "rate", "time"];
const AGGREGATIONS: [&str; 7] = ["avg", "bottomk", "count", "max", "min", "sum", "topk"];
const GROUPINGS: [&str; 6] = ["by", "group_left", "group_right", "ignoring", "on", "without"];
const OPERATORS: [&str; 5] = ["and", "bool", "offset", "or", "unless"];

#[derive(Debug, Default)]
pub struct Asked {
    pub series: Vec<(String, Vec<String>)>,
    pub grouped: Vec<String>,
}

pub fn asked(expression: &str) -> Result<Asked, String> {
    let mut rest = expression.chars().peekable();
    let (mut asked, mut open) = (Asked::default(), Vec::new());
    while let Some(&c) = rest.peek() {
        if c.is_ascii_alphabetic() || c == '_' {
            let name = word(&mut rest);
            named(&mut asked, name, &mut rest)?;
            continue;
        }
        rest.next();
        match c {
            '(' => open.push(')'),
            '{' => matchers(&mut asked, &mut rest)?,
            '[' => drop(until(&mut rest, ']')?),
            '"' => drop(until(&mut rest, '"')?),
            ')' if open.pop() != Some(')') => return Err("a bracket was not opened".to_owned()),
            // a number may end in a unit of time
            '0'..='9' => drop(word(&mut rest)),
            _ => {}
        }
    }
    if open.is_empty() { Ok(asked) } else { Err("a bracket is not closed".to_owned()) }
}

fn named(asked: &mut Asked, name: String, rest: &mut Peekable<Chars<'_>>) -> Result<(), String> {
    let known = |words: &[&str]| words.contains(&name.as_str());
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
    if known(&GROUPINGS) {
        rest.next_if_eq(&'(').ok_or_else(|| format!("{name} without labels"))?;
        let labels = until(rest, ')')?;
        asked.grouped.extend(labels.split(',').map(|label| label.trim().to_owned()));
    } else if rest.peek() == Some(&'(') && !known(&OPERATORS) {
        if !known(&FUNCTIONS) && !known(&AGGREGATIONS) {
            return Err(format!("{name} is no function that is known here"));
        }
    } else if !known(&AGGREGATIONS) && !known(&OPERATORS) {
        asked.series.push((name, Vec::new()));
    }
    Ok(())
}

fn matchers(asked: &mut Asked, rest: &mut Peekable<Chars<'_>>) -> Result<(), String> {
    let Some((_, labels)) = asked.series.last_mut() else { return Err("labels without a series".to_owned()) };
    loop {
        while rest.next_if(|c| c.is_whitespace() || *c == ',').is_some() {}
        if rest.next_if_eq(&'}').is_some() {
            return Ok(());
        }
        let label = word(rest);
        if label.is_empty() {
            return Err("a label's name is missing".to_owned());
        }
        labels.push(label);
        until(rest, '"')?;
        until(rest, '"')?;
    }
}

fn word(rest: &mut Peekable<Chars<'_>>) -> String {
    std::iter::from_fn(|| rest.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))).collect()
}

fn until(rest: &mut Peekable<Chars<'_>>, end: char) -> Result<String, String> {
    let mut passed = String::new();
    for c in rest.by_ref() {
        if c == end {
            return Ok(passed);
        }
        passed.push(c);
    }
    Err(format!("{end} is missing"))
}
