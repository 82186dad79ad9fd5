// SPDX-License-Identifier: MIT
#include "cli/audit_text.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/explain.hpp"
#include "cli/output.hpp"
#include "spec/exposure.hpp"

namespace nsbox {
namespace {

struct Grade {
  int least;  // tenths
  std::string_view words;
};
constexpr Grade grades[] = {{90, "tight"}, {75, "good"}, {50, "fair"}, {25, "weak"}, {0, "open"}};

struct Line {
  int weight;
  const Diagnostic* finding;
  std::string place;            // FILE:LINE; "" for a default
  const std::string* accepted;  // the reason under allow_warnings, or null
};

std::vector<Line> lines_of(const Findings& findings, const Spec& spec) {
  std::vector<Line> out;
  for (const Diagnostic& each : findings.diagnostics) {
    const int weight = weight_of(each);
    if (!weight) continue;
    std::string place;
    if (each.mark.line && each.mark.file < findings.files.size()) place = findings.files[each.mark.file].name + ":" + std::to_string(each.mark.line);
    out.push_back({weight, &each, std::move(place), spec.allow_warnings.find(slug_of(each.code))});
  }
  std::stable_sort(out.begin(), out.end(), [](const Line& a, const Line& b) { return a.weight > b.weight; });
  return out;
}

}  // namespace

int score_of(const Findings& findings) {
  int score = 100;
  for (const Diagnostic& each : findings.diagnostics) score -= weight_of(each);
  return std::max(0, score);
}

std::string score_text(int tenths) { return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10); }

std::string_view score_words(int tenths) {
  return std::find_if(std::begin(grades), std::end(grades), [&](const Grade& grade) { return tenths >= grade.least; })->words;
}

std::string audit_text(const Findings& findings, const Spec& spec) {
  const int score = score_of(findings);
  const Paint color = score >= 75 ? Paint::green : score >= 50 ? Paint::yellow : Paint::red;
  std::string out = "'" + escape(spec.name) + "': " + paint(1, color, score_text(score) + " of 10, " + std::string(score_words(score))) + "\n";
  for (const Line& line : lines_of(findings, spec)) {
    const Diagnostic& finding = *line.finding;
    out += "  -" + score_text(line.weight) + "  " + message_of(finding) + " [" + std::string(slug_of(finding.code)) + "]";
    if (!line.place.empty()) out += "  " + paint(1, Paint::dim, escape(line.place));
    out += "\n";
    if (const std::string hint = hint_of(finding); !hint.empty()) out += "        " + paint(1, Paint::green, "close:") + " " + hint + "\n";
    if (line.accepted) out += "        accepted: " + escape(*line.accepted) + "\n";
  }
  return out;
}

Node audit_json(const Findings& findings, const Spec& spec) {
  const int score = score_of(findings);
  Node document = Node::map(), list = Node::list();
  document.set("format_version", Node::number(1));
  document.set("name", Node::scalar(spec.name));
  document.set("score", Node::scalar(score_text(score), true));
  document.set("words", Node::scalar(std::string(score_words(score))));
  for (const Line& line : lines_of(findings, spec)) {
    const Diagnostic& finding = *line.finding;
    Node node = Node::map();
    node.set("code", Node::scalar(std::string(slug_of(finding.code))));
    node.set("weight", Node::scalar(score_text(line.weight), true));
    node.set("message", Node::scalar(message_of(finding)));
    const std::string hint = hint_of(finding);
    node.set("close", hint.empty() ? Node{} : Node::scalar(hint));
    node.set("path", Node::scalar(pointer_words(finding.pointer)));
    node.set("file", line.place.empty() ? Node{} : Node::scalar(findings.files[finding.mark.file].name));
    node.set("line", line.place.empty() ? Node{} : Node::number(finding.mark.line));
    node.set("accepted", line.accepted ? Node::scalar(*line.accepted) : Node{});
    list.items.push_back(std::move(node));
  }
  document.set("exposures", std::move(list));
  return document;
}

}  // namespace nsbox
