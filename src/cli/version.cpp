// SPDX-License-Identifier: MIT
#include <sys/utsname.h>

#include <cstdio>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"

namespace nsbox {

int run_version(const Arguments& arguments) {
  struct utsname kernel = {};
  uname(&kernel);
#ifdef __clang__
  const char* compiler = "clang " __clang_version__;
#else
  const char* compiler = "gcc " __VERSION__;
#endif
  if (arguments.value("format") == "json") {
    Node node = Node::map();
    node.set("format_version", Node::number(1));
    node.set("version", Node::scalar(NSBOX_VERSION));
    node.set("language", Node::number(1));
    node.set("compiler", Node::scalar(compiler));
    node.set("kernel", Node::scalar(kernel.release));
    printf("%s\n", to_json(node).c_str());
    return 0;
  }
  printf("nsbox %s (language version 1, %s, kernel %s)\n", NSBOX_VERSION, compiler, escape(kernel.release).c_str());
  return 0;
}

}  // namespace nsbox
