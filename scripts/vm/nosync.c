// A library to be loaded before others, in which nothing is ever put on the disk: power-cut.sh --without-sync.

int fsync(int descriptor) { (void)descriptor; return 0; }
int fdatasync(int descriptor) { (void)descriptor; return 0; }
int syncfs(int descriptor) { (void)descriptor; return 0; }
