#pragma once
// Secrets that may come out nowhere.

#include <filesystem>
#include <string>
#include <vector>

namespace pushsim::stand_in {

/// A secret, and how it may be written.
struct Marker {
    std::string name;
    std::string octets;

    /// As it is, in hexadecimal, percent-encoded, and in base64 whatever stands before and behind it: without
    /// what depends on that.
    std::vector<std::string> forms() const;
    bool is_in(const std::string& text) const;
};

/// The lines of base64 in a PEM of that name.
std::vector<Marker> markers_of_pem(const std::string& name, const std::string& pem);

/// Pieces of a file that holds secrets, without those that have few different octets.
std::vector<Marker> markers_of_file(const std::string& name, const std::string& content);

/// "a token in report.html": each marker of those that stands in a file below the folder, which is one of
/// text.
std::string found_below(const std::filesystem::path& folder, const std::vector<Marker>& markers);

/// What is printed, by the command that prints it: the same.
using Said = std::vector<std::pair<std::string, std::string>>;
std::string found_in(const Said& said, const std::vector<Marker>& markers);

}  // namespace pushsim::stand_in
