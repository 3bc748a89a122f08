//! Random responses that are reproducible by their seed.

/// Pseudo-random numbers (splitmix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    pub(super) fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    /// Returns bytes that resemble a response and are often valid.
    pub(super) fn answer(&mut self) -> Vec<u8> {
        let mut bytes = if self.below(2) == 0 { self.good() } else { self.wild() }.into_bytes();
        for _ in 0..[0, 0, 0, 1, 2][self.below(5)] {
            let place = self.below(bytes.len());
            match self.below(3) {
                0 => bytes[place] = b"\r\n\0 :,;5\xff"[self.below(9)],
                1 => drop(bytes.remove(place)),
                _ => bytes.truncate(place.max(1)),
            }
        }
        bytes
    }

    fn good(&mut self) -> String {
        let status = self.one_of(&["200 OK", "201 Created", "404 Not Found", "503"]);
        let header =
            self.one_of(&["", "", "Server: x\r\n", "Connection: keep-alive\r\n", "Connection: close\r\n"]);
        let body = self.one_of(&["", "hello", "0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"]);
        if self.below(2) == 0 {
            return format!("HTTP/1.1 {status}\r\n{header}Content-Length: {}\r\n\r\n{body}", body.len());
        }
        let mut bytes = format!("HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n{header}\r\n");
        if !body.is_empty() {
            let (first, second) = body.split_at(1 + self.below(body.len()));
            for chunk in [first, second].into_iter().filter(|chunk| !chunk.is_empty()) {
                let extension = self.one_of(&["", "", ";x=y", " "]);
                bytes.push_str(&format!("{:x}{extension}\r\n{chunk}\r\n", chunk.len()));
            }
        }
        bytes + self.one_of(&["0\r\n\r\n", "0\r\n\r\n", "0\r\nX: y\r\n\r\n"])
    }

    fn wild(&mut self) -> String {
        let mut bytes = String::new();
        if self.below(8) == 0 {
            bytes.push_str(self.one_of(&[
                "HTTP/1.1 100 Continue\r\n\r\n",
                "HTTP/1.1 102 Processing\r\nX: y\r\n\r\n",
                "\r\n",
            ]));
        }
        bytes
            .push_str(self.one_of(&["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "http/1.1"]));
        bytes.push_str(self.one_of(&[
            " 200 OK",
            " 201 Created",
            " 204 No Content",
            " 304 N",
            " 404 Not Found",
            " 200",
            " 200 ",
            " 99 x",
            "200 OK",
            " 1000 x",
            " 503 \u{fc}",
        ]));
        bytes.push_str(self.one_of(&["\r\n", "\r\n", "\r\n", "\n", "\r"]));
        for _ in 0..self.below(5) {
            bytes.push_str(self.one_of(&[
                "Content-Length: 5",
                "Content-Length: 5",
                "content-length:5",
                "Content-Length: 3",
                "Content-Length: 05",
                "Content-Length: 5, 5",
                "Content-Length: +5",
                "Content-Length: 5 ",
                "Content-Length: 99999999999999999999",
                "Content-Length: 200000",
                "Transfer-Encoding: chunked",
                "Transfer-Encoding: chunked",
                "transfer-encoding: Chunked",
                "Transfer-Encoding: chunked ",
                "Connection: close",
                "Connection: keep-alive",
                "Connection: Upgrade, close",
                "Connection: x",
                "Content-Type: application/json",
                "X: \t y",
                "X:",
                ": x",
                "X y: z",
                "Retry-After: 3",
                "X: \u{fc}",
                "X: y\r\n z",
                "X : y",
                "X:\r\n\ty\r\n  z",
                "Content-Length : 5",
                "Content-Length:\r\n 5",
                "Content-Length: 5,\r\n\t5",
                "Content-Length: 5\r\n 5",
                "Transfer-Encoding\t: chunked",
                "Transfer-Encoding: chun\r\n ked",
                "Connection: x,\r\n close",
            ]));
            bytes.push_str(self.one_of(&["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n"]));
        }
        bytes.push_str(self.one_of(&["\r\n", "\r\n", "\r\n", "\r\n", "\n"]));
        for _ in 0..self.below(4) {
            bytes.push_str(self.one_of(&[
                "5\r\nhello\r\n",
                "5\r\nhello\r\n",
                "A\r\n0123456789\r\n",
                "00005\r\nhello\r\n",
                "5;x\r\nhello\r\n",
                "5; x=\"y\"\r\nhello\r\n",
                "5 \r\nhello\r\n",
                "5\nhello\n",
                "5\r\nhello",
                "5\r\nhello\n",
                "G\r\n",
                "\r\n",
                "hello",
                "FFFFFFFFFFFFFFFFF\r\n",
                "30D40\r\n",
                "5;x\ny\r\nhello\r\n",
            ]));
        }
        bytes.push_str(self.one_of(&[
            "0\r\n\r\n",
            "0\r\n\r\n",
            "0\r\n\r\n",
            "0\r\nX: y\r\n\r\n",
            "0\r\nX\r\n\r\n",
            "0;x\r\n\r\n",
            "000\r\n\r\n",
            "0\n\n",
            "",
            "hello",
        ]));
        bytes
    }

    pub(super) fn pieces(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut rest = bytes;
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(1 + self.below(rest.len()));
            pieces.push(piece.to_vec());
            rest = behind;
        }
        pieces
    }
}
