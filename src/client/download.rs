//! Downloads to a file, which are streamed: the methods of a client, and the result.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::file_sink::{DownloadProgress, FileSink};
use super::inner::PreparedCall;
use super::options::CallOptions;
use super::reply::Reply;
use crate::api::arguments;
use crate::api::operation::ResponseKind;
use crate::api::session::text_at;
use crate::error::Error;
use crate::http_types::SharedBodySink;
use crate::net::call_cell::CallReport;
use crate::net::driver::Driver;
use crate::net::retry_loop::CallSpec;
use crate::net::transport_error::{TransportError, TransportErrorKind};
use crate::submit::event::Callback;
use crate::submit::handle::Call;

/// A file that was downloaded.
#[derive(Clone, Debug)]
pub struct Download {
    reply: Reply,
    bytes: u64,
}

impl Download {
    /// Returns the size of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the name that the server suggests for the file, without a path.
    pub fn filename(&self) -> Option<String> {
        text_at(self.reply.json(), "/filename")
    }

    /// Returns the media type of the file, such as `text/csv`.
    pub fn content_type(&self) -> Option<String> {
        text_at(self.reply.json(), "/content_type")
    }

    /// Returns the reply to the call: its status, its headers, its ids and its attempts. The
    /// document describes the file:
    /// `{"success":true,"content_type":"text/csv","filename":"export.csv","bytes":1024}`.
    pub fn reply(&self) -> &Reply {
        &self.reply
    }
}

impl Client {
    /// Calls an operation that returns a file, and writes the file to `path` while it arrives.
    /// Little memory is needed, and `max_response_bytes` does not limit the size.
    ///
    /// The file has a temporary name beside `path` until the call has succeeded. Then it replaces a
    /// file with that path. After an error, nothing is left and the old file is unchanged; only a
    /// process that is killed leaves a file `.iplaygames-….part`. An attempt that broke is repeated
    /// from the beginning. The thread that drives the client writes the file.
    ///
    /// The `timeout` of the options limits the whole call, so a long download needs a long one. The
    /// time limit of an attempt, `attempt_timeout_ms`, applies to each part of the file instead.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// use std::time::Duration;
    /// use iplaygames::{CallOptions, Client, Config, sandbox::Sandbox};
    /// let sandbox = Sandbox::start("")?;
    /// let client = Client::new(Config::from_json(&sandbox.client_config())?)?;
    /// let path = std::env::temp_dir().join(format!("export-{}.csv", std::process::id()));
    /// let mut options = CallOptions::default();
    /// options.timeout = Some(Duration::from_secs(600));
    /// let download = client.download_to_file(
    ///     "get_api_v1_transaction_exports_export_id_download",
    ///     r#"{"export_id": 1}"#,
    ///     &path,
    ///     &options,
    /// )?;
    /// assert_eq!(download.bytes(), std::fs::metadata(&path)?.len());
    /// println!("{:?}, {:?}", download.filename(), download.content_type());
    /// # std::fs::remove_file(&path)?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`Client::call`]; [`Code::FILE`](crate::Code::FILE) if the file cannot be
    /// written; [`Code::INVALID_ARGUMENT`](crate::Code::INVALID_ARGUMENT) for an operation that
    /// returns no file, and for a path of something else than a regular file.
    pub fn download_to_file(
        &self,
        operation: &str,
        arguments_json: &str,
        path: impl AsRef<Path>,
        options: &CallOptions,
    ) -> Result<Download, Error> {
        let prepared = self.prepare_download(operation, arguments_json, path.as_ref(), options);
        self.execute_download(operation, prepared, |_, driver, spec| driver.call(spec))
    }

    /// Downloads a file as [`Client::download_to_file`] does, and calls `go_on` on this thread at
    /// the given interval, and once more when the file is complete and does not have its name yet.
    /// If `go_on` returns false, the call is canceled and nothing is left.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// # use std::time::Duration;
    /// # use iplaygames::{CallOptions, Client, Config, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start("")?;
    /// # let client = Client::new(Config::from_json(&sandbox.client_config())?)?;
    /// # let path = std::env::temp_dir().join(format!("progress-{}.csv", std::process::id()));
    /// let operation = "get_api_v1_transaction_exports_export_id_download";
    /// let (arguments, options) = (r#"{"export_id": 1}"#, CallOptions::default());
    /// let every = Duration::from_millis(100);
    /// client.download_to_file_cancellable(operation, arguments, &path, &options, every, |progress| {
    ///     println!("{} of {:?} bytes", progress.bytes(), progress.total());
    ///     true
    /// })?;
    /// # std::fs::remove_file(&path)?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`Client::download_to_file`], and [`Code::CANCELED`](crate::Code::CANCELED) if
    /// `go_on` returned false.
    pub fn download_to_file_cancellable(
        &self,
        operation: &str,
        arguments_json: &str,
        path: impl AsRef<Path>,
        options: &CallOptions,
        every: Duration,
        mut go_on: impl FnMut(&DownloadProgress) -> bool,
    ) -> Result<Download, Error> {
        let prepared = self.prepare_download(operation, arguments_json, path.as_ref(), options);
        self.execute_download(operation, prepared, |progress, driver, spec| {
            let mut goes_on = true;
            let mut report = driver.call_cancellable(spec, every, || {
                goes_on = go_on(progress);
                goes_on
            })?;
            let is_file = report.result.as_ref().is_ok_and(|response| matches!(response.status, 200..=299));
            // The call may have ended just before it was canceled.
            if is_file && !(goes_on && go_on(progress)) {
                let message = "The download was canceled when it was complete.";
                report.result = Err(TransportError::new(TransportErrorKind::Canceled, message));
                report.may_be_done = true;
            }
            Ok(report)
        })
    }

    /// Submits a download and returns at once, as [`Client::submit`] does. The document of the
    /// reply is that of [`Download::reply`].
    ///
    /// The file gets its name when the result of the call is taken or passed to the callback, or
    /// when the client is closed after the download has succeeded. A download that is canceled or
    /// dropped before that leaves nothing.
    ///
    /// ```
    /// # #[cfg(feature = "sandbox")] {
    /// # use std::time::Duration;
    /// # use iplaygames::{CallOptions, Client, Config, sandbox::Sandbox};
    /// # let sandbox = Sandbox::start("")?;
    /// # let client = Client::new(Config::from_json(&sandbox.client_config())?)?;
    /// # let path = std::env::temp_dir().join(format!("submitted-{}.csv", std::process::id()));
    /// let operation = "get_api_v1_transaction_exports_export_id_download";
    /// let arguments = r#"{"export_id": 1}"#;
    /// let (call, progress) =
    ///     client.submit_download(operation, arguments, &path, &CallOptions::default(), None)?;
    /// while call.try_result()?.is_none() {
    ///     client.tick(Duration::from_micros(500))?; // once a frame
    ///     println!("{} of {:?} bytes", progress.bytes(), progress.total());
    /// }
    /// assert!(path.exists());
    /// # std::fs::remove_file(&path)?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`Client::submit`] and those of [`Client::download_to_file`] that come before
    /// the request is sent.
    pub fn submit_download(
        &self,
        operation: &str,
        arguments_json: &str,
        path: impl AsRef<Path>,
        options: &CallOptions,
        callback: Option<Callback>,
    ) -> Result<(Call, DownloadProgress), Error> {
        let (prepared, file) = self.prepare_download(operation, arguments_json, path.as_ref(), options)?;
        let submitted = self.start_call(prepared, callback, |_| Ok(()))?;
        Ok((Call::new(submitted), file.progress().clone()))
    }

    /// Checks the arguments of a download, and creates its file.
    fn prepare_download(
        &self,
        operation: &str,
        arguments_json: &str,
        path: &Path,
        options: &CallOptions,
    ) -> Result<(PreparedCall, Arc<FileSink>), Error> {
        let mut prepared = self.prepare_with(operation, options, |operation| {
            if operation.response != ResponseKind::File {
                let message = format!("`{}` returns no file. Call it without a download.", operation.id);
                return Err(Error::invalid("", message));
            }
            arguments::prepare(operation, arguments_json)
        })?;
        let file = FileSink::create(path)
            .map_err(|error| self.inner().with_context(error, operation, Some(&prepared.call_id)))?;
        prepared.spec.parts.sink = Some(SharedBodySink(Arc::clone(&file) as _));
        prepared.file = Some(Arc::clone(&file));
        Ok((prepared, file))
    }

    fn execute_download(
        &self,
        operation: &str,
        prepared: Result<(PreparedCall, Arc<FileSink>), Error>,
        call: impl FnOnce(&DownloadProgress, &Driver, CallSpec) -> Result<CallReport, Error>,
    ) -> Result<Download, Error> {
        let (prepared, progress) = match prepared {
            Ok((prepared, file)) => (Ok(prepared), file.progress().clone()),
            Err(error) => (Err(error), DownloadProgress::new()),
        };
        let reply =
            self.execute_prepared(operation, prepared, |driver, spec| call(&progress, driver, spec))?;
        Ok(Download { reply, bytes: progress.bytes() })
    }
}

#[cfg(test)]
mod tests;
