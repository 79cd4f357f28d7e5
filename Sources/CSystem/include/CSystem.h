// What glibc offers only to those who ask for GNU extensions, which Swift's import of it does not.
#ifndef CSYSTEM_H
#define CSYSTEM_H
#ifdef __linux__
#include <spawn.h>

// syncfs(2)
int gtach_syncfs(int descriptor);
// posix_spawn_file_actions_addchdir_np(3), glibc 2.29
int gtach_spawn_add_chdir(posix_spawn_file_actions_t *actions, const char *path);
// posix_spawn_file_actions_addclosefrom_np(3), glibc 2.34
int gtach_spawn_add_closefrom(posix_spawn_file_actions_t *actions, int lowest);
// a socket that becomes readable when an interface or an address changes, rtnetlink(7); -1 with errno where there is none
int gtach_open_network_changes(void);
// mallopt(3): from which size on memory is given back at once, how much is kept of the rest, and in how many arenas
void gtach_keep_freed_memory(int largest, int kept, int arenas);
// whether somebody keeps the kernel's clock right, adjtimex(2); -1 with errno where it does not say
int gtach_is_clock_synchronised(void);
// the user at the other end of a Unix socket (SO_PEERCRED in unix(7)); -1 with errno where that is not known
int gtach_peer_user(int descriptor, unsigned int *user);
// malloc_trim(3)
void gtach_give_back_freed_memory(void);
// takes the pages of the program and its libraries that are only read out of this process, madvise(2); each comes back from
// its file when it is used next
void gtach_forget_program_pages(void);
#endif
#endif
