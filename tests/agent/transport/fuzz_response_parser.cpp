// Any octets, in any portions: the parser ends within its bounds, and portions make no difference.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/transport/response_parser.hpp"

using pushsim::transport::ResponseParser;

namespace {

constexpr pushsim::transport::AnswerBounds kBounds{.header = 2048, .body = 1024};

void require(bool good) {
    if (!good) std::abort();
}

}  // namespace

/// The first octet gives the size of the portions, its highest bit a HEAD.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t portion = (data[0] & 0x7fU) + 1;
    const bool to_head = (data[0] & 0x80U) != 0;
    const std::string_view octets(reinterpret_cast<const char*>(data + 1), size - 1);

    ResponseParser whole(kBounds, to_head);
    whole.feed(octets);
    whole.end();
    ResponseParser split(kBounds, to_head);
    for (std::size_t at = 0; at < octets.size(); at += portion)
        split.feed(octets.substr(at, portion));
    split.end();

    require(whole.state() != ResponseParser::State::NeedMore);
    require(split.state() != ResponseParser::State::NeedMore);
    require(whole.received() == octets.size() && split.received() == octets.size());
    const bool same_bounds_met = whole.state() == split.state();
    if (!same_bounds_met) {
        // Only a bound on a line of chunks may be met in one and not the other: it holds per portion.
        const auto& failed = whole.state() == ResponseParser::State::Failed ? whole : split;
        require(failed.failure().kind == pushsim::transport::FailureKind::TooLarge);
        return 0;
    }
    if (whole.state() == ResponseParser::State::Failed) return 0;
    require(whole.keep_alive() == split.keep_alive());
    const auto one = whole.take();
    const auto other = split.take();
    require(one.status == other.status && one.headers == other.headers && one.body == other.body);
    require(one.body.size() <= kBounds.body);
    return 0;
}
