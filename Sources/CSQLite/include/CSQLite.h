#ifndef CSQLITE_H
#define CSQLITE_H
#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast that Swift cannot import: the bytes are copied before these return.
int gtach_sqlite_bind_text(sqlite3_stmt *statement, int number, const char *bytes, int count);
int gtach_sqlite_bind_blob(sqlite3_stmt *statement, int number, const void *bytes, int count);
#endif
