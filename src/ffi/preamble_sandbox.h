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
