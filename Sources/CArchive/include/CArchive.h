#ifndef CARCHIVE_H
#define CARCHIVE_H
#include <archive.h>
#endif
