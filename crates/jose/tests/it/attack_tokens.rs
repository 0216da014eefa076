//! The project's own hostile tokens: 225 against one key set and one policy.

use gatepost_jose::{Algorithm, KeySet, Verifier};
use serde_json::Value;

use crate::support::own_vectors;

struct Answers {
    all: usize,
    wrong: Vec<String>,
}

/// Runs the cases whose category starts with `category`.
fn run(category: &str) -> Answers {
    let file = own_vectors("attack-tokens.json");
    let policy = &file["policy"];
    let keys = KeySet::parse(file["jwks"].to_string().as_bytes()).unwrap();
    let verifier =
        Verifier::new(policy["issuer"].as_str().unwrap(), policy["audience"].as_str().unwrap(), keys)
            .algorithms(&[Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA])
            .leeway(policy["leeway_seconds"].as_u64().unwrap())
            .typ(policy["required_typ"].as_str().unwrap());
    let now = policy["now"].as_i64().unwrap();
    let mut answers = Answers { all: 0, wrong: Vec::new() };
    for test in file["tests"].as_array().unwrap() {
        let text = |name: &str| test[name].as_str().unwrap_or_default();
        if !text("cat").starts_with(category) {
            continue;
        }
        answers.all += 1;
        // Twice: the second answer must not differ because of what was remembered.
        for _ in 0..2 {
            let answer = verifier.verify(&token_of(test), now).map_err(|refused| refused.code());
            let right = match text("expect") {
                "valid" => answer.is_ok(),
                "invalid" => answer.is_err(),
                "either" => true,
                other => panic!("{other} is no expectation"),
            };
            if !right {
                answers.wrong.push(format!("{} ({}): {:?}", text("id"), text("why"), answer.map(|_| ())));
            }
        }
    }
    answers
}

/// A token that is not a string in the file (JSON serialization) is given as its JSON text.
fn token_of(test: &Value) -> String {
    test["token"].as_str().map_or_else(|| test["token"].to_string(), str::to_owned)
}

#[test]
fn every_token_of_the_attack_file_gets_the_answer_it_asks_for() {
    let answers = run("");
    assert_eq!(answers.wrong, Vec::<String>::new());
    assert_eq!(answers.all, 225);
}

/// One test for each row of the catalogue that has data, so that a failure names the row.
macro_rules! rows {
    ($($name:ident: $category:literal at least $least:literal,)*) => {$(
        #[test]
        fn $name() {
            let answers = run($category);
            assert_eq!(answers.wrong, Vec::<String>::new());
            assert!(answers.all >= $least, "only {} cases", answers.all);
        }
    )*};
}

rows! {
    jwt_01_alg_none_in_any_spelling_is_refused: "JWT-01" at least 10,
    jwt_02_public_key_material_is_never_an_hmac_secret: "JWT-02" at least 10,
    jwt_03_the_algorithm_is_the_one_of_the_key: "JWT-03" at least 5,
    jwt_04_weak_keys_verify_nothing: "JWT-04" at least 1,
    jwt_05_kid_is_only_a_name: "JWT-05" at least 10,
    jwt_06_keys_inside_the_header_are_not_used: "JWT-06" at least 5,
    jwt_07_extensions_are_refused: "JWT-07" at least 7,
    jwt_08_broken_signatures_are_refused: "JWT-08" at least 10,
    jwt_09_only_the_compact_form_is_read: "JWT-09" at least 10,
    jwt_10_json_that_reads_in_two_ways_is_refused: "JWT-10" at least 20,
    jwt_11_times_of_a_wrong_type_or_value_are_refused: "JWT-11" at least 15,
    jwt_12_issuer_audience_and_subject_are_compared_as_strings: "JWT-12" at least 20,
    jwt_13_another_type_of_token_is_refused: "JWT-13" at least 10,
    jwt_14_a_bound_token_without_proof_is_refused: "JWT-14" at least 2,
    jwt_15_changed_tokens_are_refused: "JWT-15" at least 3,
    jwt_16_nested_and_encrypted_tokens_are_refused: "JWT-16" at least 3,
}
