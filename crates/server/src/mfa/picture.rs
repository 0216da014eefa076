//! The picture that an authenticator app scans.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

use crate::http::Problem;

/// How many modules of white stand around it (ISO/IEC 18004 section 6.3.8).
const QUIET: usize = 4;

/// The dark modules of a QR code as the path of an SVG, a line a row, and how many there are on a side.
pub fn modules(text: &str) -> Result<(String, usize), Problem> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Problem::internal)?;
    let side = code.width();
    let mut path = String::new();
    for y in 0..side {
        let mut x = 0;
        while x < side {
            let run = (x..side).take_while(|x| code[(*x, y)] == Color::Dark).count();
            if run > 0 {
                // A string takes whatever is written to it.
                let _ = write!(path, "M{x} {y}.5h{run}");
            }
            x += run.max(1);
        }
    }
    Ok((path, side))
}

/// The same as a picture of its own.
pub fn svg(text: &str) -> Result<String, Problem> {
    let (path, side) = modules(text)?;
    let whole = side + 2 * QUIET;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-{QUIET} -{QUIET} {whole} {whole}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M-{QUIET}-{QUIET}h{whole}v{whole}h-{whole}z\"/><path stroke=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_draws_the_dark_modules_and_no_others() {
        let text = "otpauth://totp/Tideline:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tideline";
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let (path, side) = modules(text).unwrap();
        let mut drawn = vec![false; side * side];
        for run in path.split('M').skip(1) {
            let (place, length) = run.split_once('h').unwrap();
            let (x, y) = place.split_once(' ').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.strip_suffix(".5").unwrap().parse().unwrap());
            for x in x..x + length.parse::<usize>().unwrap() {
                assert!(!std::mem::replace(&mut drawn[y * side + x], true), "twice");
            }
        }
        for y in 0..side {
            for x in 0..side {
                assert_eq!(drawn[y * side + x], code[(x, y)] == Color::Dark, "{x} {y}");
            }
        }
        let svg = svg(text).unwrap();
        assert!(svg.starts_with("<svg xmlns=") && svg.contains(&path) && !svg.contains("otpauth"), "{svg}");
        assert!(modules(&"x".repeat(5_000)).is_err(), "no name is as long");
    }
}
