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
