/*
 * iplaygames_sandbox.h: a server of the IPlayGames API in your own process, for offline work and tests.
 *
 * A sandbox responds as the API's documentation describes, keeps sessions, and fails on command. It
 * never connects to the real service. The rules of iplaygames.h about ownership, threads, codes and NULL
 * apply here too.
 *
 * A library built without the sandbox has these functions too; they return IPG_ERR_UNSUPPORTED.
 *
 * Made from the sources by cbindgen; do not edit. SPDX-License-Identifier: MIT OR Apache-2.0
 */


#ifndef IPLAYGAMES_SANDBOX_H
#define IPLAYGAMES_SANDBOX_H

#include "iplaygames.h"

/**
 * A handle of a running sandbox. The handle is opaque: a number in the type of a pointer, which
 * must not be dereferenced. ipg_sandbox_start() creates the handle, ipg_sandbox_stop() ends it.
 */
typedef struct ipg_sandbox ipg_sandbox;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Starts a sandbox: a server of the API inside this process, on 127.0.0.1 and a free port. The
 * server has one thread, named `iplaygames-sandbox`.
 *
 * `config_json` is a JSON object with the sandbox's settings; NULL is `{}`. The games have the ids
 * 1 to 200. If `out_sandbox` is NULL, the function stops the sandbox before it returns, which only
 * checks the settings.
 *
 * `*out_json` becomes `{"base_url": …, "api_key": …}`, a configuration for ipg_client_new().
 *
 * Ownership: end the sandbox with ipg_sandbox_stop(), free the text with ipg_string_free().
 * Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for a wrong setting; #IPG_ERR_UNSUPPORTED in a build
 * without the sandbox; #IPG_ERR_INTERNAL if the system provides no port or no thread.
 *
 * ```c
 * ipg_sandbox *test_sandbox = NULL;
 * ipg_client *test_client = NULL;
 * char *config = NULL;
 * if (ipg_sandbox_start(NULL, &test_sandbox, &config) == IPG_OK
 *     && ipg_client_new(config, &test_client, NULL) == IPG_OK) {
 *     puts("ready");
 * }
 * ipg_string_free(config);
 * ipg_client_free(test_client);
 * ipg_sandbox_stop(test_sandbox);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_sandbox_start(const char *config_json,
                           ipg_sandbox **out_sandbox,
                           char **out_json);

/**
 * Runs a command of a sandbox: queues a fault, moves the clock, returns sessions, requests or
 * counts.
 *
 * `command_json` is a JSON object; the sandbox's guide lists the commands. `*out_json` becomes the
 * result, or the error document.
 *
 * Ownership: free the text with ipg_string_free(). Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for an unknown or invalid command;
 * #IPG_ERR_INVALID_HANDLE; #IPG_ERR_UNSUPPORTED in a build without the sandbox.
 *
 * ```c
 * char *json = NULL;
 * if (ipg_sandbox_control(sandbox, "{\"command\": \"counts\"}", &json) == IPG_OK) {
 *     puts(json);
 * }
 * ipg_string_free(json);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_sandbox_control(ipg_sandbox *sandbox,
                             const char *command_json,
                             char **out_json);

/**
 * Stops a sandbox. When the function returns, the port and every connection are closed, the thread
 * has ended, and the sessions are lost.
 *
 * Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE, also for NULL and for a stopped sandbox;
 * #IPG_ERR_UNSUPPORTED in a build without the sandbox.
 *
 * ```c
 * ipg_sandbox_stop(sandbox);
 * sandbox = NULL;
 * ```
 */
IPG_API ipg_code ipg_sandbox_stop(ipg_sandbox *sandbox);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* IPLAYGAMES_SANDBOX_H */
