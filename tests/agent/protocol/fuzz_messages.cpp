// libFuzzer: any octets as the body of every answer, as a Retry-After and a Location, and as the binary
// formats.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/agent/protocol/parsers.hpp"
#include "tests/agent/protocol/recording.hpp"

namespace {

using namespace pushsim;
using namespace pushsim::protocol;

void read_as_everything(HttpResponse answer) {
    const auto read = [&](const testing::Parser& parser, int status) {
        answer.status = status;
        const auto result = parser.parse(answer);
        if (!result && result.error().message.empty()) std::abort();
    };
    for (const testing::Parser& parser : testing::all_parsers())
        read(parser, parser.status);
    read(testing::parser_named("proof"), 401);
    read(testing::parser_named("done"), 500);
    if (parse_refusal(answer, WallTime{}).text().empty()) std::abort();
}

/// A recorded body with some of its octets replaced: data = which, where (2), how many, by what.
void read_spliced(ByteView data) {
    static const auto recordings = testing::all_recordings();
    if (data.size() < 4) return;
    HttpResponse answer = recordings[data[0] % recordings.size()].response;
    const std::size_t at = (static_cast<std::size_t>(data[1]) << 8 | data[2]) % (answer.body.size() + 1);
    const auto text = data.subspan(4);
    answer.body.replace(at, data[3], std::string(text.begin(), text.end()));
    read_as_everything(std::move(answer));
}

void read_as_binary(ByteView data) {
    if (const auto parts = split_credential_blob(data)) {
        if (join_credential_blob(*parts) != Bytes(data.begin(), data.end())) std::abort();
    }
    if (const auto blob = read_pcr_blob(data)) {
        if (write_pcr_blob(blob->bank, blob->pcrs).size() != data.size()) std::abort();
    }
    if (const auto area = read_public_area(data)) {
        if (area->bare.size() + 2 != data.size() || area->name.empty()) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    HttpResponse answer = testing::json_answer(0, text);
    answer.headers.emplace_back("Retry-After", text.substr(0, 64));
    answer.headers.emplace_back("Location", text.substr(0, 256));
    read_as_everything(std::move(answer));
    read_spliced({data, size});
    read_as_binary({data, size});
    return 0;
}
