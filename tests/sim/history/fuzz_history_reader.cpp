// A line of a history may be anything: it is read or refused, and what is read can be written again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/history/reader.hpp"
#include "sim/history/serialise.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pushsim::history;
    const std::string_view line{reinterpret_cast<const char*>(data), size};
    const auto entry = parse_entry(line);
    if (!entry || entry->event.kind() == 0) return 0;
    const std::string again = "{\"n\":1,\"t\":1," + line_tail(entry->where, entry->event);
    if (!parse_entry(again)) __builtin_trap();
    return 0;
}
