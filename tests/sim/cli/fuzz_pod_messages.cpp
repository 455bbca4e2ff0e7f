// libFuzzer: any octets as what a pod says to its run, and the run to it. It is refused, or read, and what
// was read is said and read again as it was.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sim/cli/pod_messages.hpp"

namespace {

using namespace pushsim;

constexpr std::array names{"clock", "go",  "answer", "stop", "history", "lines",
                           "taken", "ask", "come",   "at",   "failed",  "end"};

template <typename Parse>
void read(const std::string& line, const Parse& parse) {
    const auto message = parse(line);
    if (!message) {
        if (message.error().kind != ErrorKind::Parse || message.error().message.empty()) std::abort();
        return;
    }
    const std::string again = cli::to_line(*message);
    const auto once_more = parse(again);
    if (!once_more || cli::to_line(*once_more) != again) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string line(data, data + size);
    read(line, cli::parse_setup);
    read(line, cli::parse_run_message);
    read(line, cli::parse_shard_message);
    if (size == 0) return 0;
    // What comes behind a name is found much sooner so.
    const std::string named =
        "{\"" + std::string(names.at(data[0] % names.size())) + "\":" + line.substr(1) + "}";
    read(named, cli::parse_run_message);
    read(named, cli::parse_shard_message);
    return 0;
}
