//! Names that could be taken for another's.

use unicode_security::{RestrictionLevel, RestrictionLevelDetection as _, confusable_detection::skeleton};

/// Whether letters of a name could be taken for others: of several scripts that no language writes together, or none that names
/// are written with (Unicode TS 39 section 5.2).
pub(super) fn is_deceptive(name: &str) -> bool {
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    !letters.as_str().check_restriction_level(RestrictionLevel::HighlyRestrictive)
}

/// Whether two names could be taken for each other: alike but for case, spaces and punctuation, or letters that look alike
/// (Unicode TS 39 section 4).
pub fn resembles(one: &str, other: &str) -> bool {
    let (one, other) = (looks(one), looks(other));
    !one.is_empty() && one == other
}

fn looks(name: &str) -> String {
    // Twice: a capital looks like another letter than the small one.
    let lower: String = skeleton(name).collect::<String>().to_lowercase();
    skeleton(&lower).filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_the_same_name() {
        for (one, other) in [
            ("Acme", "ACME"),
            ("Acme", "A c m e!"),
            ("Paypal", "PayPaI"),
            ("Paypal", "Paypa1"),
            ("Ace", "Асе"),
        ] {
            assert!(resembles(one, other), "{one} {other}");
        }
        for (one, other) in [("Acme", "Acme Notes"), ("", ""), ("!", "?"), ("Notes", "Note")] {
            assert!(!resembles(one, other), "{one} {other}");
        }
    }

    #[test]
    fn letters_of_scripts_that_do_not_go_together_deceive() {
        for honest in ["Notes", "Café Noir", "Заметки", "日本のApp", "ملاحظات", "Ada’s notes – v2", "नोट्स"]
        {
            assert!(!is_deceptive(honest), "{honest}");
        }
        for deceptive in ["Nоtes", "Ａcme", "𝐀cme"] {
            assert!(is_deceptive(deceptive), "{deceptive}");
        }
    }
}
