// SPDX-License-Identifier: MIT
#include "base/text.hpp"

#include <string.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>

namespace nsbox {
namespace {

/// Length of the UTF-8 sequence at the start of `text` and its code point; 0 when it is malformed.
size_t decode_utf8(std::string_view text, uint32_t& code) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  code = length == 1 ? lead : lead & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if (byte(i) >> 6 != 2) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  static constexpr uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
  return length;
}

bool hostile(uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0xfeff ||
         (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1), before, older;
  for (size_t j = 0; j <= b.size(); j++) row[j] = j;
  for (size_t i = 1; i <= a.size(); i++) {
    older = before;
    before = row;
    row[0] = i;
    for (size_t j = 1; j <= b.size(); j++) {
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, before[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], older[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string escape_json(std::string_view json) {
  std::string out;
  char buffer[16];
  while (!json.empty()) {
    uint32_t code = 0;
    const size_t length = std::max<size_t>(decode_utf8(json, code), 1);
    if (code >= 0x7f && hostile(code)) {
      snprintf(buffer, sizeof buffer, "\\u%04x", code);  // all of them have four digits at most
      out += buffer;
    } else {
      out += json.substr(0, length);
    }
    json.remove_prefix(length);
  }
  return out;
}

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  char buffer[16];
  while (!text.empty()) {
    uint32_t code = 0;
    size_t length = decode_utf8(text, code);
    if (length == 0 || hostile(code)) {
      const bool raw = length == 0 || code < 0x80;
      snprintf(buffer, sizeof buffer, raw ? "\\x%02x" : "\\u{%x}", raw ? static_cast<uint8_t>(text[0]) : code);
      out += buffer;
      if (length == 0) length = 1;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

size_t utf8_error(std::string_view text) {
  uint32_t code = 0;
  for (size_t at = 0; at < text.size();) {
    uint64_t eight;  // most texts are ASCII
    if (text.size() - at >= sizeof eight) {
      memcpy(&eight, text.data() + at, sizeof eight);
      if (!(eight & 0x8080808080808080)) {
        at += sizeof eight;
        continue;
      }
    }
    const size_t length = static_cast<uint8_t>(text[at]) < 0x80 ? 1 : decode_utf8(text.substr(at), code);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// `cmd` of `command`: the same first letter, and the others in their order.
bool abbreviates(std::string_view word, std::string_view name) {
  if (word.size() < 3 || name.empty() || word[0] != name[0]) return false;
  size_t at = 0;
  for (const char c : name)
    if (at < word.size() && word[at] == c) at++;
  return at == word.size();
}

/// What other tools call it, and what it is called here; with dots where it stands deeper.
constexpr char synonyms[] =
    "ro\0readonly\0" "options\0data\0" "options\0readonly\0" "dst\0target\0" "dest\0target\0" "destination\0target\0" "src\0source\0"
    "include\0extends\0" "includes\0extends\0" "inherit\0extends\0" "volumes\0mounts\0" "binds\0mounts\0" "environment\0env\0"
    "command\0process.command\0" "cmd\0command\0" "cmd\0process.command\0" "entrypoint\0command\0" "entrypoint\0process.command\0" "run\0process.command\0"
    "env\0process.env\0" "environment\0process.env\0" "user\0process.user\0" "cwd\0process.cwd\0" "workdir\0cwd\0" "workdir\0process.cwd\0"
    "working_dir\0cwd\0" "working_dir\0process.cwd\0" "timeout\0process.timeout\0" "tty\0terminal\0" "tty\0process.terminal\0" "rlimits\0process.rlimits\0"
    "ulimits\0rlimits\0" "ulimits\0process.rlimits\0" "limits\0rlimits\0" "limits\0process.rlimits\0" "mem\0as\0" "memory\0as\0" "memory\0process.rlimits.as\0"
    "capabilities\0security.capabilities\0" "caps\0capabilities\0" "caps\0security.capabilities\0" "cap_add\0capabilities\0" "cap_add\0security.capabilities\0"
    "seccomp\0security.seccomp\0" "landlock\0security.landlock\0" "no_new_privs\0security.no_new_privs\0" "rootfs\0root\0" "uid_map\0id_maps.uid\0" "gid_map\0id_maps.gid\0"
    "run\0up\0" "start\0up\0" "create\0up\0" "stop\0down\0" "kill\0down\0" "rm\0down\0" "list\0ps\0" "ls\0ps\0" "status\0ps\0" "enter\0exec\0" "attach\0exec\0" "shell\0exec\0"
    "check\0validate\0" "lint\0validate\0" "new\0init\0";

std::string_view synonym(std::string_view word, const std::vector<std::string_view>& candidates) {
  for (const char* at = synonyms; *at;) {
    const std::string_view theirs = next_text(at), ours = next_text(at);
    if (word == theirs && std::ranges::find(candidates, ours.substr(0, ours.find('.'))) != candidates.end()) return ours;
  }
  return "";
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > 64) return "";
  const std::string small = lower(word);
  std::string_view best;
  size_t abbreviated = 0;
  for (const std::string_view candidate : candidates) {
    const std::string name = lower(candidate);
    if (name == small && candidate != word) return candidate;
    if (name != small && abbreviates(small, name)) best = candidate, abbreviated++;
  }
  if (abbreviated == 1) return best;
  best = "";
  size_t best_distance = 1 + small.size() / 3;
  if (best_distance > 4) best_distance = 4;
  for (const std::string_view candidate : candidates) {
    const size_t distance = edit_distance(small, lower(candidate));
    if (distance < best_distance && distance > 0) best = candidate, best_distance = distance;
  }
  if (best.empty() && small.size() > 2) {  // a cut-off or lengthened word: `hidepids`, `host_name`
    for (const std::string_view candidate : candidates)
      if (candidate.size() > 2 && candidate != word && (lower(candidate).starts_with(small) || small.starts_with(lower(candidate))))
        return candidate;
  }
  return best;
}

std::string_view meant(std::string_view word, const std::vector<std::string_view>& names) {
  const std::string_view known = synonym(word, names);
  return known.empty() ? nearest(word, names) : known;
}

std::string_view next_text(const char*& table) {
  const std::string_view text = table;
  table += text.size() + 1;
  return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); i++) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] != '*' && pattern[p] == text[t]))) {
      p++, t++;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++, mark = t;
    } else if (star != std::string_view::npos) {
      p = star + 1, t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

std::string_view next_part(std::string_view& path) {
  size_t end = 0;  // components are short: a call that searches costs more than the search
  while (end < path.size() && path[end] != '/') end++;
  const std::string_view part(path.data(), end);
  path.remove_prefix(end + (end < path.size()));
  return part;
}

/// Absolute, and nothing in it can be what normal_path takes out: so are most.
static bool is_normal(std::string_view path) {
  if (!path.starts_with('/')) return false;
  for (size_t slash = 0; slash != path.npos; slash = path.find('/', slash + 1))
    if (slash + 1 == path.size() || path[slash + 1] == '/' || path[slash + 1] == '.') return false;
  return true;
}

std::string normal_path(std::string_view path) {
  if (is_normal(path)) return std::string(path);
  std::string out;
  out.reserve(path.size());
  const bool absolute = path.starts_with('/');
  while (!path.empty()) {
    const std::string_view part = next_part(path);
    if (part.empty() || part == ".") continue;
    if (!out.empty() || absolute) out += '/';
    out += part;
  }
  if (out.empty()) out = absolute ? "/" : ".";
  return out;
}

bool has_parent_part(std::string_view path) {
  for (size_t at = path.find(".."); at != path.npos; at = path.find("..", at + 1))
    if ((at == 0 || path[at - 1] == '/') && (at + 2 == path.size() || path[at + 2] == '/')) return true;
  return false;
}

std::string join_path(std::string_view base, std::string_view path) {
  if (path.starts_with('/')) return std::string(path);
  std::string out(base);
  if (!out.ends_with('/')) out += '/';
  return out += path;
}

std::string_view parent_path(std::string_view path) {
  const size_t at = path.rfind('/');
  if (at == std::string_view::npos) return ".";
  return at == 0 ? "/" : path.substr(0, at);
}

bool is_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return path.starts_with('/');
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool good_name(std::string_view name) {
  const auto fine = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.empty() || name.size() > 63 || !fine(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) { return fine(c) || c == '_' || c == '.' || c == '-'; });
}

uint64_t start_time_in(std::string_view stat) {
  size_t at = stat.rfind(')');  // behind the name, which may hold anything
  for (int field = 2; at != stat.npos && field < 22; field++) at = stat.find(' ', at + 1);
  uint64_t ticks = 0;
  if (at != stat.npos) std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), ticks);
  return ticks;
}

std::string error_name(int error) {
  const char* name = strerrorname_np(error);
  return name ? name : std::to_string(error);
}

std::string error_words(int error) { return std::string(strerror(error)) + " (" + error_name(error) + ")"; }

}  // namespace nsbox
