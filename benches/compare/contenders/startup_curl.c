/* See startup.h. CA_FILE is to hold the system's certificates and the server's: libcurl takes one
   file. */
#include "curl.h"
#include "startup.h"

static CURLcode (*p_curl_global_init)(long);
static CURL *(*p_curl_easy_init)(void);
static CURLcode (*p_curl_easy_setopt)(CURL *, CURLoption, ...);
static CURLcode (*p_curl_easy_perform)(CURL *);
static CURLcode (*p_curl_easy_getinfo)(CURL *, CURLINFO, ...);
static struct curl_slist *(*p_curl_slist_append)(struct curl_slist *, const char *);
static struct answer answer;

static void load(void) {
    LOAD(curl_global_init);
    LOAD(curl_easy_init);
    LOAD(curl_easy_setopt);
    LOAD(curl_easy_perform);
    LOAD(curl_easy_getinfo);
    LOAD(curl_slist_append);
}

static void *make(const char *base_url, const char *ca) {
    char url[512];
    p_curl_global_init(CURL_GLOBAL_ALL);
    CURL *curl = p_curl_easy_init();
    struct curl_slist *headers = p_curl_slist_append(NULL, "Authorization: Bearer " TOKEN);
    headers = p_curl_slist_append(headers, "Accept: application/json");
    snprintf(url, sizeof url, "%s/api/v1/game-sessions/abc123/status", base_url);
    p_curl_easy_setopt(curl, CURLOPT_URL, url);
    p_curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    p_curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    p_curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 30000L);
    p_curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    p_curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    if (ca) {
        p_curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
    }
    return curl;
}

static void call(void *curl, const char *base_url) {
    long status = 0;
    answer.length = 0;
    if (p_curl_easy_perform(curl) != CURLE_OK) {
        die("curl", base_url);
    }
    p_curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        die("status", answer.text);
    }
}

int main(int argc, char **argv) {
    return measure(argc, argv, load, make, call);
}
