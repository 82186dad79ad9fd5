// SPDX-License-Identifier: MIT
#include "cli/saved_file.hpp"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "base/failure.hpp"
#include "base/text.hpp"
#include "cli/explain.hpp"
#include "host/probe.hpp"
#include "sys/fd.hpp"
#include "sys/process.hpp"

namespace nsbox {
namespace {

/// The linker's build id, which the program finds in its own headers; the version where it has none.
std::string build_id() {
  std::string id;
  dl_iterate_phdr([](struct dl_phdr_info* info, size_t, void* data) {
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
      const auto& segment = info->dlpi_phdr[i];
      if (segment.p_type != PT_NOTE) continue;
      const auto* at = reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr);
      for (const char* end = at + segment.p_memsz; at + sizeof(ElfW(Nhdr)) <= end;) {
        const auto* note = reinterpret_cast<const ElfW(Nhdr)*>(at);
        const char* name = at + sizeof *note;
        const char* text = name + ((note->n_namesz + 3) & ~3u);
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
          static_cast<std::string*>(data)->assign(text, note->n_descsz);
          return 1;
        }
        at = text + ((note->n_descsz + 3) & ~3u);
      }
    }
    return 1;  // the first is the program itself
  }, &id);
  std::string out = NSBOX_VERSION " ";
  for (const char c : id) {
    constexpr char digits[] = "0123456789abcdef";
    out += digits[static_cast<uint8_t>(c) >> 4];
    out += digits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

/// The machine and its kernel.
std::string host_id() {
  std::string out;
  if (!read_file("/etc/machine-id", out) && errno != ENOENT) throw Failure("read", "/etc/machine-id");
  out.resize(std::min(out.find('\n'), out.size()));
  struct utsname kernel = {};
  if (uname(&kernel) < 0) throw Failure("uname");
  return out + " " + kernel.release + " " + kernel.machine;
}

SavedFor made_for_now() {
  SavedFor out;
  out.build = build_id();
  out.host = host_id();
  out.uid = getuid();
  out.gid = getgid();
  uint64_t permitted = 0, effective = 0, inheritable = 0;
  if (sys::capget(permitted, effective, inheritable) < 0) throw Failure("capget");
  out.privileged = effective >> CAP_SYS_ADMIN & 1;
  return out;
}

std::string errno_words() { return error_words(errno); }

/// Nobody but the caller may have written it.
std::string whose(const struct stat& info, uid_t caller) {
  if (!S_ISREG(info.st_mode)) return "is not a regular file";
  if (info.st_uid != caller) return "belongs to another user (uid " + std::to_string(info.st_uid) + "); a plan of one's own is made by 'nsbox plan --out'";
  if (info.st_mode & 022) return "can be written by others; chmod go-w it, if nobody has";
  return "";
}

std::string changed_since(const SavedSource& source) {
  if (!source.inode) return "";
  struct stat now;
  if (stat(source.path.c_str(), &now) < 0) return "'" + escape(source.name) + "' can't be looked at: " + errno_words();
  const bool same = now.st_dev == source.device && now.st_ino == source.inode && static_cast<uint64_t>(now.st_size) == source.size &&
                    now.st_mtim.tv_sec * 1'000'000'000 + now.st_mtim.tv_nsec == source.changed_ns;
  return same ? "" : "'" + escape(source.name) + "' has changed since";
}

}  // namespace

SavedFor made_for(const Loaded& loaded) {
  SavedFor out = made_for_now();
  for (const SourceFile& file : loaded.findings.files) {
    const std::string name = file.name.substr(file.name.rfind('/') == std::string::npos ? 0 : file.name.rfind('/') + 1);
    out.sources.push_back({file.name, join_path(file.folder, name), file.device, file.inode, file.text.size(), file.changed_ns});
  }
  return out;
}

std::string this_build() { return build_id(); }

std::string write_saved_plan(const std::string& path, const Plan& plan, const Loaded& loaded) {
  // What is not a plan is not replaced: a mistyped name could be the specification itself.
  if (const Fd old = Fd::adopt(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK)); old) {
    char begin[16] = {};
    if (read(old.number(), begin, sizeof begin) < 0 || !is_saved_plan({begin, sizeof begin})) return "exists and is not a saved plan; remove it, or give another name";
  } else if (errno != ENOENT) {
    return errno_words();
  }
  const std::string bytes = save_plan(plan, made_for(loaded));
  const std::string fresh = path + "." + std::to_string(getpid());
  const Fd fd = Fd::adopt(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return errno_words();
  if (sys::write_all(fd.number(), bytes.data(), bytes.size()) && fsync(fd.number()) == 0 && rename(fresh.c_str(), path.c_str()) == 0) return "";
  std::string problem = errno_words();
  unlink(fresh.c_str());
  return problem;
}

std::string map_saved_plan(const OpenSource& file, bool stale_ok, SavedPlan& out) {
  const SavedFor now = made_for_now();
  if (std::string problem = whose(file.info, now.uid); !problem.empty()) return problem;
  const auto size = static_cast<size_t>(file.info.st_size);
  const void* at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd.number(), 0);  // until the end: the plan points into it
  if (at == MAP_FAILED) return "can't be mapped: " + errno_words();
  SavedFor& made_for = out.made_for;
  std::optional<Plan> plan = read_plan({static_cast<const char*>(at), size}, now.build, made_for);
  if (!plan) return made_for.build.empty() || made_for.build == now.build ? "is damaged; make it again" : "was made by another build of nsbox (" + escape(made_for.build) + "); make it again";
  if (made_for.uid != now.uid || made_for.gid != now.gid || made_for.privileged != now.privileged)
    return "was made for uid " + std::to_string(made_for.uid) + ", gid " + std::to_string(made_for.gid) + (made_for.privileged ? " with" : " without") + " CAP_SYS_ADMIN; make it again";
  if (made_for.host != now.host) return "was made on another machine or kernel (" + escape(made_for.host) + "); make it again";
  if (!stale_ok)
    for (const SavedSource& each : made_for.sources)
      if (const std::string problem = changed_since(each); !problem.empty()) return "is stale: " + problem + "; make it again, or say --stale-ok";
  out.plan = std::move(*plan);
  return "";
}

}  // namespace nsbox
