//! What is known of each scraper: its last readings, and how its scrapes went. Written by its task, read by every request.

mod endpoints;
mod progress;
mod scraped;
mod served;
mod slot;
mod table;
mod textfile;
mod today;

#[cfg(test)]
mod tests;

pub use self::endpoints::EndpointFigures;
pub use self::progress::Store;
pub use self::scraped::{Outcome, Scraped};
pub use self::served::View;
pub use self::slot::Slot;
pub use self::table::Slots;
pub use self::textfile::TextfileFigures;
