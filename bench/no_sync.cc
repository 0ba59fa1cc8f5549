// Preloaded into a server that only fills a data directory before something is measured: a million synced writes would
// take longer than the whole benchmark. Never loaded into what is measured.
extern "C" {
int fsync(int) {
  return 0;
}
int fdatasync(int) {
  return 0;
}
}
