//! Decodes HTTP/1.1 responses from bytes in memory, for the fuzz targets. Contains no assertions; these are in
//! `fuzz/fuzz_targets/`.

use super::codec::{Decoder, Event};

/// A response that was decoded to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http1Response {
    /// The status code.
    pub status: u16,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// Whether the server keeps the connection open for another request.
    pub keep_alive: bool,
    /// How many of the given bytes belong to the response.
    pub used: usize,
    /// How many bytes the decoder received and did not use.
    pub unread: usize,
    /// Whether the response ends where the bytes that the decoder received end.
    pub is_drained: bool,
}

/// A decoder of the responses of one connection.
#[derive(Debug)]
pub struct Http1Decoder(Decoder);

impl Default for Http1Decoder {
    fn default() -> Http1Decoder {
        Http1Decoder(Decoder::new())
    }
}

impl Http1Decoder {
    /// Decodes the next response from `bytes`, which follow those that the decoder has received.
    ///
    /// The bytes are received in segments of the given sizes, repeated; all at once if there are none. With `direct`
    /// the content of a body is received without the decoder's buffer where the decoder allows it, as a connection
    /// does. `used` counts from the first byte that no earlier response used. `closes` tells whether the connection
    /// ends after the bytes.
    ///
    /// # Errors
    ///
    /// When the bytes are not a response, or only the beginning of one.
    pub fn decode(
        &mut self,
        bytes: &[u8],
        sizes: &[u8],
        direct: bool,
        closes: bool,
        max_body: usize,
    ) -> Result<Http1Response, String> {
        let decoder = &mut self.0;
        let before = decoder.unread();
        decoder.begin(max_body);
        let (mut rest, mut body, mut head) = (bytes, Vec::new(), None);
        let mut sizes = sizes.iter().map(|size| usize::from(*size) + 1).cycle();
        loop {
            let event = decoder.decode(&mut body).map_err(|error| format!("{error:?}"))?;
            match event {
                Event::Head(found) => {
                    head = Some(found);
                    continue;
                }
                Event::Partial => {}
                Event::End => break,
            }
            if rest.is_empty() {
                if closes && decoder.closed() {
                    continue;
                }
                return Err("the response is not complete".to_owned());
            }
            let size = sizes.next().unwrap_or(rest.len()).min(rest.len());
            let limit = decoder.direct_limit(&body).filter(|_| direct);
            let (segment, after) = rest.split_at(limit.map_or(size, |limit| limit.min(size)));
            rest = after;
            if limit.is_some() {
                body.extend_from_slice(segment);
                decoder.received_directly(segment.len(), &mut body).map_err(|error| format!("{error:?}"))?;
            } else {
                decoder.buffer().extend_from_slice(segment);
                decoder.received(segment.len());
            }
        }
        let head = head.ok_or("the response has no head")?;
        let unread = decoder.unread();
        let used = before + (bytes.len() - rest.len()) - unread;
        let is_drained = decoder.is_drained();
        decoder.shrink();
        let (status, keep_alive) = (head.answer.status, head.keep_alive);
        Ok(Http1Response { status, body, keep_alive, used, unread, is_drained })
    }
}
