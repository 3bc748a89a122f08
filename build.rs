//! Turns `src/api/operations.json` into constants and, with the feature `capi`, the exported
//! functions of `src/ffi` into C headers. Both land in OUT_DIR; `make header` copies the headers to
//! `include/`, and a test fails when they differ.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    println!("cargo::rerun-if-changed=build.rs");
    operations(&root, &out);
    #[cfg(feature = "capi")]
    capi::run(&root, &out);
}

/// Writes the table of operations as Rust constants.
fn operations(root: &Path, out: &Path) {
    let source = root.join("src/api/operations.json");
    println!("cargo::rerun-if-changed={}", source.display());
    let text = std::fs::read_to_string(&source).expect("src/api/operations.json can be read");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).expect("operations.json is a list");
    let text_of = |row: &serde_json::Value, key: &str| -> String {
        row[key].as_str().unwrap_or_else(|| panic!("operations.json: {key} is missing in {row}")).to_owned()
    };
    // A word of the table names a variant of an enum: "read" is Idempotency::Safe.
    let variant = |word: &str| word.split('_').map(capitalised).collect::<String>();

    let mut code = String::from("static OPERATIONS: &[Operation] = &[\n");
    for row in &rows {
        let mut params = String::new();
        for param in row["params"].as_array().into_iter().flatten() {
            let param_type = match (text_of(param, "type").as_str(), param["items"].as_str()) {
                ("array", Some("string")) => "Strings".to_owned(),
                ("array", Some("integer")) => "Integers".to_owned(),
                ("array", Some("object")) => "Objects".to_owned(),
                ("datetime", None) => "String".to_owned(),
                (name, None) => variant(name),
                other => panic!("operations.json: unknown type {other:?}"),
            };
            let _ = write!(
                params,
                "Param {{ name: {:?}, location: ParamLocation::{}, param_type: ParamType::{param_type}, required: {}, nullable: {}, format: Format::{} }}, ",
                text_of(param, "name"),
                variant(&text_of(param, "in")),
                param["required"].as_bool().unwrap_or(false),
                param["nullable"].as_bool().unwrap_or(false),
                variant(param["format"].as_str().unwrap_or("none")),
            );
        }
        let required: Vec<&str> =
            row["required"].as_array().into_iter().flatten().filter_map(|pointer| pointer.as_str()).collect();
        let refusal_statuses: Vec<u64> = row["refusal_statuses"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_u64)
            .collect();
        let echo = match row.get("echo") {
            None => "None".to_owned(),
            Some(echo) => format!(
                "Some(Echo {{ pointer: {:?}, argument: {:?} }})",
                text_of(echo, "pointer"),
                text_of(echo, "argument")
            ),
        };
        let example = match row.get("example") {
            None => "None".to_owned(),
            Some(example) => format!(
                "Some(Example {{ status: {}, content_type: {:?}, body: {:?} }})",
                example["status"],
                text_of(example, "content_type"),
                example["body"].to_string()
            ),
        };
        let _ = writeln!(
            code,
            "Operation {{ id: {:?}, tag: {:?}, summary: {:?}, method: Method::{}, path: {:?}, idempotency: Idempotency::{}, \
             body: BodyKind::{}, response: ResponseKind::{}, required: &{required:?}, \
             refusal_statuses: &{refusal_statuses:?}, echo: {echo}, params: &[{params}], \
             #[cfg(feature = \"sandbox\")] example: {example} }},",
            text_of(row, "id"),
            text_of(row, "tag"),
            text_of(row, "summary"),
            variant(&text_of(row, "method").to_lowercase()),
            text_of(row, "path"),
            variant(&text_of(row, "idempotency")),
            variant(&text_of(row, "body")),
            variant(&text_of(row, "response")),
        );
    }
    code.push_str("];\n");
    let mut by_id: Vec<usize> = (0..rows.len()).collect();
    by_id.sort_by_key(|row| text_of(&rows[*row], "id"));
    let _ = writeln!(code, "static BY_ID: &[u8] = &{by_id:?};");
    std::fs::write(out.join("operations.rs"), code).expect("OUT_DIR can be written");
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(feature = "capi")]
#[allow(dead_code)]
#[path = "src/codes.rs"]
mod codes;

#[cfg(feature = "capi")]
mod capi {
    use std::fmt::Write as _;
    use std::path::Path;

    use cbindgen::{Builder, Config, DocumentationLength, DocumentationStyle, Language, Style};

    /// The files whose functions are in `iplaygames.h`, in the order of the header.
    const SOURCES: &[&str] = &[
        "types",
        "base",
        "../sys/android_exports",
        "allocator",
        "client",
        "log",
        "session",
        "call",
        "submit",
        "request",
        "journal",
        "transport",
        "host_loop",
        "json",
    ];

    pub(super) fn run(root: &Path, out: &Path) {
        let directory = root.join("src/ffi");
        for watched in ["src/ffi", "src/sys/android_exports.rs", "src/codes.rs"] {
            println!("cargo::rerun-if-changed={watched}");
        }
        let read = |name: &str| {
            std::fs::read_to_string(directory.join(name))
                .unwrap_or_else(|error| panic!("src/ffi/{name}: {error}"))
        };

        let mut config = common();
        config.header = Some(read("preamble.h"));
        config.include_guard = Some("IPLAYGAMES_H".into());
        config.sys_includes = vec!["stddef.h".into(), "stdint.h".into()];
        config.after_includes = Some(format!("\n{}\n{}\n{}", version(), read("macros.h"), codes()));
        let sources = SOURCES.iter().map(|name| format!("{name}.rs"));
        write(config, sources.map(|name| directory.join(name)), &out.join("iplaygames.h"));

        let mut config = common();
        config.header = Some(read("preamble_sandbox.h"));
        config.include_guard = Some("IPLAYGAMES_SANDBOX_H".into());
        config.includes = vec!["iplaygames.h".into()];
        write(config, [directory.join("sandbox.rs")].into_iter(), &out.join("iplaygames_sandbox.h"));
    }

    fn common() -> Config {
        let mut config = Config {
            language: Language::C,
            cpp_compat: true,
            style: Style::Type,
            no_includes: true,
            usize_is_size_t: true,
            documentation: true,
            documentation_style: DocumentationStyle::Doxy,
            documentation_length: DocumentationLength::Full,
            line_length: 100,
            ..Config::default()
        };
        config.defines.insert("target_os = android".into(), "__ANDROID__".into());
        config.function.prefix = Some("IPG_API".into());
        config.function.must_use = Some("IPG_MUST_USE".into());
        config
    }

    fn write(config: Config, sources: impl Iterator<Item = std::path::PathBuf>, header: &Path) {
        let builder =
            sources.fold(Builder::new().with_config(config), |builder, source| builder.with_src(source));
        let bindings = builder.generate().expect("cbindgen can read src/ffi");
        let mut text = Vec::new();
        bindings.write(&mut text);
        std::fs::write(header, text).expect("OUT_DIR can be written");
    }

    fn version() -> String {
        let part = |name: &str| std::env::var(format!("CARGO_PKG_VERSION{name}")).expect("cargo sets it");
        format!(
            "/** The major number of this header's version. ipg_version() returns the library's version. */\n\
             #define IPG_VERSION_MAJOR {}\n\
             /** The minor number of this header's version. */\n#define IPG_VERSION_MINOR {}\n\
             /** The patch number of this header's version. */\n#define IPG_VERSION_PATCH {}\n\
             /** This header's version as a string. */\n#define IPG_VERSION_STRING \"{}\"\n",
            part("_MAJOR"),
            part("_MINOR"),
            part("_PATCH"),
            part("")
        )
    }

    /// Writes the codes. cbindgen does not see constants that a macro makes.
    fn codes() -> String {
        let mut text = String::new();
        for (value, name, meaning) in crate::codes::LIST {
            let _ = writeln!(text, "/** {meaning} */\n#define {name} {value}\n");
        }
        text.truncate(text.trim_end().len());
        text
    }
}
