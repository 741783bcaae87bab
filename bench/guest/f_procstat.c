/* Opens, reads and closes a file of procfs: path walks, allocation, formatting. */
#include <fcntl.h>
#include "mark.h"

int main(int argc, char **argv) {
  long rounds = amount(argc, argv, 20000);
  char text[1024];
  uint64_t good = 0;
  mark_begin("f_procstat");
  for (long i = 0; i < rounds; i++) {
    int file = open("/proc/self/stat", O_RDONLY);
    good += read(file, text, sizeof text) > 0;
    close(file);
  }
  mark_end(good);
  return 0;
}
