/* A program with the ABI of MSVC: clang compiles it for x86_64-pc-windows-msvc, and lld-link links
   it with iplaygames.lib. It has no C runtime, since that of MSVC is not on the machine that builds
   it, so it begins at start() and prints with functions of Windows. It plays a session. */
#include <iplaygames_sandbox.h>

__declspec(dllimport) void *__stdcall GetStdHandle(unsigned long which);
__declspec(dllimport) int __stdcall WriteFile(void *file, const void *bytes, unsigned long length,
                                              unsigned long *written, void *overlapped);
__declspec(dllimport) void __stdcall ExitProcess(unsigned int code);
void start(void);

static unsigned passed, failed;

static void print(const char *text) {
    unsigned long length = 0, written;
    while (text[length]) {
        length++;
    }
    WriteFile(GetStdHandle((unsigned long)-11), text, length, &written, 0);
}

static void print_number(unsigned number) {
    char digits[11];
    int at = 10;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    print(digits + at);
}

static void check(int is_good, const char *what) {
    if (is_good) {
        passed++;
    } else {
        failed++;
        print("failed: ");
        print(what);
        print("\n");
    }
}
#define CHECK(what) check((what) ? 1 : 0, #what)

static int ended;

static void on_end(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    CHECK(user_data == &ended && request && json && code == IPG_OK);
    ended++;
}

static const char ARGS[] = "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
                           " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}";

void start(void) {
    ipg_sandbox *sandbox = 0;
    ipg_client *client = 0;
    char *config = 0, *json = 0, *id = 0;
    CHECK(ipg_version()[0] == '0' + IPG_VERSION_MAJOR);
    CHECK(ipg_sandbox_start(0, &sandbox, &config) == IPG_OK);
    CHECK(ipg_client_new(config, &client, 0) == IPG_OK);
    CHECK(ipg_session_start(client, ARGS, &json) == IPG_OK);
    CHECK(ipg_json_get(json, "/data/session_id", 0, &id, 0) == IPG_OK);
    CHECK(ipg_submit(client, "list_games", 0, 0, on_end, &ended, 0, 0, 0) == IPG_OK);
    while (!ended) {
        CHECK(ipg_client_tick(client, 1000, 0) == IPG_OK);
    }
    CHECK(ipg_session_end(client, id, 0) == IPG_OK);
    ipg_string_free(id);
    ipg_string_free(json);
    ipg_string_free(config);
    CHECK(ipg_client_free(client) == IPG_OK);
    CHECK(ipg_sandbox_stop(sandbox) == IPG_OK);
    print_number(passed);
    print(" passed, ");
    print_number(failed);
    print(" failed\n");
    ExitProcess(failed ? 1 : 0);
}
