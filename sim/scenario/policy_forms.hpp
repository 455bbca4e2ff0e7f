#pragma once
// Forms that stand in more than one table.

#include "sim/scenario/language.hpp"

namespace pushsim::scenario::forms {

inline constexpr Form none{.kind = Form::Kind::Text, .pattern = "^none$", .example = "none"};
inline constexpr Form hex{.kind = Form::Kind::Text, .pattern = "^[0-9a-fA-F]+$", .example = "\"00…\""};
inline constexpr Form hex_list = list(&hex);
inline constexpr std::array<Form, 3> tpm_policy_forms{
    {none, map(tpm_policy_keys), {.kind = Form::Kind::ByPcr, .item = &hex_list}}};
inline constexpr Form tpm_policy{
    .kind = Form::Kind::AnyOf, .example = "{ from_boot: [0, 7] }", .any = tpm_policy_forms};
inline constexpr Form from_boot{.kind = Form::Kind::Text, .pattern = "^from_boot$", .example = "from_boot"};
inline constexpr std::array<Form, 3> runtime_policy_forms{{none, from_boot, map(runtime_policy_keys)}};
inline constexpr Form runtime_policy{
    .kind = Form::Kind::AnyOf, .example = "{ json: '{}' }", .any = runtime_policy_forms};

}  // namespace pushsim::scenario::forms
