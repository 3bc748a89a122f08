/*
 * iplaygames_sandbox.h: a server of the IPlayGames API inside the process, for offline
 * work and tests.
 *
 * A sandbox responds as the API's documentation describes, keeps sessions, and fails on command. It
 * never connects to the real service. The rules of iplaygames.h apply here too.
 *
 * A library that was built without the sandbox has these functions too. They return
 * IPG_ERR_UNSUPPORTED.
 *
 * cbindgen generates this file from the sources; do not edit it.
 * SPDX-License-Identifier: MIT OR Apache-2.0
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
 * server has one thread, named `iplaygames-sandbox`. Its games have the ids 1 to 200.
 *
 * Ownership: end the sandbox with ipg_sandbox_stop(), free the string with ipg_string_free().
 * Threads: any.
 *
 * \param config_json A JSON object with the sandbox's settings. NULL is `{}`.
 * \param out_sandbox Receives the handle. If NULL, the function stops the sandbox before it
 * returns, which only checks the settings.
 * \param out_json Receives `{"base_url": …, "api_key": …}`, a configuration for ipg_client_new();
 * or the error document. May be NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for a wrong setting; #IPG_ERR_UNSUPPORTED in a build
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
 * Ownership: free the string with ipg_string_free(). Threads: any.
 *
 * \param sandbox The sandbox.
 * \param command_json A JSON object. The sandbox's guide lists the commands.
 * \param out_json Receives the result, or the error document. May be NULL.
 * \return #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for an unknown or invalid command;
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
 *
 * \param sandbox The sandbox.
 * \return #IPG_OK; #IPG_ERR_INVALID_HANDLE, also for NULL and for a stopped sandbox;
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
