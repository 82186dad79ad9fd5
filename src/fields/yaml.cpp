// SPDX-License-Identifier: MIT
// The only user of yaml-cpp, by its event interface: events become Nodes, and a limit that is
// passed ends the parse by an exception that does not leave this file.
#include "fields/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstring>
#include <istream>
#include <streambuf>
#include <unordered_map>

#include "base/text.hpp"
#include "fields/plain_yaml.hpp"

namespace nsbox {
namespace {

struct Stop {};  // the diagnostic is already there

class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());
    setg(begin, begin, begin + text.size());
  }
};

class Builder : public YAML::EventHandler {
 public:
  Builder(Findings& findings, uint16_t file, std::string_view text) : findings_(findings), file_(file), text_(text) {}

  Node root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.mark = place(mark);
    node.missing = !null_is_written(mark);
    if (node.missing && key_) node.mark = key_mark();
    else if (node.missing && !stack_.empty() && stack_.back().node.is_list()) node.mark = dash_before(mark);
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end() || !found->second.complete) fail(Code::alias_cycle, mark);
    const Anchor& source = found->second;
    if (stack_.size() + source.depth > InputLimits::depth) fail(Code::too_deep, mark);
    if (nodes_ + source.nodes > InputLimits::nodes) fail(Code::too_many_nodes, mark);
    if ((copied_ += source.bytes) > most_copied) fail(Code::too_much_text, mark);
    nodes_ += source.nodes;
    Node copy = source.node;
    place_node(std::move(copy), source.nodes, source.depth, source.bytes);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = Node::scalar(value, tag == "?");
    node.mark = place(mark);
    if (tag == "!" && !starts_at(mark, '!')) last_quoted_ = mark;
    else if (tag != "?") node.broken = refuse_tag(mark, tag);
    if (value.find('\0') != std::string::npos) {
      findings_.add(Code::nul_in_text, node.mark, "");
      node.broken = true;
    }
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::list(), mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::map(), mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

  /// yaml-cpp takes a quote that is still open at the end of a file for closed (0.7, after a line's
  /// end): the last quoted text is looked at again.
  bool last_quote_is_open() const {
    if (last_quoted_.is_null()) return false;
    size_t at = static_cast<size_t>(last_quoted_.pos);
    if (at < text_.size() && text_[at] == '&') at = text_.find_first_of(" \n", at);
    at = text_.find_first_not_of(" \n\r\t", at);
    if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) return false;
    const char quote = text_[at];
    for (at++; at < text_.size(); at++) {
      if (quote == '"' && text_[at] == '\\') at++;  // NOLINT(bugprone-branch-clone): the escapes of two styles
      else if (text_[at] == quote && quote == '\'' && at + 1 < text_.size() && text_[at + 1] == quote) at++;
      else if (text_[at] == quote) return false;
    }
    return true;
  }
  Mark last_quote() const { return place(last_quoted_); }

  Mark place(const YAML::Mark& mark) const {
    Mark out{file_, static_cast<uint32_t>(mark.line) + 1, 1};
    const size_t end = std::min<size_t>(static_cast<size_t>(std::max(mark.pos, 0)), text_.size());
    size_t begin = end - std::min<size_t>(end, static_cast<size_t>(std::max(mark.column, 0)));
    // Places mostly follow each other: a long line is not counted from its beginning each time.
    if (known_.line == out.line && known_end_ <= end) begin = known_end_, out.column = known_.column;
    for (size_t i = begin; i < end; i++) out.column += (static_cast<uint8_t>(text_[i]) & 0xc0) != 0x80;
    known_ = out;
    known_end_ = end;
    return out;
  }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    size_t nodes = 1, depth = 1, bytes = 0;  // of the subtree so far
    std::unordered_map<std::string, Mark> keys;
    Node key;  // of a map, while its value is read
    bool has_key = false;
  };
  struct Anchor {
    bool complete = false;
    Node node;
    size_t nodes = 0, depth = 0, bytes = 0;
  };
  // Bytes of text that aliases, and anchors for them, may repeat.
  static constexpr size_t most_copied = 4 * InputLimits::bytes;

  [[noreturn]] void fail(Code code, const YAML::Mark& mark, std::vector<std::string> args = {}) {
    findings_.add(code, place(mark), "", std::move(args));
    throw Stop{};
  }

  bool refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    static constexpr std::string_view core = "tag:yaml.org,2002:";
    findings_.add(Code::tag, place(mark), "", {tag.starts_with(core) ? "!!" + tag.substr(core.size()) : tag});
    return true;
  }

  bool starts_at(const YAML::Mark& mark, char c) const {
    const auto at = static_cast<size_t>(std::max(mark.pos, 0));
    return at < text_.size() && text_[at] == c;
  }

  /// yaml-cpp gives the next token's place for a value that is not there, so look at the text.
  bool null_is_written(const YAML::Mark& mark) const {
    const std::string_view rest = text_.substr(std::min<size_t>(static_cast<size_t>(std::max(mark.pos, 0)), text_.size()));
    const bool word = rest.starts_with('~') || rest.starts_with("null") || rest.starts_with("Null") || rest.starts_with("NULL");
    if (!word || !key_) return word && !stack_.empty() && stack_.back().node.is_list();
    return static_cast<uint32_t>(mark.line) + 1 == key_mark().line || place(mark).column > key_mark().column;
  }

  /// The `-` of an entry that has nothing after it.
  Mark dash_before(const YAML::Mark& mark) const {
    size_t at = std::min<size_t>(static_cast<size_t>(std::max(mark.pos, 0)), text_.size());
    while (at > 0 && (text_[at - 1] == ' ' || text_[at - 1] == '\n' || text_[at - 1] == '\r')) at--;
    if (at == 0 || text_[at - 1] != '-') return place(mark);
    YAML::Mark dash = mark;
    dash.pos = static_cast<int>(at) - 1;
    dash.line -= static_cast<int>(std::count(text_.begin() + dash.pos, text_.begin() + mark.pos, '\n'));
    const size_t line = text_.rfind('\n', at - 1);
    dash.column = static_cast<int>(line == text_.npos ? at - 1 : at - 2 - line);
    return place(dash);
  }

  void open(Node node, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (stack_.size() >= InputLimits::depth) fail(Code::too_deep, mark);
    if (tag != "?" && !tag.empty()) refuse_tag(mark, tag);
    node.mark = place(mark);
    if (++nodes_ > InputLimits::nodes) fail(Code::too_many_nodes, mark);
    if (anchor) anchors_[anchor] = {};
    stack_.push_back({std::move(node), anchor, 1, 1, 0, {}, {}, false});
    update_key();
  }

  void close() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    update_key();
    if (done.anchor) keep(done.anchor, done.node, done.nodes, done.depth, done.bytes);
    place_node(std::move(done.node), done.nodes, done.depth, done.bytes);
  }

  void add(Node node, YAML::anchor_t anchor) {
    if (++nodes_ > InputLimits::nodes) {
      findings_.add(Code::too_many_nodes, node.mark, "");
      throw Stop{};
    }
    const size_t bytes = node.text.size();
    if (anchor) keep(anchor, node, 1, 0, bytes);
    place_node(std::move(node), 1, 0, bytes);
  }

  /// Anchors in anchors hold the same nodes again: what is kept for aliases has the bound of all.
  void keep(YAML::anchor_t anchor, const Node& node, size_t nodes, size_t depth, size_t bytes) {
    if ((kept_ += nodes) > InputLimits::nodes || (copied_ += bytes) > most_copied) {
      findings_.add(copied_ > most_copied ? Code::too_much_text : Code::too_many_nodes, node.mark, "");
      throw Stop{};
    }
    anchors_[anchor] = {true, node, nodes, depth, bytes};
  }

  void place_node(Node node, size_t nodes, size_t depth, size_t bytes) {
    if (stack_.empty()) {
      root = std::move(node);
      return;
    }
    Open& top = stack_.back();
    top.nodes += nodes;
    top.bytes += bytes;
    top.depth = std::max(top.depth, depth + 1);
    if (top.node.is_list()) {
      top.node.items.push_back(std::move(node));
    } else if (!top.has_key) {
      top.key = std::move(node);
      top.has_key = true;
    } else {
      add_member(top, std::move(node));
    }
    update_key();
  }

  void add_member(Open& top, Node value) {
    top.has_key = false;
    const Mark mark = top.key.mark;
    if (!top.key.is_scalar()) {
      findings_.add(Code::key_not_text, mark, "");
      return;
    }
    if (top.key.plain && top.key.text == "<<") {
      findings_.add(Code::merge_key, mark, "");
      return;
    }
    if (const auto [first, added] = top.keys.emplace(top.key.text, mark); !added) {
      findings_.add(Code::duplicate_key, mark, "", {top.key.text}, first->second);
      return;
    }
    top.node.members.push_back({std::move(top.key.text), mark, std::move(value)});
  }

  void update_key() { key_ = !stack_.empty() && stack_.back().node.is_map() && stack_.back().has_key; }
  Mark key_mark() const { return stack_.back().key.mark; }

  Findings& findings_;
  uint16_t file_;
  std::string_view text_;
  std::vector<Open> stack_;
  std::unordered_map<YAML::anchor_t, Anchor> anchors_;
  size_t nodes_ = 0, kept_ = 0, copied_ = 0;
  mutable Mark known_;  // the last place, and its offset
  mutable size_t known_end_ = 0;
  YAML::Mark last_quoted_ = YAML::Mark::null_mark();
  bool key_ = false;  // the next value belongs to a key that has been read
};

Mark mark_at(uint16_t file, std::string_view text, size_t offset) {
  Mark mark{file, 1, 1};
  for (size_t i = 0; i < offset; i++) {
    if (text[i] == '\n') mark.line++, mark.column = 1;
    else mark.column += (static_cast<uint8_t>(text[i]) & 0xc0) != 0x80;
  }
  return mark;
}

constexpr size_t most_brackets = 2048;
size_t count_up_to(std::string_view text, char wanted, size_t most) {
  size_t count = 0;
  for (size_t at = text.find(wanted); at != text.npos && count <= most; at = text.find(wanted, at + 1)) count++;
  return count;
}

/// What can be refused by looking at the bytes, before a parser sees them.
bool text_is_sane(Findings& findings, uint16_t file, std::string_view text) {
  if (text.size() > InputLimits::bytes) {
    findings.add(Code::file_too_big, {file, 0, 0}, "", {std::to_string(text.size())});
    return false;
  }
  const size_t nul = text.find('\0'), bad = utf8_error(text);
  if (nul != text.npos || bad != text.npos) {
    findings.add(nul < bad ? Code::nul_in_file : Code::not_utf8, mark_at(file, text, std::min(nul, bad)), "");
    return false;
  }
  // Nesting in [ and { can't be deeper than their number on the way: a cheap bound that keeps
  // yaml-cpp's own recursion and its stack of simple keys short.
  if (count_up_to(text, '[', most_brackets) + count_up_to(text, '{', most_brackets) <= most_brackets) return true;
  size_t depth = 0, most = 0;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '[' || text[i] == '{') most = std::max(most, ++depth);
    else if ((text[i] == ']' || text[i] == '}') && depth > 0) depth--;
    else if (text[i] == '\n' && depth > 0 && i + 1 < text.size() && text[i + 1] != ' ' && text[i + 1] != '\t') depth = 0;
    if (most > most_brackets) {
      findings.add(Code::too_deep, mark_at(file, text, i), "");
      return false;
    }
  }
  return true;
}

/// The column of a tab in the indentation of the line, or 0.
uint32_t tab_indents(std::string_view text, uint32_t line) {
  for (uint32_t i = 1; i < line; i++) {
    const size_t end = text.find('\n');
    if (end == text.npos) return 0;
    text.remove_prefix(end + 1);
  }
  const size_t first = text.find_first_not_of(' ');
  return first != text.npos && text[first] == '\t' ? static_cast<uint32_t>(first) + 1 : 0;
}

/// What the parser's words mean to who wrote the file: its message, ours, a hint.
constexpr char parser_words[] =
    "end of map not found\0this line fits none of those above it\0the keys of one mapping begin in the same column\0"
    "end of sequence not found\0this line fits none of those above it\0the '- ' of one list stand in the same column\0"
    "end of map flow not found\0a '{' is never closed\0\0"
    "end of sequence flow not found\0a '[' is never closed\0\0"
    "illegal map value\0a ':' where no key can be\0a key has a blank after its ':' (in the line above, too); a text with ': ' in it wants quotes\0"
    "illegal map key\0a key where none can be\0\0"
    "illegal block entry\0a '-' where no list can be\0a list begins in a line of its own\0"
    "unknown token\0a text can't begin with this character\0write it in quotes\0";

/// The last bracket that nothing closes, for the message alone: block scalars are not looked for.
Mark open_bracket(std::string_view text, Mark otherwise) {
  std::vector<Mark> open;
  Mark at = otherwise;
  at.line = at.column = 1;
  char quote = 0, before = '\n';
  bool comment = false;
  for (size_t i = 0; i < text.size(); before = text[i++]) {
    const char c = text[i];
    if (c == '\n') comment = false;
    else if (comment) {}
    else if (quote) {
      if (quote == '"' ? c == '\\' : c == '\'' && text.substr(i + 1).starts_with('\'')) i++, at.column++;  // this one and the next stand for one character
      else if (c == quote) quote = 0;
    }
    else if (c == '#' && (before == ' ' || before == '\n')) comment = true;
    else if ((c == '"' || c == '\'') && strchr(" \n[{,:", before)) quote = c;
    else if (c == '[' || c == '{') open.push_back(at);
    else if ((c == ']' || c == '}') && !open.empty()) open.pop_back();
    if (c == '\n') at.line++, at.column = 1;
    else if ((static_cast<uint8_t>(c) & 0xc0) != 0x80) at.column++;
  }
  return open.empty() ? otherwise : open.back();
}

void add_syntax_error(Findings& findings, std::string_view text, Mark mark, std::string message) {
  if (const uint32_t tab = tab_indents(text, mark.line)) {
    mark.column = tab;
    findings.add(Code::tab_indent, mark, "");
    return;
  }
  if (message == "bad file" || message.empty()) message = "nested too deeply, or not text";
  // `{a: ${B}}`: in flow style the brace ends the mapping, the likeliest cause of a riddle here.
  std::string_view rest = text;
  for (uint32_t i = 1; i < mark.line && rest.find('\n') != rest.npos; i++) rest.remove_prefix(rest.find('\n') + 1);
  const std::string_view line = rest.substr(0, rest.find('\n'));
  const size_t dollar = line.find("${");
  const bool flow = dollar != line.npos && line.find_first_of("[{") < dollar;
  std::vector<std::string> args{message};
  for (const char* at = parser_words; *at;) {
    const std::string_view theirs = next_text(at), ours = next_text(at), hint = next_text(at);
    if (message != theirs) continue;
    args = {std::string(ours)};
    if (!hint.empty() && !flow) args.emplace_back(hint);
  }
  if (!flow && message.find("flow not found") != message.npos) mark = open_bracket(text, mark);
  if (flow) args.push_back("inside {…} or […] YAML wants quotes: \"" + std::string(line.substr(dollar, line.find('}', dollar) - dollar + 1)) + "\"");
  findings.add(Code::yaml_syntax, mark, "", std::move(args));
}

}  // namespace

std::optional<Node> load_yaml(Findings& findings, uint16_t file, bool by_library) {
  std::string_view text = findings.files[file].text;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (!text_is_sane(findings, file, text)) return std::nullopt;
  if (!by_library)
    if (std::optional<Node> plain = read_plain_yaml(text, file)) return plain;

  Builder builder(findings, file, text);
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    const bool any = parser.HandleNextDocument(builder);
    if (!any || (builder.root.is_null() && builder.root.missing)) {
      findings.add(Code::empty_file, {file, 1, 1}, "");
      return std::nullopt;
    }
    if (builder.last_quote_is_open()) {
      findings.add(Code::open_quote, builder.last_quote(), "");
      return std::nullopt;
    }
    Builder rest(findings, file, text);
    if (parser.HandleNextDocument(rest)) {
      findings.add(Code::second_document, rest.root.mark.line ? rest.root.mark : Mark{file, 1, 1}, "");
      return std::nullopt;
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    Mark mark = builder.place(error.mark);
    add_syntax_error(findings, text, mark, error.msg);
    return std::nullopt;
  }
  return std::move(builder.root);
}

}  // namespace nsbox
