# SPDX-License-Identifier: MIT
"""The guards of nsbox, each with its opposite: (name, rule, test, edits). An edit is a file, a text that
stands in it once, and what it becomes; the test is a program below tests/box and the beginning of a
test's name. tests/mutate applies them.

What is not here: a guard that the kernel or a second guard doubles, so that no test can tell. Among these:
RESOLVE_NO_MAGICLINKS beside RESOLVE_IN_ROOT (the kernel implies it), `/` and `..` in the name of a
setting (every dot becomes a slash, so none can climb), the read-backs of what a call has
just set, the check that the other side of a new terminal is a terminal, getcwd after fchdir."""

STEPS, SPEC = "src/run/", "src/spec/"
MUTATIONS = [
    # --- R1: places and sources
    ("targets-leave-the-root", "R1", "rules_mounts r01_a_folder", [(STEPS + "file_steps.cpp", "inside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;", "inside = 0;")]),
    ("targets-by-plain-path", "R1", "rules_mounts r01_a_folder", [(SPEC + "layout.cpp", "  found.own = own;\n  if (found.kind != FileKind::missing", "  found.own = true;\n  if (found.kind != FileKind::missing")]),
    ("new-names-by-plain-path", "R1", "rules_mounts r01_a_layer", [(SPEC + "layout.cpp", "found.own = own && mounted->tree.kind == Tree::Kind::own;", "found.own = true;")]),
    ("sources-follow-links", "R1", "rules_mounts r01_sources", [(STEPS + "file_steps.cpp", "RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS", "0")]),
    ("sources-of-writable-folders-unknown", "R1", "rules_mounts r01_sources", [(SPEC + "make_plan.cpp", 'if (real != "/") writable_.push_back(real);', "")]),
    ("sources-by-their-written-name", "R1", "rules_mounts r01_sources", [("src/host/facts.cpp", 'std::find(folders.begin(), folders.end(), done.empty() ? "/" : done) != folders.end()', "false")]),
    ("copied-files-follow-links", "R1", "rules_mounts r01_sources", [(SPEC + "mount_kinds.cpp", "builder.add(OpenFile{write.from, way.path, way.below});", "builder.add(OpenFile{write.from, builder.text(mount.content_from->path), nullptr});")]),
    ("output-follows-links", "R1", "rules_mounts r01_sources", [(SPEC + "process.cpp", "      step.path = way.path;\n      step.below = way.below;\n", "      step.path = builder.text(file.path.path);\n")]),
    ("layers-follow-links", "R1", "rules_mounts r01_sources", [(SPEC + "mount_plan.cpp", "OpenTree step{new_slot(), way.path, way.below, false, false,", "OpenTree step{new_slot(), text(source), nullptr, false, false,")]),
    ("upper-layers-follow-links", "R1", "rules_mounts r01_sources", [(SPEC + "mount_plan.cpp", "if (way.below && *real != join_path(way.path, way.below))", "if (false)")]),
    ("sources-of-any-identity", "R1", "rules_mounts r01_a_source", [(STEPS + "mount_steps.cpp", "if (planned.inode && (now.st_ino != planned.inode || now.st_dev != planned.device))", "if (false)")]),
    ("images-of-any-identity", "R1", "rules_mounts r01_a_source", [(STEPS + "prepare_steps.cpp", "if (info.st_ino != step.identity.inode || info.st_dev != step.identity.device)", "if (false)")]),
    ("made-on-host-through-links", "R1", "rules_mounts r01_a_folder", [(STEPS + "prepare_steps.cpp", "RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));", "0));")]),
    ("made-on-host-by-whole-path", "R1", "rules_mounts r01_a_folder", [(SPEC + "mount_plan.cpp", "add(MakeOnHost{text(tree->hosts[0]), text(rest), true});", 'add(MakeOnHost{text(tree->hosts[0] + "/" + std::string(parent_path(rest))), text(rest.substr(rest.rfind(\'/\') + 1)), true});'),
                                                                      (STEPS + "prepare_steps.cpp", "O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS));", "O_PATH | O_DIRECTORY, RESOLVE_NO_MAGICLINKS));")]),
    ("reports-through-links", "R1", "rules_mounts r01_a_report", [("src/cli/up.cpp", "O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644", "O_CLOEXEC | O_NOCTTY, 0644")]),
    # --- R2: devices
    ("null-by-its-name", "R2", "rules_mounts r02", [(STEPS + "mount_steps.cpp", "if (planned.rdev && (", "if (false && (")]),
    # --- R3: /proc and its settings
    ("proc-of-any-kind", "R3", "rules_process r03_a_false", [(STEPS + "prepare_steps.cpp", "return type.f_type == PROC_SUPER_MAGIC && info.st_ino == 1 ? done", "return true ? done")]),
    ("proc-with-mounts-on-it", "R3", "rules_process r03_a_false", [(STEPS + "state.hpp", "RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS", "RESOLVE_NO_MAGICLINKS")]),
    ("settings-of-the-whole-kernel", "R3", "rules_process r03_no_setting", [(SPEC + "security.cpp", "name.starts_with(rule.prefix) && name.size() > rule.prefix.size()", "true")]),
    ("settings-of-several-lines", "R3", "rules_process r03_no_setting", [(SPEC + "security.cpp", "if (value.empty() || value.find_first_of(", "if (false && value.find_first_of(")]),
    # --- R4: descriptors and folders
    ("descriptors-stay-open", "R4", "rules_process r04_no_descriptor", [(STEPS + "payload_steps.cpp", "if (sys::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0)", "if (false)")]),
    ("cwd-through-magic-links", "R4", "rules_process r04_no_descriptor", [(STEPS + "payload_steps.cpp", "inside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;", "inside = 0;")]),
    ("standard-files-stay-closed", "R4", "rules_process r04_standard", [("src/main.cpp", "if (!open_standard_files()) return 125;", "")]),
    ("init-keeps-descriptors", "R4", "rules_process r04_init", [(STEPS + "session_steps.cpp", "if (sys::close_range(channel + 1, ~0u, 0) < 0)", "if (false)")]),
    ("init-keeps-standard-files", "R4", "rules_process r04_init", [(STEPS + "session_steps.cpp", "if (channel > 0 && sys::close_range(0, channel - 1, 0) < 0)", "if (false)")]),
    # --- R5, R6: nsbox's own processes
    ("init-can-be-traced", "R5", "rules_process r04_init", [(STEPS + "session_steps.cpp", "if (prctl(PR_SET_DUMPABLE, 0) < 0) return", "if (false) return"), (STEPS + "identity_steps.cpp", "return prctl(PR_SET_DUMPABLE, 0) < 0 ?", "return false ?")]),
    ("launcher-can-be-traced", "R5", "rules_process r05", [(STEPS + "place_steps.cpp", "return prctl(PR_SET_DUMPABLE, 0) < 0 ?", "return false ?")]),
    ("init-keeps-its-rights", "R10", "rules_process r04_init", [(STEPS + "session_steps.cpp", "if (sys::capset(permitted & kill, permitted & kill, 0) < 0)", "if (false)")]),
    ("init-may-gain-rights", "R10", "rules_process r04_init", [(STEPS + "session_steps.cpp", "if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)", "if (false)")]),
    # --- R7: the caller's session and terminal
    ("session-of-the-caller", "R7", "rules_process r07", [(STEPS + "session_steps.cpp", 'return setsid() < 0 ? failed("setsid") : done;', "return done;")]),
    ("terminal-filter-missing", "R7", "rules_process r07", [(SPEC + "security.cpp", "  builder.add(RefuseTerminalInput{}, Stage::seal);\n", "")]),
    ("terminal-filter-upper-half", "R7", "rules_process r07", [("src/sys/terminal_filter.hpp", "offsetof(struct seccomp_data, args[1])", "offsetof(struct seccomp_data, args[1]) + 4")]),
    ("terminal-filter-without-console", "R7", "rules_process r07", [("src/sys/terminal_filter.hpp", "NSBOX_JUMP(BPF_JEQ, TIOCLINUX, 1, 0)", "NSBOX_JUMP(BPF_JEQ, TIOCLINUX + 1, 1, 0)")]),
    # --- R8, R10, R11: rights
    ("nested-user-namespaces", "R8", "rules_process r08", [(SPEC + "security.cpp", "if (builder.new_user_namespace() && !builder.spec.security.allow_nested_userns)", "if (false)")]),
    ("capabilities-stay", "R10", "rules_process r10_what", [(SPEC + "security.cpp", "if (security.no_new_privs) builder.add(SetCapabilities{mask}, Stage::credentials);", "")]),
    ("capabilities-not-ambient", "R10", "rules_process r10_cap", [(STEPS + "payload_steps.cpp", "if (!(step.mask >> capability & 1)) continue;", "continue;")]),
    ("bounding-set-stays", "R10", "rules_process r10_cap", [(SPEC + "security.cpp", "builder.add(DropBounding{mask}, Stage::credentials);", "")]),
    ("securebits-open", "R10", "rules_process r10_cap", [(SPEC + "security.cpp", "if (mask == 0 && has_rights) builder.add(LockSecurebits{}, Stage::credentials);", "")]),
    ("securebits-not-locked", "R10", "rules_process r10_cap", [(STEPS + "payload_steps.cpp", "SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |", "SECBIT_NOROOT |")]),
    ("new-privileges", "R10", "rules_process r10_cap", [(SPEC + "security.cpp", "if (security.no_new_privs) builder.add(NoNewPrivileges{}, Stage::seal);", "")]),
    ("setuid-nsbox", "R11", "rules_process r11", [("src/main.cpp", "if (getauxval(AT_SECURE) || getuid() != geteuid() || getgid() != getegid())", "if (false)")]),
    # --- R14: what is printed
    ("text-with-c1", "R14", "rules_input r14_no_control", [("src/base/text.cpp", "(code >= 0x7f && code < 0xa0)", "code == 0x7f")]),
    ("text-with-bidi", "R14", "rules_input r14_no_control", [("src/base/text.cpp", "(code >= 0x2028 && code <= 0x202e)", "code == 0x2028")]),
    ("json-with-controls", "R14", "rules_input r14_no_control", [("src/cli/output.cpp", "{ return escape_json(json_of(node).dump(indent, ' ', false, Json::error_handler_t::replace)); }", "{ return json_of(node).dump(indent, ' ', false, Json::error_handler_t::replace); }")]),
    ("log-lines-injected", "R14", "rules_input r14_no_line", [("src/cli/log.cpp", "settings.json ? json_text(message) : escape(message)", 'settings.json ? "\\"" + message + "\\"" : message')]),
    ("step-keys-with-controls", "R14", "rules_input r14_no_control", [("src/cli/plan_text.cpp", 'row += " " + escape(key) + "="', 'row += " " + key + "="')]),
    ("arguments-with-controls", "R14", "rules_input r14_arguments", [("src/cli/program.cpp", 'fprintf(stderr, "nsbox: %s\\n", escape(message).c_str());', 'fprintf(stderr, "nsbox: %s\\n", message.c_str());')]),
    # --- R15: what is taken away
    ("clean-up-of-anything-there", "R15", "rules_mounts r15", [(STEPS + "prepare_steps.cpp", "|| now.st_ino != each->inode) continue;", ") continue;")]),
    ("clean-up-of-content", "R15", "rules_mounts r15", [(STEPS + "prepare_steps.cpp", "if (each->is_folder || now.st_size == 0) unlinkat", "unlinkat")]),
    # --- R16: the environment
    ("globs-match-loader-variables", "R16", "rules_process r16", [(STEPS + "launcher.cpp", "(!danger && glob_match(pattern, name))", "glob_match(pattern, name)")]),
    ("everything-inherits-loader-variables", "R16", "rules_process r16", [(STEPS + "launcher.cpp", "return environment.inherit_all && !danger;", "return environment.inherit_all;")]),
    # --- R17: nothing is left out
    ("masks-uncovered", "R17", "rules_mounts r17", [(SPEC + "mounts.cpp", 'if (before.is("mask") && !std::exchange(refused, true))', "if (false)")]),
    ("masks-left-out", "R17", "rules_mounts r01_a_folder", [(SPEC + "mount_plan.cpp", "add(Attach{slot, at, at.base != Slot::root, false}, Stage::mounts);", "add(Attach{slot, at, true, false}, Stage::mounts);")]),
    ("failed-steps-go-on", "R17", "rules_process r17_a_guard", [(STEPS + "child.cpp", "if (outcome.failed()) give_up(state, number, outcome);", "")]),
    ("failed-preparation-goes-on", "R17", "rules_process r17_a_guard", [(STEPS + "launcher.cpp", "if (!walk(session, plan.prepare, 1, result)) return result;", "walk(session, plan.prepare, 1, result);")]),
    # --- R18, R19: ids
    ("groups-may-be-dropped", "R18", "rules_process r18_a_group", [(SPEC + "id_maps.cpp", "if (group && !maps.setgroups) {", "if (false) {")]),
    ("groups-of-the-caller", "R18", "rules_process r18_groups", [(SPEC + "security.cpp", "builder.add(SetGroups{builder.plan.arena.list(groups), !group_names.empty()}, Stage::credentials);", "")]),
    ("numbers-looked-up", "R18", "rules_process r18_groups", [(SPEC + "process.cpp", 'const bool numeric = node.text.find_first_not_of("0123456789+-.") == std::string::npos;', "const bool numeric = false;"), (SPEC + "process.cpp", "|| (first >= '0' && first <= '9') || first == '-')", ")")]),
    ("integers-in-quotes", "R19", "rules_input r19", [("src/fields/scalars.cpp", "if (fits && !node.plain) {", "if (false) {")]),
    ("integers-with-leading-zeros", "R19", "rules_input r19", [("src/fields/scalars.cpp", "if (leading_zero(text) || !parse_unsigned(text, value)) return false;", "if (!parse_unsigned(text, value)) return false;")]),
    ("integers-out-of-range", "R19", "rules_input r19", [("src/fields/scalars.cpp", "if (beyond || out < low || out > high) {", "if (beyond) {")]),
    ("id-maps-beyond-the-last-id", "R19", "rules_input r19", [(SPEC + "id_maps.cpp", "if (last + entry.count > static_cast<int64_t>(id_space)) {", "if (false) {")]),
    # --- R20, R24, R25, R26: what the kernel shows and lends
    ("cgroups-of-the-host", "R20", "rules_mounts r20", [(SPEC + "make_plan.cpp", "builder.spec.namespaces.fresh_flags() & ~info(NsType::time).flag;", "builder.spec.namespaces.fresh_flags() & ~info(NsType::time).flag & ~info(NsType::cgroup).flag;")]),
    ("root-is-the-host-s-root", "R24", "rules_process r24", [(SPEC + "id_maps.cpp", "return caller.root ? Form::shift : Form::root;", "return Form::root;")]),
    ("proc-sys-writable", "R24", "rules_process r24", [(SPEC + "mount_kinds.cpp", 'proc_readonly[] = {"sys", "bus"', 'proc_readonly[] = {"bus"')]),
    ("proc-not-masked", "R24", "mounts proc_is_masked", [(SPEC + "mount_kinds.cpp", "if (here(name)) builder.cover({slot, name, true}, false, false);", "")]),
    ("sys-not-masked", "R24", "mounts kernel_file", [(SPEC + "mount_kinds.cpp", "== FileKind::folder) builder.cover({slot, name, true}, true);", "== FileKind::folder) continue;")]),
    ("keys-of-the-caller", "R25", "rules_process r25", [(SPEC + "process.cpp", "    builder.add(PayloadStep{NewKeyring{}}, Stage::session);\n", "")]),
    ("binds-restricted-at-the-top", "R26", "rules_mounts r26", [("src/sys/mount.hpp", "AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);", "AT_EMPTY_PATH;")]),
    ("binds-with-devices", "R26", "rules_mounts r26", [(SPEC + "mounts.cpp", 'if (nodev.value_or(!is("dev"))) set |= MOUNT_ATTR_NODEV;', "")]),
    ("binds-with-setuid", "R26", "rules_mounts r26", [(SPEC + "mounts.cpp", "if (nosuid.value_or(true)) set |= MOUNT_ATTR_NOSUID;", "")]),
    # --- the way out, and the way in
    ("old-root-stays", "way out", "rules_process r04_no_descriptor", [(STEPS + "mount_steps.cpp", "if (umount2(\".\", MNT_DETACH) < 0) return failed(\"umount2\");\n  if (chdir", "continue;\n  if (chdir"), (STEPS + "mount_steps.cpp", "return top.stx_mnt_id == root.stx_mnt_id ? done", "return true ? done")]),
    ("no-pivot", "way out", "rules_process r04_no_descriptor", [(STEPS + "mount_steps.cpp", 'if (sys::pivot_root(".", ".") < 0) return failed("pivot_root");', "return done;")]),
    ("mounts-reach-the-host", "way out", "mounts a_shared_host", [(STEPS + "mount_steps.cpp", 'return mount(nullptr, "/", nullptr, step.type, nullptr) < 0 ? failed("mount") : done;', "return done;")]),
    ("payload-outlives-nsbox", "lifetime", "terminal everything_dies", [(STEPS + "identity_steps.cpp", "if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)", "if (false)")]),
    ("init-outlives-nsbox", "lifetime", "terminal everything_dies", [(STEPS + "identity_steps.cpp", "if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)", "if (false)"), (STEPS + "init.cpp", "if (fds[0].revents && !obey(state, payload)) _exit(125);", "")]),
    ("signals-stay-blocked", "clean start", "basics odd_starts", [(STEPS + "payload_steps.cpp", "return syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, 8) < 0 ? failed(\"rt_sigprocmask\") : done;", "return done;")]),
    ("signals-stay-ignored", "clean start", "basics odd_starts", [(STEPS + "payload_steps.cpp", "if (syscall(SYS_rt_sigaction, signal, &standard, nullptr, 8) < 0)", "if (false)")]),
    ("umask-of-the-caller", "clean start", "basics odd_starts", [(STEPS + "payload_steps.cpp", "umask(static_cast<mode_t>(step.mask));", "")]),
    ("personality-of-the-caller", "clean start", "basics odd_starts", [(STEPS + "payload_steps.cpp", "if (personality(PER_LINUX) < 0)", "if (false)")]),
    ("timer-slack-of-the-caller", "clean start", "basics odd_starts", [(STEPS + "payload_steps.cpp", "if (prctl(PR_SET_TIMERSLACK, 50'000, 0, 0, 0) < 0)", "if (false)")]),
    ("core-files", "clean start", "basics odd_starts", [(SPEC + "process.cpp", "  if (!core) builder.add(SetLimit{RLIMIT_CORE, 0, 0}, Stage::limits);\n", "")]),
    ("shared-memory-without-bounds", "bounds", "mounts minimal_dev", [(SPEC + "mount_kinds.cpp", "constexpr uint64_t dev_size = 64 << 20;", "constexpr uint64_t dev_size = uint64_t{1} << 40;")]),
    ("namespaces-of-any-type", "way in", "basics joining", [(STEPS + "prepare_steps.cpp", "return type == step.type ? done", "return true ? done")]),
]
