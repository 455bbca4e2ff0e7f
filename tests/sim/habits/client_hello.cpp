#include "tests/sim/habits/client_hello.hpp"

#include <stdexcept>

namespace pushsim::habits {
namespace {

/// Big-endian numbers and what is as long as the number before it says.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    bool at_end() const { return text_.empty(); }
    int number(std::size_t octets) {
        int value = 0;
        for (const char c : take(octets))
            value = value << 8 | static_cast<unsigned char>(c);
        return value;
    }
    std::string_view vector(std::size_t octets_of_length) {
        return take(static_cast<std::size_t>(number(octets_of_length)));
    }
    std::string_view take(std::size_t octets) {
        if (octets > text_.size()) throw std::out_of_range("ClientHello");
        const auto taken = text_.substr(0, octets);
        text_.remove_prefix(octets);
        return taken;
    }

  private:
    std::string_view text_;
};

std::vector<int> numbers(std::string_view text) {
    std::vector<int> all;
    for (Reader reader(text); !reader.at_end();)
        all.push_back(reader.number(2));
    return all;
}

void read_extension(int type, std::string_view text, ClientHello& hello) {
    Reader reader(text);
    switch (type) {
        case 0:
            hello.has_server_name = true;
            break;
        case 10:
            hello.groups = numbers(reader.vector(2));
            break;
        case 16:
            for (Reader names(reader.vector(2)); !names.at_end();)
                hello.alpn.emplace_back(names.vector(1));
            break;
        case 35:
            hello.ticket_size = static_cast<int>(text.size());
            break;
        case 41:
            hello.has_psk = true;
            break;
        case 43:
            hello.versions = numbers(reader.vector(1));
            break;
        default:
            break;
    }
}

}  // namespace

ClientHello parse_client_hello(std::string_view body) {
    ClientHello hello;
    Reader reader(body);
    constexpr std::size_t kVersionAndRandom = 34;
    reader.take(kVersionAndRandom);
    reader.vector(1);  // session id
    hello.ciphers = numbers(reader.vector(2));
    reader.vector(1);  // compression methods
    for (Reader extensions(reader.vector(2)); !extensions.at_end();) {
        const int type = extensions.number(2);
        read_extension(type, extensions.vector(2), hello);
    }
    return hello;
}

}  // namespace pushsim::habits
