// SPDX-License-Identifier: MIT
// The only user of spdlog.
#include "cli/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "base/text.hpp"
#include "cli/output.hpp"

namespace nsbox {
namespace {

struct Settings {
  LogLevel level = LogLevel::warn;
  bool json = false;
  std::string file;
} settings;

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> made = [] {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (settings.file.empty()) sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
    else sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(settings.file, false);
    auto out = std::make_shared<spdlog::logger>("nsbox", std::move(sink));
    out->set_level(static_cast<spdlog::level::level_enum>(settings.level));
    out->flush_on(spdlog::level::trace);
    out->set_pattern(settings.json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":%v})" : "%Y-%m-%d %H:%M:%S.%e nsbox %l: %v");
    return out;
  }();
  return *made;
}

}  // namespace

std::string set_log(const Arguments& arguments) {
  static constexpr const char* names[] = {"trace", "debug", "info", "warn", "error", "", "off"};
  const std::string level = arguments.value("log-level", "warn");
  for (int i = 0; i < 7; i++)
    if (level == names[i]) settings.level = static_cast<LogLevel>(i);
  settings.json = arguments.value("log-format") == "json";
  settings.file = arguments.value("log-file");
  if (settings.file.empty()) return "";
  try {
    logger();
  } catch (const spdlog::spdlog_ex& error) {
    return "--log-file: " + escape(error.what());
  }
  return "";
}

void stop_log() { settings.level = LogLevel::off; }

bool logs(LogLevel level) { return level >= settings.level; }

void log(LogLevel level, const std::string& message) {
  if (!logs(level)) return;
  logger().log(static_cast<spdlog::level::level_enum>(level), "{}", settings.json ? json_text(message) : escape(message));
}

}  // namespace nsbox
