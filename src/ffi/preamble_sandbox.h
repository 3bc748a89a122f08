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
