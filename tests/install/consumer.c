/* A user's program: one session against the sandbox, and the header's versions against the
   library's. C99, and C++ without exceptions and run-time types. */
#include <iplaygames.h>
#include <iplaygames_sandbox.h>
#include <stdio.h>
#include <string.h>

#define MUST(what)                                                                                                     \
    do {                                                                                                               \
        if (!(what)) {                                                                                                 \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);                                         \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

int main(void) {
    ipg_sandbox *sandbox = NULL;
    ipg_client *client = NULL;
    char *json = NULL, *id = NULL, version[32];

    MUST(ipg_abi_version() == IPG_ABI_VERSION);
    MUST(IPG_ABI_VERSION >> 16 == IPG_VERSION_MAJOR);
    snprintf(version, sizeof version, "%d.%d.%d", IPG_VERSION_MAJOR, IPG_VERSION_MINOR, IPG_VERSION_PATCH);
    MUST(strcmp(version, IPG_VERSION_STRING) == 0);
    MUST(strcmp(version, ipg_version()) == 0);

    MUST(ipg_sandbox_start(NULL, &sandbox, &json) == IPG_OK);
    MUST(ipg_client_new(json, &client, NULL) == IPG_OK);
    ipg_string_free(json);
    MUST(ipg_session_start(client,
                           "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
                           " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}",
                           &json) == IPG_OK);
    MUST(ipg_json_get(json, "/data/session_id", NULL, &id, NULL) == IPG_OK);
    ipg_string_free(json);
    MUST(ipg_session_status(client, id, &json) == IPG_OK);
    ipg_string_free(json);
    MUST(ipg_session_end(client, id, NULL) == IPG_OK);
    MUST(ipg_session_status(client, id, &json) == IPG_OK);
    ipg_string_free(id);
    MUST(ipg_json_get(json, "/data/status", NULL, &id, NULL) == IPG_OK);
    MUST(strcmp(id, "closed") == 0);
    ipg_string_free(id);
    ipg_string_free(json);
    MUST(ipg_client_free(client) == IPG_OK);
    MUST(ipg_sandbox_stop(sandbox) == IPG_OK);
    puts("a session was started, checked and ended");
    return 0;
}
