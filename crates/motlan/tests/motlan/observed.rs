//! Dashboards and alerts ask for metrics that exist, by labels that they have, and each alert has its paragraph in the
//! runbook. `make lint` runs these.

use crate::deployment::{files, text, yaml};
use crate::promql::{Asked, asked};
use std::collections::BTreeSet;
use telemetry::metrics::ALL;

/// What Prometheus itself adds to each series: by its configuration, and to histograms.
const COMMON: [&str; 4] = ["instance", "job", "le", "role"];
/// A series of Prometheus' own.
const UP: &str = "up";

/// Labels of a series of the table.
fn labels_of(series: &str) -> Option<Vec<&'static str>> {
    if series == UP {
        return Some(Vec::new());
    }
    let metric = ALL.iter().find(|metric| metric.series().iter().any(|name| name == series))?;
    Some(metric.labels.to_vec())
}

/// What is wrong with an expression and the labels that its text shows; empty when nothing is.
fn faults(expression: &str, shown: &[String]) -> Vec<String> {
    let Asked { series, grouped } = match asked(expression) {
        Ok(asked) => asked,
        Err(reason) => return vec![reason],
    };
    let (mut faults, mut known) = (Vec::new(), BTreeSet::from(COMMON));
    for (name, matched) in &series {
        match labels_of(name) {
            Some(labels) => {
                known.extend(&labels);
                let strange = matched.iter().filter(|l| !labels.contains(&l.as_str()) && !COMMON.contains(&l.as_str()));
                faults.extend(strange.map(|label| format!("{name} has no label {label}")));
            }
            None => faults.push(format!("{name} is not in the table of metrics")),
        }
    }
    let strange = grouped.iter().chain(shown).filter(|label| !known.contains(label.as_str()));
    faults.extend(strange.map(|label| format!("nothing here has a label {label}")));
    if series.is_empty() {
        faults.push("it asks for nothing".to_owned());
    }
    faults
}

/// Names between two marks, as `{{` and `}}`.
fn between(text: &str, open: &str, close: &str) -> Vec<String> {
    let ends = |part: &str| Some(part.split_once(close)?.0.trim().to_owned());
    text.split(open).skip(1).filter_map(ends).collect()
}

#[test]
fn every_alert_asks_for_what_is_measured_and_stands_in_the_runbook() {
    let runbook = text("docs/runbook.md");
    let mut alerts = BTreeSet::new();
    for path in files("deploy/alerts", &[".yml"]) {
        let groups = yaml(&path);
        for rule in groups["groups"].as_sequence().unwrap().iter().flat_map(|g| g["rules"].as_sequence().unwrap()) {
            let name = rule["alert"].as_str().unwrap();
            assert!(alerts.insert(name.to_owned()), "{name} stands twice");
            let said = |key: &str| rule["annotations"][key].as_str().unwrap_or_else(|| panic!("{name}: no {key}"));
            let shown: Vec<String> =
                between(said("summary"), "{{ $labels.", "}}").iter().map(|label| label.trim().to_owned()).collect();
            assert_eq!(faults(rule["expr"].as_str().unwrap(), &shown), [""; 0], "{name}");
            assert!(["page", "ticket"].contains(&rule["labels"]["severity"].as_str().unwrap()), "{name}");
            assert_eq!(said("runbook"), format!("docs/runbook.md#{}", name.to_lowercase()));
        }
    }
    let headings: BTreeSet<String> =
        runbook.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect();
    assert_eq!(headings, alerts, "docs/runbook.md and deploy/alerts");
}

#[test]
fn every_panel_asks_for_what_is_measured() {
    let mut panels = 0;
    for path in files("deploy/grafana", &[".json"]) {
        let dashboard: serde_json::Value = serde_json::from_str(&text(&path)).unwrap();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let shown = between(target["legendFormat"].as_str().unwrap(), "{{", "}}");
                assert_eq!(faults(target["expr"].as_str().unwrap(), &shown), [""; 0], "{path}: {}", panel["title"]);
                panels += 1;
            }
        }
    }
    assert!(panels > 10);
}

#[test]
fn a_wrong_name_is_found() {
    let none: &[String] = &[];
    assert_eq!(faults("rate(motlan_webhooks_total{outcome=\"forged\"}[5m]) > 0", none), [""; 0]);
    assert_eq!(faults("motlan_webhook_total", none), ["motlan_webhook_total is not in the table of metrics"]);
    assert_eq!(faults("motlan_webhooks_total{result=\"x\"}", none), ["motlan_webhooks_total has no label result"]);
    assert_eq!(faults("sum by (who) (motlan_redis_up)", none), ["nothing here has a label who"]);
    assert_eq!(faults("motlan_redis_up", &["task".to_owned()]), ["nothing here has a label task"]);
    assert_eq!(faults("rte(motlan_webhooks_total[5m])", none), ["rte is no function that is known here"]);
    assert_eq!(faults("sum(motlan_redis_up", none), ["a bracket is not closed"]);
}
