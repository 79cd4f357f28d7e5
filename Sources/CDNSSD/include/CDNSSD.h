#ifndef CDNSSD_H
#define CDNSSD_H
#include <dns_sd.h>
#endif
