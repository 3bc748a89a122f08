/*
 * A small server for what nginx cannot do: hold answers back, and answer after exactly so many
 * microseconds. It answers the three session operations; the status of the session "held" is
 * received and never answered, and /held says how many of those there are, /answered how many
 * others there were.
 *
 *     server [PAUSE_US [DELAY_US]]      prints its port, and ends when its standard input does
 *
 * PAUSE_US stops the whole server before each answer. DELAY_US is a network that takes so long:
 * each answer goes out so much later, any number of them at a time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROOM 4096

static const char STARTED[] =
    "{\"success\": true, \"data\": {\"session_id\": \"abc123\", \"session_token\": \"d4f5g6h7j8k9\", \"game_url\": "
    "\"https://game-provider.com/play/session123\", \"expires_at\": \"2024-01-01T12:00:00Z\"}}";
static const char STATUS[] =
    "{\"success\": true, \"data\": {\"session_id\": \"abc123\", \"status\": \"active\", \"player_id\": \"player_456\", "
    "\"game\": {\"id\": 123, \"title\": \"Book of Dead\"}, \"started_at\": \"2024-01-01T10:00:00Z\", "
    "\"last_activity\": \"2024-01-01T10:05:00Z\"}}";
static const char ENDED[] = "{\"success\": true, \"message\": \"Session ended successfully\"}";

static struct peer {
    size_t have;
    char text[ROOM];
} *peers[65536];
static long held, answered, pause_us, delay_us;

/* Answers on their way: first in, first out, as all take as long. A peer has one at a time. */
#define LATER 65536
static struct later {
    long due_us;
    int to;
    const char *status, *body;
} later[LATER];
static unsigned long later_in, later_out;

static long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void send_answer(int to, const char *status, const char *body) {
    char text[ROOM];
    int length =
        snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                 status, strlen(body), body);
    if (pause_us) {
        usleep((useconds_t)pause_us);
    }
    if (send(to, text, (size_t)length, MSG_NOSIGNAL) != length) {
        perror("send");
    }
}

static void answer(int to, const char *status, const char *body) {
    if (delay_us) {
        later[later_in++ % LATER] = (struct later){now_us() + delay_us, to, status, body};
    } else {
        send_answer(to, status, body);
    }
}

/* Sends what is due. How long until the next, in milliseconds, -1 when there is none. */
static int send_due(void) {
    while (later_out < later_in) {
        struct later *next = &later[later_out % LATER];
        long left = next->due_us - now_us();
        if (left > 0) {
            return (int)((left + 999) / 1000);
        }
        if (peers[next->to]) {
            send_answer(next->to, next->status, next->body);
        }
        later_out++;
    }
    return -1;
}

static void serve(int from, char *request) {
    char count[32];
    answered++;
    if (!strncmp(request, "GET /held ", 10) || !strncmp(request, "GET /answered ", 14)) {
        long pause = pause_us;
        pause_us = 0;
        answered--;
        snprintf(count, sizeof count, "%ld", request[5] == 'h' ? held : answered);
        send_answer(from, "200 OK", count);
        pause_us = pause;
    } else if (strstr(request, "/game-sessions/held/status ")) {
        answered--;
        held++;
    } else if (!strncmp(request, "POST /api/v1/game-sessions/start ", 33)) {
        answer(from, "201 Created", STARTED);
    } else if (strstr(request, "/status HTTP/1.1\r\n")) {
        answer(from, "200 OK", STATUS);
    } else if (strstr(request, "/end HTTP/1.1\r\n")) {
        answer(from, "200 OK", ENDED);
    } else {
        answer(from, "404 Not Found", "{\"success\": false, \"message\": \"not found\"}");
    }
}

/* 0 when the peer is gone. */
static int take(int from) {
    struct peer *peer = peers[from];
    ssize_t got = recv(from, peer->text + peer->have, ROOM - 1 - peer->have, 0);
    if (got <= 0) {
        return 0;
    }
    peer->have += (size_t)got;
    peer->text[peer->have] = 0;
    for (char *end; (end = strstr(peer->text, "\r\n\r\n"));) {
        char *length = strcasestr(peer->text, "\r\ncontent-length:");
        size_t whole = (size_t)(end + 4 - peer->text) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
        if (peer->have < whole) {
            break;
        }
        end[2] = 0;
        serve(from, peer->text);
        memmove(peer->text, peer->text + whole, peer->have - whole + 1);
        peer->have -= whole;
    }
    return 1;
}

int main(int argc, char **argv) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    pause_us = argc > 1 ? atol(argv[1]) : 0;
    delay_us = argc > 2 ? atol(argv[2]) : 0;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof own;
    int door = socket(AF_INET, SOCK_STREAM, 0), on = 1, queue = epoll_create1(0);
    if (bind(door, (struct sockaddr *)&own, sizeof own) || listen(door, 4096) ||
        getsockname(door, (struct sockaddr *)&own, &size)) {
        perror("listen");
        return EXIT_FAILURE;
    }
    printf("%d\n", ntohs(own.sin_port));
    fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = door}, events[256];
    epoll_ctl(queue, EPOLL_CTL_ADD, door, &event);
    event.data.fd = STDIN_FILENO;
    epoll_ctl(queue, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    for (;;) {
        int ready = epoll_wait(queue, events, 256, send_due());
        for (int i = 0; i < ready; i++) {
            int from = events[i].data.fd;
            if (from == STDIN_FILENO) {
                return 0;
            } else if (from == door) {
                int peer = accept4(door, NULL, NULL, 0);
                if (peer < 0 || peer >= 65536) {
                    perror("accept");
                    return EXIT_FAILURE;
                }
                setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                peers[peer] = calloc(1, sizeof *peers[peer]);
                event.data.fd = peer;
                epoll_ctl(queue, EPOLL_CTL_ADD, peer, &event);
            } else if (!take(from)) {
                close(from);
                free(peers[from]);
                peers[from] = NULL;
            }
        }
    }
}
