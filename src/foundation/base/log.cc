#include "foundation/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace aloft {
namespace {

spdlog::level::level_enum ToSpdlog(Log::Level level) {
  switch (level) {
    case Log::Level::kDebug: return spdlog::level::debug;
    case Log::Level::kInfo: return spdlog::level::info;
    case Log::Level::kWarn: return spdlog::level::warn;
    case Log::Level::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

// A value that comes from outside must not be able to forge a line or a field.
void AppendEscaped(std::string& out, std::string_view value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 0x0f];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

struct Log::Sink {
  spdlog::logger logger;
  Format format;
};

Log::Log(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}

static std::shared_ptr<spdlog::sinks::sink> StderrSink() {
  return std::make_shared<spdlog::sinks::stderr_sink_mt>();
}

Log Log::ToStderr(Level least, Format format) {
  auto sink = std::make_shared<Sink>(Sink{spdlog::logger("aloft", StderrSink()), format});
  sink->logger.set_level(ToSpdlog(least));
  sink->logger.set_pattern(format == Format::kJson ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",\"level\":\"%l\",%v}"
                                                   : "%Y-%m-%dT%H:%M:%S.%eZ %-5l %v",
                           spdlog::pattern_time_type::utc);
  sink->logger.flush_on(spdlog::level::debug);
  return Log(std::move(sink));
}

Log Log::ToFile(const std::string& path, Level least, Format format) {
  Log log = ToStderr(least, format);
  try {
    auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    file->set_formatter(nullptr);
    log.sink_->logger.sinks() = {file};
    log.sink_->logger.set_pattern(format == Format::kJson ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",\"level\":\"%l\",%v}"
                                                          : "%Y-%m-%dT%H:%M:%S.%eZ %-5l %v",
                                  spdlog::pattern_time_type::utc);
  } catch (const spdlog::spdlog_ex& failure) {
    log.Error("the log file cannot be opened, standard error is used", {{"path", path}, {"cause", failure.what()}});
  }
  return log;
}

Log Log::Discard() {
  auto sink = std::make_shared<Sink>(
      Sink{spdlog::logger("aloft", std::make_shared<spdlog::sinks::null_sink_mt>()), Format::kText});
  sink->logger.set_level(spdlog::level::off);
  return Log(std::move(sink));
}

bool Log::Enabled(Level level) const {
  return sink_->logger.should_log(ToSpdlog(level));
}

void Log::Write(Level level, std::string_view message, Fields fields) const {
  if (!Enabled(level)) return;
  bool json = sink_->format == Format::kJson;
  std::string line;
  if (json) {
    line += "\"message\":";
    AppendEscaped(line, message);
  } else {
    line += message;
  }
  for (const auto& [name, value] : fields) {
    if (json) {
      line += ",\"";
      line += name;
      line += "\":";
    } else {
      line += ' ';
      line += name;
      line += '=';
    }
    AppendEscaped(line, value);
  }
  sink_->logger.log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace aloft
