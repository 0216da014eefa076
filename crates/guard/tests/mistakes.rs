//! What the compiler says of the mistakes that everybody makes: in each program of `tests/mistakes`, the lines after `//=` are to
//! be in its answer, and no other error.
//!
//! The programs are compiled against what the tests themselves were linked with: built anew for a harness of its own, the
//! dependencies would take as long as all other tests together.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

#[test]
fn mistakes_are_explained_by_the_compiler() {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let libraries = Libraries::find(&programs.join("none.rs"));
    let mut seen = 0;
    for program in fs::read_dir(programs).unwrap() {
        let program = program.unwrap().path();
        let text = fs::read_to_string(&program).unwrap();
        let expected: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("//= ")).collect();
        let said = libraries.compile(&program);
        for line in &expected {
            assert!(
                said.contains(line),
                "{}: the compiler does not say\n{line}\nbut\n{said}",
                program.display()
            );
        }
        let errors = |line: &&str| line.starts_with("error[");
        let (all, wanted) =
            (said.lines().filter(errors).count(), expected.iter().copied().filter(errors).count());
        assert_eq!(all, wanted, "{}: the compiler says\n{said}", program.display());
        seen += wanted;
    }
    assert!(seen >= 8, "the programs with mistakes are gone");
}

/// The crates that the programs name, of one build.
struct Libraries {
    folder: PathBuf,
    guard: PathBuf,
    axum: PathBuf,
}

impl Libraries {
    /// Beside the libraries of this build there may be some of others, with other features or of other versions. Those that belong
    /// together compile a program without a mistake.
    fn find(faultless: &Path) -> Self {
        let this = std::env::current_exe().expect("the tests know where they are");
        let folder = this.parent().expect("and are in a folder").to_owned();
        for guard in newest_first(&folder, "gatepost_guard") {
            for axum in newest_first(&folder, "axum") {
                let found = Self { folder: folder.clone(), guard: guard.clone(), axum };
                if found.compile(faultless).is_empty() {
                    return found;
                }
            }
        }
        panic!(
            "{} has no gatepost-guard and axum that belong together: cargo test --workspace",
            folder.display()
        );
    }

    /// What the compiler says of a program.
    fn compile(&self, program: &Path) -> String {
        let library = |name: &str, path: &Path| format!("{name}={}", path.display());
        let compiled = Command::new("rustc")
            .args(["--edition=2024", "--crate-type=bin", "--emit=metadata", "--color=never", "--out-dir"])
            .arg(env!("CARGO_TARGET_TMPDIR"))
            .args(["-L", &library("dependency", &self.folder)])
            .args([
                "--extern",
                &library("gatepost_guard", &self.guard),
                "--extern",
                &library("axum", &self.axum),
            ])
            .arg(program)
            .output()
            .expect("rustc starts");
        String::from_utf8(compiled.stderr).expect("rustc writes UTF-8")
    }
}

fn newest_first(folder: &Path, name: &str) -> Vec<PathBuf> {
    let prefix = format!("lib{name}-");
    let mut found: Vec<(SystemTime, PathBuf)> = fs::read_dir(folder)
        .expect("the libraries are beside the tests")
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let file = entry.file_name().into_string().ok()?;
            let is_library = Path::new(&file).extension().is_some_and(|extension| extension == "rlib");
            (is_library && file.starts_with(&prefix))
                .then(|| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))?
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}
