//! The checker bites: each test breaks one thing in files that are otherwise well.

use super::*;

const METRICS_PAGE: &str = "| metric | type | labels | unit | meaning |
| --- | --- | --- | --- | --- |
| `butler_attesters` | gauge | `network`, `state` |  | Own attesters. |
| `butler_node_up` | gauge | `network`, `node` |  | Whether `it` is up. |
| `butler_duplicates` | gauge | `network`, `kind` |  | Duplicates. |
| `butler_scrape_errors_total` | counter | `network`, `kind` |  | Errors. |

| label | values |
| --- | --- |
| `state` | `NEW`, `ACTIVE` |
| `kind` of `butler_duplicates` | `own_queue_twice` |
| `kind` of `butler_scrape_errors_total` | `timeout` |
";
const RULE: &str = "groups:
  - name: a
    rules:
      - record: network:butler_node_up:max
        expr: max by (network) (butler_node_up)
      # A comment about butler_nothing.
      - alert: NodeDown
        expr: |
          butler_node_up == 0
            unless on (network) network:butler_node_up:max offset 5m == 1
        for: 5m
        labels: { severity: critical }
        annotations:
          summary: \"{{ $labels.node }} is down\"
          description: It is.
          runbook_url: /runbooks/NodeDown
";
const RULE_TEST: &str = "
      - { series: 'butler_node_up{instance=\"a\",network=\"m\",node=\"n\"}', values: '0x9' }
      - { eval_time: 4m, alertname: NodeDown, exp_alerts: [] }
      - eval_time: 5m
        alertname: NodeDown
        exp_alerts:
          - exp_labels: { node: 'n' }
";
const DASHBOARD: &str = r#"{ "title": "t", "uid": "u",
  "templating": { "list": [
    { "name": "datasource", "type": "datasource" },
    { "name": "instance", "type": "query", "query": "label_values(butler_node_up, instance)" },
    { "name": "network", "type": "query", "query": "label_values(butler_node_up, network)" } ] },
  "panels": [ { "id": 1, "title": "p", "type": "stat", "description": "d",
    "fieldConfig": { "defaults": { "noValue": "none" } }, "datasource": { "uid": "${datasource}" }, "targets": [
    { "expr": "sum by (state) (rate(butler_attesters{network=~\"$network\",state=\"NEW\"}[$__rate_interval]))",
      "legendFormat": "{{state}}" } ] } ] }"#;

fn well() -> Files {
    Files {
        metrics: METRICS_PAGE.to_owned(),
        rules: RULE.to_owned(),
        tests: RULE_TEST.to_owned(),
        alertmanager: "alertname=\"NodeDown\"".to_owned(),
        runbooks: ["NodeDown.md".to_owned()].into(),
        dashboards: vec![("d.json".to_owned(), DASHBOARD.to_owned())],
    }
}

#[track_caller]
fn bites(files: &Files, expected: &str) {
    let faults = files.faults();
    assert!(faults.iter().any(|fault| fault.contains(expected)), "`{expected}` is not in {faults:#?}");
}

fn expression(expression: &str) -> Vec<String> {
    expression::uses(expression, &Catalogue::parse(METRICS_PAGE)).faults
}

#[track_caller]
fn with_rule(from: &str, to: &str) -> Files {
    assert!(RULE.contains(from));
    Files { rules: RULE.replace(from, to), ..well() }
}

#[track_caller]
fn with_dashboard(from: &str, to: &str) -> Files {
    assert!(DASHBOARD.contains(from));
    Files { dashboards: vec![("d.json".to_owned(), DASHBOARD.replace(from, to))], ..well() }
}

#[test]
fn files_that_are_well_have_no_faults() {
    assert_eq!(well().faults(), Vec::<String>::new());
}

#[test]
fn nothing_to_check_is_a_fault() {
    bites(&Files { metrics: String::new(), ..well() }, "no metrics");
    bites(&Files { rules: String::new(), ..well() }, "no rules");
    bites(&Files { dashboards: Vec::new(), ..well() }, "no dashboards");
}

#[test]
fn a_rule_may_use_only_metrics_that_are_emitted() {
    bites(&with_rule("butler_node_up == 0", "butler_node_off == 0"), "NodeDown: `butler_node_off` is no metric");
    bites(&with_rule("butler_node_up:max offset", "butler_node_up:min offset"), "butler_node_up:min` is no metric");
    bites(&with_rule("(butler_node_up)", "(butler_nodes)"), "network:butler_node_up:max: `butler_nodes` is no metric");
}

#[test]
fn a_rule_uses_only_records_that_stand_before_it_in_its_group() {
    bites(
        &with_rule("      # A comment", "  - name: b\n    rules:\n      # A comment"),
        "is not before it in its group",
    );
    let (head, record) = RULE.split_at(RULE.find("      - record").unwrap());
    let (record, alert) = record.split_at(record.find("      # A comment").unwrap());
    bites(&Files { rules: format!("{head}{alert}{record}"), ..well() }, "is not before it in its group");
}

#[test]
fn a_rule_may_use_only_labels_that_are_emitted() {
    bites(&with_rule("butler_node_up == 0", "butler_node_up{nod=\"a\"} == 0"), "`butler_node_up` has no label `nod`");
    bites(&with_rule("on (network)", "on (endpoint)"), "the label `endpoint`");
    bites(&with_rule("$labels.node", "$labels.host"), "shows the label `host`");
    assert_eq!(expression("butler_nothing{node=\"a\"}").len(), 1);
    assert!(!expression("{__name__=\"butler_node_up\"}").is_empty(), "a metric by its name in braces is not looked at");
}

#[test]
fn a_closed_label_has_only_its_values() {
    assert_eq!(expression("butler_attesters{state=\"ACTIVE\",job=\"b\"}"), Vec::<String>::new());
    assert_eq!(expression("butler_attesters{state=~\"ACTIVE|NEW\"}"), Vec::<String>::new());
    assert_eq!(expression("butler_node_up{node=~\".+\"}"), Vec::<String>::new());
    let wrong = ["{state=\"active\"}", "{state!=\"OLD\"}", "{state=~\"ACTIVE|OLD\"}", "{state!~\"ACT.*\"}"];
    for matcher in wrong {
        assert_eq!(expression(&format!("butler_attesters{matcher}")).len(), 1, "{matcher}");
    }
    assert_eq!(expression("butler_duplicates{kind=\"timeout\"}").len(), 1);
    assert_eq!(expression("butler_scrape_errors_total{kind=\"timeout\"}"), Vec::<String>::new());
}

#[test]
fn an_alert_needs_its_parts() {
    bites(&with_rule("{ severity: critical }", "{ team: a }"), "there is no `severity`");
    bites(&with_rule("description:", "text:"), "there is no `description`");
    bites(&with_rule("runbooks/NodeDown", "runbooks/Node"), "there is no `runbook_url: /runbooks/NodeDown`");
    bites(&Files { runbooks: BTreeSet::new(), ..well() }, "there is no docs/runbooks/NodeDown.md");
}

#[test]
fn an_alert_needs_a_test_in_which_it_fires_and_one_in_which_it_does_not() {
    bites(&Files { tests: RULE_TEST.replace("exp_alerts: [] ", ""), ..well() }, "no promtool test says when");
    bites(&Files { tests: RULE_TEST.replace("- exp_labels", "- none"), ..well() }, "it fires in no promtool test");
}

#[test]
fn what_is_left_of_a_removed_alert_is_found() {
    let runbooks = ["NodeDown.md".to_owned(), "Old.md".to_owned()].into();
    bites(&Files { runbooks, ..well() }, "Old: ");
    bites(&Files { alertmanager: "[alertname=\"Older\"]".to_owned(), ..well() }, "Older: ");
    bites(&Files { alertmanager: "[alertname=~\"NodeDown|Older\"]".to_owned(), ..well() }, "Older: ");
    bites(&Files { tests: format!("{RULE_TEST}\n- {{ alertname: Oldest, exp_alerts: [] }}"), ..well() }, "Oldest: ");
}

#[test]
fn an_inhibition_compares_only_labels_that_both_alerts_have() {
    let muted = |rule: &str| Files { alertmanager: rule.to_owned(), ..well() };
    let sides = "- source_matchers: [alertname=\"NodeDown\"]\n  target_matchers: [alertname=\"NodeDown\"";
    assert_eq!(muted(&format!("{sides}]\n  equal: [network, node]\n")).faults(), Vec::<String>::new());
    bites(&muted(&format!("{sides}]\n  equal: [network, provider]\n")), "wants `provider` of NodeDown");
    bites(&muted(&format!("{sides}, host=~\"a|b\"]\n")), "wants `host` of NodeDown");
    bites(&muted("- source_matchers: [alertname=\"NodeDown\"]\n"), "cannot be read");
    bites(&muted("- source_matchers: [a=\"b\"]\n  target_matchers: [alertname=\"NodeDown\"]"), "names no alert");
}

#[test]
fn what_is_left_of_labels_is_what_is_aggregated_by_and_else_those_of_the_first_metric() {
    let left = |text: &str| {
        let labels: Vec<String> = expression::left(text, &Catalogue::parse(METRICS_PAGE)).into_iter().collect();
        labels.join(" ")
    };
    assert_eq!(left("time() - max by (network) (butler_node_up) > 1"), "network");
    assert_eq!(left("max(butler_node_up) == 0"), "");
    assert_eq!(left("butler_node_up == 0 and max by (state) (butler_attesters)"), "instance job network node state");
}

#[test]
fn a_message_names_an_alert_even_where_its_alerts_differ() {
    let alertmanager = "alertname=\"NodeDown\" {{ .CommonAnnotations.summary }}".to_owned();
    bites(&Files { alertmanager, ..well() }, "`CommonAnnotations` lacks");
}

#[test]
fn a_test_may_feed_in_only_what_is_emitted() {
    bites(&Files { tests: RULE_TEST.replace("node=\"n\"", "host=\"n\""), ..well() }, "has no label `host`");
}

#[test]
fn a_panel_may_use_only_what_is_emitted() {
    bites(&with_dashboard("butler_attesters", "butler_attester"), "`butler_attester` is no metric");
    bites(&with_dashboard("by (state)", "by (node)"), "the label `node`");
    bites(&with_dashboard("\\\"NEW\\\"", "\\\"OLD\\\""), "is never `OLD`");
    bites(&with_dashboard("{{state}}", "{{node}}"), "its legend shows `node`");
    bites(&with_dashboard("up, network)", "up, endpoint)"), "has no label `endpoint`");
    bites(&with_dashboard("label_values(", "query_result("), "is not `label_values(metric, label)`");
}

#[test]
fn a_dashboard_is_complete() {
    bites(&with_dashboard("\"uid\": \"u\"", "\"uid\": \"\""), "it has no `uid`");
    bites(&with_dashboard("${datasource}", "prometheus"), "its data source is not the variable");
    bites(&with_dashboard("\"targets\"", "\"target\""), "it asks for nothing");
    bites(&with_dashboard("\"description\": \"d\"", "\"description\": \"\""), "it has no `description`");
    bites(&with_dashboard("noValue", "no"), "it has no `noValue`");
    bites(&with_dashboard("\"instance\"", "\"exporter\""), "it has no variable `instance`");
    bites(&with_dashboard("\"panels\"", "\"panel\""), "it has no panels");
    bites(&with_dashboard("] } ] }", ""), "it is no JSON");
}

#[test]
fn the_files_of_deploy_are_well() {
    let root = workspace();
    let tests = names(&root.join("deploy/prometheus"), ".test.yml").unwrap();
    assert_eq!(Files::load(&root, &tests).unwrap().faults(), Vec::<String>::new());
}
