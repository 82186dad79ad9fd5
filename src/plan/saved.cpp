// SPDX-License-Identifier: MIT
#include "plan/saved.hpp"

#include <sha2.h>
#include <sys/types.h>

#include <algorithm>
#include <cstring>

#include "base/members.hpp"

namespace nsbox {
namespace {

constexpr size_t head = 32;  // magic, length, check sum

// That members are counted right is seen by a look at some of them.
static_assert(member_count<SavedFor> == 6 && member_count<Entry<ChildStep>> == 3 && member_count<NewFs> == 6 && member_count<OpenTree> == 6 && member_count<NewOverlay> == 6 && member_count<Mark> == 3);

template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::span<const T>> = true;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;
template <class T>
inline constexpr bool is_choice = false;
template <class... T>
inline constexpr bool is_choice<std::variant<T...>> = true;

/// Against accidents, not against an enemy, who could write a plan of his own as well.
uint64_t check_sum(std::string_view bytes) {
  uint64_t sum = bytes.size() * 0x9e3779b97f4a7c15;
  for (; !bytes.empty(); bytes.remove_prefix(std::min<size_t>(8, bytes.size()))) {
    uint64_t word = 0;
    memcpy(&word, bytes.data(), std::min<size_t>(8, bytes.size()));
    sum = (sum ^ word) * 0xff51afd7ed558ccd;
    sum ^= sum >> 32;
  }
  return sum;
}

struct Writer {
  std::string out;

  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
  }
  void text(std::string_view text) {
    number(text.size() + 1);
    out += text;
    out += '\0';
  }
  template <class T>
  void put(const T& value) {
    if constexpr (std::is_same_v<T, Str>) {
      if (value) text(value);
      else number(0);
    } else if constexpr (std::is_same_v<T, std::string>) {
      text(value);
    } else if constexpr (std::is_enum_v<T>) {
      number(static_cast<uint64_t>(value));
    } else if constexpr (std::is_signed_v<T>) {
      const auto wide = static_cast<int64_t>(value);
      number(static_cast<uint64_t>(wide) << 1 ^ static_cast<uint64_t>(wide >> 63));
    } else if constexpr (std::is_integral_v<T>) {
      number(value);
    } else if constexpr (is_list<T>) {
      number(value.size());
      for (const auto& each : value) put(each);
    } else if constexpr (is_choice<T>) {
      number(value.index());
      with_step(value, [&](const auto& each) { put(each); });
    } else {
      for_each_member(value, [&](const auto& member) { put(member); });
    }
  }
};

/// What the types of the members alone do not say.
template <class T>
bool holds_together(const T& value) {
  const auto all = [](std::span<const Str> texts) { return std::find(texts.begin(), texts.end(), nullptr) == texts.end(); };
  if constexpr (std::is_same_v<T, Exec>) return !value.arguments.empty() && !value.arguments.back() && all(value.arguments.first(value.arguments.size() - 1));
  else if constexpr (std::is_same_v<T, LookUpUser>) return all(value.groups);
  else if constexpr (std::is_same_v<T, Environment>) return all(value.inherit);
  else if constexpr (std::is_same_v<T, WriteFile>) return value.content ? value.length == strlen(value.content) : value.from != Slot::none;
  else return true;
}

struct Reader {
  std::string_view rest;
  Arena& arena;
  uint32_t slots = 0, origins = 0;  // what may be referred to
  bool good = true;

  void bad() {
    good = false;
    rest = {};
  }
  uint64_t number() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest[0]);
      rest.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    bad();
    return 0;
  }
  Str text() {
    const uint64_t size = number();  // with the NUL; 0: no text at all
    if (size == 0) return nullptr;
    if (size > rest.size() || memchr(rest.data(), 0, size) != rest.data() + size - 1) return bad(), nullptr;
    const Str at = rest.data();
    rest.remove_prefix(size);
    return at;
  }
  template <class T>
  void one_of(T& value, uint64_t count) {
    const uint64_t index = number();
    if (index >= count) return bad();
    value = static_cast<T>(index);
  }
  template <class T>
  void get(T& value) {
    if constexpr (std::is_same_v<T, Str>) {
      const Str at = text();
      if (value && !at) return bad();
      value = at;
    } else if constexpr (std::is_same_v<T, std::string>) {
      const Str at = text();
      if (!at) return bad();
      value = at;
    } else if constexpr (std::is_same_v<T, Slot>) {
      one_of(value, slots);
    } else if constexpr (std::is_same_v<T, Stage>) {
      one_of(value, std::size(stages));
    } else if constexpr (std::is_same_v<T, Shared>) {
      one_of(value, shared_count);
    } else if constexpr (std::is_same_v<T, NsType>) {
      one_of(value, ns_count);
    } else if constexpr (std::is_same_v<T, TerminalKind>) {
      one_of(value, static_cast<size_t>(TerminalKind::fresh) + 1);
    } else if constexpr (std::is_same_v<T, bool>) {
      value = number() != 0;
    } else if constexpr (std::is_signed_v<T>) {
      const uint64_t bits = number();
      const auto wide = static_cast<int64_t>(bits >> 1 ^ (0 - (bits & 1)));
      value = static_cast<T>(wide);
      if (value != wide) bad();
    } else if constexpr (std::is_integral_v<T>) {
      const uint64_t wide = number();
      value = static_cast<T>(wide);
      if (value != wide) bad();
    } else if constexpr (is_list<T>) {
      using Item = std::remove_const_t<typename T::value_type>;
      const uint64_t count = number();
      if (count > rest.size()) return bad();  // no item takes less than a byte
      std::vector<Item> items(count);
      for (Item& each : items) get(each);
      if constexpr (std::is_same_v<T, std::vector<Item>>) value = std::move(items);
      else value = arena.list(items);
    } else if constexpr (is_choice<T>) {
      choose(value, number(), std::make_index_sequence<std::variant_size_v<T>>());
    } else {
      for_each_member(value, [&](auto& member) { get(member); });
      if (!holds_together(value)) bad();
    }
  }
  template <class T, size_t... I>
  void choose(T& value, uint64_t index, std::index_sequence<I...>) {
    if (!((index == I && (get(value.template emplace<I>()), true)) || ...)) bad();
  }
  template <class T>
  void steps(std::vector<Entry<T>>& entries) {
    get(entries);
    for (const Entry<T>& each : entries)
      if (each.origin >= origins) bad();
  }
};

}  // namespace

std::string seal_plan(std::string_view body) {
  std::string out(head, '\0');
  out += body;
  const uint64_t length = out.size(), sum = check_sum(body);
  memcpy(out.data(), saved_magic.data(), saved_magic.size());
  memcpy(out.data() + 16, &length, 8);
  memcpy(out.data() + 24, &sum, 8);
  return out;
}

std::string save_plan(const Plan& plan, const SavedFor& made_for) {
  Writer writer;
  writer.put(made_for);
  writer.put(plan.name);
  writer.put(plan.slots);
  writer.put(plan.sealed_self);
  writer.put(plan.origins);
  writer.put(plan.supervision);
  writer.put(plan.environment);
  writer.put(plan.prepare);
  writer.put(plan.join);
  writer.put(plan.clone);
  writer.put(plan.place);
  writer.put(plan.child);
  writer.put(plan.init);
  writer.put(plan.payload);
  return seal_plan(writer.out);
}

std::string plan_hash(std::string_view bytes) {
  char text[SHA256_DIGEST_STRING_LENGTH];
  return SHA256Data(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), text);
}

bool is_saved_plan(std::string_view bytes) { return bytes.starts_with(saved_magic); }

std::optional<Plan> read_plan(std::string_view bytes, std::string_view build, SavedFor& made_for) {
  uint64_t length = 0, sum = 0;
  if (bytes.size() < head || !is_saved_plan(bytes)) return std::nullopt;
  memcpy(&length, bytes.data() + 16, 8);
  memcpy(&sum, bytes.data() + 24, 8);
  if (length != bytes.size() || sum != check_sum(bytes.substr(head))) return std::nullopt;
  Plan plan;
  Reader reader{bytes.substr(head), plan.arena};
  reader.get(made_for.build);  // the first member: another build's structs are others from here on
  if (made_for.build != build) return std::nullopt;
  reader.rest = bytes.substr(head);
  reader.get(made_for);
  reader.get(plan.name);
  reader.get(plan.slots);
  reader.slots = plan.slots;
  reader.get(plan.sealed_self);
  reader.get(plan.origins);
  reader.origins = static_cast<uint32_t>(plan.origins.size());
  for (const Origin& each : plan.origins)
    if (each.mark.file >= std::max<size_t>(1, made_for.sources.size()) || !each.pointer) reader.bad();
  reader.get(plan.supervision);
  reader.get(plan.environment);
  reader.steps(plan.prepare);
  reader.steps(plan.join);
  reader.get(plan.clone);
  if (plan.clone.origin >= reader.origins) reader.bad();
  reader.steps(plan.place);
  reader.steps(plan.child);
  reader.steps(plan.init);
  reader.steps(plan.payload);
  if (!reader.good || !reader.rest.empty() || plan.slots < static_cast<uint16_t>(Slot::first) || plan.origins.empty()) return std::nullopt;
  for (const SavedSource& each : made_for.sources) plan.files.push_back(each.name);
  return plan;
}

}  // namespace nsbox
