//! The generated files in the repository are current: the C headers in `include/`, the C++ header
//! in `bindings/cpp/`, and the enum `Code` in `bindings/unity/IPlayGames.cs`.

#![cfg(feature = "capi")]

use std::path::Path;
use std::process::Command;

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

#[test]
fn the_committed_cpp_header_is_what_its_parts_make() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/cpp/amalgamate.py");
    let output = Command::new("python3").arg(&script).arg("--check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
