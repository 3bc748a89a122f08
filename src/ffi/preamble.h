/*
 * iplaygames.h: a client for the IPlayGames game-aggregator API. It starts, checks and ends game
 * sessions, and calls every other operation of the API. Arguments and results are JSON text.
 *
 * A complete program:
 *
 * ```c
 * #include <iplaygames.h>
 * #include <stdio.h>
 *
 * int main(void) {
 *     ipg_client *client = NULL;
 *     char *json = NULL, *url = NULL;
 *     ipg_code code = ipg_client_new("{\"base_url\": \"http://127.0.0.1:8080\"}", &client, &json);
 *     if (code == IPG_OK) {
 *         ipg_string_free(json);
 *         code = ipg_session_start(client,
 *             "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
 *             " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}", &json);
 *     }
 *     if (code == IPG_OK && ipg_json_get(json, "/data/game_url", NULL, &url, NULL) == IPG_OK) {
 *         printf("play at %s\n", url);
 *     } else {
 *         fprintf(stderr, "%s: %s\n", ipg_code_name(code), json ? json : "");
 *     }
 *     ipg_string_free(url);
 *     ipg_string_free(json);
 *     ipg_client_free(client);
 *     return code == IPG_OK ? 0 : 1;
 * }
 * ```
 *
 *
 * THE RULES
 *
 * Codes. Every function that can fail returns an ipg_code. 0 (IPG_OK) means success. 1xx: the call
 * itself is wrong. 2xx: the transport failed. 4xx and 5xx: the API refused the call or failed. 900:
 * a defect in the library. A number never changes its meaning. A later version may add codes.
 *
 * Documents. A function with an `out_json` parameter writes one JSON document to it. On success it
 * is the API's response, byte for byte, or the document that the function describes. On failure it
 * is always the error document:
 *
 *     {"success": false, "error": {"code": 404, "name": "IPG_ERR_NOT_FOUND",
 *       "message": "Session not found", "operation": "get_session_status",
 *       "outcome": "rejected", "retryable": false, "attempts": 1, "elapsed_ms": 12,
 *       "http_status": 404, "request_id": null, "call_id": "7b0c", "retry_after_ms": null,
 *       "field": null, "body": {"success": false, "message": "Session not found"}}}
 *
 *   operation  the name of the operation. The three session functions use start_a_game_session
 *              (ipg_session_start), get_session_status (ipg_session_status, ipg_session_watch) and
 *              end_a_game_session (ipg_session_end).
 *   outcome    "not_sent": the request was not sent.
 *              "rejected": the request was refused, by the API or with a status that says that the
 *              request was not processed.
 *              "unknown": the server may have processed the call. After a start, a session may
 *              exist. A 5xx is "unknown", except a refusal that the API documents. For an
 *              operation that only reads, "unknown" means that no usable response came; nothing
 *              can have changed. docs/outcomes.md lists the outcome of every response.
 *   retryable  true if the same call may succeed later.
 *   field      a JSON pointer to the wrong argument, such as "/currency".
 *   body       the API's response if it was JSON. Otherwise there is body_text, the first 512
 *              characters of the response.
 *
 * Out-parameters. Each out-parameter may be NULL if its result is not wanted. Every function first
 * sets the out-parameters that are not NULL to NULL or 0, so they are valid after every return.
 *
 * Aliasing. Two out-parameters of a call must not point to the same object. An out-parameter must
 * not point into a string that the same call reads.
 *
 * Ownership. The caller owns each string that a function returns through an out-parameter, and
 * frees it with ipg_string_free(), never with free(). The caller keeps the ownership of each string
 * that it passes in. The library reads that string during the call only and keeps no pointer to it.
 * The string must not change during the call. Each handle has a function that ends it.
 *
 * Strings. All strings are UTF-8 and end with a NUL, in both directions. A string that is not UTF-8
 * is refused with IPG_ERR_INVALID_ARGUMENT; the message names the position of the first wrong byte.
 * NULL means an empty object where the function's description says so. Elsewhere NULL is refused
 * with IPG_ERR_INVALID_ARGUMENT.
 *
 * Requests. ipg_submit() starts a call and returns at once. ipg_session_watch() starts a watch. The
 * handle of both is an ipg_request. The host gets the result in one of two ways, and each way is
 * sufficient: with ipg_request_poll() or ipg_request_wait(), or with a callback and
 * ipg_client_tick(). A request makes progress only while a thread drives the client. These drive
 * it: a tick, a wait, a blocking call, and the client's own thread ("io_thread": true).
 *
 * Callbacks. The callback of a request runs only if the function that took it returned IPG_OK.
 *
 *   where    inside ipg_client_tick() or ipg_client_shutdown(), on the thread that calls it, with
 *            no lock held. Callbacks never run on a thread of the library.
 *   order    one callback of a client at a time, in the order in which the events occurred.
 *   how often  once for each update of a watch, with IPG_PENDING, and exactly once with another
 *            code when the request ends.
 *   freed    after a request or its client is freed, no callback of it starts. Freeing never waits
 *            and runs no callback of a request. It is allowed inside a callback and a finalizer. If
 *            the callback is running on another thread at that moment, this run is the last one, and
 *            `user_data` must stay valid until it ends. The finalizer says when that is.
 *   allowed  a callback may call any function of the library.
 *   forbidden  a callback must return. An exception that leaves a callback ends the process. So
 *            does canceling a thread (pthread_cancel) inside the library. A callback must not leave
 *            with longjmp.
 *   memory   the library owns the strings that it passes to a callback. They are invalid after the
 *            callback returns.
 *
 * Finalizers. A function that takes a `user_data` also takes an ipg_finalizer for it. The library
 * calls the finalizer exactly once for each call of such a function, when it will not use
 * `user_data` any more. NULL means that the host needs no call.
 *
 *   when     after the callback of the end has returned; when the request or its client is freed,
 *            or after the callback that is running then; for a logger, when it is replaced. Before the
 *            function returns, if it fails or if no callback is passed.
 *   where    on a thread that is inside a function of this library, with no lock held. Finalizers
 *            never run on a thread of the library: with "io_thread": true they wait for a tick,
 *            ipg_request_free(), ipg_client_shutdown() or ipg_client_free().
 *   allowed  a finalizer may call any function of the library. It must return, as a callback must.
 *   fork     a forked child does not call the finalizers that its parent passed.
 *   exit     the end of the process calls no finalizers.
 *
 * Pauses. When no thread drives a client for more than 100 ms, for example because the game is
 * paused, that time does not count towards the timeouts of its requests. An application that the
 * system suspends says so with ipg_client_suspend() and ipg_client_resume().
 *
 * Sleeping. A loop that sleeps between ticks sets a waker with ipg_client_set_waker() and asks
 * ipg_client_next_tick() how long it may sleep.
 *
 * Handles. An ipg_client, ipg_request or ipg_sandbox pointer is a number in the type of a pointer.
 * The host must not dereference it. A handle that is NULL, already freed, of another kind, or not
 * from this library is answered with IPG_ERR_INVALID_HANDLE. The library cannot check pointers to
 * strings and out-parameters: a pointer that is neither NULL nor valid is undefined behavior.
 *
 * Threads. Every function may be called on any thread, at any time, with any handle, even while
 * another thread uses or frees that handle. There is no "last error": the code and the document of
 * a call describe it completely.
 *
 * Threads of the library. A client has no permanent thread, except one named iplaygames-io if it is
 * configured with "io_thread": true. Helper threads named iplaygames-dns resolve host names and
 * load certificates, at most 9 for each client. A helper thread ends when it has nothing to do. The
 * first session that a client with a "journal" starts, checks or ends starts one thread, named
 * iplaygames-journal. A sandbox has one thread.
 *
 * Descriptors. From ipg_client_new() on, each client on Linux uses three file descriptors: two for
 * epoll and one eventfd. Each connection uses one more. Freeing the client closes them, also if
 * handles of its requests live on. If the host has closed the descriptors 0, 1 or 2, no descriptor
 * of the library takes their numbers, so that nothing the host writes to them reaches a server. The
 * library looks for closed ones when it creates descriptors. For a short time sockets without a
 * peer may occupy them; the host may replace these with dup2().
 *
 * Blocking. ipg_session_start, ipg_session_status, ipg_session_end and ipg_call block the calling
 * thread until the result is there, for at most the call's timeout_ms. ipg_client_prewarm,
 * ipg_request_wait and ipg_client_shutdown block for at most the time they are given;
 * ipg_client_shutdown also waits for a callback that is running on another thread, and at most two
 * seconds for a journal; ipg_client_set_logger and ipg_client_set_waker wait for a logger or a
 * waker that is running. The ipg_journal_ functions read and write a file, and ipg_journal_end_all
 * makes calls. All other functions return at once. A thread that blocks on a client may also do the
 * work of other threads' calls on it. If that thread is stopped, by a debugger for example, the
 * other calls are delayed. Use "io_thread": true or another client for threads that other threads'
 * blocking calls must not delay.
 *
 * Resources. If the process has no file descriptor or thread left, ipg_client_new or the call fails
 * with IPG_ERR_RESOURCES. Nothing was sent. If memory is exhausted, the process ends (the Rust
 * runtime aborts it), because an allocation of the standard library cannot fail. Only the body of a
 * response is allocated with care: IPG_ERR_RESPONSE_TOO_LARGE. Use max_response_bytes to limit it.
 * ipg_set_allocator() replaces the allocator.
 *
 * Output. The library writes nothing to standard output or standard error. The only exception is
 * the message of the Rust runtime before it ends the process, as for exhausted memory and for an
 * exception that leaves a callback. For log lines, set a logger with ipg_client_set_logger().
 *
 * Stack. A thread that calls the library needs 256 KiB of stack.
 *
 * Signals. The library installs and changes no signal handler. Its sockets never raise SIGPIPE.
 *
 * fork. A forked child may use the client handles and free the strings that it inherited. A client
 * opens new connections in the child. Calls that were running in the parent are not running in the
 * child: their callbacks never run there, and their request handles are answered with
 * IPG_ERR_INVALID_HANDLE.
 *
 * Exit. Nothing has to be freed before the process ends. A call that is made while the process
 * ends, in an atexit handler or the destructor of a thread-local variable, may return
 * IPG_ERR_SHUT_DOWN. Freeing always works. The shared library stays loaded after dlclose.
 *
 *
 * ARGUMENTS of a call: an unknown argument is refused with IPG_ERR_INVALID_ARGUMENT, and the
 * message names the nearest one. Parameters that a newer API has go into the argument "extra", an
 * object: its members are sent unchanged, in the query or in the body like the other arguments.
 *
 *
 * CONFIGURATION of a client: a JSON object with these keys. Any other key is refused.
 *
 *   key                  default
 *   api_key              $IPLAYGAMES_API_KEY
 *                            The bearer token. Required for the default base_url. The key belongs
 *                            to the operator and must not be shipped inside a game: connect the
 *                            game to a relay of the operator, without a key. ASCII, without spaces
 *                            at its ends. White space and a byte order mark around the variable's
 *                            value are removed. Freeing the client overwrites the library's copies.
 *   base_url             $IPLAYGAMES_BASE_URL, else https://api.iplaygames.ai
 *                            The server's address. A path in it is put before the path of each
 *                            operation. https; http only to this machine.
 *   allow_insecure_http  false
 *                            Allows http to other machines.
 *   headers              {}
 *                            More headers for each request, from name to value. ASCII, without
 *                            spaces at the ends of a value. Errors never show a value if the name
 *                            says that it is secret (authorization, cookie, ... token, key, secret,
 *                            password), or if it has 8 characters or more and is not a plain word.
 *   timeout_ms           30000
 *                            The time for a whole call: all attempts and the pauses between them.
 *   attempt_timeout_ms   10000
 *                            The time for an attempt that can be followed by another. The last
 *                            attempt has the rest of timeout_ms.
 *   connect_timeout_ms   5000
 *                            The time for opening a connection.
 *   max_retries          2
 *                            The number of attempts after the first, 0 to 20. A request is repeated
 *                            only if that is safe.
 *   max_connections      32
 *                            The number of open sockets, 1 to 4096. Further calls wait.
 *   max_in_flight        1024
 *                            The number of calls in flight and of requests that are not freed, 1 to
 *                            1048576. A further call is refused with IPG_ERR_BUSY.
 *   io_thread            false
 *                            true: one thread, iplaygames-io, drives the client. Requests then end
 *                            without ticks. Callbacks still wait for a tick.
 *   max_response_bytes   8388608
 *                            A larger response is the error IPG_ERR_RESPONSE_TOO_LARGE.
 *   journal              none
 *                            A file that records each session before its start is sent, so that a
 *                            process that is killed loses none: the path, or {"path": ...,
 *                            "durability": "full" or "normal"}. "normal" does not wait for the disk,
 *                            and may lose sessions when the power fails. See ipg_journal_open().
 *   transport            $IPLAYGAMES_TRANSPORT, else native
 *                            The HTTP library: "native", or "reqwest" in a build that contains it.
 *                            docs/transports.md lists the differences.
 *   proxy                the system's proxy
 *                            An http, https, socks4, socks4a, socks5 or socks5h URL, or "none".
 *                            host:3128 means http://host:3128. The proxy resolves the server's
 *                            name, except for socks4 and socks5. Without this key: HTTPS_PROXY,
 *                            HTTP_PROXY, ALL_PROXY and NO_PROXY of the environment, else the
 *                            settings of the system. A variable that cannot be used is an error.
 *   ca_file, ca_pem      none
 *                            Certificates to trust in addition to the system's: the name of a PEM
 *                            file, or the PEM text. At most 16 MB. The file must be a regular file.
 *                            ipg_client_new only looks it up; it is read at the first https call or
 *                            by ipg_client_prewarm. Every block must be a certificate.
 *   ca_only       false
 *                            true: trust only these certificates and not the system's.
 *   client_cert_file, client_cert_pem
 *                        none
 *                            The certificate that the client presents to a server that asks for
 *                            one, with those of its issuers after it: the name of a PEM file, or
 *                            the PEM text. A proxy never receives it.
 *   client_key_file, client_key_pem
 *                        the key beside the certificate
 *                            The private key of that certificate, not encrypted: PKCS#8, PKCS#1 or
 *                            SEC1; RSA, ECDSA (P-256, P-384) or Ed25519.
 *   user_agent           none
 *                            Text that is put before iplaygames-native/VERSION.
 *
 *
 * cbindgen generates this file from the sources; do not edit it.
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
