// SPDX-License-Identifier: MIT
// The calls' names and numbers: libseccomp's tables, and the calls that are younger than it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nsbox::filter {

enum class AbiName : uint8_t { native, other, x32 };  // other: i386 on x86_64, arm on aarch64

/// Nothing when the ABI has no call of that name.
std::optional<uint32_t> number_of(std::string_view call, AbiName abi = AbiName::native);

/// Of the native ABI; "" when there is none.
std::string name_of(uint32_t number);

/// Every name that one of the machine's ABIs has.
const std::vector<std::string>& call_names();
bool is_call(std::string_view name);
/// Also one that only other machines have.
bool is_call_anywhere(std::string_view name);

/// Greater than every number that has a name.
inline constexpr uint32_t numbers_end = 600;

}  // namespace nsbox::filter
