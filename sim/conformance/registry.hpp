#pragma once
// The sentences of specified behaviour, and the choices of them that have a name.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sim/conformance/loaded.hpp"
#include "sim/history/areas.hpp"
#include "sim/history/conformance.hpp"

namespace pushsim::conformance {

using history::about_area;
using history::Area;
using history::areas;
using history::Requirement;

/// A choice of requirements: those of one of the areas, tags, levels or ids; all where it names none.
struct Profile {
    std::string name;
    std::string about;
    std::vector<std::string> areas = {};
    std::vector<std::string> tags = {};
    std::vector<std::string> levels = {};
    std::vector<std::string> ids = {};

    bool takes(const Requirement& requirement) const;
};

/// requirements.yaml: ids are unique, of a known area and in order; each says what decides it or what it
/// waits for.
Loaded<std::vector<Requirement>> load_requirements(const std::filesystem::path& file);
Loaded<std::vector<Requirement>> read_requirements(std::string_view text, const std::string& file);

/// profiles.yaml
Loaded<std::vector<Profile>> load_profiles(const std::filesystem::path& file);
Loaded<std::vector<Profile>> read_profiles(std::string_view text, const std::string& file);

/// Null where there is none.
const Requirement* find(const std::vector<Requirement>& requirements, std::string_view id);

}  // namespace pushsim::conformance
