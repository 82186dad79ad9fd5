// SPDX-License-Identifier: MIT
// The cgroups of processes (cgroups(7)), in both versions.
#pragma once
#include <string>

namespace nsbox {

/// Moves this process into the cgroups of another, in every hierarchy where they differ. "", or the
/// first that refuses, with the words and errno for it.
std::string join_cgroups_of(int pid);

}  // namespace nsbox
