//! Pictures of realms, drawn anew: only what is seen of a file gets on a page, and nothing that was put beside it.

use std::io::Cursor;

use gatepost_domain::{Logo, LogoRefused, SettingRefused};
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Limits, Transformations};

/// Pixels at most, either way. It is shown with 48.
const MAX_SIDE: u32 = 256;

/// Why a file is not the picture of a realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoUnusable {
    /// It is no PNG, or too large.
    #[error(transparent)]
    Refused(#[from] LogoRefused),
    /// It cannot be drawn.
    #[error("the PNG of the logo is damaged; save it anew")]
    Damaged,
    /// It has too many pixels.
    #[error("a logo has {MAX_SIDE} by {MAX_SIDE} pixels at most; it is shown with 48")]
    Pixels,
}

impl From<LogoUnusable> for SettingRefused {
    fn from(unusable: LogoUnusable) -> Self {
        Self { member: "logo".into(), reason: unusable.to_string().into() }
    }
}

/// The same picture as a file of our own making: without comments, profiles, frames and what may follow its end.
pub fn redrawn(logo: &Logo) -> Result<Logo, LogoUnusable> {
    let limits = Limits { bytes: 4 << 20 };
    let mut decoder = Decoder::new_with_limits(Cursor::new(logo.png()), limits);
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
    let mut reader = decoder.read_info().map_err(|_| LogoUnusable::Damaged)?;
    let (width, height) = (reader.info().width, reader.info().height);
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(LogoUnusable::Pixels);
    }
    let mut pixels = vec![0; reader.output_buffer_size().ok_or(LogoUnusable::Damaged)?];
    let frame = reader.next_frame(&mut pixels).map_err(|_| LogoUnusable::Damaged)?;
    let (BitDepth::Eight, color @ (ColorType::Rgba | ColorType::GrayscaleAlpha)) =
        (frame.bit_depth, frame.color_type)
    else {
        return Err(LogoUnusable::Damaged);
    };
    let mut drawn = Vec::new();
    let mut encoder = Encoder::new(&mut drawn, width, height);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    let mut writer = encoder.write_header().map_err(|_| LogoUnusable::Damaged)?;
    writer.write_image_data(&pixels[..frame.buffer_size()]).map_err(|_| LogoUnusable::Damaged)?;
    writer.finish().map_err(|_| LogoUnusable::Damaged)?;
    Ok(Logo::from_png(&drawn)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of so many pixels, with a comment.
    fn picture(side: u32, color: ColorType) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = Encoder::new(&mut out, side, side);
        encoder.set_color(color);
        encoder.add_text_chunk("Comment".into(), "<script>alert(1)</script>".into()).unwrap();
        let samples = side as usize * side as usize * color.samples();
        let pixels: Vec<u8> = (0..7).cycle().take(samples).collect();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&pixels).unwrap();
        writer.finish().unwrap();
        out
    }

    /// PG-03: what is not seen does not get on a page.
    #[test]
    fn pg_03_only_what_is_seen_of_a_picture_is_kept() {
        for color in [ColorType::Grayscale, ColorType::Rgb, ColorType::Rgba, ColorType::GrayscaleAlpha] {
            let mut file = picture(32, color);
            file.extend_from_slice(b"<html><script>alert(1)</script>");
            let logo = redrawn(&Logo::from_png(&file).unwrap()).unwrap();
            assert!(!String::from_utf8_lossy(logo.png()).contains("script"), "{color:?}");
            assert!(logo.png().ends_with(b"IEND\xaeB`\x82"));
            assert_eq!(redrawn(&logo).unwrap(), logo, "drawn twice it is the same");
        }
    }

    #[test]
    fn a_picture_that_cannot_be_drawn_or_is_too_large_is_refused() {
        let good = picture(32, ColorType::Rgb);
        for damaged in [&good[..8], &good[..60], &[&good[..8], b"<svg onload=alert(1)>".as_slice()].concat()]
        {
            assert_eq!(redrawn(&Logo::from_png(damaged).unwrap()), Err(LogoUnusable::Damaged));
        }
        let wide = Logo::from_png(&picture(257, ColorType::Grayscale)).unwrap();
        assert_eq!(redrawn(&wide), Err(LogoUnusable::Pixels));
    }
}
