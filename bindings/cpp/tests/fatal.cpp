// A program that the wrapper must terminate with a message. The argument selects the error.
#include <cstring>
#include <iplaygames.hpp>

using namespace iplaygames;

int main(int argc, char** argv) {
    const char* error = argc > 1 ? argv[1] : "";
    const auto sandbox = Sandbox::start().value();
    const auto client = Client::create(sandbox.config()).value();
    if (std::strcmp(error, "value") == 0) {
        std::puts(client.session_status("nobody").value().status.c_str());
    }
#if IPLAYGAMES_EXCEPTIONS
    const auto throw_host_error = [](auto&&...) { throw std::runtime_error("an error of the host"); };
    if (std::strcmp(error, "callback") == 0) {
        try {
            const auto request = client.submit("list_games", {}, {}, throw_host_error).value();
            while (true) client.tick().value();
        } catch (...) {
            std::puts("the exception passed through the library");
        }
    } else if (std::strcmp(error, "logger") == 0) {
        client.set_logger(LogLevel::trace, throw_host_error).value();
        client.call("list_games").value();
    } else if (std::strcmp(error, "handler") == 0) {
        StartSession request(42);
        request.player_id("player-7").currency("EUR").country_code("DE").ip_address("203.0.113.9");
        auto session = client.session_open(request).value();
        session.on_end_error(throw_host_error);
        client.close();
    }
#endif
    return 0;
}
