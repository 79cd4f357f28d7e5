// jumper FROM TO [FROM TO]...: wires between lines of gpio-sim, each named by its directory in /sim: copies the level
// that drives FROM to the pull of TO, for ever.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { MAXIMUM_WIRES = 16, PAUSE_MICROSECONDS = 200 };

static int open_attribute(const char *line, const char *attribute, int mode) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", line, attribute);
  int descriptor = open(path, mode);
  if (descriptor < 0) perror(path);
  return descriptor;
}

int main(int count, char **arguments) {
  int wires = (count - 1) / 2, from[MAXIMUM_WIRES], to[MAXIMUM_WIRES];
  if (wires < 1 || wires > MAXIMUM_WIRES || count % 2 == 0) return 64;
  for (int wire = 0; wire < wires; wire++) {
    from[wire] = open_attribute(arguments[1 + 2 * wire], "value", O_RDONLY);
    to[wire] = open_attribute(arguments[2 + 2 * wire], "pull", O_WRONLY);
    if (from[wire] < 0 || to[wire] < 0) return 1;
  }
  for (;;) {
    for (int wire = 0; wire < wires; wire++) {
      char level;
      if (pread(from[wire], &level, 1, 0) != 1) return 1;
      // Written every time: a request with a bias changes the pull behind our back.
      const char *pull = level == '1' ? "pull-up" : "pull-down";
      if (pwrite(to[wire], pull, level == '1' ? 7 : 9, 0) < 0) return 1;
    }
    usleep(PAUSE_MICROSECONDS);
  }
}
