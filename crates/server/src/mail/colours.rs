//! A realm's colour in a letter: plain colours, for no mail program can be relied on to mix any.

use gatepost_domain::Accent;

const INK: [u8; 3] = [0x14, 0x17, 0x1c];
const LIGHT: [u8; 3] = [0xef, 0xf1, 0xf4];
const PAPER: [u8; 3] = [0xff, 0xff, 0xff];
const NIGHT: [u8; 3] = [0x0d, 0x0f, 0x12];
/// As in the pages' sheet.
const OURS: [u8; 3] = [0x0b, 0x6b, 0x52];

/// What a letter is coloured with, each as `#rrggbb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Colours {
    /// The button by day, and the letters on it.
    pub(super) fill: String,
    pub(super) on_fill: String,
    /// The realm's name by day and by night.
    pub(super) name: String,
    pub(super) name_dark: String,
    /// The button by night, and the letters on it.
    pub(super) fill_dark: String,
    pub(super) on_fill_dark: String,
}

impl Colours {
    pub(super) fn of(accent: Option<Accent>) -> Self {
        let accent = accent.map_or(OURS, Accent::rgb);
        let readable = |on, otherwise| if contrast(accent, on) >= 4.5 { accent } else { otherwise };
        // A button that is as dark as the night around it is none.
        let by_night = if contrast(accent, NIGHT) >= 1.8 { accent } else { LIGHT };
        Self {
            fill: hex(accent),
            on_fill: hex(letters_on(accent)),
            name: hex(readable(PAPER, INK)),
            name_dark: hex(readable(NIGHT, LIGHT)),
            fill_dark: hex(by_night),
            on_fill_dark: hex(letters_on(by_night)),
        }
    }
}

/// Black or white, whichever is easier to read.
fn letters_on(fill: [u8; 3]) -> [u8; 3] {
    if contrast(PAPER, fill) >= contrast([0; 3], fill) { PAPER } else { [0; 3] }
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// WCAG 2.2, contrast ratio.
fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// WCAG 2.2, relative luminance.
fn luminance([red, green, blue]: [u8; 3]) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rgb(text: &str) -> [u8; 3] {
        text.parse::<Accent>().unwrap().rgb()
    }

    #[test]
    fn whatever_the_colour_the_letters_can_be_read() {
        assert!((contrast([0; 3], PAPER) - 21.0).abs() < 0.001);
        for red in (0..=255).step_by(51) {
            for green in (0..=255).step_by(51) {
                for blue in (0..=255).step_by(51) {
                    let colours = Colours::of(Some(hex([red, green, blue]).parse().unwrap()));
                    for (letters, ground) in [
                        (&colours.on_fill, &colours.fill),
                        (&colours.on_fill_dark, &colours.fill_dark),
                        (&colours.name, &hex(PAPER)),
                        (&colours.name_dark, &hex(NIGHT)),
                    ] {
                        assert!(contrast(rgb(letters), rgb(ground)) >= 4.5, "{letters} on {ground}");
                    }
                    assert!(contrast(rgb(&colours.fill_dark), NIGHT) >= 1.8);
                }
            }
        }
    }
}
