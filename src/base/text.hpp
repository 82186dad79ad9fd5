// SPDX-License-Identifier: MIT
// Small pure functions on text that several rooms need.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nsbox {

/// Escapes what a terminal or a log could take for more than text: C0, DEL, C1, bidirectional
/// controls, line separators and invalid UTF-8, as `\xNN` or `\u{NNNN}`.
std::string escape(std::string_view text);
/// The same for finished JSON, which may hold them from U+007F on.
std::string escape_json(std::string_view json);

/// Offset of the first byte that is not well-formed UTF-8 (RFC 3629: no surrogates, no overlong
/// forms); npos when there is none.
size_t utf8_error(std::string_view text);

/// The candidate nearest to `word` when it is near enough to be what was meant, else "".
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);
/// The same among nsbox' own keys or commands, and what other tools' words for them are here:
/// `process.command` for `command`, where `process` is one of the names.
std::string_view meant(std::string_view word, const std::vector<std::string_view>& names);

/// Takes the first text off a table of texts that each end by NUL, with an empty one at the end: pointers to
/// them would be relocated at every start.
std::string_view next_text(const char*& table);

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// `*` and `?` match any text and any character; nothing else is special.
bool glob_match(std::string_view pattern, std::string_view text);

/// The path without `.`, doubled and trailing slashes. `..` is not touched: links may lie before it.
std::string normal_path(std::string_view path);

/// Whether a component is `..`.
bool has_parent_part(std::string_view path);

/// Takes the first component off a path, with the slash after it; may be empty.
std::string_view next_part(std::string_view& path);

std::string error_name(int error);   // "ENOENT"
std::string error_words(int error);  // "No such file or directory (ENOENT)"

/// When a process began, in clock ticks since boot: field 22 of the text of /proc/PID/stat (proc(5)); 0 when it is not there.
uint64_t start_time_in(std::string_view stat);

/// For maps by text that are asked with a view: of paths, in a third of the time of std::hash.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const {
    uint64_t sum = text.size(), piece = 0;
    const auto add = [&](const char* at, size_t size) {
      __builtin_memcpy(&piece, at, size);
      sum = (sum ^ piece) * 0x9e3779b97f4a7c15;
      sum ^= sum >> 32;
    };
    if (text.size() < sizeof piece) {
      for (const char each : text) add(&each, 1);
      return sum;
    }
    for (size_t at = 0; at < text.size() - sizeof piece; at += sizeof piece) add(text.data() + at, sizeof piece);
    add(text.data() + text.size() - sizeof piece, sizeof piece);
    return sum;
  }
};

/// A sandbox's: [a-z0-9][a-z0-9_.-]{0,62}.
bool good_name(std::string_view name);

/// `base`/`path`, or `path` when it is absolute.
std::string join_path(std::string_view base, std::string_view path);

/// The path without its last component ("/" for one directly below "/").
std::string_view parent_path(std::string_view path);

/// True when `path` is `folder` or below it (both normal).
bool is_below(std::string_view path, std::string_view folder);

}  // namespace nsbox
