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


#ifndef IPLAYGAMES_H
#define IPLAYGAMES_H

#include <stddef.h>
#include <stdint.h>

/** The major number of this header's version. ipg_version() returns the library's version. */
#define IPG_VERSION_MAJOR 0
/** The minor number of this header's version. */
#define IPG_VERSION_MINOR 1
/** The patch number of this header's version. */
#define IPG_VERSION_PATCH 0
/** This header's version as a string. */
#define IPG_VERSION_STRING "0.1.0"

/* Marks every exported function. Define IPG_STATIC when linking the static library. */
#ifndef IPG_API
#  if defined(_WIN32) && !defined(IPG_STATIC)
#    define IPG_API __declspec(dllimport)
#  elif defined(__GNUC__) && !defined(_WIN32)
#    define IPG_API __attribute__((visibility("default")))
#  else
#    define IPG_API
#  endif
#endif

/* Marks functions whose result must be checked: they return something that must be freed. */
#ifndef IPG_MUST_USE
#  if defined(__GNUC__)
#    define IPG_MUST_USE __attribute__((warn_unused_result))
#  else
#    define IPG_MUST_USE
#  endif
#endif

/** The call succeeded. */
#define IPG_OK 0

/** The call has not ended. */
#define IPG_PENDING 1

/** An argument is missing, malformed or not allowed; `field` points to it. */
#define IPG_ERR_INVALID_ARGUMENT 100

/** The handle is NULL, already freed, of another kind, or not from this library. */
#define IPG_ERR_INVALID_HANDLE 101

/** The API has no operation of that name. */
#define IPG_ERR_UNKNOWN_OPERATION 102

/** A limit of the client is reached; the call was not sent. */
#define IPG_ERR_BUSY 103

/** The client is shut down, or this thread or process is ending and can make no calls. */
#define IPG_ERR_SHUT_DOWN 104

/** This build of the library does not have this function, or the caller's context does not allow it. */
#define IPG_ERR_UNSUPPORTED 105

/** The JSON document has no value at this pointer. */
#define IPG_ERR_NO_SUCH_FIELD 106

/** The process or the system has no file descriptor, thread or memory left; the call was not sent. */
#define IPG_ERR_RESOURCES 107

/** The journal of sessions cannot be written or read; a start was not sent. */
#define IPG_ERR_JOURNAL 108

/** The file of a download cannot be written. */
#define IPG_ERR_FILE 109

/** The host name could not be resolved. */
#define IPG_ERR_RESOLVE 200

/** No connection could be opened. */
#define IPG_ERR_CONNECT 201

/** The TLS handshake failed: certificate, host name or protocol. */
#define IPG_ERR_TLS 202

/** The time limit of the call passed. */
#define IPG_ERR_TIMEOUT 203

/** The call was canceled, or its client was freed. */
#define IPG_ERR_CANCELED 204

/** The connection was lost before the complete response was received. */
#define IPG_ERR_CONNECTION_LOST 205

/** The response is not as the API documents: not HTTP, not JSON, or without a required field. */
#define IPG_ERR_BAD_RESPONSE 206

/** The response is larger than `max_response_bytes`. */
#define IPG_ERR_RESPONSE_TOO_LARGE 207

/** The server sent a redirect; the library never follows redirects. */
#define IPG_ERR_REDIRECT 208

/** HTTP 400: the API refused the request. */
#define IPG_ERR_BAD_REQUEST 400

/** HTTP 401: the API key is missing, wrong or inactive. */
#define IPG_ERR_UNAUTHORIZED 401

/** HTTP 403: the account may not do this. */
#define IPG_ERR_FORBIDDEN 403

/** HTTP 404: the session, game or other object does not exist. */
#define IPG_ERR_NOT_FOUND 404

/** HTTP 409: the state of the object does not allow this. */
#define IPG_ERR_CONFLICT 409

/** HTTP 422: the API refused a field; `body` has the API's list. */
#define IPG_ERR_UNPROCESSABLE 422

/** HTTP 429: too many requests; `retry_after_ms` is the time to wait, if the API names one. */
#define IPG_ERR_RATE_LIMITED 429

/** Any other refusal by the API: another 4xx, or `success: false` in a 2xx. */
#define IPG_ERR_API 499

/** HTTP 5xx other than 503: the server, or a proxy in front of it, failed. */
#define IPG_ERR_SERVER 500

/** HTTP 503: the service, or every provider for this game, country and currency, is unavailable. */
#define IPG_ERR_UNAVAILABLE 503

/** A defect in this library; report it with the message. */
#define IPG_ERR_INTERNAL 900

/**
 * The version of the binary interface that this header describes, `major << 16 | minor`. See
 * ipg_abi_version().
 */
#define IPG_ABI_VERSION 2

/**
 * A level for ipg_client_set_logger(): no lines.
 */
#define IPG_LOG_OFF 0

/**
 * A level: a call failed.
 */
#define IPG_LOG_ERROR 1

/**
 * A level: a problem that the library handled, or a mistake of the host.
 */
#define IPG_LOG_WARN 2

/**
 * A level: one line for each call.
 */
#define IPG_LOG_INFO 3

/**
 * A level: steps of a call, such as attempts, pauses and connections.
 */
#define IPG_LOG_DEBUG 4

/**
 * A level: everything.
 */
#define IPG_LOG_TRACE 5

/**
 * A type that ipg_json_get() returns: `null`.
 */
#define IPG_JSON_NULL 1

/**
 * A type that ipg_json_get() returns: `true` or `false`.
 */
#define IPG_JSON_BOOL 2

/**
 * A type that ipg_json_get() returns: a number.
 */
#define IPG_JSON_NUMBER 3

/**
 * A type that ipg_json_get() returns: a string.
 */
#define IPG_JSON_STRING 4

/**
 * A type that ipg_json_get() returns: an array.
 */
#define IPG_JSON_ARRAY 5

/**
 * A type that ipg_json_get() returns: an object.
 */
#define IPG_JSON_OBJECT 6

/**
 * A handle of a client. The handle is opaque: a number in the type of a pointer, which must not be
 * dereferenced. ipg_client_new() creates the handle, ipg_client_free() ends it.
 */
typedef struct ipg_client ipg_client;

/**
 * A handle of a request that a transport of the host sends. The handle is opaque: a number in the
 * type of a pointer, which must not be dereferenced. The library creates the handle for `send` of
 * #ipg_transport; ipg_exchange_respond(), ipg_exchange_fail() or the end of the call end it.
 */
typedef struct ipg_exchange ipg_exchange;

/**
 * A handle of a call in flight or of a watch. The handle is opaque: a number in the type of a
 * pointer, which must not be dereferenced. ipg_submit() and ipg_session_watch() create the handle,
 * ipg_request_free() ends it.
 */
typedef struct ipg_request ipg_request;

/**
 * The result of a call: one of the codes above, which are plain integers and can be used in `#if`.
 * 0 is #IPG_OK. Every other code of a call that has ended is an error.
 */
typedef int32_t ipg_code;

/**
 * Allocates `size` bytes, which are never 0, at an address that is a multiple of `alignment`, a
 * power of two. Returns NULL if there is no memory. See ipg_set_allocator().
 */
typedef void *(*ipg_allocate)(size_t size, size_t alignment);

/**
 * Resizes a block: returns a block of `new_size` bytes with the contents of the old one, which is
 * freed, or NULL, and then the old block is unchanged. See ipg_set_allocator().
 */
typedef void *(*ipg_reallocate)(void *memory, size_t old_size, size_t new_size, size_t alignment);

/**
 * Frees a block, which is never NULL. `size` and `alignment` are those that it was allocated with.
 * See ipg_set_allocator().
 */
typedef void (*ipg_deallocate)(void *memory, size_t size, size_t alignment);

/**
 * The level of a log line: one of the IPG_LOG_ constants.
 */
typedef int32_t ipg_log_level;

/**
 * Receives the log lines of a client. See ipg_client_set_logger().
 *
 * The parameters are: `user_data`, as it was passed to ipg_client_set_logger(); `level`, one of
 * the IPG_LOG_ constants from 1 to 5; `target`, the part of the library that wrote the line, such
 * as `"iplaygames::net"`; and `message`, the line. The library owns both strings. They are invalid
 * after the callback returns.
 */
typedef void (*ipg_log_callback)(void *user_data,
                                 ipg_log_level level,
                                 const char *target,
                                 const char *message);

/**
 * Receives a `user_data` that the library will not use any more, so that the host can free it.
 *
 * A function that takes a finalizer takes it beside a `user_data`. The library calls the finalizer
 * exactly once for each call of such a function, also when the function fails. NULL means that the
 * host needs no call. The rules are at the top of this header, under "Finalizers".
 */
typedef void (*ipg_finalizer)(void *user_data);

/**
 * Receives the result of a call, or an update of a watch. See ipg_submit().
 *
 * The parameters are: `user_data`, as it was passed to ipg_submit(); `request`, the handle of the
 * call, which is never NULL and is valid while the callback runs; `code`, which is #IPG_PENDING
 * for an update of a watch and any other code for the end; and `json`, the API's response or the
 * error document. The library owns `json`, which is invalid after the callback returns.
 */
typedef void (*ipg_callback)(void *user_data, ipg_request *request, ipg_code code, const char *json);

/**
 * Receives the progress of ipg_journal_end_all(), after each entry. Returns 0 to go on, and
 * another number to stop.
 *
 * The parameters are: `user_data`, as it was passed to ipg_journal_end_all(); and `json`,
 * `{"done": 3, "result": "ended", "error": null, "session": {…}}`. `result` is `"ended"`,
 * `"already_over"`, `"failed"` (with the error document in `error`), `"without_id"` or
 * `"other_host"`. The library owns `json`, which is invalid after the callback returns.
 */
typedef int32_t (*ipg_journal_callback)(void *user_data, const char *json);

/**
 * Sends a request. See #ipg_transport.
 *
 * The parameters are: `user_data` of the transport; `exchange`, the handle to answer with;
 * `method`, one of `GET`, `POST`, `PUT` and `DELETE`; `url`, the whole address; `headers`, lines
 * of the form `name: value` that each end with CR and LF, with the API key and without Host and
 * Content-Length; and `body` with its length, which is NULL and 0 for no body. The library owns
 * all strings and the body. They are invalid after the function returns, and the host must not log
 * them.
 */
typedef void (*ipg_transport_send)(void *user_data,
                                   ipg_exchange *exchange,
                                   const char *method,
                                   const char *url,
                                   const char *headers,
                                   const void *body,
                                   size_t body_len);

/**
 * Stops a request whose call has ended. See #ipg_transport.
 */
typedef void (*ipg_transport_cancel)(void *user_data, ipg_exchange *exchange);

/**
 * The functions of a host that sends the HTTP requests of a client with its own library: on
 * consoles, in engines and in browsers. See ipg_client_new_with_transport().
 *
 * `send` starts to send a request and returns at once. The host answers the exchange once, with
 * ipg_exchange_respond() or ipg_exchange_fail(), on any thread, inside or after `send`. An
 * exchange that is never answered ends with its call, by the call's time limit.
 *
 * `cancel`, which may be NULL, is called once for an exchange whose call ends without an answer:
 * by a cancellation, a time limit, or the end of the client. It may come as late as the next tick.
 * The handle is invalid then; an answer is refused with #IPG_ERR_INVALID_HANDLE and has no effect.
 * An answer between the end of the call and `cancel` is accepted and has no effect either; then
 * `cancel` is not called.
 *
 * Both functions run on the thread that drives a call, inside a function of this library, with no
 * lock held. They must return and must not block. They may call ipg_exchange_respond(),
 * ipg_exchange_fail() and every function that does not drive. A blocking call is refused with
 * #IPG_ERR_UNSUPPORTED, a tick does nothing, and ipg_client_shutdown() cancels the calls.
 *
 * The host must not follow redirects, must not send a request a second time, and must remove a
 * content coding (such as gzip) together with its header.
 */
typedef struct {
  /**
   * `sizeof(ipg_transport)`. A later version of the library may add members at the end.
   */
  size_t size;
  /**
   * The pointer that the library passes to the functions.
   */
  void *user_data;
  /**
   * Called once when the library does not use `user_data` any more. May be NULL.
   */
  ipg_finalizer finalizer;
  /**
   * Sends a request.
   */
  ipg_transport_send send;
  /**
   * Stops a request. May be NULL.
   */
  ipg_transport_cancel cancel;
} ipg_transport;

/**
 * Wakes the thread that ticks a client. See ipg_client_set_waker().
 */
typedef void (*ipg_waker)(void *user_data);

/**
 * The type of a JSON value: one of the IPG_JSON_ constants.
 */
typedef int32_t ipg_json_type;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Returns the version of the loaded library's binary interface: `major << 16 | minor`.
 *
 * A program that was compiled with one header works with a library that has the same major number
 * and the same or a higher minor number. While the major number is 0, the minor numbers must be
 * equal.
 *
 * Threads: any. Cannot fail.
 *
 * \return The version of the binary interface.
 *
 * ```c
 * if (ipg_abi_version() != IPG_ABI_VERSION) {
 *     fprintf(stderr, "libiplaygames is %s, but another version was expected\n", ipg_version());
 * }
 * ```
 */
IPG_API uint32_t ipg_abi_version(void);

/**
 * Returns the version of the loaded library, such as `"0.1.0"`.
 *
 * Threads: any. Cannot fail.
 *
 * \return A static string, which must not be freed.
 *
 * ```c
 * printf("libiplaygames %s\n", ipg_version());
 * ```
 */
IPG_API const char *ipg_version(void);

/**
 * Returns the name of a code, such as `"IPG_ERR_NOT_FOUND"`.
 *
 * Threads: any. Cannot fail.
 *
 * \param code Any number.
 * \return A static string, which must not be freed; never NULL. `"IPG_ERR_UNKNOWN"` if no code has
 * this number.
 *
 * ```c
 * ipg_code code = ipg_client_free(client);
 * if (code != IPG_OK) {
 *     fprintf(stderr, "free: %s\n", ipg_code_name(code));
 * }
 * ```
 */
IPG_API const char *ipg_code_name(ipg_code code);

/**
 * Returns the meaning of a code in one English sentence, such as `"HTTP 404: ..."`. The message of
 * an error document says more, because it names what was wrong.
 *
 * Threads: any. Cannot fail.
 *
 * \param code Any number.
 * \return A static string, which must not be freed; never NULL. `"No code of this library has this
 * number."` if that is so.
 *
 * ```c
 * ipg_code code = ipg_client_free(client);
 * if (code != IPG_OK) {
 *     fprintf(stderr, "%s: %s\n", ipg_code_name(code), ipg_code_message(code));
 * }
 * ```
 */
IPG_API const char *ipg_code_message(ipg_code code);

/**
 * Returns the table of the API's operations as a JSON document, so that a host can list the
 * operations and check arguments before it makes a call.
 *
 * The document is `{"success": true, "operations": [...]}`. The members of an operation are `id`,
 * `tag`, `method`, `path` (parameters in braces), `summary`, `idempotency` (`"safe"`,
 * `"idempotent"` or `"non_idempotent"`), `response` (`"document"`, `"any"` or `"file"`) and
 * `params`. The members of a parameter are `name`, `in` (`"path"`, `"query"`, `"body"` or
 * `"file"`), `type` (`"string"`, `"integer"`, `"number"`, `"numeric"`, `"boolean"`, `"object"` or
 * `"array"`), `items` (the type of the items of an array), `required`, `nullable`, and `format`
 * (`"currency"`, `"country"`, `"ip"`, `"expire_days"` or null). A later version may add members
 * and values.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any. Never blocks.
 *
 * \param out_json Receives the document. May be NULL.
 * \return #IPG_OK.
 *
 * ```c
 * char *json = NULL, *id = NULL;
 * if (ipg_operations(&json) == IPG_OK
 *     && ipg_json_get(json, "/operations/0/id", NULL, &id, NULL) == IPG_OK) {
 *     puts(id);
 * }
 * ipg_string_free(id);
 * ipg_string_free(json);
 * ```
 */
IPG_API IPG_MUST_USE ipg_code ipg_operations(char **out_json);

/**
 * Frees a string that this library returned through an out-parameter.
 *
 * Freeing a string twice, or a pointer that is not a string of this library, does nothing but add
 * a warning to the log of every client. Do not rely on this: when the address of a freed string is
 * in use again, a second free of the old string frees the new one.
 *
 * Threads: any, also a thread that did not receive the string. Cannot fail.
 *
 * \param text The string, or NULL, for which the function does nothing.
 *
 * ```c
 * char *json = NULL;
 * if (ipg_client_stats(client, &json) == IPG_OK) {
 *     puts(json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API void ipg_string_free(char *text);

#if defined(__ANDROID__)
/**
 * Gives the Java virtual machine of the process to the library, which verifies certificates of
 * servers with it. Call it once, before the first https call. Android only.
 *
 * The program also needs the Java component of the crate rustls-platform-verifier
 * (docs/transports.md). A library that was built with the feature `bundled-roots` needs neither.
 *
 * Ownership: the parameters stay the host's. The library keeps references of its own until the
 * process ends. Threads: any.
 *
 * \param vm The `JavaVM *` of the process, as `JNI_OnLoad` receives it.
 * \param context A `jobject` of the class `android.content.Context`, such as the activity.
 * \param out_json Receives the document `{"success": true}`, or the error document. May be NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT if a parameter is NULL; #IPG_ERR_INTERNAL if Java
 *     throws an exception.
 *
 * ```c
 * #if defined(__ANDROID__)
 * // `vm` is from JNI_OnLoad(), `activity` from the native method that runs.
 * if (ipg_android_init(vm, activity, &json) != IPG_OK) {
 *     puts(json);
 * }
 * ipg_string_free(json);
 * #endif
 * ```
 */
IPG_API ipg_code ipg_android_init(void *vm, void *context, char **out_json);
#endif

/**
 * Sets the allocator of the library for the whole process. Call it before any other function of
 * this library, except ipg_version(), ipg_abi_version(), ipg_code_name() and ipg_code_message():
 * memory that is allocated already cannot change its allocator. The allocator stays until the
 * process ends.
 *
 * All memory that the library allocates goes through these functions: strings that it returns,
 * clients, requests, connections, buffers and TLS. These allocations do not: those of the system's
 * functions that the library calls, such as getaddrinfo(), and the stacks of threads.
 *
 * The functions run on any thread, also on threads of the library and while a thread ends, and
 * several may run at the same time. They must not call a function of this library, and they must
 * return. If `allocate` returns NULL, the process ends.
 *
 * Threads: any, before any other thread uses the library. Never blocks.
 *
 * \param allocate The function that allocates memory. \param reallocate The function that resizes
 * a block. NULL: the library allocates, copies and frees. \param deallocate The function that
 * frees memory. \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT if `allocate` or `deallocate` is NULL
 * or `allocate` returns NULL; #IPG_ERR_BUSY if the library has allocated memory already, or an
 * allocator is set; #IPG_ERR_UNSUPPORTED if the library was built without the feature
 * `host-allocator`.
 *
 * ```c
 * // static void *allocate(size_t size, size_t alignment);
 * // static void deallocate(void *memory, size_t size, size_t alignment);
 * if (ipg_set_allocator(allocate, NULL, deallocate) != IPG_OK) {
 *     fprintf(stderr, "the library uses the allocator of the system\n");
 * }
 * ```
 */
IPG_API
ipg_code ipg_set_allocator(ipg_allocate allocate,
                           ipg_reallocate reallocate,
                           ipg_deallocate deallocate);

/**
 * Creates a client. Opens no connection and reads no certificates from files, also not from
 * `ca_file`; the first https call or ipg_client_prewarm() does that. Starts a thread only if the
 * configuration has `"io_thread": true`.
 *
 * Ownership: end the client with ipg_client_free(), free the string with ipg_string_free().
 * Threads: any. Any number of threads may use the client at the same time.
 *
 * \param config_json A JSON object with the keys that the top of this header lists. NULL and an
 * empty string are an empty object: every key then has its default.
 * \param out_client Receives the handle of the client. If NULL, the function only checks the
 * configuration.
 * \param out_json Receives `{"success": true, "version": "0.1.0", "base_url":
 * "https://api.iplaygames.ai"}`, which is the library's version and the server's address; or the
 * error document. May be NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT if a key is unknown, missing or wrong (the error's
 * `field` points to it); #IPG_ERR_BUSY if there are a million clients; #IPG_ERR_RESOURCES if the
 * system provides no event queue or no thread.
 *
 * ```c
 * ipg_client *mine = NULL;
 * char *json = NULL;
 * const char *config = "{\"base_url\": \"https://relay.example\", \"timeout_ms\": 5000}";
 * if (ipg_client_new(config, &mine, &json) != IPG_OK) {
 *     fprintf(stderr, "%s\n", json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_client_new(const char *config_json,
                        ipg_client **out_client,
                        char **out_json);

/**
 * Connects to the server before the first call: loads the trusted certificates, resolves the host
 * name and opens a connection. Sends no request. Blocks for at most `timeout_ms`.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any.
 *
 * \param client The client.
 * \param timeout_ms The time limit in milliseconds. 0 means the client's own `timeout_ms`.
 * \param out_json Receives `{"success": true, "elapsed_ms": 12}`, or the error document. May be
 * NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_RESOLVE, #IPG_ERR_CONNECT, #IPG_ERR_TLS or
 * #IPG_ERR_TIMEOUT if the connection failed; #IPG_ERR_BUSY at the limit of `max_in_flight`;
 * #IPG_ERR_CANCELED if the client is freed meanwhile; #IPG_ERR_SHUT_DOWN.
 *
 * ```c
 * char *json = NULL;
 * if (ipg_client_prewarm(client, 2000, &json) != IPG_OK) {
 *     fprintf(stderr, "no connection yet: %s\n", json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_client_prewarm(ipg_client *client,
                            uint32_t timeout_ms,
                            char **out_json);

/**
 * Returns the client's counts since its creation as a JSON document. Never blocks.
 *
 * The members are: `success` (always true), `base_url`, `calls` (the calls that have ended),
 * `succeeded` and `failed` (parts of `calls`), `attempts` (of these calls), `unknown` (the failed
 * calls with the outcome `"unknown"`), `abandoned` (the calls whose result the host did not take),
 * `in_flight` (the calls in flight now), and `roots` (the trusted certificates that are loaded:
 * `"none"`, `"given"`, `"system"` or, in a library with roots of its own, `"bundled"`). A client
 * with a journal also has `journal`: `rows` (the entries of the file), `bytes` (its size),
 * `commits`, `syncs` and `sync_us` (the commits that waited for the disk, and how long), and
 * `failed` (writes that failed). A later version may add members.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any.
 *
 * \param client The client.
 * \param out_json Receives the document, or the error document. May be NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_HANDLE.
 *
 * ```c
 * char *json = NULL;
 * if (ipg_client_stats(client, &json) == IPG_OK) {
 *     puts(json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API IPG_MUST_USE ipg_code ipg_client_stats(ipg_client *client, char **out_json);

/**
 * Shuts a client down before it is freed. New calls are refused with #IPG_ERR_SHUT_DOWN. The
 * function drives the calls in flight for at most `timeout_ms` and then cancels the remaining
 * calls. It cancels watches at once. It runs every callback on this thread, and joins the thread
 * of `"io_thread": true`.
 *
 * After the function returns, no callback of a request is running and none will run, except the
 * callback that called the function. The function therefore waits for a callback that is running
 * on another thread, without a time limit. If a callback calls the function, the remaining
 * callbacks run inside that callback.
 *
 * If the client has a journal, the function also waits at most two seconds until it is written and
 * its file is closed. Windows does not move or remove a file that is open.
 *
 * Threads: any. A callback may call this function.
 *
 * \param client The client.
 * \param timeout_ms The time limit in milliseconds for the calls in flight.
 * \return #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN if the client was shut down before,
 * or if this thread can make no calls any more; #IPG_ERR_UNSUPPORTED inside a function of an
 * #ipg_transport. In the last two cases the function drives nothing and does everything else.
 *
 * ```c
 * ipg_client_shutdown(client, 2000);
 * ipg_client_free(client);
 * ```
 */
IPG_API ipg_code ipg_client_shutdown(ipg_client *client, uint32_t timeout_ms);

/**
 * Frees a client and ends its handle. Its calls in flight on other threads return
 * #IPG_ERR_CANCELED. No callback of its requests starts any more. The handles of its requests stay
 * valid and must be freed. Polling them returns their end, which is #IPG_ERR_CANCELED for requests
 * that were in flight.
 *
 * The client counts and logs every call that ends here, with its call id and its outcome. If a
 * logger is set, it runs on this thread for these lines.
 *
 * Never waits. A finalizer and a callback may call this function. A callback or the logger may
 * still be running on another thread that is inside a call of this client. Such a run of a
 * callback is the last, and the finalizers run on that thread. All other finalizers run inside
 * this function. The thread of a journal writes the rest and closes the file afterwards.
 *
 * Threads: any.
 *
 * \param client The client.
 * \return #IPG_OK; #IPG_ERR_INVALID_HANDLE, also for NULL and for a client that was freed before.
 *
 * ```c
 * ipg_client_free(client);
 * client = NULL;
 * ```
 */
IPG_API ipg_code ipg_client_free(ipg_client *client);

/**
 * Sets the logger of a client, or removes it. A line never contains the API key, the value of a
 * header, or a body.
 *
 * The callback runs only on threads that are inside an `ipg_` call with this client, just before
 * that call returns. It runs for one line at a time, with no lock held. Lines that other threads
 * write wait for the next such call; at most 256 lines wait. The callback may call any function of
 * this library. Lines that are written inside the callback are dropped. The callback must return:
 * an exception that leaves it, or a thread that ends in it, ends the process and loses the result
 * of the call. A host whose logger can throw must catch the exception in the callback.
 *
 * When this function returns, the logger that was set before is not running and never runs again,
 * and its finalizer has run. For this the function waits while that logger runs on
 * another thread.
 *
 * Threads: any.
 *
 * \param client The client. \param callback The logger. NULL removes the logger. \param user_data
 * A pointer that the library passes to the callback. \param finalizer The function that is called
 * when `user_data` is not used any more, or NULL: when the logger is replaced or removed, and when
 * the client is freed and no thread is inside a call of it. Without a logger (NULL, IPG_LOG_OFF,
 * an error), it is called before this function returns. See #ipg_finalizer. \param max_level The
 * most detailed level that the logger receives, IPG_LOG_ERROR (1) to IPG_LOG_TRACE (5).
 * IPG_LOG_OFF (0) removes the logger. \return #IPG_OK; #IPG_ERR_INVALID_HANDLE;
 * #IPG_ERR_INVALID_ARGUMENT for another level; #IPG_ERR_BUSY if the client's own logger calls this
 * function.
 *
 * ```c
 * // static void on_log(void *user_data, ipg_log_level level, const char *target, const char *text);
 * ipg_client_set_logger(client, on_log, stderr, NULL, IPG_LOG_INFO);
 * ```
 */
IPG_API
ipg_code ipg_client_set_logger(ipg_client *client,
                               ipg_log_callback callback,
                               void *user_data,
                               ipg_finalizer finalizer,
                               ipg_log_level max_level);

/**
 * Starts a game session for a player, and blocks until the result is there. The operation is
 * `start_a_game_session`.
 *
 * A start is never sent a second time if the server may have received the first. If the error's
 * `outcome` is `"unknown"`, a session may exist.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any.
 *
 * \param client The client.
 * \param request_json A flat JSON object. Required: `game_id` (integer), `player_id` (string),
 * `currency`, `country_code` (two letters), `ip_address` (of the player). Optional: `return_url`,
 * `locale`, `provider`, `device`, `freespin_id`, `freespin_count`, `freespin_bet_amount`,
 * `expire_days`. Other members are sent unchanged, but a name that resembles one of these is an
 * error.
 * \param out_json Receives the API's response, with `/data/session_id`, `/data/game_url` and, as
 * the API documents, `/data/session_token` and `/data/expires_at`; or the error document. May be
 * NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT, with a `field` such as `/currency`, before anything
 * is sent; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY; #IPG_ERR_SHUT_DOWN; the transport codes (2xx)
 * and the API codes (4xx, 5xx).
 *
 * ```c
 * char *json = NULL;
 * ipg_code code = ipg_session_start(client,
 *     "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
 *     " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}", &json);
 * if (code == IPG_OK) {
 *     char *url = NULL;
 *     if (ipg_json_get(json, "/data/game_url", NULL, &url, NULL) == IPG_OK) {
 *         puts(url);
 *     }
 *     ipg_string_free(url);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_session_start(ipg_client *client,
                           const char *request_json,
                           char **out_json);

/**
 * Returns the status of a game session, and blocks until the result is there. The operation is
 * `get_session_status`.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any.
 *
 * \param client The client.
 * \param session_id The session's id, as ipg_session_start() returned it.
 * \param out_json Receives the API's response, in which `/data/status` is `"active"` while the
 * session is open; or the error document. May be NULL.
 * \return #IPG_OK; #IPG_ERR_NOT_FOUND if the API does not know the id; #IPG_ERR_INVALID_ARGUMENT,
 * with the `field` `/session_id`; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY; #IPG_ERR_SHUT_DOWN; the
 * transport codes (2xx) and the API codes (4xx, 5xx).
 *
 * ```c
 * char *json = NULL, *status = NULL;
 * if (ipg_session_status(client, session_id, &json) == IPG_OK
 *     && ipg_json_get(json, "/data/status", NULL, &status, NULL) == IPG_OK) {
 *     puts(status);
 * }
 * ipg_string_free(status);
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_session_status(ipg_client *client,
                            const char *session_id,
                            char **out_json);

/**
 * Ends a game session, and blocks until the result is there. The operation is
 * `end_a_game_session`.
 *
 * If a response is lost, the request is repeated. If the API then says that the session does not
 * exist, the call succeeds with `{"success": true, "already_ended": true}`.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any.
 *
 * \param client The client.
 * \param session_id The session's id.
 * \param out_json Receives the API's response, or the error document. May be NULL.
 * \return The codes of ipg_session_status().
 *
 * ```c
 * char *json = NULL;
 * if (ipg_session_end(client, session_id, &json) != IPG_OK) {
 *     fprintf(stderr, "%s\n", json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_session_end(ipg_client *client,
                         const char *session_id,
                         char **out_json);

/**
 * Calls any operation of the API, and blocks until the result is there.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any.
 *
 * \param client The client.
 * \param operation The name of the operation, such as `"list_games"`.
 * \param arguments_json A flat JSON object with the path, query and body parameters by their
 * names. NULL is `{}`.
 * \param options_json A JSON object with settings for this call: `timeout_ms`, `max_retries`,
 * `call_id`, which is sent as `X-Request-Id`, and `headers`, an object of strings, which replace
 * headers of the client of the same name. A member that is missing has the client's value. NULL is
 * `{}`.
 * \param out_json Receives the API's response, byte for byte, or the error document. May be NULL.
 * \return #IPG_OK; #IPG_ERR_UNKNOWN_OPERATION; #IPG_ERR_INVALID_ARGUMENT, with a `field` if a
 * member of `arguments_json` is wrong; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY; #IPG_ERR_SHUT_DOWN;
 * the transport codes (2xx) and the API codes (4xx, 5xx).
 *
 * ```c
 * char *json = NULL;
 * ipg_code code = ipg_call(client, "get_session_status", "{\"session_id\": \"abc123\"}",
 *                          "{\"timeout_ms\": 2000, \"max_retries\": 0}", &json);
 * printf("%s: %s\n", ipg_code_name(code), json);
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_call(ipg_client *client,
                  const char *operation,
                  const char *arguments_json,
                  const char *options_json,
                  char **out_json);

/**
 * Starts a call of any operation, and returns at once. Nothing is sent before a thread drives the
 * client with ipg_client_tick(), ipg_request_wait() or a blocking call, or before the client's own
 * thread does, if the configuration has `"io_thread": true`.
 *
 * The host gets the result in one of two ways, and each is sufficient: it polls or waits for the
 * request, or it passes a `callback` and ticks. The callback runs only if this function returned
 * #IPG_OK. It runs inside ipg_client_tick() or ipg_client_shutdown(), on the thread that calls it,
 * with no lock held, one callback of a client at a time. It runs exactly once, unless the request
 * or the client is freed before.
 *
 * Requests that are not freed count towards the client's `max_in_flight`.
 *
 * Ownership: free the request with ipg_request_free(), also after its callback has run. Free the
 * string with ipg_string_free(). Threads: any.
 *
 * \param client The client.
 * \param operation The name of the operation, as in ipg_call().
 * \param arguments_json The arguments, as in ipg_call().
 * \param options_json The options, as in ipg_call().
 * \param callback The function that receives the result, or NULL.
 * \param user_data A pointer that the library passes to the callback.
 * \param finalizer The function that is called when `user_data` is not used any more, or NULL. See
 * #ipg_finalizer.
 * \param out_request Receives the handle, before the callback can run on another thread. If NULL,
 * the request frees itself after its callback; without a callback, NULL is refused.
 * \param out_json Receives `{"success": true, "call_id": "7b0c"}`, with the id that the call is
 * sent with; or the error document. With the error document, nothing is sent, `*out_request` is
 * NULL and the callback does not run. May be NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT; #IPG_ERR_UNKNOWN_OPERATION; #IPG_ERR_INVALID_HANDLE;
 * #IPG_ERR_BUSY if `max_in_flight` is reached; #IPG_ERR_SHUT_DOWN.
 *
 * ```c
 * // static void on_games(void *user_data, ipg_request *request, ipg_code code, const char *json);
 * char *json = NULL;
 * if (ipg_submit(client, "list_games", "{\"per_page\": \"20\"}", NULL, on_games, NULL, NULL, NULL,
 *                &json) != IPG_OK) {
 *     fprintf(stderr, "not sent: %s\n", json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_submit(ipg_client *client,
                    const char *operation,
                    const char *arguments_json,
                    const char *options_json,
                    ipg_callback callback,
                    void *user_data,
                    ipg_finalizer finalizer,
                    ipg_request **out_request,
                    char **out_json);

/**
 * Starts a game session for a player, and returns at once: the non-blocking form of
 * ipg_session_start(). The operation is `start_a_game_session`.
 *
 * A start is never sent a second time if the server may have received the first. If the error's
 * `outcome` is `"unknown"`, a session may exist.
 *
 * Ownership and threads: as for ipg_submit().
 *
 * \param client The client.
 * \param request_json The arguments, as in ipg_session_start().
 * \param options_json The options, as in ipg_call().
 * \param callback The function that receives the result, or NULL.
 * \param user_data A pointer that the library passes to the callback.
 * \param finalizer The function that is called when `user_data` is not used any more, or NULL. See
 * #ipg_finalizer.
 * \param out_request Receives the handle, as for ipg_submit().
 * \param out_json Receives the document with the call id, or the error document, as for
 * ipg_submit().
 * \return The codes of ipg_submit().
 *
 * ```c
 * ipg_request *start = NULL;
 * char *json = NULL;
 * if (ipg_session_submit_start(client,
 *         "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
 *         " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}",
 *         NULL, NULL, NULL, NULL, &start, NULL) == IPG_OK) {
 *     ipg_client_tick(client, 500, NULL); // once a frame
 *     if (ipg_request_poll(start, &json) == IPG_OK) {
 *         puts("the session has started");
 *     }
 *     ipg_string_free(json);
 * }
 * ipg_request_free(start);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_session_submit_start(ipg_client *client,
                                  const char *request_json,
                                  const char *options_json,
                                  ipg_callback callback,
                                  void *user_data,
                                  ipg_finalizer finalizer,
                                  ipg_request **out_request,
                                  char **out_json);

/**
 * Reads the status of a game session, and returns at once: the non-blocking form of
 * ipg_session_status(). The operation is `get_session_status`.
 *
 * Ownership and threads: as for ipg_submit().
 *
 * \param client The client. \param session_id The session's id. \param options_json The options,
 * as in ipg_call(). \param callback The function that receives the result, or NULL. \param
 * user_data A pointer that the library passes to the callback. \param finalizer The function that
 * is called when `user_data` is not used any more, or NULL. See #ipg_finalizer. \param out_request
 * Receives the handle, as for ipg_submit(). \param out_json Receives the document with the call
 * id, or the error document, as for ipg_submit(). \return The codes of ipg_submit();
 * #IPG_ERR_INVALID_ARGUMENT with the `field` `/session_id` for a wrong id.
 *
 * ```c
 * // static void on_games(void *user_data, ipg_request *request, ipg_code code, const char *json);
 * char *json = NULL;
 * if (ipg_session_submit_status(client, session_id, NULL, on_games, NULL, NULL, NULL, &json) != IPG_OK) {
 *     fprintf(stderr, "not sent: %s\n", json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_session_submit_status(ipg_client *client,
                                   const char *session_id,
                                   const char *options_json,
                                   ipg_callback callback,
                                   void *user_data,
                                   ipg_finalizer finalizer,
                                   ipg_request **out_request,
                                   char **out_json);

/**
 * Ends a game session, and returns at once: the non-blocking form of
 * ipg_session_end(). The operation is `end_a_game_session`.
 *
 * If a response is lost, the request is repeated. If the API then says that the session does not
 * exist, the call succeeds with `{"success": true, "already_ended": true}`.
 *
 * Ownership and threads: as for ipg_submit().
 *
 * \param client The client. \param session_id The session's id. \param options_json The options,
 * as in ipg_call(). \param callback The function that receives the result, or NULL. \param
 * user_data A pointer that the library passes to the callback. \param finalizer The function that
 * is called when `user_data` is not used any more, or NULL. See #ipg_finalizer. \param out_request
 * Receives the handle, as for ipg_submit(). \param out_json Receives the document with the call
 * id, or the error document, as for ipg_submit(). \return The codes of ipg_submit();
 * #IPG_ERR_INVALID_ARGUMENT with the `field` `/session_id` for a wrong id.
 *
 * ```c
 * // static void on_games(void *user_data, ipg_request *request, ipg_code code, const char *json);
 * char *json = NULL;
 * if (ipg_session_submit_end(client, session_id, NULL, on_games, NULL, NULL, NULL, &json) != IPG_OK) {
 *     fprintf(stderr, "not sent: %s\n", json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_session_submit_end(ipg_client *client,
                                const char *session_id,
                                const char *options_json,
                                ipg_callback callback,
                                void *user_data,
                                ipg_finalizer finalizer,
                                ipg_request **out_request,
                                char **out_json);

/**
 * Starts a watch of a game session, and returns at once. A watch reads the status of the session
 * at an interval and reports each change of the status. The first reading is always reported.
 *
 * An update has the code #IPG_PENDING and the response of ipg_session_status(). The callback
 * receives it; without a callback, ipg_request_poll() returns it. The watch ends:
 *
 * - with #IPG_OK and the last response, when the status says that the session is over (`closed`,
 *   `expired` and similar). A status that this library does not know is an update and not the end;
 * - with the error, when a reading fails and repeating it would not help;
 * - with #IPG_ERR_CANCELED, when it is canceled. ipg_client_shutdown() cancels watches at once.
 *
 * A reading that fails and may succeed later does not end the watch. After three such failures in
 * a row, the watch reports their error document (`"success": false`) once, with the code
 * #IPG_PENDING, and logs a warning. The next reading that succeeds is reported again.
 *
 * A watch makes progress only while a thread drives the client, as a call of ipg_submit() does.
 *
 * Ownership and threads: as for ipg_submit().
 *
 * \param client The client.
 * \param session_id The session's id.
 * \param interval_ms The time between two readings in milliseconds, at least 10. It varies by a
 * tenth. A second is a good value. There is one reading at a time.
 * \param callback The function that receives the updates and the end, or NULL.
 * \param user_data A pointer that the library passes to the callback.
 * \param finalizer The function that is called when `user_data` is not used any more, or NULL. See
 * #ipg_finalizer.
 * \param out_request Receives the handle, as for ipg_submit().
 * \param out_json Receives the document with the call id, or the error document, as for
 * ipg_submit().
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT, with the `field` `/session_id` or `/interval_ms`;
 * #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY if `max_in_flight` is reached; #IPG_ERR_SHUT_DOWN.
 *
 * ```c
 * ipg_request *watch = NULL;
 * char *json = NULL;
 * if (ipg_session_watch(client, session_id, 1000, NULL, NULL, NULL, &watch, NULL) == IPG_OK) {
 *     ipg_client_tick(client, 500, NULL); // once a frame
 *     if (ipg_request_poll(watch, &json) == IPG_PENDING && json) {
 *         printf("it is now %s\n", json);
 *     }
 *     ipg_string_free(json);
 * }
 * ipg_request_free(watch);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_session_watch(ipg_client *client,
                           const char *session_id,
                           uint32_t interval_ms,
                           ipg_callback callback,
                           void *user_data,
                           ipg_finalizer finalizer,
                           ipg_request **out_request,
                           char **out_json);

/**
 * Connects to the server before the first call, and returns at once: the non-blocking form of
 * ipg_client_prewarm(). Certificates are loaded on a helper thread and not in a tick. Sends no
 * request.
 *
 * The document of the end is `{"success": true, "elapsed_ms": 12}`, or the error document.
 *
 * Ownership and threads: as for ipg_submit().
 *
 * \param client The client.
 * \param timeout_ms The time limit in milliseconds. 0 means the client's own `timeout_ms`.
 * \param callback The function that receives the result, or NULL.
 * \param user_data A pointer that the library passes to the callback.
 * \param finalizer The function that is called when `user_data` is not used any more, or NULL. See
 * #ipg_finalizer.
 * \param out_request Receives the handle, as for ipg_submit().
 * \param out_json Receives `{"success": true}`, or the error document. May be NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT without a callback and without `out_request`;
 * #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY if `max_in_flight` is reached; #IPG_ERR_SHUT_DOWN.
 *
 * ```c
 * ipg_request *prewarm = NULL;
 * if (ipg_client_submit_prewarm(client, 2000, NULL, NULL, NULL, &prewarm, NULL) == IPG_OK) {
 *     ipg_client_tick(client, 500, NULL); // once a frame
 * }
 * ipg_request_free(prewarm);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_client_submit_prewarm(ipg_client *client,
                                   uint32_t timeout_ms,
                                   ipg_callback callback,
                                   void *user_data,
                                   ipg_finalizer finalizer,
                                   ipg_request **out_request,
                                   char **out_json);

/**
 * Drives the calls in flight without waiting, and runs the callbacks that are due on this thread.
 * A game calls this function once in each frame.
 *
 * Never sleeps. With nothing in flight, the function looks the handle up and reads one number.
 * Otherwise it polls for I/O until a poll makes no progress or the budget is used up. The function
 * checks the budget between polls and between callbacks; the time of the callbacks counts. One
 * step can take longer than the budget: a TLS handshake, loading the trusted certificates (see
 * ipg_client_prewarm()), or a response of several megabytes.
 *
 * Inside a callback, and while another thread runs callbacks of the client, a tick does nothing:
 * it returns #IPG_OK, and `*out_completed` is 0.
 *
 * When no thread drives a client for more than 100 ms, as in a pause of the game, that time does
 * not count towards the timeouts of its calls.
 *
 * Threads: any.
 *
 * \param client The client.
 * \param budget_us The time limit in microseconds. 0 means one poll and at most one callback.
 * \param out_completed Receives the number of callbacks that ran. May be NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN if this thread can make no calls
 * any more.
 *
 * ```c
 * uint32_t completed = 0;
 * ipg_client_tick(client, 500, &completed);
 * ```
 */
IPG_API ipg_code ipg_client_tick(ipg_client *client, uint32_t budget_us, uint32_t *out_completed);

/**
 * Returns the result of a request if it has ended. Never blocks and never drives the client: call
 * ipg_client_tick() for that, or use `"io_thread": true`.
 *
 * The result stays available until the request is freed, also for requests with a callback: every
 * call returns the same code and a new copy of the document. For a watch without a callback, each
 * update is returned once, with #IPG_PENDING and the response.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any.
 *
 * \param request The request.
 * \param out_json Receives the API's response, or the error document, also if the handle is
 * invalid. NULL while the request has not ended and has no update. May be NULL.
 * \return The code of the request if it has ended; #IPG_PENDING if it has not;
 * #IPG_ERR_INVALID_HANDLE, also in a forked child for a request of its parent.
 *
 * ```c
 * char *json = NULL;
 * ipg_code code = ipg_request_poll(request, &json);
 * if (code != IPG_PENDING) {
 *     printf("%s: %s\n", ipg_code_name(code), json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API IPG_MUST_USE ipg_code ipg_request_poll(ipg_request *request, char **out_json);

/**
 * Waits for the end of a request, and drives the client meanwhile. Runs no callbacks, and returns
 * no updates of a watch.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any. Several threads may wait for
 * the same request.
 *
 * \param request The request.
 * \param timeout_ms The time limit in milliseconds.
 * \param out_json Receives the document of the end, as for ipg_request_poll(). NULL after a
 * timeout. May be NULL.
 * \return The code of the request if it has ended; #IPG_PENDING after a timeout, in which case the
 * request goes on; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN if this thread can make no calls
 * any more.
 *
 * ```c
 * char *json = NULL;
 * if (ipg_request_wait(request, 2000, &json) == IPG_PENDING) {
 *     ipg_request_cancel(request);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_request_wait(ipg_request *request,
                          uint32_t timeout_ms,
                          char **out_json);

/**
 * Cancels a request. The request ends at once with #IPG_ERR_CANCELED; the `outcome` in its
 * document says whether the server may have processed the call. A request that has ended does not
 * change. The callback runs at the next tick. The connection of the request is closed as soon as a
 * thread drives the client.
 *
 * Threads: any.
 *
 * \param request The request.
 * \return #IPG_OK, also if the request has ended; #IPG_ERR_INVALID_HANDLE.
 *
 * ```c
 * ipg_request_cancel(request);
 * ```
 */
IPG_API ipg_code ipg_request_cancel(ipg_request *request);

/**
 * Frees a request, and cancels it if it has not ended. Its callback does not start any more.
 *
 * Never waits. A finalizer and a callback may call this function, also the callback of the request
 * itself. If the callback is running, on another thread or around this call, that run is the last,
 * and `user_data` must stay valid until it ends. The finalizer runs after that: inside this
 * function, or on the thread that runs the callback.
 *
 * Threads: any.
 *
 * \param request The request. \return #IPG_OK; #IPG_ERR_INVALID_HANDLE, also for NULL, for a
 * request that was freed before, and in a forked child for a request of its parent.
 *
 * ```c
 * ipg_request_free(request);
 * request = NULL;
 * ```
 */
IPG_API ipg_code ipg_request_free(ipg_request *request);

/**
 * Returns the sessions of the client's journal that may exist: those that are open, that are
 * ending, and those whose start has an unknown outcome. They were started with the same file, by
 * this or by other processes, also by processes that were killed. Blocks until the file is read.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any.
 *
 * \param client The client. Its configuration has the key `journal`.
 * \param filter_json A JSON object that selects other sessions, or NULL: `states` (a list of
 * `"unknown"`, `"open"`, `"ending"`, `"ended"`, `"rejected"`, `"not_sent"`, `"resolved"`),
 * `player_id`, `session_id`, `call_id`, `after` (an `id`: sessions with larger ids only) and
 * `limit` (1000).
 * \param out_json Receives `{"success": true, "sessions": [{"id": 7, "state": "open",
 * "session_id": "abc123", …}]}`, in the order of the starts; or the error document. May be NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for a wrong filter; #IPG_ERR_INVALID_HANDLE;
 * #IPG_ERR_JOURNAL if the file cannot be read; #IPG_ERR_UNSUPPORTED if the client has no journal,
 * or in a build without the journal.
 *
 * ```c
 * char *json = NULL;
 * if (ipg_journal_open(client, "{\"player_id\": \"player-7\"}", &json) == IPG_OK) {
 *     puts(json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_journal_open(ipg_client *client,
                          const char *filter_json,
                          char **out_json);

/**
 * Marks a session of the journal that is open, ending or unknown as resolved: the operator has
 * decided about it. ipg_journal_open() does not return it any more.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any.
 *
 * \param client The client.
 * \param id The `id` of the session in the journal.
 * \param note A text about the decision.
 * \param out_json Receives `{"success": true}`, or the error document. May be NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT, with the `field` `/id`, if there is no such session;
 * and the other codes of ipg_journal_open().
 *
 * ```c
 * ipg_journal_resolve(client, 7, "The operator found no session.", NULL);
 * ```
 */
IPG_API
ipg_code ipg_journal_resolve(ipg_client *client,
                             int64_t id,
                             const char *note,
                             char **out_json);

/**
 * Checks every session of the journal that is open or ending, and ends those that still exist.
 * Blocks until all calls have ended. A call that fails does not stop the others.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any.
 *
 * \param client The client.
 * \param options_json A JSON object, or NULL: `filter` (as in ipg_journal_open(), without `after`
 * and `limit`) and `call` (the options of each call, as in ipg_call()).
 * \param progress The function that is called on this thread after each session, with no lock
 * held, or NULL.
 * \param user_data A pointer that the library passes to the function.
 * \param finalizer The function that is called when `user_data` is not used any more, or NULL. See
 * #ipg_finalizer.
 * \param out_json Receives `{"success": true, "ended": 3, "already_over": 1, "failed": 0,
 * "without_id": 0, "other_host": 0}`, or the error document. Sessions without an id are starts
 * with an unknown outcome; those of another host were started at another `base_url`. May be NULL.
 * \return #IPG_OK, also if calls have failed; and the other codes of ipg_journal_open().
 *
 * ```c
 * char *json = NULL;
 * if (ipg_journal_end_all(client, NULL, NULL, NULL, NULL, &json) == IPG_OK) {
 *     puts(json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_journal_end_all(ipg_client *client,
                             const char *options_json,
                             ipg_journal_callback progress,
                             void *user_data,
                             ipg_finalizer finalizer,
                             char **out_json);

/**
 * Removes the sessions that do not exist any more, and were closed long ago, from the journal, and
 * gives their space back to the disk. Sessions that may exist stay. Blocks until this is done.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any.
 *
 * \param client The client.
 * \param older_than_days How many days ago the sessions were closed at least. 0 removes all.
 * \param out_json Receives `{"success": true, "removed": 1200}`, or the error document. May be
 * NULL.
 * \return The codes of ipg_journal_open().
 *
 * ```c
 * char *json = NULL;
 * if (ipg_journal_compact(client, 90, &json) == IPG_OK) {
 *     puts(json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_journal_compact(ipg_client *client,
                             uint32_t older_than_days,
                             char **out_json);

/**
 * Creates a client as ipg_client_new() does, whose requests the host sends. TLS, root
 * certificates, proxies and connections are then the host's: the keys for them have no effect.
 * Retries, time limits and outcomes are the library's. A request counts as sent when `send` is
 * called, unless the host answers that it was not.
 *
 * Ownership: end the client with ipg_client_free(), free the string with ipg_string_free(). The
 * library copies the table. The finalizer runs exactly once: before this function returns if it
 * fails or if `out_client` is NULL; otherwise when the client is freed and the last call has
 * ended, on a thread that is inside a function of this library. It does not run in a forked child,
 * nor for a table whose `size` is too small, which the library does not read.
 * Threads: any.
 *
 * \param config_json A JSON object, as for ipg_client_new(). `"io_thread": true` is refused,
 * because the functions of the host would run on a thread of the library. \param transport The
 * functions of the host. \param out_client Receives the handle of the client. If NULL, the
 * function only checks the configuration. \param out_json Receives what ipg_client_new() returns,
 * or the error document. May be NULL. \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT if a key is wrong
 * or the table is NULL, without `send` or with a wrong `size`; and the other codes of
 * ipg_client_new().
 *
 * ```c
 * // void send_request(void *user_data, ipg_exchange *exchange, const char *method,
 * //                   const char *url, const char *headers, const void *body, size_t body_len);
 * ipg_transport transport = {sizeof transport, NULL, NULL, send_request, NULL};
 * ipg_client *mine = NULL;
 * if (ipg_client_new_with_transport("{\"api_key\": \"…\"}", &transport, &mine, NULL) == IPG_OK) {
 *     ipg_client_free(mine);
 * }
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_client_new_with_transport(const char *config_json,
                                       const ipg_transport *transport,
                                       ipg_client **out_client,
                                       char **out_json);

/**
 * Answers an exchange with a complete response. The handle is invalid afterwards.
 *
 * Threads: any, also inside `send`.
 *
 * \param exchange The exchange.
 * \param status The HTTP status, 200 to 599.
 * \param headers The headers of the response: lines of the form `name: value` that end with LF or
 * CR LF. Empty lines are skipped. A line that begins with `HTTP/` begins a new response, so the
 * header lines of libcurl can be passed as they are. NULL means no headers. Headers of more than
 * 64 KiB, or with a control character, are not valid HTTP: the call fails with
 * #IPG_ERR_BAD_RESPONSE.
 * \param body The body, which the library copies. May be NULL if `body_len` is 0.
 * \param body_len The length of the body in bytes.
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for another status, a line without a colon, or NULL
 * with a length: the exchange is still open; #IPG_ERR_INVALID_HANDLE for an exchange that was
 * answered before or whose call has ended, and in a forked child for an exchange of its parent.
 *
 * ```c
 * const char *body = "{\"success\": true}";
 * const char *lines = "Content-Type: application/json\r\n";
 * if (ipg_exchange_respond(exchange, 200, lines, body, 17) == IPG_ERR_INVALID_HANDLE) {
 *     puts("the call has ended");
 * }
 * ```
 */
IPG_API
ipg_code ipg_exchange_respond(ipg_exchange *exchange,
                              uint32_t status,
                              const char *headers,
                              const void *body,
                              size_t body_len);

/**
 * Answers an exchange that has no response. The handle is invalid afterwards.
 *
 * Threads: any, also inside `send`.
 *
 * \param exchange The exchange.
 * \param kind What failed: #IPG_ERR_RESOLVE, #IPG_ERR_CONNECT, #IPG_ERR_TLS, #IPG_ERR_TIMEOUT,
 * #IPG_ERR_CONNECTION_LOST or #IPG_ERR_BAD_RESPONSE.
 * \param sent 0 only if it is certain that no byte of the request was sent: the outcome is then
 * `not_sent`, and a start may be sent again. Otherwise 1: the outcome of a start is `unknown`.
 * \param message The reason, for the error's message. NULL means none.
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for another `kind`: the exchange is still open;
 * #IPG_ERR_INVALID_HANDLE for an exchange that was answered before or whose call has ended, and in
 * a forked child for an exchange of its parent.
 *
 * ```c
 * ipg_exchange_fail(exchange, IPG_ERR_CONNECT, 0, "no network");
 * ```
 */
IPG_API
ipg_code ipg_exchange_fail(ipg_exchange *exchange,
                           ipg_code kind,
                           int32_t sent,
                           const char *message);

/**
 * Sets the waker of a client, or removes it. The library calls the waker when there is something
 * to tick for, so that a loop can sleep until then:
 *
 * - a callback is due, or a request or watch without a callback has something to poll;
 * - a call is submitted, or the client is resumed;
 * - a call can go on because of a thread that is not inside a function of this client: a host name
 *   is resolved, certificates are loaded, or the host's transport has answered.
 *
 * The waker does not see sockets and timers, which only a tick asks the system for. So the loop
 * sleeps for at most the time that ipg_client_next_tick() returns after each tick. With
 * `"io_thread": true` the client's thread does the I/O, and the waker says when a callback is
 * due; the loop can then sleep without a limit. There is no descriptor to poll: the I/O runtime
 * does not give it away.
 *
 * The library calls the waker on any thread, also on its own threads, with no lock held, and
 * perhaps more often than necessary. The waker must only wake the loop, for example by writing to
 * an eventfd or a pipe. It must not call a function of this library, and it must return. The waker
 * sees the requests that are submitted after it was set, so set it before the first one. A forked
 * child inherits the waker.
 *
 * When this function returns, the waker that was set before is not running and never runs again,
 * and its finalizer has run. For this the function waits while that waker runs on another thread.
 *
 * Threads: any.
 *
 * \param client The client. \param waker The waker. NULL removes the waker. \param user_data A
 * pointer that the library passes to the waker. \param finalizer The function that is called when
 * `user_data` is not used any more, or NULL: when the waker is replaced or removed, and when the
 * client is freed and no thread is inside a call of it. If `waker` is NULL or the function fails,
 * it is called before this function returns. See #ipg_finalizer. \return #IPG_OK;
 * #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY inside the waker.
 *
 * ```c
 * // static void wake_loop(void *user_data);
 * ipg_client_set_waker(client, wake_loop, game, NULL);
 * ```
 */
IPG_API
ipg_code ipg_client_set_waker(ipg_client *client,
                              ipg_waker waker,
                              void *user_data,
                              ipg_finalizer finalizer);

/**
 * Returns how long the host may sleep before the next tick of a client. Call it after each tick.
 * Never blocks.
 *
 * While requests are in flight, only a tick sees sockets and timers, so the time is at most 10
 * milliseconds. With `"io_thread": true` and a waker there is no limit.
 *
 * Threads: any.
 *
 * \param client The client. \param out_ms Receives the time in milliseconds. 0: a tick has
 * something to do now. `UINT32_MAX`: there is nothing to tick for before the waker is called or
 * the host submits a request. May be NULL. \return #IPG_OK; #IPG_ERR_INVALID_HANDLE.
 *
 * ```c
 * uint32_t ms = 0;
 * ipg_client_tick(client, 500, NULL);
 * if (ipg_client_next_tick(client, &ms) == IPG_OK && ms == UINT32_MAX) {
 *     puts("the loop may sleep until the waker is called");
 * }
 * ```
 */
IPG_API ipg_code ipg_client_next_tick(ipg_client *client, uint32_t *out_ms);

/**
 * Tells the client that the application is suspended, for example because a phone shows another
 * application, until ipg_client_resume(). Never blocks. Repeating it changes nothing.
 *
 * While the client is suspended:
 *
 * - no time counts towards the timeouts of its requests;
 * - ipg_client_tick() does nothing and returns #IPG_OK;
 * - blocking calls, ipg_client_prewarm() and ipg_request_wait() are refused with #IPG_ERR_BUSY,
 *   except the wait for a request that has ended. Blocking calls that are running on other threads
 *   go on;
 * - requests can be submitted, polled, canceled and freed. They make no progress, except with
 *   `"io_thread": true`, whose thread goes on until the system stops the process.
 *
 * ipg_client_shutdown() ends the suspension.
 *
 * Threads: any.
 *
 * \param client The client.
 * \return #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN.
 *
 * ```c
 * ipg_client_suspend(client); // the application goes to the background
 * ```
 */
IPG_API ipg_code ipg_client_suspend(ipg_client *client);

/**
 * Ends a suspension. Never blocks. Repeating it changes nothing.
 *
 * The connections that were idle during the suspension carry no more requests: the server or a
 * router may have forgotten them, and the first request on such a connection would be lost. New
 * requests open new connections. Requests whose responses were on their way go on where they were.
 * This is so for the native transport and for reqwest. A transport of the host, and a reqwest
 * client of a Rust host, keep their own connections.
 *
 * Threads: any.
 *
 * \param client The client.
 * \return #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN.
 *
 * ```c
 * ipg_client_resume(client); // the application is in front again
 * ```
 */
IPG_API ipg_code ipg_client_resume(ipg_client *client);

/**
 * Returns one value of a JSON document.
 *
 * Ownership: free the value with ipg_string_free(). Threads: any. Never blocks.
 *
 * \param json The document.
 * \param pointer A JSON pointer (RFC 6901), such as `"/data/session_id"` or
 * `"/data/games/0/title"`; `""` is the whole document. In a key, `/` is written `~1` and `~` is
 * written `~0`.
 * \param out_type Receives one of the IPG_JSON_ constants, or 0 if there is no value. May be NULL.
 * \param out_value Receives the value as text: a string without quotes and escapes; a number with
 * the digits of the document, so that amounts of money stay exact; `true`, `false` or `null`; an
 * array or object as JSON. May be NULL.
 * \param out_len Receives the length of the text in bytes, without the NUL at its end. A string
 * may contain NULs. May be NULL.
 * \return #IPG_OK; #IPG_ERR_NO_SUCH_FIELD if the document has no value at this pointer;
 * #IPG_ERR_INVALID_ARGUMENT if `json` is not JSON or is nested deeper than 128 levels, if
 * `pointer` is not a JSON pointer, or if the string is not valid Unicode (half a surrogate pair).
 *
 * ```c
 * char *balance = NULL;
 * ipg_json_type type = 0;
 * if (ipg_json_get("{\"balance\": 12.50}", "/balance", &type, &balance, NULL) == IPG_OK
 *     && type == IPG_JSON_NUMBER) {
 *     printf("balance is %s\n", balance); // 12.50
 * }
 * ipg_string_free(balance);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_json_get(const char *json,
                      const char *pointer,
                      ipg_json_type *out_type,
                      char **out_value,
                      size_t *out_len);

/**
 * Returns a text as a JSON string with its quotes, so that it can be put into a document.
 *
 * Ownership: free the string with ipg_string_free(). Threads: any. Never blocks.
 *
 * \param text The text. NULL is allowed if `len` is 0.
 * \param len The length of the text in bytes. `(size_t)-1` means that the text ends with a NUL.
 * \param out_json Receives the JSON string, or the error document: check the code before you use
 * it. May be NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT if `text` is not UTF-8, or if it is NULL and `len` is
 * not 0.
 *
 * ```c
 * char *name = NULL;
 * if (ipg_json_quote("say \"hi\"", (size_t)-1, &name) == IPG_OK) {
 *     printf("{\"player_id\": %s}\n", name);
 * }
 * ipg_string_free(name);
 * ```
 */
IPG_API IPG_MUST_USE ipg_code ipg_json_quote(const char *text, size_t len, char **out_json);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* IPLAYGAMES_H */
