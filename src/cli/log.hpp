// SPDX-License-Identifier: MIT
// The log, for those who want to watch: made at its first message, so that a launch without one
// pays nothing. Results and diagnostics are never logged, and no value of the environment is.
#pragma once
#include <string>

#include "cli/command.hpp"

namespace nsbox {

enum class LogLevel : int { trace, debug, info, warn, error, critical, off };

/// "" or what is wrong with --log-level, --log-format, --log-file.
std::string set_log(const Arguments& arguments);
void stop_log();  // no more messages from this process
bool logs(LogLevel level);
void log(LogLevel level, const std::string& message);

}  // namespace nsbox
