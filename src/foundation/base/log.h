// One structured line per event. A Log is passed to whoever writes; there is no global one.
//
//   log.Info("training job started", {{"job", name}, {"attempt", "1"}});
//
// Never log a secret: field values are written as they are.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace aloft {

class Log {
 public:
  enum class Level { kDebug, kInfo, kWarn, kError };
  enum class Format { kText, kJson };
  using Field = std::pair<std::string_view, std::string>;
  using Fields = std::initializer_list<Field>;

  // Writes to standard error. Thread-safe; writing never throws and blocks no longer than the write itself.
  static Log ToStderr(Level least, Format format);
  // Appends to a file, which is created with mode 0640. An unopenable file falls back to standard error.
  static Log ToFile(const std::string& path, Level least, Format format);
  // Swallows everything: for tests.
  static Log Discard();

  void Debug(std::string_view message, Fields fields = {}) const { Write(Level::kDebug, message, fields); }
  void Info(std::string_view message, Fields fields = {}) const { Write(Level::kInfo, message, fields); }
  void Warn(std::string_view message, Fields fields = {}) const { Write(Level::kWarn, message, fields); }
  void Error(std::string_view message, Fields fields = {}) const { Write(Level::kError, message, fields); }
  bool Enabled(Level level) const;

 private:
  struct Sink;
  explicit Log(std::shared_ptr<Sink> sink);
  void Write(Level level, std::string_view message, Fields fields) const;

  std::shared_ptr<Sink> sink_;
};

}  // namespace aloft
