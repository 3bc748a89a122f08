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
