/* Asks the bench server (see server.c) for a count: "/held", requests it holds back, or
   "/answered". */
#ifndef COUNT_H
#define COUNT_H

#include "contender.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static inline long count_of(const char *base_url, const char *path) {
    static int line = -1;
    char text[512];
    if (line < 0) {
        char address[64], *port;
        struct sockaddr_in peer = {.sin_family = AF_INET};
        if (sscanf(base_url, "http://%63[^/]", address) != 1 || !(port = strchr(address, ':'))) {
            die("base_url", base_url);
        }
        *port++ = 0;
        peer.sin_port = htons((uint16_t)atoi(port));
        inet_pton(AF_INET, address, &peer.sin_addr);
        line = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(line, (struct sockaddr *)&peer, sizeof peer)) {
            die("connect", base_url);
        }
    }
    int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", path);
    if (send(line, text, (size_t)length, MSG_NOSIGNAL) != length) {
        die("send", base_url);
    }
    ssize_t got = recv(line, text, sizeof text - 1, 0);
    if (got <= 0) {
        die("recv", base_url);
    }
    text[got] = 0;
    const char *body = strstr(text, "\r\n\r\n");
    return body ? atol(body + 4) : -1;
}

#endif
