// aloft du: what buckets and prefixes hold, older versions and unfinished uploads too.
#include <atomic>
#include <cstdio>
#include <map>

#include "app/cli/commands.h"
#include "app/cli/objects/place.h"
#include "app/cli/objects/progress.h"
#include "foundation/codec/json.h"
#include "foundation/s3/operations.h"

namespace aloft::app {
namespace {

struct Options {
  EndpointOptions endpoint;
  std::string place;
  bool bytes = false;
  bool as_json = false;
};

struct Usage {
  std::uint64_t objects = 0, bytes = 0;
  std::uint64_t older = 0, older_bytes = 0, markers = 0;
  std::uint64_t uploads = 0, upload_bytes = 0;

  void operator+=(const Usage& other) {
    objects += other.objects, bytes += other.bytes;
    older += other.older, older_bytes += other.older_bytes, markers += other.markers;
    uploads += other.uploads, upload_bytes += other.upload_bytes;
  }
};
using Table = std::map<std::string, Usage>;

// "a/b" of "a/b/c/d" below "a/": what lies one step further down is counted together.
std::string RowOf(const std::string& key, const std::string& prefix) {
  auto slash = key.find('/', prefix.size());
  return slash == std::string::npos ? prefix : key.substr(0, slash + 1);
}

void Count(s3::Client& client, const std::string& bucket, const std::string& prefix,
           const std::function<Usage&(const std::string& key)>& row, std::atomic<std::uint64_t>& seen) {
  std::string next;
  do {
    auto page = OrFail(s3::ListVersions(client, bucket, prefix, next));
    for (const auto& version : page.objects) {
      Usage& usage = row(version.key);
      ++seen;
      if (version.is_delete_marker) {
        ++usage.markers;
        continue;
      }
      ++(version.is_latest ? usage.objects : usage.older);
      (version.is_latest ? usage.bytes : usage.older_bytes) += version.size;
    }
    next = std::move(page.next);
  } while (!next.empty());
  for (const auto& upload : OrFail(s3::ListUploads(client, bucket, prefix))) {
    Usage& usage = row(upload.key);
    ++usage.uploads;
    auto parts = s3::ListParts(client, bucket, upload.key, upload.id);
    if (!parts.ok() && parts.error().reason == s3::kNotFound) continue;  // it ended meanwhile
    for (const auto& part : OrFail(std::move(parts))) usage.upload_bytes += part.size;
  }
}

void PrintJson(const Table& table) {
  std::string text;
  codec::JsonWriter json(text);
  json.BeginArray();
  auto number = [&](const char* name, std::uint64_t value) { json.Key(name).Int(static_cast<std::int64_t>(value)); };
  for (const auto& [name, usage] : table) {
    json.BeginObject().Key("Name").String(name);
    number("Objects", usage.objects);
    number("Bytes", usage.bytes);
    number("OlderVersions", usage.older);
    number("OlderBytes", usage.older_bytes);
    number("DeleteMarkers", usage.markers);
    number("Uploads", usage.uploads);
    number("UploadBytes", usage.upload_bytes);
    json.EndObject();
  }
  json.EndArray();
  std::printf("%s\n", text.c_str());
}

void PrintTable(const Table& table, bool exact) {
  auto size = [&](std::uint64_t bytes) { return exact ? std::to_string(bytes) : HumanBytes(bytes); };
  std::printf("%10s %12s %10s %12s %8s %8s %12s  %s\n", "OBJECTS", "BYTES", "OLDER", "BYTES", "MARKERS", "UPLOADS",
              "BYTES", "WHERE");
  auto line = [&](const std::string& name, const Usage& usage) {
    std::printf("%10llu %12s %10llu %12s %8llu %8llu %12s  %s\n", static_cast<unsigned long long>(usage.objects),
                size(usage.bytes).c_str(), static_cast<unsigned long long>(usage.older),
                size(usage.older_bytes).c_str(), static_cast<unsigned long long>(usage.markers),
                static_cast<unsigned long long>(usage.uploads), size(usage.upload_bytes).c_str(), name.c_str());
  };
  Usage total;
  for (const auto& [name, usage] : table) {
    line(name, usage);
    total += usage;
  }
  if (table.size() != 1) line("total", total);
}

void Run(const Options& options) {
  SystemClock clock;
  SystemRandom random;
  auto client = OrFail(OpenPlace(options.endpoint, clock, random));
  Table table;
  std::atomic<std::uint64_t> seen{0};
  {
    Progress progress(clock, [&] { return std::to_string(seen.load()) + " versions counted"; });
    if (options.place.empty()) {
      for (const auto& bucket : OrFail(s3::ListBuckets(*client))) {
        Usage& usage = table["s3://" + bucket];
        Count(
            *client, bucket, "", [&](const std::string&) -> Usage& { return usage; }, seen);
      }
    } else {
      S3Path path = OrFail(ParseS3Path(options.place));
      // "raw" counts below "raw/"; a prefix that ends otherwise counts what begins with it.
      auto slash = path.prefix.rfind('/');
      std::string directory = slash == std::string::npos ? std::string() : path.prefix.substr(0, slash + 1);
      Count(
          *client, path.bucket, path.prefix,
          [&](const std::string& key) -> Usage& { return table["s3://" + path.bucket + "/" + RowOf(key, directory)]; },
          seen);
    }
  }
  options.as_json ? PrintJson(table) : PrintTable(table, options.bytes);
}

}  // namespace

void AddDu(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("du", "Count what buckets and prefixes hold");
  AddProfileOption(*command, options->endpoint.profile);
  command->add_option("place", options->place, "s3://bucket or s3://bucket/prefix; without it every bucket is a line");
  command->add_flag("-b,--bytes", options->bytes, "Exact numbers of bytes");
  command->add_flag("--json", options->as_json, "For programs");
  command->footer(
      "Older versions and the parts of unfinished uploads are counted beside the objects: they take space too.\n"
      "Examples:\n"
      "  aloft du\n"
      "  aloft du s3://data\n"
      "  aloft du s3://data/raw/ --json");
  command->callback([options] { Run(*options); });
}

}  // namespace aloft::app
