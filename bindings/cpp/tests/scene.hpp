// A sandbox and a client of it. The checks are those of the C tests.
#ifndef SCENE_HPP
#define SCENE_HPP

#include "../../../tests/c/check.h"

#include <chrono>
#include <iplaygames.hpp>
#include <thread>

using namespace iplaygames;

inline StartSession good() {
    StartSession request(42);
    request.player_id("player-7").currency("EUR").country_code("DE").ip_address("203.0.113.9");
    return request;
}

struct Scene {
    Sandbox sandbox = Sandbox::start().value();
    Client client;

    template <class Set> explicit Scene(Set&& set) {
        Config config = sandbox.config();
        set(config);
        client = Client::create(config).value();
    }
    Scene() : Scene([](Config&) {}) {}

    void control(std::string_view command) const { CHECK_OK(sandbox.control(command)); }

    /** A count of the sandbox, such as `/sessions/active`. */
    [[nodiscard]] std::int64_t count(std::string_view pointer) const {
        return sandbox.control(R"({"command": "counts"})").value().integer(pointer).value_or(0);
    }

    template <class R> static void CHECK_OK(const R& result) {
        check_count(result.ok(), __FILE__, __LINE__, "it is good", result.ok() ? nullptr : result.error().json().c_str());
    }

    static constexpr const char* slow =
        R"({"command": "fault", "operation": "list_games", "delay_ms": 600000, "times": 0})";
};

/** A place that must not be reached. */
#define NEVER(what) check_count(0, __FILE__, __LINE__, what, nullptr)

/** Until something holds; a guard against hanging, far longer than anything here takes. */
template <class Holds, class Meanwhile> void until(Holds&& holds, Meanwhile&& meanwhile, int line) {
    const auto from = std::chrono::steady_clock::now();
    bool held = false;
    while (!(held = holds()) && std::chrono::steady_clock::now() - from < std::chrono::seconds(60)) {
        meanwhile();
    }
    check_count(held, "until", line, "it holds at last", nullptr);
}
#define TICK_UNTIL(client, what)                                                                             \
    until([&] { return static_cast<bool>(what); }, [&] { if (!(client).tick()) NEVER("a tick failed"); }, __LINE__)
#define SOON(what)                                                                                           \
    until([&] { return static_cast<bool>(what); },                                                           \
          [] { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }, __LINE__)

#define CHECK_OK(result) Scene::CHECK_OK(result)
#define CHECK_ERROR(result, expected) check_error(__LINE__, result, expected)
template <class R> void check_error(int line, const R& result, ipg_code expected) {
    check_count(result.code() == expected && result.error().code() == expected, "check_error", line, ipg_code_name(expected),
                result.ok() ? "it is good" : result.error().json().c_str());
}

#endif
