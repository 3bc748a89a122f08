/*
 * Records the durations of frames, computes statistics and draws histograms. game.c uses it to
 * measure the library; a game does not need it.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <stddef.h>

#define FRAMES_MAX 8192

/* A series of durations in milliseconds. */
struct frames {
    double ms[FRAMES_MAX];
    size_t count;
};

/* Adds a duration. Ignores it if the series is full. */
void frames_add(struct frames *frames, double ms);

/* Prints `label`, the median, the 99th percentile and the maximum on one line. */
void frames_print(const char *label, const struct frames *frames);

/* Returns the CPU time of this thread in milliseconds. It excludes the time in which the thread
   waited for a CPU. */
double frames_cpu_ms(void);

/* Returns the number of durations above `limit_ms`. */
size_t frames_count_over(const struct frames *frames, double limit_ms);

/* Writes a PNG file with three histograms: the frames with the 16.67 ms of 60 Hz, the ticks with
   their budget, and the CPU time of the ticks. `note` is a line of text in capital letters. Returns
   0 if the file was written. */
int frames_write_png(const char *file, const char *note, const struct frames *whole, const struct frames *tick,
                     const struct frames *cpu, double tick_budget_ms);

#endif
