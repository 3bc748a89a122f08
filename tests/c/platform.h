/* What differs between POSIX and Windows for the C tests: the environment, sockets, a temporary
   file for the standard error, and a loop that another thread wakes. mingw has the rest, pthreads
   among it. */
#ifndef PLATFORM_H
#define PLATFORM_H

#ifdef _WIN32
/* winsock2.h before windows.h, which includes an older header for sockets. */
#  include <winsock2.h>

#  include <windows.h>

#  include <io.h>
#else
#  include <arpa/inet.h>
#  include <fcntl.h>
#  include <netinet/in.h>
#  include <poll.h>
#  include <sys/socket.h>
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the environment
   ------------------------------------------------------------------------------- */

static inline void set_variable(const char *name, const char *value) {
#ifdef _WIN32
    char *entry = (char *)malloc(strlen(name) + strlen(value) + 2);
    strcat(strcat(strcpy(entry, name), "="), value);
    _putenv(entry);
    free(entry);
#else
    setenv(name, value, 1);
#endif
}

static inline void remove_variable(const char *name) {
#ifdef _WIN32
    set_variable(name, "");
#else
    unsetenv(name);
#endif
}

/* ---- files
   ----------------------------------------------------------------------------------------- */

/* Opens a file that is removed when it is closed. tmpfile() of Windows writes to the root folder of
   the drive, which users may not do. */
static inline FILE *open_temporary_file(void) {
#ifdef _WIN32
    char *name = _tempnam(NULL, "ipg");
    FILE *file = name ? fopen(name, "w+bTD") : NULL;
    free(name);
    return file;
#else
    return tmpfile();
#endif
}

/* Makes a new folder, and writes its path with slashes. Returns whether there is one. */
static inline int make_temporary_folder(char *path, size_t room) {
#ifdef _WIN32
    char *name = _tempnam(NULL, "ipg");
    int made = name && (size_t)snprintf(path, room, "%s", name) < room && mkdir(name) == 0;
    for (; made && *path; path++) {
        if (*path == '\\') {
            *path = '/';
        }
    }
    free(name);
    return made;
#else
    snprintf(path, room, "/tmp/iplaygames-XXXXXX");
    return mkdtemp(path) != NULL;
#endif
}

/* ---- sockets
   --------------------------------------------------------------------------------------- */

#ifdef _WIN32
typedef SOCKET socket_t;
#  define MSG_NOSIGNAL 0
static inline int is_socket(socket_t fd) {
    return fd != INVALID_SOCKET;
}
static inline void close_socket(socket_t fd) {
    closesocket(fd);
}
#else
typedef int socket_t;
static inline int is_socket(socket_t fd) {
    return fd >= 0;
}
static inline void close_socket(socket_t fd) {
    close(fd);
}
#endif

/* A program of Windows uses sockets only after this call. */
static inline int start_sockets(void) {
#ifdef _WIN32
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
#else
    return 1;
#endif
}

/* ---- waking a loop
   --------------------------------------------------------------------------------- */

/* On POSIX a pipe whose reading end wakes poll(), on Windows an event. */
struct wakeup {
#ifdef _WIN32
    HANDLE event;
#else
    int reader, writer;
#endif
};

static inline int open_wakeup(struct wakeup *wakeup) {
#ifdef _WIN32
    wakeup->event = CreateEventA(NULL, TRUE, FALSE, NULL);
    return wakeup->event != NULL;
#else
    int ends[2];
    if (pipe(ends) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0) {
        return 0;
    }
    wakeup->reader = ends[0];
    wakeup->writer = ends[1];
    return 1;
#endif
}

static inline void close_wakeup(struct wakeup *wakeup) {
#ifdef _WIN32
    CloseHandle(wakeup->event);
#else
    close(wakeup->reader);
    close(wakeup->writer);
#endif
}

/* Any thread may call it. If the pipe is full, the loop is awake already. */
static inline void wake(struct wakeup *wakeup) {
#ifdef _WIN32
    SetEvent(wakeup->event);
#else
    ssize_t written = write(wakeup->writer, "", 1);
    (void)written;
#endif
}

/* Sleeps until it is woken, for at most the given time. Returns whether it was woken. */
static inline int sleep_until_wakeup(struct wakeup *wakeup, uint32_t ms) {
#ifdef _WIN32
    int woken = WaitForSingleObject(wakeup->event, ms) == WAIT_OBJECT_0;
    ResetEvent(wakeup->event);
    return woken;
#else
    struct pollfd entry = {wakeup->reader, POLLIN, 0};
    char bytes[64];
    int woken = poll(&entry, 1, (int)ms) > 0;
    while (read(wakeup->reader, bytes, sizeof bytes) > 0) {}
    return woken;
#endif
}

#endif
