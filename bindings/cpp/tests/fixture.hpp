// The fixture of the C++ tests: a sandbox, a client of it, and checks. The counters and the output
// are those of the C tests (check.h).
#ifndef FIXTURE_HPP
#define FIXTURE_HPP

#include "../../../tests/c/check.h"

#include <chrono>
#include <iplaygames.hpp>
#include <thread>

using namespace iplaygames;

/** Checks that a result has a value. */
#define CHECK_OK(result) check_ok(__LINE__, result)
template <class R> void check_ok(int line, const R& result) {
    check_count(result.ok(), "check_ok", line, "the result has a value",
                result.ok() ? nullptr : result.error().json().c_str());
}

/** Checks that a result has an error with this code. */
#define CHECK_ERROR(result, expected) check_error(__LINE__, result, expected)
template <class R> void check_error(int line, const R& result, ipg_code expected) {
    check_count(result.code() == expected && result.error().code() == expected, "check_error", line,
                ipg_code_name(expected), result.ok() ? "the result has a value" : result.error().json().c_str());
}

/** Counts a failure, for code that must not run. */
#define FAIL(message) check_count(0, __FILE__, __LINE__, message, nullptr)

/** Returns the parameters of a session that the sandbox accepts. */
inline StartSession valid_start() {
    StartSession request(42);
    request.player_id("player-7").currency("EUR").country_code("DE").ip_address("203.0.113.9");
    return request;
}

struct Fixture {
    Sandbox sandbox = Sandbox::start().value();
    Client client;

    template <class Configure> explicit Fixture(Configure&& configure) {
        Config config = sandbox.config();
        configure(config);
        client = Client::create(config).value();
    }
    Fixture() : Fixture([](Config&) {}) {}

    void control(std::string_view command) const { CHECK_OK(sandbox.control(command)); }

    /** Returns a count of the sandbox, such as `/sessions/active`. */
    [[nodiscard]] std::int64_t count(std::string_view pointer) const {
        return sandbox.control(R"({"command": "counts"})").value().integer(pointer).value_or(0);
    }

    /** A fault that delays every response to list_games by ten minutes. */
    static constexpr const char* slow_fault =
        R"({"command": "fault", "operation": "list_games", "delay_ms": 600000, "times": 0})";
};

/** Runs `step` until the condition holds. Fails after a minute, which is longer than any test
   takes. */
template <class Condition, class Step> void poll_until(Condition&& condition, Step&& step, int line) {
    const auto start = std::chrono::steady_clock::now();
    bool holds = false;
    while (!(holds = condition()) && std::chrono::steady_clock::now() - start < std::chrono::seconds(60)) {
        step();
    }
    check_count(holds, "poll_until", line, "the condition holds within a minute", nullptr);
}
#define TICK_UNTIL(client, condition)                                                                                  \
    poll_until([&] { return static_cast<bool>(condition); },                                                           \
               [&] {                                                                                                   \
                   if (!(client).tick()) FAIL("a tick failed");                                                        \
               },                                                                                                      \
               __LINE__)
#define WAIT_UNTIL(condition)                                                                                          \
    poll_until([&] { return static_cast<bool>(condition); },                                                           \
               [] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }, __LINE__)

#endif
