// SPDX-License-Identifier: MIT
// The plain reader against yaml-cpp: whatever the one takes, the other takes as well, and both give
// the same tree with the same places. With every file of the tree, and with many damaged ones.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "base/text.hpp"
#include "fields/plain_yaml.hpp"
#include "fields/yaml.hpp"

using namespace nsbox;
namespace fs = std::filesystem;

namespace {

bool same(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.plain != b.plain || a.missing != b.missing || a.broken != b.broken || a.mark != b.mark || a.text != b.text) return false;
  if (a.items.size() != b.items.size() || a.members.size() != b.members.size()) return false;
  for (size_t i = 0; i < a.items.size(); i++)
    if (!same(a.items[i], b.items[i])) return false;
  for (size_t i = 0; i < a.members.size(); i++)
    if (a.members[i].key != b.members[i].key || a.members[i].mark != b.members[i].mark || !same(a.members[i].value, b.members[i].value)) return false;
  return true;
}

/// 1: taken, and equal; 0: left to the library; -1: another opinion.
int compare(const std::string& text) {
  if (utf8_error(text) != std::string::npos) return 0;  // refused before either of them
  const std::optional<Node> plain = read_plain_yaml(text, 0);
  if (!plain) return 0;
  Findings findings;
  findings.files.push_back({"x", text, "/"});
  const std::optional<Node> node = load_yaml(findings, 0, true);
  return node && findings.diagnostics.empty() && same(*plain, *node) ? 1 : -1;
}

std::vector<std::string> texts() {
  const char* root = getenv("NSBOX_GOLDEN");
  const fs::path tests = fs::path(root ? root : "tests/golden").parent_path();
  std::vector<std::string> out;
  for (const fs::path& folder : {tests / "golden/plan", tests / "golden/bad", tests / "golden/audit", tests / "programs", tests.parent_path() / "examples"})
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".yaml") continue;
      std::stringstream text;
      text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      if (text.str().size() < 20000 && text.str().find('\0') == std::string::npos) out.push_back(text.str());
    }
  return out;
}

}  // namespace

TEST_CASE("what is read plainly is what yaml-cpp reads") {
  size_t taken = 0;
  const std::vector<std::string> all = texts();
  REQUIRE(all.size() > 200);
  for (const std::string& text : all) {
    const int result = compare(text);
    CHECK_MESSAGE(result >= 0, text);
    taken += result == 1;
  }
  CHECK(taken > all.size() / 2);  // or it would be of no use
}

TEST_CASE("and so it is with damaged files") {
  const std::vector<std::string> all = texts();
  static const std::string pieces[] = {" ", "  ", "\n", "- ", ": ", ":", "#", " #", "'", "\"", "[", "]", "{", "}", ", ", ",", "|", "|-", ">", "&a ", "*a", "!!str ", "~", "null", "<<: ", "? ", "%", "---\n", "...\n", "\\", "\\n", "a", "a: b", "\n  ", "\n    ", "\n- ", "\xc3\xa4", "\xe2\x80\xa8", "@", "`", "-", "--", "=", "0x1", "\n\n", "\n \n", "|\n  x\n"};
  std::mt19937 random(4711);
  size_t taken = 0;
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  for (int round = 0; round < 30000; round++) {
    std::string text = all[below(all.size())];
    for (size_t changes = 1 + below(3); changes > 0 && !text.empty(); changes--) {
      const size_t at = below(text.size());
      switch (below(4)) {
        case 0: text.insert(at, pieces[below(std::size(pieces))]); break;
        case 1: text.erase(at, 1 + below(3)); break;
        case 2: text.replace(at, 1, pieces[below(std::size(pieces))]); break;
        default: text.resize(at);
      }
    }
    const int result = compare(text);
    CHECK_MESSAGE(result >= 0, text);
    taken += result == 1;
  }
  CHECK(taken > 3000);
}
