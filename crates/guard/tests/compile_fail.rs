//! The messages a developer sees for the three mistakes everybody makes, held to the letter.

#[test]
fn mistakes_are_explained_by_the_compiler() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
