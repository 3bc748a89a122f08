// A game loop that starts, watches and ends a session with callbacks. No frame waits for the
// network. The program uses the sandbox.
#include <chrono>
#include <cstdio>
#include <iplaygames.hpp>
#include <thread>

using namespace iplaygames;

class Game {
public:
    explicit Game(Client client) : client_(std::move(client)) {}

    bool start() {
        auto request = client_.submit_session_start(
            StartSession(42).player_id("player-7").currency("EUR").country_code("DE").ip_address("203.0.113.9"), {},
            [this](Result<StartedSession> session) { on_started(std::move(session)); });
        if (request) starting_ = std::move(*request);
        return request.ok();
    }

    bool frame() {
        if (auto ticked = client_.tick(500); !ticked) fail(ticked.error()); // at most half a millisecond
        if (++frames_ > 3000) over_ = failed_ = true;
        return !over_;
    }

    [[nodiscard]] bool failed() const { return failed_; }

private:
    void on_started(Result<StartedSession> session) {
        if (!session) return fail(session.error());
        std::printf("frame %d: play at %s\n", frames_, session->game_url.c_str());
        auto watch =
            client_.session_watch(session->session_id, 100, [this, id = session->session_id](const WatchEvent& event) {
                if (!event.status) return fail(event.status.error());
                std::printf("frame %d: the session is %s\n", frames_, event.status->status.c_str());
                over_ = event.ended;
                if (!over_) end_session(id);
            });
        if (!watch) return fail(watch.error());
        watch_ = std::move(*watch);
    }

    void end_session(const std::string& id) {
        auto request = client_.submit_session_end(id, {}, [this](Result<EndedSession> ended) {
            if (!ended) fail(ended.error());
        });
        if (!request) return fail(request.error());
        ending_ = std::move(*request);
    }

    void fail(const Error& error) {
        std::fprintf(stderr, "%s\n", error.describe().c_str());
        over_ = failed_ = true;
    }

    Client client_;
    Request<StartedSession> starting_;
    Request<EndedSession> ending_;
    Watch watch_;
    int frames_ = 0;
    bool over_ = false, failed_ = false;
};

int main() {
    auto sandbox = Sandbox::start();
    auto client = sandbox ? Client::create(sandbox->config()) : Result<Client>(sandbox.error());
    if (!client) {
        std::fprintf(stderr, "%s\n", client.error().describe().c_str());
        return 1;
    }
    Game game(std::move(*client));
    if (!game.start()) return 1;
    while (game.frame()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(16)); // a game draws here
    }
    return game.failed() ? 1 : 0;
}
