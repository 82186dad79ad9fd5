// SPDX-License-Identifier: MIT
#include "fields/scalars.hpp"

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace nsbox {
namespace {

bool digits_only(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

bool parse_unsigned(std::string_view text, uint64_t& out) {
  if (!digits_only(text)) return false;
  out = 0;
  for (const char c : text) {
    if (__builtin_mul_overflow(out, uint64_t{10}, &out)) return false;
    if (__builtin_add_overflow(out, static_cast<uint64_t>(c - '0'), &out)) return false;
  }
  return true;
}

/// `whole[.fraction]` times `unit`, exactly, or false.
bool scaled(std::string_view number, uint64_t unit, uint64_t& out) {
  const size_t dot = number.find('.');
  uint64_t whole = 0;
  if (!parse_unsigned(number.substr(0, dot), whole)) return false;
  if (__builtin_mul_overflow(whole, unit, &out)) return false;
  if (dot == number.npos) return true;
  const std::string_view fraction = number.substr(dot + 1);
  uint64_t part = 0, scale = 1;
  if (fraction.size() > 9 || !parse_unsigned(fraction, part)) return false;
  for (size_t i = 0; i < fraction.size(); i++) scale *= 10;
  // part < scale <= 10^9 and unit <= 2^40, so both products stay below 2^70: split the unit.
  const uint64_t high = unit / scale * part, low = unit % scale * part / scale;
  return !__builtin_add_overflow(out, high + low, &out);
}

bool leading_zero(std::string_view digits) { return digits.size() > 1 && digits[0] == '0' && digits[1] != '.'; }

struct NamedSignal {
  std::string_view name;
  int number;
};
constexpr NamedSignal signals[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},       {"QUIT", SIGQUIT}, {"ILL", SIGILL},   {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT}, {"BUS", SIGBUS},       {"FPE", SIGFPE},   {"KILL", SIGKILL}, {"USR1", SIGUSR1},
    {"SEGV", SIGSEGV}, {"USR2", SIGUSR2},     {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"CHLD", SIGCHLD}, {"CONT", SIGCONT},     {"STOP", SIGSTOP}, {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN},
    {"TTOU", SIGTTOU}, {"URG", SIGURG},       {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF}, {"WINCH", SIGWINCH},   {"IO", SIGIO},     {"PWR", SIGPWR},   {"SYS", SIGSYS},
    {"STKFLT", 16},
};

std::string signal_pattern() {
  std::string out = "^((SIG)?(";
  for (const NamedSignal& each : signals) out += std::string(each.name) + "|";
  return out + "RTMIN(\\+[0-9]+)?)|[0-9]+)$";
}

}  // namespace

bool parse_integer(std::string_view text, int64_t& out) {
  const bool minus = text.starts_with('-');
  if (minus) text.remove_prefix(1);
  uint64_t value = 0;
  if (leading_zero(text) || !parse_unsigned(text, value)) return false;
  if (value > static_cast<uint64_t>(INT64_MAX)) return false;
  out = minus ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
  return !(minus && value == 0);
}

bool parse_size(std::string_view text, uint64_t& out) {
  size_t end = text.find_first_not_of("0123456789.");
  if (end == text.npos) end = text.size();
  std::string_view unit = text.substr(end);
  if (leading_zero(text)) return false;
  if (unit.empty()) return parse_unsigned(text, out);
  static constexpr std::string_view letters = "BKMGT";
  const size_t power = letters.find(unit[0]);
  if (power == letters.npos) return false;
  unit.remove_prefix(1);
  if (!(unit.empty() || (power > 0 && (unit == "i" || unit == "iB")))) return false;
  return scaled(text.substr(0, end), uint64_t{1} << (10 * power), out);
}

bool parse_duration(std::string_view text, int64_t& out) {
  static constexpr struct {
    std::string_view name;
    uint64_t ns;
  } units[] = {{"ms", 1'000'000}, {"h", 3600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}};
  uint64_t total = 0, last = UINT64_MAX, part = 0;
  if (text.find_first_not_of("0123456789.") == text.npos) {
    if (leading_zero(text) || !scaled(text, 1'000'000'000, total)) return false;
    text = {};
  }
  while (!text.empty()) {
    const std::string_view number = text.substr(0, text.find_first_not_of("0123456789."));
    text.remove_prefix(number.size());
    const auto unit = std::find_if(std::begin(units), std::end(units), [&](const auto& each) { return text.starts_with(each.name); });
    if (unit == std::end(units) || unit->ns >= last || leading_zero(number)) return false;
    text.remove_prefix(unit->name.size());
    last = unit->ns;
    if (!scaled(number, unit->ns, part) || __builtin_add_overflow(total, part, &total)) return false;
  }
  if (total > static_cast<uint64_t>(INT64_MAX)) return false;
  out = static_cast<int64_t>(total);
  return true;
}

bool resolve_host_path(std::string_view text, std::string_view folder, std::string_view home, std::string& out) {
  if (text.empty()) return false;
  if (text == "~" || text.starts_with("~/")) {
    if (home.empty()) return false;
    out = normal_path(join_path(home, text.size() > 2 ? text.substr(2) : "."));
    return true;
  }
  if (text.starts_with('~')) return false;
  if (text.starts_with('/')) {
    out = normal_path(text);
    return true;
  }
  std::string base(folder);
  while (text.starts_with("./")) text.remove_prefix(std::min(text.find_first_not_of('/', 1), text.size()));
  if (text.starts_with("..") && (text.size() == 2 || text[2] == '/')) {
    // `..` at the start is taken away by name, which is right only where no component is a link.
    if (char* real = realpath(base.c_str(), nullptr)) base = real, free(real);
    std::string_view rest = text;
    while (rest == ".." || rest.starts_with("../")) {
      base = std::string(parent_path(base));
      rest.remove_prefix(rest.size() == 2 ? 2 : 3);
      while (rest.starts_with('/')) rest.remove_prefix(1);
    }
    out = normal_path(rest.empty() ? base : join_path(base, rest));
    return true;
  }
  out = normal_path(join_path(base, text));
  return true;
}

std::string print_size(uint64_t bytes) {
  static constexpr char letters[] = {'T', 'G', 'M', 'K'};
  for (size_t i = 0; i < std::size(letters); i++) {
    const uint64_t unit = uint64_t{1} << (10 * (std::size(letters) - i));
    if (bytes >= unit && bytes % unit == 0) return std::to_string(bytes / unit) + letters[i];
  }
  return std::to_string(bytes);
}

std::string print_duration(int64_t ns) {
  static constexpr struct {
    const char* name;
    int64_t ns;
  } units[] = {{"h", 3600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}};
  std::string out = ns < 0 ? "-" : "";
  uint64_t rest = ns < 0 ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  if (rest == 0) return "0s";
  for (const auto& unit : units) {
    const uint64_t count = rest / static_cast<uint64_t>(unit.ns);
    if (count == 0) continue;
    out += std::to_string(count) + unit.name;
    rest -= count * static_cast<uint64_t>(unit.ns);
  }
  if (rest == 0) return out;
  out += std::to_string(rest / 1'000'000);
  if (uint64_t part = rest % 1'000'000) {
    std::string digits = std::to_string(part + 1'000'000);  // six of them, after a 1
    digits.erase(digits.find_last_not_of('0') + 1);
    out += "." + digits.substr(1);
  }
  return out + "ms";
}

std::string print_mode(uint32_t bits) {
  std::string text = "0000";
  for (size_t i = 4; i-- > 0; bits >>= 3) text[i] = static_cast<char>('0' + (bits & 7));
  return text;
}

std::string signal_name(int number) {
  for (const NamedSignal& each : signals)
    if (each.number == number) return std::string(each.name);
  if (number >= SIGRTMIN && number <= SIGRTMAX) return "RTMIN+" + std::to_string(number - SIGRTMIN);
  return std::to_string(number);
}

Node schema_of_text(std::string_view pattern) {
  Node node = schema_of_type("string");
  if (!pattern.empty()) node.set("pattern", Node::scalar(std::string(pattern)));
  return node;
}

Node schema_of_integer(int64_t low, int64_t high) {
  Node node = schema_of_type("integer");
  node.set("minimum", Node::number(low));
  node.set("maximum", Node::number(high));
  return substitutable(std::move(node));
}

bool decode_integer(Decoder& decoder, const Node& node, int64_t low, int64_t high, int64_t& out) {
  if (!node.is_scalar()) return decoder.wrong_type(node, "a number");
  const bool fits = parse_integer(node.text, out);
  if (fits && !node.plain) {
    decoder.error(Code::quoted_number, node, {node.text});
    return false;
  }
  const std::string_view digits = std::string_view(node.text).substr(node.text.starts_with('-') ? 1 : 0);
  const bool beyond = !fits && node.plain && digits_only(digits) && !digits.starts_with('0');
  if (!fits && !beyond) return decoder.wrong_type(node, "a whole number in decimal digits");
  if (beyond || out < low || out > high) {
    decoder.error(Code::out_of_range, node, {node.text, std::to_string(low), std::to_string(high)});
    return false;
  }
  return true;
}

// --- bool ---------------------------------------------------------------------------------------
bool Codec<bool>::decode(Decoder& decoder, const Node& node, bool& out) { return decode_boolean(decoder, node, out, "true or false"); }

bool decode_boolean(Decoder& decoder, const Node& node, bool& out, std::string_view expected) {
  if (node.is_scalar() && node.plain && (node.text == "true" || node.text == "false")) {
    out = node.text == "true";
    return true;
  }
  if (node.is_scalar() && !node.plain && (node.text == "true" || node.text == "false")) {
    decoder.error(Code::quoted_boolean, node, {node.text});
    return false;
  }
  if (node.is_scalar() && node.plain) {
    static constexpr std::string_view yes[] = {"yes", "Yes", "YES", "y", "Y", "on", "On", "ON", "True", "TRUE", "1"};
    static constexpr std::string_view no[] = {"no", "No", "NO", "n", "N", "off", "Off", "OFF", "False", "FALSE", "0"};
    const bool is_yes = std::find(std::begin(yes), std::end(yes), node.text) != std::end(yes);
    const bool is_no = std::find(std::begin(no), std::end(no), node.text) != std::end(no);
    if (is_yes || is_no) {
      decoder.error(Code::boolean_spelling, node, {node.text, is_yes ? "true" : "false"});
      return false;
    }
  }
  return decoder.wrong_type(node, expected);
}
Node Codec<bool>::encode(const bool& value) { return Node::boolean(value); }
Node Codec<bool>::schema() { return substitutable(schema_of_type("boolean")); }
std::string Codec<bool>::type() { return "boolean"; }

// --- text ---------------------------------------------------------------------------------------
bool Codec<std::string>::decode(Decoder& decoder, const Node& node, std::string& out) {
  if (!node.is_scalar()) return decoder.wrong_type(node, "text");
  out = node.text;
  return true;
}
Node Codec<std::string>::encode(const std::string& value) {
  return value.empty() ? Node{} : Node::scalar(value);
}
Node Codec<std::string>::schema() {
  Node node = Node::map(), types = Node::list();
  for (const char* type : {"string", "number", "boolean"}) types.items.push_back(Node::scalar(type));
  node.set("type", std::move(types));
  return node;
}
std::string Codec<std::string>::type() { return "text"; }

// --- sizes, durations, modes --------------------------------------------------------------------
bool Codec<Size>::decode(Decoder& decoder, const Node& node, Size& out) {
  if (node.is_scalar() && parse_size(node.text, out.bytes)) {
    if (node.plain || !digits_only(node.text)) return true;
    decoder.error(Code::quoted_number, node, {node.text});
    return false;
  }
  return decoder.wrong_type(node, "a size (64M, 1.5G, or bytes)");
}
Node Codec<Size>::encode(const Size& value) { return Node::scalar(print_size(value.bytes), true); }
Node Codec<Size>::schema() {
  Node number = schema_of_type("integer");
  number.set("minimum", Node::number(0));
  return schema_any_of({std::move(number), schema_of_text("^[0-9]+(\\.[0-9]{1,9})?(B|[KMGT](i|iB)?)$"), schema_of_text("\\$\\{")});
}
std::string Codec<Size>::type() { return "size"; }

namespace {
Node schema_of_duration(const char* sign) {
  const std::string number = "[0-9]+(\\.[0-9]{1,9})?";
  Node plain = schema_of_type("number");
  if (!*sign) plain.set("minimum", Node::number(0));
  const std::string pattern = "^" + std::string(sign) + "(" + number + "h)?(" + number + "m)?(" + number + "s)?(" + number + "ms)?$";
  Node text = schema_of_text(pattern);
  text.set("minLength", Node::number(2));
  return schema_any_of({std::move(plain), std::move(text), schema_of_text("\\$\\{")});
}
bool decode_duration(Decoder& decoder, const Node& node, std::string_view text, int64_t& ns) {
  if (!node.is_scalar() || !parse_duration(text, ns))
    return decoder.wrong_type(node, "a duration (250ms, 30s, 1h30m, or seconds)");
  if (node.plain || text.find_first_not_of("0123456789.") != text.npos) return true;
  decoder.error(Code::quoted_number, node, {node.text});
  return false;
}
}  // namespace

bool Codec<Duration>::decode(Decoder& decoder, const Node& node, Duration& out) {
  return decode_duration(decoder, node, node.text, out.ns);
}
Node Codec<Duration>::encode(const Duration& value) { return Node::scalar(print_duration(value.ns)); }
Node Codec<Duration>::schema() { return schema_of_duration(""); }
std::string Codec<Duration>::type() { return "duration"; }

bool Codec<SignedDuration>::decode(Decoder& decoder, const Node& node, SignedDuration& out) {
  const bool minus = node.is_scalar() && node.text.starts_with('-');
  if (!decode_duration(decoder, node, std::string_view(node.text).substr(minus ? 1 : 0), out.ns)) return false;
  if (minus) out.ns = -out.ns;
  return true;
}
Node Codec<SignedDuration>::encode(const SignedDuration& value) { return Node::scalar(print_duration(value.ns)); }
Node Codec<SignedDuration>::schema() { return schema_of_duration("-?"); }
std::string Codec<SignedDuration>::type() { return "duration, may be negative"; }

bool Codec<Mode>::decode(Decoder& decoder, const Node& node, Mode& out) {
  std::string_view text = node.text;
  if (text.starts_with("0o")) text.remove_prefix(2);
  if (!node.is_scalar() || text.empty() || text.size() > 5 || text.find_first_not_of("01234567") != text.npos)
    return decoder.wrong_type(node, "a mode in octal digits (0755)");
  std::from_chars(text.data(), text.data() + text.size(), out.bits, 8);
  if (out.bits <= 07777) return true;
  decoder.error(Code::out_of_range, node, {node.text, "0", "7777"});
  return false;
}
Node Codec<Mode>::encode(const Mode& value) { return Node::scalar(print_mode(value.bits)); }
Node Codec<Mode>::schema() {
  Node number = schema_of_type("integer");
  number.set("minimum", Node::number(0));
  number.set("maximum", Node::number(7777));
  return schema_any_of({std::move(number), schema_of_text("^(0o)?0?[0-7]{1,4}$"), schema_of_text("\\$\\{")});
}
std::string Codec<Mode>::type() { return "mode"; }

// --- paths ---------------------------------------------------------------------------------------
bool Codec<HostPath>::decode(Decoder& decoder, const Node& node, HostPath& out) {
  if (!node.is_scalar()) return decoder.wrong_type(node, "a host path");
  const std::string& folder = decoder.findings.files[node.mark.file].folder;
  if (!resolve_host_path(node.text, folder, decoder.home, out.path)) {
    decoder.error(node.text.empty() ? Code::empty_path : Code::tilde_path, node, {node.text});
    return false;
  }
  if (out.path.size() < 4096) return true;
  decoder.error(Code::path_too_long, node);
  return false;
}
Node Codec<HostPath>::encode(const HostPath& value) { return value.path.empty() ? Node{} : Node::scalar(value.path); }
Node Codec<HostPath>::schema() { return schema_of_text("^(?!~[^/])[\\s\\S]+$"); }
std::string Codec<HostPath>::type() { return "host path"; }

bool Codec<BoxPath>::decode(Decoder& decoder, const Node& node, BoxPath& out) {
  if (!node.is_scalar()) return decoder.wrong_type(node, "an absolute path in the sandbox");
  if (!node.text.starts_with('/')) {
    std::vector<std::string> args{node.text};
    if (node.text[0] != '~' && node.text[0] != '.' && node.text[0] != '$') args.push_back("/" + node.text);
    else if (node.text.starts_with("./")) args.push_back(node.text.substr(1));
    decoder.error(node.text.empty() ? Code::empty_path : Code::relative_target, node, std::move(args));
    return false;
  }
  if (node.text.size() > 4095) {
    decoder.error(Code::path_too_long, node);
    return false;
  }
  if (has_parent_part(node.text)) {
    decoder.error(Code::dotdot_target, node, {node.text});
    return false;
  }
  out.path = normal_path(node.text);
  return true;
}
Node Codec<BoxPath>::encode(const BoxPath& value) { return value.path.empty() ? Node{} : Node::scalar(value.path); }
Node Codec<BoxPath>::schema() { return schema_any_of({schema_of_text("^/(?!([^/]*/)*\\.\\.(/|$))"), schema_of_text("\\$\\{")}); }
std::string Codec<BoxPath>::type() { return "sandbox path"; }

// --- signals -------------------------------------------------------------------------------------
bool Codec<Signal>::decode(Decoder& decoder, const Node& node, Signal& out) {
  if (!node.is_scalar()) return decoder.wrong_type(node, "a signal (TERM, SIGTERM, 15)");
  std::string_view text = node.text;
  if (digits_only(text)) {
    int64_t number = 0;
    if (!decode_integer(decoder, node, 1, 64, number)) return false;
    out.number = static_cast<int>(number);
    return true;
  }
  if (text.starts_with("SIG")) text.remove_prefix(3);
  std::vector<std::string_view> names;
  for (const NamedSignal& each : signals) {
    if (each.name == text) {
      out.number = each.number;
      return true;
    }
    names.push_back(each.name);
  }
  int64_t offset = 0;
  if (text == "RTMIN" || (text.starts_with("RTMIN+") && parse_integer(text.substr(6), offset) && SIGRTMIN + offset <= 64)) {
    out.number = SIGRTMIN + static_cast<int>(offset);
    return true;
  }
  std::vector<std::string> args{node.text};
  if (const std::string_view near = nearest(text, names); !near.empty()) args.emplace_back(near);
  decoder.error(Code::unknown_signal, node, std::move(args));
  return false;
}
Node Codec<Signal>::encode(const Signal& value) { return Node::scalar(signal_name(value.number)); }
Node Codec<Signal>::schema() {
  Node number = schema_of_type("integer");
  number.set("minimum", Node::number(1));
  number.set("maximum", Node::number(64));
  return schema_any_of({std::move(number), schema_of_text(signal_pattern()), schema_of_text("\\$\\{")});
}
std::string Codec<Signal>::type() { return "signal"; }

// --- one word of a list --------------------------------------------------------------------------
bool decode_choice(Decoder& decoder, const Node& node, const std::vector<std::string_view>& names, size_t& index) {
  std::string all;
  for (const std::string_view name : names) all += (all.empty() ? "" : ", ") + std::string(name);
  if (!node.is_scalar()) return decoder.wrong_type(node, "one of " + all);
  for (index = 0; index < names.size(); index++)
    if (names[index] == node.text) return true;
  std::vector<std::string> args{node.text, all};
  if (const std::string_view near = nearest(node.text, names); !near.empty()) args.emplace_back(near);
  decoder.error(Code::unknown_word, node, std::move(args));
  return false;
}
Node schema_of_choice(const std::vector<std::string_view>& names) {
  Node node = Node::map(), list = Node::list();
  for (const std::string_view name : names) list.items.push_back(Node::scalar(std::string(name)));
  node.set("enum", std::move(list));
  return substitutable(std::move(node));
}

}  // namespace nsbox
