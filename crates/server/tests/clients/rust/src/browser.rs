//! A browser without a screen: keeps cookies, follows redirects, fills in forms.

use std::collections::BTreeMap;

use openidconnect::url::{Url, form_urlencoded};

/// Where the browser is. No text where nobody is visited.
pub struct Page {
    pub url: Url,
    pub html: Option<String>,
}

impl Page {
    fn has(&self, id: &str) -> bool {
        self.html.as_ref().is_some_and(|html| html.contains(&format!("id=\"{id}\"")))
    }
}

pub struct Browser {
    agent: ureq::Agent,
    home: Url,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Visits the server at `home`; any other address is where it stops.
    pub fn new(home: &Url) -> Self {
        let agent = ureq::AgentBuilder::new().redirects(0).build();
        Self { agent, home: home.clone(), cookies: BTreeMap::new() }
    }

    pub fn go(&mut self, url: Url) -> Page {
        self.send(url, None)
    }

    fn send(&mut self, mut url: Url, mut form: Option<String>) -> Page {
        for _ in 0..20 {
            if url.origin() != self.home.origin() {
                return Page { url, html: None };
            }
            let cookie: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let method = if form.is_some() { "POST" } else { "GET" };
            let request = self.agent.request_url(method, &url).set("cookie", &cookie.join("; "));
            let answer = match form.take() {
                Some(form) => request
                    .set("origin", &self.home.origin().ascii_serialization())
                    .set("sec-fetch-site", "same-origin")
                    .set("content-type", "application/x-www-form-urlencoded")
                    .send_string(&form),
                None => request.call(),
            };
            let answer = match answer {
                Ok(answer) | Err(ureq::Error::Status(_, answer)) => answer,
                Err(error) => panic!("{url}: {error}"),
            };
            for line in answer.all("set-cookie") {
                let (name, rest) = line.split_once('=').expect("a cookie");
                if rest.contains("Max-Age=0") {
                    self.cookies.remove(name);
                } else {
                    let value = rest.split(';').next().unwrap_or_default();
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
            let Some(location) = answer.header("location") else {
                return Page { url, html: Some(answer.into_string().expect("text")) };
            };
            url = url.join(location).expect("an address");
        }
        panic!("redirected without end, at last to {url}");
    }

    /// Fills in the form that the element stands in, and presses the element.
    fn press(&mut self, page: &Page, id: &str, values: &[(&str, &str)]) -> Page {
        let html = page.html.as_deref().unwrap_or_default();
        let form = html.split("<form").skip(1).find(|form| {
            form.split("</form>").next().is_some_and(|inside| inside.contains(&format!("id=\"{id}\"")))
        });
        let form = form
            .and_then(|form| form.split("</form>").next())
            .unwrap_or_else(|| panic!("no #{id} in {html}"));
        let mut fields = BTreeMap::new();
        for tag in form.split(['<']).filter(|tag| tag.starts_with("input") || tag.starts_with("button")) {
            let sends = match attribute(tag, "type").as_deref() {
                Some("submit") => attribute(tag, "id").as_deref() == Some(id),
                Some("checkbox") => tag.contains(" checked"),
                _ => true,
            };
            if let (true, Some(name)) = (sends, attribute(tag, "name")) {
                fields.insert(name, attribute(tag, "value").unwrap_or_default());
            }
        }
        fields.extend(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let head = form.split('>').next().unwrap_or_default();
        let action = attribute(head, "action").unwrap_or_default();
        self.send(page.url.join(&action).expect("an address"), Some(body))
    }

    /// Goes to the address, signs in where that is asked, and consents where that is asked.
    pub fn sign_in(&mut self, url: Url) -> Page {
        let mut page = self.go(url);
        if page.has("login-submit") {
            let ada = [("username", "ada"), ("password", "the engine weaves algebra")];
            page = self.press(&page, "login-submit", &ada);
        }
        if page.has("consent-approve") {
            page = self.press(&page, "consent-approve", &[]);
        }
        page
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    Some(value.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#38;", "&").replace("&amp;", "&"))
}
