// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/explain.hpp"
#include "sys/fd.hpp"

namespace nsbox {
namespace {

struct Template {
  std::string_view name, doc, text;
};

#define NSBOX_USR                                                 \
  "  - /usr\n"                                                    \
  "  - {type: symlink, target: /bin, to: usr/bin}\n"              \
  "  - {type: symlink, target: /lib, to: usr/lib}\n"              \
  "  - {type: symlink, target: /lib64, to: usr/lib64}\n"          \
  "  - {type: proc, target: /proc}\n"                             \
  "  - {type: dev, target: /dev}\n"                               \
  "  - {type: tmpfs, target: /tmp, mode: \"1777\"}\n"

constexpr Template templates[] = {
    {"shell", "a shell with the host's programs, and nothing of its data",
     "nsbox: 1\ndescription: A shell with the host's programs, and nothing of its data\nhostname: sandbox\nmounts:\n" NSBOX_USR "process: {command: [/bin/sh]}\n"},
    {"build", "a build that sees its source read-only and can write only its output",
     "nsbox: 1\ndescription: Build with only the source and the output visible, and no network\nvars: {SRC: ., OUT: ./out}\nmounts:\n" NSBOX_USR
     "  - ${SRC}:/src\n  - ${OUT}:/out:rw\nprocess:\n  command: [make, -C, /src, O=/out]\n  cwd: /src\n  timeout: 10m\n"},
    {"untrusted", "an untrusted script, with no files, no network, little time",
     "nsbox: 1\ndescription: An untrusted script\nvars: {SCRIPT: ./script.sh}\nmounts:\n" NSBOX_USR
     "  - ${SCRIPT}:/script\nprocess:\n  command: [/bin/sh, /script]\n  env_inherit: false\n  timeout: 1m\n  rlimits: {nofile: 256, fsize: 16M, cpu: 30s}\n"},
    {"readonly-host", "the whole host, read-only, with a private /tmp",
     "nsbox: 1\ndescription: The host read-only with a private /tmp\nroot: {type: bind, source: /}\nmounts:\n"
     "  - {type: proc, target: /proc}\n  - {type: dev, target: /dev}\n  - {type: tmpfs, target: /tmp, mode: \"1777\"}\nprocess: {command: [/bin/sh]}\n"},
    {"rootfs", "a folder as the new root",
     "nsbox: 1\ndescription: A folder as the root\nvars: {ROOT: ./rootfs}\nroot: {type: bind, source: \"${ROOT}\"}\nmounts:\n"
     "  - {type: proc, target: /proc}\n  - {type: dev, target: /dev}\n  - {type: tmpfs, target: /tmp, mode: \"1777\"}\nprocess: {command: [/bin/sh]}\n"},
};
#undef NSBOX_USR

}  // namespace

int run_init(const Arguments& arguments) {
  const Command& command = *find_command("init");
  if (arguments.has("list")) {
    for (const Template& each : templates) printf("%-14s %s\n", std::string(each.name).c_str(), std::string(each.doc).c_str());
    return 0;
  }
  const std::string name = arguments.operands.empty() ? "shell" : arguments.operands[0];
  const Template* found = nullptr;
  std::vector<std::string_view> names;
  for (const Template& each : templates) {
    names.push_back(each.name);
    if (each.name == name) found = &each;
  }
  if (!found) {
    const std::string_view near = nearest(name, names);
    return usage_error(command, "no template '" + escape(name) + "'" + (near.empty() ? "; 'nsbox init --list' lists them" : "; did you mean '" + std::string(near) + "'?"));
  }
  const std::string path = arguments.value("output", "nsbox.yaml");
  if (path == "-") {
    fputs(std::string(found->text).c_str(), stdout);
    return 0;
  }
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (arguments.has("force") ? O_TRUNC : O_EXCL);
  const Fd file = Fd::adopt(open(path.c_str(), flags, 0644));
  if (!file) return usage_error(command, "'" + escape(path) + "': " + (errno == EEXIST ? "exists; --force replaces it" : error_words(errno)));
  if (!sys::write_all(file.number(), found->text.data(), found->text.size())) {
    fprintf(stderr, "nsbox: '%s': %s\n", escape(path).c_str(), error_words(errno).c_str());
    if (!arguments.has("force")) unlink(path.c_str());  // made here
    return 2;
  }
  printf("wrote %s (%s); next: nsbox validate %s, nsbox plan --explain %s, nsbox up %s\n", escape(path).c_str(), std::string(found->name).c_str(), escape(path).c_str(), escape(path).c_str(), escape(path).c_str());
  return 0;
}

}  // namespace nsbox
