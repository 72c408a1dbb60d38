#include "base.h"

const struct base_directory base_directories[] = {
    {"bin", 0755},
    {"dev", 0755},
    {"etc", 0755},
    {"home", 0755},
    {"lib", 0755},
    {"mnt", 0755},
    {"opt", 0755},
    {"proc", 0555},
    {"root", 0700},
    {"run", 0755},
    {"sbin", 0755},
    {"sys", 0555},
    {"tmp", 01777},
    {"usr", 0755},
    {"usr/bin", 0755},
    {"usr/lib", 0755},
    {"usr/local", 0755},
    {"usr/local/bin", 0755},
    {"usr/local/sbin", 0755},
    {"usr/sbin", 0755},
    {"usr/share", 0755},
    {"var", 0755},
    {"var/cache", 0755},
    {"var/log", 0755},
    {"var/spool", 0755},
    {"var/tmp", 01777},
};

const unsigned base_directory_count = sizeof(base_directories) / sizeof(base_directories[0]);
