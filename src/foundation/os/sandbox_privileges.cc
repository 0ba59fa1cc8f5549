// What the command inside may no longer do.
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "foundation/os/sandbox_init.h"

namespace aloft::os::internal {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "no system call filter for this architecture"
#endif

// Calls that user code never needs and that have opened kernels before: new mounts and namespaces, keys, modules,
// tracing of the kernel.
constexpr int kRefused[] = {
    SYS_mount,           SYS_umount2,          SYS_pivot_root,   SYS_unshare,       SYS_setns,
    SYS_open_tree,       SYS_move_mount,       SYS_fsopen,       SYS_fsmount,       SYS_fsconfig,
    SYS_mount_setattr,   SYS_add_key,          SYS_request_key,  SYS_keyctl,        SYS_bpf,
    SYS_perf_event_open, SYS_init_module,      SYS_finit_module, SYS_delete_module, SYS_kexec_load,
    SYS_reboot,          SYS_swapon,           SYS_swapoff,      SYS_acct,          SYS_userfaultfd,
    SYS_io_uring_setup,  SYS_open_by_handle_at};

Status Limit(int resource, std::uint64_t value) {
  if (value == 0) return {};
  rlimit now{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &now);
  if (now.rlim_max != RLIM_INFINITY && value > now.rlim_max) value = now.rlim_max;  // raising needs a capability
  rlimit limit{value, value};
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return SystemError("setrlimit", errno);
  return {};
}

}  // namespace

Status ApplyLimits(const SandboxSpec& spec) {
  ALOFT_TRY(Limit(RLIMIT_FSIZE, spec.max_file_bytes));
  ALOFT_TRY(Limit(RLIMIT_DATA, spec.max_data_bytes));
  ALOFT_TRY(Limit(RLIMIT_NPROC, spec.max_processes));
  ALOFT_TRY(Limit(RLIMIT_NOFILE, spec.max_open_files));
  rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return SystemError("setrlimit", errno);
  return {};
}

Status DropCapabilities(std::uint64_t kept) {
  for (int capability = 0; capability <= 63; ++capability) {
    if ((kept >> capability & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL) break;  // past the last one
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct left[2] = {};
  left[0].effective = left[0].permitted = static_cast<std::uint32_t>(kept);
  if (::syscall(SYS_capset, &header, left) != 0) return SystemError("capset", errno);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return SystemError("no_new_privs", errno);
  return {};
}

Status FilterSystemCalls() {
  std::vector<sock_filter> program;
  auto add = [&](std::uint16_t code, std::uint32_t value, std::uint8_t yes = 0, std::uint8_t no = 0) {
    program.push_back(sock_filter{code, yes, no, value});
  };
  constexpr std::uint32_t kDeny = SECCOMP_RET_ERRNO | EPERM;
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
  add(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
  add(BPF_RET | BPF_K, kDeny);
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  add(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1);  // the x32 numbers
  add(BPF_RET | BPF_K, kDeny);
#endif
  for (int call : kRefused) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1);
    add(BPF_RET | BPF_K, kDeny);
  }
  // clone3's flags lie in memory that a filter cannot read; without it the C library uses clone.
  add(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
  add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
  add(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3);
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0]));
  add(BPF_JMP | BPF_JSET | BPF_K,
      CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP, 0, 1);
  add(BPF_RET | BPF_K, kDeny);
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) != 0) return SystemError("seccomp", errno);
  return {};
}

}  // namespace aloft::os::internal
