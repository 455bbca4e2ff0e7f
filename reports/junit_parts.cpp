#include "reports/junit_parts.hpp"

#include <sstream>

#include <fmt/format.h>

#include "reports/text.hpp"

namespace pushsim::reports::xml {

std::string seconds(Duration duration) {
    return fmt::format("{:.3f}", std::chrono::duration<double>(duration).count());
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
    node.append_attribute(name).set_value(printable(value).c_str());
}

void add_property(pugi::xml_node properties, const char* name, const std::string& value) {
    if (value.empty()) return;
    pugi::xml_node property = properties.append_child("property");
    set(property, "name", name);
    set(property, "value", value);
}

pugi::xml_node add_text(pugi::xml_node parent, const char* name, const std::string& text) {
    pugi::xml_node node = parent.append_child(name);
    node.append_child(pugi::node_pcdata).set_value(printable(text, true).c_str());
    return node;
}

pugi::xml_node add_suites(pugi::xml_document& document) {
    pugi::xml_node declaration = document.append_child(pugi::node_declaration);
    declaration.append_attribute("version").set_value("1.0");
    declaration.append_attribute("encoding").set_value("UTF-8");
    return document.append_child("testsuites");
}

pugi::xml_node add_run_properties(pugi::xml_node suite, const RunReport& report) {
    pugi::xml_node properties = suite.append_child("properties");
    if (report.head) {
        set(suite, "timestamp", to_rfc3339(report.head->started).substr(0, 19));
        add_property(properties, "pushsim.version", report.head->pushsim_version);
        add_property(properties, "pushsim.seed", std::to_string(report.head->seed));
        add_property(properties, "pushsim.command", report.head->command);
        for (const auto& [name, value] : report.head->facts)
            add_property(properties, ("pushsim." + name).c_str(), value);
    }
    if (!report.stacks.empty()) {
        const history::StackFacts& stack = report.stacks.back();
        add_property(properties, "keylime.version", stack.keylime_version);
        add_property(properties, "keylime.where", stack.keylime_where);
        add_property(properties, "stack.kind", stack.kind);
    }
    return properties;
}

std::string text_of(const pugi::xml_document& document) {
    std::ostringstream out;
    document.save(out, "  ", pugi::format_default, pugi::encoding_utf8);
    return out.str();
}

}  // namespace pushsim::reports::xml
