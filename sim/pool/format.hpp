#pragma once
// The octets of a pool file. Internal to this folder; Pool reads it, PoolWriter writes it.
//
//     pushsim TPM pool 1\n    the format's number
//     entries                 one after the other: five fields, each a length (u32) and its octets
//     index                   for each entry its length (u32) and SHA-256
//     {"libtpms":…}\n         header
//     trailer                 size of the header and number of entries (8 hex digits each), SHA-256 of the
//                             first line, index and header (64 hex digits), separated by blanks, and \n
//
// Numbers are big-endian. The ends are at the end, so that a writer needs to append alone, and whatever it
// has when it is asked to stop is a pool.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/bytes.hpp"
#include "agent/base/result.hpp"
#include "sim/pool/pool.hpp"

namespace pushsim::pool {

inline constexpr std::string_view first_line = "pushsim TPM pool 1\n";
inline constexpr std::size_t trailer_size = 8 + 1 + 8 + 1 + 64 + 1;
inline constexpr std::size_t max_header_size = std::size_t{64} * 1024;
inline constexpr std::size_t max_entry_size = std::size_t{64} * 1024;
inline constexpr std::size_t index_line_size = 4 + 32;

/// ErrorKind::Parse: not that line, with what it is instead.
Result<void> check_first_line(std::string_view line);

Bytes entry_octets(const Entry& entry);
/// ErrorKind::Parse where it does not have that form, to the last octet.
Result<Entry> parse_entry(ByteView octets);

struct IndexLine {
    std::uint32_t size = 0;
    std::array<std::uint8_t, 32> hash{};
};
IndexLine index_line(ByteView entry);
void append(Bytes& index, const IndexLine& line);
/// Of exactly index_line_size octets.
IndexLine parse_index_line(ByteView octets);

std::string header_text(const About& about);
/// ErrorKind::Parse, naming what is wrong.
Result<About> parse_header(std::string_view text);

struct Trailer {
    std::size_t header_size = 0;
    std::size_t count = 0;
    std::string hash;  ///< hex
};
std::string trailer_text(const Trailer& trailer);
/// ErrorKind::Parse; sizes are within their bounds.
Result<Trailer> parse_trailer(std::string_view text);

/// The pool's hash, in hex.
std::string pool_hash(ByteView index, std::string_view header);

}  // namespace pushsim::pool
