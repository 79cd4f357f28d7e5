// One face for libgpiod 1.6 (Debian 12) and 2.x (Debian 13, Raspberry Pi OS): chips, lines, and one line at a time
// requested. Where the header <gpiod.h> is missing (macOS) everything returns ENOTSUP.
//
// Every function that can fail returns 0, or a value that it documents, or an errno as a negative number.
#ifndef CGPIOD_H
#define CGPIOD_H

#include <stdbool.h>
#include <stddef.h>

// GPIO_MAX_NAME_SIZE of <linux/gpio.h>: names and consumers are cut there, NUL included.
enum { GTACH_GPIO_NAME_SIZE = 32 };

typedef struct gtach_gpio_chip gtach_gpio_chip;
typedef struct gtach_gpio_line gtach_gpio_line;

typedef struct {
  char name[GTACH_GPIO_NAME_SIZE];      // empty where the line has none
  char consumer[GTACH_GPIO_NAME_SIZE];  // empty where the holder gave no name
  bool used;                            // held by a driver or a program
  bool output;
} gtach_gpio_line_info;

typedef enum { GTACH_GPIO_AS_IS, GTACH_GPIO_DISABLED, GTACH_GPIO_PULL_UP, GTACH_GPIO_PULL_DOWN } gtach_gpio_bias;
typedef enum { GTACH_GPIO_INPUT, GTACH_GPIO_OUTPUT, GTACH_GPIO_EDGES } gtach_gpio_use;

// Whether this was compiled with libgpiod.
bool gtach_gpio_is_supported(void);

// Opens a chip, /dev/gpiochipN. The chip must stay open as long as a line of it is held.
int gtach_gpio_chip_open(const char *path, gtach_gpio_chip **chip);
void gtach_gpio_chip_close(gtach_gpio_chip *chip);
// Copies the chip's label and sets how many lines it has.
int gtach_gpio_chip_describe(gtach_gpio_chip *chip, char label[GTACH_GPIO_NAME_SIZE], unsigned int *line_count);
// Describes a line without requesting it.
int gtach_gpio_line_describe(gtach_gpio_chip *chip, unsigned int offset, gtach_gpio_line_info *info);

// Requests a line; -EBUSY where somebody else holds it. `value` is what an output starts with.
int gtach_gpio_line_request(gtach_gpio_chip *chip, unsigned int offset, gtach_gpio_use use, gtach_gpio_bias bias,
                            int value, gtach_gpio_line **line);
// Returns 0 or 1, the physical level.
int gtach_gpio_line_read(gtach_gpio_line *line);
int gtach_gpio_line_write(gtach_gpio_line *line, int value);
// Waits for edges on a line requested for GTACH_GPIO_EDGES: returns how many were read, 0 after the time.
int gtach_gpio_line_wait(gtach_gpio_line *line, int milliseconds);
void gtach_gpio_line_release(gtach_gpio_line *line);

#endif
