#define _GNU_SOURCE
#include "CSystem.h"
#ifdef __linux__
#include <unistd.h>

int gtach_syncfs(int descriptor) { return syncfs(descriptor); }

int gtach_spawn_add_chdir(posix_spawn_file_actions_t *actions, const char *path) {
  return posix_spawn_file_actions_addchdir_np(actions, path);
}

int gtach_spawn_add_closefrom(posix_spawn_file_actions_t *actions, int lowest) {
  return posix_spawn_file_actions_addclosefrom_np(actions, lowest);
}
#endif
