//! Compile-time checks of the names written in rules. A panic here is a compile error at the macro's call.

/// A role or realm: something, and no blank at either end that nobody would see in review.
pub const fn name(name: &str) {
    let bytes = name.as_bytes();
    assert!(!bytes.is_empty(), "an empty name would refuse everybody: write the name of a role or realm");
    assert!(
        !bytes[0].is_ascii_whitespace() && !bytes[bytes.len() - 1].is_ascii_whitespace(),
        "names are compared exactly: remove the blank at the end"
    );
}

/// A permission: `resource:action`, every part between colons present, no blank.
pub const fn permission(permission: &str) {
    let bytes = permission.as_bytes();
    let mut colons = 0;
    let mut part = 0;
    let mut at = 0;
    while at < bytes.len() {
        assert!(!bytes[at].is_ascii_whitespace(), "a permission is written `resource:action`");
        if bytes[at] == b':' {
            assert!(part > 0, "a permission is written `resource:action`");
            colons += 1;
            part = 0;
        } else {
            part += 1;
        }
        at += 1;
    }
    assert!(colons > 0 && part > 0, "a permission is written `resource:action`");
}

/// One or more scope words of RFC 6749 section 3.3, separated by single spaces. They end up quoted in a header.
pub const fn scope(scope: &str) {
    let bytes = scope.as_bytes();
    assert!(!bytes.is_empty(), "an empty scope asks for nothing: write at least one word");
    let mut at = 0;
    let mut word = 0;
    while at < bytes.len() {
        if bytes[at] == b' ' {
            assert!(word > 0, "scope words are separated by single spaces");
            word = 0;
        } else {
            assert!(
                bytes[at] > 0x20 && bytes[at] < 0x7f && bytes[at] != b'"' && bytes[at] != b'\\',
                "a scope word is printable ASCII without quotes and backslashes (RFC 6749 section 3.3)"
            );
            word += 1;
        }
        at += 1;
    }
    assert!(word > 0, "scope words are separated by single spaces");
}
