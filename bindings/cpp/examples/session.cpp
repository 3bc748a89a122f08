// Starts a game session, reads its status and ends it. The program uses the sandbox, which runs the
// API in this process: it needs no account and no network.
#include <cstdio>
#include <iplaygames.hpp>

using namespace iplaygames;

static Result<void> play() {
    // For the real API, use Config().api_key("..."), or Config().base_url("...") with the URL of a
    // relay.
    auto sandbox = Sandbox::start();
    if (!sandbox) return sandbox.error();
    auto client = Client::create(sandbox->config().timeout_ms(5000));
    if (!client) return client.error();

    auto session = client->session_start(
        StartSession(42).player_id("player-7").currency("EUR").country_code("DE").ip_address("203.0.113.9"));
    if (!session) return session.error();
    std::printf("session:  %s\nplay at:  %s\n", session->session_id.c_str(), session->game_url.c_str());

    auto status = client->session_status(session->session_id);
    if (!status) return status.error();
    std::printf("status:   %s, in %s\n", status->status.c_str(), status->game_title.value_or("a game").c_str());

    auto ended = client->session_end(session->session_id);
    if (!ended) return ended.error();
    std::printf("ended:    %s\n", ended->message.value_or("").c_str());

    // An invalid currency: the library does not send the call, and the error names the field.
    auto invalid = client->session_start(
        StartSession(42).player_id("player-7").currency("€").country_code("DE").ip_address("203.0.113.9"));
    std::printf("\nan invalid currency:\n  %s\n", invalid.error().describe().c_str());
    return {};
}

int main() {
    const auto played = play();
    if (!played) {
        std::fprintf(stderr, "%s\n", played.error().describe().c_str());
    }
    return played ? 0 : 1;
}
