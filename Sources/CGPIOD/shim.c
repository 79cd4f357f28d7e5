#include "CGPIOD.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<gpiod.h>)
#include <gpiod.h>
// 1.x has bulks of lines and 2.x has not: libgpiod offers no macro of its version.
#ifdef GPIOD_LINE_BULK_MAX_LINES
#define GTACH_GPIOD_1
#else
#define GTACH_GPIOD_2
#endif
#endif

#define CONSUMER "gtach"
// How many edges are read at once: the queue of the kernel's first interface holds 16 of a line.
enum { EDGES_AT_ONCE = 16 };

#if defined(GTACH_GPIOD_1) || defined(GTACH_GPIOD_2)

static int failure(void) { return errno > 0 ? -errno : -EIO; }

static void copy_name(char *to, const char *from) {
  strncpy(to, from ? from : "", GTACH_GPIO_NAME_SIZE - 1);
  to[GTACH_GPIO_NAME_SIZE - 1] = 0;
}

bool gtach_gpio_is_supported(void) { return true; }

#endif

#ifdef GTACH_GPIOD_1

int gtach_gpio_chip_open(const char *path, gtach_gpio_chip **chip) {
  *chip = (gtach_gpio_chip *)gpiod_chip_open(path);
  return *chip ? 0 : failure();
}

void gtach_gpio_chip_close(gtach_gpio_chip *chip) { gpiod_chip_close((struct gpiod_chip *)chip); }

int gtach_gpio_chip_describe(gtach_gpio_chip *chip, char label[GTACH_GPIO_NAME_SIZE], unsigned int *line_count) {
  copy_name(label, gpiod_chip_label((struct gpiod_chip *)chip));
  *line_count = gpiod_chip_num_lines((struct gpiod_chip *)chip);
  return 0;
}

int gtach_gpio_line_describe(gtach_gpio_chip *chip, unsigned int offset, gtach_gpio_line_info *info) {
  struct gpiod_line *line = gpiod_chip_get_line((struct gpiod_chip *)chip, offset);
  // The library keeps what it read when the line was first looked at.
  if (!line || gpiod_line_update(line) != 0) return failure();
  copy_name(info->name, gpiod_line_name(line));
  copy_name(info->consumer, gpiod_line_consumer(line));
  info->used = gpiod_line_is_used(line);
  info->output = gpiod_line_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT;
  return 0;
}

int gtach_gpio_line_request(gtach_gpio_chip *chip, unsigned int offset, gtach_gpio_use use, gtach_gpio_bias bias,
                            int value, gtach_gpio_line **line) {
  struct gpiod_line *found = gpiod_chip_get_line((struct gpiod_chip *)chip, offset);
  if (!found) return failure();
  struct gpiod_line_request_config config = {.consumer = CONSUMER};
  switch (use) {
    case GTACH_GPIO_INPUT: config.request_type = GPIOD_LINE_REQUEST_DIRECTION_INPUT; break;
    case GTACH_GPIO_OUTPUT: config.request_type = GPIOD_LINE_REQUEST_DIRECTION_OUTPUT; break;
    case GTACH_GPIO_EDGES: config.request_type = GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES; break;
  }
  switch (bias) {
    case GTACH_GPIO_AS_IS: break;
    case GTACH_GPIO_DISABLED: config.flags = GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE; break;
    case GTACH_GPIO_PULL_UP: config.flags = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP; break;
    case GTACH_GPIO_PULL_DOWN: config.flags = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN; break;
  }
  if (gpiod_line_request(found, &config, value) != 0) return failure();
  *line = (gtach_gpio_line *)found;
  return 0;
}

int gtach_gpio_line_read(gtach_gpio_line *line) {
  int value = gpiod_line_get_value((struct gpiod_line *)line);
  return value < 0 ? failure() : value;
}

int gtach_gpio_line_write(gtach_gpio_line *line, int value) {
  return gpiod_line_set_value((struct gpiod_line *)line, value) == 0 ? 0 : failure();
}

int gtach_gpio_line_wait(gtach_gpio_line *line, int milliseconds) {
  struct timespec limit = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
  struct gpiod_line_event events[EDGES_AT_ONCE];
  int ready = gpiod_line_event_wait((struct gpiod_line *)line, &limit);
  if (ready <= 0) return ready == 0 || errno == EINTR ? 0 : failure();
  int count = gpiod_line_event_read_multiple((struct gpiod_line *)line, events, EDGES_AT_ONCE);
  return count < 0 ? failure() : count;
}

void gtach_gpio_line_release(gtach_gpio_line *line) { gpiod_line_release((struct gpiod_line *)line); }

#elif defined(GTACH_GPIOD_2)

struct gtach_gpio_line {
  struct gpiod_line_request *request;
  unsigned int offset;
  struct gpiod_edge_event_buffer *edges;  // only for GTACH_GPIO_EDGES
};

int gtach_gpio_chip_open(const char *path, gtach_gpio_chip **chip) {
  *chip = (gtach_gpio_chip *)gpiod_chip_open(path);
  return *chip ? 0 : failure();
}

void gtach_gpio_chip_close(gtach_gpio_chip *chip) { gpiod_chip_close((struct gpiod_chip *)chip); }

int gtach_gpio_chip_describe(gtach_gpio_chip *chip, char label[GTACH_GPIO_NAME_SIZE], unsigned int *line_count) {
  struct gpiod_chip_info *info = gpiod_chip_get_info((struct gpiod_chip *)chip);
  if (!info) return failure();
  copy_name(label, gpiod_chip_info_get_label(info));
  *line_count = (unsigned int)gpiod_chip_info_get_num_lines(info);
  gpiod_chip_info_free(info);
  return 0;
}

int gtach_gpio_line_describe(gtach_gpio_chip *chip, unsigned int offset, gtach_gpio_line_info *info) {
  struct gpiod_line_info *found = gpiod_chip_get_line_info((struct gpiod_chip *)chip, offset);
  if (!found) return failure();
  copy_name(info->name, gpiod_line_info_get_name(found));
  copy_name(info->consumer, gpiod_line_info_get_consumer(found));
  info->used = gpiod_line_info_is_used(found);
  info->output = gpiod_line_info_get_direction(found) == GPIOD_LINE_DIRECTION_OUTPUT;
  gpiod_line_info_free(found);
  return 0;
}

static int configure(struct gpiod_line_settings *settings, gtach_gpio_use use, gtach_gpio_bias bias, int value) {
  int result = gpiod_line_settings_set_direction(
      settings, use == GTACH_GPIO_OUTPUT ? GPIOD_LINE_DIRECTION_OUTPUT : GPIOD_LINE_DIRECTION_INPUT);
  if (result == 0 && use == GTACH_GPIO_EDGES)
    result = gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH);
  if (result == 0 && use == GTACH_GPIO_OUTPUT)
    result = gpiod_line_settings_set_output_value(
        settings, value ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE);
  if (result != 0) return result;
  switch (bias) {
    case GTACH_GPIO_AS_IS: return 0;
    case GTACH_GPIO_DISABLED: return gpiod_line_settings_set_bias(settings, GPIOD_LINE_BIAS_DISABLED);
    case GTACH_GPIO_PULL_UP: return gpiod_line_settings_set_bias(settings, GPIOD_LINE_BIAS_PULL_UP);
    case GTACH_GPIO_PULL_DOWN: return gpiod_line_settings_set_bias(settings, GPIOD_LINE_BIAS_PULL_DOWN);
  }
  return 0;
}

int gtach_gpio_line_request(gtach_gpio_chip *chip, unsigned int offset, gtach_gpio_use use, gtach_gpio_bias bias,
                            int value, gtach_gpio_line **line) {
  struct gpiod_line_settings *settings = gpiod_line_settings_new();
  struct gpiod_line_config *lines = gpiod_line_config_new();
  struct gpiod_request_config *config = gpiod_request_config_new();
  gtach_gpio_line *result = calloc(1, sizeof *result);
  int error = settings && lines && config && result ? 0 : -ENOMEM;
  if (error == 0) {
    gpiod_request_config_set_consumer(config, CONSUMER);
    result->offset = offset;
    if (configure(settings, use, bias, value) != 0 ||
        gpiod_line_config_add_line_settings(lines, &offset, 1, settings) != 0)
      error = failure();
  }
  if (error == 0 && use == GTACH_GPIO_EDGES) {
    result->edges = gpiod_edge_event_buffer_new(EDGES_AT_ONCE);
    if (!result->edges) error = -ENOMEM;
  }
  if (error == 0) {
    result->request = gpiod_chip_request_lines((struct gpiod_chip *)chip, config, lines);
    if (!result->request) error = failure();
  }
  gpiod_request_config_free(config);
  gpiod_line_config_free(lines);
  gpiod_line_settings_free(settings);
  if (error == 0) {
    *line = result;
  } else if (result) {
    gpiod_edge_event_buffer_free(result->edges);
    free(result);
  }
  return error;
}

int gtach_gpio_line_read(gtach_gpio_line *line) {
  switch (gpiod_line_request_get_value(line->request, line->offset)) {
    case GPIOD_LINE_VALUE_ACTIVE: return 1;
    case GPIOD_LINE_VALUE_INACTIVE: return 0;
    default: return failure();
  }
}

int gtach_gpio_line_write(gtach_gpio_line *line, int value) {
  enum gpiod_line_value level = value ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
  return gpiod_line_request_set_value(line->request, line->offset, level) == 0 ? 0 : failure();
}

int gtach_gpio_line_wait(gtach_gpio_line *line, int milliseconds) {
  int ready = gpiod_line_request_wait_edge_events(line->request, milliseconds * 1000000LL);
  if (ready <= 0) return ready == 0 || errno == EINTR ? 0 : failure();
  int count = gpiod_line_request_read_edge_events(line->request, line->edges, EDGES_AT_ONCE);
  return count < 0 ? failure() : count;
}

void gtach_gpio_line_release(gtach_gpio_line *line) {
  gpiod_line_request_release(line->request);
  gpiod_edge_event_buffer_free(line->edges);
  free(line);
}

#else

bool gtach_gpio_is_supported(void) { return false; }
int gtach_gpio_chip_open(const char *path, gtach_gpio_chip **chip) {
  (void)path, (void)chip;
  return -ENOTSUP;
}
void gtach_gpio_chip_close(gtach_gpio_chip *chip) { (void)chip; }
int gtach_gpio_chip_describe(gtach_gpio_chip *chip, char label[GTACH_GPIO_NAME_SIZE], unsigned int *line_count) {
  (void)chip, (void)label, (void)line_count;
  return -ENOTSUP;
}
int gtach_gpio_line_describe(gtach_gpio_chip *chip, unsigned int offset, gtach_gpio_line_info *info) {
  (void)chip, (void)offset, (void)info;
  return -ENOTSUP;
}
int gtach_gpio_line_request(gtach_gpio_chip *chip, unsigned int offset, gtach_gpio_use use, gtach_gpio_bias bias,
                            int value, gtach_gpio_line **line) {
  (void)chip, (void)offset, (void)use, (void)bias, (void)value, (void)line;
  return -ENOTSUP;
}
int gtach_gpio_line_read(gtach_gpio_line *line) {
  (void)line;
  return -ENOTSUP;
}
int gtach_gpio_line_write(gtach_gpio_line *line, int value) {
  (void)line, (void)value;
  return -ENOTSUP;
}
int gtach_gpio_line_wait(gtach_gpio_line *line, int milliseconds) {
  (void)line, (void)milliseconds;
  return -ENOTSUP;
}
void gtach_gpio_line_release(gtach_gpio_line *line) { (void)line; }

#endif
