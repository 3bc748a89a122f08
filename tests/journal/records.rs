//! What the file says after each kind of call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use iplaygames::{
    CallOptions, Client, Code, Config, EndAllOptions, EndResult, HostRequest, JournalFilter, Outcome,
    SessionState,
};
use serde_json::{Value, json};

use crate::fixture::{ALL, Fixture, Responder, builder, hooked, read, request, started, with_session};
use crate::support::{START, TEST_TIMEOUT};

#[test]
fn a_session_is_open_after_its_start_and_ended_after_its_end() {
    let fixture = Fixture::new();
    let session = fixture.client.sessions().start(&request("player-1")).unwrap();
    let entry = fixture.only();
    assert_eq!(entry.state, SessionState::Open);
    assert_eq!(entry.session_id.as_ref(), Some(&session.session_id));
    assert_eq!(entry.expires_at, session.expires_at);
    assert_eq!(entry.operation, "start_a_game_session");
    assert_eq!(entry.call_id, session.reply.call_id());
    assert!(fixture.sandbox.base_url().ends_with(&entry.host), "{}", entry.host);
    assert_eq!(
        (entry.player_id.as_deref(), entry.game_id.as_deref(), entry.currency.as_deref()),
        (Some("player-1"), Some("123"), Some("USD"))
    );
    assert_eq!((entry.process, entry.code), (i64::from(std::process::id()), Some(0)));
    assert!(entry.started_at <= entry.outcome_at.unwrap() && entry.ended_at.is_none());
    fixture.client.sessions().end(&session.session_id).unwrap();
    let entry = fixture.only();
    assert_eq!(entry.state, SessionState::Ended);
    assert!(entry.ended_at.unwrap() >= entry.started_at);
    assert_eq!(fixture.list(&[]), []);
}

#[test]
fn a_multi_session_is_recorded_like_a_session() {
    let fixture = Fixture::new();
    let arguments = r#"{"player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "192.0.2.1",
        "game_ids": ["1", "2"]}"#;
    let options = CallOptions::default();
    fixture.client.call("start_a_multi_session", arguments, &options).unwrap();
    let entry = fixture.only();
    assert_eq!((entry.state, entry.game_id.as_deref()), (SessionState::Open, Some(r#"["1","2"]"#)));
    let token = entry.session_id.unwrap();
    let arguments = format!(r#"{{"token": "{token}"}}"#);
    fixture.client.call("end_multi_session", &arguments, &options).unwrap();
    assert_eq!(fixture.only().state, SessionState::Ended);
}

#[test]
fn what_a_server_with_another_path_says_of_a_session_changes_nothing() {
    let fixture = Fixture::new();
    let id = fixture.start("p");
    // It knows no session, and says so as the API does.
    let gone = r#"{"success":false,"error":"Session not found"}"#;
    let transport = Responder(move |_: &HostRequest<'_>| (404, gone.to_owned()));
    let other = Client::builder()
        .api_key("key")
        .timeout(TEST_TIMEOUT)
        .base_url(&format!("{}/staging", fixture.sandbox.base_url()))
        .journal(fixture.path())
        .host_transport(Arc::new(transport))
        .build()
        .unwrap();
    let error = other.sessions().status(&id).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::NOT_FOUND, Outcome::Rejected));
    let ended = other.journal().unwrap().end_all(&EndAllOptions::default(), |_| true).unwrap();
    assert_eq!((ended.other_host, ended.already_over), (1, 0), "{ended:?}");
    assert_eq!(fixture.only().state, SessionState::Open);
    // The server of the session has the last word.
    let ended = fixture.client.journal().unwrap().end_all(&EndAllOptions::default(), |_| true).unwrap();
    assert_eq!((ended.ended, fixture.only().state), (1, SessionState::Ended));
}

#[test]
fn the_record_is_in_the_file_when_the_request_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let seen = Arc::new(AtomicU64::new(0));
    let (file, count) = (path.clone(), Arc::clone(&seen));
    let client = hooked(&path, move |_| {
        let rows: i64 = read(&file, "SELECT count(*) FROM sessions WHERE state = 'unknown'");
        assert_eq!(rows, 1);
        count.fetch_add(1, Ordering::SeqCst);
        started(&format!("session-{}", count.load(Ordering::SeqCst)))
    });
    for _ in 0..5 {
        client.sessions().start(&request("p")).unwrap();
    }
    assert_eq!(seen.load(Ordering::SeqCst), 5);
    let open: i64 = read(&path, "SELECT count(*) FROM sessions WHERE state = 'open'");
    assert_eq!(open, 5);
}

#[test]
fn a_refused_start_and_a_start_that_was_not_sent_are_closed() {
    let fixture = Fixture::new();
    fixture.fault(r#""operation": "start_a_game_session", "status": 403, "envelope": true"#);
    let error = fixture.client.sessions().start(&request("p")).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Rejected);
    let entry = fixture.only();
    assert_eq!((entry.state, entry.code), (SessionState::Rejected, Some(403)));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    // Nothing listens on this port.
    let client = Client::builder().api_key("k").base_url("http://127.0.0.1:1").max_retries(0);
    let client = client.journal(&path).build().unwrap();
    let error = client.sessions().start(&request("p")).unwrap_err();
    assert_eq!((error.outcome(), error.code()), (Outcome::NotSent, Code::CONNECT));
    assert_eq!(read::<String>(&path, "SELECT state FROM sessions"), "not_sent");
}

#[test]
fn a_start_whose_response_is_lost_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let client = hooked(&path, |_| None);
    let error = client.sessions().start(&request("p")).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let entries = client.journal().unwrap().open(&JournalFilter::default()).unwrap();
    assert_eq!((entries.len(), entries[0].state), (1, SessionState::Unknown));
    assert_eq!((entries[0].session_id.as_ref(), entries[0].code), (None, Some(205)));
    client.journal().unwrap().resolve(entries[0].id, "The operator found no session.").unwrap();
    let mut filter = JournalFilter::default();
    assert_eq!(client.journal().unwrap().open(&filter).unwrap(), []);
    filter.states = vec![SessionState::Resolved];
    let entry = client.journal().unwrap().open(&filter).unwrap().remove(0);
    assert_eq!(entry.note.as_deref(), Some("The operator found no session."));
    let error = client.journal().unwrap().resolve(entry.id, "again").unwrap_err();
    assert_eq!((error.code(), error.field()), (Code::INVALID_ARGUMENT, Some("/id")));
}

#[test]
fn a_call_that_is_canceled_before_it_is_sent_leaves_no_session_that_may_exist() {
    let fixture = Fixture::new();
    let mut not_sent = 0;
    for _ in 0..20 {
        let call =
            fixture.client.submit("start_a_game_session", START, &CallOptions::default(), None).unwrap();
        fixture.client.tick(Duration::from_micros(1)).unwrap();
        call.cancel().unwrap();
        let error = call.try_result().unwrap().unwrap().as_ref().unwrap_err().clone();
        drop(call);
        fixture.client.tick(Duration::from_millis(1)).unwrap();
        let may_exist = fixture.list(&[]).len();
        if error.outcome() != Outcome::NotSent {
            break;
        }
        assert_eq!((may_exist, fixture.total()), (0, 0));
        not_sent += 1;
    }
    assert!(not_sent > 0);
}

#[test]
fn an_end_whose_response_is_lost_is_ending_and_a_status_closes_it() {
    let fixture = Fixture::new();
    let id = fixture.start("p");
    // Each attempt is processed, and no response comes back.
    fixture.fault(r#""operation": "end_a_game_session", "drop": "after", "times": 3"#);
    let error = fixture.client.sessions().end(&id).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(fixture.only().state, SessionState::Ending);
    assert_eq!(fixture.client.sessions().status(&id).unwrap().status, "closed");
    assert_eq!(fixture.only().state, SessionState::Ended);
}

#[test]
fn an_end_that_is_refused_leaves_the_session_open() {
    let fixture = Fixture::new();
    let id = fixture.start("p");
    fixture.fault(r#""operation": "end_a_game_session", "status": 403, "envelope": true"#);
    fixture.client.sessions().end(&id).unwrap_err();
    assert_eq!(fixture.only().state, SessionState::Open);
    // A page of a proxy says nothing about the session.
    fixture.fault(r#""operation": "end_a_game_session", "status": 404"#);
    fixture.client.sessions().end(&id).unwrap_err();
    assert_eq!(fixture.only().state, SessionState::Open);
    fixture.client.sessions().end(&id).unwrap();
    assert_eq!(fixture.only().state, SessionState::Ended);
}

#[test]
fn an_end_that_is_refused_leaves_a_session_ending_if_an_earlier_end_is_unclear() {
    let fixture = Fixture::new();
    let id = fixture.start("p");
    fixture.fault(r#""operation": "end_a_game_session", "drop": "after", "times": 3"#);
    assert_eq!(fixture.client.sessions().end(&id).unwrap_err().outcome(), Outcome::Unknown);
    fixture.fault(r#""operation": "end_a_game_session", "status": 403, "envelope": true"#);
    assert_eq!(fixture.client.sessions().end(&id).unwrap_err().outcome(), Outcome::Rejected);
    assert_eq!(fixture.only().state, SessionState::Ending);
}

#[test]
fn a_response_about_another_session_does_not_end_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let client = with_session(&path, |_| {
        (200, r#"{"success":true,"data":{"session_id":"session-2","status":"closed"}}"#.to_owned())
    });
    let error = client.sessions().status("session-1").unwrap_err();
    assert_eq!(error.code(), Code::BAD_RESPONSE, "{error}");
    assert_eq!(read::<String>(&path, "SELECT state FROM sessions"), "open");
    let result = client.journal().unwrap().end_all(&EndAllOptions::default(), |_| true).unwrap();
    assert_eq!((result.failed, result.already_over), (1, 0));
}

#[test]
fn both_forms_of_a_refusal_with_404_mean_that_the_session_has_ended() {
    for (body, state) in [
        (r#"{"success":false,"message":"Session not found"}"#, "ended"),
        (r#"{"error":"Not Found","message":"Session not found","code":404}"#, "ended"),
        (r#"{"message":"The page does not exist."}"#, "open"),
        ("<html>", "open"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let client = with_session(&path, move |_| (404, body.to_owned()));
        assert_eq!(client.sessions().status("session-1").unwrap_err().code(), Code::NOT_FOUND);
        assert_eq!(read::<String>(&path, "SELECT state FROM sessions"), state, "{body}");
        let mut options = EndAllOptions::default();
        options.filter.states = ALL.to_vec();
        let result = client.journal().unwrap().end_all(&options, |_| true).unwrap();
        let is_over = state == "ended";
        assert_eq!((result.already_over == 1, result.failed == 1), (is_over, !is_over), "{body}: {result:?}");
    }
}

#[test]
fn end_all_counts_a_session_that_another_process_ends_meanwhile_as_over() {
    let folder = tempfile::tempdir().unwrap();
    for (status, message) in [(409, "Session already ended"), (404, "Session not found")] {
        let path = folder.path().join(format!("journal-{status}"));
        let has_ended = AtomicBool::new(false);
        let client = with_session(&path, move |method| match method {
            // The other process ends the session between the two calls.
            "END" => {
                has_ended.store(true, Ordering::SeqCst);
                (status, format!(r#"{{"success":false,"message":"{message}"}}"#))
            }
            _ => {
                let state = if has_ended.load(Ordering::SeqCst) { "closed" } else { "active" };
                let data = format!(r#"{{"session_id":"session-1","status":"{state}"}}"#);
                (200, format!(r#"{{"success":true,"data":{data}}}"#))
            }
        });
        let result = client.journal().unwrap().end_all(&EndAllOptions::default(), |_| true).unwrap();
        assert_eq!((result.already_over, result.failed), (1, 0), "{status}: {result:?}");
        assert_eq!(read::<String>(&path, "SELECT state FROM sessions"), "ended");
    }
}

#[test]
fn end_all_ends_what_is_open_and_reports_the_rest() {
    let fixture = Fixture::new();
    let ids: Vec<String> = (0..5).map(|player| fixture.start(&format!("p{player}"))).collect();
    let options = CallOptions::default();
    let multi = r#"{"player_id": "p", "currency": "USD", "country_code": "US", "ip_address": "192.0.2.1"}"#;
    fixture.client.call("start_a_multi_session", multi, &options).unwrap();
    // One session was ended by someone else.
    let other = builder(&fixture.sandbox).build().unwrap();
    other.sessions().end(&ids[3]).unwrap();
    // One start is unknown, and one session belongs to another server.
    fixture.fault(r#""operation": "start_a_game_session", "drop": "after""#);
    fixture.client.sessions().start(&request("lost")).unwrap_err();
    hooked(&fixture.path(), |_| started("elsewhere")).sessions().start(&request("p")).unwrap();
    fixture.fault(r#""operation": "get_session_status", "status": 403, "envelope": true, "after": 1"#);
    let mut seen = Vec::new();
    let journal = fixture.client.journal().unwrap();
    let result = journal
        .end_all(&EndAllOptions::default(), |progress| {
            seen.push((progress.done, matches!(progress.result, EndResult::Failed(_))));
            true
        })
        .unwrap();
    assert_eq!(seen.len(), 8, "{seen:?}");
    assert_eq!((result.ended, result.already_over), (4, 1), "{result:?}");
    assert_eq!((result.failed, result.without_id, result.other_host), (1, 1, 1), "{result:?}");
    assert_eq!(seen.iter().filter(|(_, failed)| *failed).count(), 1);
    let result = journal.end_all(&EndAllOptions::default(), |_| true).unwrap();
    assert_eq!((result.ended, result.failed), (1, 0));
    assert_eq!(fixture.list(&[SessionState::Open]).len(), 1, "the one of the other server");
    // A function that returns false stops.
    let result = journal.end_all(&EndAllOptions::default(), |_| false).unwrap();
    assert_eq!(result.without_id + result.other_host, 1);
}

#[test]
fn the_file_has_no_secret_and_only_its_owner_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let client = hooked(&path, |_| started("session-1"));
    client.sessions().start(&request("player-1")).unwrap();
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        bytes.extend(std::fs::read(entry.path()).unwrap());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", entry.path());
        }
    }
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("player-1") && has("session-1"));
    for secret in ["secret-token", "secret-url", "192.0.2.77"] {
        assert!(!has(secret), "{secret}");
    }
}

#[test]
fn a_thousand_submitted_starts_need_few_commits() {
    const STARTS: usize = 1000;
    let fixture = Fixture::new();
    let calls: Vec<_> = (0..STARTS)
        .map(|_| {
            let options = CallOptions::default();
            fixture.client.submit("start_a_game_session", START, &options, None).unwrap()
        })
        .collect();
    for call in &calls {
        let result = call.wait(TEST_TIMEOUT).unwrap().expect("the call ends in time");
        assert!(result.is_ok(), "{result:?}");
    }
    assert_eq!(fixture.list(&[]).len(), STARTS);
    let stats = fixture.journal_stats();
    assert_eq!(stats["rows"], STARTS);
    assert_eq!(stats["failed"], 0);
    let syncs = stats["syncs"].as_u64().unwrap();
    assert!(syncs <= STARTS as u64 / 10, "{stats}");
    assert!(stats["bytes"].as_u64().unwrap() > 100_000 && stats["sync_us"].as_u64().unwrap() > 0, "{stats}");
}

#[test]
fn a_client_that_only_reads_creates_no_file_and_no_thread() {
    let fixture = Fixture::new();
    fixture.client.call("list_games", "", &CallOptions::default()).unwrap();
    let journal = fixture.client.journal().unwrap();
    assert_eq!(journal.open(&JournalFilter::default()).unwrap(), []);
    assert_eq!(journal.compact(Duration::ZERO).unwrap(), 0);
    assert_eq!(journal.resolve(1, "x").unwrap_err().field(), Some("/id"));
    assert!(!fixture.path().exists());
    assert_eq!(fixture.journal_stats()["rows"], 0);
}

#[test]
fn compact_removes_old_closed_entries_and_shrinks_the_file() {
    let fixture = Fixture::new();
    let keep = fixture.start("keep");
    let path = fixture.path();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
        INSERT INTO sessions (state, operation, call_id, host, process, started_at, ended_at)
        SELECT 'ended', 'start_a_game_session', 'call-' || i, 'h', 1, 1000 * i, 1000 * i FROM n";
    connection.busy_timeout(TEST_TIMEOUT).unwrap();
    connection.execute(sql, ()).unwrap();
    connection.execute("UPDATE totals SET sessions = 25001", ()).unwrap();
    drop(connection);
    let journal = fixture.client.journal().unwrap();
    // Nothing was closed more than a hundred years ago.
    assert_eq!(journal.compact(Duration::from_secs(100 * 365 * 86400)).unwrap(), 0);
    let before = fixture.journal_stats()["bytes"].as_u64().unwrap();
    assert_eq!(journal.compact(Duration::from_secs(86400)).unwrap(), 25_000);
    let after = fixture.journal_stats()["bytes"].as_u64().unwrap();
    assert!(after < before / 10, "{before} {after}");
    assert_eq!(
        fixture.list(&ALL).iter().map(|entry| entry.session_id.as_deref()).collect::<Vec<_>>(),
        [Some(keep.as_str())]
    );
    fixture.start("next");
    assert_eq!(fixture.journal_stats()["rows"], 2);
}

#[test]
fn compact_ends_for_a_file_that_keeps_its_free_pages() {
    let fixture = Fixture::new();
    fixture.start("keep");
    // A copy that another program has made does not give pages back.
    let copy = fixture.folder.path().join("copy");
    let connection = rusqlite::Connection::open(fixture.path()).unwrap();
    connection.busy_timeout(TEST_TIMEOUT).unwrap();
    connection.execute_batch("PRAGMA auto_vacuum = NONE").unwrap();
    connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    drop(connection);
    let connection = rusqlite::Connection::open(&copy).unwrap();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO sessions (state, operation, call_id, host, process, started_at)
        SELECT 'not_sent', 'start_a_game_session', 'call-' || i, 'h', 1, 1000 * i FROM n";
    connection.execute(sql, ()).unwrap();
    drop(connection);
    let client = builder(&fixture.sandbox).journal(&copy).build().unwrap();
    assert_eq!(client.journal().unwrap().compact(Duration::ZERO).unwrap(), 5000);
    assert!(read::<i64>(&copy, "PRAGMA freelist_count") > 0, "the file gives its pages back");
}

#[test]
fn a_client_with_the_counts_of_another_adds_to_them_also_after_the_other_is_dropped() {
    let Fixture { sandbox, client: first, folder } = Fixture::new();
    first.sessions().start(&request("first")).unwrap();
    let with_counts_of_first = |journal: &str| {
        let mut config: Value = serde_json::from_str(&sandbox.client_config()).unwrap();
        config["journal"] = folder.path().join(journal).to_str().unwrap().into();
        Client::with_counts_of(Config::from_json(&config.to_string()).unwrap(), &first).unwrap()
    };
    let stats = |client: &Client| serde_json::from_str::<Value>(&client.stats_json()).unwrap();
    let (second, other_file) = (with_counts_of_first("journal"), with_counts_of_first("other"));
    second.sessions().start(&request("second")).unwrap();
    other_file.sessions().start(&request("third")).unwrap();
    for client in [&first, &second, &other_file] {
        assert_eq!(stats(client)["calls"], 3);
    }
    assert_eq!(stats(&first)["journal"]["rows"], 2);
    assert_eq!(stats(&second)["journal"]["rows"], 2);
    assert_eq!(stats(&other_file)["journal"]["rows"], 1);
    drop(first);
    second.sessions().start(&request("fourth")).unwrap();
    assert_eq!((&stats(&second)["calls"], &stats(&second)["succeeded"]), (&json!(4), &json!(4)));
}

#[test]
fn a_client_without_a_journal_says_so() {
    let fixture = Fixture::new();
    let client = builder(&fixture.sandbox).build().unwrap();
    assert_eq!(client.journal().unwrap_err().code(), Code::UNSUPPORTED);
    assert!(!client.stats_json().contains("journal"));
}
