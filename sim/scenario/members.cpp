#include <algorithm>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {

bool has_key(std::span<const Key> keys, std::string_view name) {
    return std::ranges::find(keys, name, &Key::name) != keys.end();
}

std::vector<Name> members_of(const Form& form) {
    switch (form.kind) {
        case Form::Kind::Word: {
            const auto words = form.words();
            return {words.begin(), words.end()};
        }
        case Form::Kind::Map: {
            const auto keys = form.keys();
            return {keys.begin(), keys.end()};
        }
        case Form::Kind::List:
        case Form::Kind::OneOrList:
        case Form::Kind::OpenMap:
            return members_of(*form.item);
        case Form::Kind::AnyOf: {
            std::vector<Name> all;
            for (const Form& one : form.any) {
                const std::vector<Name> members = members_of(one);
                all.insert(all.end(), members.begin(), members.end());
            }
            return all;
        }
        default:
            return {};
    }
}

}  // namespace pushsim::scenario
