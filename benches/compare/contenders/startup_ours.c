/* See startup.h. With CA_FILE it is trusted beside the system's certificates, which are loaded
   too. */
#include "startup.h"
#include <iplaygames.h>

static ipg_code (*p_ipg_client_new)(const char *, ipg_client **, char **);
static ipg_code (*p_ipg_session_status)(ipg_client *, const char *, char **);
static void (*p_ipg_string_free)(char *);

static void load(void) {
    LOAD(ipg_client_new);
    LOAD(ipg_session_status);
    LOAD(ipg_string_free);
}

static void *make(const char *base_url, const char *ca) {
    char config[1024], *json = NULL;
    ipg_client *client = NULL;
    int used = snprintf(config, sizeof config, "{\"base_url\": \"%s\", \"api_key\": \"" TOKEN "\"", base_url);
    snprintf(config + used, sizeof config - (size_t)used, ca ? ", \"ca_file\": \"%s\"}" : "}", ca);
    if (p_ipg_client_new(config, &client, &json) != 0) {
        die("client", json);
    }
    p_ipg_string_free(json);
    return client;
}

static void call(void *client, const char *base_url) {
    char *json = NULL;
    if (p_ipg_session_status(client, "abc123", &json) != 0) {
        die(base_url, json);
    }
    p_ipg_string_free(json);
}

int main(int argc, char **argv) {
    return measure(argc, argv, load, make, call);
}
