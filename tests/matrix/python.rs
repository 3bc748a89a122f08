//! The Python package as a caller: one child process for each way, which takes commands as lines of
//! JSON and answers with lines of JSON. `child.py` is the other side.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::fault_server::fault::Claim;
use crate::fault_server::ledger::Operation;
use crate::way::{Limits, Report, TEST_TIMEOUT, Transport, Way};

const INTERPRETER: &str = "IPLAYGAMES_MATRIX_PYTHON";

/// The children that there are.
pub struct Interpreters {
    sync: Option<Arc<Interpreter>>,
    asyncio: Option<Arc<Interpreter>>,
}

struct Interpreter {
    child: Mutex<Child>,
    input: Mutex<ChildStdin>,
    waiting: Arc<Mutex<HashMap<u64, Sender<Value>>>>,
    next: AtomicU64,
}

/// A client in a child.
pub struct Remote {
    interpreter: Arc<Interpreter>,
    client: u64,
}

impl Interpreters {
    /// Returns whether there is an interpreter that can import the package.
    pub fn are_there() -> bool {
        let Some(program) = std::env::var_os(INTERPRETER) else { return false };
        let check = Command::new(program).args(["-c", "import iplaygames_native"]).status();
        check.is_ok_and(|status| status.success())
    }

    pub fn start() -> Interpreters {
        if !Interpreters::are_there() {
            return Interpreters { sync: None, asyncio: None };
        }
        let start = |way| Some(Arc::new(Interpreter::start(way)));
        Interpreters { sync: start("sync"), asyncio: start("asyncio") }
    }

    pub fn open(&self, way: Way, transport: Transport, base_url: &str, pem: &str, limits: Limits) -> Remote {
        let interpreter = if way == Way::PythonSync { &self.sync } else { &self.asyncio };
        let interpreter = Arc::clone(interpreter.as_ref().expect("the way is available"));
        let client = interpreter.next.fetch_add(1, Ordering::SeqCst);
        let pem = base_url.starts_with("https:").then_some(pem);
        let answer = interpreter.ask(json!({
            "do": "open", "client": client, "transport": transport.name(), "base_url": base_url, "ca_pem": pem,
            "timeout": limits.whole.as_secs_f64(), "attempt_timeout": limits.attempt.as_secs_f64(),
        }));
        answer.recv_timeout(TEST_TIMEOUT).expect("the child makes a client");
        Remote { interpreter, client }
    }
}

impl Interpreter {
    fn start(way: &str) -> Interpreter {
        let program = std::env::var_os(INTERPRETER).expect("it is named");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/matrix/child.py");
        let mut child = Command::new(program)
            .args([script, way])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter starts");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let waiting: Arc<Mutex<HashMap<u64, Sender<Value>>>> = Arc::default();
        let answers = Arc::clone(&waiting);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let answer: Value = serde_json::from_str(&line).expect("the child writes JSON");
                let id = answer["id"].as_u64().expect("an answer names its command");
                let waits = answers.lock().unwrap().remove(&id);
                // Who asked may have given up.
                let _sent = waits.map(|waits| waits.send(answer));
            }
        });
        Interpreter { child: Mutex::new(child), input: Mutex::new(input), waiting, next: AtomicU64::new(1) }
    }

    fn ask(&self, mut command: Value) -> Receiver<Value> {
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        command["id"] = id.into();
        let (sender, receiver) = channel();
        self.waiting.lock().unwrap().insert(id, sender);
        let mut input = self.input.lock().unwrap();
        writeln!(input, "{command}").and_then(|()| input.flush()).expect("the child is there");
        receiver
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap();
        // It ends with its input; a child that hangs must not outlive the test.
        child.kill().expect("the child is ours");
        child.wait().expect("the child is ours");
    }
}

impl Remote {
    pub fn begin(
        &self,
        operation: Operation,
        session: &str,
        call_id: &str,
        timeout: Option<Duration>,
    ) -> Receiver<Report> {
        let answer = self.interpreter.ask(json!({
            "do": "call", "client": self.client, "operation": operation.id(),
            "arguments": crate::way::arguments(operation, session),
            "call_id": call_id, "timeout": timeout.map(|timeout| timeout.as_secs_f64()),
        }));
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            if let Ok(answer) = answer.recv_timeout(TEST_TIMEOUT) {
                let _sent = sender.send(report(&answer));
            }
        });
        receiver
    }

    /// Cancels the client's call, or closes the client.
    pub fn event(&self, what: &str) {
        let done = self.interpreter.ask(json!({"do": what, "client": self.client}));
        done.recv_timeout(TEST_TIMEOUT).expect("the child answers in time");
    }

    pub fn drop(self) {
        self.event("free");
    }
}

fn report(answer: &Value) -> Report {
    let text = |key: &str| answer[key].as_str().map(str::to_owned);
    let claim = match answer["claim"].as_str() {
        Some("success") => Claim::Success,
        Some("not_sent") => Claim::NotSent,
        Some("rejected") => Claim::Rejected,
        Some("unknown") => Claim::Unknown,
        _ => Claim::None,
    };
    Report {
        claim,
        code: answer["code"].as_i64().and_then(|code| i32::try_from(code).ok()).unwrap_or_default(),
        message: text("message").unwrap_or_default(),
        http_status: answer["http_status"].as_u64().and_then(|status| u16::try_from(status).ok()),
        session_id: text("session_id"),
        callbacks: 0,
    }
}
