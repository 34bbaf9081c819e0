//! One thing in words: as it comes, or as the operator wants it.

use butler_core::config::{Template, TemplateField, TemplatePiece};
use butler_core::domain::action::{Action, ActionSubject, Assurance, Priority};
use butler_core::text::address::checksummed;
use butler_core::text::time::moment;

/// A sentence about an action. What is foreign in it is not plain yet.
pub(super) fn sentence(action: &Action, template: Option<&Template>) -> String {
    let pieces = template.map(Template::pieces);
    pieces.map_or_else(|| as_it_comes(action), |pieces| pieces.iter().map(|piece| piece_of(action, piece)).collect())
}

fn as_it_comes(action: &Action) -> String {
    let pressing = match action.priority {
        Priority::Urgent => "URGENT ",
        Priority::High => "high ",
        Priority::Normal => "",
    };
    let in_brackets =
        |field| Some(field_of(action, field)).filter(|text| !text.is_empty()).map(|text| format!(" ({text})"));
    let (until, seen) = (in_brackets(TemplateField::Until), in_brackets(TemplateField::Seen));
    format!("{pressing}{}: {}{}{}", action.kind, action.why, until.unwrap_or_default(), seen.unwrap_or_default())
}

fn piece_of(action: &Action, piece: &TemplatePiece) -> String {
    match piece {
        TemplatePiece::Text(text) => text.clone(),
        TemplatePiece::Field(field) => field_of(action, *field),
    }
}

fn field_of(action: &Action, field: TemplateField) -> String {
    match field {
        TemplateField::Priority => <&str>::from(action.priority).to_owned(),
        TemplateField::Kind => action.kind.to_string(),
        TemplateField::Why => action.why.clone(),
        TemplateField::Until => action.until.map(|until| format!("until {}", moment(until))).unwrap_or_default(),
        TemplateField::Chain => action.place.chain_id.to_string(),
        TemplateField::Subject => match &action.subject {
            ActionSubject::Attester(address) | ActionSubject::Rollup(address) => checksummed(address).to_string(),
            ActionSubject::Provider(id) => format!("provider {id}"),
            ActionSubject::Named(name) => name.clone(),
            ActionSubject::Network => "the network".to_owned(),
            ActionSubject::Job { job, item } => format!("{job} for {item}"),
        },
        TemplateField::Key => action.key.short().to_string(),
        TemplateField::Seen => match action.assurance {
            Assurance::OneEndpoint => "seen by one endpoint".to_owned(),
            Assurance::TwoEndpoints => String::new(),
        },
    }
}
