/* The report: miss ratio over frames, working set over time, and the numbers as a table. */
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH  760
#define HEIGHT 380
#define LEFT   70
#define BOTTOM 50
#define TOP    20
#define RIGHT  150

/* Distinguishable without colour too: each has a dash pattern of its own. */
static const char *const colours[] = {"#1b6ca8", "#c0392b", "#1e8449", "#8e44ad",
                                      "#b9770e", "#16a085", "#555555", "#d35400"};
static const char *const dashes[] = {"", "6 3", "2 3", "8 3 2 3", "1 4", "10 4", "4 2 1 2", "12 2"};

struct scale {
    double low, high;     /* of the values */
    double start, length; /* on the paper; a negative length runs upwards */
    bool logarithmic;
};

static double on_paper(const struct scale *scale, double value)
{
    double span = scale->high > scale->low ? scale->high - scale->low : 1;

    if (scale->logarithmic)
        return scale->start +
               log(value / scale->low) / log(scale->high / scale->low) * scale->length;

    return scale->start + (value - scale->low) / span * scale->length;
}

/* A round number near the n-th part of a span. */
static double round_step(double span, unsigned n)
{
    double step = 1, raw = span / n;

    while (step * 10 <= raw)
        step *= 10;
    while (step > raw * 2 && step > 1e-9)
        step /= 10;
    if (step * 5 <= raw)
        return step * 5;
    return step * 2 <= raw ? step * 2 : step;
}

static void print_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else
            fputc(*text, out);
    }
}

/* A number in few letters: 20M, not 2e+07. */
static void print_number(FILE *out, double value)
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    unsigned unit = 0;

    while (value >= 10000 && unit < 4) {
        value /= 1000;
        unit++;
    }
    fprintf(out, "%.6g%s", value, units[unit]);
}

static void mark_x(FILE *out, const struct scale *x, double at)
{
    fprintf(out,
            "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>"
            "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
            on_paper(x, at), TOP, on_paper(x, at), HEIGHT - BOTTOM, on_paper(x, at),
            HEIGHT - BOTTOM + 16);
    print_number(out, at);
    fputs("</text>\n", out);
}

static void mark_y(FILE *out, const struct scale *y, double at)
{
    fprintf(out,
            "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>"
            "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
            LEFT, on_paper(y, at), WIDTH - RIGHT, on_paper(y, at), LEFT - 6, on_paper(y, at) + 4);
    print_number(out, at);
    fputs("</text>\n", out);
}

static void begin_picture(FILE *out, const struct scale *x, const struct scale *y,
                          const char *x_label, const char *y_label)
{
    double step = round_step(x->high - x->low, 5);

    fprintf(out, "<svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\">\n", WIDTH, HEIGHT, WIDTH);
    for (double i = ceil(x->low / step); i * step <= x->high; i++)
        mark_x(out, x, i * step);
    if (y->logarithmic) {
        for (int power = (int)floor(log10(y->low)); pow(10, power) <= y->high; power++)
            for (unsigned i = 1; i <= 5; i += i == 1 ? 1 : 3)
                if (pow(10, power) * i >= y->low * 0.9999 && pow(10, power) * i <= y->high * 1.0001)
                    mark_y(out, y, pow(10, power) * i);
    } else {
        step = round_step(y->high - y->low, 4);
        for (double i = 0; y->low + i * step <= y->high * 1.0001; i++)
            mark_y(out, y, y->low + i * step);
    }
    fprintf(out,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" class=\"axis\">%s</text>"
            "<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\" "
            "class=\"axis\">%s</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_label, (TOP + HEIGHT - BOTTOM) / 2, y_label);
}

static double miss_ratio(const struct study *study, size_t series, size_t point)
{
    return 100.0 * (double)study->series[series].outcome[point].faults /
           (double)study->trace->references;
}

static void draw_curves(FILE *out, const struct study *study)
{
    struct scale x = {study->frames[0], study->frames[study->points - 1], LEFT,
                      WIDTH - LEFT - RIGHT, false};
    struct scale y = {100, 0, HEIGHT - BOTTOM, -(HEIGHT - BOTTOM - TOP), false};

    for (size_t i = 0; i < study->count; i++)
        for (size_t j = 0; j < study->points; j++) {
            y.high = fmax(y.high, miss_ratio(study, i, j));
            y.low = fmin(y.low, miss_ratio(study, i, j));
        }
    y.logarithmic = y.high > 10 * y.low;
    if (!y.logarithmic)
        y.low = 0;
    begin_picture(out, &x, &y, "frames",
                  y.logarithmic ? "faults per 100 references, logarithmic"
                                : "faults per 100 references");
    for (size_t i = 0; i < study->count; i++) {
        const char *colour = colours[i % 8], *dash = dashes[i % 8];

        fprintf(out,
                "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" "
                "stroke-dasharray=\"%s\" points=\"",
                colour, dash);
        for (size_t j = 0; j < study->points; j++)
            fprintf(out, "%.1f,%.1f ", on_paper(&x, study->frames[j]),
                    on_paper(&y, miss_ratio(study, i, j)));
        fprintf(out,
                "\"/>\n<line x1=\"%d\" y1=\"%zu\" x2=\"%d\" y2=\"%zu\" stroke=\"%s\" "
                "stroke-width=\"2\" stroke-dasharray=\"%s\"/><text x=\"%d\" y=\"%zu\">%s</text>\n",
                WIDTH - RIGHT + 15, TOP + 15 + 20 * i, WIDTH - RIGHT + 55, TOP + 15 + 20 * i,
                colour, dash, WIDTH - RIGHT + 62, TOP + 19 + 20 * i, study->series[i].name);
    }
    fputs("</svg>\n", out);
}

static void draw_working_set(FILE *out, const struct study *study)
{
    struct scale x = {0, (double)study->trace->references, LEFT, WIDTH - LEFT - RIGHT, false};
    struct scale y = {0, 1, HEIGHT - BOTTOM, -(HEIGHT - BOTTOM - TOP), false};

    for (size_t i = 0; i < study->working_set.points; i++)
        if (study->working_set.size[i] > y.high)
            y.high = study->working_set.size[i];
    begin_picture(out, &x, &y, "time (references)", "working set (pages)");
    fprintf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", colours[0]);
    for (size_t i = 0; i < study->working_set.points; i++)
        fprintf(out, "%.1f,%.1f ", on_paper(&x, (double)(i + 1) * (double)study->working_set.step),
                on_paper(&y, study->working_set.size[i]));
    fputs("\"/>\n</svg>\n", out);
}

static void print_table(FILE *out, const struct study *study)
{
    fputs("<table><tr><th>frames</th>", out);
    for (size_t i = 0; i < study->count; i++)
        fprintf(out, "<th>%s</th>", study->series[i].name);
    fputs("</tr>\n", out);
    for (size_t j = 0; j < study->points; j++) {
        fprintf(out, "<tr><td>%u</td>", study->frames[j]);
        for (size_t i = 0; i < study->count; i++)
            fprintf(out, "<td>%llu</td>", (unsigned long long)study->series[i].outcome[j].faults);
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
}

void report_write(const struct study *study, const char *path)
{
    FILE *out = fopen(path, "w");

    if (out == NULL) {
        fprintf(stderr, "quire sim: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    fputs("<!DOCTYPE html><meta charset=\"utf-8\"><title>quire sim</title><style>"
          "body{font:15px/1.45 system-ui,sans-serif;max-width:800px;margin:2em auto;color:#222}"
          "svg text{font:12px system-ui,sans-serif;fill:#333}.axis{font-size:13px}"
          ".grid{stroke:#ddd}table{border-collapse:collapse}"
          "td,th{padding:2px 12px;text-align:right;border-bottom:1px solid #ddd}"
          "</style>\n<h1>",
          out);
    print_escaped(out, study->path);
    fprintf(out,
            "</h1>\n<p>%llu references, %llu of them writes, to %u pages.</p>\n"
            "<h2>Faults</h2>\n",
            (unsigned long long)study->trace->references, (unsigned long long)study->trace->writes,
            study->trace->pages);
    draw_curves(out, study);
    fprintf(out, "<h2>Working set</h2>\n<p>Pages used in the last %llu references.</p>\n",
            (unsigned long long)study->working_set.window);
    draw_working_set(out, study);
    fputs("<h2>Faults in numbers</h2>\n", out);
    print_table(out, study);
    if (fclose(out) != 0) {
        fprintf(stderr, "quire sim: %s: %s\n", path, strerror(errno));
        exit(1);
    }
}
