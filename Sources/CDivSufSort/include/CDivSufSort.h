#ifndef CDIVSUFSORT_H
#define CDIVSUFSORT_H
#include <divsufsort.h>
#endif
