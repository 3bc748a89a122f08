// Coroutines that wait for calls: each continues exactly once, with the result of its call.
#include "fixture.hpp"

#include <atomic>
#include <coroutine>
#include <exception>
#include <iplaygames_coroutines.hpp>
#include <thread>
#include <utility>
#include <vector>

namespace {

// A coroutine that starts at once and is destroyed with its object.
class Task {
public:
    struct promise_type {
        std::atomic<bool> is_done{false};

        Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_never initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct Finish {
                bool await_ready() noexcept { return false; }
                void await_suspend(std::coroutine_handle<promise_type> self) noexcept { self.promise().is_done = true; }
                void await_resume() noexcept {}
            };
            return Finish{};
        }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };

    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (handle_) handle_.destroy();
    }
    [[nodiscard]] bool done() const { return handle_.promise().is_done; }

private:
    std::coroutine_handle<promise_type> handle_;
};

Task live(AsyncClient calls, int& steps) {
    auto session = co_await calls.start(valid_start());
    CHECK_OK(session);
    steps++;
    auto status = co_await calls.status(session->session_id);
    CHECK(status.ok() && status->status == "active");
    steps++;
    CHECK_OK(co_await calls.end(session->session_id));
    steps++;
    CHECK_ERROR(co_await calls.status("none"), IPG_ERR_NOT_FOUND);
    steps++;
}

Task call_once(AsyncClient calls, std::string operation, std::atomic<int>& code) {
    auto reply = co_await calls.call(std::move(operation));
    code = reply.code();
}

Task count_call(AsyncClient calls, std::atomic<int>& successes) {
    auto reply = co_await calls.call("list_games");
    if (reply.ok()) successes++;
}

void a_coroutine_lives_a_session() {
    Fixture it;
    int steps = 0;
    Task task = live(AsyncClient(it.client), steps);
    CHECK(!task.done() && steps == 0);
    TICK_UNTIL(it.client, task.done());
    CHECK(steps == 4);
    CHECK(it.count("/sessions/closed") == 1);
}

void a_refused_call_continues_at_once() {
    Fixture it;
    std::atomic<int> code{-1};
    Task task = call_once(AsyncClient(it.client), "no_such_operation", code);
    CHECK(task.done() && code == IPG_ERR_UNKNOWN_OPERATION);
}

void destroying_a_suspended_coroutine_cancels_its_call() {
    Fixture it;
    it.control(Fixture::slow_fault);
    std::atomic<int> code{-1};
    {
        Task task = call_once(AsyncClient(it.client), "list_games", code);
        TICK_UNTIL(it.client, it.count("/requests/total") == 1);
        CHECK(!task.done());
    }
    CHECK_OK(it.client.tick());
    CHECK(code == -1);
    CHECK(it.client.stats().value().integer("/in_flight").value_or(-1) == 0);
}

void a_shutdown_continues_every_coroutine() {
    Fixture it;
    it.control(Fixture::slow_fault);
    std::atomic<int> code{-1};
    Task task = call_once(AsyncClient(it.client), "list_games", code);
    CHECK_OK(it.client.shutdown(0));
    CHECK(task.done() && code == IPG_ERR_CANCELED);
}

void a_thread_that_ticks_continues_coroutines_of_another_thread_once() {
    Fixture it;
    std::atomic<bool> stop{false};
    std::atomic<int> successes{0};
    std::thread ticker([&] {
        while (!stop) CHECK_OK(it.client.tick(500));
    });
    constexpr int count = 300;
    std::vector<Task> tasks;
    tasks.reserve(count);
    for (int n = 0; n < count; n++) tasks.push_back(count_call(AsyncClient(it.client), successes));
    WAIT_UNTIL([&] {
        for (const Task& task : tasks) {
            if (!task.done()) return false;
        }
        return true;
    }());
    stop = true;
    ticker.join();
    CHECK(successes == count);
    CHECK(it.count("/requests/total") == count);
}

} // namespace

int main() {
    a_coroutine_lives_a_session();
    a_refused_call_continues_at_once();
    destroying_a_suspended_coroutine_cancels_its_call();
    a_shutdown_continues_every_coroutine();
    a_thread_that_ticks_continues_coroutines_of_another_thread_once();
    return check_end();
}
