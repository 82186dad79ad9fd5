// SPDX-License-Identifier: MIT
// An allow list: what programs live with. What is not here, and every number that is not known,
// answers ENOSYS, as if the kernel had no such call; what is known and refused answers EPERM where
// programs take that better. Other ABIs (i386, x32) are not offered.
#include "filter/default_policy.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <stdexcept>

#include "base/text.hpp"
#include "filter/names.hpp"

namespace nsbox::filter {
namespace {


constexpr const char* allowed[] = {
    // files
    "access chdir close close_range copy_file_range dup dup2 dup3 faccessat faccessat2 fadvise64 fallocate fchdir fchown fchownat "
    "fcntl fdatasync fgetxattr file_getattr file_setattr flistxattr flock fremovexattr fsetxattr fstat fstatfs fsync ftruncate "
    "futimesat getcwd getdents getdents64 getxattr getxattrat lchown chown lgetxattr link linkat listxattr listxattrat llistxattr "
    "lremovexattr lseek lsetxattr lstat mkdir mkdirat newfstatat pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead "
    "readlink readlinkat readv removexattr removexattrat rename renameat renameat2 rmdir sendfile setxattr setxattrat splice stat "
    "statfs statx symlink symlinkat sync sync_file_range syncfs tee truncate umask unlink unlinkat utime utimensat utimes "
    "vmsplice write writev name_to_handle_at cachestat ustat statmount listmount",
    // waiting for files
    "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 "
    "inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_setup "
    "io_submit ioctl pipe pipe2 poll ppoll pselect6 select signalfd signalfd4",
    // memory
    "brk madvise memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mprotect mremap mseal msync munlock munlockall "
    "munmap pkey_alloc pkey_free pkey_mprotect process_madvise process_mrelease remap_file_pages map_shadow_stack membarrier",
    // processes and threads
    "alarm arch_prctl capget capset execve execveat exit exit_group fork vfork futex futex_wait futex_waitv futex_wake "
    "futex_requeue get_robust_list get_thread_area getcpu getegid geteuid getgid getgroups getpgid getpgrp getpid getppid "
    "getpriority getresgid getresuid getrlimit getrusage getsid gettid getuid ioprio_get ioprio_set kcmp kill pause pidfd_open "
    "pidfd_send_signal prctl prlimit64 process_vm_readv process_vm_writev ptrace restart_syscall rseq rt_sigaction rt_sigpending "
    "rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max "
    "sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval "
    "sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp set_robust_list set_thread_area "
    "set_tid_address setfsgid setfsuid setgid setgroups setpgid setpriority setregid setresgid setresuid setreuid setrlimit "
    "setsid setuid sigaltstack sysinfo tgkill times tkill uname wait4 waitid getrandom lsm_get_self_attr lsm_list_modules "
    "landlock_create_ruleset landlock_add_rule landlock_restrict_self",
    // time
    "clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time timer_create timer_delete "
    "timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime",
    // sockets and IPC; socket and socketpair are below
    "accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg sendmsg sendto "
    "setsockopt shutdown mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd "
    "semctl semget semop semtimedop shmat shmctl shmdt shmget",
};

/// Refused with EPERM: programs that meet them without rights know this answer.
constexpr const char* refused =
    "acct adjtimex bpf clock_adjtime clock_settime delete_module fanotify_init fanotify_mark finit_module init_module "
    "ioperm iopl kexec_file_load kexec_load lsm_set_self_attr open_by_handle_at perf_event_open pidfd_getfd "
    "quotactl quotactl_fd reboot settimeofday swapoff swapon syslog userfaultfd vhangup";

/// What a program needs that makes namespaces of its own: allowed with allow_nested_userns, else EPERM.
constexpr const char* nested =
    "chroot fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree open_tree_attr pivot_root setdomainname "
    "sethostname setns umount2";

/// Of unshare(2); a clone(2) has all but NEWTIME, whose bit is part of its exit signal.
constexpr uint64_t clone_namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr uint64_t new_time = 0x80;
constexpr uint64_t temporary = 020000000;  // __O_TMPFILE, without O_DIRECTORY

class Maker {
 public:
  explicit Maker(Abi& abi) : abi_(abi) {}

  void set(std::string_view calls, uint32_t verdict) {
    for (const std::string& call : split(calls, ' ')) set_rules(call, {{{}, verdict}});
  }
  void set_rules(std::string_view call, Rules rules) {
    if (const auto number = number_of(call)) abi_.calls[*number] = std::move(rules);
    else if (!is_call(call)) throw std::logic_error("no system call is named " + std::string(call));
  }
  /// EPERM when one of `bits` is set in that argument.
  void refuse_bits(std::string_view call, uint8_t argument, uint64_t bits) {
    set_rules(call, {{{{argument, Test::Op::masked, 0, bits, true}}, SECCOMP_RET_ALLOW}, {{}, refuse(EPERM)}});
  }
  /// The mode counts only where the call makes a file.
  void refuse_bits_of_new_file(std::string_view call, uint8_t flags, uint64_t bits) {
    set_rules(call, {{{{flags, Test::Op::masked, 0, O_CREAT | temporary, true}}, SECCOMP_RET_ALLOW},
                     {{{static_cast<uint8_t>(flags + 1), Test::Op::masked, 0, bits, true}}, SECCOMP_RET_ALLOW},
                     {{}, refuse(EPERM)}});
  }

 private:
  Abi& abi_;
};

void add_sockets(Maker& maker) {
  const auto family = [](uint64_t number) { return Test{0, Test::Op::equal, number, 0, true}; };
  constexpr int packet = 10;  // SOCK_PACKET: an AF_PACKET socket under another family's name
  const Test is_packet{1, Test::Op::masked, packet, 0xf, true};
  Rules rules{{{is_packet}, refuse(EAFNOSUPPORT)}};
  for (const uint64_t number : {uint64_t{AF_UNIX}, uint64_t{AF_INET}, uint64_t{AF_INET6}}) rules.push_back({{family(number)}, SECCOMP_RET_ALLOW});
  // The interfaces' addresses (getifaddrs(3)), and what the kernel says of devices.
  constexpr uint64_t route = 0, uevent = 15;
  for (const uint64_t protocol : {route, uevent}) rules.push_back({{family(AF_NETLINK), {2, Test::Op::equal, protocol, 0, true}}, SECCOMP_RET_ALLOW});
  rules.push_back({{}, refuse(EAFNOSUPPORT)});
  maker.set_rules("socket", rules);
  maker.set_rules("socketpair", {{{family(AF_UNIX)}, SECCOMP_RET_ALLOW}, {{}, refuse(EAFNOSUPPORT)}});
}

void add_modes(Maker& maker, bool any) {
  constexpr uint64_t bits = S_ISUID | S_ISGID;
  if (any) return maker.set("chmod fchmod fchmodat fchmodat2 creat mknod mknodat open openat openat2", SECCOMP_RET_ALLOW);
  maker.refuse_bits("chmod", 1, bits);
  maker.refuse_bits("fchmod", 1, bits);
  maker.refuse_bits("fchmodat", 2, bits);
  maker.refuse_bits("fchmodat2", 2, bits);
  maker.refuse_bits("creat", 1, bits);
  maker.refuse_bits("mknod", 1, bits);
  maker.refuse_bits("mknodat", 2, bits);
  maker.refuse_bits_of_new_file("open", 1, bits);
  maker.refuse_bits_of_new_file("openat", 2, bits);
}

}  // namespace

Policy default_policy(Variant variant) {
  Policy policy;
  Abi& abi = policy.abis.emplace_back();
  Maker maker(abi);
  for (const char* calls : allowed) maker.set(calls, SECCOMP_RET_ALLOW);
  maker.set(refused, refuse(EPERM));
  add_sockets(maker);
  add_modes(maker, variant.set_id_bits);

  // Its mode stands in memory, where a filter can't look: where that would matter it is not there,
  // and programs fall back on openat. A nested launcher can't do without it.
  maker.set("openat2", variant.set_id_bits || variant.nested ? SECCOMP_RET_ALLOW : refuse(ENOSYS));
  // personality(2): what programs ask for, without those that weaken the memory's protection.
  constexpr uint64_t linux32 = 0x8, uname26 = 0x20000, ask = 0xffffffff;
  Rules personalities;
  for (const uint64_t value : {uint64_t{0}, linux32, uname26, linux32 | uname26, ask})
    personalities.push_back({{{0, Test::Op::equal, value, 0, true}}, SECCOMP_RET_ALLOW});
  personalities.push_back({{}, refuse(EPERM)});
  maker.set_rules("personality", personalities);

  maker.set(nested, variant.nested ? SECCOMP_RET_ALLOW : refuse(EPERM));
  if (variant.nested) {
    maker.set("clone clone3 unshare", SECCOMP_RET_ALLOW);
  } else {
    maker.refuse_bits("clone", 0, clone_namespaces);
    maker.refuse_bits("unshare", 0, clone_namespaces | new_time);
    // Its flags stand in memory; glibc falls back on clone.
    maker.set("clone3", refuse(ENOSYS));
  }
  return policy;
}

}  // namespace nsbox::filter
