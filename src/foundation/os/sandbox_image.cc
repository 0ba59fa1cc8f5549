// A container image's files as the root of a sandbox: an overlay of the files, which stay as they are, and a layer of
// the sandbox's own. Whoever made the image may have put links anywhere, so everything of this system that goes inside
// is opened first, and attached only when the image is the root and its links can mean nothing else.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "foundation/os/sandbox_init.h"

namespace aloft::os::internal {
namespace {

namespace fs = std::filesystem;

struct Tree {
  Fd mount;
  std::string target;
  bool directory = false;
};

// Whoever root inside is on the host; nothing where this process is no root.
Status Give(const SandboxSpec& spec, const std::string& path, bool privileged) {
  if (privileged && ::lchown(path.c_str(), spec.outside_uid, spec.outside_uid) != 0)
    return SystemError("chown " + path, errno);
  return {};
}

// Directories that the image lacks are its root's.
Status MakePath(const SandboxSpec& spec, const std::string& path, bool privileged, mode_t mode = 0755) {
  struct stat status {};
  if (path.empty() || path == "/" || ::stat(path.c_str(), &status) == 0) return {};
  ALOFT_TRY(MakePath(spec, fs::path(path).parent_path(), privileged));
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return SystemError("mkdir " + path, errno);
  ::chmod(path.c_str(), mode);
  return Give(spec, path, privileged);
}

Status WriteText(const SandboxSpec& spec, const std::string& path, const std::string& text, bool privileged) {
  ::unlink(path.c_str());  // a link would be followed
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return SystemError("write " + path, errno);
  return Give(spec, path, privileged);
}

// A user namespace that only says who is who: user 0 of files is the first of the sandbox's users, and so on. `proc` is
// a directory for a moment's /proc of this process's own PID namespace.
Result<Fd> MappingOf(uid_t first, const std::string& proc) {
  if (::mount("proc", proc.c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "") != 0)
    return SystemError("mount proc", errno);
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) return SystemError("pipe", errno);
  Fd reading(ready[0]), writing(ready[1]);
  pid_t child = ::fork();
  if (child < 0) return SystemError("fork", errno);
  if (child == 0) {
    char byte = ::unshare(CLONE_NEWUSER) == 0 ? 'y' : 'n';
    static_cast<void>(!::write(writing.get(), &byte, 1));
    for (;;) ::pause();
  }
  char byte = 'n';
  auto make = [&]() -> Result<Fd> {
    if (::read(reading.get(), &byte, 1) != 1 || byte != 'y') return Fail(kInternal, "no user namespace for an image");
    std::string of = proc + "/" + std::to_string(child);
    std::string map = "0 " + std::to_string(first) + " " + std::to_string(kImageUsers);
    for (const char* name : {"/uid_map", "/gid_map"}) {
      Fd file(::open((of + name).c_str(), O_WRONLY | O_CLOEXEC));
      if (!file || ::write(file.get(), map.data(), map.size()) != static_cast<ssize_t>(map.size()))
        return SystemError("map the image's users", errno);
    }
    Fd mapping(::open((of + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
    if (!mapping) return SystemError("open the image's user namespace", errno);
    return mapping;
  };
  auto mapping = make();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::umount2(proc.c_str(), MNT_DETACH);
  return mapping;
}

Status MountFiles(const SandboxSpec& spec, const std::string& lower, bool privileged) {
  const std::string& files = spec.image->files;
  Fd tree(::open_tree(AT_FDCWD, files.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree) return SystemError("open_tree " + files, errno);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY;
  Fd mapping;
  if (privileged) {
    ALOFT_ASSIGN(mapping, MappingOf(spec.outside_uid, spec.root_directory));
    attributes.attr_set |= MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<std::uint64_t>(mapping.get());
  }
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
    return SystemError("map the users of " + files, errno);
  if (::move_mount(tree.get(), "", AT_FDCWD, lower.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return SystemError("move_mount " + lower, errno);
  return {};
}

// Relative names, since commas and colons would end them.
Status MountOverlay(const SandboxSpec& spec, bool privileged) {
  const std::string& layer = spec.image->layer;
  if (::chdir(layer.c_str()) != 0) return SystemError("chdir " + layer, errno);
  for (const char* name : {"files", "upper", "work"})
    if (::mkdir(name, 0755) != 0 && errno != EEXIST) return SystemError(std::string("mkdir ") + name, errno);
  ALOFT_TRY(Give(spec, "upper", privileged));
  ALOFT_TRY(MountFiles(spec, "files", privileged));
  // "volatile": the layer does not outlive the sandbox, so nothing of it needs to be synced.
  std::string options = "lowerdir=files,upperdir=upper,workdir=work,volatile";
  if (!privileged) options += ",userxattr";
  if (::mount("overlay", spec.root_directory.c_str(), "overlay", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
    return SystemError("lay the image's files and its layer over each other (overlayfs)", errno);
  return {};
}

Result<std::vector<Tree>> OpenTrees(const SandboxSpec& spec) {
  std::vector<Tree> trees;
  auto add = [&](const std::string& source, const std::string& target, Access access, bool optional) -> Status {
    struct stat status {};
    if (::stat(source.c_str(), &status) != 0) {
      if (optional) return {};
      return SystemError("stat " + source, errno);
    }
    ALOFT_ASSIGN(Fd tree, CloneTree(source, access));
    trees.push_back({std::move(tree), target, S_ISDIR(status.st_mode)});
    return {};
  };
  for (const std::string& device : DevicesOf(spec)) ALOFT_TRY(add(device, device, Access::kDevice, true));
  const char* system = spec.gpus ? "/sys" : "/sys/devices/system";
  ALOFT_TRY(add(system, system, Access::kReadOnly, true));
  for (const Mount& mount : spec.mounts)
    ALOFT_TRY(add(mount.source, mount.target, mount.writable ? Access::kWritable : Access::kReadOnly, mount.optional));
  return trees;
}

// From here on "/" is the image.
Status Furnish(const SandboxSpec& spec, std::vector<Tree> trees, bool privileged) {
  for (const char* path : {"/proc", "/sys", "/dev", "/run", "/etc", "/opt"})
    ALOFT_TRY(MakePath(spec, path, privileged));
  ALOFT_TRY(MakePath(spec, "/tmp", privileged, 01777));
  ALOFT_TRY(MakePath(spec, "/var/tmp", privileged, 01777));
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "") != 0)
    return SystemError("mount proc", errno);
  if (::mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=0755,size=1m") != 0) return SystemError("mount dev", errno);
  for (const Tree& tree : trees) {
    ALOFT_TRY(
        MakePath(spec, tree.directory ? tree.target : std::string(fs::path(tree.target).parent_path()), privileged));
    if (!tree.directory) {
      Fd made(::open(tree.target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644));
      if (!made && errno != EEXIST) return SystemError("create " + tree.target, errno);
    }
    if (::move_mount(tree.mount.get(), "", AT_FDCWD, tree.target.c_str(),
                     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) != 0)
      return SystemError("move_mount " + tree.target, errno);
  }
  ALOFT_TRY(FillDevices(spec, "/dev"));
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(AT_FDCWD, "/dev", 0, &attributes, sizeof attributes) != 0)
    return SystemError("make /dev read-only", errno);
  ALOFT_TRY(WriteText(spec, "/etc/hostname", spec.host_name + "\n", privileged));
  ALOFT_TRY(WriteText(spec, "/etc/hosts", HostsFile(spec), privileged));
  ALOFT_TRY(WriteText(spec, "/etc/resolv.conf", "", privileged));
  // A server may listen where servers do: these ports are of the network inside.
  Fd ports(::open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC));
  if (ports) static_cast<void>(!::write(ports.get(), "0", 1));
  return MakePath(spec, spec.working_directory, privileged);
}

}  // namespace

Status EnterImage(const SandboxSpec& spec, bool privileged, const std::vector<Fd>& fuse) {
  ALOFT_TRY(MakeMountsPrivate(privileged));
  ALOFT_ASSIGN(std::vector<Tree> trees, OpenTrees(spec));
  ALOFT_TRY(MountOverlay(spec, privileged));
  ALOFT_TRY(PivotTo(spec.root_directory));
  ALOFT_TRY(Furnish(spec, std::move(trees), privileged));
  return MountFuse(spec, privileged, "", fuse);
}

}  // namespace aloft::os::internal

namespace aloft::os {

Fd NewInsideSocket(int dial) {
  if (::send(dial, "d", 1, MSG_NOSIGNAL) != 1) return {};
  auto answer = internal::ReceiveFrame(dial);
  if (!answer || answer->descriptors.empty()) return {};
  return std::move(answer->descriptors.front());
}

std::string ImageGap(const std::string& directory) {
  std::string trial = directory + "/.image-trial-XXXXXX";
  if (!::mkdtemp(trial.data())) return SystemError("mkdtemp in " + directory, errno).detail;
  for (const char* name : {"/root", "/files", "/layer"}) ::mkdir((trial + name).c_str(), 0755);
  SandboxSpec spec;
  spec.root_directory = trial + "/root";
  spec.image = ImageRoot{trial + "/files", trial + "/layer"};
  spec.outside_uid = 2'000'000;
  // An empty image has no program: what comes back is either that, or why there can be no image at all.
  auto attempt = [&]() -> std::string {
    auto sandbox = Sandbox::Create(spec, 2);
    if (!sandbox.ok()) return Describe(sandbox.error());
    auto started = sandbox->Start({"/nothing"}, {});
    if (!started.ok() && started.error().message.find("start /nothing") == std::string::npos)
      return started.error().message;
    return {};
  };
  std::string gap = attempt();
  std::error_code ignored;
  std::filesystem::permissions(trial + "/layer/work/work", std::filesystem::perms::owner_all, ignored);
  std::filesystem::remove_all(trial, ignored);
  return gap;
}

}  // namespace aloft::os
