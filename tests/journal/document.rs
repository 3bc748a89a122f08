//! docs/journal.md: its queries run in Python's sqlite3, in another process, while the file is in
//! use, and its table has the columns of the file.

use std::process::Command;

use crate::fixture::{Fixture, request};

const DOCUMENT: &str = include_str!("../../docs/journal.md");

/// Runs the queries of its standard input, one after each NUL, and prints the rows.
const RUN: &str = r#"
import sqlite3, sys
connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=30)
for query in sys.argv[2:]:
    print(connection.execute(query).fetchall())
"#;

fn run(fixture: &Fixture, queries: &[&str]) -> String {
    let mut python = Command::new("python3");
    let output = python.args(["-c", RUN]).arg(fixture.path()).args(queries).output();
    let output = output.expect("python3 is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_documented_queries_run_in_pythons_sqlite3_while_the_file_is_in_use() {
    let fixture = Fixture::new();
    let open = fixture.start("player-1");
    fixture.start("player-1");
    let ended = fixture.start("player-2");
    fixture.client.sessions().end(&ended).unwrap();
    fixture.fault(r#""operation": "start_a_game_session", "drop": "after""#);
    let lost = fixture.client.sessions().start(&request("player-3")).unwrap_err();
    let queries: Vec<String> = DOCUMENT
        .split("```sql\n")
        .skip(1)
        .map(|block| block.split_once("```").unwrap().0.replace("the-session-id", &ended))
        .map(|query| query.replace("the-call-id", lost.call_id().unwrap()))
        .collect();
    assert_eq!(queries.len(), 9);
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    let printed = run(&fixture, &queries);
    let rows: Vec<&str> = printed.lines().collect();
    assert!(
        rows[0].contains(&open) && rows[0].contains("'unknown'") && !rows[0].contains(&ended),
        "{}",
        rows[0]
    );
    assert!(
        rows[1].contains(lost.call_id().unwrap()) && rows[1].matches("player").count() == 1,
        "{}",
        rows[1]
    );
    assert_eq!(rows[2], "[(None, 'unknown')]");
    assert!(rows[3].starts_with("[('ended', 'player-2'"), "{}", rows[3]);
    assert_eq!(rows[4], "[('player-1', 2)]");
    assert_eq!(rows[5], "[]");
    assert!(rows[6].contains(", 205, 1)"), "{}", rows[6]);
    assert!(rows[7].starts_with("[('123', 1, "), "{}", rows[7]);
    assert_eq!(rows[8], format!("[({}, 3)]", std::process::id()));
    // The journal is still in use.
    fixture.start("player-4");
}

#[test]
fn the_documented_columns_are_those_of_the_file() {
    let fixture = Fixture::new();
    fixture.start("p");
    let columns = run(&fixture, &["SELECT group_concat(name, ' ') FROM pragma_table_info('sessions')"]);
    let (_, table) = DOCUMENT.split_once("| column | meaning |\n|---|---|\n").unwrap();
    let documented: Vec<&str> = table
        .lines()
        .map_while(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name))
        .collect();
    assert_eq!(columns.trim(), format!("[('{}',)]", documented.join(" ")));
    let version = run(&fixture, &["PRAGMA user_version", "PRAGMA application_id"]);
    assert_eq!(version, format!("[(1,)]\n[({},)]\n", 0x4950_474A));
    assert!(DOCUMENT.contains("`user_version` is the version of the schema, 1."));
}
