// aloft-load: a load generator that is cheaper than what it measures. Prints one JSON object.
//
//   aloft-load --target 127.0.0.1:9000 --connections 64 --seconds 5
//   aloft-load --mode s3-put --bucket bench --body-bytes 4096 --access-key AK --secret SK
//   aloft-load --mode invoke --endpoint iris --content-type text/csv --body-file row.csv --access-key AK --secret SK
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "load_loop.h"
#include "load_requests.h"

namespace {

double Percentile(const std::vector<float>& sorted, double fraction) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(fraction * static_cast<double>(sorted.size())))];
}

void Print(aloft::bench::LoadReport report) {
  std::vector<float>& latencies = report.latencies_us;
  std::sort(latencies.begin(), latencies.end());
  std::string statuses;
  for (const auto& [status, count] : report.statuses)
    statuses += (statuses.empty() ? "\"" : ", \"") + std::to_string(status) + "\": " + std::to_string(count);
  std::printf(
      "{\"requests\": %llu, \"errors\": %llu, \"seconds\": %.3f, \"requests_per_second\": %.1f, "
      "\"bytes_sent\": %llu, \"bytes_received\": %llu, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, "
      "\"max_us\": %.1f, "
      "\"client_cpu_seconds\": %.3f, \"statuses\": {%s}}\n",
      static_cast<unsigned long long>(report.requests), static_cast<unsigned long long>(report.errors), report.seconds,
      static_cast<double>(report.requests) / report.seconds, static_cast<unsigned long long>(report.bytes_sent),
      static_cast<unsigned long long>(report.bytes_received), Percentile(latencies, 0.5), Percentile(latencies, 0.9),
      Percentile(latencies, 0.99), Percentile(latencies, 1), report.cpu_seconds, statuses.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  aloft::bench::LoadOptions options;
  CLI::App app("Closed-loop HTTP load with requests made and signed in advance");
  app.add_option("--target", options.target, "ADDRESS:PORT or the path of a Unix socket");
  app.add_option("--mode", options.mode, "get, post, s3-put, s3-get or invoke");
  app.add_option("--path", options.path, "what get and post ask for");
  app.add_option("--connections", options.connections);
  app.add_option("--seconds", options.seconds);
  app.add_option("--requests", options.requests, "stop after so many instead");
  app.add_option("--body-bytes", options.body_bytes);
  app.add_option("--body-file", options.body_file);
  app.add_option("--content-type", options.content_type);
  app.add_option("--header", options.headers, "\"Name: value\", beside those that are there anyway");
  app.add_option("--bearer", options.bearer, "a token instead of a signature");
  app.add_option("--access-key", options.access_key);
  app.add_option("--secret", options.secret);
  app.add_option("--session-token", options.session_token);
  app.add_option("--region", options.region);
  app.add_option("--bucket", options.bucket);
  app.add_option("--prefix", options.prefix, "of the object keys");
  app.add_option("--keys", options.keys, "how many different objects");
  app.add_option("--paths-file", options.paths_file, "/bucket/key?query lines, instead of prefix and keys");
  app.add_flag("--unsigned-payload", options.unsigned_payload, "sign the head only");
  app.add_option("--endpoint", options.endpoint);
  CLI11_PARSE(app, argc, argv);

  const auto requests = PrepareRequests(options);
  if (!requests.ok()) {
    std::fprintf(stderr, "aloft-load: %s\n", Describe(requests.error()).c_str());
    return 2;
  }
  auto report = RunLoad(options, *requests);
  if (!report.ok()) {
    std::fprintf(stderr, "aloft-load: %s\n", Describe(report.error()).c_str());
    return 1;
  }
  Print(*std::move(report));
  return 0;
}
