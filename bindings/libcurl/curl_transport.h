/* A transport of the host over libcurl: the requests of an iplaygames client go through a multi
   handle of libcurl, without a thread. Copy this file into a game that has libcurl already.

   The file contains the functions of ipg_transport and a step for the game loop. It does not
   contain the client: create it with ipg_client_new_with_transport(). Only submitted calls work
   with it. A blocking call would wait for a step that nothing performs.

   Threads: one thread calls all functions and ticks the client. */
#ifndef CURL_TRANSPORT_H
#define CURL_TRANSPORT_H

#include <curl/curl.h>
#include <iplaygames.h>
#include <stdlib.h>
#include <string.h>

/* A buffer that grows. */
struct curl_buffer {
    char *bytes;
    size_t length;
};

/* A request that libcurl performs. */
struct curl_exchange {
    ipg_exchange *exchange;
    CURL *easy;
    struct curl_slist *headers;
    struct curl_buffer head, body;
    char error[CURL_ERROR_SIZE];
    struct curl_exchange *next;
};

struct curl_transport {
    CURLM *multi;
    struct curl_exchange *first;
};

static size_t curl_buffer_append(struct curl_buffer *buffer, const char *bytes, size_t length) {
    char *grown = (char *)realloc(buffer->bytes, buffer->length + length + 1);
    if (!grown) {
        return 0; /* libcurl ends the request */
    }
    memcpy(grown + buffer->length, bytes, length);
    buffer->bytes = grown;
    buffer->length += length;
    grown[buffer->length] = '\0';
    return length;
}

static size_t curl_on_header(char *bytes, size_t size, size_t count, void *user_data) {
    return curl_buffer_append(&((struct curl_exchange *)user_data)->head, bytes, size * count);
}

static size_t curl_on_body(char *bytes, size_t size, size_t count, void *user_data) {
    return curl_buffer_append(&((struct curl_exchange *)user_data)->body, bytes, size * count);
}

/* Removes a request from libcurl and frees it. */
static void curl_exchange_free(struct curl_transport *transport, struct curl_exchange *exchange) {
    struct curl_exchange **place = &transport->first;
    while (*place && *place != exchange) {
        place = &(*place)->next;
    }
    if (*place) {
        *place = exchange->next;
    }
    if (exchange->easy) {
        curl_multi_remove_handle(transport->multi, exchange->easy);
        curl_easy_cleanup(exchange->easy);
    }
    curl_slist_free_all(exchange->headers);
    free(exchange->head.bytes);
    free(exchange->body.bytes);
    free(exchange);
}

/* Adds the lines of a text to the headers of a request. Returns 0 if the memory is exhausted. */
static int curl_add_headers(struct curl_exchange *exchange, const char *lines) {
    char *copy = (char *)malloc(strlen(lines) + 1), *line;
    int good = copy != NULL;
    if (copy) {
        strcpy(copy, lines);
    }
    for (line = copy; good && *line; line += strlen(line) + 2) {
        struct curl_slist *longer;
        line[strcspn(line, "\r")] = '\0';
        longer = curl_slist_append(exchange->headers, line);
        good = longer != NULL;
        exchange->headers = good ? longer : exchange->headers;
    }
    free(copy);
    return good;
}

static void curl_transport_send(void *user_data, ipg_exchange *handle, const char *method, const char *url,
                                const char *headers, const void *body, size_t body_len) {
    struct curl_transport *transport = (struct curl_transport *)user_data;
    struct curl_exchange *exchange = (struct curl_exchange *)calloc(1, sizeof *exchange);
    CURL *easy = exchange ? curl_easy_init() : NULL;
    if (!easy || !curl_add_headers(exchange, headers)) {
        if (exchange) {
            exchange->easy = easy;
            curl_exchange_free(transport, exchange);
        }
        ipg_exchange_fail(handle, IPG_ERR_CONNECT, 0, "libcurl has no memory");
        return;
    }
    exchange->exchange = handle;
    exchange->easy = easy;
    exchange->next = transport->first;
    transport->first = exchange;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, curl_on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, curl_on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    if (strcmp(method, "GET") != 0) {
        /* On a kept connection that turns out to be closed, libcurl sends a request a second time
           by itself. A start would perhaps be done twice. */
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    }
    if (body || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)body_len);
        curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body ? (const char *)body : "");
    }
    if (curl_multi_add_handle(transport->multi, easy) != CURLM_OK) {
        curl_exchange_free(transport, exchange);
        ipg_exchange_fail(handle, IPG_ERR_CONNECT, 0, "libcurl does not accept the request");
    }
}

static void curl_transport_cancel(void *user_data, ipg_exchange *handle) {
    struct curl_transport *transport = (struct curl_transport *)user_data;
    struct curl_exchange *exchange = transport->first;
    while (exchange && exchange->exchange != handle) {
        exchange = exchange->next;
    }
    if (exchange) {
        curl_exchange_free(transport, exchange);
    }
}

/* Returns the code of the library for an error of libcurl. */
static ipg_code curl_failure(CURLcode result) {
    switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return IPG_ERR_RESOLVE;
    case CURLE_COULDNT_CONNECT: return IPG_ERR_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION: return IPG_ERR_TLS;
    case CURLE_OPERATION_TIMEDOUT: return IPG_ERR_TIMEOUT;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return IPG_ERR_BAD_RESPONSE;
    default: return IPG_ERR_CONNECTION_LOST;
    }
}

/* Performs a step of libcurl, without waiting, and answers the requests that have ended. Call it
   once a frame, before ipg_client_tick(). */
static void curl_transport_perform(struct curl_transport *transport) {
    int count;
    CURLMsg *message;
    curl_multi_perform(transport->multi, &count);
    while ((message = curl_multi_info_read(transport->multi, &count)) != NULL) {
        struct curl_exchange *exchange;
        long status = 0, sent = 1;
        CURLcode result = message->data.result;
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        /* The number of bytes of requests that were sent. */
        curl_easy_getinfo(message->easy_handle, CURLINFO_REQUEST_SIZE, &sent);
        if (result == CURLE_OK) {
            if (ipg_exchange_respond(exchange->exchange, (uint32_t)status, exchange->head.bytes, exchange->body.bytes,
                                     exchange->body.length) == IPG_ERR_INVALID_ARGUMENT) {
                ipg_exchange_fail(exchange->exchange, IPG_ERR_BAD_RESPONSE, 1, "the response is not valid HTTP");
            }
        } else {
            ipg_exchange_fail(exchange->exchange, curl_failure(result), sent > 0,
                              exchange->error[0] ? exchange->error : curl_easy_strerror(result));
        }
        curl_exchange_free(transport, exchange);
    }
}

/* Ends libcurl after the client was freed. It is a finalizer: ipg_transport calls it. */
static void curl_transport_end(void *user_data) {
    struct curl_transport *transport = (struct curl_transport *)user_data;
    while (transport->first) {
        curl_exchange_free(transport, transport->first);
    }
    curl_multi_cleanup(transport->multi);
    transport->multi = NULL;
}

/* Makes the table for ipg_client_new_with_transport(). `transport` must live until its finalizer
   has run, which sets its `multi` to NULL. Returns 0 if the memory is exhausted. */
static int curl_transport_begin(struct curl_transport *transport, ipg_transport *table) {
    memset(table, 0, sizeof *table);
    transport->first = NULL;
    transport->multi = curl_multi_init();
    table->size = sizeof *table;
    table->user_data = transport;
    table->finalizer = curl_transport_end;
    table->send = curl_transport_send;
    table->cancel = curl_transport_cancel;
    return transport->multi != NULL;
}

#endif
