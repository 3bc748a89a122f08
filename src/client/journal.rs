//! The journal of a client for the host: lists the sessions that may exist, ends them, and removes
//! old entries. `records.rs` writes the entries, `src/journal/` has the file.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::inner::ClientInner;
use super::options::CallOptions;
use super::records::is_gone;
use super::reply::Reply;
use crate::api::operation::operation;
use crate::api::session::{id_arguments, is_over, session_kind};
use crate::codes::Code;
use crate::error::Error;
use crate::http_types::Outcome;
use crate::journal::{self, Journal, JournalEntry, JournalFilter, Recovered};
use crate::json::{self, ObjectReader};

/// The time that a shutdown waits for the journal to be written and closed.
pub(super) const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// The journal of a client: every session that this and other processes have started with the same
/// file, also those of processes that were killed. docs/journal.md describes it.
///
/// ```
/// # #[cfg(feature = "sandbox")] {
/// use iplaygames::{Client, EndAllOptions, JournalFilter, StartSession, sandbox::Sandbox};
/// # let folder = std::env::temp_dir().join(format!("iplaygames-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("sessions.journal");
/// let sandbox = Sandbox::start("")?;
/// let client = Client::builder()
///     .base_url(sandbox.base_url())
///     .api_key(sandbox.api_key())
///     .journal(&path)
///     .build()?;
/// let request = StartSession::new(123).player_id("p").currency("USD").country_code("US");
/// client.sessions().start(&request.ip_address("192.0.2.1"))?;
/// // After a crash, another client finds the session.
/// let journal = client.journal()?;
/// assert_eq!(journal.open(&JournalFilter::default())?.len(), 1);
/// let ended = journal.end_all(&EndAllOptions::default(), |_| true)?;
/// assert_eq!((ended.ended, journal.open(&JournalFilter::default())?.len()), (1, 0));
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # }
/// # Ok::<(), iplaygames::Error>(())
/// ```
#[derive(Clone)]
pub struct SessionJournal {
    client: Client,
    journal: Arc<Journal>,
}

impl std::fmt::Debug for SessionJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionJournal").field("path", &self.journal.path()).finish_non_exhaustive()
    }
}

/// The options of [`SessionJournal::end_all`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EndAllOptions {
    /// The entries to end. Its `after` and `limit` are not used: all pages are ended.
    pub filter: JournalFilter,
    /// The options of each call.
    pub call: CallOptions,
}

/// The progress of [`SessionJournal::end_all`], after each entry.
#[derive(Debug)]
#[non_exhaustive]
pub struct EndProgress<'a> {
    /// The number of entries so far, with this one.
    pub done: u64,
    /// The entry, as it was before.
    pub entry: &'a JournalEntry,
    /// What happened to it.
    pub result: EndResult<'a>,
}

/// What happened to an entry.
#[derive(Debug)]
#[non_exhaustive]
pub enum EndResult<'a> {
    /// The session was ended.
    Ended,
    /// The session did not exist any more.
    AlreadyOver,
    /// A call failed.
    Failed(&'a Error),
    /// The entry has no id of a session: its start was perhaps sent.
    WithoutId,
    /// The session belongs to another server than that of this client.
    OtherHost,
}

/// The result of [`SessionJournal::end_all`]: numbers of entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndedAll {
    /// Sessions that were ended.
    pub ended: u64,
    /// Sessions that did not exist any more.
    pub already_over: u64,
    /// Sessions that may still exist, because a call failed.
    pub failed: u64,
    /// Entries without the id of a session.
    pub without_id: u64,
    /// Sessions of other servers.
    pub other_host: u64,
}

impl EndedAll {
    /// Returns the numbers as a JSON document.
    pub fn to_json(&self) -> String {
        let EndedAll { ended, already_over, failed, without_id, other_host } = self;
        format!(
            "{{\"success\":true,\"ended\":{ended},\"already_over\":{already_over},\"failed\":{failed},\
             \"without_id\":{without_id},\"other_host\":{other_host}}}"
        )
    }
}

impl EndAllOptions {
    /// Parses options from JSON: `{"filter", "call"}`, as [`JournalFilter::from_json`] and
    /// [`CallOptions::from_json`] take them. Empty text means the default.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`] with [`field`](Error::field) pointing at the member.
    pub fn from_json(text: &str) -> Result<EndAllOptions, Error> {
        let mut reader = ObjectReader::parse(text, "The options")?;
        reader.check_keys(&["filter", "call"])?;
        let mut take = |key| reader.take_value(key).map(|value| value.to_string()).unwrap_or_default();
        let inside = |key: &'static str| {
            move |mut error: Error| {
                let field = &mut error.inner_mut().field;
                *field = Some(format!("/{key}{}", field.as_deref().unwrap_or_default()));
                error
            }
        };
        Ok(EndAllOptions {
            filter: JournalFilter::from_json(&take("filter")).map_err(inside("filter"))?,
            call: CallOptions::from_json(&take("call")).map_err(inside("call"))?,
        })
    }
}

impl EndProgress<'_> {
    /// Returns the progress as a JSON object: `{"done", "result", "error", "session"}`.
    pub fn to_json(&self) -> String {
        let (result, error) = match &self.result {
            EndResult::Ended => ("ended", None),
            EndResult::AlreadyOver => ("already_over", None),
            EndResult::Failed(error) => ("failed", Some(error.to_json())),
            EndResult::WithoutId => ("without_id", None),
            EndResult::OtherHost => ("other_host", None),
        };
        format!(
            "{{\"done\":{},\"result\":\"{result}\",\"error\":{},\"session\":{}}}",
            self.done,
            error.as_deref().unwrap_or("null"),
            self.entry.to_json()
        )
    }
}

impl Client {
    /// Returns the journal of this client.
    ///
    /// # Errors
    ///
    /// [`Code::UNSUPPORTED`] if the configuration names no journal.
    pub fn journal(&self) -> Result<SessionJournal, Error> {
        match &self.inner().journal {
            Some(journal) => Ok(SessionJournal { client: self.clone(), journal: Arc::clone(journal) }),
            None => Err(Error::new(
                Code::UNSUPPORTED,
                "The client has no journal. Configure it with `\"journal\": \"path of a file\"`.",
            )),
        }
    }
}

impl SessionJournal {
    /// Returns the entries that the filter selects, in the order of their starts. The default
    /// filter selects the sessions that may exist: those that are open, ending or unknown. The
    /// calls of this client that have ended are in the result.
    ///
    /// # Errors
    ///
    /// [`Code::JOURNAL`] if the file cannot be read.
    pub fn open(&self, filter: &JournalFilter) -> Result<Vec<JournalEntry>, Error> {
        Ok(self.journal.list(filter)?)
    }

    /// Returns the entries as [`open`](SessionJournal::open) does, as a JSON document:
    /// `{"success": true, "sessions": […]}`.
    ///
    /// # Errors
    ///
    /// As [`open`](SessionJournal::open).
    pub fn open_json(&self, filter: &JournalFilter) -> Result<String, Error> {
        let entries: Vec<String> = self.open(filter)?.iter().map(JournalEntry::to_json).collect();
        Ok(format!("{{\"success\":true,\"sessions\":[{}]}}", entries.join(",")))
    }

    /// Marks an entry that is open, ending or unknown as resolved: the operator has decided about
    /// it. `note` says what was found.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_ARGUMENT`] if there is no such entry, and [`Code::JOURNAL`].
    pub fn resolve(&self, id: i64, note: &str) -> Result<(), Error> {
        if self.journal.resolve(id, note)? {
            return Ok(());
        }
        let message = format!("The journal has no entry {id} that is open, ending or unknown.");
        Err(Error::invalid("/id", message))
    }

    /// Checks every session that is open or ending, and ends those that still exist. Calls
    /// `progress` after each entry, and stops if it returns false. A call that fails does not stop
    /// the others. Blocks until all calls have ended.
    ///
    /// # Errors
    ///
    /// [`Code::JOURNAL`] if the file cannot be read.
    pub fn end_all(
        &self,
        options: &EndAllOptions,
        progress: impl FnMut(&EndProgress<'_>) -> bool,
    ) -> Result<EndedAll, Error> {
        let call = |operation: &str, arguments: &str| self.client.call(operation, arguments, &options.call);
        self.end_with(options, call, progress)
    }

    /// Ends sessions as [`end_all`](SessionJournal::end_all) does, and calls `go_on` on this thread
    /// after each entry, and at the given interval during a call. If it returns false, the call in
    /// flight is canceled and no other follows; see [`Client::call_cancellable`].
    ///
    /// # Errors
    ///
    /// As [`end_all`](SessionJournal::end_all).
    pub fn end_all_cancellable(
        &self,
        options: &EndAllOptions,
        every: Duration,
        go_on: impl Fn() -> bool,
        mut progress: impl FnMut(&EndProgress<'_>) -> bool,
    ) -> Result<EndedAll, Error> {
        let is_going = Cell::new(true);
        let goes_on = || {
            is_going.set(is_going.get() && go_on());
            is_going.get()
        };
        let call = |operation: &str, arguments: &str| {
            self.client.call_cancellable(operation, arguments, &options.call, every, goes_on)
        };
        // Fast calls end before the interval, so this is also asked between them.
        self.end_with(options, call, |step| progress(step) && goes_on())
    }

    fn end_with(
        &self,
        options: &EndAllOptions,
        call: impl Fn(&str, &str) -> Result<Reply, Error>,
        mut progress: impl FnMut(&EndProgress<'_>) -> bool,
    ) -> Result<EndedAll, Error> {
        let (mut all, mut done) = (EndedAll::default(), 0);
        let mut filter = JournalFilter { after: 0, limit: None, ..options.filter.clone() };
        loop {
            let entries = self.open(&filter)?;
            let Some(last) = entries.last() else { return Ok(all) };
            filter.after = last.id;
            for entry in &entries {
                let ended = self.end(entry, &call);
                let (count, result) = match &ended {
                    Ok(Ended::Now) => (&mut all.ended, EndResult::Ended),
                    Ok(Ended::Before) => (&mut all.already_over, EndResult::AlreadyOver),
                    Ok(Ended::WithoutId) => (&mut all.without_id, EndResult::WithoutId),
                    Ok(Ended::OtherHost) => (&mut all.other_host, EndResult::OtherHost),
                    Err(error) => (&mut all.failed, EndResult::Failed(error)),
                };
                *count += 1;
                done += 1;
                if !progress(&EndProgress { done, entry, result }) {
                    return Ok(all);
                }
            }
        }
    }

    /// Ends the session of one entry. The calls record what they find.
    fn end(
        &self,
        entry: &JournalEntry,
        call: impl Fn(&str, &str) -> Result<Reply, Error>,
    ) -> Result<Ended, Error> {
        if entry.host != self.client.inner().host() {
            return Ok(Ended::OtherHost);
        }
        let (Some(session_id), Some(kind)) = (&entry.session_id, session_kind(&entry.operation)) else {
            return Ok(Ended::WithoutId);
        };
        let arguments = id_arguments(kind.parameter, session_id);
        let exists = || match call(kind.status, &arguments) {
            Ok(reply) => Ok(!json::get(reply.json(), "/data/status").is_ok_and(is_over)),
            Err(error) if operation(kind.status).is_some_and(|status| is_gone(status, &error)) => Ok(false),
            Err(error) => Err(error),
        };
        if !exists()? {
            return Ok(Ended::Before);
        }
        match call(kind.end, &arguments) {
            Ok(_) => Ok(Ended::Now),
            // Another process may have ended the session meanwhile.
            Err(error) if error.outcome() == Outcome::Rejected && exists().is_ok_and(|exists| !exists) => {
                Ok(Ended::Before)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the entries of sessions that do not exist, and that were closed at least
    /// `older_than` ago. Gives their space back to the disk. Returns the number of removed entries.
    ///
    /// # Errors
    ///
    /// [`Code::JOURNAL`] if the file cannot be written.
    pub fn compact(&self, older_than: Duration) -> Result<u64, Error> {
        Ok(self.journal.compact(older_than)?)
    }

    /// Waits at most `timeout` until everything that this client recorded is written and its file
    /// is closed, and returns whether it is. Else this goes on in the background. A later use opens
    /// the file again.
    ///
    /// Windows does not move or remove a file that is open. Other clients of this process with the
    /// same file open it again.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// # use iplaygames::{Client, sandbox::Sandbox};
    /// # use std::time::Duration;
    /// # let sandbox = Sandbox::start("")?;
    /// # let folder = std::env::temp_dir().join(format!("iplaygames-close-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// # let path = folder.join("sessions.journal");
    /// # let builder = Client::builder().api_key(sandbox.api_key()).base_url(sandbox.base_url());
    /// # let client = builder.journal(&path).build()?;
    /// # let request = iplaygames::StartSession::new(123).player_id("p").currency("USD");
    /// # client.sessions().start(&request.country_code("US").ip_address("192.0.2.1"))?;
    /// let journal = client.journal()?;
    /// client.close();
    /// assert!(journal.close(Duration::from_secs(10)));
    /// std::fs::remove_file(&path).unwrap();
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// # }
    /// # Ok::<(), iplaygames::Error>(())
    /// ```
    #[must_use = "the file may still be open"]
    pub fn close(&self, timeout: Duration) -> bool {
        self.journal.close(timeout)
    }

    /// Saves the entries of a damaged journal to a new file, without the help of a client.
    ///
    /// # Errors
    ///
    /// [`Code::JOURNAL`] if the damaged file cannot be read, or if the new file exists or cannot be
    /// written.
    pub fn recover(damaged: impl AsRef<Path>, new: impl AsRef<Path>) -> Result<Recovered, Error> {
        Ok(journal::recover(damaged.as_ref(), new.as_ref())?)
    }
}

/// How the session of an entry ended.
enum Ended {
    Now,
    Before,
    WithoutId,
    OtherHost,
}

impl ClientInner {
    /// Returns the host of the server, with its port if that is not the usual one, and with the
    /// path of the base URL: two paths may be two servers, which do not know each other's sessions.
    pub(super) fn host(&self) -> &str {
        let url = self.config.base_url.as_str();
        url.split_once("://").map_or(url, |(_, after)| after)
    }
}
