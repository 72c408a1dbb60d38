/*
 * The kernel's options: words of its command line.
 */

#include "core/boot_info.h"

#include "core/string.h"

/*
 * Words of the command line, cut once into a copy: each word ends with 0, the list with an empty
 * word. Double quotes keep blanks inside a word.
 */
static char words[BOOT_COMMAND_LINE_SIZE + 2];
static const char *program_arguments;

static void cut_words(void)
{
    const char *from = boot_info.command_line;
    char *to = words;
    bool quoted = false;

    for (; *from; from++) {
        if (!quoted && strncmp(from, "-- ", 3) == 0 && (to == words || to[-1] == '\0')) {
            program_arguments = from + 3;
            break;
        }
        if (*from == '"')
            quoted = !quoted;
        else if (*from != ' ' || quoted)
            *to++ = *from;
        else if (to != words && to[-1] != '\0')
            *to++ = '\0';
    }
    /* The rest of the copy is zero: an end for the last word, and the empty one. */
}

static const char *boot_words(void)
{
    static bool cut;

    if (!cut)
        cut_words();
    cut = true;
    return words;
}

const char *boot_option(const char *name)
{
    const char *found = NULL, *word;
    size_t length = strlen(name);

    for (word = boot_words(); *word; word += strlen(word) + 1) {
        if (strncmp(word, name, length) != 0)
            continue;
        if (word[length] == '\0')
            found = "";
        else if (word[length] == '=')
            found = word + length + 1;
    }
    return found;
}

bool boot_option_has(const char *name, const char *value)
{
    size_t name_length = strlen(name), length = strlen(value);

    for (const char *word = boot_words(); *word; word += strlen(word) + 1) {
        const char *given = word + name_length + 1;

        if (strncmp(word, name, name_length) == 0 && word[name_length] == '=' &&
            strncmp(given, value, length) == 0 && (given[length] == '\0' || given[length] == ','))
            return true;
    }
    return false;
}

unsigned long boot_option_number(const char *name, unsigned long otherwise)
{
    const char *text = boot_option(name);
    unsigned long value;
    char *end;

    if (!text || !*text)
        return otherwise;
    value = strtoul(text, &end, 0);
    return *end == '\0' ? value : otherwise;
}

const char *boot_program_arguments(void)
{
    boot_words();
    return program_arguments;
}
