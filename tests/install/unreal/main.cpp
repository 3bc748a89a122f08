// A game that uses the plugin's subsystem, with substitutes for the engine, against a server whose
// configuration is the argument.
#include "IPlayGamesSubsystem.h"
#include "Modules/ModuleManager.h"

#include <arpa/inet.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sys/socket.h>
#include <thread>

IModuleInterface& ModuleOfThePlugin();

// ASCII is enough for the substitutes, except in the texts that the test itself compares.
std::string ToNarrow(const TCHAR* text) {
    std::string narrow;
    for (; *text; ++text) {
        const unsigned unit = *text;
        if (unit < 0x80) {
            narrow += static_cast<char>(unit);
        } else if (unit < 0x800) {
            narrow += {static_cast<char>(0xc0 | unit >> 6), static_cast<char>(0x80 | (unit & 63))};
        } else {
            narrow += {static_cast<char>(0xe0 | unit >> 12), static_cast<char>(0x80 | (unit >> 6 & 63)),
                       static_cast<char>(0x80 | (unit & 63))};
        }
    }
    return narrow;
}

std::u16string ToWide(const char* text) {
    std::u16string wide;
    for (; *text; ++text) wide += static_cast<unsigned char>(*text) < 0x80 ? static_cast<TCHAR>(*text) : u'?';
    return wide;
}

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                             \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

static bool run_until(const bool& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done && std::chrono::steady_clock::now() < end) {
        FTSTicker::GetCoreTicker().Frame();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return done;
}

// Listens on a free port and never accepts. Returns the configuration of a client.
static std::string silent_server() {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || bind(server, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(server, 8) != 0 ||
        getsockname(server, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        std::perror("a server that does not answer");
        std::abort();
    }
    return "{\"api_key\": \"key\", \"base_url\": \"http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "\"}";
}

static const FString start = u"{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
                             u" \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}";

int main(int, char** arguments) {
    FSubsystemCollectionBase collection;
    UIPlayGamesSubsystem subsystem;
    FString error;
    FIPlayGamesResult result;
    bool done = false;
    int runs = 0;
    const auto keep = FIPlayGamesDelegate::CreateLambda([&](const FIPlayGamesResult& given) {
        result = given;
        done = true;
        ++runs;
    });

    ModuleOfThePlugin().StartupModule();
    MUST(LogLines.empty()); // the library fits the header

    // A base URL that the library refuses leaves the client closed, and a line in the log.
    subsystem.BaseUrl = u"gopher://relay.example";
    subsystem.Initialize(collection);
    MUST(!subsystem.IsOpen() && LogLines.size() == 1);

    // Calls of a closed client are refused, in a later frame.
    subsystem.Submit(u"list_games", u"", keep);
    MUST(!done && run_until(done));
    MUST(!result.bSucceeded && result.CodeName == u"IPG_ERR_INVALID_HANDLE");

    MUST(!subsystem.Open(u"{\"base_ur\": \"x\"}", error) && !error.IsEmpty());
    MUST(subsystem.Open(ToWide(arguments[1]).c_str(), error) && error.IsEmpty() && subsystem.IsOpen());

    // A session, its watch, and its end.
    done = false;
    subsystem.Submit(u"start_a_game_session", start, keep);
    MUST(!done && run_until(done) && result.bSucceeded && result.Code == 0);
    const FString id = result.Get(u"/data/session_id");
    MUST(!id.IsEmpty() && UIPlayGamesSubsystem::GetValue(result, u"/data/nothing").IsEmpty());

    TArray<FString> statuses;
    bool active = false, ended = false;
    subsystem.WatchSessionDynamic(id, 20, FIPlayGamesDynamicDelegate::CreateLambda([&](const FIPlayGamesResult& given) {
                                      statuses.Add(given.Get(u"/data/status"));
                                      active = true;
                                      ended = given.bLast;
                                  }));
    MUST(run_until(active) && !ended && statuses.Last() == u"active");
    done = false;
    const std::string end = "{\"session_id\": \"" + ToNarrow(*id) + "\"}";
    subsystem.SubmitDynamic(
        u"end_a_game_session", ToWide(end.c_str()).c_str(),
        FIPlayGamesDynamicDelegate::CreateLambda([&](const FIPlayGamesResult& given) { keep.ExecuteIfBound(given); }));
    MUST(run_until(done) && result.bSucceeded && run_until(ended));
    MUST(statuses.Num() == 2 && statuses.Last() == u"closed");

    // An error of the API, and an argument that the library refuses.
    done = false;
    subsystem.Submit(u"get_session_status", u"{\"session_id\": \"no-such-session\"}", keep);
    MUST(run_until(done) && !result.bSucceeded && result.CodeName == u"IPG_ERR_NOT_FOUND");
    MUST(result.Outcome == EIPlayGamesOutcome::Rejected && !result.Message.IsEmpty());
    done = false;
    subsystem.Submit(u"no_such_operation", u"", keep);
    MUST(!done && run_until(done) && result.CodeName == u"IPG_ERR_UNKNOWN_OPERATION");

    // A watch that is stopped inside its own delegate runs no more.
    int updates = 0;
    int32 watch = 0;
    done = false;
    subsystem.Submit(u"start_a_game_session", start, keep);
    MUST(run_until(done) && result.bSucceeded);
    bool updated = false;
    watch = subsystem.WatchSession(result.Get(u"/data/session_id"), 1,
                                   FIPlayGamesDelegate::CreateLambda([&](const FIPlayGamesResult&) {
                                       ++updates;
                                       updated = true;
                                       subsystem.StopWatching(watch);
                                   }));
    MUST(run_until(updated));
    for (int i = 0; i < 20; i++) FTSTicker::GetCoreTicker().Frame();
    MUST(updates == 1);

    // A delegate that closes the client: the other calls end as canceled, each delegate runs once.
    MUST(subsystem.Open(ToWide(silent_server().c_str()).c_str(), error));
    runs = 0;
    done = false;
    subsystem.Submit(u"no_such_operation", u"",
                     FIPlayGamesDelegate::CreateLambda([&](const FIPlayGamesResult&) { subsystem.Close(); }));
    subsystem.Submit(u"list_games", u"", keep);
    MUST(run_until(done) && runs == 1 && result.CodeName == u"IPG_ERR_CANCELED" && !subsystem.IsOpen());

    // Calls in flight at the end of the game, on a server that does not answer.
    MUST(subsystem.Open(ToWide(silent_server().c_str()).c_str(), error));
    runs = 0;
    subsystem.Submit(u"start_a_game_session", start, keep);
    for (int i = 0; i < 5; i++) FTSTicker::GetCoreTicker().Frame();
    subsystem.Deinitialize();
    MUST(runs == 1 && result.bLast && result.CodeName == u"IPG_ERR_CANCELED");
    MUST(FTSTicker::GetCoreTicker().Frame() == 0 && !subsystem.IsOpen());
    std::puts("the subsystem played a session");
    return 0;
}
