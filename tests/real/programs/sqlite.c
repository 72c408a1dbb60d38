/*
 * A small front to SQLite:
 *
 *   sqlite script FILE SQL-FILE     runs the statements and prints the rows
 *   sqlite fill FILE ROWS           inserts rows in one transaction
 *   sqlite contend FILE PROCESSES ROUNDS
 *                                   processes that change one data base at the same time; counts
 * what arrived
 *
 * Rows of fill come from a generator: the same everywhere.
 */
#define _GNU_SOURCE
#include "random.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static sqlite3 *base;

static void die(const char *what)
{
    fflush(stdout);
    fprintf(stderr, "%s: %s\n", what, base != NULL ? sqlite3_errmsg(base) : "no data base");
    exit(1);
}

static void open_base(const char *path)
{
    if (sqlite3_open(path, &base) != SQLITE_OK || sqlite3_busy_timeout(base, 60000) != SQLITE_OK)
        die(path);
}

static void close_base(void)
{
    if (sqlite3_close(base) != SQLITE_OK)
        die("close");
}

static int print_row(void *unused, int columns, char **values, char **names)
{
    int i;

    (void)unused;
    (void)names;
    for (i = 0; i < columns; i++)
        printf("%s%s", i > 0 ? "|" : "", values[i] != NULL ? values[i] : "NULL");
    putchar('\n');
    return 0;
}

static void execute(const char *sql)
{
    if (sqlite3_exec(base, sql, print_row, NULL, NULL) != SQLITE_OK)
        die(sql);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 20);

    if (file == NULL || text == NULL || fread(text, 1, (1 << 20) - 1, file) == 0) {
        perror(path);
        exit(2);
    }
    fclose(file);
    return text;
}

/* A line that starts with "--" is printed; what lies between is executed as it comes. */
static void script(const char *path)
{
    char *text = read_file(path), *line, *rest = text;
    char *statement = calloc(1, strlen(text) + 2);

    if (statement == NULL)
        exit(2);
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (strncmp(line, "--", 2) == 0) {
            puts(line);
            continue;
        }
        strcat(strcat(statement, line), "\n");
        if (sqlite3_complete(statement)) {
            execute(statement);
            statement[0] = '\0';
        }
    }
    free(statement);
    free(text);
}

static void fill(int rows)
{
    sqlite3_stmt *insert;
    uint64_t state = random_state(3);
    int i;

    execute("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, amount INTEGER, data BLOB)");
    execute("BEGIN");
    if (sqlite3_prepare_v2(base, "INSERT INTO item (name, amount, data) VALUES (?, ?, ?)", -1,
                           &insert, NULL) != SQLITE_OK)
        die("prepare");
    for (i = 0; i < rows; i++) {
        uint64_t value = random_next(&state);
        unsigned char data[64];
        char name[32];

        snprintf(name, sizeof(name), "item %05lu", (unsigned long)(value % 100000));
        memset(data, (int)(value & 0xff), sizeof(data));
        sqlite3_bind_text(insert, 1, name, -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(insert, 2, (sqlite3_int64)(value >> 32) % 1000000);
        sqlite3_bind_blob(insert, 3, data, (int)(1 + (value >> 8) % sizeof(data)),
                          SQLITE_TRANSIENT);
        if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_reset(insert) != SQLITE_OK)
            die("insert");
    }
    sqlite3_finalize(insert);
    execute("COMMIT");
}

/* Each round is a transaction that reads, changes and appends. */
static void change(const char *path, int self, int rounds)
{
    int i;

    open_base(path);
    for (i = 0; i < rounds; i++) {
        char sql[256];

        snprintf(sql, sizeof(sql),
                 "BEGIN IMMEDIATE; UPDATE total SET n = n + 1;"
                 "INSERT INTO note (who, what) VALUES (%d, (SELECT n FROM total)); COMMIT",
                 self);
        execute(sql);
    }
    close_base();
}

static int contend(const char *path, int processes, int rounds)
{
    int i, failed = 0, status;

    open_base(path);
    execute("CREATE TABLE IF NOT EXISTS total (n INTEGER);"
            "CREATE TABLE IF NOT EXISTS note (who INTEGER, what INTEGER);"
            "DELETE FROM total; DELETE FROM note; INSERT INTO total VALUES (0)");
    close_base(); /* a connection is not carried through fork */
    for (i = 0; i < processes; i++) {
        if (fork() == 0) {
            change(path, i, rounds);
            _exit(0);
        }
    }
    while (wait(&status) > 0)
        failed += status != 0;
    open_base(path);
    execute("SELECT n FROM total; SELECT count(*), count(DISTINCT what), max(what) FROM note;"
            "SELECT who, count(*) FROM note GROUP BY who ORDER BY who; PRAGMA integrity_check");
    close_base();
    return failed;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "script") == 0) {
        open_base(argv[2]);
        script(argv[3]);
        close_base();
    } else if (argc == 4 && strcmp(argv[1], "fill") == 0) {
        open_base(argv[2]);
        fill(atoi(argv[3]));
        close_base();
    } else if (argc == 5 && strcmp(argv[1], "contend") == 0) {
        return contend(argv[2], atoi(argv[3]), atoi(argv[4])) != 0;
    } else {
        fprintf(stderr, "usage: sqlite script FILE SQL | fill FILE ROWS | contend FILE N ROUNDS\n");
        return 2;
    }
    return 0;
}
