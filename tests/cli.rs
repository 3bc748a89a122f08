//! The command-line tool as its users run it: as a process, with its streams and its exit code.

#![cfg(all(feature = "cli", feature = "sandbox"))]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Output, Stdio};

use iplaygames::sandbox::Sandbox;
use serde_json::Value;

const START: [&str; 10] = [
    "--game-id",
    "123",
    "--player-id",
    "456",
    "--currency",
    "USD",
    "--country-code",
    "US",
    "--ip-address",
    "192.0.2.1",
];

fn tool(sandbox: Option<&Sandbox>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iplaygames"));
    for name in ["IPLAYGAMES_API_KEY", "IPLAYGAMES_BASE_URL", "IPLAYGAMES_TRANSPORT"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    if let Some(sandbox) = sandbox {
        command.env("IPLAYGAMES_API_KEY", sandbox.api_key()).env("IPLAYGAMES_BASE_URL", sandbox.base_url());
    }
    command
}

fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn json(text: &str) -> Value {
    assert_eq!(text.matches('\n').count(), 1, "one line of JSON: {text}");
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_session_is_started_checked_and_ended() {
    let sandbox = Sandbox::start("").unwrap();
    let (code, out, err) =
        run(tool(Some(&sandbox)).arg("start").args(START).args(["--freespin-bet-amount", "0.50"]));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let session = json(&out)["data"]["session_id"].as_str().unwrap().to_owned();
    let (code, out, _) = run(tool(Some(&sandbox)).args(["status", &session]));
    assert_eq!((code, &json(&out)["data"]["status"]), (Some(0), &"active".into()));
    assert_eq!(json(&out)["data"]["player_id"], "456");
    let (code, out, _) = run(tool(Some(&sandbox)).args(["end", &session]));
    assert_eq!((code, &json(&out)["success"]), (Some(0), &true.into()));
    let requests: Value =
        serde_json::from_str(&sandbox.control(r#"{"command": "requests"}"#).unwrap()).unwrap();
    let body = requests["requests"][0]["body"].as_str().unwrap();
    assert!(
        body.contains(r#""player_id":"456""#) && body.contains(r#""freespin_bet_amount":0.50"#),
        "{body}"
    );
}

#[test]
fn errors_are_printed_to_standard_error_and_have_distinct_exit_codes() {
    let sandbox = Sandbox::start("").unwrap();
    let (code, out, err) = run(tool(Some(&sandbox)).args(["status", "nobody"]));
    assert_eq!((code, out.as_str()), (Some(3), ""));
    assert!(err.contains("Session not found") && err.contains("IPG_ERR_NOT_FOUND"), "{err}");
    assert!(!err.contains('\x1b'), "no colours without a terminal: {err:?}");

    let (code, _, err) = run(tool(Some(&sandbox)).args(["--error-json", "end", "nobody"]));
    assert_eq!((code, &json(&err)["error"]["code"]), (Some(3), &404.into()));

    let (code, _, err) = run(tool(Some(&sandbox)).args(["start", "--game-id", "one"]));
    assert_eq!(code, Some(2));
    assert!(err.contains("player_id"), "{err}");

    sandbox.control(r#"{"command": "fault", "operation": "start_a_game_session", "drop": "after"}"#).unwrap();
    let (code, _, err) = run(tool(Some(&sandbox)).arg("start").args(START));
    assert_eq!(code, Some(5), "{err}");
    assert!(err.contains("not known whether"), "{err}");

    let (code, ..) = run(tool(None).env("IPLAYGAMES_API_KEY", "k").args([
        "--base-url",
        "http://127.0.0.1:1",
        "--retries",
        "0",
        "status",
        "x",
    ]));
    assert_eq!(code, Some(4));

    // Repeating a read has no effect, so the tool prints no warning.
    sandbox.control(r#"{"command": "fault", "operation": "get_session_status", "status": 500}"#).unwrap();
    let (code, _, err) = run(tool(Some(&sandbox)).args(["status", "nobody"]));
    assert_eq!(code, Some(5), "{err}");
    assert!(!err.contains("not known whether"), "{err}");

    for usage in [
        vec![],
        vec!["dance"],
        vec!["status"],
        vec!["status", "a", "b"],
        vec!["call", "no_such"],
        vec!["call", "list_games", "--arg", "x"],
        vec!["--no-such", "x"],
        vec!["start", "--no-such", "x"],
        vec!["--timeout", "soon", "status", "x"],
        vec!["--api-key", "secret", "status", "x"],
    ] {
        let (code, out, err) = run(tool(Some(&sandbox)).args(&usage));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{usage:?}: {err}");
        assert!(!err.contains("secret"), "{err}");
    }
}

#[test]
fn the_option_transport_selects_the_transport_and_overrides_the_environment() {
    let sandbox = Sandbox::start("").unwrap();
    let mut names = vec!["native"];
    if cfg!(feature = "reqwest") {
        names.push("reqwest");
    }
    for name in names {
        let mut command = tool(Some(&sandbox));
        command.env("IPLAYGAMES_TRANSPORT", "pigeon");
        let (code, out, err) = run(command.args(["--transport", name, "start"]).args(START));
        assert_eq!((code, err.as_str()), (Some(0), ""), "{name}");
        assert!(json(&out)["data"]["session_id"].is_string());
    }
    let (code, _, err) = run(tool(Some(&sandbox)).args(["--transport", "pigeon", "status", "x"]));
    assert_eq!(code, Some(2));
    assert!(err.contains("pigeon") && err.contains("reqwest"), "{err}");
    let mut command = tool(Some(&sandbox));
    let (code, _, err) = run(command.env("IPLAYGAMES_TRANSPORT", "pigeon").args(["status", "x"]));
    assert_eq!(code, Some(2));
    assert!(err.contains("IPLAYGAMES_TRANSPORT"), "{err}");
}

#[test]
fn the_help_fits_into_100_columns() {
    let (_, out, _) = run(tool(None).arg("--help"));
    for line in out.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn the_key_is_read_from_a_file_or_the_environment() {
    let sandbox = Sandbox::start("").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    writeln!(&file, "{}", sandbox.api_key()).unwrap();
    let (code, _, err) = run(tool(None).arg("--api-key-file").arg(file.path()).args([
        "--base-url",
        sandbox.base_url(),
        "call",
        "list_games",
    ]));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let (code, _, err) = run(tool(None).args(["status", "x"]));
    assert_eq!(code, Some(2));
    assert!(err.contains("IPLAYGAMES_API_KEY"), "{err}");
}

#[cfg(unix)]
#[test]
fn a_key_file_is_rejected_if_other_users_can_access_it_or_if_it_contains_no_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::start("").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let call = |path: &std::path::Path| {
        let mut command = tool(None);
        command.arg("--api-key-file").arg(path);
        run(command.args(["--base-url", sandbox.base_url(), "call", "list_games"]))
    };
    let set_mode = |mode| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let key = sandbox.api_key();
    std::fs::write(&path, format!("{key}\n")).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o620, 0o602, 0o666] {
        set_mode(mode);
        let (code, out, err) = call(&path);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{mode:o}");
        assert!(err.contains(&format!("{mode:04o}")) && err.contains("chmod 600"), "{err}");
        assert!(!err.contains(key), "{err}");
    }
    for mode in [0o600, 0o400, 0o700, 0o611] {
        set_mode(mode);
        assert_eq!(call(&path).0, Some(0), "{mode:o}");
    }
    set_mode(0o600);
    for (content, good) in [
        (format!("\u{FEFF}{key}\r\n"), true),
        (format!(" \t{key} \n\n"), true),
        (String::new(), false),
        (" \n".to_owned(), false),
        (format!("{key}\nother"), false),
        (format!("{key}\u{200B}"), false),
        ("k".repeat((64 << 10) + 1), false),
    ] {
        std::fs::write(&path, &content).unwrap();
        let (code, _, err) = call(&path);
        assert_eq!(code, Some(if good { 0 } else { 2 }), "{content:.80?}: {err}");
        assert!(!err.contains(key), "{err}");
    }
    std::fs::write(&path, b"k\xFFy").unwrap();
    let (code, _, err) = call(&path);
    assert!(code == Some(2) && err.contains("not UTF-8"), "{err}");

    let pipe = folder.path().join("pipe");
    let name = std::ffi::CString::new(pipe.to_str().unwrap()).unwrap();
    // SAFETY: the path ends with a NUL.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    for no_file in [pipe.as_path(), folder.path(), std::path::Path::new("/dev/zero")] {
        let (code, _, err) = call(no_file);
        assert!(code == Some(2) && err.contains("not a regular file"), "{no_file:?}: {err}");
    }
    assert_eq!(call(&folder.path().join("nothing")).0, Some(1));
}

#[test]
fn a_key_from_standard_input_is_trimmed_and_limited_in_size() {
    let sandbox = Sandbox::start("").unwrap();
    for (input, code) in [(format!("\u{FEFF}{}\r\n", sandbox.api_key()), 0), ("k".repeat((64 << 10) + 1), 2)]
    {
        let mut command = tool(None);
        command.args(["--api-key-file", "-", "--base-url", sandbox.base_url(), "call", "list_games"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn every_operation_can_be_called_with_values_of_the_types_of_its_fields() {
    let sandbox = Sandbox::start("").unwrap();
    let csv = tempfile::NamedTempFile::new().unwrap();
    writeln!(&csv, "external_game_id,name\n1,A").unwrap();
    let at = format!("file=@{}", csv.path().display());
    for arguments in [
        vec!["list_games", "--arg", "per_page=20", "--arg", "search=@@home"],
        vec!["delete_a_promotion", "--arg", "id=7"],
        vec!["bulk_delete_external_games_by_ids", "--arg", "ids=[1, 2]"],
        vec!["import_external_games_from_csv_file", "--arg", &at],
        vec![
            "add_a_contribution_to_a_jackpot_pool",
            "--args",
            r#"{"player_id":"p","currency":"USD","amount":1.50,"type":"daily","transaction_id":"t"}"#,
        ],
    ] {
        let (code, out, err) = run(tool(Some(&sandbox)).arg("call").args(&arguments));
        assert_eq!(code, Some(0), "{arguments:?}: {err}");
        json(&out);
    }
    let mut command = tool(Some(&sandbox));
    let mut child = command
        .args(["call", "list_games", "--args", "@-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(br#"{"search": "x"}"#).unwrap();
    assert!(child.wait().unwrap().success());
    let requests = sandbox.control(r#"{"command": "requests"}"#).unwrap();
    assert!(requests.contains("search=%40home") && requests.contains("games?search=x"), "{requests}");
}

#[test]
fn the_help_the_lists_and_the_version_need_no_key() {
    for (arguments, has) in [
        (vec!["--help"], "Exit codes"),
        (vec!["--version"], env!("CARGO_PKG_VERSION")),
        (vec!["operations"], "start_a_game_session"),
        (vec!["operations", "start_a_game_session"], "freespin_bet_amount"),
        (vec!["start", "--help"], "currency"),
    ] {
        let (code, out, err) = run(tool(None).args(&arguments));
        assert_eq!((code, err.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(out.contains(has), "{out}");
    }
    let (_, out, _) = run(tool(None).args(["operations", "--json"]));
    assert_eq!(json(&out).as_array().unwrap().len(), 65);
}

#[test]
fn a_closed_standard_output_is_not_an_error() {
    let mut child =
        tool(None).arg("operations").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(err, "");
}

/// Checks that a start whose result could not be printed failed and named its session.
#[cfg(unix)]
fn assert_session_on_stderr(sandbox: &Sandbox, output: &Output, case: &str) {
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{case}: {err}");
    let sessions: Value =
        serde_json::from_str(&sandbox.control(r#"{"command": "sessions"}"#).unwrap()).unwrap();
    let id = sessions["sessions"][0]["session_id"].as_str().unwrap();
    assert!(err.contains("Standard output cannot be written") && err.contains(id), "{case}: {err}");
}

#[cfg(unix)]
#[test]
fn a_start_whose_result_cannot_be_printed_fails_and_names_its_session_on_standard_error() {
    for redirection in [">&-", ">/dev/full"] {
        if redirection.ends_with("full") && !std::path::Path::new("/dev/full").exists() {
            continue;
        }
        let sandbox = Sandbox::start("").unwrap();
        let script = format!("exec \"$0\" start \"$@\" {redirection}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_iplaygames")]).args(START);
        shell.env("IPLAYGAMES_API_KEY", sandbox.api_key()).env("IPLAYGAMES_BASE_URL", sandbox.base_url());
        shell.env_remove("IPLAYGAMES_TRANSPORT");
        assert_session_on_stderr(&sandbox, &shell.output().unwrap(), redirection);
    }
    let sandbox = Sandbox::start("").unwrap();
    // The reader of the pipe is gone before the response comes.
    let fault = r#"{"command": "fault", "operation": "start_a_game_session", "delay_ms": 300}"#;
    sandbox.control(fault).unwrap();
    let mut start = tool(Some(&sandbox));
    let mut child =
        start.arg("start").args(START).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_session_on_stderr(&sandbox, &child.wait_with_output().unwrap(), "a closed pipe");
}

#[cfg(unix)]
#[test]
fn text_that_cannot_be_printed_to_a_closed_standard_output_is_an_error() {
    let script = "exec \"$0\" operations >&-";
    let output = Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_iplaygames")]).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("Standard output cannot be written"), "{err}");
}

#[test]
fn a_configuration_with_a_key_twice_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    write!(
        &file,
        r#"{{"api_key": "k", "base_url": "http://127.0.0.1:1", "timeout_ms": 1, "base_url": "x"}}"#
    )
    .unwrap();
    let (code, _, err) = run(tool(None).arg("--config").arg(file.path()).args(["status", "x"]));
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("\"base_url\" twice"), "{err}");
    let (code, _, err) =
        run(tool(None).args(["sandbox", "--sandbox-config", r#"{"api_key": "k", "api_key": "l"}"#]));
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("\"api_key\" twice"), "{err}");
}

#[test]
fn the_command_sandbox_prints_its_client_config_and_serves_requests() {
    let mut server = tool(None)
        .args(["sandbox", "--port", "0", "--sandbox-config", r#"{"api_key": "k"}"#])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let config = json(&line);
    assert_eq!(config["api_key"], "k");
    let (code, out, err) = run(tool(None)
        .env("IPLAYGAMES_API_KEY", "k")
        .env("IPLAYGAMES_BASE_URL", config["base_url"].as_str().unwrap())
        .args(["-v", "start"])
        .args(START));
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("start_a_game_session"), "-v prints log lines: {err}");
    assert!(json(&out)["data"]["game_url"].is_string());
}

#[test]
#[cfg(feature = "journal")]
fn sessions_of_a_journal_are_listed_ended_and_exported() {
    let sandbox = Sandbox::start("").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = ["--journal", path.to_str().unwrap()];
    for _ in 0..2 {
        let (code, _, err) = run(tool(Some(&sandbox)).arg("start").args(START).args(journal));
        assert_eq!((code, err.as_str()), (Some(0), ""));
    }
    // What reads the file only needs no key.
    let (code, out, err) = run(tool(None).args(["journal", "list"]).args(journal));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(json(&out)["sessions"].as_array().unwrap().len(), 2);
    let (code, out, _) = run(tool(None).args(["journal", "list", "--player-id", "other"]).args(journal));
    assert_eq!((code, json(&out)["sessions"].as_array().unwrap().len()), (Some(0), 0));
    let (code, _, err) = run(tool(None).args(["journal", "resolve", "1", "by hand"]).args(journal));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let (code, out, _) = run(tool(Some(&sandbox)).args(["journal", "end"]).args(journal));
    assert_eq!((code, &json(&out)["ended"]), (Some(0), &1.into()));
    let (code, out, _) = run(tool(None).args(["journal", "export"]).args(journal));
    let states: Vec<Value> =
        out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["state"].take()).collect();
    assert_eq!((code, states), (Some(0), vec!["resolved".into(), "ended".into()]));
    let saved = folder.path().join("saved");
    let (code, out, _) = run(tool(None).args(["journal", "recover"]).args([&path, &saved]));
    assert_eq!((code, &json(&out)["entries"]), (Some(0), &2.into()));
    let (code, out, _) = run(tool(None).args(["journal", "compact", "0"]).args(journal));
    assert_eq!((code, &json(&out)["removed"]), (Some(0), &2.into()));
}

#[test]
#[cfg(feature = "journal")]
fn journal_list_prints_every_session() {
    let sandbox = Sandbox::start("").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = ["--journal", path.to_str().unwrap()];
    let (code, _, err) = run(tool(Some(&sandbox)).arg("start").args(START).args(journal));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
        INSERT INTO sessions (state, operation, call_id, host, process, started_at)
        SELECT 'unknown', 'start_a_game_session', 'call-' || i, 'h', 1, i FROM n";
    rusqlite::Connection::open(&path).unwrap().execute(sql, ()).unwrap();
    let (code, out, _) = run(tool(None).args(["journal", "list"]).args(journal));
    assert_eq!((code, json(&out)["sessions"].as_array().unwrap().len()), (Some(0), 2501));
}

#[test]
#[cfg(feature = "journal")]
fn wrong_uses_of_the_command_journal_are_refused() {
    for arguments in
        [&["journal"][..], &["journal", "lst"], &["journal", "resolve", "1"], &["journal", "compact", "x"]]
    {
        let (code, _, err) = run(tool(None).args(arguments));
        assert_eq!(code, Some(2), "{arguments:?}: {err}");
    }
    // Without `--journal` there is no file.
    let (code, _, err) = run(tool(None).args(["journal", "list"]));
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("no journal"), "{err}");
}
