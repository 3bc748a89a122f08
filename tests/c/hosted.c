/* The library without a transport of its own: a client needs a transport of the host. */
#include "check.h"

static const char GAMES[] = "{\"success\": true, \"data\": []}";

static void answer(void *user_data, ipg_exchange *exchange, const char *method, const char *url, const char *headers,
                   const void *body, size_t body_len) {
    (void)method, (void)url, (void)headers, (void)body, (void)body_len;
    *(int *)user_data += 1;
    CHECK_CODE(ipg_exchange_respond(exchange, 200, "Content-Type: application/json\n", GAMES, strlen(GAMES)), IPG_OK,
               NULL);
}

int main(void) {
    int sent = 0;
    ipg_transport transport = {sizeof(ipg_transport), NULL, NULL, answer, NULL};
    ipg_client *client = NULL;
    char *json = NULL;
    transport.user_data = &sent;
    CHECK_CODE(ipg_client_new("{\"api_key\": \"k\"}", &client, &json), IPG_ERR_UNSUPPORTED, json);
    CHECK(client == NULL);
    FREE_STRING(json);
    CHECK_CODE(ipg_client_new("{\"api_key\": \"k\", \"transport\": \"reqwest\"}", &client, &json),
               IPG_ERR_INVALID_ARGUMENT, json);
    FREE_STRING(json);
    CHECK_CODE(
        ipg_client_new_with_transport("{\"api_key\": \"k\", \"client_cert_pem\": \"x\"}", &transport, &client, &json),
        IPG_ERR_INVALID_ARGUMENT, json);
    CHECK_VALUE(json, "/error/field", "/client_cert_pem");
    FREE_STRING(json);
    CHECK_CODE(ipg_client_new_with_transport("{\"api_key\": \"k\"}", &transport, &client, &json), IPG_OK, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_call(client, "list_games", NULL, NULL, &json), IPG_OK, json);
    CHECK(json && strcmp(json, GAMES) == 0 && sent == 1);
    FREE_STRING(json);
    CHECK_CODE(ipg_client_prewarm(client, 0, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_client_free(client), IPG_OK, NULL);
    return check_end();
}
