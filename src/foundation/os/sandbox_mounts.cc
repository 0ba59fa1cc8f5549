// The file system inside a sandbox. Everything is attached to a small tmpfs that becomes the root; what is not attached
// does not exist inside.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "foundation/os/sandbox_init.h"

namespace aloft::os::internal {
namespace {

namespace fs = std::filesystem;

// The system, as programs expect it; read-only. Of /etc only what holds no secret.
constexpr const char* kSystem[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};
constexpr const char* kSettings[] = {
    "/etc/ssl/certs",  "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/ld.so.cache",
    "/etc/ld.so.conf", "/etc/ld.so.conf.d",    "/etc/alternatives",    "/etc/localtime",
    "/etc/timezone",   "/etc/mime.types",      "/etc/nsswitch.conf",   "/etc/protocols",
    "/etc/services",   "/etc/fonts",           "/etc/python3",         "/etc/python3.11"};
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};
constexpr const char* kGpuDevices[] = {
    "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset", "/dev/nvidia-caps",
    "/dev/dri",       "/dev/kfd"};

Status MakePath(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  return error ? Status(SystemError("mkdir " + path, error.value())) : Status();
}

Status WriteText(const std::string& path, const std::string& text) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return SystemError("write " + path, errno);
  return {};
}

Status Attach(const std::string& source, const std::string& target, Access access, bool optional) {
  struct stat status {};
  if (::lstat(source.c_str(), &status) != 0) {
    if (optional) return {};
    return SystemError("stat " + source, errno);
  }
  ALOFT_TRY(MakePath(fs::path(target).parent_path()));
  if (S_ISLNK(status.st_mode) && access == Access::kReadOnly) {  // merged /usr: /lib -> usr/lib
    std::error_code error;
    fs::path link = fs::read_symlink(source, error);
    if (error || ::symlink(link.c_str(), target.c_str()) != 0) return SystemError("symlink " + target, errno);
    return {};
  }
  if (S_ISDIR(status.st_mode)) {
    ALOFT_TRY(MakePath(target));
  } else {
    Fd made(::open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!made) return SystemError("create " + target, errno);
  }
  ALOFT_ASSIGN(Fd tree, CloneTree(source, access));
  if (::move_mount(tree.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return SystemError("move_mount " + target, errno);
  return {};
}

Status MountNew(const char* type, const std::string& target, unsigned long flags, const std::string& options) {
  ALOFT_TRY(MakePath(target));
  if (::mount(type, target.c_str(), type, flags, options.c_str()) != 0)
    return SystemError(std::string("mount ") + type + " at " + target, errno);
  return {};
}

Status BuildDevices(const SandboxSpec& spec, const std::string& root) {
  ALOFT_TRY(MakePath(root + "/dev"));
  for (const std::string& device : DevicesOf(spec)) ALOFT_TRY(Attach(device, root + device, Access::kDevice, true));
  return FillDevices(spec, root + "/dev");
}

Status BuildSettings(const SandboxSpec& spec, const std::string& root) {
  for (const char* path : kSettings) ALOFT_TRY(Attach(path, root + path, Access::kReadOnly, true));
  std::string id = std::to_string(spec.inside_uid);
  ALOFT_TRY(MakePath(root + "/etc"));
  ALOFT_TRY(WriteText(root + "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\naloft:x:" + id + ":" + id +
                                                "::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"));
  ALOFT_TRY(WriteText(root + "/etc/group", "root:x:0:\naloft:x:" + id + ":\nnogroup:x:65534:\n"));
  ALOFT_TRY(WriteText(root + "/etc/hostname", spec.host_name + "\n"));
  ALOFT_TRY(WriteText(root + "/etc/hosts", HostsFile(spec)));
  if (spec.host_network) return Attach("/etc/resolv.conf", root + "/etc/resolv.conf", Access::kReadOnly, true);
  return WriteText(root + "/etc/resolv.conf", "");
}

// In a chroot "/" is no mount, and neither propagation nor pivot_root work on what is none. So: out of the chroot (this
// process may), everything private, the chroot's directory mounted over the root, and into it. Then it is the root, and
// not a chroot any more, in which the kernel would refuse user namespaces.
Status MakeRootAMount() {
  Fd old_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Fd leave(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!old_root || !leave || ::chroot("/proc") != 0 || ::fchdir(leave.get()) != 0)
    return SystemError("leave the chroot", errno);
  for (int climb = 0; climb < 64; ++climb)
    if (::chdir("..") != 0) return SystemError("leave the chroot", errno);
  if (::chroot(".") != 0) return SystemError("leave the chroot", errno);
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return SystemError("make mounts private", errno);
  Fd tree(::open_tree(old_root.get(), "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH));
  if (!tree || ::move_mount(tree.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return SystemError("mount the chroot over the root", errno);
  // The tree's descriptor is the new mount itself, wherever it is attached.
  if (::fchdir(tree.get()) != 0 || ::chroot(".") != 0 || ::chdir("/") != 0)
    return SystemError("enter the chroot", errno);
  return {};
}

}  // namespace

Result<Fd> CloneTree(const std::string& source, Access access) {
  Fd tree(::open_tree(AT_FDCWD, source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  if (!tree) return SystemError("open_tree " + source, errno);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_NOSUID;
  if (access != Access::kDevice) attributes.attr_set |= MOUNT_ATTR_NODEV;
  if (access == Access::kReadOnly) attributes.attr_set |= MOUNT_ATTR_RDONLY;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) != 0)
    return SystemError("mount_setattr " + source, errno);
  return tree;
}

std::vector<std::string> DevicesOf(const SandboxSpec& spec) {
  std::vector<std::string> devices;
  for (const char* device : kDevices) devices.push_back(std::string("/dev/") + device);
  if (!spec.gpus) return devices;
  for (const char* device : kGpuDevices) devices.emplace_back(device);
  for (int index = 0; index < 16; ++index) devices.push_back("/dev/nvidia" + std::to_string(index));
  return devices;
}

Status FillDevices(const SandboxSpec& spec, const std::string& dev) {
  constexpr std::array kLinks = {std::pair("/proc/self/fd", "fd"), std::pair("/proc/self/fd/0", "stdin"),
                                 std::pair("/proc/self/fd/1", "stdout"), std::pair("/proc/self/fd/2", "stderr"),
                                 std::pair("pts/ptmx", "ptmx")};
  for (auto [to, name] : kLinks)
    if (::symlink(to, (dev + "/" + name).c_str()) != 0) return SystemError("symlink", errno);
  ALOFT_TRY(MountNew("tmpfs", dev + "/shm", MS_NOSUID | MS_NODEV,
                     "mode=1777,size=" + std::to_string(spec.shared_memory_bytes)));
  // Terminals are a convenience: some kernels refuse them in a user namespace.
  static_cast<void>(MountNew("devpts", dev + "/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"));
  return {};
}

std::string HostsFile(const SandboxSpec& spec) {
  // Where there is a link, `hosts` says under which address its own name is reached.
  std::string hosts =
      "127.0.0.1 localhost" + (spec.link_address.empty() ? " " + spec.host_name : std::string()) + "\n::1 localhost\n";
  for (const auto& [name, address] : spec.hosts) hosts += address + " " + name + "\n";
  return hosts;
}

Status MakeMountsPrivate(bool privileged) {
  if (::mount(nullptr, "/", nullptr, MS_REC | (privileged ? MS_PRIVATE : MS_SLAVE), nullptr) == 0) return {};
  if (errno != EINVAL || !privileged) return SystemError("make mounts private", errno);
  return MakeRootAMount();
}

Status PivotTo(const std::string& root) {
  if (::chdir(root.c_str()) != 0) return SystemError("chdir", errno);
  // pivot_root(".", ".") stacks the old root on the new one; unmounting the top leaves the new one alone.
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return SystemError("pivot_root", errno);
  if (::umount2(".", MNT_DETACH) != 0) return SystemError("umount the old root", errno);
  if (::chdir("/") != 0) return SystemError("chdir /", errno);
  return {};
}

Status BuildRoot(const SandboxSpec& spec, bool privileged) {
  const std::string& root = spec.root_directory;
  ALOFT_TRY(MakeMountsPrivate(privileged));
  ALOFT_TRY(MountNew("tmpfs", root, MS_NOSUID | MS_NODEV, "mode=0755,size=8m"));
  for (const char* path : kSystem) ALOFT_TRY(Attach(path, root + path, Access::kReadOnly, true));
  ALOFT_TRY(BuildSettings(spec, root));
  ALOFT_TRY(BuildDevices(spec, root));
  ALOFT_TRY(MountNew("proc", root + "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""));
  ALOFT_TRY(Attach(spec.gpus ? "/sys" : "/sys/devices/system", root + (spec.gpus ? "/sys" : "/sys/devices/system"),
                   Access::kReadOnly, true));
  for (const char* path : {"/root", "/home", "/mnt", "/opt", "/run", "/srv", "/tmp", "/var"})
    ALOFT_TRY(MakePath(root + path));
  for (const Mount& mount : spec.mounts)
    ALOFT_TRY(Attach(mount.source, root + mount.target, mount.writable ? Access::kWritable : Access::kReadOnly,
                     mount.optional));
  return {};
}

Result<std::vector<Fd>> OpenFuse(const SandboxSpec& spec) {
  std::vector<Fd> connections;
  for (std::size_t i = 0; i < spec.fuse_targets.size(); ++i) {
    Fd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
    if (!device) return SystemError("open /dev/fuse", errno);
    connections.push_back(std::move(device));
  }
  return connections;
}

Status MountFuse(const SandboxSpec& spec, bool privileged, const std::string& root,
                 const std::vector<Fd>& connections) {
  std::string user = std::to_string(privileged ? 0 : spec.inside_uid);
  for (std::size_t i = 0; i < connections.size(); ++i) {
    const std::string& target = spec.fuse_targets[i];
    std::string path = root + target;
    ALOFT_TRY(MakePath(path));
    std::string options = "fd=" + std::to_string(connections[i].get());
    options += ",rootmode=40555,user_id=" + user + ",group_id=" + user;
    options += ",allow_other,default_permissions,max_read=1048576";
    if (::mount("aloft", path.c_str(), "fuse", MS_RDONLY | MS_NOSUID | MS_NODEV, options.c_str()) != 0)
      return SystemError("mount FUSE at " + target, errno);
  }
  return {};
}

Status EnterRoot(const SandboxSpec& spec) {
  ALOFT_TRY(PivotTo(spec.root_directory));
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(AT_FDCWD, "/", 0, &attributes, sizeof attributes) != 0)
    return SystemError("make the root read-only", errno);
  return {};
}

}  // namespace aloft::os::internal
