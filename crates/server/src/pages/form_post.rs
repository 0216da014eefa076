//! A form that the browser sends to an application (OAuth 2.0 Form Post Response Mode).

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header::CONTENT_SECURITY_POLICY},
    response::Response,
};

use super::frame::{Frame, View};

#[derive(Template)]
#[template(path = "pages/form_post.html")]
struct FormPost<'a> {
    v: View,
    action: &'a str,
    fields: &'a [(&'a str, &'a str)],
}

/// The page, which sends itself; without script there is a button. Whether `action` is the application's own address was checked.
pub fn form_post(frame: &Frame, action: &str, fields: &[(&str, &str)]) -> Response {
    let view = frame.view(frame.words().go_on);
    let page = FormPost { v: view, action, fields };
    let mut response = frame.answer(StatusCode::OK, &page, None);
    // Where the form ends is the application's to say.
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; base-uri 'none'; \
                  frame-ancestors 'none'";
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
