// `request:`, and what it refers to.

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/scenario/reading.hpp"
#include "sim/scenario/references.hpp"

namespace pushsim::scenario {
namespace {

/// As JSON: what is not in quotes is a number, true, false or null where it looks like one.
nlohmann::ordered_json to_json(const Node& node) {
    using Json = nlohmann::ordered_json;
    switch (node.kind) {
        case Node::Kind::Null:
            return nullptr;
        case Node::Kind::List: {
            Json list = Json::array();
            for (const Node& item : node.items)
                list.push_back(to_json(item));
            return list;
        }
        case Node::Kind::Map: {
            Json map = Json::object();
            for (const auto& [key, value] : node.entries)
                map[key.text] = to_json(value);
            return map;
        }
        case Node::Kind::Scalar:
            break;
    }
    if (node.quoted) return node.text;
    if (node.text == "true") return true;
    if (node.text == "false") return false;
    const bool like_a_number = node.text.find_first_not_of("-+.0123456789eE") == std::string::npos;
    if (like_a_number && Json::accept(node.text)) return Json::parse(node.text);
    return node.text;
}

}  // namespace

std::string json_text(const Node& node) {
    return to_json(node).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::pair<std::string, std::string>> read_headers(Report& report, const Node& node,
                                                              std::string_view what) {
    std::vector<std::pair<std::string, std::string>> headers;
    for (const auto& [name, value] :
         read_entries(report, node, fmt::format("`{}`", what), "{ X-Request-ID: one }")) {
        if (!can_name_a_header(name->text))
            report.add(*name, fmt::format("`{}` cannot name a header", shown(name->text)));
        if (!value->is(Node::Kind::Scalar) || !is_one_line(value->text)) {
            report.expected(*value, name->text, "a text of one line");
        } else {
            headers.emplace_back(name->text, value->text);
        }
    }
    return headers;
}

bool can_name_a_header(std::string_view text) {
    return text.size() <= 64 && text.find_first_not_of(
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstu"
                                    "vwxyz0123456789-") == std::string::npos;
}

std::optional<RawRequest> read_request(Report& report, const MapReader& map,
                                       const std::vector<Group>& groups) {
    RawRequest request;
    request.to = map.word("to").value_or(request.to);
    request.by = map.text("by").value_or(request.by);
    if (map.get("by") != nullptr && request.by != "nobody" && request.by != "admin")
        read_agent_names(report, *map.get("by"), groups);
    const auto check = [&](std::string_view key, bool right, std::string_view expectation) {
        if (!right) report.expected(*map.get(key), key, expectation);
    };
    if (const auto method = map.text("method")) {
        request.method = *method;
        check("method",
              method->size() <= 16 &&
                  method->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos,
              "a method in capitals, like POST");
    }
    if (const auto path = map.text("path")) {
        request.path = *path;
        check("path", path->starts_with('/') && is_one_line(*path) && path->find(' ') == std::string::npos,
              "a path that begins with /, without spaces");
    }
    if (const Node* headers = map.get("headers")) {
        for (auto& [name, value] : read_headers(report, *headers, "headers"))
            request.headers[name] = std::move(value);
    }
    if (const Node* body = map.get("body")) request.body = json_text(*body);
    if (map.get("raw") != nullptr) {
        if (map.get("body") != nullptr) report.add(*map.key("raw"), "one of `body` and `raw`, not both");
        request.body = map.text("raw").value_or("");
    }
    request.times = map.integer("times").value_or(1);
    request.connections = map.integer("connections").value_or(1);
    if (map.get("connections") != nullptr && request.by != "nobody" && request.by != "admin")
        report.add(*map.key("connections"),
                   "`connections` goes with `by: nobody` and `by: admin`: an agent has its own");
    return request;
}

namespace {

class ReferenceCheck {
  public:
    ReferenceCheck(Report& report, const std::vector<Group>& groups) : report_(report) {
        for (const Group& group : groups)
            counts_[group.name] = group.count;
        groups_ = groups;
    }

    void walk(const std::vector<Step>& steps) {
        for (const Step& step : steps) {
            if (step.kind == StepKind::Request) check(step);
            walk(step.steps);
            if (step.as.empty()) continue;
            const bool is_request = step.kind == StepKind::Request;
            const int count = count_agents(groups_, is_request ? std::vector{step.request.by} : step.agents);
            counts_[step.as] = std::max(1, count);
        }
    }

  private:
    void check(const Step& step) {
        std::vector<std::string> texts{step.request.path, step.request.body};
        for (const auto& [name, value] : step.request.headers)
            texts.push_back(value);
        for (const std::string& text : texts) {
            for (const Reference& reference : references_of(text))
                check(step, reference);
        }
    }

    void check(const Step& step, const Reference& reference) {
        const std::string shown_text = fmt::format("reference `${{{}}}`", shown(reference.as_written));
        if (reference.name.empty()) {
            report_.add(step.position,
                        fmt::format("{}: expected a group or an earlier step, a point, and one of {}",
                                    shown_text, available_names(reference_properties())));
            return;
        }
        const auto known = counts_.find(reference.name);
        if (known == counts_.end()) {
            std::vector<std::string_view> names;
            for (const auto& [name, count] : counts_)
                names.push_back(name);
            report_.add(step.position,
                        fmt::format("{}: no group and no step before it is called `{}`{}", shown_text,
                                    reference.name, suggestion(reference.name, names, "known")));
        } else if (reference.number >= known->second) {
            report_.add(
                step.position,
                fmt::format("{}: `{}` has {}, counted from 0", shown_text, reference.name,
                            known->second == 1 ? "1 agent" : fmt::format("{} agents", known->second)));
        }
        const auto properties = reference_properties();
        if (std::ranges::find(properties, reference.property, &Name::name) == properties.end()) {
            report_.add(step.position,
                        fmt::format("{}: there is no `{}`{}", shown_text, shown(reference.property),
                                    suggestion(reference.property, properties)));
        }
    }

    Report& report_;
    std::vector<Group> groups_;
    std::map<std::string, int, std::less<>> counts_;
};

}  // namespace

void check_references(Report& report, const std::vector<Step>& script, const std::vector<Group>& groups) {
    ReferenceCheck(report, groups).walk(script);
}

}  // namespace pushsim::scenario
