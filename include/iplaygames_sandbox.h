/*
 * iplaygames_sandbox.h: the IPlayGames API in your own process, for offline work and tests.
 *
 * A sandbox answers as the API documents it, keeps sessions, and fails on command. It never talks to
 * the real service. What iplaygames.h says about ownership, threads, codes and NULL holds here as well.
 *
 * A library built without the sandbox has these functions too; they answer IPG_ERR_UNSUPPORTED.
 *
 * Made from the sources by cbindgen; do not edit. SPDX-License-Identifier: MIT OR Apache-2.0
 */


#ifndef IPLAYGAMES_SANDBOX_H
#define IPLAYGAMES_SANDBOX_H

#include "iplaygames.h"

/**
 * A running sandbox. Opaque, and never to be dereferenced: it is a number in the shape of a pointer.
 * Made by ipg_sandbox_start(), ended by ipg_sandbox_stop().
 */
typedef struct ipg_sandbox ipg_sandbox;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Starts a sandbox: a server of the API inside this process, on 127.0.0.1 and a free port, with one
 * thread of its own that is called `iplaygames-sandbox`.
 *
 * `config_json` is a JSON object with the sandbox's settings; NULL is `{}`, a world with the games 1 to 200.
 * With `out_sandbox` NULL the sandbox is stopped again at once: that checks the settings.
 *
 * `*out_json` becomes `{"base_url": …, "api_key": …}`, which is just what ipg_client_new() takes.
 *
 * Ownership: end the sandbox with ipg_sandbox_stop(), free the text with ipg_string_free(). Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for a setting that is wrong; #IPG_ERR_UNSUPPORTED in a build
 * without the sandbox; #IPG_ERR_INTERNAL when the system gives no port or no thread.
 *
 * ```c
 * ipg_sandbox *world = NULL;
 * ipg_client *player = NULL;
 * char *config = NULL;
 * if (ipg_sandbox_start(NULL, &world, &config) == IPG_OK
 *     && ipg_client_new(config, &player, NULL) == IPG_OK) {
 *     puts("ready");
 * }
 * ipg_string_free(config);
 * ipg_client_free(player);
 * ipg_sandbox_stop(world);
 * ```
 */
IPG_API
IPG_MUST_USE
ipg_code ipg_sandbox_start(const char *config_json,
                           ipg_sandbox **out_sandbox,
                           char **out_json);

/**
 * Tells a sandbox to do something: set faults, move its clock, say what it counted.
 *
 * `command_json` is a JSON object; the sandbox's guide lists the commands. `*out_json` becomes the answer's
 * document, or the error's.
 *
 * Ownership: free the text with ipg_string_free(). Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_ARGUMENT for a command that there is not; #IPG_ERR_INVALID_HANDLE;
 * #IPG_ERR_UNSUPPORTED in a build without the sandbox.
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
 * Stops a sandbox: its port is closed, its thread ends, its world is forgotten.
 *
 * Threads: any.
 * Codes: #IPG_OK; #IPG_ERR_INVALID_HANDLE, also for NULL and the second time; #IPG_ERR_UNSUPPORTED in a
 * build without the sandbox.
 *
 * ```c
 * ipg_sandbox_stop(sandbox);
 * sandbox = NULL;
 * ```
 */
IPG_API
ipg_code ipg_sandbox_stop(ipg_sandbox *sandbox);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* IPLAYGAMES_SANDBOX_H */
