// Calls that nobody waits for: polling, callbacks, watches, loggers, and how long what they hold is kept.
#include "scene.hpp"

#include <array>
#include <atomic>
#include <random>

/** Something a callable holds: tells whether it is still held. */
struct Token {
    std::shared_ptr<int> mine = std::make_shared<int>(0);
    [[nodiscard]] auto held() const {
        return [token = mine] { (void)token; };
    }
    [[nodiscard]] bool is_free() const { return mine.use_count() == 1; }
};

static void polling_is_complete_without_callbacks() {
    Scene scene;
    auto starting = scene.client.submit_session_start(good(), CallOptions().call_id("mine-7")).value();
    CHECK(starting.call_id() == "mine-7" && !starting.poll());
    std::optional<Result<StartedSession>> started;
    TICK_UNTIL(scene.client, started = starting.poll());
    CHECK_OK(*started);
    CHECK((*starting.poll())->session_id == (*started)->session_id);
    CHECK(starting.wait(0)->ok());
    const auto& id = (*started)->session_id;
    CHECK((*scene.client.submit_session_status(id)->wait(60000))->is_active());
    CHECK((*scene.client.submit_session_end(id)->wait(60000))->message.has_value());
    CHECK_ERROR(*scene.client.submit_session_status("nobody")->wait(60000), IPG_ERR_NOT_FOUND);
    CHECK_ERROR(scene.client.submit("no_such_operation"), IPG_ERR_UNKNOWN_OPERATION);
    CHECK_ERROR(scene.client.submit_session_start(StartSession(1)), IPG_ERR_INVALID_ARGUMENT);
}

static void waiting_says_when_time_runs_out_and_canceling_ends_a_request() {
    Scene scene;
    scene.control(Scene::slow);
    const auto request = scene.client.submit("list_games").value();
    CHECK(!request.wait(5) && !request.poll());
    CHECK_OK(request.cancel());
    CHECK_ERROR(*request.poll(), IPG_ERR_CANCELED);
    CHECK_OK(request.cancel());
}

static void callbacks_run_once_in_the_tick_and_what_they_hold_goes_at_once() {
    Scene scene;
    Token token;
    int runs = 0;
    const auto me = std::this_thread::get_id();
    auto request = scene.client.submit("list_games", R"({"per_page": "20"})", {}, [&, held = token.held()](Result<Reply> games) {
        runs++;
        CHECK(games && games->text("/data/0/id") == "123" && std::this_thread::get_id() == me);
    }).value();
    CHECK(runs == 0 && !token.is_free());
    std::uint32_t completed = 0;
    TICK_UNTIL(scene.client, (completed += scene.client.tick().value(), runs));
    CHECK(runs == 1 && completed <= 1 && token.is_free());
    CHECK_OK(*request.poll()); // the result stays
    for (int n = 0; n < 20; n++) CHECK_OK(scene.client.tick());
    CHECK(runs == 1);

    // A callable that can only be moved, a function, an error, and one that nobody holds the request of.
    auto owned = std::make_unique<int>(7);
    int seen = 0;
    CHECK_OK(scene.client.submit_detached("get_session_status", R"({"session_id": "nobody"})", {},
                                          [&seen, owned = std::move(owned)](const Result<Reply>& reply) {
                                              CHECK_ERROR(reply, IPG_ERR_NOT_FOUND);
                                              seen = *owned;
                                          }));
    TICK_UNTIL(scene.client, seen == 7);
    const auto typed = scene.client.submit_session_start(good(), {}, [&](Result<StartedSession> session) {
        seen = session && !session->game_url.empty() ? 8 : 0;
    });
    TICK_UNTIL(scene.client, seen == 8);
}

static void many_detached_calls_leave_nothing_behind() {
    Scene scene([](Config& config) { config.max_in_flight(1); });
    Token token;
    for (int n = 0; n < 5; n++) {
        bool done = false;
        CHECK_OK(scene.client.submit_detached("list_games", {}, {}, [&, held = token.held()](Result<Reply>) { done = true; }));
        CHECK_ERROR(scene.client.submit("list_games"), IPG_ERR_BUSY);
        TICK_UNTIL(scene.client, done);
    }
    CHECK(token.is_free());
}

static void what_is_refused_holds_nothing() {
    Scene scene;
    Token token;
    CHECK(!scene.client.submit("no_such_operation", {}, {}, [held = token.held()](Result<Reply>) {}));
    CHECK(!scene.client.session_watch("", 1000, [held = token.held()](WatchEvent) {}));
    CHECK(!scene.client.submit_session_start(StartSession(1), {}, [held = token.held()](Result<StartedSession>) {}));
    CHECK(token.is_free());
}

static void what_is_forgotten_never_calls_back() {
    Scene scene;
    Token token;
    const auto never = [held = token.held()](Result<Reply>) { NEVER("a forgotten callback ran"); };
    (void)scene.client.submit("list_games", {}, {}, never).ok(); // destroyed here
    auto request = scene.client.submit("list_games", {}, {}, never).value();
    request.forget();
    request.forget();
    auto other = scene.client.submit("list_games", {}, {}, never).value();
    other = Request();
    for (int n = 0; n < 20; n++) CHECK_OK(scene.client.tick());
    scene.control(Scene::slow);
    auto ended = scene.client.submit("list_games", {}, {}, never).value();
    CHECK_OK(ended.cancel());
    ended.forget(); // between its end and its callback
    for (int n = 0; n < 20; n++) CHECK_OK(scene.client.tick());
    CHECK(token.mine.use_count() == 2); // `never` itself
}

static void a_callback_may_forget_itself_and_submit_again() {
    Scene scene([](Config& config) { config.max_in_flight(1); });
    Token token;
    Request request;
    int runs = 0;
    struct Again {
        Scene& scene;
        Request& request;
        int& runs;
        std::function<void()> held;
        void operator()(Result<Reply> reply) const {
            CHECK_OK(reply);
            if (++runs < 3) {
                request.forget(); // this very call; what is captured stays good until the end
                request = scene.client.submit("list_games", {}, {}, Again{scene, request, runs, held}).value();
            }
        }
    };
    request = scene.client.submit("list_games", {}, {}, Again{scene, request, runs, token.held()}).value();
    TICK_UNTIL(scene.client, runs == 3);
    CHECK(token.is_free());
}

static void a_callback_may_hold_its_own_request() {
    Scene scene;
    Token token;
    bool ran = false;
    {
        auto place = std::make_shared<Request>();
        *place = scene.client.submit("list_games", {}, {}, [&ran, place, held = token.held()](Result<Reply>) { ran = true; }).value();
    }
    TICK_UNTIL(scene.client, ran);
    CHECK(token.is_free());
}

static void a_callback_may_cancel_forget_and_close_all_else() {
    Scene scene;
    Token token;
    int runs = 0;
    std::array<Request, 8> requests;
    scene.control(Scene::slow);
    for (auto& request : requests) {
        request = scene.client.submit("list_games", {}, {}, [&, held = token.held()](Result<Reply> reply) {
            CHECK_ERROR(reply, IPG_ERR_CANCELED);
            if (++runs == 2) {
                for (auto& each : requests) each.forget();
            }
            std::uint32_t nested = scene.client.tick().value();
            CHECK(nested == 0);
        }).value();
    }
    for (auto& request : requests) CHECK_OK(request.cancel());
    TICK_UNTIL(scene.client, token.is_free());
    for (int n = 0; n < 20; n++) CHECK_OK(scene.client.tick());
    CHECK(runs == 2);

    runs = 0;
    std::vector<Request> more;
    for (int n = 0; n < 4; n++) {
        more.push_back(scene.client.submit("list_games", {}, {}, [&, held = token.held()](Result<Reply>) {
            runs++;
            scene.client = Client(); // destroyed inside its own tick
            CHECK(!token.is_free()); // this callable still is there
        }).value());
        CHECK_OK(more.back().cancel());
    }
    CHECK_OK(scene.client.submit_detached("list_games", {}, {}, [held = token.held()](Result<Reply>) { NEVER("never"); }));
    until([&] { return runs == 1; }, [&] { (void)scene.client.tick().ok(); }, __LINE__);
    CHECK(token.is_free());
    for (const auto& request : more) CHECK_ERROR(*request.poll(), IPG_ERR_CANCELED);
}

static void closing_with_calls_in_flight_lets_everything_go() {
    Scene scene;
    Token token;
    scene.control(Scene::slow);
    const auto never = [](Result<Reply>) { NEVER("never"); };
    auto kept = scene.client.submit("list_games", {}, {}, [never, held = token.held()](Result<Reply> r) { never(std::move(r)); }).value();
    CHECK_OK(scene.client.submit_detached("list_games", {}, {}, [never, held = token.held()](Result<Reply> r) { never(std::move(r)); }));
    auto watch = scene.client.session_watch("x", 100, [held = token.held()](WatchEvent) {}).value();
    CHECK_OK(scene.client.tick());
    scene.client.close();
    CHECK(token.is_free());
    CHECK_ERROR(*kept.poll(), IPG_ERR_CANCELED);
    CHECK_ERROR(watch.wait(10)->status, IPG_ERR_CANCELED);
    scene.client.close();
    CHECK_ERROR(scene.client.tick(), IPG_ERR_INVALID_HANDLE);
}

static void shutting_down_runs_every_callback() {
    Scene scene;
    Token token;
    int runs = 0;
    scene.control(Scene::slow);
    for (int n = 0; n < 3; n++) {
        CHECK_OK(scene.client.submit_detached("list_games", {}, {}, [&, held = token.held()](Result<Reply> reply) {
            CHECK_ERROR(reply, IPG_ERR_CANCELED);
            runs++;
        }));
    }
    CHECK_OK(scene.client.shutdown(0));
    CHECK(runs == 3 && token.is_free());
    CHECK_ERROR(scene.client.shutdown(0), IPG_ERR_SHUT_DOWN);
    CHECK(!scene.client.shutdown(0).error().message().empty());
    CHECK_ERROR(scene.client.call("list_games"), IPG_ERR_SHUT_DOWN);
    CHECK_ERROR(scene.client.submit("list_games", {}, {}, [](Result<Reply>) {}), IPG_ERR_SHUT_DOWN);
}

static void shutting_down_inside_a_callback_runs_the_others_inside_it() {
    Scene scene;
    Token token;
    int runs = 0;
    scene.control(Scene::slow);
    std::vector<Request> requests;
    for (int n = 0; n < 3; n++) {
        requests.push_back(scene.client.submit("list_games", {}, {}, [&, n, held = token.held()](Result<Reply>) {
            runs++;
            if (n == 0) {
                CHECK_OK(scene.client.shutdown(0));
                CHECK(runs == 3);
                requests.clear();
            }
        }).value());
    }
    CHECK_OK(requests[0].cancel());
    TICK_UNTIL(scene.client, runs == 3);
    CHECK(token.is_free());
}

static void one_that_runs_elsewhere_is_the_last_and_keeps_what_it_holds() {
    for (const bool close : {false, true}) {
        Scene scene;
        Token token;
        std::atomic<bool> inside{false}, leave{false}, over{false};
        const auto callback = [&, held = token.held()](Result<Reply>) {
            inside = true;
            SOON(leave);
            CHECK(!token.is_free());
        };
        auto request = scene.client.submit("list_games", {}, {}, callback).value();
        std::thread ticker([&] {
            while (!over) (void)scene.client.tick().ok();
        });
        SOON(inside);
        if (close) {
            scene.client.close();
        } else {
            request.forget();
        }
        CHECK(token.mine.use_count() > 2); // `callback` itself, and the one that runs
        leave = true;
        SOON(token.mine.use_count() == 2);
        over = true;
        ticker.join();
    }
}

static void a_watch_tells_each_change_and_the_end() {
    Scene scene;
    Token token;
    const auto session = scene.client.session_start(good()).value();
    std::vector<std::string> seen;
    int ends = 0;
    auto watch = scene.client.session_watch(session.session_id, 10, [&, held = token.held()](const WatchEvent& event) {
        CHECK_OK(event.status);
        seen.push_back(event.status->status);
        ends += event.ended;
    }).value();
    TICK_UNTIL(scene.client, seen.size() == 1);
    CHECK(ends == 0 && !token.is_free());
    CHECK_OK(scene.client.session_end(session.session_id));
    TICK_UNTIL(scene.client, ends == 1);
    CHECK(seen.size() == 2 && seen[0] == "active" && seen[1] == "closed" && token.is_free());
    CHECK(watch.poll()->ended && watch.poll()->status->status == "closed");

    // By polling; canceled, and of a session that there is not.
    const auto other = scene.client.session_start(good()).value();
    auto polled = scene.client.session_watch(other.session_id, 10).value();
    std::optional<WatchEvent> event;
    TICK_UNTIL(scene.client, event = polled.poll());
    CHECK(!event->ended && event->status->is_active() && !polled.poll());
    CHECK(!polled.wait(1));
    CHECK_OK(polled.cancel());
    CHECK(polled.poll()->ended);
    CHECK_ERROR(polled.poll()->status, IPG_ERR_CANCELED);
    auto none = scene.client.session_watch("nobody", 10).value();
    event = none.wait(60000);
    CHECK(event && event->ended);
    CHECK_ERROR(event->status, IPG_ERR_NOT_FOUND);
    const auto fast = scene.client.session_watch("x", 1);
    CHECK_ERROR(fast, IPG_ERR_INVALID_ARGUMENT);
    CHECK(fast.error().field() == "/interval_ms");
}

static void a_watch_may_end_itself_in_its_news() {
    Scene scene;
    Token token;
    const auto session = scene.client.session_start(good()).value();
    Watch watch;
    int runs = 0;
    watch = scene.client.session_watch(session.session_id, 10, [&, held = token.held()](WatchEvent event) {
        runs++;
        CHECK(!event.ended);
        watch.forget();
        CHECK(!token.is_free());
    }).value();
    TICK_UNTIL(scene.client, runs);
    CHECK(token.is_free());
    CHECK_OK(scene.client.session_end(session.session_id));
    for (int n = 0; n < 20; n++) CHECK_OK(scene.client.tick());
    CHECK(runs == 1);
}

static void a_logger_gets_lines_without_secrets_and_goes_when_it_is_replaced() {
    Scene scene;
    Token token, second;
    std::string lines;
    ipg_code inside = IPG_OK;
    CHECK_OK(scene.client.set_logger(LogLevel::trace, [&, held = token.held()](LogLevel level, std::string_view target, std::string_view line) {
        CHECK(level >= LogLevel::error && level <= LogLevel::trace && target.substr(0, 10) == "iplaygames");
        lines += std::string(line) + "\n";
        inside = scene.client.set_logger(LogLevel::info, [](LogLevel, std::string_view, std::string_view) {}).code();
    }));
    CHECK_OK(scene.client.call("list_games"));
    CHECK(lines.find("list_games") != std::string::npos && lines.find(scene.sandbox.api_key()) == std::string::npos);
    CHECK(inside == IPG_ERR_BUSY && !token.is_free());
    int more = 0;
    CHECK_OK(scene.client.set_logger(LogLevel::info, [&, held = second.held()](LogLevel, std::string_view, std::string_view) { more++; }));
    CHECK(token.is_free());
    CHECK_OK(scene.client.call("list_games"));
    CHECK(more > 0 && !second.is_free());
    CHECK_OK(scene.client.remove_logger());
    CHECK(second.is_free());
    more = 0;
    CHECK_OK(scene.client.call("list_games"));
    CHECK(more == 0);
    CHECK_ERROR(scene.client.set_logger(static_cast<LogLevel>(9), [held = token.held()](LogLevel, std::string_view, std::string_view) {}),
                IPG_ERR_INVALID_ARGUMENT);
    CHECK(token.is_free());
    CHECK_OK(scene.client.set_logger(LogLevel::info, [held = token.held()](LogLevel, std::string_view, std::string_view) {}));
    scene.client = Client();
    CHECK(token.is_free());
}

static void a_logger_may_close_its_own_client() {
    Scene scene;
    Token token;
    int lines = 0;
    CHECK_OK(scene.client.set_logger(LogLevel::trace, [&, held = token.held()](LogLevel, std::string_view, std::string_view) {
        lines++;
        scene.client.close();
        CHECK(!token.is_free());
    }));
    CHECK_OK(scene.client.call("list_games"));
    CHECK(lines > 0);
    scene.client = Client();
    CHECK(token.is_free());
}

static void closing_ends_the_blocking_calls_of_other_threads() {
    Scene scene([](Config& config) { config.timeout_ms(600000).attempt_timeout_ms(600000); });
    scene.control(Scene::slow);
    std::array<ipg_code, 4> codes{};
    std::vector<std::thread> threads;
    for (auto& code : codes) {
        threads.emplace_back([&scene, &code] { code = scene.client.call("list_games").code(); });
    }
    SOON(scene.count("/requests/by_operation/list_games") == 4);
    scene.client.close();
    for (auto& thread : threads) thread.join();
    for (const ipg_code code : codes) CHECK(code == IPG_ERR_CANCELED);
}

static void eight_threads_share_a_client_and_nothing_is_left_behind(const char* background, int rounds) {
    Scene scene([&](Config& config) { config.field("background", background).max_in_flight(100000); });
    Token token;
    const auto session = scene.client.session_start(good()).value();
    std::atomic<bool> over{false};
    std::atomic<int> ran{0}, begun{0};
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 8; seed++) {
        threads.emplace_back([&, seed] {
            std::minstd_rand random(seed + 1);
            std::vector<Request> requests;
            std::vector<Watch> watches;
            const auto count = [&, held = token.held()](auto&&) { ran++; };
            while (!over) {
                switch (random() % 9) {
                case 0: case 1: case 2:
                    for (int n = 0; n < 20; n++) (void)scene.client.tick(200).ok();
                    break;
                case 3:
                    if (auto request = scene.client.submit("list_games", {}, {}, count)) {
                        begun++;
                        requests.push_back(std::move(*request));
                    }
                    break;
                case 4: begun += scene.client.submit_detached("list_games", {}, {}, count).ok(); break;
                case 5:
                    if (auto watch = scene.client.session_watch(session.session_id, 10, count)) {
                        begun++;
                        watches.push_back(std::move(*watch));
                    }
                    break;
                case 6:
                    if (!requests.empty()) requests.erase(requests.begin() + static_cast<long>(random() % requests.size()));
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
    SOON(begun > rounds && ran > rounds / 4);
    scene.client.close(); // while they go on
    over = true;
    for (auto& thread : threads) thread.join();
    CHECK(token.is_free());
}

int main(int count, char** words) {
    const int rounds = count > 1 ? std::atoi(words[1]) : 400;
    polling_is_complete_without_callbacks();
    waiting_says_when_time_runs_out_and_canceling_ends_a_request();
    callbacks_run_once_in_the_tick_and_what_they_hold_goes_at_once();
    many_detached_calls_leave_nothing_behind();
    what_is_refused_holds_nothing();
    what_is_forgotten_never_calls_back();
    a_callback_may_forget_itself_and_submit_again();
    a_callback_may_hold_its_own_request();
    a_callback_may_cancel_forget_and_close_all_else();
    closing_with_calls_in_flight_lets_everything_go();
    shutting_down_runs_every_callback();
    shutting_down_inside_a_callback_runs_the_others_inside_it();
    one_that_runs_elsewhere_is_the_last_and_keeps_what_it_holds();
    a_watch_tells_each_change_and_the_end();
    a_watch_may_end_itself_in_its_news();
    a_logger_gets_lines_without_secrets_and_goes_when_it_is_replaced();
    a_logger_may_close_its_own_client();
    closing_ends_the_blocking_calls_of_other_threads();
    eight_threads_share_a_client_and_nothing_is_left_behind("false", rounds);
    eight_threads_share_a_client_and_nothing_is_left_behind("true", rounds);
    return check_end();
}
