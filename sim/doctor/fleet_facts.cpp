#include <cerrno>
#include <set>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/doctor/fleet.hpp"

namespace pushsim::doctor {
namespace {

Result<void> bind_to(const std::string& address) {
    const auto failed = [](int error) {
        return fail(ErrorKind::System, std::generic_category().message(error));
    };
    sockaddr_in from{};
    from.sin_family = AF_INET;
    if (::inet_pton(AF_INET, address.c_str(), &from.sin_addr) != 1) return failed(EINVAL);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed(errno);
    const int error = ::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0 ? 0 : errno;
    ::close(fd);
    return error == 0 ? Result<void>{} : failed(error);
}

}  // namespace

FleetFacts look_at_fleet(const std::vector<FleetDemand>& demands) {
    FleetFacts facts{file_limit(), local_ports(), free_memory(), task_room(), {}};
    std::set<std::string> addresses;
    for (const FleetDemand& demand : demands)
        addresses.insert(demand.own_addresses.begin(), demand.own_addresses.end());
    for (const std::string& address : addresses)
        facts.sources.emplace_back(address, bind_to(address));
    return facts;
}

}  // namespace pushsim::doctor
