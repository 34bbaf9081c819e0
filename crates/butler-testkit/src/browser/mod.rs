//! A real browser that looks at pages: headless Chromium, alone ([`Browser::dom`], [`Browser::picture`]) and as other devices ([`Browser::look`]).

mod chromium;
mod devices;

pub use self::chromium::Browser;
pub use self::devices::{Device, Look, PageAt, install};
