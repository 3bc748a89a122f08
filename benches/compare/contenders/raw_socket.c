/*
 * The floor: a keep-alive socket and HTTP/1.1 written by hand. It knows of an answer its status and
 * its Content-Length, and nothing else: no chunks, no reconnecting, no limits, no time-outs, no
 * TLS.
 */
#include "contender.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

struct state {
    int socket;
    const char *host, *session;
    char *answer;
    size_t room;
};

static void call(void *of, enum operation operation) {
    struct state *state = of;
    char request[1024];
    int length;
    if (operation == START) {
        length =
            snprintf(request, sizeof request,
                     "POST /api/v1/game-sessions/start HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer " TOKEN
                     "\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     state->host, sizeof START_BODY - 1, START_BODY);
    } else {
        length = snprintf(request, sizeof request,
                          "%s /api/v1/game-sessions/%s/%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer " TOKEN
                          "\r\nAccept: application/json\r\n%s\r\n",
                          operation == STATUS ? "GET" : "POST", state->session, operation == STATUS ? "status" : "end",
                          state->host, operation == STATUS ? "" : "Content-Length: 0\r\n");
    }
    if (send(state->socket, request, (size_t)length, MSG_NOSIGNAL) != length) {
        die("send", "not all was sent");
    }
    size_t have = 0, whole = 0;
    while (!whole || have < whole) {
        if (have + 1 >= state->room) {
            state->room = state->room ? state->room * 2 : 16384;
            state->answer = realloc(state->answer, state->room);
        }
        ssize_t got = recv(state->socket, state->answer + have, state->room - have - 1, 0);
        if (got <= 0) {
            die("recv", "the connection ended");
        }
        have += (size_t)got;
        state->answer[have] = 0;
        char *body = whole ? NULL : strstr(state->answer, "\r\n\r\n");
        if (body) {
            char *length_at = strcasestr(state->answer, "\r\nContent-Length:");
            if (!length_at || length_at > body) {
                die("answer", "no Content-Length");
            }
            whole = (size_t)(body + 4 - state->answer) + strtoul(length_at + 17, NULL, 10);
        }
    }
    if (atoi(state->answer + 9) != (operation == START ? 201 : 200)) {
        die("status", state->answer);
    }
}

int main(int argc, char **argv) {
    struct run run = read_run(argc, argv);
    struct state state = {0};
    char address[64], *port;
    if (sscanf(run.base_url, "http://%63[^/]", address) != 1 || !(port = strchr(address, ':'))) {
        die("base_url", "http://ADDRESS:PORT is all this can do");
    }
    state.host = run.base_url + 7;
    state.session = run.session;
    *port++ = 0;
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    inet_pton(AF_INET, address, &peer.sin_addr);
    state.socket = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    setsockopt(state.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(state.socket, (struct sockaddr *)&peer, sizeof peer)) {
        die("connect", run.base_url);
    }
    one_at_a_time(&run, call, &state);
    return 0;
}
