//! A web page where an answer should be: gateways, proxies and captive portals send them. Its title says the most.

use super::secrets::Secrets;

/// Characters of a title that are shown.
const TITLE: usize = 80;
/// Bytes of a page in which a title is looked for.
const LOOK: usize = 8192;

/// How to call the page, when the body is one.
pub(super) fn web_page(secrets: &Secrets, body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body.get(..LOOK).unwrap_or(body)).into_owned();
    let lower = text.to_ascii_lowercase();
    let start = lower.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let is_page = start.starts_with('<')
        && ["<!doctype html", "<html", "<head", "<body", "<title", "<h1", "<center"]
            .iter()
            .any(|tag| start.contains(tag));
    is_page.then(|| match title(&text, &lower).map(|title| secrets.foreign(title)) {
        Some(title) if !title.is_empty() => {
            let short: String = title.chars().take(TITLE).collect();
            format!("a web page titled \"{short}\"")
        }
        _ => "a web page".to_owned(),
    })
}

fn title<'a>(text: &'a str, lower: &str) -> Option<&'a str> {
    let open = lower.find("<title")?;
    let begin = open + lower.get(open..)?.find('>')? + 1;
    let end = begin + lower.get(begin..)?.find('<')?;
    text.get(begin..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_called_by_its_title() {
        let page = |text: &str| web_page(&Secrets::none(), text.as_bytes());
        let gateway = "<html>\r\n<head><title>504 Gateway Time-out</title></head><body>…</body></html>";
        assert_eq!(page(gateway).unwrap(), "a web page titled \"504 Gateway Time-out\"");
        assert_eq!(page("\n<!DOCTYPE html><p>x").unwrap(), "a web page");
        assert_eq!(page("<html><title lang=en>\n a\n b </title>").unwrap(), "a web page titled \"a b\"");
        assert_eq!(page("<html><title>").unwrap(), "a web page");
        for other in ["", "{}", "Not Found", "<?xml version=\"1.0\"?><a/>", "see <html>"] {
            assert_eq!(page(other), None, "{other}");
        }
        let long = format!("<html><title>{}</title>", "é".repeat(3000));
        assert!(page(&long).unwrap().chars().count() < 120);
    }
}
