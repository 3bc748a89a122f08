// Contains one error for each sanitizer, on purpose. If a sanitizer does not find its error here,
// its silence about the tests proves nothing.
#include <cstdio>
#include <cstring>
#include <iplaygames.hpp>

using namespace iplaygames;

int main(int argc, char** argv) {
    const auto sandbox = Sandbox::start().value();
    const auto client = Client::create(sandbox.config()).value();
    if (argc > 1 && std::strcmp(argv[1], "address") == 0) {
        int* captured = new int(7); // the callback reads it after it is deleted
        const auto request =
            client.submit("list_games", {}, {}, [captured](Result<Reply>) { std::printf("%d\n", *captured); }).value();
        delete captured;
        while (!request.poll()) client.tick().value();
        client.tick().value();
    } else if (argc > 1 && std::strcmp(argv[1], "undefined") == 0) {
        int frames = 0x7fffffff - (argc - 2);
        const auto request = client.submit("list_games").value();
        while (!request.poll()) client.tick().value();
        frames += argc;
        std::printf("%d\n", frames);
    } else if (argc > 1 && std::strcmp(argv[1], "leak") == 0) {
        std::printf("%zu\n", (new std::string(client.submit("list_games").value().call_id()))->size());
    }
    return 0;
}
