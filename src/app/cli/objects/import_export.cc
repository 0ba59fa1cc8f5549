// aloft import, aloft export: objects from any S3 endpoint into this cloud, and out of it.
#include <cstdio>

#include "app/cli/commands.h"
#include "app/cli/objects/progress.h"
#include "app/cli/objects/transfer.h"

namespace aloft::app {
namespace {

struct Options {
  std::string from, to;
  EndpointOptions own;    // this cloud
  EndpointOptions other;  // the other endpoint
  TransferOptions transfer;
};

std::string LineOf(const TransferReport& report, double seconds) {
  std::uint64_t done = report.copied + report.there + report.failed;
  std::string text = std::to_string(done) + " of " + std::to_string(report.seen.load()) + " objects seen, " +
                     HumanBytes(report.bytes.load()) + " copied";
  if (seconds > 1)
    text += " at " + HumanBytes(static_cast<std::uint64_t>(static_cast<double>(report.bytes.load()) / seconds)) + "/s";
  if (report.there > 0) text += ", " + std::to_string(report.there.load()) + " were there";
  if (report.failed > 0) text += ", " + std::to_string(report.failed.load()) + " FAILED";
  return text;
}

void Transfer(s3::Client& source, const S3Path& from, Target& target, const TransferOptions& options,
              const std::string& to) {
  SystemClock clock;
  TransferReport report;
  auto started = clock.Monotonic();
  auto seconds = [&] { return std::chrono::duration<double>(clock.Monotonic() - started).count(); };
  Status done;
  {
    Progress progress(clock, [&] { return LineOf(report, seconds()); });
    done = RunTransfer(source, from, target, options, report,
                       [&](const std::string& failure) { progress.Say("failed: " + failure); });
  }
  if (!done.ok() && report.seen > 0) std::fprintf(stderr, "The listing broke off; run the command again to go on.\n");
  OrFail(std::move(done));
  const char* verb = options.dry_run ? "would be copied" : "copied and verified";
  std::printf("%llu objects %s to %s, %llu were there already, %llu failed.\n",
              static_cast<unsigned long long>(report.copied.load()), verb, to.c_str(),
              static_cast<unsigned long long>(report.there.load()),
              static_cast<unsigned long long>(report.failed.load()));
  if (report.failed > 0)
    throw CommandFailed{Fail(kUnavailable, std::to_string(report.failed.load()) +
                                               " objects were not copied. Run the command again: what is there is "
                                               "not copied twice.")};
}

Status CheckVersions(s3::Client& target, const S3Path& to, const TransferOptions& options) {
  if (!options.versions) return {};
  ALOFT_ASSIGN(bool keeps, s3::KeepsVersions(target, to.bucket));
  if (keeps) return {};
  return Fail(kInvalidArgument, "s3://" + to.bucket + " does not keep versions: enable its versioning first");
}

void Import(const Options& options) {
  SystemClock clock;
  SystemRandom random;
  S3Path from = OrFail(ParseS3Path(options.from));
  S3Path to = OrFail(ParseS3Path(options.to));
  auto source = OrFail(OpenPlace(options.other, clock, random));
  auto own = OrFail(OpenPlace(options.own, clock, random));
  OrFail(own->Call({.method = "HEAD", .bucket = to.bucket}));
  OrFail(CheckVersions(*own, to, options.transfer));
  auto target = MakeBucketTarget(*own, to);
  Transfer(*source, from, *target, options.transfer, options.to);
}

void Export(const Options& options) {
  SystemClock clock;
  SystemRandom random;
  S3Path from = OrFail(ParseS3Path(options.from));
  auto own = OrFail(OpenPlace(options.own, clock, random));
  if (!options.to.starts_with("s3://")) {
    if (options.transfer.versions) OrFail(Status(Fail(kInvalidArgument, "A directory cannot keep versions")));
    auto target = OrFail(MakeDirectoryTarget(options.to));
    Transfer(*own, from, *target, options.transfer, options.to);
    return;
  }
  S3Path to = OrFail(ParseS3Path(options.to));
  auto other = OrFail(OpenPlace(options.other, clock, random));
  OrFail(CheckVersions(*other, to, options.transfer));
  auto target = MakeBucketTarget(*other, to);
  Transfer(*own, from, *target, options.transfer, options.to);
}

CLI::App* AddCommand(CLI::App& app, const char* name, const char* what, const std::shared_ptr<Options>& options) {
  auto* command = app.add_subcommand(name, what);
  AddProfileOption(*command, options->own.profile);
  command->add_option("--endpoint", options->other.endpoint,
                      "The other endpoint's URL (default: of its profile, else AWS)");
  command->add_option("--ca", options->other.ca_file, "The authority of the other endpoint's certificate, PEM");
  command->add_option("--jobs", options->transfer.jobs, "How many objects are copied at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_flag("--dry-run", options->transfer.dry_run, "Only count what would be copied");
  command->add_flag("--versions", options->transfer.versions,
                    "All versions and delete markers in their order, into a bucket with versioning");
  options->other.environment = false;
  return command;
}

}  // namespace

void AddObjectImport(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = AddCommand(app, "import", "Copy objects from any S3 endpoint into this cloud", options);
  command->add_option("from", options->from, "s3://bucket/prefix at the other endpoint")->required();
  command->add_option("to", options->to, "s3://bucket/prefix here")->required();
  command->add_option("--from-profile", options->other.profile, "The AWS profile that reads the other endpoint")
      ->required();
  command->footer(
      "Metadata and tags come along; of versions the latest, or all (--versions). Each copy is verified by its ETag. "
      "Run it again after a "
      "break:\n"
      "what is there is not copied twice, and large objects go on where they stopped.\n"
      "Examples:\n"
      "  aloft import s3://lake/raw/ s3://data/raw/ --from-profile aws\n"
      "  aloft import s3://models s3://models --from-profile minio --endpoint http://minio:9000 --jobs 16\n"
      "  aloft import s3://lake s3://lake --from-profile aws --dry-run");
  command->callback([options] { Import(*options); });
}

void AddObjectExport(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command =
      AddCommand(app, "export", "Copy objects of this cloud into a directory or to another S3 endpoint", options);
  command->add_option("from", options->from, "s3://bucket/prefix here")->required();
  command->add_option("to", options->to, "A directory, or s3://bucket/prefix at the other endpoint")->required();
  command->add_option("--to-profile", options->other.profile, "The AWS profile that writes to the other endpoint")
      ->default_val("default");
  command->footer(
      "Files get their objects' times and appear when they are whole and verified. Run it again after a break.\n"
      "Examples:\n"
      "  aloft export s3://data/raw/ ./raw\n"
      "  aloft export s3://data s3://backup/data --to-profile aws");
  command->callback([options] { Export(*options); });
}

}  // namespace aloft::app
