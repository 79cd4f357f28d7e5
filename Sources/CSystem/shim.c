#define _GNU_SOURCE
#include "CSystem.h"
#ifdef __linux__
#include <errno.h>
#include <link.h>
#include <linux/rtnetlink.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

int gtach_syncfs(int descriptor) { return syncfs(descriptor); }

int gtach_spawn_add_chdir(posix_spawn_file_actions_t *actions, const char *path) {
  return posix_spawn_file_actions_addchdir_np(actions, path);
}

int gtach_spawn_add_closefrom(posix_spawn_file_actions_t *actions, int lowest) {
  return posix_spawn_file_actions_addclosefrom_np(actions, lowest);
}

int gtach_open_network_changes(void) {
  int number = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (number < 0) return -1;
  struct sockaddr_nl address = {
      .nl_family = AF_NETLINK,
      .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
  };
  if (bind(number, (struct sockaddr *)&address, sizeof address) == 0) return number;
  int error = errno;
  close(number);
  errno = error;
  return -1;
}

int gtach_is_clock_synchronised(void) {
  struct timex state = {.modes = 0};
  int answer = adjtimex(&state);
  if (answer < 0) return -1;
  return answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

void gtach_keep_freed_memory(int largest, int kept, int arenas) {
  mallopt(M_MMAP_THRESHOLD, largest);
  mallopt(M_TRIM_THRESHOLD, kept);
  mallopt(M_ARENA_MAX, arenas);
}

int gtach_peer_user(int descriptor, unsigned int *user) {
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
  *user = credentials.uid;
  return 0;
}

void gtach_give_back_freed_memory(void) { malloc_trim(0); }

// Whether the loader has written into what the program only reads: that is in no file.
static int has_text_relocations(const struct dl_phdr_info *object, const ElfW(Phdr) *segment) {
  const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(object->dlpi_addr + segment->p_vaddr);
  for (; entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL))) return 1;
  }
  return 0;
}

static int forget_read_only_pages(struct dl_phdr_info *object, size_t size, void *context) {
  (void)size;
  ElfW(Addr) page = *(ElfW(Addr) *)context;
  for (int number = 0; number < object->dlpi_phnum; number++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[number];
    if (segment->p_type == PT_DYNAMIC && has_text_relocations(object, segment)) return 0;
  }
  for (int number = 0; number < object->dlpi_phnum; number++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[number];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0) continue;
    // Whole pages of it: what is beside it may be written to.
    ElfW(Addr) start = (object->dlpi_addr + segment->p_vaddr + page - 1) & -page;
    ElfW(Addr) end = (object->dlpi_addr + segment->p_vaddr + segment->p_filesz) & -page;
    if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
  }
  return 0;
}

void gtach_forget_program_pages(void) {
  ElfW(Addr) page = (ElfW(Addr))sysconf(_SC_PAGESIZE);
  dl_iterate_phdr(forget_read_only_pages, &page);
}
#endif
