#include "reports/html.hpp"

#include <array>
#include <map>

#include <fmt/format.h>

#include "agent/base/bytes.hpp"
#include "reports/html_data.hpp"
#include "reports/html_page.hpp"

namespace pushsim::reports {
namespace {

/// As it may stand in a script element: no tag, no comment begins in it, and older readers of JSON as
/// JavaScript see no line end (HTML, 4.12.1.3). In JSON these stand in strings alone.
std::string in_script(std::string_view json) {
    std::string result;
    result.reserve(json.size());
    for (std::size_t at = 0; at < json.size(); ++at) {
        if (json[at] == '<') {
            result += "\\u003c";
        } else if (json.substr(at, 3) == "\xE2\x80\xA8" || json.substr(at, 3) == "\xE2\x80\xA9") {
            result += json[at + 2] == '\xA8' ? "\\u2028" : "\\u2029";
            at += 2;
        } else {
            result += json[at];
        }
    }
    return result;
}

std::string data_element(std::string_view id, std::string_view json) {
    return fmt::format("<script type=\"application/json\" id=\"{}\">{}</script>\n", id, in_script(json));
}

/// Content Security Policy Level 3, 2.3.1: 'sha256-…'.
std::string source_of(const page::Embedded& file) {
    return fmt::format("'sha256-{}'", to_base64(from_hex(file.sha256).value()));
}

/// In the order in which they use each other.
constexpr std::array scripts{&page::tools_js, &page::timeline_js, &page::cases_js, &page::filters_js,
                             &page::page_js};

/// What the browser may do: run these scripts, use this style, and nothing else.
std::string policy() {
    std::string sources;
    for (const page::Embedded* script : scripts)
        sources += " " + source_of(*script);
    return fmt::format("default-src 'none'; script-src{}; style-src {}; base-uri 'none'; form-action 'none'",
                       sources, source_of(page::page_css));
}

std::string script_elements() {
    std::string elements;
    for (const page::Embedded* script : scripts)
        elements += fmt::format("<script>{}</script>\n", script->text);
    return elements;
}

/// The template with each {{place}} filled; what is put in is not looked at again.
std::string filled(std::string_view page, const std::map<std::string_view, std::string>& places) {
    std::string result;
    for (std::size_t open; (open = page.find("{{")) != std::string_view::npos;) {
        const std::size_t close = page.find("}}", open);
        result += page.substr(0, open);
        result += places.at(page.substr(open + 2, close - open - 2));
        page.remove_prefix(close + 2);
    }
    return result += page;
}

}  // namespace

std::string html(const history::History& history, const RunReport& run,
                 const ConformanceReport* conformance) {
    const HtmlData data = html_data(history, run, conformance);
    std::string cases;
    for (std::size_t i = 0; i < data.cases.size(); ++i)
        cases += data_element(fmt::format("case-{}", i), data.cases[i]);
    return filled(page::page_html.text, {{"policy", policy()},
                                         {"style", std::string{page::page_css.text}},
                                         {"report", data_element("report", data.report)},
                                         {"scripts", script_elements()},
                                         {"cases", std::move(cases)}});
}

}  // namespace pushsim::reports
