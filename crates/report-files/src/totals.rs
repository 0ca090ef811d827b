//! Totals of a report, added up while its rows go by. Groups are as many as there are agencies, sub-items and channels,
//! not as many as there are rows.

use crate::Row;
use crate::columns;
use domain::report::Report;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use storage::reports::Cell;

/// More groups than a province has; further rows count in the whole only.
const GROUPS_AT_MOST: usize = 10_000;

/// Sums of money: wider than an amount, so that no number of rows overflows.
#[derive(Default, Clone)]
struct Sums {
    rows: u64,
    sums: Vec<i128>,
}

impl Sums {
    fn add(&mut self, row: &Row, places: &[usize]) {
        self.rows += 1;
        self.sums.resize(places.len(), 0);
        for (sum, place) in self.sums.iter_mut().zip(places) {
            if let Some(Cell::Number(amount)) = row.get(*place) {
                *sum += i128::from(*amount);
            }
        }
    }

    fn write(&self, names: &[&str], out: &mut Map<String, Value>) {
        out.insert("rows".to_owned(), json!(self.rows));
        for (at, name) in names.iter().enumerate() {
            // a sum of đồng fits i64 unless the books hold more than all the money there is
            let sum = i64::try_from(self.sums.get(at).copied().unwrap_or(0)).ok();
            out.insert((*name).to_owned(), json!(sum));
        }
    }
}

pub struct Totals {
    names: &'static [&'static str],
    by: &'static [&'static str],
    sum_places: Vec<usize>,
    group_places: Vec<usize>,
    all: Sums,
    groups: BTreeMap<Vec<Option<String>>, Sums>,
}

impl Totals {
    pub fn new(report: Report) -> Self {
        let (names, by) = columns::sums(report);
        let place = |key: &&str| columns::of(report).iter().position(|c| c.key == *key);
        Self {
            names,
            by,
            sum_places: names.iter().filter_map(place).collect(),
            group_places: by.iter().filter_map(place).collect(),
            all: Sums::default(),
            groups: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, row: &Row) {
        self.all.add(row, &self.sum_places);
        let text = |place: &usize| match row.get(*place) {
            Some(Cell::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let group: Vec<Option<String>> = self.group_places.iter().map(text).collect();
        if self.groups.len() < GROUPS_AT_MOST || self.groups.contains_key(&group) {
            self.groups.entry(group).or_default().add(row, &self.sum_places);
        }
    }

    /// Of the whole, by the column in which it stands.
    pub fn by_place(&self) -> impl Iterator<Item = (usize, i128)> {
        let sum = |(n, place): (usize, &usize)| (*place, self.all.sums.get(n).copied().unwrap_or(0));
        self.sum_places.iter().enumerate().map(sum)
    }

    pub const fn rows(&self) -> u64 {
        self.all.rows
    }

    pub fn json(&self) -> Value {
        let mut out = Map::new();
        self.all.write(self.names, &mut out);
        let groups = self.groups.iter().map(|(group, sums)| {
            let mut out: Map<String, Value> =
                self.by.iter().zip(group).map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            sums.write(self.names, &mut out);
            Value::Object(out)
        });
        out.insert("groups".to_owned(), groups.collect());
        Value::Object(out)
    }
}
