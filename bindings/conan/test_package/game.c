/* A session against the sandbox. */
#include <iplaygames_sandbox.h>
#include <stdio.h>

int main(void) {
    ipg_sandbox *sandbox = NULL;
    ipg_client *client = NULL;
    char *json = NULL;
    ipg_code code = ipg_sandbox_start(NULL, &sandbox, &json);
    if (code == IPG_OK) code = ipg_client_new(json, &client, NULL);
    ipg_string_free(json);
    json = NULL;
    if (code == IPG_OK)
        code = ipg_session_start(client,
                                 "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
                                 " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}",
                                 &json);
    printf("libiplaygames %s: %s\n%s\n", ipg_version(), ipg_code_name(code), json ? json : "");
    ipg_string_free(json);
    ipg_client_free(client);
    ipg_sandbox_stop(sandbox);
    return code == IPG_OK ? 0 : 1;
}
