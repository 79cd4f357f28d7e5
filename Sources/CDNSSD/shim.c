#include "CDNSSD.h"

#if __has_include(<avahi-common/malloc.h>)

#include <avahi-common/malloc.h>
#include <stdlib.h>

static void *zeroed(size_t size) { return calloc(1, size); }

// Avahi 0.8 leaves some of a reference's callbacks uninitialised and calls them when the bus goes away
// (github.com/avahi/avahi/pull/569, which no release had when this was written). Memory that is zero makes them null,
// which it checks for.
static const AvahiAllocator zeroing = {.malloc = zeroed, .free = free, .realloc = realloc, .calloc = calloc};

void gtach_dns_sd_prepare(void) {
  avahi_set_allocator(&zeroing);
  // Or it writes to stderr that there are better interfaces than this one.
  setenv("AVAHI_COMPAT_NOWARN", "1", 1);
}

#else

void gtach_dns_sd_prepare(void) {}

#endif
