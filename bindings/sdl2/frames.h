/*
 * How long frames took: kept, summed up, and drawn. Not needed in a game; game.c uses it to show what the
 * library costs.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <stddef.h>

#define FRAMES_MOST 8192

/* One row of times, in milliseconds. */
struct frames {
    double ms[FRAMES_MOST];
    size_t count;
};

void frames_add(struct frames *frames, double ms);

/* Prints `label`, p50, p99 and worst in a line. */
void frames_print(const char *label, const struct frames *frames);

/* The processor's time that this thread has used so far, in milliseconds: what a frame worked, without what
   it waited for a processor. */
double frames_cpu_ms(void);

/* How many took longer than `limit_ms`. */
size_t frames_over(const struct frames *frames, double limit_ms);

/* Writes a PNG of three histograms: the frames against the 16.67 ms of 60 Hz, the ticks in them against their
   budget, and the processor's time for those. `note` is a line of text, in capitals. Returns 0 when the file is
   written. */
int frames_picture(const char *file, const char *note, const struct frames *whole, const struct frames *tick,
                   const struct frames *cpu, double tick_budget_ms);

#endif
