/* Messages of the host tools: "NAME: text" on standard error. */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

/* Exit status of a tool that could not do what it was asked to. */
#define STATUS_CANNOT_RUN 125

/* What messages begin with, such as "quire run". */
extern const char *report_name;

void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* report(), then exit(STATUS_CANNOT_RUN). */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Memory, or fail(). */
void *allocate(unsigned long size);
void *reallocate(void *old, unsigned long size);
char *format_string(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
