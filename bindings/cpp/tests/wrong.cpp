// Wrong on purpose: what is wrong here a sanitizer must see, or its silence about the tests says nothing.
#include <cstdio>
#include <cstring>
#include <iplaygames.hpp>

using namespace iplaygames;

int main(int count, char** words) {
    const auto sandbox = Sandbox::start().value();
    const auto client = Client::create(sandbox.config()).value();
    if (count > 1 && std::strcmp(words[1], "address") == 0) {
        int* captured = new int(7); // a callback that looks at what is gone
        const auto request = client.submit("list_games", {}, {}, [captured](Result<Reply>) { std::printf("%d\n", *captured); }).value();
        delete captured;
        while (!request.poll()) client.tick().value();
        client.tick().value();
    } else if (count > 1 && std::strcmp(words[1], "undefined") == 0) {
        int frames = 0x7fffffff - (count - 2);
        const auto request = client.submit("list_games").value();
        while (!request.poll()) client.tick().value();
        frames += count;
        std::printf("%d\n", frames);
    } else if (count > 1 && std::strcmp(words[1], "leak") == 0) {
        std::printf("%zu\n", (new std::string(client.submit("list_games").value().call_id()))->size());
    }
    return 0;
}
