//! HTTP/1.1 on one connection: a request goes out, its answer comes back, and it is known whether another
//! may follow. Heads and the sizes of chunks are parsed by httparse. An answer is read to its end and not
//! beyond: what a server says unasked is found before the next request and ends the connection.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use bytes::{BufMut, Bytes};
use httparse::Status;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use super::attempt_status::AttemptStatus;
use super::failure::{self, Failure};
use super::head::{self, Extent, Found, Head};
use crate::message::Answer;

const LINE_END: &[u8] = b"\r\n";

/// How long a head may be, together with those that come before it (1xx).
const MOST_OF_A_HEAD: usize = 64 * 1024;

/// How much may stand between chunks that says nothing: extensions in all, a size's line, the trailers.
const MOST_BETWEEN: usize = 8 * 1024;

/// Up to here what has come of a head is parsed whenever more comes; beyond only when its end may be there,
/// so that a head in small pieces costs no more than a long one may.
const SMALL_HEAD: usize = 4 * 1024;

/// How much is read at a time where it is not known how much will come.
const ROOM: usize = 4 * 1024;

/// What is let free behind the parts of a head whose length is known: the call's id, the content's type and length, and
/// the content, where it is as short as most.
const ROOM_FOR_MORE: usize = 512;

/// A connection that speaks HTTP/1.1. A request that is not carried to its end leaves it unusable.
pub(super) struct Http1<S> {
    stream: S,
    /// Whether the stream itself holds back what it takes, as TLS does.
    holds_back: bool,
    /// What came and is not used yet, from `at` on.
    input: Vec<u8>,
    at: usize,
    usable: bool,
}

/// A request as it stands on the wire.
pub(super) struct Request {
    /// Head, and what of the content is better sent with it.
    head: Vec<u8>,
    content: Bytes,
}

impl Request {
    /// Room for a head of about so many bytes, and for what is sent with it.
    pub(super) fn head(about: usize) -> Vec<u8> {
        Vec::with_capacity(about + ROOM_FOR_MORE)
    }

    /// A `head` with its empty line.
    pub(super) fn new(mut head: Vec<u8>, mut content: Bytes) -> Request {
        if content.len() <= ROOM {
            head.extend_from_slice(&content);
            content = Bytes::new();
        }
        Request { head, content }
    }

    /// What is left when so much of it has been sent.
    fn rest(&self, sent: usize) -> &[u8] {
        match sent.checked_sub(self.head.len()) {
            None => &self.head[sent..],
            Some(of_content) => &self.content[of_content..],
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Http1<S> {
    pub(super) fn new(stream: S, holds_back: bool) -> Http1<S> {
        Http1 { stream, holds_back, input: Vec::new(), at: 0, usable: true }
    }

    /// Whether the stream, as TLS does, keeps to itself what it took and what it heard.
    pub(super) fn holds_back(&self) -> bool {
        self.holds_back
    }

    /// Whether another request may be sent.
    pub(super) fn is_usable(&self) -> bool {
        self.usable
    }

    /// Lets the stream take note of what concerns no call (over TLS a ticket, a farewell). What concerns one
    /// comes unasked, and makes the connection unusable.
    pub(super) fn settle(&mut self) {
        if self.poll_fill(&mut Context::from_waker(Waker::noop())).is_ready() {
            self.usable = false;
        }
    }

    /// Sends a request and reads the whole answer, whose body has `most` bytes at the most.
    pub(super) async fn ask(
        &mut self,
        request: &Request,
        most: usize,
        attempt: &AttemptStatus,
    ) -> Result<Answer, Failure> {
        self.usable = false;
        let mut heads = Heads::default();
        let (head, whole) = match self.send(request, &mut heads, attempt).await? {
            Sent::Whole => (self.final_head(&mut heads, attempt).await?, true),
            Sent::Part => (self.final_head(&mut heads, attempt).await?, false),
            Sent::Answered(head) => (*head, false),
        };
        attempt.record_progress();
        let Head { mut answer, body, keeps } = head;
        let mut content = Content { bytes: &mut answer.body, status: answer.status, most, attempt };
        let to_its_end = match body {
            Extent::Sized(length) => self.sized(length, &mut content).await?,
            Extent::Chunked => self.chunked(&mut content).await.map(|()| true)?,
            Extent::ToTheEnd => self.until_closed(&mut content).await.map(|()| false)?,
        };
        self.usable = whole && keeps && to_its_end && self.unused().is_empty();
        if self.input.capacity() > 4 * ROOM {
            self.input = Vec::new();
        }
        Ok(answer)
    }

    /// Hands the request over. A server may answer before it has heard all of it, and hear no more then.
    async fn send(
        &mut self,
        request: &Request,
        heads: &mut Heads,
        attempt: &AttemptStatus,
    ) -> Result<Sent, Failure> {
        let mut sent = 0;
        poll_fn(|context| {
            loop {
                let rest = request.rest(sent);
                let step = if rest.is_empty() {
                    Pin::new(&mut self.stream).poll_flush(context).map_ok(|()| 0)
                } else {
                    if !attempt.try_send() {
                        return Poll::Ready(Err(failure::called_off()));
                    }
                    Pin::new(&mut self.stream).poll_write(context, rest)
                };
                // TLS keeps what it takes, so nothing is known of what left it.
                if sent == 0 && !self.holds_back && !matches!(step, Poll::Ready(Ok(1..))) {
                    attempt.mark_not_sent();
                }
                match step {
                    Poll::Ready(Ok(0)) if rest.is_empty() => return Poll::Ready(Ok(Sent::Whole)),
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(closed(attempt))),
                    Poll::Ready(Ok(taken)) => sent += taken,
                    // What the server said before it closed may still be there to be read.
                    Poll::Ready(Err(_)) if attempt.may_be_sent() => return Poll::Ready(Ok(Sent::Part)),
                    // Not a byte of the request was taken.
                    Poll::Ready(Err(error)) => {
                        return Poll::Ready(Err(failure::on_connection(&error, attempt)));
                    }
                    Poll::Pending => {
                        filled(ready!(self.poll_fill(context)), attempt)?;
                        if let Some(head) = self.take_head(heads)? {
                            return Poll::Ready(Ok(Sent::Answered(Box::new(head))));
                        }
                    }
                }
            }
        })
        .await
    }

    async fn final_head(&mut self, heads: &mut Heads, attempt: &AttemptStatus) -> Result<Head, Failure> {
        loop {
            let came = self.fill(attempt).await?;
            if !may_be_whole(self.unused(), came) {
                heads.allow(self.unused().len())?;
            } else if let Some(head) = self.take_head(heads)? {
                return Ok(head);
            }
        }
    }

    /// The head of the answer, if it is there; those before it (1xx) are passed over.
    fn take_head(&mut self, heads: &mut Heads) -> Result<Option<Head>, Failure> {
        loop {
            let found = head::parse(self.unused()).map_err(|why| failure::not_http(&why))?;
            let (used, head) = match found {
                Found::Final(used, head) => (used, Some(head)),
                Found::Interim(used) => (used, None),
                Found::Part => return heads.allow(self.unused().len()).map(|()| None),
            };
            self.at += used;
            if head.is_some() {
                return Ok(head);
            }
            heads.allow(used)?;
            heads.passed_over += used;
        }
    }

    /// Reads a body of that length. Answers whether it is known to end there.
    async fn sized(&mut self, length: u64, content: &mut Content<'_>) -> Result<bool, Failure> {
        let length = content.end(length)?;
        // One byte more: what leaves through the C interface ends with a NUL. And it shows a server that goes
        // on after the end.
        content.bytes.reserve_exact(length + 1);
        self.take(length, content);
        while content.bytes.len() < length {
            self.read(length + 1, content).await?;
        }
        let ended = content.bytes.len() == length;
        content.bytes.truncate(length);
        Ok(ended)
    }

    async fn chunked(&mut self, content: &mut Content<'_>) -> Result<(), Failure> {
        let mut extensions = 0;
        loop {
            let (used, size) = self.chunk_size(content.attempt).await?;
            // Sixteen digits and the line's end are a size; the rest is nothing to us.
            extensions += used.saturating_sub(18);
            if extensions > MOST_BETWEEN {
                return Err(failure::not_http(&"there is too much between its chunks"));
            }
            if size == 0 {
                return self.trailers(content.attempt).await;
            }
            let end = content.end(size)?;
            content.bytes.reserve(end + 1 - content.bytes.len());
            self.take(end, content);
            while content.bytes.len() < end {
                self.read(end, content).await?;
            }
            self.chunk_end(content.attempt).await?;
        }
    }

    /// The next chunk's size, and how long the line with it was.
    async fn chunk_size(&mut self, attempt: &AttemptStatus) -> Result<(usize, u64), Failure> {
        loop {
            match httparse::parse_chunk_size(self.unused()) {
                Ok(Status::Complete((used, size))) => {
                    // To httparse no digit is zero, and an extension may have a line's end in it, behind which
                    // another reader would see more.
                    let line = &self.unused()[..used - 1];
                    if !line[0].is_ascii_hexdigit() || line.contains(&b'\n') {
                        return Err(failure::not_http(&"a chunk has no size"));
                    }
                    self.at += used;
                    return Ok((used, size));
                }
                Ok(Status::Partial) => self.more_between(attempt).await?,
                Err(error) => return Err(failure::not_http(&error)),
            }
        }
    }

    async fn chunk_end(&mut self, attempt: &AttemptStatus) -> Result<(), Failure> {
        loop {
            if self.unused().starts_with(LINE_END) {
                self.at += LINE_END.len();
                return Ok(());
            }
            if !LINE_END.starts_with(self.unused()) {
                return Err(failure::not_http(&"a chunk does not end where it says"));
            }
            self.fill(attempt).await?;
        }
    }

    /// Trailers say nothing to us.
    async fn trailers(&mut self, attempt: &AttemptStatus) -> Result<(), Failure> {
        while !self.take_trailers()? {
            self.more_between(attempt).await?;
        }
        Ok(())
    }

    /// Passes over the trailers, if all of them are there. The place for them must not be part of what waits.
    fn take_trailers(&mut self) -> Result<bool, Failure> {
        let mut headers = [httparse::EMPTY_HEADER; head::MOST_HEADERS];
        match httparse::parse_headers(self.unused(), &mut headers) {
            Ok(Status::Complete((used, _))) if !has_bare_line_feed(&self.unused()[..used]) => {
                self.at += used;
                Ok(true)
            }
            Ok(Status::Complete(_)) => Err(failure::not_http(&"a trailer has no line's end")),
            Ok(Status::Partial) => Ok(false),
            Err(error) => Err(failure::not_http(&error)),
        }
    }

    async fn more_between(&mut self, attempt: &AttemptStatus) -> Result<(), Failure> {
        if self.unused().len() > MOST_BETWEEN {
            return Err(failure::not_http(&"there is too much between its chunks"));
        }
        self.fill(attempt).await.map(|_| ())
    }

    async fn until_closed(&mut self, content: &mut Content<'_>) -> Result<(), Failure> {
        let too_much = content.most + 1;
        self.take(too_much, content);
        while content.bytes.len() < too_much {
            content.bytes.reserve(ROOM.min(too_much - content.bytes.len()));
            if self.read_some(too_much, content).await? == 0 {
                return Ok(());
            }
        }
        Err(content.too_large())
    }

    /// Reads more of a body that does not end before `end`, and nothing behind that.
    async fn read(&mut self, end: usize, content: &mut Content<'_>) -> Result<(), Failure> {
        match self.read_some(end, content).await? {
            0 => Err(closed(content.attempt)),
            _ => Ok(()),
        }
    }

    async fn read_some(&mut self, end: usize, content: &mut Content<'_>) -> Result<usize, Failure> {
        let room = end - content.bytes.len();
        let came = self.stream.read_buf(&mut (&mut *content.bytes).limit(room)).await;
        let came = came.map_err(|error| failure::on_connection(&error, content.attempt))?;
        content.attempt.record_progress();
        Ok(came)
    }

    /// Moves what is here of a body that ends at `end`.
    fn take(&mut self, end: usize, content: &mut Content<'_>) {
        let here = self.unused();
        let taken = here.len().min(end - content.bytes.len());
        content.bytes.extend_from_slice(&here[..taken]);
        self.at += taken;
    }

    fn unused(&self) -> &[u8] {
        &self.input[self.at..]
    }

    async fn fill(&mut self, attempt: &AttemptStatus) -> Result<usize, Failure> {
        filled(poll_fn(|context| self.poll_fill(context)).await, attempt)
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.input.drain(..self.at);
        self.at = 0;
        if self.input.capacity() - self.input.len() < ROOM / 4 {
            self.input.reserve(ROOM);
        }
        pin!(self.stream.read_buf(&mut self.input)).poll(context)
    }
}

/// What became of a request that was to be sent.
enum Sent {
    Whole,
    /// The connection broke on the way.
    Part,
    /// The server did not wait for all of it.
    Answered(Box<Head>),
}

/// How long the heads before the answer's were.
#[derive(Default)]
struct Heads {
    passed_over: usize,
}

impl Heads {
    /// Whether there may be so much more.
    fn allow(&self, more: usize) -> Result<(), Failure> {
        if self.passed_over + more > MOST_OF_A_HEAD {
            return Err(failure::not_http(&"its head is too long"));
        }
        Ok(())
    }
}

/// The body of an answer while it is read.
struct Content<'a> {
    bytes: &'a mut Vec<u8>,
    status: u16,
    most: usize,
    attempt: &'a AttemptStatus,
}

impl Content<'_> {
    /// Where so much more of it ends.
    fn end(&self, more: u64) -> Result<usize, Failure> {
        let end = usize::try_from(more).ok().and_then(|more| self.bytes.len().checked_add(more));
        end.filter(|end| *end <= self.most).ok_or_else(|| self.too_large())
    }

    #[cold]
    fn too_large(&self) -> Failure {
        failure::too_large(self.status, self.most)
    }
}

fn filled(came: io::Result<usize>, attempt: &AttemptStatus) -> Result<usize, Failure> {
    match came {
        Ok(0) => Err(closed(attempt)),
        Ok(came) => Ok(came),
        Err(error) => Err(failure::on_connection(&error, attempt)),
    }
}

#[cold]
fn closed(attempt: &AttemptStatus) -> Failure {
    failure::lost("the server closed it", attempt)
}

/// Where some see a line's end, and others do not.
fn has_bare_line_feed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\n") || bytes.windows(2).any(|two| two[1] == b'\n' && two[0] != b'\r')
}

/// Whether a head may end in the bytes that came last.
fn may_be_whole(bytes: &[u8], came: usize) -> bool {
    let last = &bytes[bytes.len().saturating_sub(came + 2)..];
    bytes.len() <= SMALL_HEAD
        || last.windows(2).any(|two| two == b"\n\n")
        || last.windows(3).any(|three| three == b"\n\r\n")
}

#[cfg(test)]
mod tests;
