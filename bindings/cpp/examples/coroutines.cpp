// A game loop whose session is one coroutine: it starts a session, reads its status and ends it. No
// frame waits for the network. The program uses the sandbox.
#include <chrono>
#include <coroutine>
#include <cstdio>
#include <exception>
#include <iplaygames_coroutines.hpp>
#include <thread>
#include <utility>

using namespace iplaygames;

// A coroutine that starts at once and is destroyed with its object. An engine has its own type.
class Task {
public:
    struct promise_type {
        Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::terminate(); }
    };

    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (handle_) handle_.destroy();
    }

    [[nodiscard]] bool done() const { return handle_.done(); }

private:
    std::coroutine_handle<promise_type> handle_;
};

static Task play(const Client& client, bool& good) {
    const AsyncClient calls(client);
    auto session = co_await calls.start(
        StartSession(42).player_id("player-7").currency("EUR").country_code("DE").ip_address("203.0.113.9"));
    if (!session) {
        std::fprintf(stderr, "%s\n", session.error().describe().c_str());
        co_return;
    }
    std::printf("play at %s\n", session->game_url.c_str());
    auto status = co_await calls.status(session->session_id);
    if (status) std::printf("the session is %s\n", status->status.c_str());
    auto ended = co_await calls.end(session->session_id);
    good = status.ok() && ended.ok();
}

int main() {
    auto sandbox = Sandbox::start();
    auto client = sandbox ? Client::create(sandbox->config()) : Result<Client>(sandbox.error());
    if (!client) {
        std::fprintf(stderr, "%s\n", client.error().describe().c_str());
        return 1;
    }
    bool good = false;
    Task session = play(*client, good);
    for (int frame = 0; frame < 3000 && !session.done(); frame++) {
        if (!client->tick(500)) return 1;
        std::this_thread::sleep_for(std::chrono::milliseconds(16)); // a game draws here
    }
    return good ? 0 : 1;
}
