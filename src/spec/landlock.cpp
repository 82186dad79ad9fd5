// SPDX-License-Identifier: MIT
#include "spec/landlock.hpp"

#include "spec/builder.hpp"
#include "sys/landlock.hpp"

namespace nsbox {
namespace {

constexpr uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr uint64_t running = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;  // the kernel opens what it runs for reading
constexpr uint64_t writing = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                             LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                             LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

/// Rights by the ABI that brought them (landlock(7)). What is `needed` to refuse writing can't be
/// refused before; moving between folders is refused by ABI 1 in every case, and requests to a device
/// are more than was asked for.
struct Since {
  int abi;
  uint64_t right;
  const char* needed;
};
constexpr Since since[] = {{2, sys::landlock_refer, nullptr}, {3, sys::landlock_truncate, "to cut files short"}, {5, sys::landlock_ioctl_device, nullptr}};

uint64_t writing_of(int abi) {
  uint64_t rights = writing;
  for (const Since& each : since)
    if (abi >= each.abi) rights |= each.right;
  return rights;
}

}  // namespace

void check_landlock(const Check& check) {
  const auto& landlock = check.spec.security.landlock;
  if (landlock && !landlock->files() && !landlock->ports()) check.add(Code::landlock_nothing, check.spec.mark_of("/security/landlock"), "/security/landlock");
}

void plan_landlock_rules(PlanBuilder& builder) {
  const Landlock& landlock = *builder.spec.security.landlock;
  const PlanBuilder::From from(builder, "/security/landlock");
  const int abi = builder.facts.landlock_abi();
  const auto lacking = [&](std::string what) { builder.error(landlock.best_effort ? Code::landlock_left_open : Code::landlock_lacking, {std::move(what), std::to_string(abi)}); };
  if (abi == 0) return lacking("Landlock");
  if (landlock.files())
    for (const Since& each : since)
      if (each.needed && abi < each.abi) lacking(std::string("the right to refuse ") + each.needed);
  if (landlock.ports() && abi < 4) lacking("the right to refuse ports");

  NewRuleset ruleset{Slot::ruleset, 0, 0};
  if (landlock.files()) ruleset.files = reading | running | writing_of(abi);
  if (landlock.ports() && abi >= 4) ruleset.ports = sys::landlock_bind_tcp | sys::landlock_connect_tcp;
  if (!ruleset.files && !ruleset.ports) return;
  builder.add(ruleset, Stage::open);
  const auto paths = [&](std::string_view key, const std::optional<std::vector<BoxPath>>& list, uint64_t rights) {
    for (size_t i = 0; list && i < list->size(); i++) {
      const PlanBuilder::From item(builder, pointer_to(pointer_to("/security/landlock", key), i));
      builder.add(AllowPath{builder.text((*list)[i].path), rights}, Stage::open);
    }
  };
  paths("read", landlock.read, reading);
  paths("write", landlock.write, reading | writing_of(abi));
  paths("execute", landlock.execute, running);
  if (!ruleset.ports) return;
  const auto ports = [&](std::string_view key, const std::optional<std::vector<Int<0, 65535>>>& list, uint64_t right) {
    for (size_t i = 0; list && i < list->size(); i++) {
      const PlanBuilder::From item(builder, pointer_to(pointer_to("/security/landlock", key), i));
      builder.add(AllowPort{static_cast<uint16_t>((*list)[i].value), right}, Stage::open);
    }
  };
  ports("connect_tcp", landlock.connect_tcp, sys::landlock_connect_tcp);
  ports("bind_tcp", landlock.bind_tcp, sys::landlock_bind_tcp);
}

void plan_landlock(PlanBuilder& builder) {
  if (!builder.plan.payload_has<NewRuleset>()) return;
  const PlanBuilder::From from(builder, "/security/landlock");
  builder.add(PayloadStep{RestrictSelf{}}, Stage::seal);
}

}  // namespace nsbox
