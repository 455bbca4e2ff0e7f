#pragma once
// What JUnit reports of runs have in common. Text is made printable (XML 1.0 has no control characters).

#include <string>

#include <pugixml.hpp>

#include "reports/report.hpp"

namespace pushsim::reports::xml {

/// "7.200"
std::string seconds(Duration duration);

/// Sets an attribute.
void set(pugi::xml_node node, const char* name, const std::string& value);

/// A <property>; none where the value is empty.
void add_property(pugi::xml_node properties, const char* name, const std::string& value);

pugi::xml_node add_text(pugi::xml_node parent, const char* name, const std::string& text);

/// The declaration, and <testsuites>, which it gives.
pugi::xml_node add_suites(pugi::xml_document& document);

/// Timestamp of the suite, and <properties> with the versions of pushsim and Keylime, which it gives.
pugi::xml_node add_run_properties(pugi::xml_node suite, const RunReport& report);

std::string text_of(const pugi::xml_document& document);

}  // namespace pushsim::reports::xml
