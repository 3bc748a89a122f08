/**
 * @file
 * iplaygames.hpp: the C++17 wrapper of iplaygames.h. The header needs only the standard library. It
 * compiles with exceptions and without (`-fno-exceptions -fno-rtti`).
 *
 * A complete program:
 *
 * ```cpp
 * #include <cstdio>
 * #include <iplaygames.hpp>
 *
 * int main() {
 *     auto client = iplaygames::Client::create(); // key and address from the environment
 *     if (!client) {
 *         std::puts(client.error().describe().c_str());
 *         return 1;
 *     }
 *     auto session = client->session_start(iplaygames::StartSession(42)
 *                                              .player_id("player-7")
 *                                              .currency("EUR")
 *                                              .country_code("DE")
 *                                              .ip_address("203.0.113.9"));
 *     if (!session) {
 *         std::puts(session.error().describe().c_str());
 *         return 1;
 *     }
 *     std::printf("play at %s\n", session->game_url.c_str());
 *     return client->session_end(session->session_id).ok() ? 0 : 1;
 * }
 * ```
 *
 * The rules of iplaygames.h for codes, documents, requests, budgets, blocking, fork and exit apply.
 * The wrapper adds these rules:
 *
 * Errors. A function that can fail returns a Result: the value, or an Error with every field of the
 * error document. `value()`, `*` and `->` of a failed Result throw an Exception. Without exceptions
 * they print the error to stderr and terminate the process. No other function throws, except
 * std::bad_alloc and exceptions from copying or moving your callables.
 *
 * Ownership. Client, Request, Watch, Session and Sandbox release their resource in the destructor.
 * They can be moved, not copied. An object that was moved from or default-constructed is empty: its
 * functions return IPG_ERR_INVALID_HANDLE. Text parameters are std::string_view. They need no NUL
 * at the end, and the library copies them. Text that contains a NUL is an error
 * (IPG_ERR_INVALID_ARGUMENT); it is never truncated.
 *
 * Threads. Any number of threads may call the const functions of one object at the same time.
 * Moving, assigning and destroying an object, and calling its non-const functions, require
 * exclusive access. To close a client that other threads use, call Client::close(), which is const,
 * and destroy the object later.
 *
 * Callbacks. The wrapper stores a callback in one heap allocation. The library destroys it after
 * its last run, or when its request is reset or destroyed, or when its client is closed. It does so
 * immediately, on the thread that causes it, and holds no lock. If the callback is running on
 * another thread at that moment, that thread destroys it after it returns. A callback must be
 * callable on any thread that calls Client::tick(). An exception that leaves a callback prints a
 * line to stderr and terminates the process.
 *
 * fork. The rules of C apply. A child does not destroy the callables of its parent.
 *
 * Several translation units may include this header, as C++17 and C++20. Translation units with and
 * without exceptions use types of different names, so that one program can contain both.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#pragma once
#include "config.hpp"
#include "document.hpp"
#include "error.hpp"
#include "native.hpp"
#include "result.hpp"
#include "document_impl.hpp"
#include "builder.hpp"
#include "options.hpp"
#include "replies.hpp"
#include "callbacks.hpp"
#include "calls.hpp"
#include "request.hpp"
#include "session.hpp"
#include "journal.hpp"
#include "client_base.hpp"
#include "client.hpp"
#include "sandbox.hpp"
