#define _GNU_SOURCE
#include "CSystem.h"
#ifdef __linux__
#include <malloc.h>
#include <unistd.h>

int gtach_syncfs(int descriptor) { return syncfs(descriptor); }

int gtach_spawn_add_chdir(posix_spawn_file_actions_t *actions, const char *path) {
  return posix_spawn_file_actions_addchdir_np(actions, path);
}

int gtach_spawn_add_closefrom(posix_spawn_file_actions_t *actions, int lowest) {
  return posix_spawn_file_actions_addclosefrom_np(actions, lowest);
}

void gtach_keep_freed_memory(int largest, int kept, int arenas) {
  mallopt(M_MMAP_THRESHOLD, largest);
  mallopt(M_TRIM_THRESHOLD, kept);
  mallopt(M_ARENA_MAX, arenas);
}

void gtach_give_back_freed_memory(void) { malloc_trim(0); }
#endif
