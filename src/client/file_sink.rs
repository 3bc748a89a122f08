//! The file of a download. It receives the body of a response under a temporary name beside its
//! target, and gets the name of the target when the result of the call is taken. Until then the
//! target is not touched. Knows no call; `download.rs` makes the calls, `reply.rs` their results.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::api::operation::Operation;
use crate::api::response;
use crate::codes::Code;
use crate::error::Error;
use crate::fork;
use crate::http_types::{BodySink, Outcome, Response, WriteError};
use crate::net::stdio_guard::StdioGuard;

/// The longest body of a 2xx response that may be an error of the API.
const MAX_REFUSAL: usize = 64 * 1024;

/// The number of temporary names that are tried.
const MAX_NAMES: usize = 16;

/// The number of symbolic links that are followed to a file.
const MAX_LINKS: usize = 40;

/// The total length while it is not known.
const UNKNOWN: u64 = u64::MAX;

/// How much of a download has been received. A clone refers to the same download.
///
/// Another attempt of the call begins the file anew, so the number of bytes may become smaller.
#[derive(Clone)]
pub struct DownloadProgress(Arc<Counters>);

struct Counters {
    bytes: AtomicU64,
    total: AtomicU64,
}

impl DownloadProgress {
    pub(super) fn new() -> DownloadProgress {
        DownloadProgress(Arc::new(Counters { bytes: AtomicU64::new(0), total: AtomicU64::new(UNKNOWN) }))
    }

    /// Returns the number of bytes that were written.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Returns the size of the file, if the server has sent it.
    pub fn total(&self) -> Option<u64> {
        Some(self.0.total.load(Ordering::Relaxed)).filter(|total| *total != UNKNOWN)
    }
}

impl std::fmt::Debug for DownloadProgress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DownloadProgress")
            .field("bytes", &self.bytes())
            .field("total", &self.total())
            .finish()
    }
}

/// The file of one download.
pub(crate) struct FileSink {
    // It belongs to a call of one process, so it need not be fork-safe.
    state: Mutex<State>,
    progress: DownloadProgress,
    target: PathBuf,
    process: u64,
}

enum State {
    Receiving(PartialFile),
    /// The target has its content.
    Saved,
    /// The call failed or was canceled.
    Discarded,
}

/// A file with a temporary name. It is removed when this is dropped.
struct PartialFile {
    // Closed before the file is removed: Windows removes and renames only a file that is closed.
    file: File,
    name: TemporaryName,
    /// The beginning of a body that may be a JSON object, up to [`MAX_REFUSAL`].
    beginning: Vec<u8>,
}

/// The path of a file that is removed when this is dropped.
struct TemporaryName {
    path: PathBuf,
    process: u64,
}

impl FileSink {
    /// Creates a file beside `path`, which does not touch a file with that path.
    ///
    /// # Errors
    ///
    /// [`Code::FILE`] if no file can be created there, [`Code::INVALID_ARGUMENT`] if the path
    /// cannot be that of a file.
    pub(crate) fn create(path: &Path) -> Result<Arc<FileSink>, Error> {
        let target = target(path)?;
        let (partial, process) = (PartialFile::create(&target)?, fork::generation());
        Ok(Arc::new(FileSink::new(partial, target, process)))
    }

    fn new(partial: PartialFile, target: PathBuf, process: u64) -> FileSink {
        FileSink {
            state: Mutex::new(State::Receiving(partial)),
            progress: DownloadProgress::new(),
            target,
            process,
        }
    }

    pub(crate) fn progress(&self) -> &DownloadProgress {
        &self.progress
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the file, unless it has the name of the target already. Nothing is written
    /// afterwards.
    pub(crate) fn discard(&self) {
        // In a forked child, the file is the parent's.
        if self.process != fork::generation() {
            return;
        }
        let mut state = self.state();
        if let State::Receiving(_) = *state {
            *state = State::Discarded;
        }
    }

    /// Gives the file the name of the target after a response with a 2xx status. Returns a document
    /// that describes the file.
    ///
    /// # Errors
    ///
    /// The error of the response if it is no file. [`Code::FILE`] if the file cannot get its name,
    /// [`Code::CANCELED`] if it was discarded.
    pub(crate) fn save(&self, operation: &Operation, mut response: Response) -> Result<String, Error> {
        let mut state = self.state();
        let partial = match std::mem::replace(&mut *state, State::Discarded) {
            State::Receiving(partial) => partial,
            _ => {
                let mut error = Error::new(Code::CANCELED, "The download was canceled.");
                error.inner_mut().outcome = Outcome::Unknown;
                return Err(error);
            }
        };
        let length = self.written();
        if length <= MAX_REFUSAL as u64 {
            response.body.clone_from(&partial.beginning);
        }
        let document = response::parse_file(operation, response, length)?;
        partial.persist(&self.target).map_err(|error| {
            let mut error = file_error(&self.target, error);
            error.inner_mut().outcome = Outcome::Unknown;
            error
        })?;
        *state = State::Saved;
        Ok(document)
    }

    fn write_with(
        &self,
        write: impl FnOnce(&mut PartialFile, &Counters) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let mut state = self.state();
        let State::Receiving(partial) = &mut *state else {
            let source = io::Error::other("the download was canceled");
            return Err(write_error(&self.target, source));
        };
        write(partial, &self.progress.0).map_err(|error| write_error(&self.target, error))
    }
}

impl BodySink for FileSink {
    fn begin(&self, length: Option<u64>) -> Result<(), WriteError> {
        self.write_with(|partial, counters| {
            if counters.bytes.swap(0, Ordering::Relaxed) > 0 {
                partial.file.rewind()?;
                partial.file.set_len(0)?;
                partial.beginning.clear();
            }
            counters.total.store(length.unwrap_or(UNKNOWN), Ordering::Relaxed);
            Ok(())
        })
    }

    fn write(&self, bytes: &[u8]) -> Result<(), WriteError> {
        self.write_with(|partial, counters| {
            partial.keep_beginning(bytes, counters.bytes.load(Ordering::Relaxed));
            partial.file.write_all(bytes)?;
            counters.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            Ok(())
        })
    }

    fn written(&self) -> u64 {
        self.progress.bytes()
    }
}

impl PartialFile {
    fn create(target: &Path) -> Result<PartialFile, Error> {
        let _stdio = StdioGuard::new();
        let folder = target.parent().unwrap_or(target);
        let mut tried = 0;
        let (file, path) = loop {
            let path = folder.join(format!(".iplaygames-{:016x}.part", fastrand::u64(..)));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => break (file, path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tried < MAX_NAMES => tried += 1,
                Err(error) => return Err(file_error(target, error)),
            }
        };
        let name = TemporaryName { path, process: fork::generation() };
        let partial = PartialFile { file, name, beginning: Vec::new() };
        // The file that is replaced may be private.
        if let Ok(replaced) = fs::metadata(target) {
            let set = partial.file.set_permissions(replaced.permissions());
            set.map_err(|error| file_error(target, error))?;
        }
        Ok(partial)
    }

    /// Keeps the beginning of a body that may be the API's error document.
    fn keep_beginning(&mut self, bytes: &[u8], before: u64) {
        let may_be_object = match before {
            0 => matches!(bytes.first(), Some(b'{' | b' ' | b'\t' | b'\r' | b'\n' | 0xEF)),
            _ => self.beginning.len() as u64 == before,
        };
        if may_be_object && self.beginning.len() + bytes.len() <= MAX_REFUSAL {
            self.beginning.extend_from_slice(bytes);
        } else {
            self.beginning = Vec::new();
        }
    }

    fn persist(self, target: &Path) -> io::Result<()> {
        let PartialFile { file, name, .. } = self;
        // Some file systems report a full disk only now, and the file that is replaced must not be
        // lost.
        file.sync_all()?;
        drop(file);
        fs::rename(&name.path, target)
    }
}

impl Drop for TemporaryName {
    fn drop(&mut self) {
        // In a forked child, the file is the parent's. A file that was renamed is not found.
        if self.process == fork::generation() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Returns the absolute path of the file that a download writes.
fn target(path: &Path) -> Result<PathBuf, Error> {
    let invalid = |reason: &str| {
        let message = format!("The file {path:?} cannot be written: {reason}. Give the path of a file.");
        Error::invalid("/path", message)
    };
    let ends_with_separator =
        path.as_os_str().as_encoded_bytes().last().is_some_and(|byte| std::path::is_separator(*byte as char));
    if ends_with_separator || path.file_name().is_none() {
        return Err(invalid("the path names no file"));
    }
    // The program may change its working directory during the call.
    let absolute = std::path::absolute(path).map_err(|error| file_error(path, error))?;
    // A link stays, and the file behind it is replaced or created.
    let mut target = absolute;
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&target) {
            Ok(metadata) if metadata.is_symlink() => {
                let to = fs::read_link(&target).map_err(|error| file_error(path, error))?;
                target = target.parent().map_or_else(|| to.clone(), |folder| folder.join(&to));
            }
            Ok(metadata) if metadata.is_dir() => return Err(invalid("it is a directory")),
            // A pipe or a device would be replaced by a file.
            Ok(metadata) if !metadata.is_file() => return Err(invalid("it is not a regular file")),
            Ok(_) => return Ok(target),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(target),
            // The name is too long, for example.
            Err(error) => return Err(file_error(path, error)),
        }
    }
    Err(invalid("its symbolic links lead in a circle"))
}

fn message(path: &Path, error: &io::Error) -> String {
    format!("The file {path:?} cannot be written: {error}. Check its folder, the rights and the free space.")
}

#[cold]
fn write_error(path: &Path, source: io::Error) -> WriteError {
    WriteError { message: message(path, &source), source }
}

#[cold]
fn file_error(path: &Path, source: io::Error) -> Error {
    let mut error = Error::new(Code::FILE, message(path, &source));
    error.inner_mut().source = Some(Arc::new(source));
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_that_is_dropped_or_discarded_leaves_nothing_and_takes_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let sink = FileSink::create(&folder.path().join("export.csv")).unwrap();
        sink.begin(None).unwrap();
        sink.write(b"half").unwrap();
        assert_eq!(names(folder.path()).len(), 1);
        sink.discard();
        assert_eq!(names(folder.path()), [""; 0]);
        assert!(sink.write(b"more").is_err());
        let operation = crate::operation("get_api_v1_transaction_exports_export_id_download").unwrap();
        assert_eq!(sink.save(operation, Response::default()).unwrap_err().code(), Code::CANCELED);
        drop(FileSink::create(&folder.path().join("export.csv")).unwrap());
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn the_progress_is_that_of_the_last_attempt() {
        let folder = tempfile::tempdir().unwrap();
        let sink = FileSink::create(&folder.path().join("export.csv")).unwrap();
        let progress = sink.progress().clone();
        assert_eq!((progress.bytes(), progress.total()), (0, None));
        sink.begin(Some(8)).unwrap();
        sink.write(b"half").unwrap();
        assert_eq!((progress.bytes(), progress.total()), (4, Some(8)));
        sink.begin(None).unwrap();
        assert_eq!((progress.bytes(), progress.total()), (0, None));
        sink.write(b"all").unwrap();
        let operation = crate::operation("get_api_v1_transaction_exports_export_id_download").unwrap();
        sink.save(operation, Response { status: 200, ..Response::default() }).unwrap();
        assert_eq!(fs::read(folder.path().join("export.csv")).unwrap(), b"all");
        assert_eq!(names(folder.path()), ["export.csv"]);
    }

    #[test]
    fn a_file_that_does_not_reach_the_disk_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("export.csv");
        fs::write(&target, "old").unwrap();
        let mut partial = PartialFile::create(&target).unwrap();
        // A device of Unix that takes every write, and that cannot be synchronized.
        let Ok(device) = File::options().write(true).open("/dev/null") else { return };
        partial.file = device;
        let sink = FileSink::new(partial, target.clone(), fork::generation());
        sink.begin(None).unwrap();
        sink.write(b"new").unwrap();
        let operation = crate::operation("get_api_v1_transaction_exports_export_id_download").unwrap();
        let error = sink.save(operation, Response { status: 200, ..Response::default() }).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (Code::FILE, Outcome::Unknown));
        assert_eq!(fs::read(&target).unwrap(), b"old");
        drop(sink);
        assert_eq!(names(folder.path()), ["export.csv"]);
    }

    #[test]
    fn a_write_that_fails_is_an_error_that_names_the_target() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("export.csv");
        let mut partial = PartialFile::create(&target).unwrap();
        // The device of Linux that is always full, or a file that is open for reading.
        let full = File::options().write(true).open("/dev/full");
        partial.file = full.or_else(|_| File::open(&partial.name.path)).unwrap();
        let sink = FileSink::new(partial, target, fork::generation());
        sink.begin(Some(4)).unwrap();
        let error = sink.write(b"half").unwrap_err();
        let reason = error.source.to_string();
        assert!(error.message.contains("export.csv") && error.message.contains(&reason), "{error:?}");
        drop(sink);
        assert_eq!(names(folder.path()), [""; 0]);
    }
}
