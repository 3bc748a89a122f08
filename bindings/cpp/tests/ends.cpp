// Programs that must end at once, and say why. Given a word, it does one of the things that end a process.
#include <cstring>
#include <iplaygames.hpp>

using namespace iplaygames;

int main(int count, char** words) {
    const char* word = count > 1 ? words[1] : "";
    const auto sandbox = Sandbox::start().value();
    const auto client = Client::create(sandbox.config()).value();
    if (std::strcmp(word, "value") == 0) {
        std::puts(client.session_status("nobody").value().status.c_str());
    }
#if IPLAYGAMES_EXCEPTIONS
    const auto raise = [](auto&&...) { throw std::runtime_error("the host's own"); };
    if (std::strcmp(word, "callback") == 0) {
        try {
            const auto request = client.submit("list_games", {}, {}, raise).value();
            while (true) client.tick().value();
        } catch (...) {
            std::puts("it came through");
        }
    } else if (std::strcmp(word, "logger") == 0) {
        client.set_logger(LogLevel::trace, raise).value();
        client.call("list_games").value();
    } else if (std::strcmp(word, "handler") == 0) {
        StartSession request(42);
        request.player_id("player-7").currency("EUR").country_code("DE").ip_address("203.0.113.9");
        auto session = client.session_open(request).value();
        session.on_end_error(raise);
        client.close();
    }
#endif
    return 0;
}
