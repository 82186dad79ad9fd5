// SPDX-License-Identifier: MIT
// nsbox from a sealed copy of its program, for a payload that could reach the file by /proc/1/exe
// (CVE-2019-5736): one that keeps CAP_SYS_PTRACE in the user namespace that nsbox itself runs in.
#pragma once
#include <string_view>

namespace nsbox {

/// Executes the copy with the same arguments, unless this process is one already; then returns "".
/// `input` is what was read from standard input, which the copy is to find there again. Otherwise
/// returns the call that failed, with errno.
const char* run_from_sealed_copy(const char* const* argv, const std::string_view* input);

}  // namespace nsbox
