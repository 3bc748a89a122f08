//! The generated files in the repository are current: the C headers in `include/`, the C++ header
//! in `bindings/cpp/`, and the result codes in the C#, C++ and Python bindings.

#![cfg(feature = "capi")]

use std::path::Path;
use std::process::Command;

use iplaygames::Code;

#[track_caller]
fn assert_current(name: &str) {
    let made = std::fs::read_to_string(Path::new(env!("OUT_DIR")).join(name)).unwrap();
    let committed = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("include").join(name));
    let committed = committed.unwrap_or_default();
    let difference = made.lines().zip(committed.lines().chain(std::iter::repeat("")));
    let line = difference.take_while(|(made, committed)| made == committed).count() + 1;
    assert!(
        made == committed,
        "include/{name} is not what src/ffi makes, from line {line} on: run `make header` and commit it"
    );
}

#[test]
fn the_committed_header_is_what_the_sources_make() {
    assert_current("iplaygames.h");
}

#[test]
fn the_committed_sandbox_header_is_what_the_sources_make() {
    assert_current("iplaygames_sandbox.h");
}

#[track_caller]
fn assert_script_accepts(script: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let output = Command::new("python3").arg(&script).arg("--check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_committed_cpp_header_is_what_its_parts_make() {
    assert_script_accepts("bindings/cpp/amalgamate.py");
}

#[test]
fn the_committed_codes_of_the_bindings_are_what_the_rust_list_makes() {
    assert_script_accepts("bindings/generate_codes.py");
}

#[test]
fn the_check_of_the_codes_rejects_a_changed_number_or_text() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (target, file, from, to) in [
        ("csharp", "unity/IPlayGames.cs", "NotFound = 404,", "NotFound = 405,"),
        ("cpp", "cpp/parts/native.hpp", "The client is shut down, or", "The client is shut down or"),
        ("python", "python/python/iplaygames_native/_codes.py", "NOT_FOUND = 404", "NOT_FOUND = 405"),
    ] {
        let text = std::fs::read_to_string(root.join("bindings").join(file)).unwrap();
        assert!(text.contains(from), "{file}");
        let changed = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("changed codes of {target}"));
        std::fs::write(&changed, text.replace(from, to)).unwrap();
        let script = root.join("bindings/generate_codes.py");
        let arguments = ["--check", "--only", target, "--file"];
        let output = Command::new("python3").arg(script).args(arguments).arg(&changed).output().unwrap();
        assert!(!output.status.success(), "{target}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains("differ from src/codes.rs"), "{target}: {error}");
    }
}

// The script reads src/codes.rs as text. This test compares its result with the list in Rust.
#[test]
fn the_csharp_codes_have_the_numbers_and_names_of_the_rust_codes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/unity/IPlayGames.cs");
    let text = std::fs::read_to_string(file).unwrap();
    let list = text.split("public enum Code {").nth(1).unwrap().split('}').next().unwrap();
    let entries: Vec<&str> =
        list.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.is_empty()).collect();
    let expected: Vec<String> =
        Code::all().map(|code| format!("{} = {},", csharp_name(code.name()), code.value())).collect();
    assert_eq!(entries, expected);
}

fn csharp_name(name: &str) -> String {
    let words = name.strip_prefix("IPG_ERR_").or_else(|| name.strip_prefix("IPG_")).unwrap().split('_');
    words.map(|word| word[..1].to_owned() + &word[1..].to_ascii_lowercase()).collect()
}
