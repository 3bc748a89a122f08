// Non-blocking calls: polling, callbacks, watches and loggers, and when the wrapper destroys the
// callables and their captures.
#include "fixture.hpp"

#include <array>
#include <atomic>
#include <random>

/** Tells whether a callable that captured hold() still exists. */
struct OwnershipProbe {
    std::shared_ptr<int> owned = std::make_shared<int>(0);
    [[nodiscard]] auto hold() const {
        return [reference = owned] { (void)reference; };
    }
    [[nodiscard]] bool is_released() const { return owned.use_count() == 1; }
};

static void poll_returns_the_result_without_a_callback() {
    Fixture fixture;
    auto starting = fixture.client.submit_session_start(valid_start(), CallOptions().call_id("mine-7")).value();
    CHECK(starting.call_id() == "mine-7" && !starting.poll());
    std::optional<Result<StartedSession>> started;
    TICK_UNTIL(fixture.client, started = starting.poll());
    CHECK_OK(*started);
    CHECK((*starting.poll())->session_id == (*started)->session_id);
    CHECK(starting.wait(0)->ok());
    const auto& id = (*started)->session_id;
    CHECK((*fixture.client.submit_session_status(id)->wait(60000))->is_active());
    CHECK((*fixture.client.submit_session_end(id)->wait(60000))->message.has_value());
    CHECK_ERROR(*fixture.client.submit_session_status("nobody")->wait(60000), IPG_ERR_NOT_FOUND);
    CHECK_ERROR(fixture.client.submit("no_such_operation"), IPG_ERR_UNKNOWN_OPERATION);
    CHECK_ERROR(fixture.client.submit_session_start(StartSession(1)), IPG_ERR_INVALID_ARGUMENT);
}

static void wait_returns_nothing_at_the_timeout_and_cancel_ends_a_request() {
    Fixture fixture;
    fixture.control(Fixture::slow_fault);
    const auto request = fixture.client.submit("list_games").value();
    CHECK(!request.wait(5) && !request.poll());
    CHECK_OK(request.cancel());
    CHECK_ERROR(*request.poll(), IPG_ERR_CANCELED);
    CHECK_OK(request.cancel());
}

static void a_callback_runs_once_inside_tick_and_is_destroyed_after_it() {
    Fixture fixture;
    OwnershipProbe probe;
    int runs = 0;
    const auto me = std::this_thread::get_id();
    auto request =
        fixture.client
            .submit("list_games", R"({"per_page": "20"})", {},
                    [&, held = probe.hold()](Result<Reply> games) {
                        runs++;
                        CHECK(games && games->text("/data/0/id") == "123" && std::this_thread::get_id() == me);
                    })
            .value();
    CHECK(runs == 0 && !probe.is_released());
    std::uint32_t completed = 0;
    TICK_UNTIL(fixture.client, (completed += fixture.client.tick().value(), runs));
    CHECK(runs == 1 && completed <= 1 && probe.is_released());
    CHECK_OK(*request.poll()); // poll() returns the result again
    for (int n = 0; n < 20; n++) CHECK_OK(fixture.client.tick());
    CHECK(runs == 1);

    // A move-only callable of a detached call gets an error.
    auto owned = std::make_unique<int>(7);
    int seen = 0;
    CHECK_OK(fixture.client.submit_detached("get_session_status", R"({"session_id": "nobody"})", {},
                                            [&seen, owned = std::move(owned)](const Result<Reply>& reply) {
                                                CHECK_ERROR(reply, IPG_ERR_NOT_FOUND);
                                                seen = *owned;
                                            }));
    TICK_UNTIL(fixture.client, seen == 7);
    const auto typed = fixture.client.submit_session_start(valid_start(), {}, [&](Result<StartedSession> session) {
        seen = session && !session->game_url.empty() ? 8 : 0;
    });
    TICK_UNTIL(fixture.client, seen == 8);
}

static void detached_calls_free_themselves() {
    Fixture fixture([](Config& config) { config.max_in_flight(1); });
    OwnershipProbe probe;
    for (int n = 0; n < 5; n++) {
        bool done = false;
        CHECK_OK(fixture.client.submit_detached("list_games", {}, {},
                                                [&, held = probe.hold()](Result<Reply>) { done = true; }));
        CHECK_ERROR(fixture.client.submit("list_games"), IPG_ERR_BUSY);
        TICK_UNTIL(fixture.client, done);
    }
    CHECK(probe.is_released());
}

static void a_rejected_submit_destroys_its_callback() {
    Fixture fixture;
    OwnershipProbe probe;
    CHECK(!fixture.client.submit("no_such_operation", {}, {}, [held = probe.hold()](Result<Reply>) {}));
    CHECK(!fixture.client.session_watch("", 1000, [held = probe.hold()](WatchEvent) {}));
    CHECK(!fixture.client.submit_session_start(StartSession(1), {}, [held = probe.hold()](Result<StartedSession>) {}));
    CHECK(probe.is_released());
}

static void the_callback_of_a_reset_request_never_runs() {
    Fixture fixture;
    OwnershipProbe probe;
    const auto never = [held = probe.hold()](Result<Reply>) { FAIL("the callback of a reset request ran"); };
    (void)fixture.client.submit("list_games", {}, {}, never).ok(); // the temporary request is destroyed here
    auto request = fixture.client.submit("list_games", {}, {}, never).value();
    request.reset();
    request.reset();
    auto other = fixture.client.submit("list_games", {}, {}, never).value();
    other = Request<>();
    for (int n = 0; n < 20; n++) CHECK_OK(fixture.client.tick());
    fixture.control(Fixture::slow_fault);
    auto ended = fixture.client.submit("list_games", {}, {}, never).value();
    CHECK_OK(ended.cancel());
    ended.reset(); // after the call has ended and before its callback
    for (int n = 0; n < 20; n++) CHECK_OK(fixture.client.tick());
    CHECK(probe.owned.use_count() == 2); // `never` owns the other reference
}

static void a_callback_may_reset_its_own_request_and_submit_again() {
    Fixture fixture([](Config& config) { config.max_in_flight(1); });
    OwnershipProbe probe;
    Request<> request;
    int runs = 0;
    struct Again {
        Fixture& fixture;
        Request<>& request;
        int& runs;
        std::function<void()> held;
        void operator()(Result<Reply> reply) const {
            CHECK_OK(reply);
            if (++runs < 3) {
                request.reset(); // the request of this callback; the captures stay valid until it returns
                request = fixture.client.submit("list_games", {}, {}, Again{fixture, request, runs, held}).value();
            }
        }
    };
    request = fixture.client.submit("list_games", {}, {}, Again{fixture, request, runs, probe.hold()}).value();
    TICK_UNTIL(fixture.client, runs == 3);
    CHECK(probe.is_released());
}

static void a_callback_may_own_its_own_request() {
    Fixture fixture;
    OwnershipProbe probe;
    bool ran = false;
    {
        auto place = std::make_shared<Request<>>();
        *place = fixture.client
                     .submit("list_games", {}, {}, [&ran, place, held = probe.hold()](Result<Reply>) { ran = true; })
                     .value();
    }
    TICK_UNTIL(fixture.client, ran);
    CHECK(probe.is_released());
}

static void a_callback_may_cancel_and_reset_other_requests_and_destroy_the_client() {
    Fixture fixture;
    OwnershipProbe probe;
    int runs = 0;
    std::array<Request<>, 8> requests;
    fixture.control(Fixture::slow_fault);
    for (auto& request : requests) {
        request = fixture.client
                      .submit("list_games", {}, {},
                              [&, held = probe.hold()](Result<Reply> reply) {
                                  CHECK_ERROR(reply, IPG_ERR_CANCELED);
                                  if (++runs == 2) {
                                      for (auto& each : requests) each.reset();
                                  }
                                  std::uint32_t nested = fixture.client.tick().value();
                                  CHECK(nested == 0);
                              })
                      .value();
    }
    for (auto& request : requests) CHECK_OK(request.cancel());
    TICK_UNTIL(fixture.client, probe.is_released());
    for (int n = 0; n < 20; n++) CHECK_OK(fixture.client.tick());
    CHECK(runs == 2);

    runs = 0;
    std::vector<Request<>> more;
    for (int n = 0; n < 4; n++) {
        more.push_back(fixture.client
                           .submit("list_games", {}, {},
                                   [&, held = probe.hold()](Result<Reply>) {
                                       runs++;
                                       fixture.client = Client();   // destroys the client inside its own tick
                                       CHECK(!probe.is_released()); // this callable still exists
                                   })
                           .value());
        CHECK_OK(more.back().cancel());
    }
    CHECK_OK(fixture.client.submit_detached(
        "list_games", {}, {}, [held = probe.hold()](Result<Reply>) { FAIL("the callback of a closed client ran"); }));
    poll_until([&] { return runs == 1; }, [&] { (void)fixture.client.tick().ok(); }, __LINE__);
    CHECK(probe.is_released());
    for (const auto& request : more) CHECK_ERROR(*request.poll(), IPG_ERR_CANCELED);
}

static void close_with_calls_in_flight_destroys_every_callback() {
    Fixture fixture;
    OwnershipProbe probe;
    fixture.control(Fixture::slow_fault);
    const auto never = [](Result<Reply>) { FAIL("the callback of a closed client ran"); };
    auto kept =
        fixture.client
            .submit("list_games", {}, {}, [never, held = probe.hold()](Result<Reply> r) { never(std::move(r)); })
            .value();
    CHECK_OK(fixture.client.submit_detached("list_games", {}, {},
                                            [never, held = probe.hold()](Result<Reply> r) { never(std::move(r)); }));
    auto watch = fixture.client.session_watch("x", 100, [held = probe.hold()](WatchEvent) {}).value();
    CHECK_OK(fixture.client.tick());
    fixture.client.close();
    CHECK(probe.is_released());
    CHECK_ERROR(*kept.poll(), IPG_ERR_CANCELED);
    CHECK_ERROR(watch.wait(10)->status, IPG_ERR_CANCELED);
    fixture.client.close();
    CHECK_ERROR(fixture.client.tick(), IPG_ERR_INVALID_HANDLE);
}

static void shutdown_runs_every_callback() {
    Fixture fixture;
    OwnershipProbe probe;
    int runs = 0;
    fixture.control(Fixture::slow_fault);
    for (int n = 0; n < 3; n++) {
        CHECK_OK(fixture.client.submit_detached("list_games", {}, {}, [&, held = probe.hold()](Result<Reply> reply) {
            CHECK_ERROR(reply, IPG_ERR_CANCELED);
            runs++;
        }));
    }
    CHECK_OK(fixture.client.shutdown(0));
    CHECK(runs == 3 && probe.is_released());
    CHECK_ERROR(fixture.client.shutdown(0), IPG_ERR_SHUT_DOWN);
    CHECK(!fixture.client.shutdown(0).error().message().empty());
    CHECK_ERROR(fixture.client.call("list_games"), IPG_ERR_SHUT_DOWN);
    CHECK_ERROR(fixture.client.submit("list_games", {}, {}, [](Result<Reply>) {}), IPG_ERR_SHUT_DOWN);
}

static void shutdown_inside_a_callback_runs_the_other_callbacks() {
    Fixture fixture;
    OwnershipProbe probe;
    int runs = 0;
    fixture.control(Fixture::slow_fault);
    std::vector<Request<>> requests;
    for (int n = 0; n < 3; n++) {
        requests.push_back(fixture.client
                               .submit("list_games", {}, {},
                                       [&, n, held = probe.hold()](Result<Reply>) {
                                           runs++;
                                           if (n == 0) {
                                               CHECK_OK(fixture.client.shutdown(0));
                                               CHECK(runs == 3);
                                               requests.clear();
                                           }
                                       })
                               .value());
    }
    CHECK_OK(requests[0].cancel());
    TICK_UNTIL(fixture.client, runs == 3);
    CHECK(probe.is_released());
}

static void a_callback_that_runs_during_reset_or_close_is_destroyed_after_it_returns() {
    for (const bool close : {false, true}) {
        Fixture fixture;
        OwnershipProbe probe;
        std::atomic<bool> inside{false}, leave{false}, over{false};
        const auto callback = [&, held = probe.hold()](Result<Reply>) {
            inside = true;
            WAIT_UNTIL(leave);
            CHECK(!probe.is_released());
        };
        auto request = fixture.client.submit("list_games", {}, {}, callback).value();
        std::thread ticker([&] {
            while (!over) (void)fixture.client.tick().ok();
        });
        WAIT_UNTIL(inside);
        if (close) {
            fixture.client.close();
        } else {
            request.reset();
        }
        CHECK(probe.owned.use_count() > 2); // `callback` and the copy that runs
        leave = true;
        WAIT_UNTIL(probe.owned.use_count() == 2);
        over = true;
        ticker.join();
    }
}

static void a_watch_reports_each_change_and_the_end() {
    Fixture fixture;
    OwnershipProbe probe;
    const auto session = fixture.client.session_start(valid_start()).value();
    std::vector<std::string> seen;
    int ends = 0;
    auto watch = fixture.client
                     .session_watch(session.session_id, 10,
                                    [&, held = probe.hold()](const WatchEvent& event) {
                                        CHECK_OK(event.status);
                                        seen.push_back(event.status->status);
                                        ends += event.ended;
                                    })
                     .value();
    TICK_UNTIL(fixture.client, seen.size() == 1);
    CHECK(ends == 0 && !probe.is_released());
    CHECK_OK(fixture.client.session_end(session.session_id));
    TICK_UNTIL(fixture.client, ends == 1);
    CHECK(seen.size() == 2 && seen[0] == "active" && seen[1] == "closed" && probe.is_released());
    CHECK(watch.poll()->ended && watch.poll()->status->status == "closed");

    // The same with poll(): a canceled watch, and a watch of a session that does not exist.
    const auto other = fixture.client.session_start(valid_start()).value();
    auto polled = fixture.client.session_watch(other.session_id, 10).value();
    std::optional<WatchEvent> event;
    TICK_UNTIL(fixture.client, event = polled.poll());
    CHECK(!event->ended && event->status->is_active() && !polled.poll());
    CHECK(!polled.wait(1));
    CHECK_OK(polled.cancel());
    CHECK(polled.poll()->ended);
    CHECK_ERROR(polled.poll()->status, IPG_ERR_CANCELED);
    auto none = fixture.client.session_watch("nobody", 10).value();
    event = none.wait(60000);
    CHECK(event && event->ended);
    CHECK_ERROR(event->status, IPG_ERR_NOT_FOUND);
    const auto fast = fixture.client.session_watch("x", 1);
    CHECK_ERROR(fast, IPG_ERR_INVALID_ARGUMENT);
    CHECK(fast.error().field() == "/interval_ms");
}

static void a_waker_is_called_for_a_submitted_call_and_destroyed_when_it_is_removed() {
    Fixture fixture;
    OwnershipProbe first, second;
    std::atomic<int> wakes{0};
    CHECK(!fixture.client.next_tick().value());
    CHECK_OK(fixture.client.set_waker([&, held = first.hold()] { wakes++; }));
    CHECK_OK(fixture.client.set_waker([&, held = second.hold()] { wakes++; }));
    CHECK(first.is_released() && !second.is_released());
    const auto request = fixture.client.submit("list_games").value();
    CHECK(wakes > 0 && fixture.client.next_tick().value().value() <= 10);
    TICK_UNTIL(fixture.client, request.poll());
    CHECK_OK(fixture.client.remove_waker());
    CHECK(second.is_released());
    CHECK_ERROR(Client().set_waker([] {}), IPG_ERR_INVALID_HANDLE);
    CHECK_ERROR(Client().next_tick(), IPG_ERR_INVALID_HANDLE);
}

static void a_suspended_client_refuses_blocking_calls_until_it_resumes() {
    Fixture fixture;
    CHECK_OK(fixture.client.suspend());
    const auto refused = fixture.client.call("list_games");
    CHECK_ERROR(refused, IPG_ERR_BUSY);
    const auto request = fixture.client.submit("list_games").value();
    CHECK(fixture.client.tick(2000).value() == 0 && !request.poll());
    CHECK_OK(fixture.client.resume());
    CHECK_OK(fixture.client.call("list_games"));
    TICK_UNTIL(fixture.client, request.poll());
}

static void a_prewarm_can_be_submitted() {
    Fixture fixture;
    int runs = 0;
    const auto prewarm = fixture.client.submit_prewarm(2000, [&](Result<Reply> reply) {
        CHECK_OK(reply);
        runs++;
    });
    TICK_UNTIL(fixture.client, runs);
    CHECK(prewarm.value().poll()->ok());
    CHECK(fixture.client.submit_prewarm().value().wait(60000)->ok());
}

static void a_watch_reports_failed_readings_as_an_error_and_goes_on() {
    Fixture fixture;
    const auto session = fixture.client.session_start(valid_start()).value();
    std::vector<WatchEvent> seen;
    const auto watch =
        fixture.client
            .session_watch(session.session_id, 10, [&](WatchEvent event) { seen.push_back(std::move(event)); })
            .value();
    auto polled = fixture.client.session_watch(session.session_id, 10).value();
    TICK_UNTIL(fixture.client, seen.size() == 1 && polled.poll());
    fixture.control(R"({"command": "fault", "operation": "get_session_status", "status": 503, "times": 60})");
    std::optional<WatchEvent> event;
    TICK_UNTIL(fixture.client, event = polled.poll());
    CHECK(!event->ended);
    CHECK_ERROR(event->status, IPG_ERR_UNAVAILABLE);
    TICK_UNTIL(fixture.client, seen.size() == 3);
    CHECK(!seen[1].ended && !seen[2].ended && seen[2].status->is_active());
    CHECK_ERROR(seen[1].status, IPG_ERR_UNAVAILABLE);
}

static void a_watch_may_be_reset_inside_its_callback() {
    Fixture fixture;
    OwnershipProbe probe;
    const auto session = fixture.client.session_start(valid_start()).value();
    Watch watch;
    int runs = 0;
    watch = fixture.client
                .session_watch(session.session_id, 10,
                               [&, held = probe.hold()](WatchEvent event) {
                                   runs++;
                                   CHECK(!event.ended);
                                   watch.reset();
                                   CHECK(!probe.is_released());
                               })
                .value();
    TICK_UNTIL(fixture.client, runs);
    CHECK(probe.is_released());
    CHECK_OK(fixture.client.session_end(session.session_id));
    for (int n = 0; n < 20; n++) CHECK_OK(fixture.client.tick());
    CHECK(runs == 1);
}

static void a_logger_gets_lines_without_secrets_and_is_destroyed_when_it_is_replaced() {
    Fixture fixture;
    OwnershipProbe probe, second;
    std::string lines;
    ipg_code inside = IPG_OK;
    CHECK_OK(fixture.client.set_logger(
        LogLevel::trace, [&, held = probe.hold()](LogLevel level, std::string_view target, std::string_view line) {
            CHECK(level >= LogLevel::error && level <= LogLevel::trace && target.substr(0, 10) == "iplaygames");
            lines += std::string(line) + "\n";
            inside =
                fixture.client.set_logger(LogLevel::info, [](LogLevel, std::string_view, std::string_view) {}).code();
        }));
    CHECK_OK(fixture.client.call("list_games"));
    CHECK(lines.find("list_games") != std::string::npos && lines.find(fixture.sandbox.api_key()) == std::string::npos);
    CHECK(inside == IPG_ERR_BUSY && !probe.is_released());
    int more = 0;
    CHECK_OK(fixture.client.set_logger(
        LogLevel::info, [&, held = second.hold()](LogLevel, std::string_view, std::string_view) { more++; }));
    CHECK(probe.is_released());
    CHECK_OK(fixture.client.call("list_games"));
    CHECK(more > 0 && !second.is_released());
    CHECK_OK(fixture.client.remove_logger());
    CHECK(second.is_released());
    more = 0;
    CHECK_OK(fixture.client.call("list_games"));
    CHECK(more == 0);
    CHECK_ERROR(fixture.client.set_logger(static_cast<LogLevel>(9),
                                          [held = probe.hold()](LogLevel, std::string_view, std::string_view) {}),
                IPG_ERR_INVALID_ARGUMENT);
    CHECK(probe.is_released());
    CHECK_OK(fixture.client.set_logger(LogLevel::info,
                                       [held = probe.hold()](LogLevel, std::string_view, std::string_view) {}));
    fixture.client = Client();
    CHECK(probe.is_released());
}

static void a_logger_may_close_its_own_client() {
    Fixture fixture;
    OwnershipProbe probe;
    int lines = 0;
    CHECK_OK(fixture.client.set_logger(LogLevel::trace,
                                       [&, held = probe.hold()](LogLevel, std::string_view, std::string_view) {
                                           lines++;
                                           fixture.client.close();
                                           CHECK(!probe.is_released());
                                       }));
    CHECK_OK(fixture.client.call("list_games"));
    CHECK(lines > 0);
    fixture.client = Client();
    CHECK(probe.is_released());
}

static void close_cancels_the_blocking_calls_of_other_threads() {
    Fixture fixture([](Config& config) { config.timeout_ms(600000).attempt_timeout_ms(600000); });
    fixture.control(Fixture::slow_fault);
    std::array<ipg_code, 4> codes{};
    std::vector<std::thread> threads;
    for (auto& code : codes) {
        threads.emplace_back([&fixture, &code] { code = fixture.client.call("list_games").code(); });
    }
    WAIT_UNTIL(fixture.count("/requests/by_operation/list_games") == 4);
    fixture.client.close();
    for (auto& thread : threads) thread.join();
    for (const ipg_code code : codes) CHECK(code == IPG_ERR_CANCELED);
}

static void eight_threads_share_a_client_and_every_callback_is_destroyed(const char* io_thread, int rounds) {
    Fixture fixture([&](Config& config) { config.field("io_thread", io_thread).max_in_flight(100000); });
    OwnershipProbe probe;
    const auto session = fixture.client.session_start(valid_start()).value();
    std::atomic<bool> over{false};
    std::atomic<int> ran{0}, submitted{0};
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 8; seed++) {
        threads.emplace_back([&, seed] {
            std::minstd_rand random(seed + 1);
            std::vector<Request<>> requests;
            std::vector<Watch> watches;
            const auto count = [&, held = probe.hold()](auto&&) { ran++; };
            while (!over) {
                switch (random() % 9) {
                case 0:
                case 1:
                case 2:
                    for (int n = 0; n < 20; n++) (void)fixture.client.tick(200).ok();
                    break;
                case 3:
                    if (auto request = fixture.client.submit("list_games", {}, {}, count)) {
                        submitted++;
                        requests.push_back(std::move(*request));
                    }
                    break;
                case 4: submitted += fixture.client.submit_detached("list_games", {}, {}, count).ok(); break;
                case 5:
                    if (auto watch = fixture.client.session_watch(session.session_id, 10, count)) {
                        submitted++;
                        watches.push_back(std::move(*watch));
                    }
                    break;
                case 6:
                    if (!requests.empty())
                        requests.erase(requests.begin() + static_cast<long>(random() % requests.size()));
                    break;
                case 7:
                    if (!watches.empty()) watches.erase(watches.begin() + static_cast<long>(random() % watches.size()));
                    break;
                default:
                    if (!requests.empty()) (void)requests[random() % requests.size()].cancel().ok();
                }
                if (requests.size() > 50) requests.clear();
                if (watches.size() > 10) watches.clear();
            }
        });
    }
    WAIT_UNTIL(submitted > rounds && ran > rounds / 4);
    fixture.client.close(); // while the threads use it
    over = true;
    for (auto& thread : threads) thread.join();
    CHECK(probe.is_released());
}

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 400;
    poll_returns_the_result_without_a_callback();
    wait_returns_nothing_at_the_timeout_and_cancel_ends_a_request();
    a_callback_runs_once_inside_tick_and_is_destroyed_after_it();
    detached_calls_free_themselves();
    a_rejected_submit_destroys_its_callback();
    the_callback_of_a_reset_request_never_runs();
    a_callback_may_reset_its_own_request_and_submit_again();
    a_callback_may_own_its_own_request();
    a_callback_may_cancel_and_reset_other_requests_and_destroy_the_client();
    close_with_calls_in_flight_destroys_every_callback();
    shutdown_runs_every_callback();
    shutdown_inside_a_callback_runs_the_other_callbacks();
    a_callback_that_runs_during_reset_or_close_is_destroyed_after_it_returns();
    a_watch_reports_each_change_and_the_end();
    a_waker_is_called_for_a_submitted_call_and_destroyed_when_it_is_removed();
    a_suspended_client_refuses_blocking_calls_until_it_resumes();
    a_prewarm_can_be_submitted();
    a_watch_reports_failed_readings_as_an_error_and_goes_on();
    a_watch_may_be_reset_inside_its_callback();
    a_logger_gets_lines_without_secrets_and_is_destroyed_when_it_is_replaced();
    a_logger_may_close_its_own_client();
    close_cancels_the_blocking_calls_of_other_threads();
    eight_threads_share_a_client_and_every_callback_is_destroyed("false", rounds);
    eight_threads_share_a_client_and_every_callback_is_destroyed("true", rounds);
    return check_end();
}
