/*
 * iplaygames.h: a client for the IPlayGames game-aggregator API. It starts, checks and ends game
 * sessions, and calls every other operation of the API. JSON text goes in and comes out.
 *
 * A whole program:
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
 * THE CONTRACT
 *
 * Codes. Every function that can fail returns an ipg_code: 0 (IPG_OK) for done. 1xx is a mistake in the
 * call, 2xx went wrong on the way, 4xx and 5xx are the API's answer, 900 is a defect of the library. The
 * numbers never change their meaning; a later version may know more of them.
 *
 * Documents. Where there is an `out_json`, it receives the API's own answer byte for byte, or on failure
 * the error document, never both and never nothing:
 *
 *     {"success": false, "error": {"code": 404, "name": "IPG_ERR_NOT_FOUND", "message": "Session not found",
 *       "operation": "get_session_status", "outcome": "rejected", "retryable": false, "attempts": 1,
 *       "elapsed_ms": 12, "http_status": 404, "request_id": null, "call_id": "7b0c", "retry_after_ms": null,
 *       "field": null, "body": {"success": false, "message": "Session not found"}}}
 *
 *   outcome    "not_sent": the request was not sent. "rejected": the request was refused, by the API or with
 *              a status that says that it was not processed. "unknown": the call may have been done; after a
 *              start, a session may exist. A 5xx is "unknown", except a refusal that the API documents. For an
 *              operation that only reads, "unknown" means that no usable response came; nothing can have
 *              changed. docs/outcomes.md lists which response has which outcome.
 *   retryable  whether the very same call may work later.
 *   field      a JSON pointer to the argument that is wrong, such as "/currency".
 *   body       the API's answer if it was JSON; else there is body_text, its first 512 characters.
 *
 * Out-parameters. Each may be NULL when its result is not wanted. The others are set to NULL or 0 before
 * anything else happens, so they are good to look at after every return. They must be different places.
 *
 * Ownership. A text that comes out through an out-parameter is the caller's, until ipg_string_free() gets
 * it; never pass it to free(). A text that goes in stays the caller's: it is read while the function runs,
 * must not change meanwhile, and is not kept. A handle is ended by its own function.
 *
 * Text. UTF-8 with a NUL at its end, in both directions. What is not UTF-8 is refused with
 * IPG_ERR_INVALID_ARGUMENT, and the message says at which byte. NULL is an empty object where the function
 * says so, and else refused in the same way.
 *
 * Requests. A call that nobody waits for is begun by ipg_submit(), a watch by ipg_session_watch(); ipg_request
 * is their handle. There are two ways to the result, each complete without the other: ipg_request_poll() or
 * ipg_request_wait(); or a callback and ipg_client_tick(). Nothing moves unless somebody drives the client: a tick,
 * a wait, a blocking call, or its own thread if it was configured with "background": true.
 *
 * A request's callback runs if and only if the function that took it returned IPG_OK; inside ipg_client_tick()
 * or ipg_client_shutdown(), on the thread that called that; one of a client at a time; the last time with a code
 * other than IPG_PENDING, exactly once, unless the request or the client was freed before. Freeing forgets: it
 * never calls back, never waits, and may be done on a finalizer thread and inside the callback itself. It
 * answers IPG_PENDING while that very callback is running on another thread; its return is the end of it.
 *
 * Pauses. Time in which nobody drives a client, as while a game is paused, does not count against the timeouts of
 * its requests when it is longer than 100 ms: after it they find their answers.
 *
 * Handles. ipg_client and its like are numbers that look like pointers: only pass them back, never follow
 * them. A handle that is NULL, was freed before, is of another kind or was never made is answered with
 * IPG_ERR_INVALID_HANDLE. What stays undefined is what no library can check: a pointer to text or to an
 * out-parameter that is neither NULL nor good.
 *
 * Threads. Every function may be called on any thread, at any time, with any handle, also while another
 * thread uses or frees it. There is no "last error": everything about a call is in its answer. The
 * library starts no thread of its own, but for one that resolves a host name and is gone after it, and
 * one a client that is configured with "background": true; the sandbox has one too.
 *
 * Blocking. ipg_session_start, ipg_session_status, ipg_session_end, ipg_call and ipg_client_prewarm block
 * the calling thread until there is an answer, at most for the call's timeout_ms; ipg_request_wait and
 * ipg_client_shutdown for at most the time they are given, and shutdown for a callback that is running on another
 * thread. One thread's call may do the work of another's on the same client: a thread that is stopped in one, by
 * a debugger say, holds the others up. Threads of a game that must not be held up by others' blocking calls use
 * "background": true, or a client of their own. All else returns at once.
 *
 * Callbacks run on a thread that is inside a function of this library, with no lock held; they may call
 * any function. They must return: an exception that leaves one ends the process, and so does cancelling
 * a thread (pthread_cancel) inside this library. Do not longjmp out of one. What they are given, texts and all,
 * is the library's and gone afterwards.
 *
 * Stack. A thread that calls needs 256 KiB of it.
 *
 * Signals. None is installed or changed. SIGPIPE does not arise from this library's sockets.
 *
 * fork. A child may use the client handles and free the texts it inherited: a client connects anew there.
 * Calls that were running in the parent are not running in the child: their callbacks never run there, and
 * their request handles are answered with IPG_ERR_INVALID_HANDLE.
 *
 * Exit. Nothing needs to be freed before the process ends. A call made while it ends, in an atexit handler
 * or the destructor of a thread's variable, may be refused with IPG_ERR_SHUT_DOWN; freeing always works. The
 * shared library stays loaded after dlclose.
 *
 *
 * CONFIGURATION of a client: a JSON object with these keys. Any other key is refused.
 *
 *   key                  default
 *   api_key              $IPLAYGAMES_API_KEY        Sent as bearer token. Needed for the default base_url. It is
 *                                                   the operator's, and must not ship inside a game: let the
 *                                                   game talk to a relay of yours, without a key. ASCII
 *                                                   without blanks at its ends; white space and a byte order
 *                                                   mark around the variable's value are removed. Overwritten
 *                                                   in the library's own texts when the client is freed.
 *   base_url             $IPLAYGAMES_BASE_URL, else https://api.iplaygames.ai
 *                                                   Where calls go. May have a path, which is kept in front.
 *                                                   https; http only to this machine.
 *   allow_insecure_http  false                      Allows http to other machines as well.
 *   headers              {}                         More headers for each request, name to value. ASCII without
 *                                                   blanks at the ends of a value. Errors never show a value if
 *                                                   the name says that it is secret (authorization, cookie, ...
 *                                                   token, key, secret, password) or if it has 8 characters or
 *                                                   more and is no plain word.
 *   timeout_ms           30000                      A whole call: all attempts and the pauses between them.
 *   attempt_timeout_ms   10000                      One attempt that another may follow. The last attempt
 *                                                   has the rest of timeout_ms.
 *   connect_timeout_ms   5000                       Making a connection.
 *   max_retries          2                          Attempts after the first, 0 to 20. Only what is safe to
 *                                                   repeat is repeated.
 *   max_connections      32                         Sockets at a time, 1 to 4096; calls beyond wait their turn.
 *   max_in_flight        1024                       Calls in flight and requests not freed, 1 to 1048576; one
 *                                                   more is IPG_ERR_BUSY.
 *   background           false                      One thread, iplaygames-io, drives the client: requests then
 *                                                   end without ticks. Callbacks wait for one all the same.
 *   max_response_bytes   8388608                    A larger answer is IPG_ERR_RESPONSE_TOO_LARGE.
 *   proxy                the system's               An http or https URL, or "none".
 *   ca_file, ca_pem                                 Certificates to trust beside the system's: a PEM file's
 *                                                   name, or the PEM text.
 *   only_these_cas       false                      Trust these certificates, and not the system's.
 *   user_agent                                      Put in front of iplaygames-native/VERSION.
 *
 *
 * Made from the sources by cbindgen; do not edit. SPDX-License-Identifier: MIT OR Apache-2.0
 */


#ifndef IPLAYGAMES_H
#define IPLAYGAMES_H

#include <stddef.h>
#include <stdint.h>

/** The version of this header; ipg_version() tells the library's. This is its major number. */
#define IPG_VERSION_MAJOR 0
/** The minor number of this header's version. */
#define IPG_VERSION_MINOR 1
/** The patch number of this header's version. */
#define IPG_VERSION_PATCH 0
/** This header's version as text. */
#define IPG_VERSION_STRING "0.1.0"

/* On every function. Define IPG_STATIC when linking the static library. */
#ifndef IPG_API
#  if defined(_WIN32) && !defined(IPG_STATIC)
#    define IPG_API __declspec(dllimport)
#  elif defined(__GNUC__) && !defined(_WIN32)
#    define IPG_API __attribute__((visibility("default")))
#  else
#    define IPG_API
#  endif
#endif

/* On every function that hands out something which must be freed: its code says whether it is there. */
#ifndef IPG_MUST_USE
#  if defined(__GNUC__)
#    define IPG_MUST_USE __attribute__((warn_unused_result))
#  else
#    define IPG_MUST_USE
#  endif
#endif

/** Done. */
#define IPG_OK ((ipg_code)0)

/** Not finished yet; more will follow. */
#define IPG_PENDING ((ipg_code)1)

/** An argument is missing, malformed or not allowed; `field` points at it. */
#define IPG_ERR_INVALID_ARGUMENT ((ipg_code)100)

/** The handle is NULL, already freed, of another kind, or never came from this library. */
#define IPG_ERR_INVALID_HANDLE ((ipg_code)101)

/** The API has no operation of that name. */
#define IPG_ERR_UNKNOWN_OPERATION ((ipg_code)102)

/** A limit of the client is reached; the call was not sent. */
#define IPG_ERR_BUSY ((ipg_code)103)

/** The client is shut down, or this thread or process is ending and can make no calls. */
#define IPG_ERR_SHUT_DOWN ((ipg_code)104)

/** This build of the library does not have that function, or this place cannot use it. */
#define IPG_ERR_UNSUPPORTED ((ipg_code)105)

/** The JSON document has nothing at that pointer. */
#define IPG_ERR_NO_SUCH_FIELD ((ipg_code)106)

/** The host name could not be resolved. */
#define IPG_ERR_RESOLVE ((ipg_code)200)

/** No connection could be made. */
#define IPG_ERR_CONNECT ((ipg_code)201)

/** The secure connection was refused: certificate, host name or protocol. */
#define IPG_ERR_TLS ((ipg_code)202)

/** The time allowed for the call ran out. */
#define IPG_ERR_TIMEOUT ((ipg_code)203)

/** The call was canceled, or its client was freed. */
#define IPG_ERR_CANCELED ((ipg_code)204)

/** The connection broke before the whole answer had come. */
#define IPG_ERR_CONNECTION_LOST ((ipg_code)205)

/** The answer was not what the API promises: not HTTP, not JSON, or without a field it must have. */
#define IPG_ERR_BAD_RESPONSE ((ipg_code)206)

/** The answer was larger than `max_response_bytes`. */
#define IPG_ERR_RESPONSE_TOO_LARGE ((ipg_code)207)

/** The server answered with a redirect; redirects are never followed. */
#define IPG_ERR_REDIRECT ((ipg_code)208)

/** HTTP 400: the API refused the request. */
#define IPG_ERR_BAD_REQUEST ((ipg_code)400)

/** HTTP 401: the API key is missing, wrong or inactive. */
#define IPG_ERR_UNAUTHORIZED ((ipg_code)401)

/** HTTP 403: the account may not do this. */
#define IPG_ERR_FORBIDDEN ((ipg_code)403)

/** HTTP 404: there is no such session, game or other thing. */
#define IPG_ERR_NOT_FOUND ((ipg_code)404)

/** HTTP 409: the thing is not in a state that allows this. */
#define IPG_ERR_CONFLICT ((ipg_code)409)

/** HTTP 422: a field was refused; `body` has the API's own list. */
#define IPG_ERR_UNPROCESSABLE ((ipg_code)422)

/** HTTP 429: too many requests; `retry_after_ms` says how long to wait, if the API did. */
#define IPG_ERR_RATE_LIMITED ((ipg_code)429)

/** Any other refusal by the API: another 4xx, or `success: false` in a 2xx. */
#define IPG_ERR_API ((ipg_code)499)

/** HTTP 5xx other than 503: the server, or one before it, failed. */
#define IPG_ERR_SERVER ((ipg_code)500)

/** HTTP 503: the service, or every provider for this game, country and currency, is unavailable. */
#define IPG_ERR_UNAVAILABLE ((ipg_code)503)

/** A defect in this library; the message helps to report it. */
#define IPG_ERR_INTERNAL ((ipg_code)900)

/**
 * The version of the binary interface that this header describes, `major << 16 | minor`; see
 * ipg_abi_version().
 */
#define IPG_ABI_VERSION 1

/**
 * A level for ipg_client_set_logger(): no lines at all.
 */
#define IPG_LOG_OFF 0

/**
 * A level: something failed that the host should know of.
 */
#define IPG_LOG_ERROR 1

/**
 * A level: something is not as it should be, and was dealt with.
 */
#define IPG_LOG_WARN 2

/**
 * A level: what happened, a line a call.
 */
#define IPG_LOG_INFO 3

/**
 * A level: what happened on the way, such as attempts, pauses and connections.
 */
#define IPG_LOG_DEBUG 4

/**
 * A level: everything.
 */
#define IPG_LOG_TRACE 5

/**
 * What ipg_json_get() found: `null`.
 */
#define IPG_JSON_NULL 1

/**
 * What ipg_json_get() found: `true` or `false`.
 */
#define IPG_JSON_BOOL 2

/**
 * What ipg_json_get() found: a number.
 */
#define IPG_JSON_NUMBER 3

/**
 * What ipg_json_get() found: a string.
 */
#define IPG_JSON_STRING 4

/**
 * What ipg_json_get() found: an array.
 */
#define IPG_JSON_ARRAY 5

/**
 * What ipg_json_get() found: an object.
 */
#define IPG_JSON_OBJECT 6

/**
 * A client of the API. Opaque, and never to be dereferenced: it is a number in the shape of a
 * pointer. Made by ipg_client_new(), ended by ipg_client_free().
 */
typedef struct ipg_client ipg_client;

/**
 * A call in flight, or a watch. Opaque, and never to be dereferenced: it is a number in the shape of a
 * pointer. Made by ipg_submit() and ipg_session_watch(), ended by ipg_request_free().
 */
typedef struct ipg_request ipg_request;

/**
 * What became of a call: one of the codes above. 0 is #IPG_OK, and every other code of a finished
 * call says what went wrong.
 */
typedef int32_t ipg_code;

/**
 * Takes the log lines of a client; see ipg_client_set_logger().
 *
 * `user_data` is what was given there. `level` is one of the IPG_LOG_ constants from 1 to 5. `target` is
 * the part of the library that the line comes from, such as `"iplaygames::net"`; `message` is the line.
 * Both texts belong to the library and are gone when the callback returns.
 */
typedef void (*ipg_log_callback)(void *user_data,
                                 int32_t level,
                                 const char *target,
                                 const char *message);

/**
 * Takes what a call came to; see ipg_submit().
 *
 * `user_data` is what was given there. `request` is the call's handle, never NULL and good while the
 * callback runs. `code` is #IPG_PENDING for news of a watch, and more will follow; any other code is the
 * end. `json` is the answer's document or the error document; it belongs to the library and is gone when
 * the callback returns.
 */
typedef void (*ipg_callback)(void *user_data, ipg_request *request, ipg_code code, const char *json);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the binary interface of the library that is loaded: `major << 16 | minor`.
 *
 * A program that was compiled against one header works with a library of the same major number and
 * the same or a higher minor number; as long as the major number is 0, the minor numbers must be equal.
 *
 * Threads: any. Cannot fail.
 *
 * ```c
 * if (ipg_abi_version() != IPG_ABI_VERSION) {
 *     fprintf(stderr, "libiplaygames is %s, but another version was expected\n", ipg_version());
 * }
 * ```
 */
IPG_API
uint32_t ipg_abi_version(void);

/**
 * The version of the library that is loaded, such as `"0.1.0"`.
 *
 * Ownership: the text is static and must not be freed. Threads: any. Cannot fail.
 *
 * ```c
 * printf("libiplaygames %s\n", ipg_version());
 * ```
 */
IPG_API const char *ipg_version(void);

/**
 * The name of a code, such as `"IPG_ERR_NOT_FOUND"`; `"IPG_ERR_UNKNOWN"` for a number that is no
 * code. Never NULL.
 *
 * Ownership: the text is static and must not be freed. Threads: any. Cannot fail.
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
 * Frees a text that this library handed out through an out-parameter.
 *
 * NULL is fine and does nothing. A text freed twice, or a pointer that is no text of this library,
 * is ignored and leaves a warning in the log of every client. This notices mistakes, and is no licence
 * to make them: once a freed text's address has been handed out again, a second free of the old text
 * frees the new one.
 *
 * Threads: any, also another than the one the text was handed to. Cannot fail.
 *
 * ```c
 * char *json = NULL;
 * if (ipg_client_stats(client, &json) == IPG_OK) {
 *     puts(json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
void ipg_string_free(char *text);

/**
 * Makes a client. Opens no connection, starts no thread and reads no certificates: that comes with the
 * first call, or with ipg_client_prewarm().
 *
 * `config_json` is a JSON object with the keys listed at the top of this header; NULL or empty text is
 * an empty object, which leaves all to the defaults and the environment. With `out_client` NULL the
 * configuration is checked and no client is made.
 *
 * `*out_json` becomes `{"success": true, "version": "0.1.0", "base_url": "https://api.iplaygames.ai"}`:
 * the library's version, and where the client's calls go.
 *
 * Ownership: end the client with ipg_client_free(), free the text with ipg_string_free().
 * Threads: any; the client may be used by any number of threads at once.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for a key that is unknown, missing or wrong, the error's
 * `field` points at it; #IPG_ERR_BUSY when there are a million clients.
 *
 * ```c
 * ipg_client *mine = NULL;
 * char *json = NULL;
 * if (ipg_client_new("{\"base_url\": \"https://relay.example\", \"timeout_ms\": 5000}", &mine, &json) != IPG_OK) {
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
 * Does ahead of time what the first call would have to wait for: loads the trusted certificates,
 * resolves the server's name, opens a connection. Blocks for at most `timeout_ms`; 0 means the client's
 * own `timeout_ms`. The server is asked nothing.
 *
 * `*out_json` becomes `{"success": true, "elapsed_ms": 12}`, or the error document.
 *
 * Ownership: free the text with ipg_string_free(). Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_RESOLVE, #IPG_ERR_CONNECT, #IPG_ERR_TLS,
 * #IPG_ERR_TIMEOUT on the way; #IPG_ERR_CANCELED when the client is freed meanwhile; #IPG_ERR_SHUT_DOWN.
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
 * What the client has done since it was made, as a JSON document of counts. Never blocks.
 *
 * Ownership: free the text with ipg_string_free(). Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE.
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
 * Ends a client in order, before it is freed: new calls are refused with #IPG_ERR_SHUT_DOWN, those in flight
 * are driven for at most `timeout_ms`, what is left then is canceled, watches at once; every callback runs, on
 * this thread; the thread of `"background": true` is joined.
 *
 * When this returns no callback of a request is running and none will, except for the one it is called in.
 * So it waits for a callback that is running on another thread, however long that takes.
 * Called inside a callback, it runs the callbacks that are left inside that one.
 *
 * Threads: any; a callback may call it.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN when the client was shut down before, or when
 * this thread can make no calls any more: then nothing was driven, and all else is done.
 *
 * ```c
 * ipg_client_shutdown(client, 2000);
 * ipg_client_free(client);
 * ```
 */
IPG_API
ipg_code ipg_client_shutdown(ipg_client *client,
                             uint32_t timeout_ms);

/**
 * Ends a client. Its handle is good for nothing any more, its calls in flight on other threads return
 * #IPG_ERR_CANCELED, no callback of its requests runs any more. The requests' own handles are to be freed
 * still; polling them answers how they ended, which for those in flight is #IPG_ERR_CANCELED.
 *
 * Every call that ends here is counted and logged with its call id and its outcome: the logger, if one is set, runs
 * on this thread for those lines.
 *
 * Never waits, so it may be called on a finalizer thread and inside a callback. When a callback of one of its requests is just running on another thread, the answer is
 * #IPG_PENDING: the client is freed, and that callback is the last. A logger may still be running on another thread that is inside a call of this client: when
 * its `user_data` is to go too, remove the logger first, see ipg_client_set_logger().
 *
 * Threads: any.
 * Codes: #IPG_OK; #IPG_PENDING as said; #IPG_ERR_INVALID_HANDLE, also for NULL and the second time.
 *
 * ```c
 * ipg_client_free(client);
 * client = NULL;
 * ```
 */
IPG_API
ipg_code ipg_client_free(ipg_client *client);

/**
 * Gives a client a logger, or with `callback` NULL takes it away.
 *
 * `max_level` is the most detailed level that is wanted, IPG_LOG_ERROR (1) to IPG_LOG_TRACE (5);
 * IPG_LOG_OFF (0) is as good as no callback. A line never contains the API key, a header's
 * value or a body.
 *
 * The callback runs only on threads that are inside an `ipg_` call with this client, just before that call
 * returns, one line at a time, with no lock held. Lines that arise elsewhere wait for the next such call,
 * 256 at most. It may call any function of this library; lines that arise in it are dropped. It must
 * return: an exception or a thread's end that leaves it ends the process, and with it the call's result. A
 * host whose logger can throw must catch in the callback.
 *
 * When this function returns, the logger before is not running and never will: its `user_data` may go.
 * For that it waits while the logger runs on another thread.
 *
 * Ownership: `user_data` stays the host's, and is only passed through. Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_INVALID_ARGUMENT for another level;
 * #IPG_ERR_BUSY from inside the client's own logger.
 *
 * ```c
 * // static void on_log(void *user_data, int32_t level, const char *target, const char *message);
 * ipg_client_set_logger(client, on_log, stderr, IPG_LOG_INFO);
 * ```
 */
IPG_API
ipg_code ipg_client_set_logger(ipg_client *client,
                               ipg_log_callback callback,
                               void *user_data,
                               int32_t max_level);

/**
 * Starts a game session for a player, and blocks until the answer is there.
 *
 * `request_json` is one flat JSON object. Required: `game_id` (integer), `player_id` (string), `currency`,
 * `country_code` (two letters), `ip_address` (the player's). Optional: `return_url`, `locale`, `provider`,
 * `device`, `freespin_id`, `freespin_count`, `freespin_bet_amount`, `expire_days`. Other fields are passed on
 * as they are.
 *
 * `*out_json` becomes the API's own answer. In it are `/data/session_id`, `/data/game_url` and, as the API
 * documents it, `/data/session_token` and `/data/expires_at`.
 *
 * A start is never sent twice when the first may have been received: look at the error's `outcome`.
 * `"unknown"` means that a session may exist.
 *
 * Ownership: free the text with ipg_string_free(). Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT, with `field` such as `/currency`, before anything is sent;
 * #IPG_ERR_INVALID_HANDLE; what the way and the API answer: 200 to 599.
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
 * Asks how a game session is, and blocks until the answer is there.
 *
 * `session_id` is the id as text, as ipg_session_start() answered it. `*out_json` becomes the API's own
 * answer; `/data/status` in it is `"active"` while the session is open.
 *
 * Ownership: free the text with ipg_string_free(). Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_NOT_FOUND for an id the API does not know; #IPG_ERR_INVALID_ARGUMENT with `field`
 * `/session_id`; #IPG_ERR_INVALID_HANDLE; what the way and the API answer: 200 to 599.
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
 * Ends a game session, and blocks until the answer is there.
 *
 * `session_id` is the id as text. `*out_json` becomes the API's own answer. Ending is repeated when an
 * answer got lost on the way; if the session turns out to be gone by then, that is success:
 * `{"success": true, "already_ended": true}`.
 *
 * Ownership: free the text with ipg_string_free(). Threads: any.
 * Codes: as ipg_session_status().
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
 * Calls any operation of the API, and blocks until the answer is there.
 *
 * `operation` is its name, such as `"list_games"`. `arguments_json` is one flat JSON object with the
 * fields of path, query and body by their names; NULL is `{}`. `options_json` may change for this call what
 * the client's configuration says: `timeout_ms`, `max_retries`, and `call_id`, which is sent as
 * `X-Request-Id`; NULL changes nothing.
 *
 * `*out_json` becomes the API's own answer, byte for byte, or the error document.
 *
 * Ownership: free the text with ipg_string_free(). Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_UNKNOWN_OPERATION; #IPG_ERR_INVALID_ARGUMENT, with `field` where a field of
 * `arguments_json` is wrong; #IPG_ERR_INVALID_HANDLE; what the way and the API answer: 200 to 599.
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
 * Sends a call of any operation on its way, and returns at once.
 *
 * `operation`, `arguments_json` and `options_json` are those of ipg_call(). Nothing is sent before somebody
 * drives the client: ipg_client_tick(), ipg_request_wait(), any blocking call, or the client's own thread if
 * it was configured with `"background": true`.
 *
 * There are two ways to the result, and each is complete without the other. Poll or wait for the request; or
 * give a `callback`, and tick. The callback runs if and only if this function returned #IPG_OK: inside
 * ipg_client_tick() or ipg_client_shutdown(), on the thread that called that, with no lock held, one callback of
 * a client at a time; exactly once, unless the request or the client was freed before.
 *
 * `*out_request` is written before the callback can run on another thread. With `out_request` NULL the request
 * frees itself after its callback; without a callback that is refused. Requests that are not freed count in
 * the client's `max_in_flight`.
 *
 * `*out_json` becomes `{"success": true, "call_id": "7b0c"}`: the id the call is sent with. Or the error
 * document: then nothing is sent, `*out_request` is NULL and the callback will not run.
 *
 * Ownership: free the request with ipg_request_free(), also after its callback; free the text with
 * ipg_string_free(). `user_data` stays the host's, and is only passed through. Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT; #IPG_ERR_UNKNOWN_OPERATION; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY
 * over `max_in_flight`; #IPG_ERR_SHUT_DOWN.
 *
 * ```c
 * // static void on_games(void *user_data, ipg_request *request, ipg_code code, const char *json);
 * char *json = NULL;
 * if (ipg_submit(client, "list_games", "{\"per_page\": \"20\"}", NULL, on_games, NULL, NULL, &json) != IPG_OK) {
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
                    ipg_request **out_request,
                    char **out_json);

/**
 * Watches a game session, and returns at once: reads its status every `interval_ms`, a tenth more or less,
 * one reading at a time, and tells each change of it, the first reading being one.
 *
 * A change is told with the code #IPG_PENDING and the answer of ipg_session_status(): to the callback, or to
 * ipg_request_poll() where there is none. The watch ends when the status says that the session is over (`closed`,
 * `expired` and their like; a word this library does not know is a change and not the end), with #IPG_OK
 * and that answer; when it cannot be read and trying again would not help, with the error; when it is
 * canceled. A reading that fails and may work later does not end the watch: after three in a row their error
 * document (`"success": false`) is reported with the code #IPG_PENDING, once, and a warning is logged; the next
 * reading that succeeds is reported again. Shutting the client down cancels watches at once.
 *
 * `session_id` is the id as text. `interval_ms` is 10 or more; a second is a good pace. All else is as
 * ipg_submit() has it, and who drives the client drives its watches.
 *
 * Ownership and threads: as ipg_submit().
 * Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT, with `field` `/session_id` or `/interval_ms`;
 * #IPG_ERR_INVALID_HANDLE; #IPG_ERR_BUSY over `max_in_flight`; #IPG_ERR_SHUT_DOWN.
 *
 * ```c
 * ipg_request *watch = NULL;
 * char *json = NULL;
 * if (ipg_session_watch(client, session_id, 1000, NULL, NULL, &watch, NULL) == IPG_OK) {
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
                           ipg_request **out_request,
                           char **out_json);

/**
 * Does what can be done for the calls in flight without waiting, and runs the callbacks that are due, on
 * this thread. To be called once a frame.
 *
 * Never sleeps. With nothing in flight it looks the handle up and reads one number. Else it takes turns until
 * one brings nothing or `budget_us` has passed, which is looked at between turns and between callbacks, whose
 * time counts; 0 means one turn and at most one callback. One step can take longer than a budget: a TLS
 * handshake, loading the trusted certificates (see ipg_client_prewarm()), an answer of megabytes.
 *
 * `*out_completed` becomes the number of callbacks that ran. Inside a callback, and while another thread runs
 * callbacks of the client, a tick does nothing: #IPG_OK and 0.
 *
 * Time in which nobody drives the client, a pause of the game, does not count against a call's timeout when it
 * is longer than 100 ms.
 *
 * Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN where this thread can make no calls any more.
 *
 * ```c
 * uint32_t completed = 0;
 * ipg_client_tick(client, 500, &completed);
 * ```
 */
IPG_API
ipg_code ipg_client_tick(ipg_client *client,
                         uint32_t budget_us,
                         uint32_t *out_completed);

/**
 * Asks what a request came to. Never blocks and never drives: tick for that, or use `"background": true`.
 *
 * The request's end is told as often as it is asked for, until the request is freed, for requests with a
 * callback too: its code, and in `*out_json` a fresh copy of the answer or the error document. While there is
 * none, the code is #IPG_PENDING and `*out_json` is NULL; for a watch without a callback each change is told
 * once: #IPG_PENDING with the answer.
 *
 * A mistake in this call itself, a handle that is good no more, has a document as well.
 *
 * Ownership: free the text with ipg_string_free(). Threads: any.
 * Codes: the request's own; #IPG_PENDING; #IPG_ERR_INVALID_HANDLE, also in a forked child for a request of its
 * parent.
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
IPG_API
IPG_MUST_USE
ipg_code ipg_request_poll(ipg_request *request,
                          char **out_json);

/**
 * Waits for the end of a request, for at most `timeout_ms`, and drives the client meanwhile. Callbacks do not
 * run in here.
 *
 * Answers the end as ipg_request_poll() does. When the time has run out first it is #IPG_PENDING, with NULL in
 * `*out_json`; the request goes on. News of a watch are not told here.
 *
 * Ownership: free the text with ipg_string_free(). Threads: any, several for the same request too.
 * Codes: the request's own; #IPG_PENDING; #IPG_ERR_INVALID_HANDLE; #IPG_ERR_SHUT_DOWN where this thread can
 * make no calls any more.
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
 * Ends a request at once, with #IPG_ERR_CANCELED and in its document the honest `outcome`; one that has ended
 * stays as it is. Its callback runs at the next tick. The connection it was using is closed as soon as
 * somebody drives.
 *
 * Threads: any.
 * Codes: #IPG_OK, also when it had ended; #IPG_ERR_INVALID_HANDLE.
 *
 * ```c
 * ipg_request_cancel(request);
 * ```
 */
IPG_API
ipg_code ipg_request_cancel(ipg_request *request);

/**
 * Frees a request: forgets it, and cancels it if it has not ended. Its callback does not run any more.
 *
 * Never waits, and may be called on a finalizer thread and inside a callback, the request's own too. When
 * that very callback is just running on another thread, the answer is #IPG_PENDING: the request is freed,
 * and `user_data` may go as soon as that callback has returned.
 *
 * Threads: any.
 * Codes: #IPG_OK; #IPG_PENDING as said; #IPG_ERR_INVALID_HANDLE, also for NULL and the second time, and in a
 * forked child for a request of its parent.
 *
 * ```c
 * ipg_request_free(request);
 * request = NULL;
 * ```
 */
IPG_API
ipg_code ipg_request_free(ipg_request *request);

/**
 * Reads one value out of a JSON document.
 *
 * `pointer` is a JSON pointer as in RFC 6901: `"/data/session_id"`, `"/data/games/0/title"`, or `""` for the
 * whole document; a `/` in a key is written `~1`, a `~` is written `~0`.
 *
 * `*out_type` becomes one of the IPG_JSON_ constants, 0 when nothing was found. `*out_value` becomes the
 * value as text: a string without quotes and escapes, a number with the digits it was written with (money
 * stays exact), `true`, `false` and `null` as these words, an array or object as the JSON it is.
 * `*out_len` becomes the text's length in bytes without the NUL at its end: a string may have NULs inside.
 * Each of the three may be NULL.
 *
 * Ownership: free the value with ipg_string_free(). Threads: any. Never blocks.
 * Codes: #IPG_OK; #IPG_ERR_NO_SUCH_FIELD when the document has nothing there;
 * #IPG_ERR_INVALID_ARGUMENT when `json` is not JSON (or nested deeper than 128 levels), `pointer` is not a
 * pointer, or the string cannot be written as UTF-8 (half a surrogate pair).
 *
 * ```c
 * char *balance = NULL;
 * int32_t type = 0;
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
                      int32_t *out_type,
                      char **out_value,
                      size_t *out_len);

/**
 * Writes text as a JSON string, quotes included, so that it can be put into a document.
 *
 * `len` is the text's length in bytes; `(size_t)-1` means that it ends with a NUL. NULL is fine with `len` 0.
 *
 * `*out_json` becomes the quoted text, or the error document: look at the code before using it.
 *
 * Ownership: free the text with ipg_string_free(). Threads: any. Never blocks.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT when `text` is not UTF-8, or is NULL with another `len` than 0.
 *
 * ```c
 * char *name = NULL;
 * if (ipg_json_quote("say \"hi\"", (size_t)-1, &name) == IPG_OK) {
 *     printf("{\"player_id\": %s}\n", name);
 * }
 * ipg_string_free(name);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_json_quote(const char *text,
                        size_t len,
                        char **out_json);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* IPLAYGAMES_H */
