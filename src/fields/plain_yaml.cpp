// SPDX-License-Identifier: MIT
#include "fields/plain_yaml.hpp"

#include <algorithm>
#include <array>

#include "fields/yaml.hpp"

namespace nsbox {
namespace {

struct NotPlain {};  // caught in read_plain_yaml

/// Characters that mean nothing in a plain scalar, wherever they stand: a path is made of them.
constexpr auto dull = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")) table[static_cast<uint8_t>(c)] = true;
  return table;
}();

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

class PlainReader {
 public:
  PlainReader(std::string_view text, uint16_t file) : text_(text), file_(file) {}

  Node read() {
    next_line();
    if (at_end() || indent_ != 0) stop();
    Node root = block_map(0);
    if (!at_end()) stop();
    return root;
  }

 private:
  [[noreturn]] static void stop() { throw NotPlain{}; }

  // --- lines -------------------------------------------------------------------------------------
  /// To the first character of the next line that has more than a comment.
  void next_line() {
    for (;;) {
      if (pos_ >= text_.size()) {
        line_begin_ = pos_ = text_.size();
        indent_ = -1;
        return;
      }
      if (pos_ > 0) line_++;
      line_begin_ = pos_;
      size_t at = pos_;
      while (at < text_.size() && text_[at] == ' ') at++;
      if (at < text_.size() && text_[at] != '\n' && text_[at] != '#') {
        indent_ = static_cast<int>(at - line_begin_);
        pos_ = at;
        if (indent_ == 0 && (rest().starts_with("---") || rest().starts_with("...") || text_[at] == '%')) stop();
        return;
      }
      const size_t end = text_.find('\n', at);
      pos_ = end == text_.npos ? text_.size() : end + 1;
    }
  }
  /// After a value: blanks, perhaps a comment, and the next line.
  void end_line() {
    const size_t before = pos_;
    while (pos_ < text_.size() && text_[pos_] == ' ') pos_++;
    if (pos_ < text_.size() && text_[pos_] == '#' && pos_ > before) {
      const size_t end = text_.find('\n', pos_);
      pos_ = end == text_.npos ? text_.size() : end;
    }
    if (pos_ < text_.size() && text_[pos_] != '\n') stop();
    if (pos_ < text_.size()) pos_++;
    next_line();
  }
  bool at_end() const { return indent_ < 0; }
  std::string_view rest() const { return text_.substr(pos_); }
  char peek(size_t ahead = 0) const { return pos_ + ahead < text_.size() ? text_[pos_ + ahead] : '\n'; }

  /// Places follow each other, so a long line is counted once.
  Mark here() {
    if (counted_ < line_begin_ || counted_ > pos_) counted_ = line_begin_, column_ = 1;
    for (; counted_ < pos_; counted_++) column_ += (static_cast<uint8_t>(text_[counted_]) & 0xc0) != 0x80;
    return {file_, line_, column_};
  }
  void count(size_t depth) {
    if (++nodes_ > InputLimits::nodes || depth > 32) stop();
  }

  // --- block style ---------------------------------------------------------------------------------
  /// A plain word before `: ` or `:` and the line's end; empty when there is none.
  std::string_view key_here() const {
    size_t end = pos_;
    if (end < text_.size() && !is_word(text_[end])) return {};
    while (end < text_.size() && (is_word(text_[end]) || text_[end] == '-' || text_[end] == '.' || text_[end] == '/')) end++;
    const bool colon = end < text_.size() && text_[end] == ':' && (end + 1 == text_.size() || text_[end + 1] == ' ' || text_[end + 1] == '\n');
    return colon ? text_.substr(pos_, end - pos_) : std::string_view();
  }

  void add(Node& map, std::string_view key, Mark mark, Node value) {
    if (key == "null" || key == "Null" || key == "NULL" || map.members.size() >= 64) stop();
    for (const Member& each : map.members)
      if (each.key == key) stop();
    if (map.members.empty()) map.members.reserve(4);
    map.members.push_back({std::string(key), mark, std::move(value)});
  }

  /// Entries that begin in column `indent`; the first is here.
  Node block_map(int indent, size_t depth = 1) {
    Node map = Node::map();
    map.mark = here();
    count(depth);
    do {
      const std::string_view key = key_here();
      if (key.empty()) stop();
      const Mark mark = here();
      count(depth);
      pos_ += key.size() + 1;
      add(map, key, mark, value(indent, depth + 1));
    } while (indent_ == indent && !at_end());
    if (indent_ > indent) stop();
    return map;
  }

  Node block_list(int indent, size_t depth) {
    Node list = Node::list();
    list.mark = here();
    list.items.reserve(4);
    count(depth);
    while (indent_ == indent && peek() == '-' && peek(1) == ' ') {
      pos_++;
      while (peek() == ' ') pos_++;
      if (!key_here().empty()) {  // `- key: value`: a map whose column is the key's
        indent_ = static_cast<int>(pos_ - line_begin_);
        list.items.push_back(block_map(indent_, depth + 1));
      } else {
        list.items.push_back(inline_value(indent, depth + 1));
      }
    }
    if (indent_ > indent) stop();
    return list;
  }

  /// What follows a key whose map begins in column `indent`.
  Node value(int indent, size_t depth) {
    size_t at = pos_;
    while (at < text_.size() && text_[at] == ' ') at++;
    const bool comment = at < text_.size() && text_[at] == '#' && at > pos_;
    if (at < text_.size() && text_[at] != '\n' && !comment) {
      pos_ = at;
      return inline_value(indent, depth);
    }
    end_line();
    if (at_end()) stop();
    const bool list = peek() == '-' && peek(1) == ' ';
    if (indent_ < indent || (indent_ == indent && !list)) stop();  // nothing there
    return list ? block_list(indent_, depth) : block_map(indent_, depth);
  }

  /// A scalar or a flow collection on this line, and the line's end.
  Node inline_value(int indent, size_t depth) {
    if (peek() == '|') return literal(indent);
    Node node = peek() == '[' || peek() == '{' ? flow(depth) : peek() == '"' || peek() == '\'' ? quoted() : plain(false);
    end_line();
    if (indent_ > indent) stop();  // it goes on
    return node;
  }

  Node literal(int indent) {
    Node node = Node::scalar("");
    node.mark = here();
    count(1);
    pos_++;
    const bool strip = peek() == '-';
    if (strip) pos_++;
    if (peek() != '\n') stop();
    int own = -1;  // the column of its lines
    size_t kept = 0;  // up to the last line that has something
    while (pos_ < text_.size()) {
      const size_t begin = pos_ + 1;
      if (begin >= text_.size()) break;
      size_t first = begin;
      while (first < text_.size() && text_[first] == ' ') first++;
      const size_t end = std::min(text_.find('\n', first), text_.size());
      const int spaces = static_cast<int>(first - begin);
      if (first < end && spaces <= indent) break;
      if (first == end && spaces > 0 && (own < 0 || spaces > own)) stop();
      if (own < 0) {
        if (first == end) stop();
        own = spaces;
      }
      if (first < end && spaces < own) stop();
      if (first < end) node.text += text_.substr(begin + static_cast<size_t>(own), end - begin - static_cast<size_t>(own));
      node.text += '\n';
      if (first < end) kept = node.text.size();
      pos_ = end;
      line_++;
      line_begin_ = begin;
    }
    if (own < 0) stop();
    node.text.resize(strip ? kept - 1 : kept);
    if (pos_ < text_.size()) pos_++;
    next_line();
    if (indent_ > indent) stop();
    return node;
  }

  // --- scalars -------------------------------------------------------------------------------------
  Node plain(bool in_flow) {
    Node node = Node::scalar("", true);
    node.mark = here();
    count(1);
    const char first = peek();
    // Of the indicators only a dash that begins a word is taken for one.
    if (first == '-' ? !is_word(peek(1)) && peek(1) != '-' : !(is_word(first) || first == '/' || first == '.' || first == '$' || first == '+' || first == '(')) stop();
    if (pos_ == line_begin_) stop();
    size_t end = pos_;
    for (; end < text_.size() && text_[end] != '\n'; end++) {
      if (dull[static_cast<uint8_t>(text_[end])]) continue;
      const char c = text_[end], next = end + 1 < text_.size() ? text_[end + 1] : '\n';
      if (in_flow && (c == ',' || c == ']' || c == '}')) break;
      if (in_flow && (c == '[' || c == '{' || c == '"' || c == '\'' || c == '#' || c == '?')) stop();
      if (c == ':' && (next == ' ' || next == '\n' || (in_flow && (next == ',' || next == ']' || next == '}' || next == '[' || next == '{')))) stop();
      if (c == '#' && text_[end - 1] == ' ') break;
    }
    if (in_flow && (end == text_.size() || text_[end] == '\n')) stop();  // it goes on in the next line
    std::string_view text = text_.substr(pos_, end - pos_);
    pos_ = end;
    while (text.ends_with(' ')) text.remove_suffix(1), pos_--;
    if (text == "null" || text == "Null" || text == "NULL") stop();
    node.text = text;
    return node;
  }

  Node quoted() {
    Node node = Node::scalar("");
    node.mark = here();
    count(1);
    const char quote = peek();
    for (pos_++;; pos_++) {
      const char c = peek();
      if (c == '\n') stop();
      if (c == quote) {
        if (quote == '"' || peek(1) != quote) break;
        pos_++;
      } else if (c == '\\' && quote == '"') {
        pos_++;
        const char escape = peek();
        if (escape == 'n') node.text += '\n';
        else if (escape == '"' || escape == '\\') node.text += escape;
        else stop();
        continue;
      }
      node.text += c;
    }
    pos_++;
    return node;
  }

  // --- flow style, on one line ---------------------------------------------------------------------
  void blanks() {
    while (peek() == ' ') pos_++;
  }
  Node flow_value(size_t depth) {
    if (peek() == '[' || peek() == '{') return flow(depth);
    if (peek() == '"' || peek() == '\'') return quoted();
    return plain(true);
  }
  Node flow(size_t depth) {
    const bool map = peek() == '{';
    const char end = map ? '}' : ']';
    Node node = map ? Node::map() : Node::list();
    node.mark = here();
    count(depth);
    pos_++;
    blanks();
    if (peek() == end) {
      pos_++;
      return node;
    }
    for (;;) {
      if (map) {
        const std::string_view key = key_here();
        if (key.empty() || peek(key.size() + 1) != ' ') stop();
        const Mark mark = here();
        count(depth);
        pos_ += key.size() + 1;
        blanks();
        add(node, key, mark, flow_value(depth + 1));
      } else {
        node.items.push_back(flow_value(depth + 1));
      }
      blanks();
      if (peek() == end) break;
      if (peek() != ',' || peek(1) != ' ') stop();
      pos_++;
      blanks();
    }
    pos_++;
    return node;
  }

  std::string_view text_;
  uint16_t file_;
  size_t pos_ = 0, line_begin_ = 0, nodes_ = 0;
  size_t counted_ = 0;  // how far `column_` is known
  uint32_t line_ = 1, column_ = 1;
  int indent_ = 0;  // of the line that is read; -1: there is none
};

}  // namespace

std::optional<Node> read_plain_yaml(std::string_view text, uint16_t file) {
  if (text.find('\t') != text.npos || text.find('\r') != text.npos || !text.ends_with('\n')) return std::nullopt;
  try {
    return PlainReader(text, file).read();
  } catch (const NotPlain&) {
    return std::nullopt;
  }
}

}  // namespace nsbox
