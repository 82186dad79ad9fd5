// SPDX-License-Identifier: MIT
#include <cstdio>

#include "base/text.hpp"
#include "cli/explain.hpp"
#include "cli/load.hpp"
#include "cli/output.hpp"
#include "cli/plan_text.hpp"
#include "cli/saved_file.hpp"

namespace nsbox {
namespace {

/// The defaults that hang on the caller, written out.
void fill_defaults(Spec& spec, const Caller& caller) {
  if (spec.namespaces.fresh(NsType::user) && spec.id_maps.form == IdMaps::Form::automatic) spec.id_maps.form = spec.id_maps.effective(caller);
  if (!spec.root && spec.namespaces.fresh(NsType::mount)) {
    Root root;
    root.mount.emplace();
    root.mount->kind = find_mount_kind("tmpfs");
    root.mount->in_root = true;
    spec.root = std::move(root);
  }
  if (!spec.process.init && spec.namespaces.fresh(NsType::pid)) spec.process.init = true;
  if (!spec.process.cwd) spec.process.cwd = BoxPath{"/"};
}

int show_saved(const std::string& path, const OpenSource& file, const Command& command, const Arguments& arguments) {
  if (arguments.has("set") || arguments.has("origin")) return usage_error(command, "--set and --origin are for a specification, and '" + escape(path) + "' is a saved plan");
  SavedPlan saved;
  if (const std::string problem = map_saved_plan(file, true, saved); !problem.empty()) {
    fprintf(stderr, "nsbox: %s: the saved plan %s\n", escape(path).c_str(), problem.c_str());
    return 1;
  }
  if (arguments.value("format") == "json") printf("%s\n", to_json(plan_json(saved.plan, {}, false)).c_str());
  else fputs(plan_text(saved.plan, false).c_str(), stdout);
  return 0;
}

}  // namespace

Node effective_spec(Spec& spec, const Caller& caller) {
  fill_defaults(spec, caller);
  Node node = encode(spec);
  node.erase("extends");
  node.erase("vars");  // every value is substituted
  if (spec.process.cpu_affinity.empty()) node.find("process")->erase("cpu_affinity");  // not "no CPU"
  if (!spec.namespaces.fresh(NsType::mount)) node.erase("propagation");
  return node;
}

int run_show(const Arguments& arguments) {
  const Command& command = *find_command("show");
  OpenSource file;
  const bool open = open_source(operand_of(arguments), file);
  if (open && is_saved_plan(file.begin)) return show_saved(operand_of(arguments), file, command, arguments);
  Loaded loaded = load(arguments, command, &file);
  if (!loaded.spec) return loaded.status;
  Spec& spec = *loaded.spec;
  drop_allowed(loaded.findings, spec);
  print_findings(loaded.findings, Arguments{});
  Node node = effective_spec(spec, loaded.facts.caller);
  const auto origin = [&](std::string_view pointer) -> std::string {
    // The type of a mount is always written, if only by its form.
    const bool type = pointer.ends_with("/type") && (pointer.starts_with("/mounts/") || pointer.starts_with("/root/"));
    const Mark mark = spec.written_at(type ? pointer.substr(0, pointer.rfind('/')) : pointer);
    if (!mark.line) return "";
    return escape(loaded.findings.files[mark.file].name) + ":" + std::to_string(mark.line);
  };
  const bool with_origin = arguments.has("origin");
  if (arguments.value("format") == "json") {
    Node document = Node::map();
    document.set("format_version", Node::number(1));
    document.set("spec", std::move(node));
    if (with_origin) {
      Node origins = Node::map();
      spec.places.for_each([&](std::string_view pointer, Mark) {
        if (const std::string from = origin(pointer); !from.empty()) origins.set(pointer, Node::scalar(from));
      });
      document.set("origins", std::move(origins));
    }
    printf("%s\n", to_json(document).c_str());
    return 0;
  }
  const auto comment = [&](const std::string& pointer) -> std::string {
    const std::string from = origin(pointer);
    return from.empty() ? "default" : from;
  };
  fputs(to_yaml(node, with_origin ? std::function<std::string(const std::string&)>(comment) : nullptr).c_str(), stdout);
  if (spec.security.seccomp.kind == Seccomp::Kind::off) fputs("# no system call filter but the one against TIOCSTI and TIOCLINUX\n", stdout);
  return 0;
}

}  // namespace nsbox
