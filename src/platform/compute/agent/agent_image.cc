// The part of an agent that knows of container images: what to unpack, whom and what to run, and the port that the code
// listens on.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "platform/compute/agent/agent.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPortConnections = 1'024;

}  // namespace

std::optional<Agent::End> Agent::PrepareImage() {
  auto stopped = [this] { return StopRequested(); };
  auto unpacked = library_.store().Open(spec_.image);
  if (!unpacked.ok()) {
    Enter(Phase::kPreparing, "Unpacking the image");
    unpacked =
        library_.Ensure(spec_.image, {.say = [this](std::string_view line) { log_.Line(line); }, .cancelled = stopped});
  }
  if (!unpacked.ok() && stopped()) return End{Outcome::kStopped, "stopped before the code ran", false};
  if (!unpacked.ok()) return End{Outcome::kCannotRun, unpacked.error().message, false};
  image_ = std::move(*unpacked);
  auto user = images::ResolveUser(image_->root, image_->config.user);
  if (!user.ok()) return End{Outcome::kCannotRun, user.error().message, false};
  image_user_ = std::move(*user);
  GiveDirectories();
  if (Command().empty())
    return End{Outcome::kCannotRun, "the image says nothing of what to run, and neither does the request", false};
  static_cast<void>(journal_.Versions({"image sha256:" + image_->id}));
  log_.Line("Image sha256:" + image_->id);
  return std::nullopt;
}

// They were made before anybody knew whom the image runs as.
void Agent::GiveDirectories() {
  if (!owner()) return;
  std::error_code error;
  auto give = [&](const std::string& path) { static_cast<void>(!::lchown(path.c_str(), *owner(), *owner())); };
  give(Inside("ml"));
  for (const auto& entry : fs::recursive_directory_iterator(Inside("ml"), error)) give(entry.path());
}

// As the engines of containers put them together.
std::vector<std::string> Agent::Command() const {
  if (!image_) return spec_.command;
  std::vector<std::string> command = spec_.entrypoint.empty() ? image_->config.entrypoint : spec_.entrypoint;
  const auto& arguments = spec_.command.empty() && spec_.entrypoint.empty() ? image_->config.command : spec_.command;
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

// SageMaker starts containers where their images say.
std::string Agent::WorkingDirectory() const {
  return image_->config.working_directory;
}

std::vector<std::string> Agent::Written() const {
  if (spec_.image.empty()) return {Inside("ml"), Inside("tmp")};
  return {Inside("ml"), Inside("layer/upper")};
}

Status Agent::OpenPort(std::vector<os::Fd>& descriptors) {
  if (spec_.port == 0) return {};
  if (descriptors.empty()) return Fail(kInternal, "the sandbox has no way in");
  dial_ = std::move(descriptors.back());
  descriptors.pop_back();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string path = launch_.socket_directory + "/worker.sock";
  if (path.size() >= sizeof address.sun_path) return Fail(kInvalidArgument, path + " is too long for a Unix socket");
  path.copy(address.sun_path, path.size());
  ::unlink(path.c_str());
  os::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener || ::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 512) != 0)
    return SystemError("listen on " + path, errno);
  port_ = std::make_unique<Gate>(GateOptions{.max_connections = kMaxPortConnections,
                                             .inside_socket = [this] { return os::NewInsideSocket(dial_.get()); },
                                             .inside_port = spec_.port});
  port_->Serve(Gate::Kind::kInside, std::move(listener));
  return {};
}

}  // namespace aloft::compute
