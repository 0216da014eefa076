//! What the pages load: a stylesheet, two scripts, two pictures, and a realm's picture and colour. Each under an address that changes with it, so that
//! a browser asks once.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{FromRequestParts as _, RawPathParams, Request},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse as _, Response},
    routing::get,
};
use data_encoding::HEXLOWER;
use gatepost_domain::{Accent, Logo};

use crate::{App, http::Problem, realm::InRealm};

struct Asset {
    name: &'static str,
    kind: &'static str,
    body: &'static str,
}

const ASSETS: [Asset; 5] = [
    Asset {
        name: "pages.css",
        kind: "text/css; charset=utf-8",
        body: include_str!("../../templates/pages/pages.css"),
    },
    Asset {
        name: "pages.js",
        kind: "text/javascript; charset=utf-8",
        body: include_str!("../../templates/pages/pages.js"),
    },
    Asset {
        name: "passkeys.js",
        kind: "text/javascript; charset=utf-8",
        body: include_str!("../../templates/pages/passkeys.js"),
    },
    Asset {
        name: "chevron.svg",
        kind: "image/svg+xml",
        body: include_str!("../../templates/pages/chevron.svg"),
    },
    Asset { name: "icon.svg", kind: "image/svg+xml", body: include_str!("../../templates/pages/icon.svg") },
];

/// Of all of them: what belongs together has one version.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = digest::Context::new(&digest::SHA256);
    for asset in &ASSETS {
        hash.update(asset.body.as_bytes());
    }
    HEXLOWER.encode(&hash.finish().as_ref()[..8])
});

/// Where an asset is.
pub(super) fn path(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// Where the sheet of a colour is. The address is all there is to it.
pub(super) fn accent_path(accent: Accent) -> String {
    format!("/assets/accent/{}", accent.hex())
}

/// Where the picture of a realm is.
pub(super) fn logo_path(logo: &Logo) -> String {
    format!("/assets/logo/{}", logo.version())
}

/// What is loaded runs nothing and loads nothing itself.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// A year, and no question in between (RFC 8246).
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(super) fn routes() -> Router<App> {
    Router::new().route("/assets/{version}/{name}", get(asset))
}

async fn asset(request: Request) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let params = RawPathParams::from_request_parts(&mut parts, &()).await.map_err(|_| Problem::NotFound)?;
    let mut params = params.iter().map(|(_, text)| text);
    match (params.next(), params.next()) {
        (Some("accent"), Some(hex)) => {
            let accent: Accent = format!("#{hex}").parse().map_err(|_| Problem::NotFound)?;
            let body = format!(":root {{ --accent: {accent}; }}\n");
            Ok(answer(&parts.headers, "text/css; charset=utf-8", &accent.hex(), body))
        }
        // Drawn by this server when the realm was given it, and never anything but a PNG.
        (Some("logo"), Some(version)) => {
            let InRealm(realm) = InRealm::from_request_parts(&mut parts, &()).await?;
            let logo = realm.settings().logo.as_ref().filter(|logo| logo.version() == version);
            let logo = logo.ok_or(Problem::NotFound)?;
            Ok(answer(&parts.headers, "image/png", version, Bytes::copy_from_slice(logo.png())))
        }
        // Another version is that of another release, which may be running beside this one: not to be kept.
        (Some(version), Some(name)) => {
            let found = ASSETS.iter().find(|asset| asset.name == name).ok_or(Problem::NotFound)?;
            let mut response = answer(&parts.headers, found.kind, &VERSION, found.body);
            if version != *VERSION {
                response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
            Ok(response)
        }
        _ => Err(Problem::NotFound),
    }
}

fn answer(asked: &HeaderMap, kind: &'static str, version: &str, body: impl Into<Body>) -> Response {
    let tag = format!("\"{version}\"");
    let known = asked.get_all(IF_NONE_MATCH).iter().any(|tags| {
        tags.to_str()
            .is_ok_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag))
    });
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { Response::new(body.into()) };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, FOR_EVER);
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stylesheet_is_small_and_loads_nothing_from_elsewhere() {
        let sheet = ASSETS[0].body;
        assert!(sheet.len() <= 16_384, "{} bytes", sheet.len());
        assert!(!sheet.contains("http:") && !sheet.contains("https:") && !sheet.contains("@import"));
    }

    #[test]
    fn the_address_changes_with_what_is_there() {
        assert_eq!(path("pages.css"), format!("/assets/{}/pages.css", *VERSION));
        assert_eq!(VERSION.len(), 16);
        assert_eq!(accent_path("#0B5F73".parse().unwrap()), "/assets/accent/0b5f73");
    }
}
