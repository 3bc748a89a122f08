//! A server of large files whose content is known, and a folder for downloads.

use std::fs::File;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use h2::SendStream;
use iplaygames::{CallOptions, Client, Download, Error};

use crate::support::http2_server::{read_body, serve_http2};
use crate::support::length::rounds;
use crate::support::tls::Authority;
use crate::support::{options, read_request, serve};

pub const OPERATION: &str = "get_api_v1_transaction_exports_export_id_download";
pub const ARGUMENTS: &str = r#"{"export_id": 7}"#;

/// Returns the size of a file that is larger than `max_response_bytes`, and no multiple of a block.
pub fn large() -> usize {
    rounds(40_000_123, 12_000_123)
}

const BLOCK: usize = 1 << 16;

/// The headers of a file, without the framing.
pub const FILE_HEADERS: &str =
    "Content-Type: text/csv\r\nContent-Disposition: attachment; filename=\"export.csv\"\r\n";

/// Returns the blocks of a file of this size. Every file has the same content up to its end.
pub fn blocks(size: usize) -> impl Iterator<Item = Vec<u8>> {
    (0..size.div_ceil(BLOCK)).map(move |index| {
        let mut rng = Rng::with_seed(index as u64);
        let mut block = vec![0; BLOCK.min(size - index * BLOCK)];
        rng.fill(&mut block);
        block
    })
}

/// How a server says where the body ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Framing {
    Length,
    Chunked,
    Close,
}

impl Framing {
    pub fn header(self, size: usize) -> String {
        match self {
            Framing::Length => format!("Content-Length: {size}\r\n"),
            Framing::Chunked => "Transfer-Encoding: chunked\r\n".to_owned(),
            Framing::Close => "Connection: close\r\n".to_owned(),
        }
    }
}

/// Sends the head of a response with a file of this size.
pub fn send_head(stream: &mut impl Write, framing: Framing, size: usize) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\n{FILE_HEADERS}{}\r\n", framing.header(size));
    stream.write_all(head.as_bytes())
}

/// Sends the content of a file of this size, up to `end`.
pub fn send_content(
    stream: &mut impl Write,
    framing: Framing,
    size: usize,
    end: usize,
) -> std::io::Result<()> {
    let mut left = end;
    for block in blocks(size) {
        let part = &block[..block.len().min(left)];
        if framing == Framing::Chunked && !part.is_empty() {
            write!(stream, "{:x}\r\n", block.len())?;
            stream.write_all(part)?;
            if part.len() == block.len() {
                stream.write_all(b"\r\n")?;
            }
        } else {
            stream.write_all(part)?;
        }
        left -= part.len();
    }
    if framing == Framing::Chunked && end == size { stream.write_all(b"0\r\n\r\n") } else { Ok(()) }
}

/// Starts a server that sends a file of this size for each request.
pub fn serve_file(framing: Framing, size: usize) -> u16 {
    serve(move |mut stream| {
        while read_request(&mut stream).is_some() {
            let sent = send_head(&mut stream, framing, size)
                .and_then(|()| send_content(&mut stream, framing, size, size));
            if sent.is_err() || framing == Framing::Close {
                return;
            }
        }
    })
}

/// Sends a part of a body over HTTP/2 as the flow control of the client allows. Returns false if
/// the client has reset the stream.
pub async fn send_part(stream: &mut SendStream<Bytes>, mut part: Bytes) -> bool {
    while !part.is_empty() {
        stream.reserve_capacity(part.len());
        match std::future::poll_fn(|context| stream.poll_capacity(context)).await {
            Some(Ok(capacity)) => {
                let sent = part.split_to(capacity.min(part.len()));
                if stream.send_data(sent, false).is_err() {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}

/// Starts a server that sends a file over HTTP/2, with or without its length. If it breaks, it
/// resets the first stream half-way. Returns a client.
pub fn http2_client(transport: &str, has_length: bool, size: usize, breaks: bool) -> Client {
    let is_broken = Arc::new(AtomicBool::new(!breaks));
    let authority = Authority::new("Test CA");
    let config = authority.certify("127.0.0.1").config(&["h2"]);
    let port = serve_http2(
        config,
        || (),
        move |request, mut response| {
            let is_broken = Arc::clone(&is_broken);
            async move {
                assert!(read_body(request.into_body()).await);
                let mut head = http::Response::builder();
                for line in FILE_HEADERS.lines() {
                    let (name, value) = line.split_once(": ").unwrap();
                    head = head.header(name.to_ascii_lowercase(), value);
                }
                if has_length {
                    head = head.header("content-length", size);
                }
                let mut stream = response.send_response(head.body(()).unwrap(), false).unwrap();
                let end = if is_broken.swap(true, Ordering::SeqCst) { size } else { size / 2 };
                for block in blocks(size).take(end.div_ceil(BLOCK)) {
                    if !send_part(&mut stream, block.into()).await {
                        return;
                    }
                }
                if end == size {
                    let _ = stream.send_data(Bytes::new(), true);
                } else {
                    stream.send_reset(h2::Reason::INTERNAL_ERROR);
                }
            }
        },
    );
    let builder = Client::builder()
        .api_key("test-key-123")
        .base_url(&format!("https://127.0.0.1:{port}"))
        .timeout(Duration::from_secs(120));
    let builder = if transport == "reqwest" {
        // Only a reqwest client of the host speaks HTTP/2.
        let root = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        builder.reqwest(reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap())
    } else {
        builder.transport("native").ca_pem(&authority.pem()).ca_only(true)
    };
    builder.build().unwrap()
}

/// A folder with the target of a download.
pub struct Folder {
    folder: tempfile::TempDir,
    pub target: PathBuf,
}

impl Folder {
    pub fn new() -> Folder {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("export.csv");
        Folder { folder, target }
    }

    /// Returns a folder with an older file.
    pub fn with_old_file() -> Folder {
        let folder = Folder::new();
        std::fs::write(&folder.target, "old").unwrap();
        folder
    }

    /// Returns the names of the files.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Checks that there is the older file and nothing else.
    #[track_caller]
    pub fn assert_unchanged(&self) {
        assert_eq!(self.names(), ["export.csv"]);
        assert_eq!(std::fs::read(&self.target).unwrap(), b"old");
    }

    /// Checks that there is the file of this size and nothing else.
    #[track_caller]
    pub fn assert_has(&self, size: usize) {
        assert_eq!(self.names(), ["export.csv"]);
        assert_content(&self.target, size);
    }

    pub fn download(&self, client: &Client) -> Result<Download, Error> {
        self.download_with(client, &options())
    }

    pub fn download_with(&self, client: &Client, options: &CallOptions) -> Result<Download, Error> {
        client.download_to_file(OPERATION, ARGUMENTS, &self.target, options)
    }
}

/// Checks that a file has the content that servers send for this size.
#[track_caller]
pub fn assert_content(path: &Path, size: usize) {
    let mut file = File::open(path).unwrap();
    assert_eq!(file.metadata().unwrap().len(), size as u64);
    for (index, block) in blocks(size).enumerate() {
        let mut found = vec![0; block.len()];
        file.read_exact(&mut found).unwrap();
        assert!(found == block, "block {index} differs");
    }
}
