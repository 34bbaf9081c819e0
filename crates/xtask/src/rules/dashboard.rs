//! Grafana dashboards: what their panels and variables ask for.

use std::collections::BTreeSet;

use serde_json::Value;

use super::catalogue::Catalogue;
use super::{expression, file};

/// Everything that is wrong with a dashboard.
pub(super) fn faults(text: &str, catalogue: &Catalogue) -> Vec<String> {
    let dashboard: Value = match serde_json::from_str(text) {
        Ok(dashboard) => dashboard,
        Err(error) => return vec![format!("it is no JSON: {error}")],
    };
    let mut faults = Vec::new();
    for key in ["title", "uid"] {
        if dashboard[key].as_str().is_none_or(str::is_empty) {
            faults.push(format!("it has no `{key}`"));
        }
    }
    let variables: Vec<&Value> = dashboard["templating"]["list"].as_array().into_iter().flatten().collect();
    if !variables.iter().any(|variable| variable["type"] == "datasource" && variable["name"] == "datasource") {
        faults.push("it has no variable `datasource`".to_owned());
    }
    if !variables.iter().any(|variable| variable["type"] == "query" && variable["name"] == "instance") {
        faults.push("it has no variable `instance`".to_owned());
    }
    for variable in variables.iter().filter(|variable| variable["type"] == "query") {
        let found = variable_faults(variable["query"].as_str().unwrap_or_default(), catalogue);
        faults.extend(found.into_iter().map(|fault| format!("variable {}: {fault}", variable["name"])));
    }
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().into_iter().flatten() {
        if !ids.insert(panel["id"].as_u64()) {
            faults.push(format!("panel {}: its id is there twice", panel["title"]));
        }
        let found = panel_faults(panel, catalogue);
        faults.extend(found.into_iter().map(|fault| format!("panel {}: {fault}", panel["title"])));
    }
    if ids.is_empty() {
        faults.push("it has no panels".to_owned());
    }
    faults
}

fn panel_faults(panel: &Value, catalogue: &Catalogue) -> Vec<String> {
    if panel["type"] == "row" || panel["type"] == "text" {
        return Vec::new();
    }
    let mut faults = Vec::new();
    if panel["datasource"]["uid"] != "${datasource}" {
        faults.push("its data source is not the variable".to_owned());
    }
    for (place, value) in
        [("description", &panel["description"]), ("noValue", &panel["fieldConfig"]["defaults"]["noValue"])]
    {
        if value.as_str().is_none_or(str::is_empty) {
            faults.push(format!("it has no `{place}`"));
        }
    }
    let targets = panel["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    if targets.is_empty() {
        faults.push("it asks for nothing".to_owned());
    }
    for target in targets {
        let uses = expression::uses(target["expr"].as_str().unwrap_or_default(), catalogue);
        faults.extend(uses.faults);
        let legend = target["legendFormat"].as_str().unwrap_or_default();
        let unknown = file::shown_labels(legend, "").into_iter().filter(|label| !uses.labels.contains(*label));
        faults.extend(unknown.map(|label| format!("its legend shows `{label}`, which none of its metrics has")));
    }
    faults
}

/// `label_values(metric, label)` is the only question that our variables ask.
fn variable_faults(query: &str, catalogue: &Catalogue) -> Vec<String> {
    let inner = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
    let Some((metric, label)) = inner.and_then(|inner| inner.rsplit_once(',')) else {
        return vec![format!("`{query}` is not `label_values(metric, label)`")];
    };
    let uses = expression::uses(metric, catalogue);
    let mut faults = uses.faults;
    if !uses.labels.contains(label.trim()) {
        faults.push(format!("`{}` has no label `{}`", metric.trim(), label.trim()));
    }
    faults
}
