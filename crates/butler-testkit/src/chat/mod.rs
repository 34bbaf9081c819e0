//! Fakes of the places where people are told, which hold to the limits of the real ones: [`Platform`] is Discord, Slack, Telegram or a
//! plain webhook, [`MailServer`] takes letters by SMTP. [`SmtpHouse`] is a real mail server.

mod mail;
mod platform;
mod smtp_house;

pub use mail::{Letter, MailServer, MailTls};
pub use platform::{Kind, Message, Platform, Reply};
pub use smtp_house::{SmtpHouse, SmtpHouseSettings, TakenLetter};
