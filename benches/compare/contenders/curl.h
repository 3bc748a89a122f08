/* What both contenders with libcurl do alike: a request set up, an answer collected and its status
   checked. */
#ifndef CURL_H
#define CURL_H

#include "contender.h"
#include <curl/curl.h>

struct answer {
    char *text;
    size_t length, room;
};

static inline size_t collect(char *part, size_t size, size_t count, void *into) {
    struct answer *answer = into;
    size *= count;
    if (answer->length + size + 1 > answer->room) {
        answer->room = (answer->length + size + 1) * 2;
        answer->text = realloc(answer->text, answer->room);
    }
    memcpy(answer->text + answer->length, part, size);
    answer->length += size;
    answer->text[answer->length] = 0;
    return size;
}

struct headers {
    struct curl_slist *plain, *json;
};

static inline struct headers make_headers(void) {
    struct headers headers = {NULL, NULL};
    headers.plain = curl_slist_append(headers.plain, "Authorization: Bearer " TOKEN);
    headers.plain = curl_slist_append(headers.plain, "Accept: application/json");
    headers.json = curl_slist_append(headers.json, "Authorization: Bearer " TOKEN);
    headers.json = curl_slist_append(headers.json, "Accept: application/json");
    headers.json = curl_slist_append(headers.json, "Content-Type: application/json");
    return headers;
}

/* What does not change from call to call. */
static inline CURL *make_handle(struct run *run, struct answer *answer) {
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (run->ca) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, run->ca);
        curl_easy_setopt(curl, CURLOPT_PIPEWAIT, 1L); /* over HTTP/2, share a connection that is being made */
    }
    return curl;
}

static inline void prepare(CURL *curl, struct run *run, struct headers headers, enum operation operation) {
    char url[512];
    if (operation == START) {
        snprintf(url, sizeof url, "%s/api/v1/game-sessions/start", run->base_url);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)(sizeof START_BODY - 1));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, START_BODY);
    } else {
        snprintf(url, sizeof url, "%s/api/v1/game-sessions/%s/%s", run->base_url, run->session,
                 operation == STATUS ? "status" : "end");
        if (operation == STATUS) {
            curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
        } else {
            curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
        }
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, operation == START ? headers.json : headers.plain);
    curl_easy_setopt(curl, CURLOPT_URL, url);
}

static inline void check(CURL *curl, CURLcode result, struct answer *answer, enum operation operation) {
    long status = 0;
    if (result != CURLE_OK) {
        die("curl", curl_easy_strerror(result));
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != (operation == START ? 201 : 200) || answer->length == 0) {
        die("status", answer->text);
    }
}

#endif
