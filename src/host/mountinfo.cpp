// SPDX-License-Identifier: MIT
#include "host/mountinfo.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "host/probe.hpp"

namespace nsbox {
namespace {

/// `\040` and the like, as spaces are written.
std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::vector<MountInfo> read_mountinfo() {
  constexpr size_t most = 64 << 20;  // a host with a hundred thousand mounts
  std::vector<MountInfo> mounts;
  for (const std::string& line : split(content_of("/proc/self/mountinfo", most), '\n')) {
    const std::vector<std::string> words = split(line, ' ');
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (dash - words.begin() < 6 || words.end() - dash < 4) continue;
    mounts.push_back({unescape(words[3]), unescape(words[4]), split(words[5], ','), {words.begin() + 6, dash}, dash[1], split(dash[3], ',')});
  }
  return mounts;
}

}  // namespace nsbox
