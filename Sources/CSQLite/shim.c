#include "CSQLite.h"

int gtach_sqlite_bind_text(sqlite3_stmt *statement, int number, const char *bytes, int count) {
  return sqlite3_bind_text(statement, number, bytes, count, SQLITE_TRANSIENT);
}

int gtach_sqlite_bind_blob(sqlite3_stmt *statement, int number, const void *bytes, int count) {
  return sqlite3_bind_blob(statement, number, bytes, count, SQLITE_TRANSIENT);
}
