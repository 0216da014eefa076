# `just check` is what continuous integration runs.
check:
    scripts/test

lint:
    scripts/lint

test *suites:
    scripts/test {{suites}}

dev:
    cargo run --release -- dev

gen:
    scripts/generate

bench:
    bench/run
