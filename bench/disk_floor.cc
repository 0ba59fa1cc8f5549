// What disk and libraries give, for the object store's numbers. Prints one JSON object: wall seconds, CPU seconds, and
// what was done.
//
//   disk-floor commit DIRECTORY SECONDS     synced RocksDB writes of 4 KiB from 64 threads (its own group commit)
//   disk-floor direct DIRECTORY SECONDS     O_DIRECT writes of 1 MiB
//   disk-floor sendfile FILE SECONDS        the file through a loopback socket, read by a second thread
//   disk-floor md5 - SECONDS                MD5 of memory
//   disk-floor open - SECONDS               AES-256-GCM frames of 64 KiB opened into memory, and copied once
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <rocksdb/db.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::size_t kMib = 1u << 20;
constexpr std::size_t kFrame = 64 * 1024;

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double CpuSeconds(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

class Watch {
 public:
  explicit Watch(double seconds)
      : end_(begin_ + std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds))) {}
  bool running() const { return SteadyClock::now() < end_; }
  // `cpu`: of the part that counts.
  int Print(double operations, double bytes, double cpu) const {
    const double wall = std::chrono::duration<double>(SteadyClock::now() - begin_).count();
    std::printf("{\"seconds\": %.4f, \"cpu_seconds\": %.4f, \"operations\": %.0f, \"bytes\": %.0f}\n", wall, cpu,
                operations, bytes);
    return 0;
  }

 private:
  const SteadyClock::time_point begin_ = SteadyClock::now();
  const SteadyClock::time_point end_;
};

int Commit(const std::string& directory, double seconds) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  if (!rocksdb::DB::Open(options, directory + "/rocks", &raw).ok()) return 1;
  const std::unique_ptr<rocksdb::DB> db(raw);
  const std::string value(4096, 'v');
  std::atomic<std::uint64_t> done{0};
  const double cpu = CpuSeconds(RUSAGE_SELF);
  const Watch watch(seconds);
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i)
    threads.emplace_back([&, i] {
      rocksdb::WriteOptions synced;
      synced.sync = true;
      for (int n = 0; watch.running(); ++n)
        if (db->Put(synced, std::to_string(i) + "/" + std::to_string(n % 512), value).ok()) ++done;
    });
  for (std::thread& thread : threads) thread.join();
  return watch.Print(static_cast<double>(done), static_cast<double>(done) * 4096, CpuSeconds(RUSAGE_SELF) - cpu);
}

int Direct(const std::string& directory, double seconds) {
  const std::string path = directory + "/direct";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_DIRECT, 0600);
  void* memory = nullptr;
  if (fd < 0 || ::posix_memalign(&memory, 4096, kMib) != 0) return 1;
  std::memset(memory, 'd', kMib);
  const double cpu = CpuSeconds(RUSAGE_SELF);
  const Watch watch(seconds);
  double bytes = 0;
  for (int i = 0; watch.running(); ++i) {
    if (::pwrite(fd, memory, kMib, static_cast<off_t>(i % 512) * static_cast<off_t>(kMib)) !=
        static_cast<ssize_t>(kMib))
      return 1;
    bytes += kMib;
  }
  ::fdatasync(fd);
  ::unlink(path.c_str());
  return watch.Print(bytes / kMib, bytes, CpuSeconds(RUSAGE_SELF) - cpu);
}

int SendFile(const char* path, double seconds) {
  struct stat facts {};
  const int file = ::open(path, O_RDONLY);
  if (file < 0 || ::fstat(file, &facts) != 0) return 1;
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 1) != 0) return 1;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const int reader = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(reader, reinterpret_cast<sockaddr*>(&address), size) != 0) return 1;
  const int writer = ::accept(listener, nullptr, nullptr);
  std::thread drain([reader] {
    std::string scratch(kMib, '\0');
    while (::recv(reader, scratch.data(), scratch.size(), 0) > 0) {
    }
  });
  const double cpu = CpuSeconds(RUSAGE_THREAD);
  const Watch watch(seconds);
  double bytes = 0;
  while (watch.running()) {
    for (off_t at = 0; at < facts.st_size;) {
      const ssize_t sent = ::sendfile(writer, file, &at, static_cast<std::size_t>(facts.st_size - at));
      if (sent <= 0) return 1;
      bytes += static_cast<double>(sent);
    }
  }
  const double used = CpuSeconds(RUSAGE_THREAD) - cpu;
  ::shutdown(writer, SHUT_WR);
  drain.join();
  return watch.Print(bytes / static_cast<double>(facts.st_size), bytes, used);
}

int Md5(double seconds) {
  const std::string text(kMib, 'm');
  EVP_MD* digest = EVP_MD_fetch(nullptr, "MD5", nullptr);
  unsigned char out[EVP_MAX_MD_SIZE];
  const double cpu = CpuSeconds(RUSAGE_SELF);
  const Watch watch(seconds);
  double bytes = 0;
  for (; watch.running(); bytes += kMib) EVP_Digest(text.data(), text.size(), out, nullptr, digest, nullptr);
  return watch.Print(bytes / kMib, bytes, CpuSeconds(RUSAGE_SELF) - cpu);
}

int OpenFrames(double seconds) {
  std::string sealed(kFrame, 's'), plain(kFrame, '\0'), copy(kFrame, '\0');
  const unsigned char key[32] = {}, nonce[12] = {};
  const auto bytes_of = [](std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); };
  EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  const double cpu = CpuSeconds(RUSAGE_SELF);
  const Watch watch(seconds);
  double bytes = 0;
  for (; watch.running(); bytes += kFrame) {
    int size = 0;
    // The tag is not compared: it is computed all the same.
    if (EVP_DecryptInit_ex2(context, cipher, key, nonce, nullptr) != 1 ||
        EVP_DecryptUpdate(context, bytes_of(plain), &size, bytes_of(sealed), kFrame) != 1)
      return 1;
    std::memcpy(copy.data(), plain.data(), kFrame);
  }
  return watch.Print(bytes / kFrame, bytes, CpuSeconds(RUSAGE_SELF) - cpu);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string_view mode = argv[1];
  const double seconds = std::atof(argv[3]);
  if (mode == "commit") return Commit(argv[2], seconds);
  if (mode == "direct") return Direct(argv[2], seconds);
  if (mode == "sendfile") return SendFile(argv[2], seconds);
  if (mode == "md5") return Md5(seconds);
  if (mode == "open") return OpenFrames(seconds);
  return 2;
}
