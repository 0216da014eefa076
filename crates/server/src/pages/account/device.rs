//! What a browser or program calls itself, in words a person knows.

use crate::pages::{
    html::{Sentence, say},
    words::{Language, Words},
};

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeviceKind {
    Phone,
    Computer,
    Program,
}

/// A browser on a system, or a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device<'a> {
    pub(super) kind: DeviceKind,
    /// The browser, or what the program calls itself.
    pub(super) name: Option<&'a str>,
    pub(super) system: Option<&'static str>,
}

/// The first that is found counts: many browsers name others too.
const BROWSERS: [(&str, &str); 11] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("AppleWebKit/", "Safari"),
];

const SYSTEMS: [(&str, &str, DeviceKind); 8] = [
    ("iPhone", "iPhone", DeviceKind::Phone),
    ("iPad", "iPad", DeviceKind::Phone),
    ("Android", "Android", DeviceKind::Phone),
    ("CrOS", "ChromeOS", DeviceKind::Computer),
    ("Windows", "Windows", DeviceKind::Computer),
    ("Macintosh", "macOS", DeviceKind::Computer),
    ("Linux", "Linux", DeviceKind::Computer),
    ("X11", "Linux", DeviceKind::Computer),
];

impl<'a> Device<'a> {
    /// Reads a `User-Agent`. What it says is only believed to be shown.
    pub(super) fn of(agent: &'a str) -> Self {
        let system = SYSTEMS.iter().find(|(sign, ..)| agent.contains(sign));
        let browser = BROWSERS.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
        match (browser, system) {
            (Some(name), system) => Self {
                kind: system.map_or(DeviceKind::Computer, |(_, _, kind)| *kind),
                name: Some(name),
                system: system.map(|(_, name, _)| *name),
            },
            (None, system) => {
                let program = agent.split(['/', ' ', '(']).next().filter(|word| !word.is_empty());
                Self {
                    kind: DeviceKind::Program,
                    name: program.filter(|word| *word != "Mozilla"),
                    system: system.map(|(_, name, _)| *name),
                }
            }
        }
    }
}

/// What a browser or program calls itself, as a sentence that may stand alone.
pub(super) fn sentence(words: &Words, device: &Device<'_>) -> Sentence {
    match (device.name, device.system) {
        (Some(name), Some(system)) => say(words.browser_on).put("browser", name).put("system", system),
        (Some(name), None) => say("{name}").put("name", name),
        (None, Some(system)) => say("{name}").put("name", system),
        (None, None) => say(words.unknown_device),
    }
}

/// The same as text.
pub fn device_name(language: Language, agent: &str) -> String {
    sentence(language.words(), &Device::of(agent)).plain()
}

/// The browser or program, and the system, as far as they are known: for programs that show them.
pub fn browser_and_system(agent: &str) -> (Option<&str>, Option<&'static str>) {
    let device = Device::of(agent);
    (device.name, device.system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_the_name_its_owner_would_give_it() {
        for (agent, name, system) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox",
                Some("Linux"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.5 Mobile/15E148 Safari/604.1",
                "Safari",
                Some("iPhone"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 \
                 Safari/537.36 Edg/138.0.0.0",
                "Edge",
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile \
                 Safari/537.36",
                "Chrome",
                Some("Android"),
            ),
            ("curl/8.14.1", "curl", None),
            ("tideline-cli/2.1 (Linux)", "tideline-cli", Some("Linux")),
        ] {
            let device = Device::of(agent);
            assert_eq!((device.name, device.system), (Some(name), system), "{agent}");
        }
        assert_eq!(Device::of("Mozilla/5.0").name, None);
        assert_eq!(Device::of("").name, None);
    }
}
