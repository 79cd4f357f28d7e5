#ifndef CDNSSD_H
#define CDNSSD_H
#include <dns_sd.h>

// To be called once before any other function of dns_sd.
void gtach_dns_sd_prepare(void);

#endif
